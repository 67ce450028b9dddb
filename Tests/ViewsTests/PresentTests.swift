import CycleKit
import Engine
import Journal
import Model
import Policy
import Testing

@testable import Cycle
@testable import Views

/// Whoever is to say yes sees how it stands by now, or that it is not known.
@Suite("The condition by now")
struct PresentTests {
    private static let policy = """
        schema: mozaiks.ops/policy/v1
        ops_policy: default
        mode: enforce
        window: 5s
        rules:
          crowded: {subject: runtime, when: open_runs > 15, for: 0s, severity: warning, summary: More open runs than we like.}
          soon: {subject: runtime, when: open_runs > 11, for: 5m, severity: warning, summary: Many open runs for long.}

        """

    /// How it stands after polls, one every ten seconds.
    private static func situation(_ polls: [[String: Int]], _ policy: String = PresentTests.policy) throws -> Situation {
        var settings = MonitorSettings()
        settings.mode = .enforce
        settings.runtimes = [.init(name: Crowd.runtime, replicas: [Crowd.replica])]
        let policies = try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(policy.utf8))]).get()
        var pipeline = Pipeline(settings: settings, policies: policies)
        var ticks: [TickResult] = []
        for (index, open) in polls.enumerated() {
            let at = Kept.now + .seconds(Double(index) * 10)
            for observation in Crowd.poll(open, at: at) { pipeline.take(observation) }
            let tick = pipeline.tick(Crowd.runtime, now: at)
            ticks = [try #require(tick)]
        }
        return Situation(pipeline: pipeline, ticks: ticks, source: "a test")
    }

    private static func incident(_ rule: String, app: String? = nil, resolved: Bool = false) -> Incident {
        let opened = Kept.now - .minutes(16)
        let subject: Subject = app.map { .app(AppID($0), runtime: Crowd.runtime) } ?? .runtime(Crowd.runtime)
        var incident = Incident(
            fingerprint: "a", id: "a-1", rule: rule, subject: subject, severity: .warning, summary: "",
            origin: Origin(file: "ops_policy.default.yaml", line: 1), condition: "active_runs > 3", openedAt: opened, since: opened,
            transitions: [
                Transition(
                    at: opened, rule: rule, subject: subject, from: .pending, to: .firing, reason: "condition true for 5m",
                    condition: "active_runs (7) > 3", readings: [])
            ], evidence: [], suggestions: [], nextSteps: [], playbook: nil, labels: [:])
        if resolved { incident.resolvedAt = opened + .minutes(1) }
        return incident
    }

    private static func crowded(ending: Timestamp? = nil, resolved: Bool = false) -> Incident {
        var incident = incident("crowded", resolved: resolved)
        if let ending {
            incident.transitions.append(
                Transition(
                    at: ending, rule: incident.rule, subject: incident.subject, from: .firing, to: .clearing,
                    reason: "condition false", condition: "", readings: []))
        }
        return incident
    }

    @Test("its values are those of the newest poll, not of the opening")
    func values() throws {
        let crowd = try Self.situation([Crowd.calm, Crowd.noisy])
        let noisy = try #require(PresentCondition(of: Self.crowded(), in: crowd))
        #expect(noisy.state == .holds && noisy.withValues.hasPrefix("open_runs (20"), "\(noisy)")
        #expect(noisy.standing { _ in "" } == "still true")
        let rest = try Self.situation([Crowd.noisy, Crowd.calm])
        let calm = try #require(PresentCondition(of: Self.crowded(), in: rest))
        #expect(calm.state == .isOver(nil) && calm.withValues.hasPrefix("open_runs (12"), "\(calm)")
        #expect(calm.standing { _ in "" } == "not true by these values")
    }

    @Test("an open incident is judged by what keeps it open, not by what began it")
    func goesOn() throws {
        let policy = Self.policy.replacing(bytesOf: "when: open_runs > 15,", with: "when: open_runs > 15, while: open_runs > 10,")
        // Twelve open runs: no more than begins it, more than ends it.
        let situation = try Self.situation([Crowd.noisy, Crowd.calm], policy)
        let now = try #require(PresentCondition(of: Self.crowded(), in: situation))
        #expect(now.state == .holds && now.isWhile && now.withValues.hasPrefix("open_runs (12) > 10"), "\(now)")
        #expect(now.standing { _ in "" } == "still true" && now.document["truth"] == "true")
        let stands = try #require(situation.explanations(of: nil).first { $0.rule.name == "crowded" })
        #expect(stands.phase == .firing && stands.document.json["truth"] == "true" && stands.isWhile, "\(stands.document.json)")
        #expect(stands.document.json["condition"] == "open_runs > 10")
        // What holds of itself is said by itself.
        let begun = try #require(PresentCondition(of: Self.crowded(), in: try Self.situation([Crowd.noisy], policy)))
        #expect(begun.state == .holds && !begun.isWhile && begun.withValues.hasPrefix("open_runs (20) > 15"), "\(begun)")
        let over = try #require(PresentCondition(of: Self.crowded(), in: try Self.situation([Crowd.noisy, ["app-shop": 9]], policy)))
        #expect(over.state == .isOver(nil) && over.isWhile && over.withValues.hasPrefix("open_runs (9) > 10"), "\(over)")
        // Before it fires only `when` counts.
        let idle = try #require(try Self.situation([Crowd.calm], policy).explanations(of: nil).first { $0.rule.name == "crowded" })
        #expect(idle.phase == .inactive && !idle.isWhile && idle.document.json["condition"] == "open_runs > 15")
    }

    @Test("since when it is not true any more is what the engine decided")
    func since() throws {
        let situation = try Self.situation([Crowd.noisy, Crowd.calm])
        let moment = Kept.now + .seconds(10)
        let over = try #require(PresentCondition(of: Self.crowded(ending: moment), in: situation))
        #expect(over.state == .isOver(moment))
        #expect(over.standing { $0 == moment ? "09:00:10" : "?" } == "not true any more since 09:00:10")
        #expect(over.document["truth"] == "false" && over.document["not_true_since"]?.string == moment.description)
    }

    @Test("values from before what was decided last do not gainsay it")
    func older() throws {
        let decided = Kept.now + .minutes(1)
        func incident(to state: Phase) -> Incident {
            var incident = Self.crowded()
            incident.transitions.append(
                Transition(
                    at: decided, rule: incident.rule, subject: incident.subject, from: .pending, to: state,
                    reason: "a test", condition: "", readings: []))
            return incident
        }
        let calm = try #require(PresentCondition(of: incident(to: .firing), in: try Self.situation([Crowd.noisy, Crowd.calm])))
        #expect(calm.state == .unknown("the newest values here are older than what was decided last"))
        let noisy = try #require(PresentCondition(of: incident(to: .clearing), in: try Self.situation([Crowd.calm, Crowd.noisy])))
        #expect(noisy.state == .isOver(decided))
    }

    @Test("of several values that are missing the page names the first and counts the others")
    func brief() throws {
        let policy = """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            mode: enforce
            rules:
              crowded:
                subject: runtime
                when: open_runs > 11 and baseline(active_runs[26h]) > 1 and outgrew(active_runs[26h]) > 1 and spike(active_runs[26h]) > 1
                for: 0s
                severity: warning
                summary: More open runs than we like.

            """
        let now = try #require(PresentCondition(of: Self.crowded(), in: try Self.situation([Crowd.calm], policy)))
        let said = now.briefly { _ in "" }
        #expect(now.missing.count == 3 && said.hasPrefix("not known: baseline(active_runs[26h]) is missing ("), "\(said)")
        #expect(said.hasSuffix("), and 2 more that it takes") && now.standing { _ in "" }.contains("spike(active_runs[26h]) is missing"))
    }

    @Test("what is over, or has no rule or no runtime any more, has none")
    func none() throws {
        let situation = try Self.situation([Crowd.noisy])
        #expect(PresentCondition(of: Self.crowded(resolved: true), in: situation) == nil)
        #expect(PresentCondition(of: Self.incident("no-such-rule"), in: situation) == nil)
        #expect(PresentCondition(of: Self.incident("crowded", app: "app-shop"), in: situation) == nil)
    }
}
