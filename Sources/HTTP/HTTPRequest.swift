import Ambient
import Model

/// The methods that this program uses.
public enum HTTPMethod: String, Sendable, Hashable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"

    /// Whether sending it twice has the effect of sending it once (RFC 9110, 9.2.2).
    public var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete: true
        case .post, .patch: false
        }
    }
}

/// One header line. A sensitive value never appears in any printed form.
public struct HTTPField: Sendable {
    public let name: String
    let value: String
    /// What of the value nobody may see, without the word before it, and what it was made of.
    let secrets: [Secret]
    public var isSensitive: Bool { !secrets.isEmpty }

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
        secrets = []
    }

    public init(_ name: String, secret: Secret, prefix: String = "") {
        self.init(name, secret: secret, prefix: prefix, madeOf: [])
    }

    private init(_ name: String, secret: Secret, prefix: String, madeOf parts: [Secret]) {
        self.name = name
        value = prefix + secret.reveal()
        secrets = [secret] + parts
    }

    /// `Authorization: Basic …` (RFC 7617)
    public static func basic(user: String, password: Secret) -> HTTPField {
        // Whoever reads the header knows the password, and may say it.
        HTTPField("Authorization", secret: Secret(Base64.encode("\(user):\(password.reveal())".utf8)), prefix: "Basic ", madeOf: [password])
    }

    /// `Authorization: Bearer …`
    public static func bearer(_ token: Secret) -> HTTPField {
        HTTPField("Authorization", secret: token, prefix: "Bearer ")
    }
}

extension HTTPField: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "\(name): \(isSensitive ? "***" : value)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["field": description]) }
}

/// One question to a server, with the limits within which it must be answered.
public struct HTTPRequest: Sendable {
    public var method: HTTPMethod
    /// Absolute, `http` or `https`.
    public var url: String
    public var headers: [HTTPField]
    /// Sent as it is. Empty means no body.
    public var body: [UInt8]

    /// From `send` to the last byte of the answer, waiting for a free connection included. Milliseconds, above 0.
    public var timeoutMs: Int
    /// For name resolution, TCP and TLS together. Milliseconds, above 0; never longer than `timeoutMs`.
    public var connectTimeoutMs: Int
    /// The largest body accepted, in bytes; a longer one fails with `bodyTooLarge` as soon as that is known.
    public var bodyLimit: Int

    /// Off by default: a redirect is an answer, and a monitored endpoint that redirects should say so.
    public var followRedirects = false
    /// Connects to this address (`10.0.0.7`, `::1`) whatever the URL's host resolves to. Name checks and the
    /// `Host` header still go by the URL. For asking each replica behind one DNS name.
    public var pinnedAddress: String?
    /// Never through a proxy: for what answers this machine alone.
    public var goesDirectly = false
    /// Closes the connection after this answer instead of keeping it for the next one.
    public var forbidReuse = false
    /// The name is looked up and the connection made anew, and both are timed (`HTTPResponse.phases`); of a server that
    /// speaks TLS it is noted when its certificates expire.
    public var isMeasured = false
    /// Off only where an operator said so: then anybody may answer, and nothing secret may be in the request.
    public var verifiesPeer = true
    /// Whether sending twice is harmless. Follows the method unless set. What is not idempotent is sent on a
    /// fresh connection, so that a stale one never makes it necessary to send it again.
    public var isIdempotent: Bool?
    /// For URLs whose path is a credential (chat webhooks): messages then show scheme and host only.
    public var hidesPath = false
    /// Authorities and a certificate for this request; what is not said is the client's.
    public var tls = TLSFiles()
    /// What else of it nobody may see in an answer: secrets of its body. Those of headers and URL need not stand here.
    public var secrets: [Secret] = []
    /// What the request is for, in an operator's words ("health of shared"); part of every error message.
    public var label: String?

    public init(
        _ method: HTTPMethod = .get, _ url: String, headers: [HTTPField] = [], body: [UInt8] = [],
        timeoutMs: Int = 10_000, connectTimeoutMs: Int = 3_000, bodyLimit: Int = 1 << 20, label: String? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeoutMs = timeoutMs
        self.connectTimeoutMs = connectTimeoutMs
        self.bodyLimit = bodyLimit
        self.label = label
    }

    /// The host that it asks, IPv6 without brackets, and its port; nil where its URL is none.
    public var hostAndPort: (host: String, port: UInt16)? {
        guard let url = try? HTTPURL(url, hidesPath: true), let port = UInt16(exactly: url.port) else { return nil }
        let isBracketed = url.host.hasPrefix("[") && url.host.hasSuffix("]")
        return (isBracketed ? String(url.host.dropFirst().dropLast()) : url.host, port)
    }

    /// Where it goes, for people: without credentials and query values.
    public var shownPlace: String { HTTPURL.redact(url, hidesPath: hidesPath) }

    var mayBeRepeated: Bool { isIdempotent ?? method.isIdempotent }
}

extension HTTPRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Method and place, without credentials, query values and body.
    public var description: String { "\(method.rawValue) \(HTTPURL.redact(url, hidesPath: hidesPath))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["request": description, "headers": headers]) }
}
