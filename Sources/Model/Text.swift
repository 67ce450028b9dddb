/// Whoever has the nouns has the letters: names are compared, written and shown everywhere, and always by the same functions.
@_exported import Text
