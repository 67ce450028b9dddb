import Ambient
import Model
import TestKit
import Testing

@testable import Configuration

/// Time zones of the machine's files.
@Suite struct ZoneFileTests {
    @Test(
        "as `TZ=… date` says on this machine",
        arguments: [
            ("Europe/Berlin", "2026-03-29T00:59:59Z", 3_600), ("Europe/Berlin", "2026-03-29T01:00:00Z", 7_200),
            ("Europe/Berlin", "2026-10-25T00:59:59Z", 7_200), ("Europe/Berlin", "2026-10-25T01:00:00Z", 3_600),
            // Beyond what the file lists: by its rule.
            ("Europe/Berlin", "2070-07-01T00:00:00Z", 7_200), ("Europe/Berlin", "2070-12-01T00:00:00Z", 3_600),
            ("America/New_York", "2026-07-01T00:00:00Z", -14_400), ("America/New_York", "2060-01-01T00:00:00Z", -18_000),
            ("Australia/Sydney", "2060-01-01T00:00:00Z", 39_600), ("Australia/Sydney", "2060-07-01T00:00:00Z", 36_000),
            ("Asia/Kolkata", "2050-01-01T00:00:00Z", 19_800), ("Asia/Kolkata", "1900-01-01T00:00:00Z", 19_270),
            ("Europe/Dublin", "2060-07-01T00:00:00Z", 3_600), ("Europe/Dublin", "2060-01-01T00:00:00Z", 0),
        ] as [(String, String, Int)])
    func offsets(name: String, moment: String, seconds: Int) throws {
        let zone = try ZoneFile.zone(name, in: Environment([:]))
        #expect(zone.name == name)
        #expect(zone.offset(at: try #require(Timestamp(rfc3339: moment))) == seconds)
    }

    @Test("hours follow the clock on the wall when it is put forward and back")
    func summerTime() throws {
        let zone = try ZoneFile.zone("Europe/Berlin", in: Environment([:]))
        let hours = try #require(Hours("02:00-04:00"))
        func minutes(_ day: String) throws -> Int {
            let start = try #require(Timestamp(rfc3339: "\(day)T00:00:00Z")) - .hours(2)
            return (0..<(24 * 60)).count { hours.holds(start + .minutes($0), in: zone) }
        }
        #expect(try minutes("2026-03-29") == 60)
        #expect(try minutes("2026-06-01") == 120)
        #expect(try minutes("2026-10-25") == 180)
    }

    @Test(
        "no names of zones",
        arguments: [
            "", "/etc/passwd", "../../etc/passwd", "Europe/../../../etc/passwd", "Europe/Nowhere", "Europe", "a b",
            "posixrules\u{0}", "+99",
        ])
    func noZone(text: String) {
        #expect(throws: ZoneFile.Failure.self) { try ZoneFile.zone(text, in: Environment([:])) }
    }

    @Test("every cut and many a changed byte of a file are refused or read, never more")
    func hostileBytes() throws {
        let bytes = try FileReading.bytes("/usr/share/zoneinfo/Europe/Berlin", limit: 1 << 20)
        #expect(ZoneFile.parse(bytes, name: "x") != nil)
        for count in 0..<bytes.count { #expect(ZoneFile.parse(Array(bytes[..<count]), name: "x") == nil, "\(count)") }
        for place in 0..<bytes.count {
            var changed = bytes
            changed[place] = 0xFF
            let zone = ZoneFile.parse(changed, name: "x")
            _ = zone?.offset(at: Timestamp(milliseconds: 1_795_251_600_000))
        }
        #expect(ZoneFile.parse(Array("not a zone file at all".utf8), name: "x") == nil)
    }

    @Test(
        "rules that are none",
        arguments: ["", "C", "CET", "CET-25", "CET-1CEST", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.5.0", "<-03", "X3Y4Z5"])
    func noRule(text: String) { #expect(PosixZone.parse(text) == nil) }

    @Test func rules() {
        #expect(PosixZone.parse("<-03>3") == Zone.Tail(offset: -10_800))
        #expect(PosixZone.parse("IST-5:30")?.offset == 19_800)
        #expect(PosixZone.parse("EST5EDT,J60/0,300/1:30")?.summer?.begins == Zone.YearlyMoment(day: .julian(60), seconds: 0))
    }
}
