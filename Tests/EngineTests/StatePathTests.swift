import DecisionKit
import Engine
import Model
import Policy
import Testing

/// One rule on the runtime, `active_runs > 10` held for a minute, cleared after two, observed every ten seconds.
@Suite("State paths")
struct StatePathTests {
    /// A stretch of time and what the observations in it say.
    enum Stretch {
        case high(Int)
        case low(Int)
        case unknown(Int)
        case noTraffic(Int)
        /// Nothing is observed, and nobody looks.
        case silence(Int)
        /// Somebody looks every ten seconds, but nothing new is observed.
        case stale(Int)
    }

    struct Path: Sendable, CustomTestStringConvertible {
        let name: String
        let stretches: [Stretch]
        /// Second, from, to.
        let expected: [String]

        init(_ name: String, _ stretches: [Stretch], _ expected: [String]) {
            self.name = name
            self.stretches = stretches
            self.expected = expected
        }

        var testDescription: String { name }
    }

    static let paths = [
        Path("never true: nothing", [.low(300)], []),
        Path("never known: nothing", [.unknown(300)], []),
        Path("pending => firing", [.high(80)], ["10 inactive>pending", "70 pending>firing"]),
        Path("pending => inactive", [.high(40), .low(20)], ["10 inactive>pending", "50 pending>inactive"]),
        Path(
            "pending => firing => clearing => inactive", [.high(80), .low(140)],
            ["10 inactive>pending", "70 pending>firing", "90 firing>clearing", "210 clearing>inactive"]),
        Path(
            "firing => clearing => firing", [.high(80), .low(60), .high(20)],
            ["10 inactive>pending", "70 pending>firing", "90 firing>clearing", "150 clearing>firing"]),
        Path(
            "an unknown stretch up to max_gap counts as held", [.high(20), .unknown(100), .high(10)],
            ["10 inactive>pending", "130 pending>firing"]),
        Path(
            "a longer gap restarts pending", [.high(20), .unknown(130), .high(70)],
            ["10 inactive>pending", "220 pending>firing"]),
        Path(
            "silence up to max_gap counts as held", [.high(20), .silence(100), .high(10)],
            ["10 inactive>pending", "130 pending>firing"]),
        Path(
            "a longer silence restarts pending", [.high(20), .silence(130), .high(70)],
            ["10 inactive>pending", "220 pending>firing"]),
        Path("no traffic keeps pending", [.high(20), .noTraffic(50)], ["10 inactive>pending"]),
        Path(
            "no traffic counts as false for a firing rule", [.high(80), .noTraffic(140)],
            ["10 inactive>pending", "70 pending>firing", "90 firing>clearing", "210 clearing>inactive"]),
        Path("unknown never resolves", [.high(80), .unknown(3_600)], ["10 inactive>pending", "70 pending>firing"]),
        Path(
            "unknown never ends clearing", [.high(80), .low(20), .unknown(3_600)],
            ["10 inactive>pending", "70 pending>firing", "90 firing>clearing"]),
        Path(
            "a gap restarts clearing", [.high(80), .low(20), .unknown(130), .low(130)],
            ["10 inactive>pending", "70 pending>firing", "90 firing>clearing", "360 clearing>inactive"]),
        Path(
            "an unknown stretch up to max_gap counts as held for clearing",
            [.high(80), .low(20), .unknown(90), .low(20)],
            ["10 inactive>pending", "70 pending>firing", "90 firing>clearing", "210 clearing>inactive"]),
        Path(
            "looking without observing advances nothing", [.high(20), .stale(80), .high(10)],
            ["10 inactive>pending", "110 pending>firing"]),
        Path(
            "looking without observing clears nothing", [.high(80), .low(10), .stale(100)],
            ["10 inactive>pending", "70 pending>firing", "90 firing>clearing"]),
    ]

    static func world() throws -> World {
        try World(
            rules: """
                  busy:
                    subject: runtime
                    when: active_runs > 10
                    for: 1m
                    clear_after: 2m
                    severity: warning
                    summary: Busy.
                """)
    }

    @Test("goes", arguments: paths)
    func path(_ path: Path) throws {
        var world = try StatePathTests.world()
        var seen: [String] = []
        for stretch in path.stretches {
            seen += StatePathTests.run(stretch, &world)
        }
        #expect(seen == path.expected)
    }

    static func run(_ stretch: Stretch, _ world: inout World) -> [String] {
        var seen: [String] = []
        func record(_ outcome: TickOutcome, _ world: World) {
            seen += outcome.transitions.map { "\(world.second($0.at)) \($0.from)>\($0.to)" }
        }
        func observe(_ seconds: Int, _ evidence: Evidence) {
            world.runtime["active_runs"] = evidence
            for (outcome, _) in world.run(seconds) { record(outcome, world) }
        }
        switch stretch {
        case .high(let seconds): observe(seconds, .value(11))
        case .low(let seconds): observe(seconds, .value(10))
        case .unknown(let seconds): observe(seconds, .missing(.unreachable))
        case .noTraffic(let seconds): observe(seconds, .missing(.noTraffic))
        case .silence(let seconds): world.now = world.now + .seconds(Double(seconds))
        case .stale(let seconds):
            for _ in 0..<seconds / 10 {
                world.now = world.now + .seconds(10)
                record(world.evaluate(), world)
            }
        }
        return seen
    }

    @Test(
        "what never fired says for how long it was true, not when that was seen to be over",
        arguments: [(40, "after 30s"), (10, "at the next look")])
    func whyNot(seconds: Int, says: String) throws {
        var world = try StatePathTests.world()
        _ = StatePathTests.run(.high(seconds), &world)
        world.runtime["active_runs"] = .value(10)
        let reasons = world.run(10).flatMap { $0.outcome.transitions.map(\.reason) }
        #expect(reasons == ["condition false \(says), before it held for 1m"])
    }

    @Test("inactive => firing where nothing is to be held; firing => inactive where nothing is to be cleared")
    func immediate() throws {
        var world = try World(
            rules: """
                  busy:
                    subject: runtime
                    when: active_runs > 10
                    for: 0s
                    clear_after: 0s
                    severity: warning
                    summary: Busy.
                """)
        #expect(StatePathTests.run(.high(20), &world) == ["10 inactive>firing"])
        #expect(StatePathTests.run(.low(20), &world) == ["30 firing>inactive"])
    }

    static let dips = [
        Path(
            "a short dip is not held, and does not begin it anew", [.high(40), .low(20), .high(40)],
            ["10 inactive>pending", "90 pending>firing"]),
        Path("a longer one does", [.high(40), .low(40)], ["10 inactive>pending", "80 pending>inactive"]),
        Path(
            "every other poll takes twice as long", (0..<8).flatMap { _ in [Stretch.high(10), .low(10)] },
            ["10 inactive>pending", "130 pending>firing", "140 firing>clearing", "150 clearing>firing", "160 firing>clearing"]),
        Path(
            "what is false more often than true is not waited for", (0..<5).flatMap { _ in [Stretch.high(10), .low(20)] },
            ["10 inactive>pending", "90 pending>inactive", "100 inactive>pending"]),
        Path(
            "a hole ends a dip, too", [.high(40), .low(10), .unknown(130), .high(70)],
            ["10 inactive>pending", "250 pending>firing"]),
    ]

    @Test("dips", arguments: dips)
    func dip(_ path: Path) throws {
        var world = try World(
            rules: """
                  busy:
                    subject: runtime
                    when: active_runs > 10
                    for: 1m
                    dips: 20s
                    severity: warning
                    summary: Busy.
                """)
        var seen: [String] = []
        for stretch in path.stretches {
            seen += StatePathTests.run(stretch, &world)
            // A restart of the monitor in the middle of it changes nothing.
            world.engine = try EngineState(document: world.engine.document)
        }
        #expect(seen == path.expected)
    }

    @Test("max_gap is three effective intervals of the slowest endpoint, at least two minutes")
    func stretchedGap() throws {
        var world = try StatePathTests.world()
        world.clock.setInterval(.seconds(100), of: .perf)
        let stretches: [Stretch] = [.high(20), .silence(280), .high(10)]
        #expect(stretches.flatMap { StatePathTests.run($0, &world) } == ["10 inactive>pending", "310 pending>firing"])
    }

    @Test("a timer counts what all of its evidence covers: the endpoint that lags most")
    func laggingEndpoint() throws {
        var world = try World(
            rules: """
                  mixed:
                    subject: runtime
                    when: active_runs > 10 and websockets > 5
                    for: 1m
                    severity: warning
                    summary: Mixed.
                """)
        world.runtime = ["active_runs": .value(11), "websockets": .value(6)]
        world.tick()
        var fired: [TickOutcome] = []
        for _ in 0..<10 {
            world.now = world.now + .seconds(10)
            world.clock.note(.health, at: world.now)
            fired.append(world.evaluate())
        }
        #expect(fired.allSatisfy { $0.transitions.isEmpty })
        world.clock.note(.perf, at: world.now)
        #expect(world.evaluate().opened.count == 1)
    }

    @Test("a gate that is not read any more holds back no rule that can see without it")
    func goneGate() throws {
        var world = try World(
            rules: """
                  either:
                    subject: runtime
                    when: active_runs > 10 or gate_starts > 60/min
                    for: 1m
                    severity: warning
                    summary: Either.
                  gate-alone:
                    subject: runtime
                    when: gate_starts > 30/min
                    for: 1m
                    severity: warning
                    summary: The gate alone.
                """)
        world.runtime = ["active_runs": .value(11), "gate_starts[5m]": .value(40)]
        world.tick()
        // A pass from cron has no gate: what was read of it stands, and is stale in the end.
        var opened: [String] = []
        for _ in 0..<10 {
            world.now = world.now + .seconds(10)
            world.clock.note(.perf, at: world.now)
            opened += world.evaluate().opened.map(\.rule)
        }
        #expect(opened == ["either"])
        world.clock.note(.gate, at: world.now)
        #expect(world.evaluate().opened.map(\.rule) == ["gate-alone"])
    }

    @Test("the engine's now never runs backwards")
    func monotonic() throws {
        var world = try StatePathTests.world()
        world.tick()
        let later = world.now
        world.now = World.start - .hours(1)
        #expect(world.evaluate().now == later)
    }

    @Test("what was not known of the time that something held is told")
    func blind() throws {
        var world = try World(rules: "  x: {subject: runtime, when: active_runs > 10, for: 1m, severity: info, summary: s}")
        world.runtime["active_runs"] = .value(20)
        world.run(20)
        world.runtime["active_runs"] = .missing(.unreachable)
        world.run(60)
        world.runtime["active_runs"] = .value(20)
        let reasons = world.run(10).flatMap(\.outcome.transitions).map(\.reason)
        #expect(reasons == ["condition true for 1m20s, not known for 1m10s of it"])
    }
}
