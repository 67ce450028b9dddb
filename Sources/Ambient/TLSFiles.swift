/// The files with which connections to one peer are made. They are read for each connection, so that a renewed certificate
/// is used without a restart.
public struct TLSFiles: Sendable, Hashable {
    /// A PEM file of accepted authorities; nil means those that are accepted elsewhere.
    public var caFile: String?
    /// A PEM file with the certificate that is shown when the peer asks for one, and its chain.
    public var certificateFile: String?
    /// Its key, where that is not in the same file.
    public var keyFile: String?

    public init(caFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil) {
        self.caFile = caFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }

    /// With those of `general` in the place of what is not said. A certificate goes with its own key.
    public func over(_ general: TLSFiles) -> TLSFiles {
        TLSFiles(
            caFile: caFile ?? general.caFile, certificateFile: certificateFile ?? general.certificateFile,
            keyFile: certificateFile == nil ? general.keyFile : keyFile)
    }
}
