import Ambient
import JSONParsing
import Model

/// Supplies the bearer token of a runtime or control plane: none, a fixed one that is read anew each time, or OAuth2 client
/// credentials.
public actor Authenticator {
    public enum Method: Sendable {
        case none
        /// Read before each request, so that a rotated file is used at once.
        case bearer(@Sendable () throws -> Secret)
        /// RFC 7617. The password is read before each request.
        case basic(user: String, @Sendable () throws -> Secret)
        case clientCredentials(ClientCredentials)
        /// Of the machine's own account at Google.
        case identity(IdentityTokens)
    }

    /// What a request is sent with.
    public struct Credential: Sendable {
        /// The token or the password.
        public let secret: Secret
        /// Nil: a bearer token.
        let user: String?

        /// The header line.
        public var field: HTTPField { user.map { HTTPField.basic(user: $0, password: secret) } ?? .bearer(secret) }
        /// RFC 7617, and no bearer token.
        public var isBasic: Bool { user != nil }
        /// Everything of it that must not be shown, in the forms in which it is sent.
        public var secrets: [Secret] { user == nil ? [secret] : [secret, Secret(String(field.value.dropFirst(6)))] }
    }

    /// RFC 6749, 4.4.
    public struct ClientCredentials: Sendable {
        /// Where tokens are given out.
        public enum Endpoint: Sendable {
            case token(String)
            /// Its token endpoint is looked up in `/.well-known/openid-configuration` (OpenID Connect Discovery 1.0, 4).
            case issuer(String)
        }

        public let endpoint: Endpoint
        public let clientID: String
        public let clientSecret: @Sendable () throws -> Secret
        public let audience: String?
        public let scope: String?

        public init(
            endpoint: Endpoint, clientID: String, clientSecret: @escaping @Sendable () throws -> Secret,
            audience: String? = nil, scope: String? = nil
        ) {
            self.endpoint = endpoint
            self.clientID = clientID
            self.clientSecret = clientSecret
            self.audience = audience
            self.scope = scope
        }
    }

    /// Why there is no token. The text carries no secret.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    struct Token {
        let secret: Secret
        /// On the monotonic clock, in nanoseconds.
        let expires: UInt64
    }

    private let method: Method
    private let client: HTTPClient
    private let clock: any Clock
    private var token: Token?
    private var fetching: Task<Token, any Error>?
    private var discovered: String?

    /// A token is renewed this long before it expires.
    private let renewBefore: UInt64 = 30_000_000_000

    public init(_ method: Method, client: HTTPClient, clock: any Clock = SystemClock()) {
        self.method = method
        self.client = client
        self.clock = clock
    }

    /// Whether a 401 may be cured by asking for a new token.
    public nonisolated var canRefresh: Bool {
        switch method {
        case .clientCredentials, .identity: true
        case .none, .bearer, .basic: false
        }
    }

    /// What to send now; nil when nothing is configured.
    public func credential() async throws(Failure) -> Credential? {
        if case .basic(let user, let password) = method {
            do {
                return Credential(secret: try password(), user: user)
            } catch {
                throw Failure(description: Authenticator.reason("the password", error))
            }
        }
        return try await bearer().map { Credential(secret: $0, user: nil) }
    }

    /// A secret's own failure says already what could not be read, and from where.
    private static func reason(_ what: String, _ error: any Error) -> String {
        error is SecretSource.Failure ? "\(error)" : "cannot read \(what): \(error)"
    }

    /// The token to send now; nil when none is configured.
    public func bearer() async throws(Failure) -> Secret? {
        switch method {
        case .none, .basic: return nil
        case .bearer(let source):
            do {
                return try source()
            } catch {
                throw Failure(description: Authenticator.reason("the bearer token", error))
            }
        case .clientCredentials(let credentials): return try await kept { try await self.fetch(credentials) }
        case .identity(let tokens):
            let (client, clock) = (client, clock)
            return try await kept { try await tokens.fetch(client, clock) }
        }
    }

    /// The token at hand while it lasts, else a new one.
    private func kept(_ fetch: @escaping @Sendable () async throws -> Token) async throws(Failure) -> Secret {
        if let token, token.expires > clock.monotonicNanoseconds() &+ renewBefore { return token.secret }
        do {
            return try await renew(fetch).secret
        } catch {
            // It was to be renewed before its end, and is good until then.
            if let token, token.expires > clock.monotonicNanoseconds() { return token.secret }
            throw error
        }
    }

    /// Forgets a token that was refused. Another request may have renewed it meanwhile: then nothing happens.
    public func refused(_ secret: Secret?) {
        if let token, let secret, token.secret == secret { self.token = nil }
    }

    private func renew(_ fetch: @escaping @Sendable () async throws -> Token) async throws(Failure) -> Token {
        // One request at a time, however many requests wait for it.
        let task: Task<Token, any Error>
        if let fetching {
            task = fetching
        } else {
            task = Task { try await fetch() }
            fetching = task
        }
        do {
            let fresh = try await task.value
            token = fresh
            fetching = nil
            return fresh
        } catch {
            fetching = nil
            throw error as? Failure ?? Failure(description: "\(error)")
        }
    }

    private func tokenURL(_ endpoint: ClientCredentials.Endpoint) async throws(Failure) -> String {
        let issuer: String
        switch endpoint {
        case .token(let url): return url
        case .issuer(let url): issuer = url
        }
        if let discovered { return discovered }
        let base = issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer
        let request = HTTPRequest(
            .get, base + "/.well-known/openid-configuration", headers: [HTTPField("Accept", "application/json")],
            bodyLimit: 256 << 10, label: "discovery of issuer")
        let response: HTTPResponse
        do {
            response = try await client.send(request)
        } catch {
            throw Failure(description: "cannot reach the issuer: \(error)")
        }
        let answer = response.body.withBytes { try? JSON(parsing: UnsafeRawBufferPointer($0)) }
        guard response.status == 200, let url = answer?["token_endpoint"]?.string, !url.isEmpty else {
            throw Failure(
                description: "the issuer's /.well-known/openid-configuration answered \(response.status)\(response.byProxy) without a "
                    + "token_endpoint; name token_url instead of issuer")
        }
        // Our secret goes to whom the document names: so it must be the document of the issuer that was asked for (OpenID
        // Connect Discovery 1.0, 4.3), and must not have the secret sent in the open.
        if let other = answer?["issuer"]?.string, !(other.hasSuffix("/") ? String(other.dropLast()) : other).utf8.elementsEqual(base.utf8) {
            throw Failure(
                description: "the issuer's /.well-known/openid-configuration is that of another issuer, \(Shown.line(other)): the client "
                    + "secret is not sent to whom it names; name token_url instead of issuer, or the issuer as it calls itself")
        }
        if base.lowercased().hasPrefix("https://"), !url.lowercased().hasPrefix("https://") {
            throw Failure(
                description: "the issuer's /.well-known/openid-configuration names a token_endpoint that is not https: the client secret "
                    + "is not sent there; name token_url instead of issuer")
        }
        discovered = url
        return url
    }

    private func fetch(_ credentials: ClientCredentials) async throws -> Token {
        var form = [("grant_type", "client_credentials"), ("client_id", credentials.clientID)]
        form.append(("client_secret", try credentials.clientSecret().reveal()))
        if let audience = credentials.audience { form.append(("audience", audience)) }
        if let scope = credentials.scope { form.append(("scope", scope)) }
        let body = form.map { "\($0.0)=\(PercentEncoding.encode(Array($0.1.utf8)))" }.joined(separator: "&")
        var request = HTTPRequest(
            .post, try await tokenURL(credentials.endpoint),
            headers: [HTTPField("Content-Type", "application/x-www-form-urlencoded"), HTTPField("Accept", "application/json")],
            body: Array(body.utf8), bodyLimit: 256 << 10, label: "OAuth2 token")
        // Of the answer nothing but its status is shown, so that the secret need not be looked for in it, where the token may
        // begin as it does. Asking twice gives two tokens and harms nobody.
        request.isIdempotent = true
        let started = clock.monotonicNanoseconds()
        let response: HTTPResponse
        do {
            response = try await client.send(request)
        } catch {
            throw Failure(description: "cannot reach the token endpoint: \(error)")
        }
        guard response.status == 200 else {
            throw Failure(
                description:
                    "the token endpoint answered \(response.status)\(response.byProxy); check client_id, client_secret_file and issuer")
        }
        let answer = response.body.withBytes { try? JSON(parsing: UnsafeRawBufferPointer($0)) }
        guard let text = answer?["access_token"]?.string, !text.isEmpty else {
            throw Failure(description: "the token endpoint's answer has no access_token")
        }
        let lifetime = min(max(answer?["expires_in"]?.double ?? 300, 1), 86_400)
        return Token(secret: Secret(text), expires: started &+ UInt64(lifetime * 1_000_000_000))
    }
}
