import Foundation
import Model
import Testing

@testable import Policy

@Suite struct DefaultPolicyTests {
    @Test func theBuiltInTextIsTheFile() throws {
        let file = try Data(contentsOf: Beside.repository.appendingPathComponent("policies/ops_policy.default.yaml"))
        if file != Data(DefaultPolicy.text.utf8), ProcessInfo.processInfo.environment["MOZAIKS_RECORD"] != nil {
            let source = Beside.repository.appendingPathComponent("Sources/Policy/DefaultPolicy.swift")
            let parts = try String(contentsOf: source, encoding: .utf8).components(separatedBy: "#\"\"\"\n")
            let text = parts[0] + "#\"\"\"\n" + String(decoding: file, as: UTF8.self) + "\n\"\"\"#\n}\n"
            try Data(text.utf8).write(to: source)
        }
        #expect(file == Data(DefaultPolicy.text.utf8))
    }

    /// Which rules there are, in which order and on what, is recorded: `golden/default-policy.txt`.
    @Test func loadsWithoutWarnings() throws {
        #expect(try PolicyLoader.load(files: []).get().warnings.map(\.description) == [])
    }

    /// The three rules of the seed, as the design writes them.
    @Test func holdsTheSeedsRulesAsDesigned() throws {
        let set = PolicySet.embeddedDefault
        let noisy = try #require(set.defaultPolicy.appRules.first { $0.name == "noisy-neighbor" })
        // A large share, which is noisy only with growth of its own, harm to others, or half a machine.
        #expect(
            noisy.when.text.hasPrefix(
                "active_runs.share > $noisy_share and runtime.active_runs >= $noisy_min_runs and (runtime.active_apps >= 2 or max(runtime.active_apps[5m]) >= 2) and active_runs >= 0.75 * $noisy_min_runs and ((outgrew("
            ))
        #expect(noisy.hold == .minutes(5) && noisy.severity == .warning && noisy.actions.count == 2)
        guard case .lease(let throttle) = noisy.actions[1] else {
            Issue.record("the second action is a throttle")
            return
        }
        #expect(throttle.effect == .throttle(Limits(concurrentWorkflows: 2)) && throttle.ttl == .minutes(15))
        // Told on a share alone where nothing is known of before; done only for growth, or where others suffer.
        let onlyIf = try #require(throttle.onlyIf?.text)
        #expect(onlyIf.hasPrefix("runtime.active_runs > 0.5 * $max_active_runs and (outgrew(") && !throttle.needsApproval)

        let saturated = try #require(set.rules(for: .runtime).first { $0.name == "runtime-saturated" })
        guard case .lease(let pause) = saturated.actions[1], case .top(3, let slot, let series) = pause.target else {
            Issue.record("the second action is a pause of the heaviest apps")
            return
        }
        #expect(pause.effect == .pause && pause.ttl == .minutes(10) && series.description == "excess(active_runs[26h])")
        #expect(set.demand[slot].subjects.contains(.app))
        #expect(
            saturated.suggestions == ["scale_out"] && saturated.severity == .critical && saturated.hold == .minutes(2))

        let burn = try #require(set.defaultPolicy.appRules.first { $0.name == "token-burn-spike" })
        #expect(burn.when.text.hasPrefix("tokens > $token_spike * baseline(tokens[24h]) and tokens > 2000/min and "))
        #expect(burn.actions.map(\.needsApproval) == [false, true])
        #expect(set.defaultPolicy.mode == .observe)
        #expect(set.defaultPolicy.allowedActions == [.notify, .throttle, .pause])
    }

    private static func silent(
        share: Evidence = .value(90), turns: Evidence = .missing(.deadCounter), tokens: Evidence = .missing(.deadCounter),
        errors: Evidence = .missing(.deadCounter), ends: Double = 4, starts: Double = 4
    ) -> [String: Evidence] {
        [
            "silent_runs.share[2m]": share, "turns[2m]": turns, "tokens[2m]": tokens, "errors[2m]": errors,
            "run_ends[2m]": .value(ends), "run_starts[5m]": .value(starts),
        ]
    }

    /// (rule, readings of the runtime, what it says)
    static let states: [(String, [String: Evidence], Truth)] = [
        ("runtime-down", ["up": .value(0)], .yes),
        ("runtime-down", ["up": .value(1)], .no),
        (
            "runtime-unauthorized", ["websockets": .missing(.unauthorized), "tracked_chats": .missing(.unauthorized)],
            .yes
        ),
        ("runtime-unauthorized", ["websockets": .missing(.unreachable), "tracked_chats": .missing(.unreachable)], .no),
        ("runtime-unhealthy", ["up": .value(1), "healthy": .value(0)], .yes),
        ("runtime-unhealthy", ["up": .value(1), "healthy": .missing(.unreachable)], .yes),
        ("runtime-unhealthy", ["up": .value(0), "healthy": .missing(.unreachable)], .no),
        ("runtime-unhealthy", ["up": .value(1), "healthy": .missing(.unauthorized)], .unknown),
        ("perf-poisoned", ["up": .value(1), "tracked_chats": .missing(.error(status: 500)), "healthy": .value(1)], .yes),
        ("perf-poisoned", ["up": .value(1), "tracked_chats": .missing(.malformed), "healthy": .value(1)], .yes),
        ("perf-poisoned", ["up": .value(1), "tracked_chats": .missing(.error(status: 500)), "healthy": .value(0)], .yes),
        ("perf-poisoned", ["up": .value(1), "tracked_chats": .value(0), "healthy": .value(1)], .no),
        ("dead-counters", ["dead_counters": .value(2)], .yes),
        ("dead-counters", ["dead_counters": .missing(.tooLittleData)], .unknown),
        ("perf-unreadable", ["up": .value(1), "tracked_chats": .missing(.unreachable), "healthy": .value(1)], .yes),
        ("perf-unreadable", ["up": .value(1), "tracked_chats": .missing(.partial), "healthy": .value(1)], .yes),
        ("perf-unreadable", ["up": .value(1), "tracked_chats": .missing(.partial), "healthy": .missing(.partial)], .yes),
        ("perf-unreadable", ["up": .value(1), "tracked_chats": .missing(.unreachable), "healthy": .missing(.unreachable)], .yes),
        ("perf-unreadable", ["up": .value(1), "tracked_chats": .missing(.unreachable), "healthy": .value(0)], .yes),
        ("perf-unreadable", ["up": .value(0), "tracked_chats": .missing(.unreachable)], .no),
        ("perf-unreadable", ["up": .value(1), "tracked_chats": .missing(.error(status: 500)), "healthy": .value(1)], .no),
        ("provider-trouble", silent(turns: .value(0)), .yes),
        ("provider-trouble", silent(tokens: .value(0)), .yes),
        ("provider-trouble", silent(errors: .value(4)), .yes),
        // Nothing but that no model was called: a cache looks the same, and it is a hint.
        ("provider-trouble", silent(), .no),
        ("provider-trouble", silent(errors: .value(0.1)), .no),
        ("provider-silent", silent(), .yes),
        ("provider-silent", silent(turns: .value(0)), .no),
        ("provider-trouble", silent(turns: .value(0), starts: 1), .no),
        ("provider-trouble", silent(turns: .value(0), ends: 2), .no),
        ("provider-trouble", silent(share: .missing(.noTraffic), turns: .value(0), ends: 0), .noTraffic),
        // Useful where errors are dead: the silent runs alone decide.
        (
            "runtime-saturated",
            [
                "active_runs": .value(250), "rise(error_rate[10m])": .missing(.deadCounter),
                "error_rate[5m]": .missing(.deadCounter), "errors[5m]": .missing(.deadCounter),
                "silent_runs.share[5m]": .value(12), "run_ends[5m]": .value(30),
                "rise(silent_runs.share[10m])": .value(2),
            ], .yes
        ),
        // One silent run where there was none: endless growth, and nothing at all.
        (
            "runtime-saturated",
            [
                "active_runs": .value(250), "error_rate[5m]": .value(0), "errors[5m]": .value(0),
                "rise(error_rate[10m])": .value(1), "silent_runs.share[5m]": .value(1), "run_ends[5m]": .value(20),
                "rise(silent_runs.share[10m])": .value(.infinity),
            ], .no
        ),
        (
            "runtime-saturated",
            [
                "active_runs": .value(250), "rise(error_rate[10m])": .missing(.deadCounter),
                "silent_runs.share[5m]": .value(12), "run_ends[5m]": .value(30),
                "rise(silent_runs.share[10m])": .value(1),
            ], .unknown
        ),
        ("runtime-saturated", ["active_runs": .value(150)], .no),
    ]

    @Test(arguments: states) func says(_ rule: String, _ readings: [String: Evidence], _ truth: Truth) throws {
        let found = try #require(PolicySet.embeddedDefault.rules(for: .runtime).first { $0.name == rule })
        #expect(found.when.evaluate(FixedReadings(found.when, readings)) == truth)
    }

    @Test func suppressionFollowsThePrecedence() throws {
        let rules = PolicySet.embeddedDefault.rules(for: .runtime)
        func suppressed(by name: String) -> [String] { rules.first { $0.name == name }?.suppresses ?? [] }
        #expect(suppressed(by: "runtime-down").contains("runtime-unauthorized"))
        #expect(suppressed(by: "runtime-unauthorized").contains("perf-poisoned"))
        #expect(suppressed(by: "perf-poisoned").contains("dead-counters"))
        #expect(suppressed(by: "runtime-unhealthy").contains("perf-poisoned"))
        #expect(suppressed(by: "runtime-unhealthy").contains("perf-unreadable"))
        // What follows from a provider, and nothing that says more than it does.
        #expect(
            Set(suppressed(by: "provider-trouble")).isSuperset(of: [
                "app-errors", "app-slow", "app-stuck", "cost-spike", "error-rise", "error-spike", "noisy-neighbor", "provider-silent",
                "runtime-saturated", "token-burn-spike", "turn-latency-high", "turn-latency-rise",
            ]))
        #expect(
            Set(suppressed(by: "provider-trouble")).isDisjoint(with: [
                "runtime-down", "runtime-unreachable", "runtime-unauthorized", "runtime-unhealthy", "perf-poisoned", "perf-unreadable",
            ]))
        // What says nothing of the runtime but that it is gone hides all the others. A loop of restarts is seen only while the
        // runtime answers: it is told while that clears, too.
        let set = PolicySet.embeddedDefault
        let others = Set((rules + set.rules(for: .replica) + set.defaultPolicy.appRules).map(\.name))
        #expect(Set(suppressed(by: "runtime-down")) == others.subtracting(["runtime-down", "restart-loop"]))
        #expect(
            Set(suppressed(by: "runtime-unauthorized"))
                == others.subtracting(["runtime-down", "runtime-unreachable", "runtime-unauthorized", "restart-loop"]))
        let noisy = try #require(PolicySet.embeddedDefault.defaultPolicy.appRules.first { $0.name == "noisy-neighbor" })
        #expect(
            Set(noisy.suppressedBy).isSuperset(of: [
                "perf-poisoned", "perf-unreadable", "provider-trouble", "runs-stuck", "runtime-down", "runtime-unauthorized",
                "runtime-unhealthy", "runtime-unreachable",
            ]))
        // One story: what keeps the slower of the two quiet keeps the faster one, which goes on as the slower does and asks as it does.
        let burst = try #require(PolicySet.embeddedDefault.defaultPolicy.appRules.first { $0.name == "noisy-burst" })
        #expect(["noisy-burst"] + burst.suppressedBy == noisy.suppressedBy && burst.suppresses.contains("noisy-neighbor"))
        #expect(burst.keeps?.text == noisy.keeps?.text && burst.actions.map(\.json) == noisy.actions.map(\.json))
        #expect(burst.hold == .minutes(1) && burst.clearAfter == noisy.clearAfter)
    }

    @Test func rendersAsDesigned() throws {
        #expect(try Beside.golden("golden/default-policy.txt", is: PolicyRendering(.embeddedDefault).text))
    }
}
