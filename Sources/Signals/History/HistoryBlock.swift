import Model

/// An hour of a runtime's history in few bytes: the minutes of the runtime and of every app that was not idle, each as
/// what differs from the minute before it. An idle minute of an app takes nothing.
///
/// Sums are whole numbers of their steps (`MinuteStep`), gauges differences, latencies counts by bucket. A reading of the
/// runtime that follows from the sums, or stayed as it was, takes nothing either. Minutes of earlier versions, which were
/// not rounded, are rounded here.
public struct HistoryBlock: Sendable {
    /// Hours since 1970.
    public let hour: Int64
    /// By minute of the hour, the ones that were added.
    private(set) var present: UInt64 = 0
    /// What was added, for figures about size: sums, gauges, latency counts and readings that are neither zero nor missing.
    public private(set) var values = 0
    /// Rows of the runtime and of apps.
    public private(set) var rows = 0
    private var whole = RuntimeTrack()
    private var wholeBytes = StateWriter()
    private var apps: [AppID: AppTrack] = [:]

    private static let magic: UInt8 = 0xB1

    public init(hour: Int64) {
        self.hour = hour
    }

    /// One app's rows so far.
    private struct AppTrack: Sendable {
        var row = RowCoder()
        /// One past the last minute of the hour that it has a row for.
        var next = 0
        var count = 0
        var writer = StateWriter()
    }

    /// Adds a minute of this hour, later than those before: the runtime's row, then those of its apps.
    public mutating func add(_ minute: [MinuteRow]) {
        guard let first = minute.first, first.app == nil else { return }
        let place = Int(first.minute - hour * 60)
        guard (0..<60).contains(place), present >> UInt64(place) == 0 else { return }
        present |= 1 << UInt64(place)
        whole.write(first, to: &wholeBytes)
        values += first.storedValues
        rows += minute.count
        for row in minute.dropFirst() {
            guard let app = row.app else { continue }
            var track = apps.removeValue(forKey: app) ?? AppTrack()
            track.row.write(row, gap: place - track.next, to: &track.writer)
            track.next = place + 1
            track.count += 1
            apps[app] = track
            values += row.storedValues
        }
    }

    public var isEmpty: Bool { present == 0 }

    public func encoded() -> [UInt8] {
        var writer = StateWriter()
        writer.put(byte: HistoryBlock.magic)
        writer.put(hour)
        writer.put(bits: present)
        writer.append(wholeBytes)
        let sorted = apps.sorted { $0.key < $1.key }
        writer.put(each: sorted) { writer, entry in
            writer.put(entry.key.bytes)
            writer.put(entry.value.count)
            writer.append(entry.value.writer)
        }
        return writer.bytes
    }

    /// The minutes of a block, oldest first, each with the runtime's row before its apps' (by their bytes). Throws on
    /// bytes that are not a whole block.
    public static func decode(_ bytes: [UInt8]) throws(SignalStateError) -> [[MinuteRow]] {
        var reader = StateReader(bytes)
        guard try reader.byte() == magic else { throw reader.failure("not a block of history") }
        let hour = try reader.integer()
        guard Clamp.moments.contains(hour) else { throw reader.failure("an hour is out of range") }
        let present = try reader.bits()
        guard present >> 60 == 0 else { throw reader.failure("an hour of more than sixty minutes") }
        var minutes: [[MinuteRow]] = []
        var places = [Int](repeating: -1, count: 60)
        var track = RuntimeTrack()
        for place in 0..<60 where present >> UInt64(place) & 1 != 0 {
            places[place] = minutes.count
            minutes.append([try track.read(minute: hour * 60 + Int64(place), from: &reader)])
        }
        var last: AppID?
        for _ in 0..<(try reader.count()) {
            let app = AppID(bytes: try reader.data())
            guard last.map({ $0 < app }) ?? true else { throw reader.failure("an app is out of order") }
            last = app
            var coder = RowCoder()
            var next = 0
            for _ in 0..<(try reader.count()) {
                var row = MinuteRow(minute: 0, app: app)
                next += try coder.read(&row, from: &reader)
                guard next < 60, places[next] >= 0 else { throw reader.failure("a minute of an app is out of range") }
                row.minute = hour * 60 + Int64(next)
                minutes[places[next]].append(row)
                next += 1
            }
        }
        guard reader.isAtEnd else { throw reader.failure("more bytes than a block has") }
        return minutes
    }
}

extension MinuteRow {
    /// How many figures of the row are neither zero nor missing: what a block is to keep in few bytes each.
    var storedValues: Int {
        let gauges = gauges.parts
        return sums.parts.count { $0 != 0 } + [gate.asked, gate.refused, silent].count { $0 != 0 } + gauges.count { $0 != 0 }
            + latencies.count
            + readings.count { $0.value != nil }
    }
}
