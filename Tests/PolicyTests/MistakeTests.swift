import Model
import Testing
import YAML

@testable import Policy

/// Mistakes that strangers made or are likely to make. Each gets a hint, and what the hint says to write works where it is
/// written: no hint leads into the next error.
@Suite struct MistakeTests {
    typealias Mistake = (written: String, hint: String, mended: String)

    static let ofApps: [Mistake] = [
        // Units
        ("tokens > 10k", "write '10000/min'", "tokens > 10000/min"),
        ("tokens > 2M", "write '2000000/min'", "tokens > 2000000/min"),
        ("tokens > 10,000", "write '10000/min'", "tokens > 10000/min"),
        ("tokens > 100 tokens/min", "write '100/min'", "tokens > 100/min"),
        ("tokens > 100 tokens per minute", "write '100/min'", "tokens > 100/min"),
        ("tokens > 100 tokens/hour", "write '100/h'", "tokens > 100/h"),
        ("tokens > 5k per minute", "write '5000/min'", "tokens > 5000/min"),
        ("tokens > 100", "write '100/min'", "tokens > 100/min"),
        ("tokens > 5m", "write '5/min'", "tokens > 5/min"),
        ("tokens > 5%", "write '5/min'", "tokens > 5/min"),
        ("tokens > 5 USD", "write '5/min'", "tokens > 5/min"),
        ("tokens > 5 USD/h", "write '5/min'", "tokens > 5/min"),
        ("tokens > 10 kB", "write '10/min'", "tokens > 10/min"),
        ("turns > 3 turns/s", "write '3/s'", "turns > 3/s"),
        ("turns > 3 per second", "write '3/s'", "turns > 3/s"),
        ("turns > 100 per hour", "write '100/h'", "turns > 100/h"),
        ("turns > 2400/day", "write '100/h'", "turns > 100/h"),
        ("cost > 5", "write '5 USD/h'", "cost > 5 USD/h"),
        ("cost > $5", "write '5 USD/h'", "cost > 5 USD/h"),
        ("cost > $5/h", "write '5 USD/h'", "cost > 5 USD/h"),
        ("cost > $5k", "write '5000 USD/h'", "cost > 5000 USD/h"),
        ("cost > 5$", "write '5 USD/h'", "cost > 5 USD/h"),
        ("cost > 5 dollars", "write '5 USD/h'", "cost > 5 USD/h"),
        ("cost > 5 dollars per hour", "write '5 USD/h'", "cost > 5 USD/h"),
        ("cost > 5/h", "write '5 USD/h'", "cost > 5 USD/h"),
        ("cost > 5/min", "write '5 USD/min'", "cost > 5 USD/min"),
        ("cost > 5 per hour", "write '5 USD/h'", "cost > 5 USD/h"),
        ("cost > 5%", "write '5 USD/h'", "cost > 5 USD/h"),
        ("cost > 5h", "write '5 USD/h'", "cost > 5 USD/h"),
        ("cost > 48 USD/day", "a spend is by the hour: write '2 USD/h'", "cost > 2 USD/h"),
        ("cost > $48 per day", "a spend is by the hour: write '2 USD/h'", "cost > 2 USD/h"),
        ("cost > 5 €/h", "money is in USD: write '5 USD/h'", "cost > 5 USD/h"),
        ("cost > 5 €", "money is in USD: write '5 USD/h'", "cost > 5 USD/h"),
        ("cost > 5€", "money is in USD: write '5 USD/h'", "cost > 5 USD/h"),
        ("cost > 5 £/h", "money is in USD: write '5 USD/h'", "cost > 5 USD/h"),
        ("active_runs > 5 €", "write '5'", "active_runs > 5"),
        ("active_runs > 5%", "write '5', or compare 'active_runs.share' with 5%", "active_runs > 5 and active_runs.share > 5%"),
        ("active_runs > 5 %", "write '5', or compare 'active_runs.share' with 5%", "active_runs > 5 and active_runs.share > 5%"),
        ("active_runs > 5m", "write '5'", "active_runs > 5"),
        ("active_runs > 5/min", "write '5'", "active_runs > 5"),
        ("active_runs > $5", "write '5'", "active_runs > 5"),
        ("active_runs > 1k", "write '1000'", "active_runs > 1000"),
        ("active_runs > 1,000", "write '1000'", "active_runs > 1000"),
        ("active_runs > 1_000", "write '1000'", "active_runs > 1000"),
        ("error_rate > 20 %", "write it right behind the number: 20%", "error_rate > 20%"),
        ("error_rate > 0.2", "write '20%'", "error_rate > 20%"),
        ("error_rate > 20", "write '20%'", "error_rate > 20%"),
        ("error_rate > 5/min", "write '5%'", "error_rate > 5%"),
        ("error_rate > 5 percent", "write '5%'", "error_rate > 5%"),
        ("active_runs.share > 0.4", "write '40%'", "active_runs.share > 40%"),
        ("turn_latency.p95 > 30", "write '30s'", "turn_latency.p95 > 30s"),
        ("turn_latency.p95 > 2000", "write '2000s' or '2000ms'", "turn_latency.p95 > 2000s or turn_latency.p95 > 2000ms"),
        ("turn_latency.p95 > 30%", "write '30s'", "turn_latency.p95 > 30s"),
        ("turn_latency.p95 > 30/s", "write '30s'", "turn_latency.p95 > 30s"),
        ("turn_latency.p95 > 30 secs", "write '30s'", "turn_latency.p95 > 30s"),
        // Functions
        ("sum(active_runs) > 3", "'active_runs' is one figure already: write 'active_runs'", "active_runs > 3"),
        ("count(active_runs) > 3", "'active_runs' is one figure already: write 'active_runs'", "active_runs > 3"),
        ("count(errors[5m]) > 3/min", "what is counted is a rate already: write 'errors[5m]'", "errors[5m] > 3/min"),
        ("rate(tokens) > 3/min", "what is counted is a rate already: write 'tokens'", "tokens > 3/min"),
        ("sum(cost[1h]) > 3 USD/h", "what is counted is a rate already: write 'cost[1h]'", "cost[1h] > 3 USD/h"),
        ("sum(error_rate) > 3%", "'error_rate' is one figure already: write 'error_rate'", "error_rate > 3%"),
        ("avg(active_runs, 10m) > 5", "write 'avg(active_runs[10m])'", "avg(active_runs[10m]) > 5"),
        ("max(active_runs, 1h) > 5", "write 'max(active_runs[1h])'", "max(active_runs[1h]) > 5"),
        ("rise(errors, 10m) > 2", "write 'rise(errors[10m])'", "rise(errors[10m]) > 2"),
        ("avg(active_runs) > 5", "write 'avg(active_runs[10m])'", "avg(active_runs[10m]) > 5"),
        ("mean(active_runs) > 5", "write 'avg(active_runs[10m])'", "avg(active_runs[10m]) > 5"),
        ("average(active_runs[30m]) > 5", "write 'avg(active_runs[30m])'", "avg(active_runs[30m]) > 5"),
        ("peak(active_runs) > 5", "write 'max(active_runs[10m])'", "max(active_runs[10m]) > 5"),
        ("median(tokens[1h]) > 5/min", "write 'baseline(tokens[24h])'", "baseline(tokens[24h]) > 5/min"),
        ("stddev(tokens) > 5/min", "write 'mad(tokens[24h])'", "mad(tokens[24h]) > 5/min"),
        ("delta(active_runs) > 2", "write 'rise(active_runs[10m])'", "rise(active_runs[10m]) > 2"),
        ("absent(active_runs)", "write 'missing(active_runs)'", "missing(active_runs)"),
        ("p95(turn_latency) > 30s", "write 'turn_latency.p95[10m]'", "turn_latency.p95[10m] > 30s"),
        ("tokens > baseline", "a function looks back over a range: write 'baseline(tokens[24h])'", "tokens > baseline(tokens[24h])"),
        // Names
        ("active runs > 10", "did you mean 'active_runs'?", "active_runs > 10"),
        ("error rate > 10%", "did you mean 'error_rate'?", "error_rate > 10%"),
        ("active-runs > 10", "did you mean 'active_runs'?", "active_runs > 10"),
        ("Active_Runs > 10", "did you mean 'active_runs'?", "active_runs > 10"),
        ("active_runs > noisy_min_runs", "did you mean '$noisy_min_runs'?", "active_runs > $noisy_min_runs"),
        ("active_runs > $noisy_min_run", "did you mean '$noisy_min_runs'?", "active_runs > $noisy_min_runs"),
        ("active_runs > ${noisy_min_runs}", "write '$noisy_min_runs'", "active_runs > $noisy_min_runs"),
        ("up == 0", "write 'runtime.up'", "runtime.up == 0"),
        // Truths and what is missing
        ("active_runs == null", "whether something is known is asked by 'missing(active_runs)'", "missing(active_runs)"),
        ("active_runs != null", "whether something is known is asked by 'not missing(active_runs)'", "not missing(active_runs)"),
        ("runtime.up == true", "yes is written 1: write '1'", "runtime.up == 1"),
        ("runtime.up == 100%", "write '1'", "runtime.up == 1"),
        ("missing(tokens) == true", "write 'missing(tokens)'", "missing(tokens)"),
        ("missing tokens", "write 'missing(tokens)'", "missing(tokens)"),
        ("missing(tokens, 500)", "write 'error(500)'", "missing(tokens, error(500))"),
        ("missing(tokens, timeout)", "did you mean 'unreachable'?", "missing(tokens, unreachable)"),
        (
            "missing(tokens, error(5xx))", "one status is asked for: write 'error(500)', or 'error' for any of them",
            "missing(tokens, error(500))"
        ),
        // Operators
        ("active_runs => 5", "write '>='", "active_runs >= 5"), ("active_runs = 5", "write '=='", "active_runs == 5"),
        ("active_runs is 5", "write '=='", "active_runs == 5"), ("active_runs above 5", "write '>'", "active_runs > 5"),
        ("active_runs > 5 && error_rate > 5%", "write 'and'", "active_runs > 5 and error_rate > 5%"),
        ("5 < active_runs < 9", "write '5 < active_runs and active_runs < 9'", "5 < active_runs and active_runs < 9"),
    ]

    @Test("a condition's hint works where it is written", arguments: ofApps.indices)
    func condition(row: Int) {
        let mistake = MistakeTests.ofApps[row]
        let read = Compiling.faults(mistake.written)
        #expect(read.hasSuffix("hint: \(mistake.hint)"), "\(mistake.written)\n\(read)")
        #expect(read.split(separator: "\n").count { $0.contains("error[") } == 1, "one fault, said once:\n\(read)")
        #expect(Compiling.faults(mistake.mended) == "", "what is suggested is wrong itself")
        // One at least of what the hint quotes stands in the mended condition.
        let suggested = mistake.hint.split(separator: "'", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map(
            \.element)
        #expect(!mistake.hint.contains("'" as Character) || suggested.contains { mistake.mended.contains($0) })
    }

    /// The keys of a rule on apps, in one line, or a threshold beside it.
    static let ofRules: [Mistake] = [
        ("for: missing_afetr", "did you mean 'missing_after'?", "for: missing_after"),
        ("for: five minutes", "write '5m'", "for: 5m"), ("for: PT5M", "write '5m'", "for: 5m"), ("for: an hour", "write '1h'", "for: 1h"),
        ("for: 999999h", "write '7d', or less", "for: 7d"), ("for: 900 hours", "write '7d', or less", "for: 7d"),
        ("for: 5 min", "write '5m'", "for: 5m"), ("for: 300", "write '300s', or '300m'", "for: 300s"),
        ("severity: warn", "did you mean 'warning'?", "severity: warning"),
        ("severity: error", "did you mean 'critical'?", "severity: critical"),
        ("severity: high", "did you mean 'critical'?", "severity: critical"), ("severity: low", "did you mean 'info'?", "severity: info"),
        ("severity: CRIT", "did you mean 'critical'?", "severity: critical"),
        ("subject: tenant", "did you mean 'app'?", "subject: app"), ("subject: customer", "did you mean 'app'?", "subject: app"),
        ("condition: active_runs > 5", "did you mean 'when'?", "when: active_runs > 5"),
        ("expr: active_runs > 5", "did you mean 'when'?", "when: active_runs > 5"),
        ("if: active_runs > 5", "did you mean 'when'?", "when: active_runs > 5"),
        ("message: Busy.", "did you mean 'summary'?", "summary: Busy."),
        ("duration: 5m", "did you mean 'for'?", "for: 5m"), ("runbook: a", "did you mean 'playbook'?", "playbook: a"),
        ("actions: [{pause: 5m}]", "write 'pause: {ttl: 5m}'", "actions: [{pause: {ttl: 5m}}]"),
        (
            "actions: [{throttle: 3}]", "write 'throttle: {concurrent_workflows: 3, ttl: 15m}'",
            "actions: [{throttle: {concurrent_workflows: 3, ttl: 15m}}]"
        ),
        (
            "actions: [{throttle: 10m}]", "write 'throttle: {concurrent_workflows: 5, ttl: 10m}'",
            "actions: [{throttle: {concurrent_workflows: 5, ttl: 10m}}]"
        ),
        (
            "actions: [{disable_pack: search}]", "write 'disable_pack: {pack: search, ttl: 15m}'",
            "actions: [{disable_pack: {pack: search, ttl: 15m}}]"
        ),
        ("actions: [{notify: ops}]", "write 'notify: {channels: [ops]}'", "actions: [{notify: {channels: [ops]}}]"),
        ("actions: [{notify: [ops, mail]}]", "write 'notify: {channels: [ops, mail]}'", "actions: [{notify: {channels: [ops, mail]}}]"),
        ("actions: [{pause: {duration: 5m, ttl: 5m}}]", "did you mean 'ttl'?", "actions: [{pause: {ttl: 5m}}]"),
        (
            "actions: [{throttle: {concurrent: 5, concurrent_workflows: 5, ttl: 5m}}]", "did you mean 'concurrent_workflows'?",
            "actions: [{throttle: {concurrent_workflows: 5, ttl: 5m}}]"
        ),
    ]

    /// A policy with one rule, in which a line replaces the one of the same key.
    private func load(_ line: String, thresholds: String = "", above: String = "") -> Result<PolicySet, PolicyErrors> {
        let key = line.prefix { $0 != ":" }
        let lines =
            ["subject: app", "when: active_runs > 3", "severity: info"].filter { !$0.hasPrefix(key + ":") } + (line.isEmpty ? [] : [line])
        let text =
            "schema: mozaiks.ops/policy/v1\nops_policy: default\nallowed_actions: [notify, throttle, pause, disable_pack]\n\(above)"
            + (thresholds.isEmpty ? "" : "thresholds: {\(thresholds)}\n") + "rules:\n  r:\n" + lines.map { "    \($0)\n" }.joined()
        return PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))])
    }

    private func hints(_ result: Result<PolicySet, PolicyErrors>) -> [String] {
        switch result {
        case .success(let set): set.warnings.compactMap(\.hint)
        case .failure(let errors): errors.diagnostics.compactMap(\.hint)
        }
    }

    @Test("a rule's hint works where it is written", arguments: ofRules.indices)
    func rule(row: Int) throws {
        let mistake = MistakeTests.ofRules[row]
        let found = load(mistake.written)
        #expect(throws: PolicyErrors.self) { try found.get() }
        #expect(hints(found).contains(mistake.hint), "\(mistake.written): \(hints(found))")
        #expect(throws: Never.self) { try load(mistake.mended).get() }
    }

    @Test(
        "a threshold's hint works where it is written",
        arguments: [
            ("5 €/h", "money is in USD: write '5 USD/h'", "5 USD/h"), ("20 %", "write '20%'", "20%"),
            ("$5/h", "write '5 USD/h'", "5 USD/h"),
            ("10k", "write '10000'", "10000"), ("5 percent", "write '5%'", "5%"), ("5 min", "write '5m'", "5m"),
            ("1,000", "write '1000'", "1000"),
        ])
    func threshold(written: String, hint: String, mended: String) {
        #expect(hints(load("", thresholds: "t: \"\(written)\"")).contains(hint), "\(hints(load("", thresholds: "t: \"\(written)\"")))")
        #expect(Quantity(mended) != nil)
    }

    @Test func whatExtendsIsNoList() throws {
        #expect(hints(load("", above: "extends: [builtin]\n")).contains("write 'extends: builtin'"))
        #expect(throws: Never.self) { try load("", above: "extends: builtin\n").get() }
    }

    @Test("a threshold that nobody uses and that is nearly the name of one") func nearlyUsed() throws {
        let set = try load("", thresholds: "noisy_shares: 50%", above: "extends: builtin\n").get()
        let warning = try #require(set.warnings.first { $0.code == "unused-threshold" })
        #expect(warning.hint == "did you mean 'noisy_share'?")
        #expect(
            try load("", thresholds: "noisy_share: 50%", above: "extends: builtin\n").get().warnings.allSatisfy {
                $0.code != "unused-threshold"
            })
    }

    @Test(
        "places of other languages in texts are warned about, what is meant as it stands is not",
        arguments: [
            ("next_steps: [\"docker ps --format '{{.State}}'\"]", "'{{.State}}' is told as '{.State}'"),
            ("summary: \"{{ $labels.app }} is busy\"", "for the value write '{app}'"),
            ("summary: \"{{ app }} is busy\"", "for the value write '{app}'"),
            ("summary: \"{{app}} is busy\"", "for the value write '{app}'"), ("summary: \"$app is busy\"", "write '{app}'"),
            ("summary: \"${app} is busy\"", "write '{app}'"), ("labels: {a: \"$value\"}", "write '{value}'"),
            ("description: \"{app} is busy\"", "'description' is told as it is written"),
            ("suggest: [\"ask {app}\"]", "'suggest' is told as it is written"),
            ("summary: \"It costs $5\"", ""), ("next_steps: [\"echo $HOME ${x}x\"]", "there is no '{x}'"),
            ("summary: \"{app} is busy\"", ""),
            ("next_steps: [\"docker ps --format '{{{{.State}}}}'\"]", ""), ("description: \"A set {a, b}\"", ""),
            ("next_steps: [\"curl -d '{{\\\"a\\\": 1}}' host\"]", ""),
        ])
    func places(line: String, says: String) throws {
        let warnings = try load(line).get().warnings.filter { $0.code == "braces" }
        #expect(says.isEmpty ? warnings.isEmpty : warnings.count == 1 && "\(warnings[0])".contains(says), "\(line): \(warnings)")
    }

    @Test("an app has its article") func article() {
        #expect(SubjectKind.app.withArticle == "an app" && SubjectKind.runtime.withArticle == "a runtime")
        let found = try? load("summary: \"{replica} is busy\"").get().warnings.map(\.message)
        #expect(found?.contains { $0.hasPrefix("a rule on an app has no '{replica}'") } == true)
    }
}
