import Model

/// From the gate's counts.
struct GateFigures: EndpointFigures {
    /// When a proxy last asked about a start of the runtime, ms, as far as was known then; nil: never.
    var lastAskedAt: Int64?

    init(lastAskedAt: Int64?) {
        self.lastAskedAt = lastAskedAt
    }

    func encode(to writer: inout StateWriter) { writer.put(optional: lastAskedAt) { $0.put($1) } }

    init(from reader: inout StateReader) throws(SignalStateError) {
        lastAskedAt = try reader.optional { (reader) throws(SignalStateError) in try reader.moment() }
    }
}

/// Starts asked of the gate and refused by it, over a stretch of time; fractional where an interval between two readings
/// straddles its ends.
public struct GateSums: Hashable, Sendable {
    public var asked = 0.0
    public var refused = 0.0

    public init() {}

    /// What a signal's rate adds up; nil for a signal that is not the gate's.
    func part(_ signal: Signal) -> Double? {
        switch signal {
        case .gateStarts: asked
        case .gateRefusals: refused
        default: nil
        }
    }

    mutating func add(_ other: GateSums) {
        asked += other.asked
        refused += other.refused
    }

    func rounded() -> GateSums {
        var sums = GateSums()
        sums.asked = MinuteStep.round(asked, MinuteStep.events)
        sums.refused = MinuteStep.round(refused, MinuteStep.events)
        return sums
    }
}

extension GateFigures {
    /// Nothing: they are of no replica.
    func say(in summary: inout RuntimeSummary.Replica, of replica: ReplicaState, _ evaluation: Evaluation) {}
}
