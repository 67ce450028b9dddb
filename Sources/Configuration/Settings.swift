/// Whoever has the configuration has what it is made of: values with their origins, files, logins.
@_exported import Settings
