import Testing

@testable import Model

@Suite("Hour and weekday by a zone")
struct LocalHourTests {
    /// As Berlin's clocks go.
    static let berlin = Zone(
        name: "Europe/Berlin", first: 3_600,
        tail: .init(
            offset: 3_600,
            summer: .init(
                offset: 7_200, begins: .init(day: .weekday(month: 3, week: 5, weekday: 0), seconds: 7_200),
                ends: .init(day: .weekday(month: 10, week: 5, weekday: 0), seconds: 10_800))))

    /// (moment, zone, hour, weekday, the hour in words)
    static let moments: [(String, Zone, Int, Int, String)] = [
        ("2026-01-01T00:00:00Z", .utc, 0, 4, "0 UTC"), ("2026-01-04T23:59:59.999Z", .utc, 23, 7, "23 UTC"),
        ("2026-01-05T00:00:00Z", .utc, 0, 1, "0 UTC"), ("1969-12-31T23:00:00Z", .utc, 23, 3, "23 UTC"),
        // The day is the zone's, not that of UTC.
        ("2026-01-09T23:30:00Z", berlin, 0, 6, "0 Berlin time"), ("2026-01-09T22:59:59Z", berlin, 23, 5, "23 Berlin time"),
        ("2026-01-01T02:00:00Z", Zone(name: "x", first: -10_800), 23, 3, "23 x"),
        // Half an hour off.
        ("2026-01-01T18:29:59Z", Zone(name: "+05:30", first: 19_800), 23, 4, "23 UTC+05:30"),
        ("2026-01-01T18:30:00Z", Zone(name: "+05:30", first: 19_800), 0, 5, "0 UTC+05:30"),
        // March 29: two o'clock never comes.
        ("2026-03-29T00:59:59Z", berlin, 1, 7, "1 Berlin time"), ("2026-03-29T01:00:00Z", berlin, 3, 7, "3 Berlin time"),
        // October 25: it comes twice.
        ("2026-10-25T00:30:00Z", berlin, 2, 7, "2 Berlin time (+02:00)"), ("2026-10-25T01:30:00Z", berlin, 2, 7, "2 Berlin time (+01:00)"),
        ("2026-10-25T02:00:00Z", berlin, 3, 7, "3 Berlin time"),
    ]

    @Test(arguments: moments)
    func shows(_ moment: String, _ zone: Zone, _ hour: Int, _ weekday: Int, _ text: String) throws {
        let local = LocalHour(try #require(Timestamp(rfc3339: moment)), in: zone)
        #expect(local.hour == hour && local.weekday == weekday)
        #expect(local.text(.hour) == text)
        #expect(local.text(.weekday) == "\(weekday), \(LocalHour.dayNames[weekday - 1])")
        #expect(local.value(.hour) == Double(hour) && local.value(.weekday) == Double(weekday))
    }
}
