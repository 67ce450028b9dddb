import Model
import Policy
import TestKit
import Testing

@testable import Collector
@testable import Cycle

/// A host beside a runtime goes the same way: to its own incidents, on tapes and back, and takes nothing from the runtime.
@Suite struct BesideTests {
    private static let start = Timestamp(milliseconds: 1_796_050_800_000)

    private static var settings: MonitorSettings {
        var settings = MonitorSettings()
        settings.runtimes = [
            WatchedRuntime(name: "shared", replicas: ["http://127.0.0.1:8000"]),
            WatchedRuntime(name: "this", kind: .host, replicas: ["/proc"], labels: ["rack": "b12"]),
        ]
        return settings
    }

    private static func look(free: Int64, at: Timestamp) -> Observation {
        var view = HostView()
        view.cores = 2
        view.memory = HostView.Space(used: 40, all: 100)
        view.oomKills = 0
        view.mounts = [.init(path: "/", space: .init(used: 100 - free, all: 100))]
        return Observation(
            at: at, runtime: "this", replica: "/proc", endpoint: .host, elapsedMilliseconds: 2,
            outcome: .answer(Observation.Answer(look: HostDocument.json(view))))
    }

    /// A disk that runs full and is cleared; each look with its tick, as a tape has them.
    private static var lines: [TapeLine] {
        (0..<180).flatMap { step -> [TapeLine] in
            let at = start + .seconds(10) * Int64(step)
            let free: Int64 = step < 30 ? 40 : step < 90 ? 8 : step < 120 ? 2 : 50
            return [.exchange(look(free: free, at: at)), .tick(at: at, runtime: "this", count: Int64(step + 1))]
        }
    }

    @Test func aDiskThatRunsFullIsToldOfTheHost() {
        var replay = TapeReplay(settings: Self.settings, policies: .embeddedDefault, followsTape: false)
        var opened: [String] = []
        for line in Self.lines {
            guard let result = replay.take(line) else { continue }
            for change in result.outcome.changes where change.kind == .opened {
                opened.append(
                    "\(change.incident.rule) on \(change.incident.subject) after \((result.now - Self.start).milliseconds / 1_000) s")
                #expect(change.incident.labels["rack"] == "b12")
            }
            #expect(result.plan.leaseChanges.isEmpty)
            #expect(result.readings.kind == .host)
        }
        #expect(opened == ["host-disk on host this after 600 s", "host-disk-full on host this after 960 s"])
        #expect(replay.pipeline.openIncidents.isEmpty, "there is room again")
    }

    @Test func theTapeSaysTheSame() throws {
        let folder = TemporaryFolder()
        let header = TapeHeader(interval: .seconds(10), runtimes: Self.settings.runtimes)
        let writer = try TapeWriter(path: folder.path("a.tape"), header: header)
        var live = TapeReplay(settings: Self.settings, policies: .embeddedDefault, followsTape: false)
        var lived: [String] = []
        for line in Self.lines {
            try writer.write(line)
            if let result = live.take(line) { lived += result.incidents.map { $0.document.serialized() } }
        }
        var reader = try TapeReader(path: folder.path("a.tape"))
        #expect(reader.header.runtimes.map(\.kind) == [.runtime, .host])
        var settings = Self.settings
        settings.follow(reader.header)
        var replay = TapeReplay(settings: settings, policies: .embeddedDefault, followsTape: false)
        var replayed: [String] = []
        while let line = try reader.next() {
            if let result = replay.take(line) { replayed += result.incidents.map { $0.document.serialized() } }
        }
        #expect(replayed == lived && !lived.isEmpty)
    }

    @Test func aKindThatIsNotKnownIsAnError() throws {
        let folder = TemporaryFolder()
        folder.write(
            #"{"schema":"mozaiks.ops/tape/v1","interval_ms":10000,"runtimes":{"x":{"replicas":[],"kind":"planet"}}}"# + "\n", to: "a.tape")
        #expect(throws: TapeError.self) { _ = try TapeReader(path: folder.path("a.tape")) }
    }

    @Test func ofAHostOneThingIsRead() {
        let pipeline = Pipeline(settings: Self.settings, policies: .embeddedDefault)
        let due = pipeline.due("this", now: Self.start)
        #expect(due.map(\.replica) == ["/proc"] && due.map(\.endpoints) == [[.host]])
        #expect(pipeline.due("shared", now: Self.start)[0].endpoints.contains(.health))
    }

    @Test func whereNoHostIsWatchedItsRulesJudgeNothing() throws {
        var settings = Self.settings
        settings.runtimes.removeLast()
        var pipeline = Pipeline(settings: settings, policies: .embeddedDefault)
        let tick = pipeline.tick("shared", now: Self.start)
        let result = try #require(tick)
        #expect(result.readings.subjects(.host).isEmpty && result.readings.subjects(.service).isEmpty)
        #expect(result.readings.subjects(.runtime) == [.runtime("shared")])
        #expect(result.outcome.standings.isEmpty)
    }

    @Test func aReportIsOfItsKind() throws {
        var pipeline = Pipeline(settings: Self.settings, policies: .embeddedDefault)
        for step in 0..<2 { pipeline.take(Self.look(free: 40, at: Self.start + .seconds(10) * Int64(step))) }
        let tick = pipeline.tick("this", now: Self.start + .seconds(10))
        let result = try #require(tick)
        let report = try #require(pipeline.report(result))
        #expect(report.summary.kind == .host)
        let names = report.runtimeReadings.map(\.series.signal.name)
        #expect(names.contains("disk_free") && names.contains("up") && !names.contains("active_runs") && !names.contains("latency"))
    }

    // MARK: - What explains what

    private static let explaining = """
        schema: mozaiks.ops/policy/v1
        ops_policy: default
        mode: observe
        rules:
          full: {subject: host, when: memory > 90%, severity: critical, suppresses: [gone]}
          gone: {subject: runtime, when: up == 0, severity: critical}
        """

    /// The host's memory and the runtime's silence, each with its tick; the runtime's is returned.
    private static func outage(_ settings: MonitorSettings, memory: Int64) throws -> (pipeline: Pipeline, tick: TickResult) {
        let policies = try PolicyLoader.load(
            files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(explaining.utf8))]
        ).get()
        var pipeline = Pipeline(settings: settings, policies: policies)
        var view = HostView()
        view.cores = 2
        view.memory = HostView.Space(used: memory, all: 100)
        pipeline.take(
            Observation(
                at: start, runtime: "this", replica: "/proc", endpoint: .host, elapsedMilliseconds: 2,
                outcome: .answer(Observation.Answer(look: HostDocument.json(view)))))
        _ = pipeline.tick("this", now: start)
        for endpoint in Endpoint.whole {
            pipeline.take(
                Observation(
                    at: start, runtime: "shared", replica: "http://127.0.0.1:8000", endpoint: endpoint, elapsedMilliseconds: 2,
                    outcome: .failure(.refused, detail: "connection refused")))
        }
        let tick = pipeline.tick("shared", now: start)
        return (pipeline, try #require(tick))
    }

    @Test func aHostKeepsQuietWhatIsSeenOfWhatRunsThere() throws {
        var settings = Self.settings
        settings.runtimes[1].carries = ["shared"]
        let (pipeline, tick) = try Self.outage(settings, memory: 95)
        #expect(tick.outcome.standings.map(\.suppressedBy) == ["full"])
        #expect(tick.outcome.changes.isEmpty)
        #expect(pipeline.openIncidents.map(\.rule) == ["full"])
        #expect(pipeline.engine.suppressions(of: "shared").map(\.cause) == ["full"])
    }

    @Test func ofWhatRunsElsewhereItExplainsNothing() throws {
        let (pipeline, tick) = try Self.outage(Self.settings, memory: 95)
        #expect(tick.outcome.changes.map(\.incident.rule) == ["gone"])
        #expect(Set(pipeline.openIncidents.map(\.rule)) == ["full", "gone"])
    }

    @Test func aHostThatIsWellExplainsNothing() throws {
        var settings = Self.settings
        settings.runtimes[1].carries = ["shared"]
        let (pipeline, _) = try Self.outage(settings, memory: 50)
        #expect(pipeline.openIncidents.map(\.rule) == ["gone"])
    }

    @Test func theIncidentSaysWhatWasFoundAndWhatIsOpenOfTheMachine() throws {
        var settings = Self.settings
        settings.runtimes[1].carries = ["shared"]
        var replay = TapeReplay(settings: settings, policies: .embeddedDefault, followsTape: false)
        for line in Self.lines.prefix(2 * 100) { replay.take(line) }
        let full = try #require(replay.pipeline.openIncidents.first { $0.rule == "host-disk-full" })
        #expect(full.handling.map(\.text).contains("memory 40 %, 2 % free on /"), "\(full.handling.map(\.text))")
        // The runtime goes down meanwhile.
        for step in 0..<12 {
            let at = Self.start + .seconds(1_000) + .seconds(10) * Int64(step)
            for endpoint in Endpoint.whole {
                replay.take(
                    .exchange(
                        Observation(
                            at: at, runtime: "shared", replica: "http://127.0.0.1:8000", endpoint: endpoint, elapsedMilliseconds: 2,
                            outcome: .failure(.refused, detail: "connection refused"))))
            }
            replay.take(.tick(at: at, runtime: "shared", count: Int64(step + 1)))
        }
        let down = try #require(replay.pipeline.openIncidents.first { $0.rule == "runtime-down" })
        let notes = down.handling.map(\.text).filter { $0.hasPrefix("on the machine that it runs on: ") }
        #expect(notes.count == 1 && notes[0].contains("host-disk-full of host this since "), "\(down.handling.map(\.text))")
    }
}
