import Synchronization

/// A secret read once and again only when its file changed, for those who need it with every request.
public final class CachedSecret: Sendable {
    public let source: SecretSource
    private let what: String
    private let environment: Environment
    private let cache = Mutex<(version: FileVersion, secret: Secret)?>(nil)

    /// - Parameter what: what it is for, for error messages: `the token of runtime shared`.
    public init(_ source: SecretSource, what: String, in environment: Environment) {
        self.source = source
        self.what = what
        self.environment = environment
    }

    /// The current value. A file that cannot be read is an error even when it could be read before: a withdrawn
    /// secret must not live on.
    public func value() throws(SecretSource.Failure) -> Secret {
        let version = source.path(in: environment).flatMap { FileVersion($0) }
        if let cached = cache.withLock({ $0 }), let version, cached.version == version { return cached.secret }
        let secret = try source.read(what, in: environment)
        cache.withLock { $0 = version.map { ($0, secret) } }
        return secret
    }
}
