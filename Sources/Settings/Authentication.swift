import Ambient
import HTTP
import Model
import YAML

/// What is sent to prove who asks: to a runtime, a control plane, a proxy in front of a service.
public enum Authentication: Sendable, Equatable {
    case none
    case bearer(SecretSource)
    case basic(user: String, password: SecretSource)
    case clientCredentials(ClientCredentials)
    /// The token of this machine's account at Google, for that audience.
    case googleIdentity(audience: String)

    /// OAuth2 client credentials. Exactly one of issuer and token URL is set.
    public struct ClientCredentials: Sendable, Equatable {
        public let issuer: String?
        public let tokenURL: String?
        public let clientID: String
        public let clientSecret: SecretSource
        public let audience: String?
        public let scope: String?
    }
}

/// A secret that settings name, and what it is for, in words for a message: `the token`.
public struct SecretUse: Sendable {
    public let source: SecretSource
    public let what: String

    public init(_ source: SecretSource, _ what: String) {
        self.source = source
        self.what = what
    }
}

extension Authentication {
    /// Where it comes from, without it.
    public var shown: String {
        switch self {
        case .none: "none"
        case .basic(let user, let password): "user \(user), password from \(password.location)"
        case .bearer(let source): "bearer token from \(source.location)"
        case .googleIdentity(let audience): "identity token of this machine's Google account, for \(audience)"
        case .clientCredentials(let client):
            "client \(client.clientID) at \(client.issuer ?? client.tokenURL ?? ""), secret from \(client.clientSecret.location)"
        }
    }

    /// Whom identity tokens for these URLs are asked for, sorted: one, where all are the same service.
    public static func audiences(of urls: [String]) -> [String] { Set(urls.compactMap(IdentityTokens.audience)).inByteOrder() }

    public var secrets: [SecretUse] {
        switch self {
        case .none, .googleIdentity: []
        case .bearer(let source): [SecretUse(source, "the bearer token")]
        case .basic(_, let password): [SecretUse(password, "the password")]
        case .clientCredentials(let client): [SecretUse(client.clientSecret, "the client secret")]
        }
    }

    /// How an authenticator goes about it. Secrets are read when they are needed.
    /// - Parameter owner: whose they are, for messages: `channel ops`.
    public func method(_ owner: String, in environment: Environment) -> Authenticator.Method {
        func secret(_ source: SecretSource, _ what: String) -> @Sendable () throws -> Secret {
            let secret = CachedSecret(source, what: "\(what) of \(owner)", in: environment)
            return { try secret.value() }
        }
        switch self {
        case .none: return .none
        case .basic(let user, let source): return .basic(user: user, secret(source, "the password"))
        case .bearer(let source): return .bearer(secret(source, "the bearer token"))
        case .googleIdentity(let audience): return .identity(IdentityTokens(audience: audience, environment: environment))
        case .clientCredentials(let client):
            return .clientCredentials(
                Authenticator.ClientCredentials(
                    endpoint: client.tokenURL.map { .token($0) } ?? .issuer(client.issuer ?? ""), clientID: client.clientID,
                    clientSecret: secret(client.clientSecret, "the client secret"), audience: client.audience, scope: client.scope))
        }
    }
}
