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

/// What charts and history say while nothing is read any more, and before anything is on record.
@Suite("Charts of an outage")
struct OutageChartTests {
    private static let now = World.start.minute
    private static let heard = World.start - .seconds(100)
    private static let lost: [Endpoint: MissingReason] = [
        .health: .unreachable, .activeRuns: .notTracked, .perf: .unreachable, .events: .unreachable,
    ]

    /// Read until 08:58:20; the minute before is the last on record.
    private func world(_ sight: StateRow) throws -> World {
        let world = try World()
        try world.engine.commitTick(
            TickRecord(
                states: [sight],
                minutes: (3...10).reversed().map { back in
                    ChartTests.minute(
                        Self.now - back,
                        [.activeRuns: .value(20), .websockets: .value(22), .errorRate: .missing(.deadCounter), .up: .value(1)])
                }))
        return world
    }

    /// The first page of a world that is there until it was made.
    private func page(_ world: World, _ path: String = "/") -> String {
        withExtendedLifetime(world) { world.face().get(path).text }
    }

    @Test("the head of a chart says since when nothing is read, and why, and no last value stands for now")
    func head() throws {
        let dark = try page(world(World.sight(missing: Self.lost, heardAt: [.perf: Self.heard, .health: Self.heard])))
        let words = "nothing read since 08:58:20 (1m40s ago): the runtime gave no answer"
        #expect(dark.contains("Concurrent runs by app: <strong>\(words)</strong>"), "\(dark.suffix(9_000))")
        #expect(dark.contains("Active websockets: <strong>\(words)</strong>"))
        #expect(dark.contains("08:59:00 to 09:00:00: the runtime gave no answer"), "the gap begins where evidence ended")
        #expect(!dark.contains("<strong>20</strong>") && !dark.contains("<strong>22</strong>") && PageTests.faults(dark).isEmpty)
        #expect(
            dark.contains("08:58:00 to 08:59:00: not on record yet") && dark.contains("<summary>no evidence for 1m, 1m not on record yet"))
        #expect(dark.contains("<rect class=\"unwritten\""), "what is read and not written yet is no zero in a stack")
        let well = try page(world(World.sight()))
        #expect(!well.contains("not on record yet"), "the chart ends where the record does")
        #expect(
            well.contains("Concurrent runs by app: <strong>20</strong> <span class=\"faint\">as of 08:58:00, 20 to 20 ·"),
            "of when the newest value is")
        #expect(well.contains("Concurrent runs by app: <strong>20</strong>") && !well.contains("nothing read since"))
        // What one endpoint does not say the others do.
        let half = try page(world(World.sight(missing: [.perf: .unauthorized, .activeRuns: .notTracked], heardAt: [.perf: Self.heard])))
        #expect(half.contains("Concurrent runs by app: <strong>nothing read since 08:58:20 (1m40s ago): the runtime refused our token"))
        #expect(half.contains("Active websockets: <strong>22</strong>"))
        #expect(half.contains("08:58:00 to 09:00:00: not on record yet"), "what is still read goes on")
        // A time that is over tells of then.
        let then = try page(
            world(World.sight(missing: Self.lost, heardAt: [.perf: Self.heard])), "/?from=2026-11-21T08:45&to=2026-11-21T08:58")
        #expect(then.contains("Concurrent runs by app: <strong>20</strong>"))
    }

    @Test("where a health check says no without its figures, no last value stands for now, and nothing is said to be untracked")
    func leftOut() throws {
        let row = World.sight()
        let said = String(decoding: try #require(row.bytes), as: UTF8.self).replacing(
            bytesOf: "\"healthy\":true", with: "\"healthy\":false")
        let text = try page(world(StateRow(key: row.key, bytes: Array(said.utf8))))
        #expect(text.contains("Active websockets: <strong>no figure now: the health check says no</strong>"), "\(text.suffix(9_000))")
        #expect(text.contains("Concurrent runs by app: <strong>20</strong>"), "what other answers tell goes on")
        let world = try World()
        try world.engine.commitTick(
            TickRecord(
                states: [World.sight()],
                minutes: [Evidence.value(22), .missing(.notTracked), .value(22)].enumerated().map { place, websockets in
                    ChartTests.minute(Self.now - 5 + Int64(place), [.websockets: websockets])
                }))
        #expect(world.face().get("/").text.contains("08:56:00 to 08:57:00: it was not in the answers"))
    }

    @Test(
        "what is on record ends before now: a gap at its end is told with its end, of what takes several answers and of what is back",
        arguments: [(MissingReason.stale, "an answer that it takes is too old"), (.unreachable, "the runtime gave no answer")])
    func partly(_ reason: MissingReason, _ why: String) throws {
        let world = try World()
        let minutes = [Evidence.value(20), .missing(reason), .missing(reason), .missing(reason)].enumerated().map { place, runs in
            ChartTests.minute(Self.now - 6 + Int64(place), [.activeRuns: runs, .websockets: .value(22)])
        }
        try world.engine.commitTick(TickRecord(states: [World.sight()], minutes: minutes))
        let text = world.face().get("/").text
        #expect(
            text.contains("Concurrent runs by app: <strong>no figure from 08:55:00 to 08:58:00: \(why)</strong>"),
            "\(text.suffix(9_000))")
    }

    @Test(
        "a minute in which nobody looked is a gap, though readings hold for a while; not so where less often is polled",
        arguments: [([Int64(10_000), 20_000], true), ([30_000], true), ([45_000], false), ([300_000], false), ([], false)])
    func unwatched(_ intervals: [Int64], _ isGap: Bool) throws {
        let world = try World()
        let minutes = (3...6).reversed().map { back in
            var readings = Signal.allCases.map { _ in Evidence.missing(.notTracked) }
            for signal in [Signal.activeRuns, .websockets] { readings[Int(signal.rawValue)] = .value(20) }
            var watch = WatchMinute()
            watch.heard = back == 5 ? 0 : 1
            watch.intervals = intervals
            let row = RecordedHistory.Row(minute: Self.now - Int64(back), app: nil, readings: readings, watched: 1, watch: watch)
            return MinuteRow(runtime: "shared", minute: row.minute, bytes: MinuteBlob.encode([row]))
        }
        try world.engine.commitTick(TickRecord(states: [World.sight()], minutes: minutes))
        #expect(world.face().get("/").text.contains("08:55:00 to 08:56:00: nobody looked") == isGap)
        let answer = try world.face().get("/api/v1/history?runtime=shared&signal=websockets&since=10m").json()
        let points = answer["series"]?[0]?["points"]?.array ?? []
        #expect(points.map { $0["value"]?.double } == [20, isGap ? nil : 20, 20, 20], "\(answer)")
        #expect(points.dropFirst().first?["missing"]?.string == (isGap ? "too_little_data" : nil))
    }

    @Test("of figures that were never there in a time every reason is told, and not the newest for all of it")
    func reasons() throws {
        let world = try World()
        let whys: [MissingReason] = [.deadCounter, .deadCounter, .unreachable, .unreachable]
        try world.engine.commitTick(
            TickRecord(
                states: [World.sight()],
                minutes: whys.enumerated().map { place, why in
                    ChartTests.minute(
                        Self.now - 6 + Int64(place), [.activeRuns: .value(3), .errorRate: .missing(why), .cost: .missing(.deadCounter)])
                }))
        let text = world.face().get("/").text
        #expect(
            text.contains(
                "No evidence in that time of error_rate: this runtime never moves that counter; then the runtime gave no answer</p>"),
            "\(text.suffix(6_000))")
        #expect(text.contains("cost: this runtime never moves that counter</p>"))
    }

    @Test(
        "all that happened is counted, though not all of it is drawn; where more happened than was looked at, that is said",
        arguments: [(60, "60 things happened", "and 48 earlier"), (210, "more than 200 things happened", "and more than 188 earlier")])
    func counted(_ count: Int, _ happened: String, _ earlier: String) throws {
        let world = try World()
        try world.engine.commitTick(
            TickRecord(minutes: (2...20).reversed().map { ChartTests.minute(Self.now - Int64($0), [.activeRuns: .value(3)]) }))
        try world.commit((1...count).map { World.incident($0) }, states: [World.sight()])
        let text = world.face().get("/").text
        #expect(text.contains("<summary>\(happened)</summary>") && text.contains("<p>\(earlier)</p>"), "\(text.suffix(6_000))")
        #expect(text.split(separator: "<line class=\"event incident\"").count - 1 == 40, "more would be a hedge")
        // What came after a time takes nothing away from it.
        let before = world.face().get("/?from=2026-11-21T08:38&to=2026-11-21T08:44").text
        #expect(before.contains("<summary>39 things happened</summary>"), "\(before.suffix(6_000))")
    }

    @Test("the history has the reason of the outage at once, and of a dead counter that it is dead")
    func series() throws {
        let world = try world(World.sight(missing: Self.lost, heardAt: [.perf: Self.heard, .health: Self.heard]))
        let answer = try world.face().get("/api/v1/history?runtime=shared&signal=active_runs,websockets,error_rate,up&since=10m").json()
        func points(_ name: String) -> [String] {
            let series = answer["series"]?.array?.first { $0["series"]?.string == name }
            return (series?["points"]?.array ?? []).suffix(2).map { point in
                let clock = point["at"]?.string?.dropFirst(11).prefix(5) ?? ""
                return "\(clock) \(point["value"]?.double.map { "\(Int($0))" } ?? point["missing"]?.string ?? "-")"
            }
        }
        // The minute in which evidence ended is on record once no answer can come late.
        #expect(points("active_runs") == ["08:57 20", "08:59 unreachable"], "\(answer)")
        #expect(points("websockets") == ["08:57 22", "08:59 unreachable"])
        #expect(points("error_rate") == ["08:57 dead_counter", "08:59 dead_counter"])
        #expect(points("up") == ["08:56 1", "08:57 1"], "that nobody answers is something to read")
    }

    @Test("a minute of which nothing was read is a gap also once it is on record, and what is still counted is none")
    func recorded() throws {
        let world = try World()
        try world.engine.commitTick(
            TickRecord(
                states: [World.sight()],
                minutes: [
                    ChartTests.minute(Self.now - 6, [.activeRuns: .value(20)], apps: [("a", 20)]),
                    ChartTests.minute(Self.now - 5, [.activeRuns: .value(20)], apps: [("a", 20)], chatsMissing: .unreachable),
                    ChartTests.minute(Self.now - 4, [.activeRuns: .value(7)], chatsMissing: .error(status: 500)),
                    ChartTests.minute(Self.now - 3, [.activeRuns: .value(3)], apps: [("a", 3)]),
                ]))
        let answer = try world.face().get("/api/v1/history?runtime=shared&signal=active_runs&since=10m").json()
        let points = answer["series"]?[0]?["points"]?.array ?? []
        #expect(points.map { $0["value"]?.double } == [20, nil, 7, 3], "\(answer)")
        #expect(points.count > 1 && points[1]["missing"]?.string == "unreachable")
        #expect(world.face().get("/").text.contains("08:55:00 to 08:56:00: the runtime gave no answer"))
    }

    @Test("before the first minute is over that is said, and not that nothing is kept")
    func beginning() throws {
        let world = try World()
        try world.commit([], states: [World.sight()])
        let young = world.face(at: StandingClock(moment: World.start + .seconds(30))).get("/").text
        #expect(young.contains("the first minute is not on record yet.") && !young.contains("Nothing is kept"), "\(young.suffix(6_000))")
        #expect(world.face().get("/?from=2026-11-20T08:00&to=2026-11-20T09:00").text.contains("Nothing is kept of that time."))
        let deaf = try World()
        try deaf.commit([], states: [World.sight(missing: Self.lost)])
        #expect(deaf.face().get("/").text.contains("and nothing was read yet: the runtime gave no answer."))
    }

    @Test("when evidence ended is kept with what was seen, and missing in what monitors wrote before")
    func kept() throws {
        let bytes = try #require(World.sight(missing: Self.lost, heardAt: [.perf: Self.heard]).bytes)
        let sight = try RuntimeSight(DocumentReader(JSON(parsing: bytes), document: "sight"))
        #expect(sight.summary.replicas[0].heardAt == [.perf: Self.heard])
        let now = World.start
        #expect(Blackout(of: .activeRuns, in: sight, now: now)?.since == Self.heard)
        #expect(Blackout(of: .websockets, in: sight, now: now) == nil, "since when is not known")
        #expect(Blackout(of: .up, in: sight, now: now) == nil && Blackout(of: .activeRuns, in: sight, now: now + .minutes(4)) == nil)
        let before = String(decoding: bytes, as: UTF8.self).replacing(bytesOf: "last_evidence_at", with: "x")
        let old = try RuntimeSight(DocumentReader(JSON(parsing: Array(before.utf8)), document: "sight"))
        #expect(old.summary.replicas[0].heardAt.isEmpty && old.summary.replicas[0].missing == Self.lost)
    }
}
