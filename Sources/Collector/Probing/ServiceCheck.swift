import Ambient
import HTTP
import Model

/// What is looked at, and what is expected of it.
public enum ServiceCheck: Sendable {
    case http(HTTPCheck)
    /// That a connection can be made.
    case tcp(ServicePlace)
    /// That a handshake succeeds.
    case tls(ServicePlace, TLSCheck)
    case dns(DNSCheck)
    /// That a ping is answered.
    case icmp(host: String)
    case mongodb(ServicePlace, MongoCheck)
    case postgres(ServicePlace, PostgresCheck)
    case redis(ServicePlace, TLSCheck?)

    /// With what a connection is secured.
    public struct TLSCheck: Sendable, Hashable {
        public var files: TLSFiles
        /// Off only where an operator said so.
        public var verifies: Bool

        public init(files: TLSFiles = TLSFiles(), verifies: Bool = true) {
            self.files = files
            self.verifies = verifies
        }
    }

    public struct MongoCheck: Sendable, Hashable {
        public enum Role: String, Sendable, Hashable, CaseIterable {
            case primary, secondary
        }

        /// Nil: in plain.
        public var tls: TLSCheck?
        /// What it must be; nil: anything that serves.
        public var role: Role?

        public init(tls: TLSCheck? = nil, role: Role? = nil) {
            self.tls = tls
            self.role = role
        }
    }

    public struct PostgresCheck: Sendable, Hashable {
        /// Who is said to come. Nobody logs in.
        public var user: String
        public var database: String

        public init(user: String = "mozaiks_ops", database: String = "postgres") {
            self.user = user
            self.database = database
        }
    }

    public struct DNSCheck: Sendable, Hashable {
        public var name: String
        /// One of `DNSCheck.types`.
        public var type: String
        /// The server that is asked; nil: what programs of this machine would find.
        public var server: ServicePlace?

        public static let types = DNSMessage.RecordType.allCases.map(\.name)

        /// Nil where it is no name or no type.
        public init?(name: String, type: String = "A", server: ServicePlace? = nil) {
            guard let type = DNSMessage.RecordType(name: type), DNSMessage(id: 0, name: name, type: type) != nil else { return nil }
            self.name = name
            self.type = type.name
            self.server = server
        }
    }

    /// For people: what is looked at, without anything secret. `tcp://db.example:5432`
    public var place: String {
        switch self {
        case .http(let check): check.request.shownPlace
        case .tcp(let place): "tcp://\(place)"
        case .tls(let place, _): "tls://\(place)"
        case .dns(let check): "dns://\(check.server.map { "\($0)" } ?? "")/\(check.name)?type=\(check.type)"
        case .icmp(let host): "icmp://\(host)"
        case .mongodb(let place, _): "mongodb://\(place)"
        case .postgres(let place, _): "postgres://\(place)"
        case .redis(let place, _): "redis://\(place)"
        }
    }
}

/// A question by HTTP and what its answer must be.
public struct HTTPCheck: Sendable {
    /// A header whose value is secret, read whenever it is sent.
    public struct SecretHeader: Sendable {
        public let name: String
        /// `Bearer `, where the secret follows a word.
        public let prefix: String
        public let secret: @Sendable () throws -> Secret

        public init(_ name: String, prefix: String = "", secret: @escaping @Sendable () throws -> Secret) {
            self.name = name
            self.prefix = prefix
            self.secret = secret
        }
    }

    /// Method, URL, plain headers, body, files and whether it verifies.
    public var request: HTTPRequest
    public var secrets: [SecretHeader]
    /// Logs in; nil: nobody does.
    public var authenticator: Authenticator?
    /// Off: a redirect is an answer like any other.
    public var followsRedirects: Bool
    public var expected: HTTPExpectation

    public init(
        _ request: HTTPRequest, secrets: [SecretHeader] = [], followsRedirects: Bool = false,
        expected: HTTPExpectation = HTTPExpectation()
    ) {
        self.request = request
        self.secrets = secrets
        self.followsRedirects = followsRedirects
        self.expected = expected
    }
}
