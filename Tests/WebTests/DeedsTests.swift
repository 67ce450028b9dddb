import Guard
import JSONParsing
import Journal
import Model
import Signals
import TestKit
import Testing
import Views

import struct Journal.MinuteRow

@testable import Cycle
@testable import Web

/// What is being done, and lines that are told apart.
@Suite("Deeds and lines")
struct DeedsTests {
    private static func lease(_ number: Int, _ kind: String, until minutes: Int) -> LeaseRow {
        let (created, ends) = (World.start - .minutes(2), World.start + .minutes(minutes))
        let document: JSON = [
            "schema": "mozaiks.ops/lease/v1", "id": .string("lease-\(number)"), "action": .string(kind), "runtime": "shared",
            "app_id": .string("app-\(number)"), "state": "in_force", "shadow": false, "created_at": .moment(created),
            "expires_at": .moment(ends), "extensions": 0, "holders": .array([]), "end_reason": .null, "ended_at": .null,
        ]
        return LeaseRow(
            id: "lease-\(number)", key: LeaseKey(kind: .pause, runtime: "shared", app: AppID("app-\(number)")), state: .inForce,
            shadow: false, createdAt: created, expiresAt: ends, endedAt: nil, document: document.serialized())
    }

    @Test(
        "many actions of one kind are told as one at the top, and each below",
        arguments: [
            ([10, 10, 10, 10, 10, 10], "for 6 apps of shared, until 09:10:00"),
            ([10, 10, 30, 10, 10, 10], "for 6 apps of shared, until 09:10:00 at the earliest"),
            ([10, 10, 10, 10], "and 1 more"),
        ])
    func deeds(minutes: [Int], words: String) throws {
        let world = try World()
        try world.engine.commitTick(
            TickRecord(
                states: [World.sight()],
                leases: minutes.enumerated().map { Self.lease($0 + 1, "pause", until: $1) }))
        let text = world.face().get("/").text
        let end = try #require(text.firstIndex(ofBytes: "<section id=\"open\""))
        #expect(text[..<end].contains(bytesOf: words + "</"), "\(text[..<end])")
        #expect(text[..<end].contains(bytesOf: "apps of shared") == (minutes.count > 4))
        #expect(text[end...].contains(bytesOf: "for app-6, until 09:10:00") == (minutes.count > 5), "each has its card")
        #expect(PageTests.faults(text).isEmpty)
    }

    @Test("that nothing holds an app to what is in force stands with it on every page, also once the incident is over")
    func unasked() throws {
        let world = try World()
        var incident = World.incident(1, resolved: true)
        incident.handling = [HandlingNote(at: World.start, kind: .leaseInForce, by: "gate", text: "until later (lease-1): asked")]
        let lease = Lease(
            id: "lease-1", key: LeaseKey(kind: .pause, runtime: "shared", app: AppID("app-clinic")), effect: .pause,
            holders: [Lease.Holder(incident: incident.id, effect: .pause, ttl: .minutes(10))], createdAt: World.start,
            expiresAt: World.start + .minutes(10), state: .inForce, shadow: false,
            endReason: nil, endedAt: nil)
        try world.engine.commitTick(
            TickRecord(
                states: [World.sight()], incidents: [IncidentRow(incident, updatedAt: World.start)], leases: [LeaseRow(lease)]))
        for target in ["/", "/incidents/0000000000000001"] {
            let text = world.face().get(target).text
            #expect(
                text.contains("has asked it about app-clinic since it began, so nothing holds it back</p>"),
                "\(target): \(text.suffix(6_000))")
        }
    }

    @Test("of several lines each has a key that is drawn as it is, and none that of thresholds")
    func keys() throws {
        let world = try World()
        var readings = Signal.allCases.map { _ in Evidence.missing(.notTracked) }
        for signal in [Signal.pressureCPU, .pressureMemory, .pressureIO] { readings[Int(signal.rawValue)] = .value(3) }
        var watch = WatchMinute()
        watch.heard = 1 << Endpoint.host.rawValue
        watch.intervals = [10_000]
        let rows = (2...4).reversed().map { back in
            let row = RecordedHistory.Row(
                minute: World.start.minute - Int64(back), app: nil, readings: readings, watched: 1, watch: watch)
            return MinuteRow(runtime: "this", minute: row.minute, bytes: MinuteBlob.encode([row]))
        }
        try world.engine.commitTick(TickRecord(states: [World.sight("this", kind: .host)], minutes: rows))
        let text = world.face().get("/").text
        for place in 0...2 {
            #expect(text.contains("<span class=\"key l\(place)\" aria-hidden=\"true\">"), "\(place): \(text.suffix(6_000))")
            #expect(text.contains("<polyline class=\"l\(place)\""))
            #expect(
                PageStyle.text.description.contains(".plot .l\(place){") && PageStyle.text.description.contains(".key.l\(place){"),
                "the line has its key")
        }
    }

    @Test("without scripts nothing is left of the button that they show")
    func footer() throws {
        let world = try World()
        let text = world.face().get("/").text
        #expect(!text.contains("</button> ·") && text.contains("id=\"show-keys\" hidden>Keys</button></footer>"))
    }
}
