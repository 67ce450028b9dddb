import Ambient
import Digest
import Model

/// What tells a receiver that a body comes from who it says, unchanged: `t=SECONDS,v1=HEX`, where HEX is HMAC-SHA256, under a
/// shared secret, of `SECONDS`, a full stop, what the signature is for (nothing, or a word and a full stop) and the body's bytes.
public enum BodySignature {
    /// The header field that carries it.
    public static let field = "X-Mozaiks-Signature"

    /// - Parameter purpose: keeps a signature of one kind of body from passing for one of another kind, such as a question thrown
    ///   back as its own answer. Empty for messages.
    public static func value(of body: [UInt8], key: Secret, at moment: Timestamp, purpose: String = "") -> String {
        let seconds = String(moment.milliseconds / 1_000)
        return "t=\(seconds),v1=\(code(body, key, seconds, purpose))"
    }

    /// Whether the key's owner signed this body for that purpose. When, is not looked at: that is for whoever has a nonce or a
    /// clock to go by.
    public static func isValid(_ value: String, of body: [UInt8], key: Secret, purpose: String = "") -> Bool {
        var fields: [String: String] = [:]
        for part in value.split(separator: ",") {
            let name = part.prefix { $0 != "=" }
            guard name.utf8.count < part.utf8.count else { return false }
            let text = String(part.dropFirst(name.count + 1))
            guard fields.updateValue(text, forKey: String(name)) == nil else { return false }
        }
        guard let seconds = fields["t"], (1...15).contains(seconds.utf8.count),
            seconds.utf8.allSatisfy({ (48...57).contains($0) }), let given = fields["v1"]
        else { return false }
        return isSame(Array(given.utf8), Array(code(body, key, seconds, purpose).utf8))
    }

    private static func code(_ body: [UInt8], _ key: Secret, _ seconds: String, _ purpose: String) -> String {
        let prefix = purpose.isEmpty ? "\(seconds)." : "\(seconds).\(purpose)."
        return HMACSHA256.hex(key: Array(key.reveal().utf8), message: Array(prefix.utf8) + body)
    }

    /// Takes as long whatever differs, so that a forger learns nothing from the time.
    private static func isSame(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
