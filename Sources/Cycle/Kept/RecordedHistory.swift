import Journal
import Model
import Signals

/// A runtime's past as the journal holds it, minute by minute, oldest first. Reads an hour at a time, so that a month of it
/// takes no more memory than that.
public struct RecordedHistory {
    /// One subject in one minute.
    public typealias Row = Signals.MinuteRow

    public let runtime: String
    /// UTC minutes since 1970 that could not be read, and count as not watched.
    public private(set) var damaged: [Range<Int64>] = []
    private let journal: Journal
    private let minutes: Range<Int64>
    private var keys: ArraySlice<HistoryKey>
    private var ready: ArraySlice<[SubjectMinute]> = []

    public init(_ journal: Journal, runtime: String, minutes: Range<Int64>) throws(JournalError) {
        self.journal = journal
        self.runtime = runtime
        self.minutes = minutes
        keys = minutes.isEmpty ? [] : try journal.historyKeys(runtime: runtime, in: minutes)[...]
    }

    /// The next minute's rows, the runtime's first; nil at the end.
    public mutating func next() throws(JournalError) -> [Row]? {
        while ready.isEmpty {
            guard let hour = keys.first?.hour else { return nil }
            try read(hour: hour)
        }
        return ready.removeFirst()
    }

    /// All that is left of it.
    mutating func rest() throws(JournalError) -> [SubjectMinute] {
        var rows: [SubjectMinute] = []
        while let minute = try next() { rows += minute }
        return rows
    }

    /// Minutes that came after their hour's block was made stand in the place of the block's.
    private mutating func read(hour: Int64) throws(JournalError) {
        var byMinute: [Int64: [SubjectMinute]] = [:]
        var late: [Int64: [SubjectMinute]]?
        while let key = keys.first, key.hour == hour {
            keys.removeFirst()
            let bytes = try journal.history(runtime: runtime, key)
            switch key {
            case .hour:
                guard let block = RecordedHistory.minutes(ofBlock: bytes, hour: hour) else {
                    damaged.append((hour * 60)..<(hour * 60 + 60))
                    continue
                }
                byMinute.merge(block) { $1 }
            case .minute(let minute):
                if bytes == nil {
                    // The engine, which goes on beside us, brought the hour into its block since we listed what there is.
                    if late == nil {
                        let block = try journal.history(runtime: runtime, .hour(hour))
                        late = RecordedHistory.minutes(ofBlock: block, hour: hour) ?? [:]
                    }
                    if let rows = late?[minute] {
                        byMinute[minute] = rows
                        continue
                    }
                }
                guard let rows = bytes.flatMap({ try? MinuteBlob.decode($0) }),
                    rows.first?.app == nil, rows.allSatisfy({ $0.minute == minute })
                else {
                    damaged.append(minute..<minute + 1)
                    continue
                }
                byMinute[minute] = rows
            }
        }
        ready = byMinute.keys.sorted().filter { minutes.contains($0) }.compactMap { byMinute[$0] }[...]
    }
}

extension RecordedHistory {
    /// The minutes of an hour's block; nil when it cannot be read.
    private static func minutes(ofBlock bytes: [UInt8]?, hour: Int64) -> [Int64: [SubjectMinute]]? {
        guard let blocks = bytes.flatMap({ try? HistoryBlock.decode($0) }) else { return nil }
        var byMinute: [Int64: [SubjectMinute]] = [:]
        for rows in blocks {
            if let minute = rows.first?.minute, minute / 60 == hour { byMinute[minute] = rows }
        }
        return byMinute
    }

    /// An hour of minutes as one block, with what was in the block before.
    package static func block(_ journal: Journal, runtime: String, hour: Int64) throws(JournalError) -> (HistoryHour, damaged: Int) {
        var past = try RecordedHistory(journal, runtime: runtime, minutes: (hour * 60)..<(hour * 60 + 60))
        var block = HistoryBlock(hour: hour)
        while let rows = try past.next() { block.add(rows) }
        return (
            HistoryHour(runtime: runtime, hour: hour, bytes: block.encoded()),
            past.damaged.reduce(0) { $0 + $1.count }
        )
    }
}

extension RecordedHistory {
    /// The first minute that a journal holds of a runtime. Hours are kept whole, so the oldest is looked into: the monitor may have
    /// been there for its last minutes only.
    /// - Parameter kept: from the first hour's beginning to the last minute, as ``Journal/historyRuntimes()`` has it.
    public static func firstMinute(_ journal: Journal, runtime: String, in kept: ClosedRange<Int64>) throws(JournalError) -> Int64 {
        var oldest = try RecordedHistory(journal, runtime: runtime, minutes: kept.lowerBound..<kept.lowerBound + 60)
        return try oldest.next()?.first?.minute ?? kept.lowerBound
    }
}
