import Model

extension RuntimeSignals {
    /// When the gate was last seen to have been asked about a start of this runtime; nil: not as far back as is remembered.
    public var gateAskedAt: Timestamp? { gate.lastAskedAt.map(Timestamp.init(milliseconds:)) }

    /// So many runs must have ended before a counter that never moved is called dead.
    public static let endedRunsToJudge = Int(CounterWatch.leastEndedRuns)

    /// The signals that this runtime never gives a value of, as far as is known at a moment, each with the reason:
    /// `dead_counter` or `not_tracked`.
    public mutating func deadSignals(at now: Timestamp) -> [Signal: MissingReason] {
        let series = Signal.allCases.filter { $0.info.subjects.contains(.runtime) }.map {
            SeriesRef(signal: $0, window: $0.isWindowed ? options.window : nil)
        }
        let table = readings(at: now, demand: series)
        var dead: [Signal: MissingReason] = [:]
        for (slot, series) in series.enumerated() {
            switch table.runtime(slot) {
            case .missing(.deadCounter): dead[series.signal] = .deadCounter
            // Of a page of metrics something is there, or is not: which series policies ask for, each says for itself.
            case .missing(.notTracked) where series.signal.isOfPage && newestObservation(of: .metrics) != nil: continue
            case .missing(.notTracked): dead[series.signal] = .notTracked
            default: continue
            }
        }
        return dead
    }
}
