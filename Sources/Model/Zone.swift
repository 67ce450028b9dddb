/// How local clocks differ from UTC, moment by moment. A value: what a machine's time zone files say is read at the edge.
public struct Zone: Hashable, Sendable, CustomStringConvertible {
    /// From `at` on, in seconds since 1970, clocks are `offset` seconds ahead of UTC.
    public struct Change: Hashable, Sendable {
        public let at: Int64
        public let offset: Int

        public init(at: Int64, offset: Int) {
            self.at = at
            self.offset = offset
        }
    }

    /// What holds after the last change that is written down.
    public struct Tail: Hashable, Sendable {
        /// Seconds ahead of UTC outside of summer time.
        public let offset: Int
        /// Nil where clocks do not change any more.
        public let summer: Summer?

        public init(offset: Int, summer: Summer? = nil) {
            self.offset = offset
            self.summer = summer
        }
    }

    /// Summer time, the same every year.
    public struct Summer: Hashable, Sendable {
        /// Seconds ahead of UTC during it.
        public let offset: Int
        public let begins: YearlyMoment
        public let ends: YearlyMoment

        public init(offset: Int, begins: YearlyMoment, ends: YearlyMoment) {
            self.offset = offset
            self.begins = begins
            self.ends = ends
        }
    }

    /// A moment of every year by the clock that holds before it.
    public struct YearlyMoment: Hashable, Sendable {
        public enum Day: Hashable, Sendable {
            /// Month 1 to 12; week 1 to 5, where 5 is the last; weekday 0 (Sunday) to 6.
            case weekday(month: Int, week: Int, weekday: Int)
            /// 1 to 365; February 29 is never counted.
            case julian(Int)
            /// 0 to 365; February 29 is counted.
            case ordinal(Int)
        }

        public let day: Day
        /// Seconds from midnight; may be negative or beyond the day.
        public let seconds: Int

        public init(day: Day, seconds: Int) {
            self.day = day
            self.seconds = seconds
        }
    }

    /// `UTC`, `+02:00`, `Europe/Berlin`.
    public let name: String
    /// Before the first change.
    public let first: Int
    /// Ascending.
    public let changes: [Change]
    public let tail: Tail?

    public init(name: String, first: Int, changes: [Change] = [], tail: Tail? = nil) {
        self.name = name
        self.first = first
        self.changes = changes
        self.tail = tail
    }

    public static let utc = Zone(name: "UTC", first: 0)

    /// A fixed offset: `+02:00`, `-0330`, `+2`; `UTC` and `Z`. Nil for anything else.
    public init?(fixed text: String) {
        if text == "UTC" || text == "Z" {
            self = .utc
            return
        }
        guard let sign = text.first, sign == "+" || sign == "-" else { return nil }
        let digits = text.dropFirst().utf8.filter { $0 != 58 }
        guard digits.allSatisfy({ (48...57).contains($0) }), [1, 2, 4].contains(digits.count) else { return nil }
        let number = digits.reduce(0) { $0 * 10 + Int($1 - 48) }
        let (hours, minutes) = digits.count == 4 ? (number / 100, number % 100) : (number, 0)
        guard hours <= 14, minutes < 60 else { return nil }
        self.init(name: text, first: (sign == "-" ? -1 : 1) * (hours * 3_600 + minutes * 60))
    }

    public var description: String { name }

    /// How far clocks are ahead of UTC at that moment, in seconds.
    public func offset(at moment: Timestamp) -> Int {
        let second = floorDivide(moment.milliseconds, 1_000)
        guard let last = changes.last else { return tail.map { offset(second, by: $0) } ?? first }
        if second >= last.at, let tail { return offset(second, by: tail) }
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].at <= second { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? first : changes[low - 1].offset
    }

    private func offset(_ second: Int64, by tail: Tail) -> Int {
        guard let summer = tail.summer else { return tail.offset }
        let year = CivilTime(Timestamp(milliseconds: (second + Int64(tail.offset)) * 1_000)).year
        let begins = summer.begins.seconds(in: year) - Int64(tail.offset)
        let ends = summer.ends.seconds(in: year) - Int64(summer.offset)
        // South of the equator summer goes over the turn of the year.
        let isSummer = begins < ends ? second >= begins && second < ends : second >= begins || second < ends
        return isSummer ? summer.offset : tail.offset
    }
}

extension Zone.YearlyMoment {
    /// Seconds since 1970 on a clock that shows local time.
    fileprivate func seconds(in year: Int) -> Int64 {
        func days(_ month: Int, _ day: Int) -> Int64 {
            let civil = CivilTime(
                year: year, month: month, day: day, hour: 0, minute: 0, second: 0, millisecond: 0)
            return floorDivide(civil.timestamp?.milliseconds ?? 0, 86_400_000)
        }
        let isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
        let date: Int64
        switch day {
        case .ordinal(let number): date = days(1, 1) + Int64(number)
        case .julian(let number): date = days(1, 1) + Int64(number - 1) + (isLeap && number >= 60 ? 1 : 0)
        case .weekday(let month, let week, let weekday):
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            let beginning = days(month, 1)
            let firstWeekday = Weekday.number(day: beginning)
            var inMonth = (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
            if inMonth >= lengths[month - 1] { inMonth -= 7 }
            date = beginning + Int64(inMonth)
        }
        return date * 86_400 + Int64(seconds)
    }
}

enum Weekday {
    /// 0 (Sunday) to 6 of a day counted since 1970, which began on a Thursday.
    static func number(day: Int64) -> Int { Int((((day + 4) % 7) + 7) % 7) }
}
