import Model
import Testing

/// Moments by the clocks of a place.
@Suite struct ZoneTextTests {
    /// Central European time of these years, as a zone file has it.
    private static let berlin = Zone(
        name: "Europe/Berlin", first: 3_600,
        changes: [.init(at: 1_774_746_000, offset: 7_200), .init(at: 1_792_890_000, offset: 3_600)])

    private static func at(_ text: String) -> Timestamp { Timestamp(rfc3339: text) ?? Timestamp(milliseconds: 0) }

    static let cases: [(zone: Zone, moment: String, clock: String, mark: String, text: String)] = [
        (.utc, "2026-11-21T09:00:03.250Z", "09:00:03", "UTC", "2026-11-21T09:00:03.250Z"),
        (berlin, "2026-11-21T09:00:03.250Z", "10:00:03", "Berlin time", "2026-11-21T10:00:03+01:00"),
        (berlin, "2026-07-21T23:30:00.000Z", "01:30:00", "Berlin time", "2026-07-22T01:30:00+02:00"),
        // 02:30 comes twice when clocks go back.
        (berlin, "2026-10-25T00:30:00.000Z", "02:30:00", "Berlin time (+02:00)", "2026-10-25T02:30:00+02:00"),
        (berlin, "2026-10-25T01:30:00.000Z", "02:30:00", "Berlin time (+01:00)", "2026-10-25T02:30:00+01:00"),
        (berlin, "2026-10-25T03:30:00.000Z", "04:30:00", "Berlin time", "2026-10-25T04:30:00+01:00"),
        (Zone(fixed: "+0530") ?? .utc, "2026-11-21T23:00:00.000Z", "04:30:00", "UTC+05:30", "2026-11-22T04:30:00+05:30"),
        (Zone(fixed: "-3") ?? .utc, "2026-11-21T02:00:00.000Z", "23:00:00", "UTC-03:00", "2026-11-20T23:00:00-03:00"),
        (
            Zone(name: "America/Argentina/Buenos_Aires", first: -10_800), "2026-11-21T12:00:00.000Z", "09:00:00", "Buenos Aires time",
            "2026-11-21T09:00:00-03:00"
        ),
    ]

    @Test("clock, mark and text", arguments: cases.indices)
    func moments(index: Int) {
        let (zone, moment, clock, mark, text) = Self.cases[index]
        let at = Self.at(moment)
        #expect(zone.clock(at) == clock && zone.mark(at) == mark && zone.text(at) == text)
        #expect(zone.day(at) == String(text.prefix(10)))
        // Whatever it looks like, it reads back.
        #expect(Timestamp(rfc3339: zone.text(at)).map { abs($0.milliseconds - at.milliseconds) < 1_000 } == true)
    }

    @Test("moments within a sentence, and nothing else")
    func sentences() {
        let berlin = Self.berlin
        #expect("since 2026-11-21T09:20:00.000Z, so".replacingMoments(by: berlin.text) == "since 2026-11-21T10:20:00+01:00, so")
        for text in ["", "T", "2026-11-21T09:20:00.000", "é2026-13-21T09:20:00.000Zé"] {
            #expect(text.replacingMoments(by: berlin.text) == text)
        }
    }
}
