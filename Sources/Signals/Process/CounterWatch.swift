import Model

/// Which counters of a runtime ever move. Each is judged by itself, over the whole runtime: one that stayed 0 while at
/// least five runs ended is dead until it moves, and one that moved once is alive from then on. Only that of errors says less by
/// standing still where nothing fails: where tokens are counted it takes many more runs.
struct CounterWatch: Sendable {
    static let leastEndedRuns: Int64 = 5
    /// A well runtime has an error in some hundred turns; builds that count none count no tokens either.
    static let leastWithoutErrors: Int64 = 500

    /// Bits over `Counter.rawValue`.
    private(set) var moved: UInt8 = 0
    /// `chat.usage_delta` was ever above zero.
    var hasUsage = false
    /// Runs that had ended in processes that are gone.
    var endedBefore: Int64 = 0

    static func bit(_ counter: Counter) -> UInt8 { 1 << counter.rawValue }

    mutating func insert(moved bits: UInt8) { moved |= bits }

    /// The dead counters as bits, when that many runs have ended.
    func dead(ended: Int64) -> UInt8 {
        guard ended >= CounterWatch.leastEndedRuns else { return 0 }
        let still = ~moved & (1 << UInt8(Counter.allCases.count) - 1)
        let isCounting = moved & CounterWatch.bit(.tokens) != 0
        return isCounting && ended < CounterWatch.leastWithoutErrors ? still & ~CounterWatch.bit(.errors) : still
    }

    func encode(to writer: inout StateWriter) {
        writer.put(byte: moved)
        writer.put(hasUsage)
        writer.put(endedBefore)
    }

    init() {}

    init(from reader: inout StateReader) throws(SignalStateError) {
        moved = try reader.byte()
        hasUsage = try reader.flag()
        endedBefore = try reader.integer()
    }
}
