import JSONParsing
import Journal
import Model
import Server
import Signals
import TestKit
import Testing
import Views

@testable import Cycle
@testable import Web

/// `/api/v1/history`: any signal, of a runtime or an app, in steps, with gaps as gaps.
@Suite("History by steps")
struct SignalPastTests {
    private static let now = World.start.minute

    private func world(_ minutes: [(back: Int64, runs: Evidence, apps: [(String, Int32)])]) throws -> World {
        let world = try World()
        let rows = minutes.map { minute in
            ChartTests.minute(
                Self.now - minute.back, [.activeRuns: minute.runs], apps: minute.apps,
                chatsMissing: minute.runs.reason)
        }
        try world.engine.commitTick(TickRecord(states: [World.sight()], minutes: rows))
        return world
    }

    private func points(_ answer: JSON, _ series: String) -> [JSON] {
        answer["series"]?.array?.first { $0["series"]?.string == series }?["points"]?.array ?? []
    }

    @Test(
        "a step is the mean of the minutes that have a value, or what else is asked for",
        arguments: [
            ("mean", [3, 7]), ("max", [4, 9]), ("min", [2, 5]), ("last", [4, 9]),
        ])
    func steps(fold: String, values: [Double]) throws {
        // 08:50 and 08:55 begin steps of five minutes.
        let world = try world([
            (10, .value(2), []), (9, .missing(.unreachable), []), (6, .value(4), []), (5, .value(5), []), (4, .value(9), []),
            (2, .missing(.unauthorized), []),
        ])
        let answer = try world.face().get("/api/v1/history?runtime=shared&signal=active_runs&step=5m&of=\(fold)").json()
        let found = points(answer, "active_runs")
        #expect(found.map { $0["value"]?.double } == values, "\(answer)")
        #expect(found.map { $0["minutes"]?.int } == [2, 2] && found[0]["at"]?.string == "2026-11-21T08:50:00.000Z")
        #expect(answer["step_ms"]?.int == 300_000 && answer["since"]?.string == "2026-11-21T08:00:00.000Z")
    }

    @Test("a step in which nothing was seen is a gap with its reason, never a zero")
    func gaps() throws {
        let world = try world([(15, .value(2), []), (9, .missing(.unreachable), []), (8, .missing(.unauthorized), []), (3, .value(0), [])])
        let answer = try world.face().get("/api/v1/history?runtime=shared&signal=active_runs&step=5m").json()
        let found = points(answer, "active_runs")
        #expect(found.map { $0["value"]?.double } == [2, nil, 0], "\(answer)")
        #expect(found[1]["missing"]?.string == "unauthorized" && found[1]["minutes"]?.int == 0)
    }

    @Test("any signal of an app; idle while somebody looked is zero, and nothing is known where nobody did")
    func apps() throws {
        let world = try world([
            (6, .value(8), [("a", 6), ("b", 2)]), (5, .value(2), [("b", 2)]), (4, .missing(.unreachable), []),
            (2, .value(4), [("a", 1), ("b", 3)]),
        ])
        let answer = try world.face().get("/api/v1/history?runtime=shared&app=a&signal=active_runs,active_runs.share,turn_latency.p95")
            .json()
        #expect(answer["app_id"]?.string == "a")
        let runs = points(answer, "active_runs")
        #expect(runs.map { $0["value"]?.double } == [6, 0, nil, nil, 1], "\(answer)")
        #expect(runs[2]["missing"]?.string == "unreachable" && runs[3]["missing"]?.string == "too_little_data")
        #expect(points(answer, "active_runs.share").map { $0["value"]?.double } == [75, 0, nil, nil, 25])
        #expect(points(answer, "turn_latency.p95").allSatisfy { $0["missing"]?.string != nil })
        #expect(world.face().get("/api/v1/history?runtime=shared&app=nobody").status == 404)
        #expect(world.face().get("/api/v1/history?runtime=shared&app=a&signal=websockets").status == 400, "apps have none")
        // Every signal that apps have can be asked for.
        for info in Signal.table where info.subjects.contains(.app) {
            #expect(world.face().get("/api/v1/history?runtime=shared&app=a&signal=\(info.name)").status == 200, "\(info.name)")
        }
    }

    @Test("the same steps are the same answer, whenever within a step one asks")
    func tags() throws {
        let world = try world([(20, .value(2), []), (9, .value(3), [])])
        let target = "/api/v1/history?runtime=shared&step=15m"
        let tag = try #require(world.face(at: StandingClock(moment: World.start + .seconds(5))).get(target).header("ETag"))
        let later = world.face(at: StandingClock(moment: World.start + .minutes(14)))
        #expect(later.get(target, [("If-None-Match", tag)]).status == 304)
    }

    @Test(
        "what is too much or nonsense is said",
        arguments: [
            "step=90s", "step=0m", "step=25h", "step=x", "of=median", "step=5m&of=mean,max", "since=32d&step=1h", "since=25h",
            "signal=nothing",
            "since=1h&until=2h", "until=2026-11-21T08:00:00Z&since=2026-11-21T08:00:00Z",
        ])
    func nonsense(query: String) throws {
        let world = try world([(5, .value(1), [])])
        let answer = world.face().get("/api/v1/history?runtime=shared&" + query)
        #expect(answer.status == 400, "\(answer.text)")
    }
}
