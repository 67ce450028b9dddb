import Model

/// Says who a runtime's replicas are: a name's addresses, a file, a server.
public protocol TargetSource: Sendable {
    /// What it is, in an operator's words: `dns runtime.internal`.
    var name: String { get }
    /// How often it is asked.
    var refresh: TimeSpan { get }
    /// The name by which replicas are asked where their URLs are addresses: in `Host` and in TLS. Nil: by what stands in the URL.
    var hostName: String? { get }

    /// Who they are now. A list without replicas is an answer, too.
    func find() async throws(TargetFault) -> TargetList
}

extension TargetSource {
    public var hostName: String? { nil }
}

/// Why nobody knows who the replicas are.
public struct TargetFault: Error, Hashable, Sendable, CustomStringConvertible {
    public let failure: TransportFailure
    /// For people; carries no secret and nothing of what a stranger wrote.
    public let description: String

    public init(_ failure: TransportFailure, _ description: String) {
        self.failure = failure
        self.description = description
    }
}
