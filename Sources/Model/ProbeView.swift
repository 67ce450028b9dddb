/// What one look at a service came to.
public struct ProbeView: Hashable, Sendable {
    /// It answered, and as it should. A service that does not is a value, not missing.
    public var isUp: Bool
    /// Why it is not up, for people; bounded, without control characters.
    public var detail: String?
    /// Seconds that the look took.
    public var latency: Double?
    /// Status of an HTTP answer.
    public var status: Int64?
    /// Days until the certificate runs out; negative when it has. Nil without TLS.
    public var certificateDays: Double?
    /// Seconds by phase, in the order in which they came.
    public var phases: [Phase: Double]
    /// Fields of a wrong type, counted and treated as absent.
    public var malformedFields: Int

    /// The parts of a look, as the Blackbox exporter names them.
    public enum Phase: String, Hashable, Sendable, CaseIterable {
        case resolve, connect, tls, processing, transfer
    }

    public init(
        isUp: Bool, detail: String? = nil, latency: Double? = nil, status: Int64? = nil, certificateDays: Double? = nil,
        phases: [Phase: Double] = [:], malformedFields: Int = 0
    ) {
        self.isUp = isUp
        self.detail = detail
        self.latency = latency
        self.status = status
        self.certificateDays = certificateDays
        self.phases = phases
        self.malformedFields = malformedFields
    }
}
