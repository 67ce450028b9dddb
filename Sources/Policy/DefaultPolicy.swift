/// The policy that is built into the program. The text is `policies/ops_policy.default.yaml`, byte for byte: a test
/// compares them, and writes this file anew when told to (`MOZAIKS_RECORD=1 swift test --filter DefaultPolicyTests`).
public enum DefaultPolicy {
    /// How diagnostics and origins call it.
    public static let file = "built-in ops_policy.default.yaml"

    public static let text = #"""
# The default policy: it holds for every app without a file of its own (ops_policy.<app_id>.yaml).
# It is built into mozaiks-ops; a file of this name in your policy folder takes its place.
#
#   mozaiks-ops policy check     everything wrong with your files, with line and column
#   mozaiks-ops policy show      what holds, and which line says so
schema: mozaiks.ops/policy/v1
ops_policy: default

# observe:  decide and record, do nothing but tell people (start here)
# suggest:  every action waits for a person's approval
# enforce:  do what is allowed below
# The stricter of this and the configuration's mode wins.
mode: observe

window: 5m          # of rates, ratios and quantiles that name none: error_rate is error_rate[5m]
missing_after: 5m   # evidence missing for so long is an incident of its own
clear_after: 2m     # a condition must be known false for so long before an incident resolves
stalled_after: 10m  # an open run older than this counts as active only while it makes progress

# Numbers that rules refer to as $name. An app's file overrides them one by one.
thresholds:
  noisy_share: 40%         # of a runtime's active runs in one app
  noisy_min_runs: 10       # below so many active runs on the runtime nobody is noisy
  max_active_runs: 200     # what one runtime carries well
  token_spike: 3           # times an app's own usual rate
  silent_share: 50%        # of ended runs in which nothing happened
  silent_min_starts: 2/min # fewer starts than this say nothing about the provider

# What may happen without a person. Messages are always allowed.
allowed_actions: [notify, throttle, pause]

rules:
  # ---- Something is wrong with the evidence itself. One incident per cause: each keeps quiet what follows from it.

  runtime-down:
    subject: runtime
    when: up == 0
    for: missing_after
    severity: critical
    summary: The runtime answers nobody.
    next_steps:
      - Look whether the process runs and its port is open from this machine.
      - Read the last lines of its log; restart it if it hangs.
    suppresses:
      [runtime-unhealthy, runtime-unauthorized, perf-poisoned, dead-counters, provider-trouble, noisy-neighbor,
       runtime-saturated, token-burn-spike]
    playbook: runtime-down

  runtime-unauthorized:
    subject: runtime
    when: missing(websockets, unauthorized) or missing(tracked_chats, unauthorized)
    for: missing_after
    severity: critical
    summary: The runtime refuses our token, so we are blind.
    description: >
      The runtime also says 401 while its identity provider is down: then users cannot log in either.
    next_steps:
      - Check the token's expiry and audience (mozaiks-ops doctor).
      - Check whether the identity provider answers.
    suppresses:
      [runtime-unhealthy, perf-poisoned, dead-counters, provider-trouble, noisy-neighbor, runtime-saturated,
       token-burn-spike]
    playbook: runtime-unauthorized

  runtime-unhealthy:
    subject: runtime
    when: up == 1 and (healthy == 0 or missing(healthy, unreachable))
    for: 1m
    severity: critical
    summary: The runtime answers but its health check says no.
    description: >
      In most cases MongoDB cannot be reached: metrics go on answering 200 while nobody can start a run.
    next_steps:
      - Check MongoDB from the runtime's machine.
      - Read the runtime's log around the time of the incident.
    playbook: runtime-unhealthy

  # One NaN or one broken id makes both perf endpoints answer 500 until the process restarts, while health stays good.
  perf-poisoned:
    subject: runtime
    when: (missing(tracked_chats, error) or missing(tracked_chats, malformed)) and healthy == 1
    for: missing_after
    severity: warning
    summary: The runtime is healthy but its performance figures cannot be read.
    next_steps:
      - Plan a restart of the runtime; only that clears it.
      - Until then nothing about tenants is known and nothing is done to them.
    suppresses: [dead-counters, provider-trouble, noisy-neighbor, runtime-saturated, token-burn-spike]
    playbook: perf-poisoned

  dead-counters:
    subject: runtime
    when: dead_counters > 0
    for: missing_after
    severity: info
    summary: Some counters of this runtime never move; rules on them see nothing.
    next_steps:
      - Run mozaiks-ops doctor to see which, and what the rules can still tell.
    playbook: dead-counters

  # ---- Load and tenants.

  # Runs end in seconds with nothing done while people start new ones: the model provider is down or out of quota.
  # Retries then look like abuse, so nobody is held back for it.
  provider-trouble:
    subject: runtime
    when: silent_runs.share > $silent_share and run_starts > $silent_min_starts
    for: 2m
    severity: critical
    summary: Runs end without doing anything. The model provider is probably down.
    next_steps:
      - Check the status page and the quota of the model provider.
      - Tell tenants; their retries are not abuse.
    suppresses: [noisy-neighbor, runtime-saturated]
    playbook: provider-trouble

  noisy-neighbor:
    subject: app
    when: active_runs.share > $noisy_share and runtime.active_runs >= $noisy_min_runs and runtime.active_apps >= 3
    for: 5m
    severity: warning
    summary: One app takes most of the runtime.
    next_steps:
      - Look at what the app runs and who started it.
      - If this is its normal load, give it a policy of its own or a runtime of its own.
    actions:
      - notify
      # Noisy is not yet harmful: on an idle machine the best customer is not throttled.
      - throttle: {concurrent_workflows: 2, ttl: 15m, only_if: runtime.active_runs > 0.5 * $max_active_runs}
    playbook: noisy-neighbor

  runtime-saturated:
    subject: runtime
    when: active_runs > $max_active_runs and (rise(error_rate[10m]) > 1.5 or rise(silent_runs.share[10m]) > 1.5)
    for: 2m
    severity: critical
    summary: The runtime carries too many runs and they begin to fail.
    next_steps:
      - Add a replica, or move the heaviest app away.
    actions:
      - notify
      - pause: {apps: top(3, active_runs), ttl: 10m}
    suggest: [scale_out]
    playbook: runtime-saturated

  token-burn-spike:
    subject: app
    when: tokens > $token_spike * baseline(tokens[24h]) and tokens > 2000/min
    for: 5m
    severity: warning
    summary: An app burns tokens far above its own usual rate.
    next_steps:
      - Look for a loop in its workflows.
      - Ask the tenant whether this is meant.
    actions: [notify]
    require_approval:                       # offered in the message, done only on approval
      - throttle: {concurrent_workflows: 1, ttl: 30m}
    suggest: [raise_limit, contact_tenant]
    playbook: token-burn-spike

"""#
}
