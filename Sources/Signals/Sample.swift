import Model

/// One decoded observation of one replica: all that enters the derivation of signals.
public struct Sample: Sendable {
    /// When the answer was complete, by the monitor's clock.
    public let at: Timestamp
    public let runtime: String
    /// Base URL of the replica.
    public let replica: String
    public let elapsedMilliseconds: Double
    /// The response's own `date` header: the runtime's clock, to the second and up to two seconds behind.
    public let date: Timestamp?
    /// Why nothing came over the wire; nil when something did, or where that is not known.
    public let failure: TransportFailure?
    public let content: Decoded

    public init(
        at: Timestamp, runtime: String, replica: String, elapsedMilliseconds: Double = 0, date: Timestamp? = nil,
        failure: TransportFailure? = nil, content: Decoded
    ) {
        self.at = at
        self.runtime = runtime
        self.replica = replica
        self.elapsedMilliseconds = elapsedMilliseconds
        self.date = date
        self.failure = failure
        self.content = content
    }

    /// An observation and what decoding made of it.
    public init(_ observation: Observation, _ content: Decoded) {
        var date: Timestamp?
        var failure: TransportFailure?
        switch observation.outcome {
        case .answer(let answer): date = answer.date
        case .failure(let reason, detail: _): failure = reason
        }
        self.init(
            at: observation.at, runtime: observation.runtime, replica: observation.replica,
            elapsedMilliseconds: observation.elapsedMilliseconds, date: date, failure: failure, content: content)
    }

    /// Nothing came back: the request or its answer may have been lost on the way. A refused connection came back.
    var isLost: Bool {
        switch failure {
        case .timeout, .unreachable, .unresolvable: true
        default: false
        }
    }

    public var endpoint: Endpoint { content.endpoint }
}
