import Collector
import Digest
import Model

/// What somebody may do. Each may also do what those before it may.
public enum Role: String, CaseIterable, Sendable, Comparable {
    /// Reads.
    case viewer
    /// Acknowledges, silences, marks deploys, reverts what is in force, stops and resumes actions.
    case `operator`
    /// Says yes or no to actions that wait for a person.
    case approver

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .operator: 1
        case .approver: 2
        }
    }

    public static func < (a: Role, b: Role) -> Bool { a.rank < b.rank }
}

/// One token as it is kept: never itself, only its digest. It holds 256 random bits, so that a digest without salt or work
/// tells nothing.
public struct AccessToken: Hashable, Sendable {
    /// What every token begins with, so that one that lies somewhere it should not is found.
    public static let prefix = "mozops_"

    /// Stands in the audit as `token:NAME`. Also after it was revoked no other gets it.
    public let name: String
    public let role: Role
    public let digest: [UInt8]
    public let createdAt: Timestamp
    public let createdBy: String
    /// Nil: until it is revoked.
    public let expiresAt: Timestamp?
    public internal(set) var revokedAt: Timestamp?
    public internal(set) var revokedBy: String?

    public func isInForce(at now: Timestamp) -> Bool { revokedAt == nil && expiresAt.map { now < $0 } ?? true }

    /// Whether a text holds what could be a token, whatever the case of its letters: its beginning, and of what follows so much that
    /// the rest could be guessed.
    static func stands(in text: String) -> Bool {
        let text = text.lowercased()
        var start = text.startIndex
        while let found = text.firstIndex(ofBytes: prefix, from: start) {
            let rest = text[found...].utf8.dropFirst(prefix.utf8.count)
            let tail = rest.prefix { byte in
                (48...57).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            }
            if tail.count >= 32 { return true }
            start = text.index(after: found)
        }
        return false
    }

    /// A new token's text: shown once and kept nowhere.
    static func generate() -> String { prefix + random(bytes: 32) }

    /// Random bytes of the kernel's, as text that may stand in a cookie, a form or a header.
    static func random(bytes count: Int) -> String {
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        return String(
            String.UnicodeScalarView(
                Base64.encode(bytes).unicodeScalars.compactMap {
                    switch $0 {
                    case "+": "-"
                    case "/": "_"
                    case "=": nil
                    default: $0
                    }
                }))
    }

    /// The digest by which a token is known.
    static func digest(of text: some Collection<UInt8>) -> [UInt8] {
        SHA256.digest(Array("mozaiks-ops token\0".utf8) + text)
    }

    /// Whether a name is fit for the audit and for a line of a list: ASCII letters, digits, `.`, `_`, `-`; at most 40.
    public static func isName(_ text: String) -> Bool {
        (1...40).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains(byte)
            }
    }

    /// Schema `mozaiks.ops/token/v1`, without the digest.
    public func document(at now: Timestamp) -> JSON {
        [
            "schema": "mozaiks.ops/token/v1", "name": .string(name), "role": .string(role.rawValue),
            "in_force": .bool(isInForce(at: now)), "created_at": .moment(createdAt), "created_by": .string(createdBy),
            "expires_at": .moment(expiresAt), "revoked_at": .moment(revokedAt), "revoked_by": .optional(revokedBy),
        ]
    }
}

/// All tokens that were ever made.
public struct TokenBook: Sendable {
    static let schema = "mozaiks.ops/tokens/v1"
    /// As many as one file holds: whoever needs more has a proxy that knows people.
    static let most = 1_000

    public internal(set) var tokens: [AccessToken] = []

    public init() {}

    /// The token in force of that text. Every digest is compared to its end, so that the time tells nothing.
    func token(_ text: some Collection<UInt8>, at now: Timestamp) -> AccessToken? {
        let digest = AccessToken.digest(of: text)
        var found: AccessToken?
        for token in tokens where ConstantTime.equal(token.digest, digest) { found = token }
        return found.flatMap { $0.isInForce(at: now) ? $0 : nil }
    }

    func token(named name: String) -> AccessToken? { tokens.first { $0.name.isSame(as: name) } }

    public func hasAny(at now: Timestamp) -> Bool { tokens.contains { $0.isInForce(at: now) } }

    // MARK: As a document

    var document: JSON {
        [
            "schema": .string(TokenBook.schema),
            "tokens": .array(
                tokens.map { token in
                    [
                        "name": .string(token.name), "role": .string(token.role.rawValue),
                        "digest": .string(Hex.encode(token.digest)), "created_at": .moment(token.createdAt),
                        "created_by": .string(token.createdBy), "expires_at": .moment(token.expiresAt),
                        "revoked_at": .moment(token.revokedAt), "revoked_by": .optional(token.revokedBy),
                    ]
                }),
        ]
    }

    init(document: JSON) throws(DocumentError) {
        let reader = DocumentReader(document, document: "tokens")
        guard try reader.member("schema").string() == TokenBook.schema else {
            throw try reader.member("schema").error("is of another version")
        }
        tokens = try reader.member("tokens").map { token throws(DocumentError) in
            let name = try token.member("name").string()
            let digest = Hex.decode(try token.member("digest").string())
            guard AccessToken.isName(name) else { throw try token.member("name").error("is no name of a token") }
            guard let digest, digest.count == SHA256.byteCount else {
                throw try token.member("digest").error("is no digest")
            }
            return AccessToken(
                name: name, role: try token.member("role").choice(Role.self), digest: digest,
                createdAt: try token.member("created_at").timestamp(), createdBy: try token.member("created_by").string(),
                expiresAt: try token.optional("expires_at")?.timestamp(),
                revokedAt: try token.optional("revoked_at")?.timestamp(),
                revokedBy: try token.optional("revoked_by")?.string())
        }
    }
}
