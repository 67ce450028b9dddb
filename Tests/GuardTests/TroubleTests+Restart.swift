import DecisionKit
import Engine
import Model
import Policy
import Testing
@testable import Guard

/// The process restarts.
extension TroubleTests {
    @Test("in force when the process died: stays so for the quiet time, and nobody else is acted upon")
    func carried() throws {
        var world = try TroubleTests.world(TroubleTests.asking[0])
        world.load(9)
        let lease = try #require(world.tick().plan.leaseChanges.first?.lease)
        // It holds, so that nothing asks for more of it.
        world.load(0)
        world.run(14 * 60)
        world.context.restartedAt = world.now + .seconds(10)
        world.load(0)
        let plans = world.run(60).map(\.plan)
        #expect(plans.flatMap(\.leaseChanges).map(\.reason) == [LeaseChange.acrossRestart])
        let carried = try #require(world.guardian.leases.first { $0.id == lease.id })
        #expect(carried.expiresAt == (world.context.restartedAt ?? world.now) + .minutes(10))
        world.runs("b", 9)
        #expect(world.tick().plan.decisions.map { $0.verdict.name } == ["refused quiet_period"])
    }

    @Test("ran out while the process was down: due at once when the tenant is back; the others are protected as ever")
    func due() throws {
        var world = try TroubleTests.world(TroubleTests.asking[0])
        world.load(9)
        world.tick()
        world.run(14 * 60)
        TroubleTests.faults[0].begin(&world)
        world.run(17 * 60)
        #expect(world.guardian.leases.allSatisfy { !$0.isActive })
        world.context.restartedAt = world.now
        world.sighted()
        world.load(0)
        world.run(3 * 60)
        world.load(9)
        world.runs("b", 9)
        let verdicts = Dictionary(
            world.tick().plan.decisions.map { ($0.key.app.description, $0.verdict.name) }
        ) { $1 }
        #expect(verdicts["a"] == "act")
        #expect(verdicts["b"]?.hasPrefix("refused") == true)
    }

    @Test("calm before the process died: no exemption")
    func calm() throws {
        var world = try TroubleTests.world(TroubleTests.asking[0])
        world.load(9)
        world.tick()
        world.load(0)
        world.run(40 * 60)
        world.context.restartedAt = world.now
        world.load(9)
        #expect(world.tick().plan.decisions.map { $0.verdict.name } == ["refused quiet_period"])
    }

    /// A tenant that is noisy for so many seconds, then the process is gone for 20 s; what was decided on tenants in that life.
    static func life(_ world: inout World, noisy seconds: Int, _ apps: [String] = ["a"]) -> [(app: String, verdict: String)] {
        world.sighted()
        for app in apps { world.runs(app, 9) }
        let seen = world.run(seconds).flatMap(\.plan.decisions)
        faults[0].begin(&world)
        world.run(20)
        world.sighted()
        world.runs("b", 1)
        world.context.restartedAt = world.now + .seconds(10)
        world.tick()
        return seen.map { ($0.key.app.description, $0.verdict.name) }
    }

    static let slowRule = Asking(
        name: "throttle after five minutes",
        rule: "subject: app, when: active_runs > 5, actions: [throttle: {concurrent_workflows: 2, ttl: 15m}]")

    static func slowWorld(_ hold: String = "5m") throws -> World {
        var world = try World(
            rules: "  noisy: {\(slowRule.rule), for: \(hold), severity: warning, summary: s}\n"
                + "  quieted: {subject: app, when: \"active_runs > 1000\", for: 0s, severity: info, summary: s}")
        world.context.mode = .enforce
        world.context.landable = [.throttle, .pause, .disablePack]
        world.sighted()
        world.runs("b", 1)
        world.run(60)
        return world
    }

    @Test("who brings the process down before the rule fired is held in the second life: three minutes and two")
    func brief() throws {
        var world = try TroubleTests.slowWorld()
        #expect(TroubleTests.life(&world, noisy: 180).isEmpty)
        let second = TroubleTests.life(&world, noisy: 180)
        #expect(second.map(\.verdict).contains("act") && second.allSatisfy { $0.app == "a" }, "\(second)")
        let opened = try #require(world.engine.openIncidents(of: "shared").first)
        #expect(opened.transitions.first?.reason.contains("before the restart") == true, "\(opened.transitions)")
    }

    @Test("shorter lives add up, as long as each is seen on a process that had started")
    func briefer() throws {
        var world = try TroubleTests.slowWorld()
        let lives = (0..<4).map { _ in TroubleTests.life(&world, noisy: 120).map(\.verdict) }
        #expect(lives[0].isEmpty && lives[1].isEmpty && lives[2].contains("act"), "\(lives)")
    }

    @Test("lives of 50 s: held from the end of the second on; who was calm at one of the ends is not")
    func shortest() throws {
        var world = try TroubleTests.slowWorld("1m")
        let lives = (0..<4).map { turn in
            world.runs("c", turn == 1 ? 1 : 9)
            // The first for a moment only: by itself that makes nothing due.
            return TroubleTests.life(&world, noisy: turn == 0 ? 10 : 50)
        }
        let acted = lives.map { $0.filter { $0.verdict == "act" }.map(\.app) }
        #expect(acted == [[], [], ["a"], []], "\(lives)")
    }

    @Test("who grew only once processes were dying brought none of it about, however many die")
    func bystander() throws {
        var world = try TroubleTests.slowWorld("1m")
        for turn in 0..<6 {
            let seen = TroubleTests.life(&world, noisy: 50, turn == 0 ? [] : ["a"])
            #expect(!seen.contains { $0.verdict == "act" }, "\(seen)")
        }
    }

    @Test("a fault that came and went is not told as one that lasted")
    func comesAndGoes() throws {
        var world = try TroubleTests.world(TroubleTests.asking[0])
        world.run(60)
        for _ in 0..<3 {
            TroubleTests.faults[0].begin(&world)
            world.run(30)
            TroubleTests.faults[0].end(&world)
            world.run(50)
        }
        world.load(9)
        let refusals = world.tick().plan.decisions.compactMap { if case .refused(let refusal) = $0.verdict { refusal.text } else { nil } }
        #expect(refusals.first?.hasPrefix("shared answered nobody 3 times between ") == true, "\(refusals)")
        #expect(try GuardState(document: world.guardian.document) == world.guardian)
    }

    @Test("who was calm before each death, or noisy for a moment, is not held for what the restarts pile up", arguments: [0, 30])
    func innocent(before: Int) throws {
        var world = try TroubleTests.slowWorld()
        // b is there for as long as before all deaths, a brings the process down.
        if before > 0 {
            world.runs("b", 9)
            world.run(before)
        }
        for _ in 0..<4 {
            world.runs("b", 1)
            let seen = TroubleTests.life(&world, noisy: 170)
            #expect(seen.allSatisfy { $0.app == "a" }, "\(seen)")
        }
        // Then b comes back with everything at once.
        world.sighted()
        world.runs("b", 9)
        let after = world.run(8 * 60).flatMap(\.plan.decisions).filter { $0.key.app == AppID("b") }
        #expect(!after.isEmpty && after.allSatisfy { $0.verdict.name.hasPrefix("refused") }, "\(after)")
    }

    @Test("what held without a restart between does not count twice")
    func noRestart() throws {
        var world = try TroubleTests.slowWorld()
        world.load(9)
        world.run(180)
        world.load(1)
        world.run(30)
        world.load(9)
        #expect(world.run(180).flatMap(\.plan.decisions).isEmpty)
    }
}
