/// A moment: milliseconds since 1970-01-01T00:00:00Z. Stored as INTEGER, shown as RFC 3339 with three decimals and `Z`.
public struct Timestamp: Hashable, Comparable, Sendable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }
    public static func + (a: Timestamp, b: TimeSpan) -> Timestamp { .init(milliseconds: a.milliseconds &+ b.milliseconds) }
    public static func - (a: Timestamp, b: TimeSpan) -> Timestamp { .init(milliseconds: a.milliseconds &- b.milliseconds) }
    public static func - (a: Timestamp, b: Timestamp) -> TimeSpan { .init(milliseconds: a.milliseconds &- b.milliseconds) }

    /// The UTC minute that holds this moment, counted since 1970.
    public var minute: Int64 { floorDivide(milliseconds, 60_000) }

    public init(minute: Int64) {
        self.milliseconds = minute * 60_000
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 with three decimals and `Z`: `2026-11-21T09:00:00.000Z`.
    public var description: String {
        let civil = CivilTime(self)
        if (0...9_999).contains(civil.year) { return civil.text(year: civil.year) }
        let year = String(civil.year)
        return String(repeating: "0", count: max(0, 4 - year.utf8.count)) + year + civil.text(year: 0).dropFirst(4)
    }

    /// `HH:MM:SS` in UTC, for lines that people read.
    public var clock: String { String(description.dropFirst(11).prefix(8)) }
}

extension Timestamp {
    /// Reads RFC 3339 (`2026-11-21T08:50:01.922803+00:00`, fraction optional, `Z` or an offset). Nil when it is not one.
    public init?(rfc3339 text: some StringProtocol) {
        var reader = DigitReader(text.utf8)
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
            let day = reader.number(2), reader.take("T") || reader.take("t") || reader.take(" "),
            let hour = reader.number(2), reader.take(":"), let minute = reader.number(2), reader.take(":"),
            let second = reader.number(2)
        else { return nil }
        var milliseconds = 0
        if reader.take(".") {
            guard let fraction = reader.fraction() else { return nil }
            milliseconds = fraction
        }
        var offset = 0
        if reader.take("Z") || reader.take("z") {
            offset = 0
        } else {
            let sign = reader.take("+") ? 1 : (reader.take("-") ? -1 : 0)
            guard sign != 0, let hours = reader.number(2), reader.take(":"), let minutes = reader.number(2),
                hours < 24, minutes < 60
            else { return nil }
            offset = sign * (hours * 60 + minutes)
        }
        guard reader.isAtEnd else { return nil }
        let civil = CivilTime(
            year: year, month: month, day: day, hour: hour, minute: minute, second: second, millisecond: milliseconds)
        guard let instant = civil.timestamp else { return nil }
        self = instant - TimeSpan(milliseconds: Int64(offset) * 60_000)
    }

    /// Reads an HTTP date in the fixed form of RFC 9110 (`Sat, 21 Nov 2026 09:00:00 GMT`). Nil when it is not one.
    public init?(httpDate text: some StringProtocol) {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", parts[0].hasSuffix(","),
            let month = CivilTime.monthNames.firstIndex(where: { $0 == parts[2] }),
            parts[1].utf8.count == 2, parts[3].utf8.count == 4, let day = Int(parts[1]), let year = Int(parts[3])
        else { return nil }
        var reader = DigitReader(parts[4].utf8)
        guard let hour = reader.number(2), reader.take(":"), let minute = reader.number(2), reader.take(":"),
            let second = reader.number(2), reader.isAtEnd
        else { return nil }
        let civil = CivilTime(
            year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second, millisecond: 0)
        guard let instant = civil.timestamp else { return nil }
        self = instant
    }

    /// The fixed HTTP date form of RFC 9110, whole seconds.
    public var httpDate: String {
        let civil = CivilTime(self)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
        let weekday = CivilTime.weekdayNames[Int(((floorDivide(milliseconds, 86_400_000) % 7) + 11) % 7)]
        return "\(weekday), \(two(civil.day)) \(CivilTime.monthNames[civil.month - 1]) \(civil.year) "
            + "\(two(civil.hour)):\(two(civil.minute)):\(two(civil.second)) GMT"
    }
}

/// Floor division: rounds towards minus infinity, so that moments before 1970 keep their order.
func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
    let quotient = a / b
    return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient
}
