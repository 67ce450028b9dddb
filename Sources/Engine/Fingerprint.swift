import Digest
import Model

/// The stable name of a cause: the same rule on the same subject has the same fingerprint for ever.
public enum Fingerprint {
    /// First 16 hexadecimal digits of SHA-256 over `v1\0rule\0subject kind\0runtime\0subject`.
    public static func of(rule: String, subject: Subject) -> String {
        var bytes = Array("v1".utf8)
        for part in [Array(rule.utf8), Array(subject.kind.rawValue.utf8), Array(subject.runtime.utf8), subject.idBytes] {
            bytes.append(0)
            bytes += part
        }
        return String(SHA256.hex(bytes).prefix(16))
    }
}
