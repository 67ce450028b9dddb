/// Why a server could not listen.
public struct ServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The operation of all that is wrong with a server's own certificate and key.
    public static let showingCertificate = "show the certificate"

    /// What was being done: `listen`.
    public var operation: String
    /// Where: `127.0.0.1:9465`.
    public var address: String
    /// Why it failed, in the operating system's words.
    public var cause: String
    /// What a person can do about it.
    public var hint: String
    /// Whether trying again later, with nothing changed here, can succeed.
    public var retryable: Bool

    public init(operation: String, address: String, cause: String, hint: String, retryable: Bool) {
        self.operation = operation
        self.address = address
        self.cause = cause
        self.hint = hint
        self.retryable = retryable
    }

    public var description: String { "\(operation) \(address): \(cause) (\(hint))" }
}
