/// The policy that evaluation is measured with. Frozen, and not the built-in one: a figure compares with an older one only
/// if both did the same work, and a new default rule must not end the bench ("not a steady state"), as it once did for
/// 115 commits. Ten rules on apps that read every app signal and functions over minutes, the runtime's rules of the time
/// when it was frozen in short, and thresholds that nothing in the bench reaches.
enum BenchPolicy {
    static let text = """
        schema: mozaiks.ops/policy/v1
        ops_policy: default
        mode: observe
        window: 5m
        rules:
          down: {subject: runtime, when: up == 0, for: 5m, severity: critical}
          unhealthy: {subject: runtime, when: up == 1 and healthy == 0, for: 1m, severity: critical}
          poisoned: {subject: runtime, when: "missing(tracked_chats, error) and healthy == 1", for: 5m, severity: warning}
          expensive: {subject: runtime, when: perf_seconds > 100s, for: 10m, severity: warning}
          restarts: {subject: runtime, when: "restarts[30m] >= 3", severity: critical}
          mongodb: {subject: runtime, when: mongodb_latency > 200ms, for: 5m, severity: warning}
          calls: {subject: runtime, when: "llm_calls > 1000000 * baseline(llm_calls[24h]) and llm_calls > 1000000/min", for: 10m, severity: warning}
          crowded: {subject: runtime, when: active_runs > 1000000, for: 15m, severity: info}
          noisy: {subject: app, when: active_runs.share > 40% and runtime.active_runs >= 10 and runtime.active_apps >= 3, for: 5m, severity: warning}
          tokens: {subject: app, when: "tokens > 1000 * baseline(tokens[24h]) and tokens > 2000000/min", for: 5m, severity: warning}
          errors: {subject: app, when: error_rate > 90% and errors > 100000/min, severity: info}
          latency: {subject: app, when: turn_latency.p50 > 5000s or turn_latency.p95 > 6000s, severity: info}
          slowest: {subject: app, when: turn_latency.p99 > 7000s, severity: info}
          stalled: {subject: app, when: stalled_runs > 1000 or open_runs > 2000, severity: info}
          starts: {subject: app, when: run_starts > 10000/min or run_ends > 10000/min, severity: info}
          work: {subject: app, when: turns > 100000/min or tool_calls > 100000/min, severity: info}
          hog: {subject: app, when: active_runs.max_per_user > 1000 or active_runs > 1000, severity: info}
          cost: {subject: app, when: "cost > 100000 USD/h or rise(turns[10m]) > 1000", severity: info}

        """
}
