import Model
import Testing
import YAML

@testable import Policy

/// What is suggested to people who write conditions as other languages, other monitors or they themselves would: each hint is
/// one that works, or says where the thing is to be said.
@Suite struct ConditionHintTests {
    @Test(arguments: [
        // Truths
        ("up == true", "yes is written 1: write '1'"), ("up == false", "no is written 0: write '0'"),
        ("healthy != False", "no is written 0: write '0'"),
        ("healthy == null", "whether something is known is asked by 'missing(healthy)'"), ("down", "write 'up == 0'"),
        ("missing(healthy) == true", "write 'missing(healthy)'"), ("missing(healthy) == false", "write 'not missing(healthy)'"),
        ("missing(healthy) != true", "write 'not missing(healthy)'"), ("up == 1 and missing(healthy) == true", "write 'missing(healthy)'"),
        ("not up", "write 'up == 0' without 'not'"), ("healthy is false", "write '=='"), ("up equals 1", "write '=='"),
        // Units
        ("turn_latency.p95 > 30 sec", "write '30s'"), ("turn_latency.p95 > 30sec", "write '30s'"),
        ("turn_latency.p95 > 30 seconds", "write '30s'"),
        ("turn_latency.p95 > 2min", "write '2m'"), ("turn_latency.p95 > 2 minutes", "write '2m'"),
        ("turn_latency.p95 > 500 msec", "write '500ms'"),
        ("uptime < 5 m", "write '5m'"), ("uptime < 1 hour", "write '1h'"), ("uptime < 2 weeks", "write '14d'"),
        ("uptime < 1.5 Hours", "write '1.5h'"),
        ("error_rate > 5 percent", "write '5%'"), ("error_rate > 5pct", "write '5%'"),
        ("error_rate > 5 per cent", "write '5%'"), ("tokens > 10e3/min", "write '10000/min'"), ("cost > 1.5E1 USD/h", "write '15 USD/h'"),
        ("open_runs > 1.000.000", "a dot is a decimal point: write '1000000'"),
        ("error_rate > 5 %", "write it right behind the number: 5%"),
        ("turns > 2000 rpm", "write '2000/min'"), ("turns > 3 rps", "write '3/s'"), ("open_runs > 1e3", "write '1000'"),
        ("tokens > 3x baseline(tokens[24h])", "write '3 *'"), ("tokens > 3 times baseline(tokens[24h])", "write '3 *'"),
        ("cost > 5 EUR/h", "money is in USD: write '5 USD/h'"), ("cost > 5€/h", "money is in USD: write '5 USD/h'"),
        ("cost > 5 USD", "write '5 USD/h'"),
        ("mongodb_latency > 200", "write '200s' or '200ms'"), ("mongodb_latency > 0.2", "write '0.2s'"),
        ("active_runs > +5", "write '5'"), ("active_runs > 1,5", "write '1.5'"), ("active_runs > five", "write '5'"),
        // Functions and reasons
        ("mean(open_runs[5m]) > 5", "write 'avg(open_runs[5m])'"), ("p95(turn_latency[5m]) > 5s", "write 'turn_latency.p95[10m]'"),
        ("rate(errors[5m]) > 5", "what is counted is a rate already: write 'errors[5m]'"),
        ("avge(open_runs[5m]) > 5", "did you mean 'avg'?"), ("tokens > 3 * baseline(tokens)", "write 'baseline(tokens[24h])'"),
        ("avg(open_runs) > 3", "write 'avg(open_runs[10m])'"),
        ("tokens > baseline", "a function looks back over a range: write 'baseline(tokens[24h])'"),
        ("baseline(tokns) > 5/min", "did you mean 'tokens'?"), ("missing(healthy, timeout)", "did you mean 'unreachable'?"),
        ("missing(tokens, dead)", "did you mean 'dead_counter'?"), ("missing(healthy, 500)", "write 'error(500)'"),
        ("missing(healthy, error 502)", "write 'error(502)'"),
        // Names
        ("active-runs > 5", "did you mean 'active_runs'?"), ("activeRuns > 5", "did you mean 'active_runs'?"),
        ("active_runs > noisy_min_runs", "did you mean '$noisy_min_runs'?"), ("active_runs > ${noisy_min_runs}", "write '$noisy_min_runs'"),
        ("active_runs > @noisy_min_runs", "a threshold is written '$name'"),
        ("turn_latency > 30s", "there are: turn_latency.p50, turn_latency.p95, turn_latency.p99, turn_latency.p95.rest"),
        ("turn_latency.p90 > 30s", "there are: turn_latency.p50, turn_latency.p95, turn_latency.p99, turn_latency.p95.rest"),
        ("avg(tokens[1h]) offset 7d > 9/min", "an offset stands right behind a signal and its window: tokens[1h] offset 7d"),
        // The time of day
        ("open_runs > 3 and hour >= 22", "the hour by the configured zone is 'hour()', 0 to 23: write 'hour() >= 22'"),
        ("open_runs > 3 and time_of_day() >= 22", "the hour by the configured zone is 'hour()', 0 to 23: write 'hour() >= 22'"),
        ("open_runs > 3 and hour() >= 22:30", "an hour is a whole number: 'hour() >= 22 or hour() < 6'"),
        ("open_runs > 3 and day_of_week() >= 6", "days of the week are 'weekday()', 1 (Monday) to 7 (Sunday): write 'weekday() >= 6'"),
        ("open_runs > 3 and weekday() == Saturday", "weekday() counts from 1 (Monday) to 7 (Sunday): write '6'"),
        ("open_runs > 3 and weekday() == sun", "weekday() counts from 1 (Monday) to 7 (Sunday): write '7'"),
        ("tokens[1h] ofset 1d > 5/min", "did you mean 'offset 1d'?"),
        ("tokens offset 1d[1h] > 5/min", "write 'tokens[1h] offset 24h'"),
        ("cost[yesterday] > 5 USD", "of days and months that are over no sums are kept: there are [today] and [this_month]"),
        ("cost[this month] > 5 USD", "there are [today] and [this_month]"),
        // Figures over apps
        ("sum(active_runs > 4) > 5", "of how many apps that holds is 'count(active_runs > 4)'"),
        ("median(active_runs * 2) > 5", "'median' takes one signal: reckon with what it comes to"),
        ("median(active_runs, 3) > 5", "'median' takes one signal"), ("quantile(1.1, active_runs) > 5", "write '0.9'"),
        ("quantile(0.9, websockets) > 5", "the runtime's own stands without 'quantile': write 'websockets'"),
        ("median(runtime.active_runs) > 5", "the runtime's own stands without 'median': write 'active_runs'"),
        // Metrics and labels
        ("histogram_quantile(0.95, metric(\"x\")) > 1", "write 'metric(\"x\").p95[5m]'"),
        ("histogram_quantile(0.5, rate(metric(\"x_bucket\")[5m])) > 1", "write 'metric(\"x\").p50[5m]'"),
        ("quantile(0.9, metric(\"x\")) > 1", "write 'metric(\"x\").p90[5m]'"),
        ("metric(\"x\").rate(10m) > 1", "write 'metric(\"x\").rate[10m]'"),
        ("metric(\"x\", a!=~\"1\") > 1", "write 'a!~\"…\"'"), ("label() == \"e\"", "write 'label(tier)'"),
        ("tokens(1h) > 5/min", "'tokens' is a signal, and no function: write 'tokens[10m]'"),
        ("disk_free(\"/\") < 10%", "'disk_free' is a signal, and no function: write 'disk_free'"),
        // What stands elsewhere
        ("active_runs > 5 for 5m", "how long it must hold stands in the rule's 'for:'"),
        ("errors > 3/min in 30m", "a window stands in brackets behind its signal: errors[10m]"),
        ("if active_runs > 5", "leave 'if' away"), ("active_runs > 5; up == 0", "write 'and' or 'or'"),
    ])
    func hint(condition: String, hint: String) {
        let read = Compiling.faults(condition, .runtime)
        #expect(read.hasSuffix("hint: \(hint)"), "\(condition)\n\(read)")
        #expect(read.split(separator: "\n").count { $0.contains("error[") } == 1, "one fault, said once:\n\(read)")
    }

    @Test(
        "of an app's own figures",
        arguments: [
            ("share > 40%", "did you mean 'active_runs.share'?"), ("max_per_user > 5", "did you mean 'active_runs.max_per_user'?"),
        ])
    func ofApps(condition: String, hint: String) {
        #expect(Compiling.faults(condition, .app).contains("hint: \(hint)"), "\(Compiling.faults(condition, .app))")
    }

    @Test(
        "what is suggested works",
        arguments: [
            "up == 1", "not missing(healthy)", "turn_latency.p95 > 30s", "uptime < 14d", "uptime < 1.5h", "error_rate > 5%",
            "turns > 2000/min", "turns > 3/s",
            "tokens > 3 * baseline(tokens[24h])", "cost > 5 USD/h", "mongodb_latency > 200ms", "missing(healthy, error(500))",
            "turn_latency.p95[10m] > 5s",
            "rise(open_runs[10m]) > 1.5", "mad(tokens[24h]) > 5/min", "errors[10m] > 3/min",
        ])
    func works(condition: String) { #expect(Compiling.faults(condition, .runtime) == "") }

    @Test(
        "what is right stays right: numbers beside names, words and divisions",
        arguments: [
            ("active_runs > 5 and up == 1", SubjectKind.runtime), ("tokens / open_runs > 5/min", .runtime),
            ("open_runs > 5 or up == 0", .runtime),
            ("5 < open_runs", .runtime), ("open_runs - active_runs > 5", .runtime), ("3 * tokens > 9/min", .runtime), ("up==0", .runtime),
            ("uptime < 1d", .runtime),
        ])
    func right(condition: String, subject: SubjectKind) { #expect(Compiling.faults(condition, subject) == "") }

    @Test(
        "lengths of time as they are written elsewhere",
        arguments: [
            ("30 sec", "write '30s'"), ("5 minutes", "write '5m'"), ("1 hour 30 minutes", "write '1h30m'"), ("2 weeks", "write '14d'"),
            ("300", "write '300s', or '300m'"),
            ("1h, 5 min", "write '1h5m'"), ("soon", nil), ("5 apples", nil), ("", nil), ("-5 min", nil), ("five minutes", "write '5m'"),
            ("an hour", "write '1h'"),
            ("half an hour", "write '0.5h'"), ("PT5M", "write '5m'"), ("PT1H30M", "write '1h30m'"), ("P1DT12H", "write '1d12h'"),
            ("400000h", nil), ("P1M", nil), ("PT", nil), ("P", nil), ("a while", nil),
        ])
    func span(text: String, hint: String?) {
        #expect(SpanSpelling.hint(text) == hint)
        if let hint, !hint.contains(", or") { #expect(TimeSpan(String(hint.dropFirst(7).dropLast())) != nil) }
    }
}
