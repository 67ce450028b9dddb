/// A stretch of the calendar that is not over: from its first moment by the clocks of a zone to now.
public enum CalendarPeriod: String, Hashable, Sendable, CaseIterable {
    case today
    case thisMonth = "this_month"
}

extension Zone {
    /// When the day of a moment began by these clocks.
    public func dayBegins(_ moment: Timestamp) -> Timestamp { midnight(of: day(moment)) ?? moment }

    /// When the month of a moment began by these clocks.
    public func monthBegins(_ moment: Timestamp) -> Timestamp { midnight(of: "\(day(moment).prefix(7))-01") ?? moment }

    public func begins(_ period: CalendarPeriod, at moment: Timestamp) -> Timestamp {
        switch period {
        case .today: dayBegins(moment)
        case .thisMonth: monthBegins(moment)
        }
    }

    /// - Parameter day: `2026-11-21`.
    private func midnight(of day: String) -> Timestamp? {
        guard let local = Timestamp(rfc3339: "\(day)T00:00:00Z") else { return nil }
        // The offset of a moment close by, and then of the moment itself: another only within hours of a change of clocks.
        let near = local - .seconds(Double(offset(at: local)))
        return local - .seconds(Double(offset(at: near)))
    }
}
