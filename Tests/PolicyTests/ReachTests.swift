import Model
import Testing
import YAML

@testable import Policy

/// Conditions that cannot be meant: never true, always true, or blind.
@Suite struct ReachTests {
    /// (condition, what is found: `code text-that-is-underlined`)
    static let conditions: [(String, [String])] = [
        // Out of the range of a signal.
        ("active_runs.share > 150%", ["never-true active_runs.share > 150%"]),
        ("active_runs.share > 100%", ["never-true active_runs.share > 100%"]),
        ("active_runs.share >= 100%", []),
        ("active_runs.share <= 100%", ["always-true active_runs.share <= 100%"]),
        ("active_runs < 0", ["never-true active_runs < 0"]),
        ("0 > active_runs", ["never-true 0 > active_runs"]),
        ("active_runs >= 0", ["always-true active_runs >= 0"]),
        ("-active_runs > 0", ["never-true -active_runs > 0"]),
        ("runtime.healthy == 2", ["never-true runtime.healthy == 2"]),
        ("runtime.dead_counters > 5", ["never-true runtime.dead_counters > 5"]),
        ("error_rate > 150%", ["over-whole error_rate > 150%"]), ("error_rate > 100%", []),
        ("error_rate < 150%", ["over-whole error_rate < 150%"]),
        ("rise(error_rate[10m]) < 0", ["never-true rise(error_rate[10m]) < 0"]),
        ("baseline(tokens[24h]) <= 0/min", ["never-true baseline(tokens[24h]) <= 0/min"]),
        ("max(active_runs.share[1h]) > 101%", ["never-true max(active_runs.share[1h]) > 101%"]),
        ("active_runs.share * 2 > 200%", ["never-true active_runs.share * 2 > 200%"]),
        // Of clocks and calendars.
        ("active_runs > 3 and hour() > 23", ["never-true hour() > 23"]),
        ("active_runs > 3 and hour() >= 24", ["never-true hour() >= 24"]),
        ("active_runs > 3 and hour() < 24", ["always-true hour() < 24"]),
        ("active_runs > 3 and weekday() == 0", ["never-true weekday() == 0"]),
        ("active_runs > 3 and weekday() == 7", []), ("active_runs > 3 and (hour() >= 22 or hour() < 6)", []),
        (
            "active_runs > 3 and hour() >= 22 and hour() < 6",
            ["never-true active_runs > 3 and hour() >= 22 and hour() < 6"]
        ),
        ("active_runs / 0 > 5", []),
        ("tokens > $token_spike * baseline(tokens[24h])", []),
        // A part that can never be true beside one that can.
        ("active_runs.share > 120% or active_runs > 3", ["never-true active_runs.share > 120%"]),
        ("not (active_runs.share > 120%)", ["never-true (active_runs.share > 120%)"]),
        // Parts that contradict each other.
        ("active_runs > 10 and active_runs < 5", ["never-true active_runs > 10 and active_runs < 5"]),
        ("active_runs > 10 and active_runs <= 10", ["never-true active_runs > 10 and active_runs <= 10"]),
        ("active_runs >= 10 and active_runs <= 10", []),
        ("active_runs == 3 and active_runs == 4", ["never-true active_runs == 3 and active_runs == 4"]),
        (
            "active_runs > open_runs and open_runs > 10 and active_runs < 5",
            ["never-true active_runs > open_runs and open_runs > 10 and active_runs < 5"]
        ),
        ("active_runs > 10 and (active_runs < 5 or tokens > 1/min)", []),
        (
            "active_runs > 10 and (active_runs < 5 or active_runs < 3)",
            ["never-true active_runs > 10 and (active_runs < 5 or active_runs < 3)"]
        ),
        ("missing(tokens) and tokens > 5/min", ["never-true missing(tokens) and tokens > 5/min"]),
        ("missing(tokens, stale) and missing(tokens, partial)", ["never-true missing(tokens, stale) and missing(tokens, partial)"]),
        ("missing(tokens, error(500)) and missing(tokens, error)", []),
        ("missing(tokens) and not missing(tokens, stale)", []),
        ("missing(tokens) or tokens > 5/min", []),
        ("not missing(tokens) and missing(tokens)", ["never-true not missing(tokens) and missing(tokens)"]),
        ("active_runs > 3 and runtime.active_runs < 3", []),
        // Texts: a label has one, or none.
        (
            "active_runs > 1 and label(tier) == \"a\" and label(tier) == \"b\"",
            ["never-true active_runs > 1 and label(tier) == \"a\" and label(tier) == \"b\""]
        ),
        (
            "active_runs > 1 and label(tier) == \"a\" and label(tier) != \"a\"",
            ["never-true active_runs > 1 and label(tier) == \"a\" and label(tier) != \"a\""]
        ),
        (
            "active_runs > 1 and missing(label(tier)) and label(tier) != \"a\"",
            ["never-true active_runs > 1 and missing(label(tier)) and label(tier) != \"a\""]
        ),
        (
            "active_runs > 1 and not (label(tier) != \"a\" or label(tier) != \"b\")",
            ["never-true active_runs > 1 and not (label(tier) != \"a\" or label(tier) != \"b\")"]
        ),
        ("runtime.metric(\"x\", a=\"1\", a=\"2\") > 1", ["never-true runtime.metric(\"x\", a=\"1\", a=\"2\") > 1"]),
        ("runtime.metric(\"x\", a=\"1\", a!=\"1\") > 1", ["never-true runtime.metric(\"x\", a=\"1\", a!=\"1\") > 1"]),
        ("runtime.metric(\"x\", a=\"1\", a=~\"2*\") > 1", ["never-true runtime.metric(\"x\", a=\"1\", a=~\"2*\") > 1"]),
        ("active_runs > 1 and label(tier) == \"a\" and label(team) == \"b\"", []),
        ("active_runs > 1 and label(tier) != \"a\" and label(tier) != \"b\"", []),
        ("active_runs > 1 and (missing(label(tier)) or label(tier) != \"a\")", []),
        ("active_runs > 1 and not missing(label(tier)) and label(tier) == \"a\"", []),
        ("active_runs > 1 and (label(tier) == \"a\" or label(tier) == \"b\")", []),
        ("runtime.metric(\"x\", a=\"1\", a!=\"2\", b=\"3\") > 1", []),
        ("runtime.metric(\"x\", a=\"15\", a=~\"1*\") > 1", []),
        // More ways than one would list, all of which the last part contradicts.
        (ReachTests.manyWays, ["never-true " + ReachTests.manyWays]),
    ]

    static let manyWays =
        Array(repeating: "(active_runs > 10 or active_runs > 20)", count: 7).joined(separator: " and ") + " and active_runs < 5"

    @Test(arguments: conditions) func finds(_ text: String, _ expected: [String]) throws {
        let condition = try Compiling.compile(text).get()
        let found = condition.findings(in: text).map { fault in
            fault.code + " " + String(decoding: Array(text.utf8)[fault.range], as: UTF8.self)
        }
        #expect(found == expected)
    }

    /// Whatever is true of some readings is never called impossible.
    @Test func nothingThatHappensIsImpossible() throws {
        var dice = Dice(7)
        var seen = 0
        for _ in 0..<900 {
            let text = dice.truth(3)
            guard case .success(let condition) = Compiling.compile(text) else { continue }
            let reach = ConditionReach(condition)
            for _ in 0..<12 {
                let values = Dictionary(
                    uniqueKeysWithValues: condition.readings.map { ($0.series.description, dice.evidence()) })
                var source = FixedReadings(condition, values)
                source.localHour = LocalHour(Timestamp(milliseconds: Int64(dice.roll(168)) * 3_600_000), in: .utc)
                switch condition.evaluate(source) {
                case .yes:
                    seen += 1
                    #expect(reach.isPossible(true), "\(text)")
                    #expect(
                        condition.canBeTrue { series in values[series.description]?.reason }, "\(text) with \(values)")
                case .no: #expect(reach.isPossible(false), "\(text)")
                default: continue
                }
            }
        }
        #expect(seen > 500)
    }

    /// (condition, the counters that are dead, whether it can still be true)
    static let blind: [(String, [Counter], Bool)] = [
        ("tokens > 5/min", [.tokens], false), ("tokens > 5/min", [.errors], true),
        ("tokens > 5/min or active_runs > 3", [.tokens], true),
        ("tokens > 5/min and active_runs > 3", [.tokens], false),
        ("missing(tokens, dead_counter)", [.tokens], true), ("missing(tokens, stale)", [.tokens], false),
        ("not missing(tokens)", [.tokens], false), ("not (tokens > 5/min)", [.tokens], false),
    ]

    @Test(arguments: blind) func whereCountersAreDead(_ text: String, _ dead: [Counter], _ canBe: Bool) throws {
        let condition = try Compiling.compile(text).get()
        let answer = condition.canBeTrue {
            Set($0.signal.info.counters).isDisjoint(with: dead) ? nil : .deadCounter
        }
        #expect(answer == canBe)
    }

    @Test func findingsAreWarningsAtTheirPlace() throws {
        let set = try PolicyLoader.load(
            files: [
                PolicyFile(
                    path: "ops_policy.default.yaml",
                    bytes: Array(
                        """
                        schema: mozaiks.ops/policy/v1
                        ops_policy: default
                        thresholds: {share: 140%}
                        allowed_actions: [notify]
                        rules:
                          a:
                            subject: app
                            when: active_runs > 3 and active_runs.share > $share
                            for: 5s
                            severity: info
                            actions:
                              - pause: {ttl: 5m, only_if: active_runs > 5 and active_runs < 5}
                          b: {subject: runtime, when: up == 0, for: 10s, severity: info}

                        """.utf8)),
                PolicyFile(
                    path: "ops_policy.one.yaml",
                    bytes: Array(
                        """
                        schema: mozaiks.ops/policy/v1
                        ops_policy: one
                        thresholds: {share: 40%}
                        rules:
                          mine:
                            subject: app
                            when: active_runs > 3
                            severity: info
                            actions: [{disable_pack: {pack: x, ttl: 5m}}]

                        """.utf8)),
            ], interval: .seconds(10)
        ).get()
        #expect(
            set.warnings.map(\.description).joined(separator: "\n") == """
                ops_policy.default.yaml:8:31: warning[never-true]: this is never true
                        when: active_runs > 3 and active_runs.share > $share
                                                  ^~~~~~~~~~~~~~~~~~~~~~~~~~
                hint: active_runs.share is between 0% and 100%
                ops_policy.default.yaml:9:10: warning[below-interval]: 'for: 5s' is shorter than the 10s between two polls
                        for: 5s
                             ^~
                hint: it waits for the second answer that is true, 10s after the first
                ops_policy.default.yaml:12:9: warning[not-allowed]: 'pause' is not among allowed_actions: it is never done
                          - pause: {ttl: 5m, only_if: active_runs > 5 and active_runs < 5}
                            ^~~~~
                ops_policy.default.yaml:12:35: warning[never-true]: no readings make this true: its parts contradict each other
                          - pause: {ttl: 5m, only_if: active_runs > 5 and active_runs < 5}
                                                      ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
                ops_policy.one.yaml:9:16: warning[not-allowed]: 'disable_pack' is not among allowed_actions: it is never done
                        actions: [{disable_pack: {pack: x, ttl: 5m}}]
                                   ^~~~~~~~~~~~
                """)
    }

    @Test func whatOnePolicyAllowsIsNotCalledForbidden() throws {
        func warnings(_ app: String) throws -> [String] {
            let rule = "{subject: app, when: active_runs > 3, severity: info, actions: [{pause: {ttl: 5m}}]}"
            return try PolicyLoader.load(files: [
                PolicyFile(
                    path: "ops_policy.default.yaml",
                    bytes: Array(
                        "schema: mozaiks.ops/policy/v1\nops_policy: default\nrules:\n  r: \(rule)\n".utf8)),
                PolicyFile(
                    path: "ops_policy.one.yaml",
                    bytes: Array("schema: mozaiks.ops/policy/v1\nops_policy: one\n\(app)\n".utf8)),
            ]).get().warnings.map(\.code)
        }
        #expect(try warnings("mode: observe") == ["not-allowed"])
        #expect(try warnings("allowed_actions: [pause]") == [])
    }
}
