import Actions
import Guard
import Journal
import Model
import Telling
import Testing

@testable import Cycle
@testable import Views

/// Lists of what a journal holds: silences, marks, actions.
@Suite("Lists of a journal")
struct ListTests {
    private static func silence(_ id: String, minutes: Int) -> Silence {
        Silence(
            id: id, match: IncidentMatch(incident: "a-1"), createdAt: Kept.now - .hours(1), by: "cli:pat", comment: "known",
            until: Kept.now + .minutes(minutes))
    }

    @Test("silences in force and hours of maintenance; those that are over only where all are asked for")
    func silences() throws {
        var state = TellingState()
        _ = state.add(Self.silence("silence-1", minutes: 30))
        _ = state.add(Self.silence("silence-2", minutes: -30))
        let kept = try Kept(TickRecord(states: [StateRow(key: "telling", bytes: state.document.serializedBytes())]))
        try kept.command(Commands.expireSilence, ["silence": "silence-1"])
        try kept.command(Commands.mark, ["name": "v1.42"])
        var settings = TellingSettings()
        settings.maintenance = [
            .init(hours: try #require(Hours("08:00-10:00")), match: IncidentMatch(), comment: "move"),
            .init(hours: try #require(Hours("10:00-11:00")), match: IncidentMatch(), comment: "later"),
        ]
        let json = try SilenceList(kept.journal, settings, all: false, now: Kept.now).document.json
        #expect(json.object?.map(\.key) == ["schema", "silences", "maintenance", "waiting"])
        #expect(json["silences"]?.array?.map { $0["id"]?.string } == ["silence-1"])
        #expect(json["silences"]?[0]?["active"]?.bool == true)
        #expect(json["maintenance"]?.array?.map { $0["name"]?.string } == ["maintenance[0]", "maintenance[1]"])
        #expect(json["maintenance"]?.array?.map { $0["active"]?.bool } == [true, false])
        #expect(json["waiting"]?.int == 1, "what waits for the engine about silences, and nothing else")
        let all = try SilenceList(kept.journal, settings, all: true, now: Kept.now).document.json
        #expect(all["silences"]?.array?.map { $0["active"]?.bool } == [true, false])
    }

    @Test("marks, newest first")
    func marks() throws {
        var state = GuardState()
        for (name, minutes) in [("v1.41", 50), ("v1.42", 10)] {
            state.mark(name, runtime: nil, by: "cli:pat", now: Kept.now - .minutes(minutes))
        }
        let kept = try Kept(TickRecord(states: [StateRow(key: "guard", bytes: state.document.serializedBytes())]))
        let json = try MarkList(kept.journal).document.json
        #expect(json["schema"]?.string == "mozaiks.ops/marks/v1" && json["marks"]?.array?.map { $0["name"]?.string } == ["v1.42", "v1.41"])
        #expect(json["waiting"]?.array?.isEmpty == true)
        let asked = Kept.now - .seconds(5)
        try kept.command(Commands.mark, ["name": "v1.43"], at: asked)
        try kept.command(Commands.mark, ["name": "v1.44", "runtime": "shared"], at: asked)
        try kept.command(Commands.revertAll, [:], at: asked)
        let waiting = try MarkList(kept.journal).document.json["waiting"]?.array
        #expect(waiting?.map { $0["name"]?.string } == ["v1.44", "v1.43"] && waiting?[0]["runtime"] == "shared")
        #expect(waiting?.allSatisfy { $0["by"] == "cli:pat" && $0["at"]?.string == asked.description } == true, "\(waiting ?? [])")
    }

    @Test("of no day is spoken that was not watched")
    func nothingMarked() throws {
        let what = "no deploys, no restarts and no silences"
        #expect(try MarkList(Kept().journal).nothing(at: Kept.now) == "\(what) noted yet")
        let since = Kept.now - .minutes(90)
        let readings = Signal.allCases.map { _ in Evidence.missing(.notTracked) }
        let row = RecordedHistory.Row(minute: since.minute, app: nil, readings: readings, watched: 1)
        let kept = try Kept(TickRecord(minutes: [MinuteRow(runtime: "shared", minute: since.minute, bytes: MinuteBlob.encode([row]))]))
        let list = try MarkList(kept.journal)
        #expect(list.nothing(at: Kept.now) == "\(what) noted; watched since \(since)")
        #expect(list.nothing(at: since + .hours(24)) == "\(what) within a day")
    }

    private static func lease(_ number: Int, _ state: Lease.State) -> Lease {
        Lease(
            id: "lease-\(number)", key: LeaseKey(kind: .pause, runtime: "shared", app: AppID("app-\(number)")), effect: .pause, holders: [],
            createdAt: Kept.now - .minutes(number), expiresAt: Kept.now + .minutes(5), state: state, shadow: false,
            endReason: state == .ended ? "expired" : nil, endedAt: state == .ended ? Kept.now : nil)
    }

    @Test("actions in force with what of them is where; of those that are not listed only what is left at an adapter")
    func leases() throws {
        let (held, over) = (Self.lease(1, .inForce), Self.lease(2, .ended))
        let placements = [held, over].map { lease in
            let placement = Placement(
                lease, adapter: "control-plane", capability: Capability(expiry: .receiver), reason: "asked by noisy-neighbor",
                isApproved: false, now: Kept.now)
            return PlacementRow(
                lease: lease.id, adapter: placement.adapter, isOver: placement.isOver, updatedAt: Kept.now,
                document: placement.document.serialized())
        }
        let kept = try Kept(
            TickRecord(leases: [held, over].map { LeaseRow($0) }, placements: placements))
        let json = try LeaseList(kept.journal, all: false).document.json
        #expect(json.object?.map(\.key) == ["schema", "actions", "left_at_adapters"])
        let actions = try #require(json["actions"]?.array)
        #expect(actions.map { $0["id"]?.string } == ["lease-1"] && actions[0]["adapters"]?.array?.count == 1)
        #expect(json["left_at_adapters"]?.array?.map { $0["lease"]?.string } == ["lease-2"])
        let all = try LeaseList(kept.journal, all: true).document.json
        #expect(all["actions"]?.array?.count == 2 && all["left_at_adapters"] == [])
    }
}
