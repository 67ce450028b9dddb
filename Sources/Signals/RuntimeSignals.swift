import Model

/// Everything that is remembered about one runtime, and the readings that follow from it. A value: the same samples and
/// the same moments of reading give the same state, byte for byte, on every machine.
public struct RuntimeSignals: Sendable {
    public let runtime: String
    public var options: SignalOptions

    public init(runtime: String, options: SignalOptions = SignalOptions()) {
        self.runtime = runtime
        self.options = options
    }

    /// Takes in one decoded observation. Samples of one replica come in the order in which they were complete.
    public mutating func ingest(_ sample: Sample) {
        _ = sample
    }

    /// The readings at a moment, one slot for each element of `demand`. Closes the minutes that are over.
    public mutating func readings(at now: Timestamp, demand: [SeriesRef]) -> ReadingTable {
        ReadingTable(
            runtime: runtime, at: now, demand: demand, runtime: demand.map { _ in .missing(.tooLittleData) })
    }

    /// Rows of minutes that closed since the last call, in the order of minute, then runtime before apps, apps by bytes.
    public mutating func drainClosedMinutes() -> [MinuteRow] { [] }

    /// Brings back minutes that `drainClosedMinutes` gave out. Any order; minutes out of range are skipped.
    public mutating func restore(minutes: [MinuteRow]) { _ = minutes }
}
