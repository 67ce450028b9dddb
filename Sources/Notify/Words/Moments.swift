import Model

/// Moments in the sentences of one message, by the clocks of whoever reads it.
struct Moments {
    let zone: Zone
    /// When the message was decided: what is of another day says its day.
    let message: Timestamp

    /// `09:05 UTC`, `10:05 Berlin time`: rounded down to the minute, with its day where that is another one than the message's.
    func minute(_ moment: Timestamp) -> String {
        let text = "\(zone.clock(moment).prefix(5)) \(zone.mark(moment))"
        return isOfTheDay(moment) ? text : "\(text) on \(zone.day(moment))"
    }

    /// `09:05:03 UTC`.
    func second(_ moment: Timestamp) -> String { "\(zone.clock(moment)) \(zone.mark(moment))" }

    /// `09:05:03 UTC on 2026-11-21`. Always with its day: a message may arrive long after it was written.
    func full(_ moment: Timestamp) -> String { "\(second(moment)) on \(zone.day(moment))" }

    /// `09:05 to 09:20 UTC`; with seconds where it is shorter than two minutes.
    func range(_ from: Timestamp, _ until: Timestamp) -> String {
        if zone.day(from) != zone.day(until) || zone.mark(from) != zone.mark(until) { return "\(minute(from)) to \(minute(until))" }
        return "\(zone.clock(from).prefix(Moments.digits(from, until))) to \(end(from, until))"
    }

    /// The end of that: `09:20 UTC`.
    func end(_ from: Timestamp, _ until: Timestamp) -> String {
        let day = isOfTheDay(until) ? "" : " on \(zone.day(until))"
        return "\(zone.clock(until).prefix(Moments.digits(from, until))) \(zone.mark(until))\(day)"
    }

    private func isOfTheDay(_ moment: Timestamp) -> Bool { zone.day(moment) == zone.day(message) }

    private static func digits(_ from: Timestamp, _ until: Timestamp) -> Int { until - from < .minutes(2) ? 8 : 5 }

    /// The text with each `2026-11-21T09:20:00.000Z` in it as `09:20 UTC`, for people.
    func readable(_ text: String) -> String { text.replacingMoments(by: minute) }
}
