import Model
import Testing

/// Hours, globs and time zones.
@Suite struct HoursTests {
    @Test(
        "hours of days, over midnight",
        arguments: [
            // 2026-11-21 is a Saturday.
            ("22:00-07:00", [], "2026-11-21T21:59:00Z", false), ("22:00-07:00", [], "2026-11-21T22:00:00Z", true),
            ("22:00-07:00", [], "2026-11-21T06:59:59Z", true), ("22:00-07:00", [], "2026-11-21T07:00:00Z", false),
            ("22:00-07:00", ["fri"], "2026-11-21T03:00:00Z", true),
            ("22:00-07:00", ["sat"], "2026-11-21T03:00:00Z", false),
            ("09:00-17:00", ["mon-fri"], "2026-11-20T16:59:00Z", true),
            ("09:00-17:00", ["mon-fri"], "2026-11-21T12:00:00Z", false),
            ("00:00-24:00", ["SAT"], "2026-11-21T23:59:59Z", true),
            ("18:00-00:00", [], "2026-11-21T23:59:59Z", true), ("18:00-00:00", [], "2026-11-21T00:00:00Z", false),
            ("00:00-24:00", ["fri-mon"], "2026-11-22T12:00:00Z", true),
        ] as [(String, [String], String, Bool)])
    func holds(text: String, days: [String], moment: String, expected: Bool) throws {
        let hours = try #require(Hours(text, days: days))
        #expect(hours.holds(try #require(Timestamp(rfc3339: moment)), in: .utc) == expected)
    }

    @Test(
        "what is none",
        arguments: [
            "", "22:00", "22:00-", "22-07", "22:00-22:00", "24:00-07:00", "22:60-07:00", "22:00-25:00", "2:00-3:00",
            "22:00-07:00-08:00", "ab:cd-ef:gh", "22:00 - 07:00",
        ])
    func none(text: String) { #expect(Hours(text) == nil) }

    @Test func daysThatAreNone() {
        for days in [["noday"], ["mon-"], ["mon-tue-wed"], [""], ["-"]] { #expect(Hours(nil, days: days) == nil, "\(days)") }
        #expect(Hours(nil, days: ["sat", "sun"])?.description == "sun,sat")
        #expect(Hours("22:00-07:00")?.description == "22:00-07:00")
        #expect(Hours.always.description == "always")
    }

    @Test("which night it is: the evening's and the morning's are one")
    func nights() throws {
        let hours = try #require(Hours("22:00-07:00"))
        func night(_ text: String) throws -> Int64? { hours.began(try #require(Timestamp(rfc3339: text)), in: .utc) }
        #expect(try night("2026-11-20T23:00:00Z") == night("2026-11-21T06:00:00Z"))
        #expect(try night("2026-11-21T06:00:00Z") != night("2026-11-21T22:00:00Z"))
        #expect(try night("2026-11-21T12:00:00Z") == nil)
    }

    @Test(
        "fixed offsets",
        arguments: [
            ("UTC", 0), ("Z", 0), ("+02:00", 7_200), ("-0330", -12_600), ("+2", 7_200), ("+14:00", 50_400),
        ])
    func fixed(text: String, seconds: Int) {
        #expect(Zone(fixed: text)?.offset(at: Timestamp(milliseconds: 0)) == seconds)
    }

    @Test("an offset in a damaged row that has no positive is refused as any other that is too large", arguments: [.min, .max, 100_000])
    func damaged(seconds: Int64) throws {
        let zone = try #require(Zone(fixed: "+02:00"))
        var object = try #require(zone.document.object)
        object["first"] = .int(seconds)
        #expect(throws: DocumentError.self) { try Zone(DocumentReader(.object(object), document: "zone")) }
    }

    @Test(arguments: ["", "2", "+15", "+2:3", "+aa", "+02:60", "++2", "+", "Europe/Berlin", "+123"])
    func noOffset(text: String) { #expect(Zone(fixed: text) == nil) }

    @Test("a silence as a document, and what is not known in it is refused")
    func documents() throws {
        let match = IncidentMatch(
            severities: [.warning], apps: [Glob("a*")], rules: [Glob("r")], runtimes: [Glob("s")],
            environments: [Glob("p")], labels: ["tier": [Glob("gold"), Glob("silver")]], incident: "i-1")
        let silence = Silence(
            id: "silence-1", match: match, createdAt: Timestamp(milliseconds: 1), by: "dana", comment: "c",
            until: Timestamp(milliseconds: 2), ended: Silence.End(at: Timestamp(milliseconds: 1), by: "x"))
        #expect(try Silence(DocumentReader(silence.document, document: "silence")) == silence)
        let more: JSON = ["app": ["a"], "apps": ["b"]]
        #expect(throws: DocumentError.self) { try IncidentMatch(DocumentReader(more, document: "match")) }
    }
}
