/// What clocks and calendars of a zone show at a moment, as far as conditions ask for it.
public struct LocalHour: Hashable, Sendable {
    /// What can be asked of it, by the name that conditions give it.
    public enum Part: String, Hashable, Sendable, CaseIterable {
        case hour, weekday
    }

    /// 0 to 23. In autumn one comes twice, in spring one never comes.
    public let hour: Int
    /// 1 (Monday) to 7 (Sunday), as ISO 8601 counts them.
    public let weekday: Int
    /// What stands behind a time of that zone: `UTC`, `Berlin time`.
    public let mark: String

    public init(_ moment: Timestamp, in zone: Zone) {
        let local = floorDivide(moment.milliseconds, 1_000) + Int64(zone.offset(at: moment))
        let day = floorDivide(local, 86_400)
        hour = Int(local - day * 86_400) / 3_600
        let fromSunday = Weekday.number(day: day)
        weekday = fromSunday == 0 ? 7 : fromSunday
        mark = zone.mark(moment)
    }

    public func value(_ part: Part) -> Double {
        switch part {
        case .hour: Double(hour)
        case .weekday: Double(weekday)
        }
    }

    /// For people: `23 UTC`, `6, Saturday`.
    public func text(_ part: Part) -> String {
        switch part {
        case .hour: "\(hour) \(mark)"
        case .weekday: "\(weekday), \(LocalHour.dayNames[weekday - 1])"
        }
    }

    /// Monday first.
    public static let dayNames = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
}
