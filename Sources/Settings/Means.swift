import Ambient
import HTTP
import Model

/// What settings are made into working parts with: a channel, an adapter, a heartbeat.
public struct Means: Sendable {
    public let client: HTTPClient
    public let clock: any Clock
    public let environment: Environment
    public let logger: Logger
    /// Accepted authorities, for what does not go through `client`; nil: the system's.
    public let caFile: String?
    private let read: (@Sendable (SecretSource, _ what: String) throws -> Secret)?

    /// - Parameter secrets: in the place of files and variables, for tests of what happens without them.
    public init(
        client: HTTPClient, clock: any Clock = SystemClock(), environment: Environment = Environment([:]), logger: Logger = .silent,
        caFile: String? = nil, secrets: (@Sendable (SecretSource, _ what: String) throws -> Secret)? = nil
    ) {
        self.client = client
        self.clock = clock
        self.environment = environment
        self.logger = logger
        self.caFile = caFile
        read = secrets
    }

    /// The same, on connections that are made with these files.
    public func using(_ tls: TLSFiles) -> Means {
        Means(
            client: client.using(tls), clock: clock, environment: environment, logger: logger, caFile: caFile, secrets: read)
    }

    /// The secret as it is whenever it is asked for, so that a rotated one is used without a restart.
    /// - Parameter what: for messages: `the token of channel ops`.
    public func secret(_ source: SecretSource, _ what: String) -> @Sendable () throws -> Secret {
        if let read { return { try read(source, what) } }
        let secret = CachedSecret(source, what: what, in: environment)
        return { try secret.value() }
    }

    /// Nil where nobody logs in.
    public func authenticator(_ authentication: Authentication, _ owner: String) -> Authenticator? {
        if case .none = authentication { return nil }
        return Authenticator(authentication.method(owner, in: environment), client: client, clock: clock)
    }
}
