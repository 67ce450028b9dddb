import Ambient
import Model
import YAML

extension TLSFiles {
    /// For `config show`.
    public func entries(_ place: String, _ origin: SettingOrigin) -> [SettingEntry] {
        let files = [("ca_file", caFile), ("client_certificate_file", certificateFile), ("client_key_file", keyFile)]
        return files.compactMap { key, path in path.map { .init(key: "\(place).\(key)", value: $0, origin: origin) } }
    }
}

/// Reads the files of TLS that may stand beside any URL.
public struct TLSReader {
    let reader: SettingReader
    private var reporter: Reporter { reader.reporter }

    public init(reader: SettingReader) {
        self.reader = reader
    }

    /// `ca_file`, `client_certificate_file`, `client_key_file`.
    public func read(_ fields: Fields) -> TLSFiles {
        let files = TLSFiles(
            caFile: reader.path(fields, TLSReader.caFile), certificateFile: reader.path(fields, TLSReader.certificateFile),
            keyFile: reader.path(fields, TLSReader.keyFile))
        if files.keyFile != nil, files.certificateFile == nil, let entry = fields.entry(TLSReader.keyFile) {
            reporter.report(
                "missing-key", "a key without a certificate", at: entry.key,
                hint: "name its certificate as 'client_certificate_file'")
        }
        return files
    }
}

extension TLSReader {
    public static let caFile = SettingKey(
        "ca_file", .path, fallback: "the system's store", "Certificates that are trusted instead of the system's")
    public static let certificateFile = SettingKey("client_certificate_file", .path, "Certificate that the monitor shows (mTLS)")
    public static let keyFile = SettingKey("client_key_file", .path, "Its key")
    /// Beside any URL.
    public static let keys = [caFile, certificateFile, keyFile]
}
