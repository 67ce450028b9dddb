/// Hours of some or all days of the week, by local clocks: `22:00-07:00`, `sat,sun`.
///
/// Hours that end at or before they begin go over midnight and belong to the day on which they begin: `fri` and
/// `22:00-07:00` hold at 03:00 on Saturday. They follow the clock on the wall: where it is put forward they are an hour
/// shorter, where it is put back an hour longer.
public struct Hours: Hashable, Sendable, CustomStringConvertible {
    public static let dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    /// Numbers of `dayNames`, ascending; all seven where no day is named.
    public let days: [Int]
    /// Minutes after midnight, 0 to 1439.
    public let from: Int
    /// Minutes after midnight, 1 to 1440; equal to `from` never.
    public let to: Int

    /// Every day, all day.
    public static let always = Hours(days: Array(0..<7), from: 0, to: 1_440)

    public init(days: [Int], from: Int, to: Int) {
        self.days = days
        self.from = from
        self.to = to
    }

    /// Reads `22:00-07:00`, or nil for all day, and days such as `sat` or `mon-fri`; no days: every day. Nil when one of
    /// them is none.
    public init?(_ text: String?, days names: [String] = []) {
        var found: Set<Int> = []
        for name in names {
            let ends = name.split(separator: "-", omittingEmptySubsequences: false).map { part in
                Hours.dayNames.firstIndex { $0.isSame(as: part.lowercased()) }
            }
            switch ends.count {
            case 1: ends[0].map { _ = found.insert($0) }
            case 2:
                guard let first = ends[0], let last = ends[1] else { return nil }
                for step in 0...((last - first + 7) % 7) { found.insert((first + step) % 7) }
            default: return nil
            }
            guard !ends.contains(nil) else { return nil }
        }
        days = names.isEmpty ? Array(0..<7) : found.sorted()
        guard let text else {
            (from, to) = (0, 1_440)
            return
        }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(Hours.minute)
        guard ends.count == 2, let begin = ends[0], let end = ends[1], begin != end, begin < 1_440
        else { return nil }
        from = begin
        to = end == 0 ? 1_440 : end
    }

    private static func minute(_ text: Substring) -> Int? {
        var reader = DigitReader(text.utf8)
        guard let hour = reader.number(2), reader.take(":"), let minute = reader.number(2), reader.isAtEnd,
            hour * 60 + minute <= 1_440, minute < 60
        else { return nil }
        return hour * 60 + minute
    }

    /// The local day, counted since 1970, on which the stretch of hours began that holds at that moment; nil outside.
    public func began(_ moment: Timestamp, in zone: Zone) -> Int64? {
        let local = floorDivide(moment.milliseconds, 60_000) + Int64(floorDivide(Int64(zone.offset(at: moment)), 60))
        let today = floorDivide(local, 1_440)
        let minute = Int(local - today * 1_440)
        let day: Int64?
        if from < to {
            day = minute >= from && minute < to ? today : nil
        } else {
            day = minute >= from ? today : (minute < to ? today - 1 : nil)
        }
        return day.flatMap { days.contains(Weekday.number(day: $0)) ? $0 : nil }
    }

    public func holds(_ moment: Timestamp, in zone: Zone) -> Bool { began(moment, in: zone) != nil }

    /// `sat,sun 22:00-07:00`, `22:00-07:00`, `sat,sun`, `always`.
    public var description: String {
        var parts: [String] = []
        if days.count < 7 { parts.append(days.map { Hours.dayNames[$0] }.joined(separator: ",")) }
        if from != 0 || to != 1_440 { parts.append("\(Hours.clock(from))-\(Hours.clock(to))") }
        return parts.isEmpty ? "always" : parts.joined(separator: " ")
    }

    private static func clock(_ minute: Int) -> String {
        let (hours, minutes) = (minute / 60, minute % 60)
        return (hours < 10 ? "0" : "") + "\(hours):" + (minutes < 10 ? "0" : "") + "\(minutes)"
    }
}
