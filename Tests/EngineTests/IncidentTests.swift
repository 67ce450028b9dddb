import DecisionKit
import Digest
import Engine
import Model
import Testing

@Suite("Incidents")
struct IncidentTests {
    static func world() throws -> World {
        var world = try World(
            rules: """
                  noisy:
                    subject: app
                    when: active_runs.share > $share and runtime.active_runs >= 10
                    for: 1m
                    clear_after: 2m
                    severity: warning
                    summary: One app takes most of the runtime.
                    next_steps: [Look.]
                    playbook: noisy-neighbor
                    suggest: [scale_out]
                    labels: {team: core}
                """, thresholds: "{share: 40%}")
        world.runtime = ["active_runs": .value(20), "active_apps": .value(3)]
        world.share("a", 61)
        world.share("b", 10)
        return world
    }

    @Test("say what, where, since when, the condition with its values, and where the rule stands")
    func opens() throws {
        var world = try IncidentTests.world()
        let opened = world.run(80).flatMap(\.outcome.opened)
        let incident = try #require(opened.first)
        #expect(opened.count == 1)
        #expect(incident.subject == .app(AppID("a"), runtime: "shared"))
        #expect(world.second(incident.since) == 10)
        #expect(world.second(incident.openedAt) == 70)
        #expect(incident.id == "\(incident.fingerprint)-\(incident.openedAt.milliseconds)")
        #expect(incident.condition == "active_runs.share > $share and runtime.active_runs >= 10")
        let transition = try #require(incident.transitions.first)
        #expect(transition.condition == "active_runs.share (61%) > $share (40%) and runtime.active_runs (20) >= 10")
        #expect(transition.reason == "condition true for 1m")
        #expect(transition.readings.map(\.evidence) == [.value(61), .value(20)])
        #expect(incident.origin.file == "ops_policy.default.yaml")
        #expect(incident.labels == ["environment": "test", "team": "core"])
        #expect(incident.playbook == "noisy-neighbor")
        #expect(incident.evidence.map(\.series) == ["active_runs.share", "runtime.active_runs"])
        #expect(incident.evidence.first?.points.count == 7)
    }

    @Test("the place of a condition is where it is written, though the rest of the rule is inherited")
    func ownCondition() throws {
        var world = try World([
            "default": World.header("default") + "extends: builtin\nrules:\n  noisy-neighbor:\n    when: active_runs > 3\n    for: 0s\n"
        ])
        world.apps[AppID("a")] = ["active_runs": .value(5)]
        let opened = world.run(20).flatMap(\.outcome.opened)
        let incident = try #require(opened.first { $0.rule == "noisy-neighbor" })
        #expect(incident.condition == "active_runs > 3")
        #expect(incident.origin.file == "ops_policy.default.yaml" && incident.origin.line == 6, "\(incident.origin)")
    }

    @Test("the fingerprint is SHA-256 over v1, rule, kind, runtime and subject, with zeros between")
    func fingerprint() {
        let bytes = Array("v1\u{0}noisy\u{0}app\u{0}shared\u{0}a".utf8)
        #expect(
            Fingerprint.of(rule: "noisy", subject: .app(AppID("a"), runtime: "shared"))
                == String(SHA256.hex(bytes).prefix(16)))
        // printf 'v1\0noisy\0app\0shared\0a' | sha256sum
        #expect(Fingerprint.of(rule: "noisy", subject: .app(AppID("a"), runtime: "shared")) == "67e94f5336c3ae05")
    }

    @Test("ids that look alike are two apps")
    func bytes() throws {
        var world = try IncidentTests.world()
        world.apps = [:]
        world.share("caf\u{E9}", 61)
        world.share("cafe\u{301}", 61)
        let opened = world.run(80).flatMap(\.outcome.opened)
        #expect(opened.count == 2)
        #expect(Set(opened.map(\.fingerprint)).count == 2)
    }

    @Test("keep thirty points of each series, the newest")
    func boundedEvidence() throws {
        var world = try IncidentTests.world()
        world.run(600)
        let series = try #require(world.engine.openIncidents(of: "shared").first?.evidence.first)
        #expect(series.points.count == 30)
        #expect(series.points.last?.at == world.now)
    }

    @Test("refreshed readings are no change")
    func refreshed() throws {
        var world = try IncidentTests.world()
        world.run(80)
        let (outcome, _) = world.tick()
        #expect(outcome.changes.isEmpty)
        #expect(outcome.refreshed == world.engine.openIncidents(of: "shared").map(\.id))
    }

    struct Reopening: Sendable, CustomTestStringConvertible {
        let name: String
        let pause: Int
        let isSame: Bool
        var testDescription: String { name }
    }

    @Test(
        "a cause that comes back within 15m reopens its incident",
        arguments: [
            Reopening(name: "after 14 minutes: the same", pause: 14 * 60, isSame: true),
            Reopening(name: "after 16 minutes: a new one", pause: 16 * 60, isSame: false),
        ])
    func reopens(_ reopening: Reopening) throws {
        var world = try IncidentTests.world()
        let first = try #require(world.run(80).flatMap(\.outcome.opened).first)
        let advice = Advice(
            at: world.now, by: "a-model", summary: "s", likelyCause: "c", playbook: nil, steps: [], confidence: 1)
        let isTaken = world.engine.advise(first.id, advice)
        #expect(isTaken)
        world.share("a", 5)
        let resolved = try #require(world.run(140).flatMap(\.outcome.resolved).first)
        #expect(resolved.status == .resolved)
        #expect(resolved.resolveReason == "cleared")
        // The rule is pending for a minute before it fires again.
        world.run(reopening.pause - 70 - 20)
        world.share("a", 70)
        let ticks = world.run(80)
        let again = ticks.flatMap(\.outcome.reopened)
        let new = ticks.flatMap(\.outcome.opened)
        if reopening.isSame {
            #expect(again.map(\.id) == [first.id])
            #expect(again.first?.flaps == 1)
            #expect(again.first?.advice == nil, "it was written of the episode before")
            #expect(again.first?.status == .open)
            #expect(new.isEmpty)
        } else {
            #expect(again.isEmpty)
            #expect(new.map(\.fingerprint) == [first.fingerprint])
            #expect(new.first?.id != first.id)
        }
    }

    @Test("a removed rule resolves with reason removed")
    func removedRule() throws {
        var world = try IncidentTests.world()
        world.run(80)
        world.policies = try World(
            rules: "  other: {subject: runtime, when: up == 0, for: 1m, severity: info, summary: s}"
        ).policies
        let (outcome, _) = world.tick()
        #expect(outcome.resolved.map(\.resolveReason) == ["removed"])
        #expect(outcome.transitions.map(\.reason) == ["rule removed"])
    }

    @Test("a rule that an app's policy switches off resolves there with reason removed")
    func disabledRule() throws {
        var world = try World([
            "default": World.header("default") + """
                rules:
                  noisy: {subject: app, when: active_runs > 5, for: 0s, severity: warning, summary: s}
                """
        ])
        world.apps = [AppID("a"): ["active_runs": .value(6)], AppID("b"): ["active_runs": .value(6)]]
        let before = world.tick().outcome
        #expect(before.opened.count == 2)
        world.policies = try World.load([
            "default": World.header("default") + """
                rules:
                  noisy: {subject: app, when: active_runs > 5, for: 0s, severity: warning, summary: s}
                """,
            "a": World.header("a") + "rules: {noisy: {enabled: false}}\n",
        ])
        let after = world.tick().outcome
        #expect(after.resolved.map(\.subject.app) == [AppID("a")])
    }

    @Test("a removed runtime resolves everything on it with reason removed")
    func removedRuntime() throws {
        var world = try IncidentTests.world()
        world.run(80)
        let outcome = world.engine.remove(runtime: "shared", now: world.now)
        #expect(outcome.resolved.map(\.resolveReason) == ["removed"])
        #expect(world.engine.runtimeNames.isEmpty)
    }

    @Test("an app that is missing from the readings is unknown for a day, then removed")
    func absentApp() throws {
        var world = try IncidentTests.world()
        world.run(80)
        world.apps[AppID("a")] = nil
        let first = world.tick().outcome
        let later = world.tick(after: 86_300).outcome
        let last = world.tick(after: 100).outcome
        #expect(first.transitions.isEmpty)
        #expect(later.resolved.isEmpty)
        #expect(last.resolved.map(\.resolveReason) == ["removed"])
    }

    @Test("an app's own policy holds for it and for no other")
    func ownPolicy() throws {
        var world = try World([
            "default": World.header("default") + """
                thresholds: {many: 5}
                rules:
                  busy: {subject: app, when: active_runs > $many, for: 0s, severity: warning, summary: s}
                """,
            "b": World.header("b") + "thresholds: {many: 10}\n",
            "c": World.header("c") + """
                rules:
                  busy: {for: 1m}
                  own: {subject: app, when: open_runs > 1, for: 0s, severity: info, summary: s}
                """,
        ])
        for app in ["a", "b", "c", "d"] {
            world.apps[AppID(app)] = ["active_runs": .value(6), "open_runs": .value(6)]
        }
        let opened = world.tick().outcome.opened.map { "\($0.rule) \($0.subject.idText)" }
        #expect(opened.sorted() == ["busy a", "busy d", "own c"])
        let later = world.run(60).flatMap(\.outcome.opened)
        #expect(later.map(\.subject.idText) == ["c"])
    }

    @Test("an acknowledgement ends at its expiry, and at a reopening")
    func acknowledgement() throws {
        var world = try IncidentTests.world()
        world.run(80)
        let id = try #require(world.engine.openIncidents(of: "shared").first?.id)
        let until = world.now + .minutes(5)
        world.engine.acknowledge(id, .init(at: world.now, by: "ann", until: until, comment: "looking"))
        #expect(world.engine.incident(id)?.status == .acknowledged)
        world.run(290)
        #expect(world.engine.incident(id)?.status == .acknowledged)
        world.tick()
        #expect(world.engine.incident(id)?.status == .open)
    }

    @Test("a timeline keeps its beginning and its newest entries")
    func boundedTimeline() throws {
        var world = try IncidentTests.world()
        world.run(80)
        let id = try #require(world.engine.openIncidents(of: "shared").first?.id)
        for index in 0..<500 {
            world.engine.note(HandlingNote(at: world.now, kind: .note, by: "cli", text: "\(index)"), on: id)
        }
        let notes = try #require(world.engine.incident(id)?.handling.map(\.text))
        #expect(notes.count == 200)
        #expect(notes.first == "0")
        #expect(notes.last == "499")
    }
}

extension World {
    mutating func share(_ app: String, _ percent: Double) {
        apps[AppID(app), default: [:]]["active_runs.share"] = .value(percent)
        apps[AppID(app), default: [:]]["active_runs"] = .value(percent / 5)
    }
}
