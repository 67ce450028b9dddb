/// The policy that is built into the program. The text is `policies/ops_policy.default.yaml`, byte for byte: a test
/// compares them, and writes this file anew when told to (`MOZAIKS_RECORD=1 swift test --filter DefaultPolicyTests`).
public enum DefaultPolicy {
    /// How diagnostics and origins call it.
    public static let file = "built-in ops_policy.default.yaml"

    public static let text = #"""
        # yaml-language-server: $schema=../docs/schema/policy.schema.json
        # The default policy: it holds for every app without a file of its own (ops_policy.<app_id>.yaml).
        # It is built into mozaiks-ops; a file of this name in your policy folder takes its place.
        #
        #   mozaiks-ops policy check     everything wrong with your files, with line and column
        #   mozaiks-ops policy show      what holds, and which line says so
        #   mozaiks-ops policy test      runs the stories in tests/ beside this file, where you copied them too
        #
        # docs/policies.md explains how to change a rule, break it, test it and try it on a recorded day.
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
          noisy_min_runs: 20       # below so many active runs on the runtime nobody is noisy: a tenth of what it carries
          noisy_growth: 1.5        # times an app's own usual, beyond what the rest grew
          max_active_runs: 200     # what one runtime carries well
          token_spike: 3           # times an app's own usual rate
          silent_share: 50%        # of ended runs in which nothing happened
          silent_min_starts: 2/min # fewer starts than this say nothing about the provider
          silent_min: 2/min        # fewer runs without anything done are no trend
          failing_share: 5%        # of turns and tool calls, or of ended runs: less is noise
          chance: 6                # standard errors: what lies so far above its usual is not noise
          calls_spike: 1.75        # times the runtime's own usual rate of model calls, and times what a run usually makes
          cost_spike: 3            # times an app's own usual spend
          error_share: 20%         # of turns that fail
          error_rise: 3            # times what usually fails
          error_min: 0.5/min       # fewer errors than this on a runtime are no trend
          app_error_min: 0.4/min   # fewer of one app are chance: four within ten minutes
          latency_rise: 3          # times the runtime's own usual turn
          latency_floor: 10s       # faster turns than this are not slow, whatever is usual
          slow_turn: 120s          # people's thinking time is in it
          stuck_share: 25%         # of the usual turns: less is left where nothing moves any more, one turn a run at most
          stuck_min_turns: 10/min  # fewer turns than this cannot be missed within two minutes
          loop_growth: 20          # times the tokens that a run of the others takes, of an app whose usual is not known
          stalled_limit: 20        # open runs that make no progress
          user_runs: 8             # active runs of one user of an app
          line_loss: 5%            # of requests that are lost singly: a poor line between monitor and runtime
          health_failing: 30%      # of health polls: a check that comes and goes; two deploys in a row are less, and a poor line
          restart_limit: 3         # restarts of one process within half an hour
          mongodb_slow: 200ms      # a healthy ping takes a few milliseconds
          max_websockets: 1000     # what one process holds well
          perf_slow: 1s            # so long one reading of the figures holds up everybody on the runtime
          disk_low: 10%            # of a disk's space or inodes
          disk_full: 3%            # what is written now may fail within minutes
          memory_high: 92%         # of what the machine or its container has
          cpu_high: 90%            # of all cores, or of the container's limit
          cpu_waiting: 25%         # of the time in which something waited for a processor
          service_slow: 2s         # for one look at it, from here
          certificate_soon: 14     # days: renewed by itself it is renewed by then
          certificate_last: 3      # days

        # What may happen without a person. Messages are always allowed.
        allowed_actions: [notify, throttle, pause]

        rules:
          # ---- Something is wrong with the evidence itself. One incident per cause: each keeps quiet what follows from it.

          runtime-down:
            subject: runtime
            # A poor line loses three polls in a row by chance: there they must be more. What is refused was not lost on the way.
            when: >-
              up == 0 and (missing(line_loss) or line_loss <= $line_loss
              or (not missing(health_failures[30s]) and health_failures[30s] > 50%)
              or (not missing(lost_polls[150s]) and lost_polls[150s] > 99%))
            # A lost poll or two are no outage; a minute of refused connections is one, however often we ask.
            for: 1m
            polls: 3
            # An outage that comes and goes is one. What follows from it is kept quiet while it lasts and for two minutes.
            clear_after: 8m
            severity: critical
            summary: The runtime answers nobody.
            next_steps:
              - Look whether the process runs and its port is open from this machine.
              - Read the last lines of its log; restart it if it hangs.
            suppresses:
              [runtime-unreachable, health-unreadable, events-unreadable, metrics-unreadable, figures-contradict, runtime-restarted,
               turn-latency-rise, runtime-unhealthy, runtime-unauthorized, perf-poisoned, perf-unreadable, replica-down, perf-expensive,
               dead-counters, mongodb-slow, websockets-high, provider-trouble, provider-silent, runs-stuck,
               model-calls-spike, runtime-saturated, runtime-crowded, error-spike, error-rise, turn-latency-high, stalled-runs,
               noisy-burst, noisy-neighbor, user-hogging, app-errors, app-stuck, app-slow, token-burn-spike, cost-spike]
            playbook: runtime-down

          # The address answers and nothing of what it says is the runtime's: a proxy's 502 page, a redirect, a wrong host. A
          # deploy of two minutes looks the same and is not told.
          runtime-unreachable:
            subject: runtime
            when: >-
              up == 1 and missing(healthy) and missing(tracked_chats) and missing(uptime)
              and not (missing(healthy, unauthorized) or missing(tracked_chats, unauthorized) or missing(healthy, partial)
              or missing(tracked_chats, partial))
            for: 3m
            polls: 3
            clear_after: 3m
            severity: critical
            summary: Something answers in the runtime's place, and nothing it says can be read.
            next_steps:
              - Ask for its health with curl; the page and the status say who answers (a proxy, a login, another program).
              - Look whether the process behind the proxy runs.
            suppresses:
              [health-unreadable, events-unreadable, metrics-unreadable, figures-contradict, runtime-restarted, turn-latency-rise,
               runtime-unhealthy, perf-poisoned, perf-unreadable, perf-expensive, dead-counters, mongodb-slow, websockets-high, provider-trouble,
               provider-silent, runs-stuck, model-calls-spike, runtime-saturated, runtime-crowded, error-spike, error-rise,
               turn-latency-high, stalled-runs, noisy-burst, noisy-neighbor, user-hogging, app-errors, app-stuck, app-slow,
               token-burn-spike, cost-spike]
            playbook: runtime-unreachable

          runtime-unauthorized:
            subject: runtime
            when: missing(websockets, unauthorized) or missing(tracked_chats, unauthorized)
            for: missing_after
            # At every other poll counts, too: half of the answers lacking is twice as long until it is told.
            dips: 1m
            severity: critical
            summary: The runtime refuses our token, so we are blind.
            description: >
              The runtime also says 401 while its identity provider is down: then users cannot log in either.
            next_steps:
              - Check the token's expiry and audience (mozaiks-ops doctor).
              - Check whether the identity provider answers.
            suppresses:
              [health-unreadable, events-unreadable, metrics-unreadable, figures-contradict, runtime-restarted, turn-latency-rise,
               runtime-unhealthy, perf-poisoned, perf-unreadable, replica-down, perf-expensive, dead-counters, mongodb-slow, websockets-high,
               provider-trouble, provider-silent, runs-stuck, model-calls-spike, runtime-saturated, runtime-crowded, error-spike,
               error-rise, turn-latency-high, stalled-runs, noisy-burst, noisy-neighbor, user-hogging, app-errors, app-stuck, app-slow,
               token-burn-spike, cost-spike]
            playbook: runtime-unauthorized

          runtime-unhealthy:
            subject: runtime
            # Where a page answers in the place of everything it is no check's answer; and what one outage left behind in long
            # windows is no fault that comes and goes: the newest minutes must show it too, and no more of it than the half hour; nor
            # is it what one process of several left, that was gone and is back: within a minute it must fail again.
            when: >-
              (up == 1 and (healthy == 0 or (missing(healthy, unreachable) and (missing(line_loss) or line_loss <= $line_loss
              or (not missing(health_failures[150s]) and health_failures[150s] > 99%)))))
              or ((not missing(healthy) or missing(healthy, unreachable) or not missing(tracked_chats) or not missing(uptime))
              and not missing(health_failures[2m])
              and health_failures[2m] > 0.5 * $health_failing and (missing(health_failures[1m]) or health_failures[1m] > 0%)
              and ((not missing(health_failures[10m]) and health_failures[10m] > 1.2 * $health_failing
              and (missing(line_loss) or health_failures[10m] > 1.2 * $health_failing + line_loss))
              or (not missing(health_failures[15m]) and health_failures[15m] > 0.9 * $health_failing
              and (missing(line_loss) or health_failures[15m] > 0.9 * $health_failing + line_loss))
              or (not missing(health_failures[30m]) and not missing(health_failures[10m])
              and not missing(baseline(healthy[24h])) and health_failures[30m] > 0.75 * $health_failing
              and health_failures[10m] > 0.5 * $health_failing
              and (missing(line_loss) or health_failures[30m] > 0.75 * $health_failing + line_loss))))
              or (not missing(lost_polls[30m]) and not missing(lost_polls[10m]) and not missing(lost_polls[2m])
              and lost_polls[30m] > 1.3 * $health_failing and lost_polls[10m] > 1.3 * $health_failing
              and lost_polls[2m] > 1.3 * $health_failing and lost_polls[10m] < 1.3 * lost_polls[30m])
            for: 1m
            dips: 1m
            # Failures for two minutes of every six are one story.
            clear_after: 4m
            severity: critical
            summary: The runtime answers, but its health check says no, fails or does not come.
            description: >
              In most cases MongoDB cannot be reached: metrics go on answering 200 while nobody can start a run. A check that
              comes and goes counts too, whether it says no or does not come: nearly a third of ten minutes' polls, or nearly a
              quarter of half an hour's.
            next_steps:
              - Check MongoDB from the runtime's machine.
              - Read the runtime's log around the time of the incident.
            # Starts that fail without a database stay open for ever, and who tries again most seems to take most.
            suppresses:
              [health-unreadable, events-unreadable, perf-poisoned, perf-unreadable, mongodb-slow, runs-stuck, error-spike,
               error-rise, turn-latency-rise, turn-latency-high, stalled-runs, app-errors, app-stuck, app-slow, noisy-burst, noisy-neighbor,
               user-hogging]
            playbook: runtime-unhealthy

          # Blind for the health check, which says nothing of it being good. Builds that never had the endpoint answer 404 to it
          # from the start and are judged by the rest.
          health-unreadable:
            subject: runtime
            when: >-
              up == 1 and (missing(healthy, malformed) or missing(healthy, unauthorized)
              or (missing(healthy, error) and (not missing(healthy, error(404)) or not missing(max(healthy[24h])))))
            for: missing_after
            dips: 1m
            severity: warning
            summary: The runtime answers, but what it says of its health cannot be read.
            next_steps:
              - Ask for its health with curl; a proxy, a rate limit or a new build may answer in its place.
              - Until it is read, nobody tells you when MongoDB is gone.
            playbook: health-unreadable

          # One NaN or one broken id makes both perf endpoints answer 500 until the process restarts, while health stays good.
          perf-poisoned:
            subject: runtime
            when: up == 1 and (missing(tracked_chats, error) or missing(tracked_chats, malformed))
            for: missing_after
            dips: 1m
            severity: warning
            summary: The runtime answers, but its performance figures cannot be read.
            next_steps:
              - Plan a restart of the runtime; only that clears it.
              - Until then nothing about tenants is known and nothing is done to them.
            suppresses:
              [perf-expensive, dead-counters, provider-trouble, provider-silent, runs-stuck, runtime-saturated, runtime-crowded,
               error-spike, error-rise, turn-latency-rise, turn-latency-high, stalled-runs, noisy-burst, noisy-neighbor, user-hogging,
               app-errors, app-stuck, app-slow, token-burn-spike, cost-spike]
            playbook: perf-poisoned

          # Not an error but no figures all the same: the answer does not come in time while health is good, one process of
          # several cannot be read, or one URL leads to several processes. Any of them leaves the whole runtime's tenants unseen.
          perf-unreadable:
            subject: runtime
            # A process that answers nothing is replica-down's to tell, after a rolling deploy's time.
            when: >-
              up == 1 and (missing(tracked_chats, unreachable) or (missing(tracked_chats, partial)
              and (missing(health_failures[1m]) or health_failures[1m] < 0.1 * $health_failing)
              and (missing(lost_polls[1m]) or lost_polls[1m] < 0.1 * $health_failing)))
              and (missing(line_loss) or line_loss <= $line_loss or missing(max(tracked_chats[5m])))
            for: 2m
            dips: 1m
            polls: 2
            severity: warning
            summary: The runtime answers, but its performance figures do not come, or not from all of its processes.
            next_steps:
              - Run mozaiks-ops doctor to see which process is not read, and why.
              - Until it is, nothing about tenants is known and nothing is done to them.
            suppresses:
              [perf-expensive, dead-counters, provider-trouble, provider-silent, runs-stuck, runtime-saturated, runtime-crowded,
               error-spike, error-rise, turn-latency-rise, turn-latency-high, stalled-runs, noisy-burst, noisy-neighbor, user-hogging,
               app-errors, app-stuck, app-slow, token-burn-spike, cost-spike]
            playbook: perf-unreadable

          # What of the process's life, its model calls and silent runs is known comes from the events' figures.
          events-unreadable:
            subject: runtime
            when: >-
              up == 1 and (missing(uptime, malformed) or missing(uptime, unreachable) or missing(uptime, unauthorized)
              or (missing(uptime, error) and (not missing(uptime, error(404)) or not missing(max(uptime[24h])))))
            for: missing_after
            dips: 1m
            severity: warning
            summary: The runtime answers, but its event figures cannot be read.
            next_steps:
              - Run mozaiks-ops doctor to see what answers in their place.
              - Until they are read, restarts, model calls and silent runs are not seen.
            playbook: events-unreadable

          # Only where a configuration names a page of metrics: rules on it neither fire nor resolve while it cannot be read.
          metrics-unreadable:
            subject: runtime
            # A process that answers nothing is replica-down's to tell.
            when: >-
              up == 1 and (missing(metric_series, malformed) or missing(metric_series, unreachable)
              or missing(metric_series, unauthorized) or missing(metric_series, error)
              or (missing(metric_series, partial)
              and (missing(health_failures[1m]) or health_failures[1m] < 0.1 * $health_failing)
              and (missing(lost_polls[1m]) or lost_polls[1m] < 0.1 * $health_failing)))
            for: missing_after
            dips: 1m
            severity: warning
            summary: A page of metrics cannot be read, so rules on what it shows see nothing.
            next_steps:
              - mozaiks-ops doctor says what answers in its place, or which line of it cannot be read.
              - Is the page where the configuration's 'metrics' says? Ask for it with curl.
            playbook: metrics-unreadable

          # The others carry its load, and the runtime as a whole still answers.
          replica-down:
            subject: replica
            when: up == 0
            # A rolling deploy takes each process away for a minute or two.
            for: 3m
            polls: 3
            severity: warning
            summary: One process of the runtime answers nobody.
            next_steps:
              - Look whether the process runs and its port is open from this machine.
              - Was it taken away on purpose? Then take it out of replicas in mozaiks-ops.yaml too.
            suppresses: [perf-unreadable]
            playbook: replica-down

          # Starts whose websockets never come hide what each tenant really runs: nobody is judged by it, and that is said.
          figures-contradict:
            subject: runtime
            when: up == 1 and missing(active_apps, contradictory)
            for: missing_after
            dips: 1m
            severity: info
            summary: The runtime lists more runs than it has websockets for; what its tenants really run is not known.
            description: Meanwhile a rule on active runs or shares holds only for an app that is above its bar by what surely runs.
            next_steps:
              - Look which app starts runs that nothing joins, and ask its tenant.
              - Install the runtime extension, which tells what really runs (docs/deploy/runtime-extension).
            playbook: figures-contradict

          # Nothing is evicted from a runtime's memory before it restarts, and while it writes its figures it serves nobody.
          # We ask less often then; this says that others who ask (dashboards, scripts) should too.
          perf-expensive:
            subject: runtime
            when: perf_seconds > $perf_slow
            for: 10m
            severity: warning
            summary: Reading the runtime's figures holds up everybody on it.
            next_steps:
              - Plan a restart of the runtime in a quiet hour; only that empties its list of chats.
              - Find out who else reads /metrics/perf, and how often.
            suggest: [restart_in_a_quiet_hour]
            playbook: perf-expensive

          dead-counters:
            subject: runtime
            when: dead_counters > 0
            for: missing_after
            severity: info
            summary: Some counters of this runtime never move; rules on them see nothing.
            next_steps:
              - Run mozaiks-ops doctor to see which, and what the rules can still tell.
            playbook: dead-counters

          # ---- The runtime and what it stands on.

          restart-loop:
            subject: runtime
            # Of one process: a deploy that goes through three of them restarts each once.
            when: restarts[30m] >= $restart_limit
            severity: critical
            summary: The runtime restarts again and again. Each time all its runs are lost.
            next_steps:
              - Read the last lines before each start in its log; look for killed processes in the kernel's log.
              - Was something deployed? Go back to the version before.
            suppresses: [runtime-restarted, runs-stuck, perf-expensive, model-calls-spike, turn-latency-rise, turn-latency-high, stalled-runs]
            playbook: restart-loop

          # One restart is a deploy or a crash: nobody is woken, but it is on record that all runs were lost.
          runtime-restarted:
            subject: runtime
            when: restarts >= 1
            # The next one of a row is the same story, until it is a loop.
            clear_after: 15m
            severity: info
            summary: The runtime has restarted; its runs were lost.
            next_steps:
              - Was it a deploy? If not, read the last lines of its log before the start.
            playbook: runtime-restarted

          mongodb-slow:
            subject: runtime
            # The ping waits for the runtime's event loop, too: how late that is the extension tells. Or slow in each of ten minutes,
            # though not at every ping; not known (and neither false) where no ping is read now.
            when: >-
              mongodb_latency > 0ms
              and ((missing(loop_lag) and (mongodb_latency > $mongodb_slow or min(mongodb_latency[10m]) > $mongodb_slow))
              or (not missing(loop_lag) and (mongodb_latency - loop_lag > $mongodb_slow
              or min(mongodb_latency[10m]) - loop_lag > $mongodb_slow)))
            for: 5m
            dips: 1m
            severity: warning
            summary: MongoDB answers the runtime slowly, as the runtime measures it.
            description: >
              A slow ping still counts as healthy, until it fails altogether. It is measured by the runtime, whose own event loop may
              be what is late; only the runtime extension tells the two apart.
            next_steps:
              - Is the runtime itself slow to answer? Then its event loop is busy, and MongoDB may be well.
              - Look at MongoDB's load, its slow queries and its disk.
              - Look at the network between the runtime and MongoDB.
            playbook: mongodb-slow

          websockets-high:
            subject: runtime
            when: websockets > $max_websockets
            for: 5m
            severity: warning
            summary: The runtime holds more websockets than it holds well.
            next_steps:
              - Compare with the active runs; far more websockets than runs are clients that reconnect.
              - Add a replica before it runs out of file descriptors.
            suggest: [scale_out]
            playbook: websockets-high

          # ---- Load and tenants.

          # Runs end in seconds with nothing done while people start new ones: the model provider is down or out of quota.
          # Retries then look like abuse, so nobody is held back for it. That no model was called is not enough to say so, since a
          # provider that answers from a cache is called by nobody and well: the runs themselves must tell that nothing was said
          # in them (their turns or tokens are counted, and are none), or that they failed.
          provider-trouble:
            subject: runtime
            # A short window and a short time: the cause is to be known before what follows from it, runtime-saturated above all.
            # One app whose runs die and are tried again ends more runs than all the others: without it there must be some, too.
            # Where a cache answers two of five, half of a few are no outage: nearly all of more than a few are.
            # A provider that turns away two runs of five, or all of them for minutes at a time, is told by ten minutes, as at least
            # twice the usual share. On a small runtime, where two starts a minute are many, all runs of ten minutes tell, five at
            # least, and not a turn in all that time.
            when: >-
              silent_runs.share[2m] > $silent_share and silent_runs.share[2m] * run_ends[2m] >= $silent_min
              and run_starts > $silent_min_starts
              and (missing(avg(silent_runs.share[2h])) or avg(silent_runs.share[2h]) < 0.5 * $silent_share
              or (silent_runs.share[2m] > 1.8 * $silent_share and run_ends[2m] >= 2 * $silent_min))
              and not missing(silent_runs.rest[2m], dead_counter) and (missing(silent_runs.rest[2m]) or silent_runs.rest[2m] > 0.5 * $silent_share)
              and (not missing(turns[2m]) or not missing(tokens[2m])
              or (not missing(errors[2m]) and errors[2m] > 0.5 * silent_runs.share[2m] * run_ends[2m]))
              or (not missing(silent_runs.share[10m]) and not missing(avg(silent_runs.share[2h])) and not missing(turns[2m])
              and silent_runs.share[10m] > 0.5 * $silent_share and silent_runs.share[2m] > 0.5 * $silent_share
              and silent_runs.share[5m] > 0.5 * $silent_share
              and silent_runs.share[10m] * run_ends[10m] >= 0.5 * $silent_min and run_starts > $silent_min_starts
              and silent_runs.share[10m] > 2 * avg(silent_runs.share[2h])
              and not missing(silent_runs.rest[10m], dead_counter)
              and (missing(silent_runs.rest[10m]) or silent_runs.rest[10m] > 0.4 * $silent_share))
              or (not missing(silent_runs.share[10m]) and not missing(turns[10m]) and not missing(baseline(turns[24h]))
              and turns[10m] == 0/min and run_ends[10m] > 0.25 * $silent_min and silent_runs.share[10m] > 1.8 * $silent_share
              and (missing(silent_runs.rest[10m]) or silent_runs.rest[10m] > $silent_share))
              or (not missing(silent_runs.share[20m]) and not missing(turns[20m]) and not missing(baseline(turns[24h]))
              and turns[20m] == 0/min and run_ends[20m] > 0.1 * $silent_min and silent_runs.share[20m] > 1.8 * $silent_share
              and (missing(silent_runs.rest[20m]) or silent_runs.rest[20m] > $silent_share))
            # The longer it lasts the more usual it looks.
            while: >-
              (silent_runs.share[2m] > $silent_share and run_starts > $silent_min_starts)
              or (not missing(turns[10m]) and turns[10m] == 0/min and silent_runs.share[10m] > 1.8 * $silent_share)
            for: 1m
            # A quota that is used up for some minutes of each quarter of an hour is one story.
            clear_after: 10m
            severity: critical
            summary: Runs end without doing anything. The model provider is probably down.
            next_steps:
              - Check the status page and the quota of the model provider.
              - Tell tenants; their retries are not abuse.
            suppresses:
              [provider-silent, noisy-burst, noisy-neighbor, runtime-saturated, error-spike, error-rise, turn-latency-rise, turn-latency-high,
               user-hogging, app-errors, app-stuck, app-slow, token-burn-spike, cost-spike]
            playbook: provider-trouble

          # The same where neither turns nor tokens are counted: runs end and no model is called, and nothing else is known. An
          # outage looks like this, and so do answers from a cache. It wakes nobody; nobody is held back while it lasts either,
          # because what looks like abuse may be retries.
          provider-silent:
            subject: runtime
            when: >-
              silent_runs.share[2m] > $silent_share and silent_runs.share[2m] * run_ends[2m] >= $silent_min
              and run_starts > $silent_min_starts and missing(turns[2m]) and missing(tokens[2m])
            for: 1m
            severity: info
            summary: Runs end and no model is called. Either answers come from a cache, or the model provider is down.
            next_steps:
              - Look into one of the new chats; an answer in it means a cache, and all is well.
              - No answer; then read the runtime's log, and the status page and quota of the model provider.
            # What a tenant takes is told all the same; it is not acted upon.
            suppresses: [user-hogging, token-burn-spike, cost-spike, turn-latency-rise, turn-latency-high]
            playbook: provider-silent

          # A provider that is not down but never answers: no error, no end, and every health check is good. People start runs as
          # before, and hardly anything moves in them.
          runs-stuck:
            subject: runtime
            # Fewer turns than usual, and fewer for each start: when people go home both become fewer, and when strangers open chats
            # and leave the others go on. Runs that do not end go with it: where answers come from a cache no model is called either.
            # Against the last two hours, so that a night is judged as a night; within two minutes where there are many turns, within
            # ten where there are few, as long as they still are, and not of a process that begins again and again. Where no turn is
            # counted the model calls tell.
            when: >-
              (run_starts > 1/min and run_ends[2m] < 0.25 * run_starts and (
              (baseline(turns[2h]) > $stuck_min_turns and turns[2m] < $stuck_share * baseline(turns[2h])
              and turns[2m] / run_starts < $stuck_share * baseline(turns[2h]) / baseline(run_starts[2h]))
              or (missing(turns[2m], dead_counter)
              and baseline(llm_calls[2h]) > $stuck_min_turns and llm_calls[2m] < $stuck_share * baseline(llm_calls[2h])
              and llm_calls[2m] / run_starts < $stuck_share * baseline(llm_calls[2h]) / baseline(run_starts[2h]))))
              or (run_starts[10m] > 0.5/min and run_ends[10m] < 0.25 * run_starts[10m]
              and baseline(turns[2h]) > 0.3 * $stuck_min_turns and turns[10m] < $stuck_share * baseline(turns[2h])
              and turns[2m] < $stuck_share * baseline(turns[2h]) and (missing(restarts[15m]) or restarts[15m] < 2)
              and turns[10m] / run_starts[10m] < $stuck_share * baseline(turns[2h]) / baseline(run_starts[2h]))
            while: >-
              run_ends < 0.25 * run_starts
              and (turns < $stuck_share * baseline(turns[2h])
              or (missing(turns, dead_counter) and llm_calls < $stuck_share * baseline(llm_calls[2h])))
            for: 2m
            clear_after: 5m
            severity: critical
            summary: Runs start, and nothing moves in any of them. The model provider probably does not answer.
            next_steps:
              - Ask the model provider for an answer by hand, with a time limit; read its status page.
              - The provider answers? Then look for what runs wait for in the runtime, a stuck tool or a full pool of connections.
              - Tell tenants; their retries are not abuse.
            suppresses:
              [provider-trouble, provider-silent, noisy-burst, noisy-neighbor, runtime-saturated, runtime-crowded, error-spike, error-rise,
               turn-latency-rise, turn-latency-high, stalled-runs, user-hogging, app-errors, app-stuck, app-slow, token-burn-spike, cost-spike]
            playbook: runs-stuck

          # The one figure of spending that every runtime has: model calls of the whole process, of no app.
          model-calls-spike:
            subject: runtime
            # More calls because there are more runs is load, and other rules speak of load: this one is for more calls a run.
            when: >-
              llm_calls > $calls_spike * baseline(llm_calls[24h]) and llm_calls > 30/min and spike(llm_calls[26h]) > 0.7 * $chance
              and llm_calls / baseline(llm_calls[24h]) > $calls_spike * avg(active_runs[5m]) / baseline(active_runs[24h])
            for: 10m
            dips: 1m
            severity: warning
            summary: The runtime calls the model far more than its runs explain.
            next_steps:
              - Compare the apps' shares of active runs and starts with yesterday's.
              - Look at today's spending in the console of the model provider.
            suggest: [contact_tenant]
            playbook: model-calls-spike

          # Beyond doubt after a minute: the machine carries more than it carries well, most of it is one app's, who grew threefold
          # and had less than his bar within these five minutes (an outage in them shows nothing, so what was before it counts). Who
          # fills it slowly is noisy-neighbor's, and so is whoever was told of by that. It goes on as that does, as one incident.
          noisy-burst:
            subject: app
            when: >-
              active_runs.share > 1.5 * $noisy_share and runtime.active_runs > $max_active_runs and active_runs >= 0.75 * $noisy_min_runs
              and (runtime.active_apps >= 2 or max(runtime.active_apps[5m]) >= 2)
              and (min(active_runs.share[5m]) <= $noisy_share or min(active_runs[5m]) < 0.75 * $noisy_min_runs
              or (not missing(runtime.health_failures[5m]) and runtime.health_failures[5m] > $health_failing
              and min(active_runs[8m]) < 0.75 * $noisy_min_runs))
              and ((outgrew(active_runs[28h]) > 2 * $noisy_growth
              and ((missing(baseline(active_runs[28h])) and (outgrew(runtime.active_runs[28h]) > 0.9 * $noisy_growth
              or runtime.active_runs > 0.9 * $noisy_growth * avg(runtime.active_runs[2h])))
              or active_runs > 2 * $noisy_growth * baseline(active_runs[28h])))
              or (missing(outgrew(active_runs[28h])) and active_runs > 2 * $noisy_growth * min(active_runs[2h])
              and runtime.active_runs > 0.9 * $noisy_growth * avg(runtime.active_runs[2h])))
            while: >-
              active_runs.share > 0.85 * $noisy_share and runtime.active_runs >= $noisy_min_runs and active_runs >= 0.6 * $noisy_min_runs
              and (missing(outgrew(active_runs[28h])) or outgrew(active_runs[28h]) > $noisy_growth
              or active_runs > $noisy_growth * min(active_runs[1h])
              or (runtime.active_runs > 0.8 * $max_active_runs and not missing(runtime.error_rate)
              and runtime.error_rate > $failing_share))
              or (not missing(outgrew(active_runs[28h])) and not missing(outgrew(runtime.active_runs[28h]))
              and active_runs.share > 0.3 * $noisy_share and active_runs >= $noisy_min_runs
              and outgrew(active_runs[28h]) > $noisy_growth and outgrew(runtime.active_runs[28h]) > $noisy_growth)
            for: 1m
            polls: 3
            max_gap: 10m
            severity: warning
            summary: One app filled the runtime within minutes.
            next_steps:
              - Look at what the app runs and who started it.
              - If this is its normal load, give it a policy of its own or a runtime of its own.
            actions:
              - notify
              # As noisy-neighbor: what of which nothing is known of before is told and not acted upon.
              - throttle:
                  concurrent_workflows: 2
                  ttl: 15m
                  only_if: >-
                    runtime.active_runs > 0.5 * $max_active_runs and (outgrew(active_runs[28h]) > $noisy_growth
                    or (runtime.active_runs > 0.8 * $max_active_runs and runtime.error_rate > $failing_share))
            suppresses: [noisy-neighbor, user-hogging, token-burn-spike, cost-spike, model-calls-spike]
            playbook: noisy-neighbor

          noisy-neighbor:
            subject: app
            # A large share is no harm: who has it grew, others suffer, or nothing is known of before, the machine is half full and
            # the share grew within what was seen, not from a first minute alone. He did not grow who is as large as ever when he
            # works at all, as a batch that comes two hours early or late; nor who is only called by another name, for then the runtime as a
            # whole carries what it did.
            # Where that is less than threefold it must be beyond chance, too: of two with twelve runs each one has twenty at times; and
            # where the runtime as a whole grew threefold besides it is a crowd over all, in which the largest is ahead by chance.
            # Two who grow together have less than that each: who grew several times over on a runtime that has more than twice its
            # usual, which he alone does not explain. Three or four have less again: that is told where the machine is nearly full.
            when: >-
              active_runs.share > $noisy_share and runtime.active_runs >= $noisy_min_runs
              and (runtime.active_apps >= 2 or max(runtime.active_apps[5m]) >= 2) and active_runs >= 0.75 * $noisy_min_runs
              and ((outgrew(active_runs[28h]) > $noisy_growth
              and ((missing(baseline(active_runs[28h])) and (outgrew(runtime.active_runs[28h]) > 0.9 * $noisy_growth
              or runtime.active_runs > 0.9 * $noisy_growth * avg(runtime.active_runs[2h])))
              or (active_runs > $noisy_growth * baseline(active_runs[28h])
              and (active_runs > 2 * $noisy_growth * baseline(active_runs[28h]) or spike(active_runs[28h]) > 0.75 * $chance)
              and (outgrew(active_runs[28h]) > 2 * $noisy_growth or missing(outgrew(runtime.active_runs[28h]))
              or outgrew(runtime.active_runs[28h]) < 2 * $noisy_growth))))
              or (runtime.active_runs > 0.8 * $max_active_runs and runtime.error_rate > $failing_share)
              or (missing(outgrew(active_runs[28h])) and runtime.active_runs > 0.5 * $max_active_runs
              and (min(runtime.active_runs[2h]) < 1
              or (active_runs / runtime.active_runs > $noisy_growth * min(active_runs[2h]) / min(runtime.active_runs[2h])
              and active_runs.share > 1.15 * avg(active_runs.share[2h])))))
              or (not missing(outgrew(active_runs[28h])) and not missing(outgrew(runtime.active_runs[28h]))
              and (active_runs.share > 0.65 * $noisy_share
              or (active_runs.share > 0.4 * $noisy_share and runtime.active_runs > 0.8 * $max_active_runs))
              and active_runs >= 1.1 * $noisy_min_runs
              and outgrew(active_runs[28h]) > 2 * $noisy_growth and outgrew(runtime.active_runs[28h]) > 1.5 * $noisy_growth
              and (missing(baseline(active_runs[28h])) or active_runs > 2 * $noisy_growth * baseline(active_runs[28h])))
            # The longer it lasts the more usual it looks; while the share is as large it goes on. What was told only because
            # nothing was known of before ends when it is known: no growth, none within the hour either, and nobody suffers.
            while: >-
              active_runs.share > 0.85 * $noisy_share and runtime.active_runs >= $noisy_min_runs and active_runs >= 0.6 * $noisy_min_runs
              and (missing(outgrew(active_runs[28h])) or outgrew(active_runs[28h]) > $noisy_growth
              or active_runs > $noisy_growth * min(active_runs[1h])
              or (runtime.active_runs > 0.8 * $max_active_runs and not missing(runtime.error_rate)
              and runtime.error_rate > $failing_share))
              or (not missing(outgrew(active_runs[28h])) and not missing(outgrew(runtime.active_runs[28h]))
              and active_runs.share > 0.3 * $noisy_share and active_runs >= $noisy_min_runs
              and outgrew(active_runs[28h]) > $noisy_growth and outgrew(runtime.active_runs[28h]) > $noisy_growth)
            for: 5m
            # Who has half of all by chance has less now and then.
            dips: 1m
            # An outage in between does not end what was so before it and is so after it.
            max_gap: 10m
            severity: warning
            summary: One app takes most of the runtime.
            next_steps:
              - Look at what the app runs and who started it.
              - If this is its normal load, give it a policy of its own or a runtime of its own.
            actions:
              - notify
              # Noisy is not yet harmful: on an idle machine the best customer is not throttled, nor one who always was as large
              # where nobody suffers. A share of which nothing is known of before is told and not acted upon.
              - throttle:
                  concurrent_workflows: 2
                  ttl: 15m
                  only_if: >-
                    runtime.active_runs > 0.5 * $max_active_runs and (outgrew(active_runs[28h]) > $noisy_growth
                    or (runtime.active_runs > 0.8 * $max_active_runs and runtime.error_rate > $failing_share))
            suppresses: [user-hogging, token-burn-spike, cost-spike, model-calls-spike]
            playbook: noisy-neighbor

          user-hogging:
            subject: app
            # Who holds three of five now and then has less than half by chance.
            when: active_runs.max_per_user > $user_runs and active_runs.max_per_user > 45% * active_runs
            for: 10m
            dips: 1m
            severity: info
            summary: One user holds about half of an app's runs, or more.
            next_steps:
              - Look whether that user is a script, or a login that all of the app's users share.
            suggest: [contact_tenant]
            playbook: user-hogging

          app-errors:
            subject: app
            # A small customer makes few errors, and all of his may be failing: a share over ten minutes and a number beyond
            # chance. The others are counted without this app, so that a large one does not excuse itself, and by the newest two
            # minutes besides: what began to fail everywhere a minute ago is few in ten. A burst of all that is over is none of it:
            # where some of the others' turns failed too, the newest five minutes of this app must tell. Nothing is said before ten minutes were
            # watched: of some hundred apps one has two errors in its first three turns.
            # As many within five minutes are told sooner; of who always has some it takes as many beyond them, for what a few turns
            # hold of those varies. Half as much is no chance either where it is several times the usual.
            # Or its runs end with nothing done while those of the others do something; of a small one all of them, and not a turn.
            when: >-
              (not missing(error_rate[10m], dead_counter) and not missing(errors[50m])
              and error_rate[10m] > $error_share and errors[10m] > $app_error_min and errors > 0/min
              and (missing(error_rate) or error_rate > 0.5 * $error_share)
              and runtime.errors - errors <= 0.5 * $error_share * (runtime.turns - turns)
              and (missing(avg(error_rate[2h])) or error_rate[10m] > 1.5 * $error_share or error_rate[10m] > 2 * avg(error_rate[2h]))
              and (missing(avg(error_rate[2h] offset 10m))
              or errors[10m] > $app_error_min + 2.5 * avg(error_rate[2h] offset 10m) * turns[10m])
              and (runtime.errors[10m] - errors[10m] <= 0.25 * $error_share * (runtime.turns[10m] - turns[10m])
              or (runtime.errors[10m] - errors[10m] <= 0.5 * $error_share * (runtime.turns[10m] - turns[10m])
              and error_rate > $error_share and errors > 1.5 * $app_error_min))
              and runtime.errors[2m] - errors[2m] <= 0.75 * $error_share * (runtime.turns[2m] - turns[2m]))
              or (not missing(error_rate, dead_counter) and not missing(errors[50m])
              and error_rate > $error_share and errors > 2 * $app_error_min
              and (missing(avg(error_rate[2h])) or error_rate > 1.5 * $error_share or error_rate > 2 * avg(error_rate[2h]))
              and (missing(avg(error_rate[2h] offset 10m)) or errors > 2 * $app_error_min + 2.5 * avg(error_rate[2h] offset 10m) * turns)
              and runtime.errors - errors <= 0.25 * $error_share * (runtime.turns - turns)
              and runtime.errors[2m] - errors[2m] <= 0.75 * $error_share * (runtime.turns[2m] - turns[2m]))
              or (not missing(error_rate[10m], dead_counter) and not missing(avg(error_rate[2h]))
              and error_rate[10m] > 0.5 * $error_share and errors[10m] > 2.5 * $app_error_min and errors > $app_error_min
              and error_rate[10m] > 0.7 * $error_rise * avg(error_rate[2h]) and spike(errors[26h]) > 0.7 * $chance
              and runtime.errors[10m] - errors[10m] <= 0.25 * $error_share * (runtime.turns[10m] - turns[10m]))
              or (not missing(silent_runs[2m]) and not missing(runtime.silent_runs.rest[2m])
              and silent_runs[2m] >= $silent_min and silent_runs[2m] > $silent_share * run_ends[2m]
              and silent_runs > 0.75 * $silent_min and runtime.silent_runs.rest[2m] <= 0.5 * $silent_share)
              or (not missing(silent_runs[10m]) and not missing(turns[10m]) and not missing(baseline(turns[24h]))
              and silent_runs[10m] > 0.25 * $silent_min and silent_runs[10m] > 0.99 * run_ends[10m] and turns[10m] == 0/min
              and not missing(runtime.silent_runs.rest[10m]) and runtime.silent_runs.rest[10m] <= 0.5 * $silent_share)
              or (not missing(silent_runs[20m]) and not missing(turns[20m]) and not missing(baseline(turns[24h]))
              and silent_runs[20m] > 0.1 * $silent_min and silent_runs[20m] > 0.99 * run_ends[20m] and turns[20m] == 0/min
              and not missing(runtime.silent_runs.rest[20m]) and runtime.silent_runs.rest[20m] <= 0.5 * $silent_share)
              or (not missing(silent_runs[20m]) and not missing(silent_runs[1h]) and not missing(runtime.silent_runs.rest[20m])
              and silent_runs[20m] > 0.2 * $silent_min and silent_runs[20m] > 0.6 * $silent_share * run_ends[20m]
              and silent_runs > 0.5 * $silent_share * run_ends and run_ends[1h] - silent_runs[1h] > 0.4 * $silent_min
              and silent_runs[20m] / run_ends[20m] > 1.5 * silent_runs[1h] / run_ends[1h]
              and run_ends[20m] - silent_runs[20m] < 0.8 * (run_ends[1h] - silent_runs[1h])
              and runtime.silent_runs.rest[20m] <= 0.25 * $silent_share)
            # Fewer, or a quiet minute, do not end it.
            while: >-
              (not missing(error_rate[10m], dead_counter) and not missing(error_rate[10m], too_little_data)
              and error_rate[10m] > 0.75 * $error_share and errors > 0/min)
              or (not missing(error_rate[10m], dead_counter) and not missing(error_rate[10m], too_little_data)
              and not missing(avg(error_rate[2h])) and errors > 0/min
              and error_rate[10m] > 0.4 * $error_share and error_rate[10m] > 0.4 * $error_rise * avg(error_rate[2h]))
              or (not missing(silent_runs[10m]) and not missing(turns[10m]) and run_ends[10m] > 0/min
              and silent_runs[10m] > 0.99 * run_ends[10m] and turns[10m] == 0/min)
              or (not missing(silent_runs[10m]) and silent_runs[10m] > 0.2 * $silent_min
              and silent_runs[10m] > 0.5 * $silent_share * run_ends[10m] and silent_runs > 0.3 * $silent_share * run_ends)
            for: 2m
            severity: warning
            summary: An app's runs fail while those of the others work.
            next_steps:
              - Ask the tenant what changed in its workflows and tools.
            suggest: [contact_tenant]
            playbook: app-errors

          # As runs-stuck, of one app while the others go on: a tool that never answers, a key of its own. Within ten minutes, since
          # a few people who only look and go are no fault.
          app-stuck:
            subject: app
            when: >-
              run_starts[10m] > 0.6/min and run_ends[10m] < 0.25 * run_starts[10m]
              and baseline(turns[2h]) > 0.3 * $stuck_min_turns and turns[10m] < 0.4 * $stuck_share * baseline(turns[2h])
              and turns[10m] < 0.5 * run_starts[10m] and turns[2m] < 0.4 * $stuck_share * baseline(turns[2h])
              and runtime.turns[10m] > 0.5 * baseline(runtime.turns[2h])
            while: run_ends[10m] < 0.25 * run_starts[10m] and turns[10m] < 0.4 * $stuck_share * baseline(turns[2h])
            for: 3m
            severity: warning
            summary: An app's runs start and nothing moves in them, while those of the others go on.
            next_steps:
              - Look into one of its open runs for what it waits for, a tool, a model, an approval.
              - Ask the tenant what changed in its workflows and tools.
            suggest: [contact_tenant]
            playbook: app-stuck

          runtime-saturated:
            subject: runtime
            # What rises from nothing rises without bounds: a share and a number below which it is noise.
            when: active_runs > $max_active_runs and ((error_rate > $failing_share and errors > $error_min and rise(error_rate[10m]) > 1.5) or (silent_runs.share > 2 * $failing_share and silent_runs.share * run_ends >= $silent_min and rise(silent_runs.share[10m]) > 1.5 and (missing(avg(silent_runs.share[2h])) or silent_runs.share > 2 * avg(silent_runs.share[2h]))))
            # Some runs are always over before their first turn: more than twice as many as usual are.
            # A rise ends on a plateau, the fault does not.
            while: active_runs > $max_active_runs and ((error_rate > $failing_share and errors > $error_min) or silent_runs.share > $failing_share)
            for: 2m
            severity: critical
            summary: The runtime carries too many runs and they begin to fail.
            next_steps:
              - Add a replica, or move the heaviest app away.
            actions:
              - notify
              # Those who carry what is too much: none of them, where all grew together.
              # Runs that called no model may have had a cache's answers: for that alone nobody is paused.
              - pause:
                  apps: 'top(3, excess(active_runs[26h]))'
                  ttl: 10m
                  only_if: >-
                    not missing(turns) or not missing(tokens) or (not missing(error_rate) and error_rate > $failing_share)
            suggest: [scale_out]
            suppresses: [runtime-crowded, websockets-high, error-spike, error-rise, turn-latency-rise, turn-latency-high, model-calls-spike]
            playbook: runtime-saturated

          runtime-crowded:
            subject: runtime
            when: active_runs > 0.8 * $max_active_runs
            for: 15m
            severity: info
            summary: The runtime is near what it carries well.
            next_steps:
              - Add a replica, or move the heaviest app to a runtime of its own, before it is full.
            suggest: [scale_out, dedicated_runtime]
            playbook: runtime-crowded

          # Where all fail together it is not one tenant's doing; app-errors is for those who fail alone.
          error-spike:
            subject: runtime
            # So without the app that has most errors there must be some, too; a sole tenant has no others. A burst that is over is not
            # told as if it lasted: the newest two minutes must show it, where they hold enough.
            when: >-
              error_rate > $error_share and errors >= $error_min
              and (missing(error_rate[2m]) or error_rate[2m] > 0.5 * $error_share or errors < 4 * $error_min)
              and ((missing(error_rate.rest) and missing(error_rate.rest[30m]))
              or (not missing(error_rate.rest) and error_rate.rest > 0.5 * $error_share))
            while: error_rate > 0.5 * $error_share and errors > 0/min
            for: 3m
            severity: critical
            summary: Runs of the whole runtime fail.
            next_steps:
              - Was something deployed? Go back to the version before.
              - Read the runtime's log for the error that comes most.
            suppresses: [error-rise, app-errors, turn-latency-rise, app-slow]
            playbook: error-spike

          # Below a fifth it may be how a runtime is; three times its own usual is not, where more than one app fails more, and still
          # does: what ten minutes hold of a fault that is over is not told a second time. On a full one
          # runtime-saturated is about to tell. Or bursts that come again: within ten minutes, and half as many within the twenty before
          # them; with quiet minutes between; one fault, however long, is none.
          error-rise:
            subject: runtime
            when: >-
              (error_rate[10m] > $failing_share and errors[10m] >= 4 * $error_min
              and error_rate > $failing_share and error_rate[2m] > 0.5 * $failing_share and error_rate < 1.5 * $error_share
              and not missing(avg(error_rate[2h])) and error_rate[10m] > $error_rise * avg(error_rate[2h])
              and (missing(error_rate.rest[10m]) or error_rate.rest[10m] > 0.5 * $failing_share)
              and (missing(active_runs) or active_runs <= $max_active_runs or rise(error_rate[10m]) <= 1.5))
              or (not missing(error_rate[30m]) and not missing(avg(error_rate[2h])) and not missing(errors[50m])
              and error_rate[10m] > $failing_share and errors[10m] >= 4 * $error_min
              and error_rate[30m] > $failing_share and 3 * errors[30m] > 1.5 * errors[10m]
              and 10 * errors[10m] - 7 * errors[7m] < 0.25 * 7 * errors[7m]
              and error_rate[30m] > 0.5 * $error_rise * avg(error_rate[2h])
              and (missing(baseline(error_rate[24h])) or error_rate[30m] > $error_rise * baseline(error_rate[24h]))
              and (missing(error_rate.rest[10m]) or error_rate.rest[10m] > 0.5 * $failing_share)
              and (missing(error_rate.rest[30m]) or error_rate.rest[30m] > 0.5 * $failing_share))
            while: error_rate[10m] > $failing_share and errors > 0/min
            # Longer than error-spike takes, which is the word for more.
            for: 5m
            severity: warning
            summary: Runs fail several times as often as they usually do here.
            next_steps:
              - Was something deployed? Go back to the version before.
              - Which apps have errors now that had none? Look for what they share, a tool, a model, a key.
            playbook: error-rise

          # Against what this runtime usually takes: people who think before they answer are in both. One turn in twenty decides the
          # 95th percentile, and so few people who think: half of the turns must take longer than usual, too. Where people's thinking
          # is all that the 95th percentile shows, half of the turns tell alone. Three slow minutes stand in the window for eight:
          # they must be slow now. And so must those be that are not the slowest app's: app-slow is for one.
          turn-latency-rise:
            subject: runtime
            when: >-
              turn_latency.p95 > $latency_floor and turn_latency.p95[2m] > 0.7 * $latency_floor and turns > 10/min
              and ((turn_latency.p95 > $latency_rise * baseline(turn_latency.p95[24h])
              and turn_latency.p95[2m] > 0.6 * $latency_rise * baseline(turn_latency.p95[24h])
              and turn_latency.p50 > 1.2 * baseline(turn_latency.p50[24h])
              and (missing(turn_latency.p95.rest) or (turn_latency.p95.rest > 0.9 * $latency_floor
              and (missing(min(turn_latency.p95.rest[2m])) or min(turn_latency.p95.rest[2m]) > 0.7 * $latency_floor)
              and turn_latency.p95.rest > 0.5 * $latency_rise * baseline(turn_latency.p95[24h]))))
              or (baseline(turn_latency.p95[24h]) > $latency_floor and turn_latency.p50 > 0.5 * $latency_floor
              and turn_latency.p50 > $latency_rise * baseline(turn_latency.p50[24h])
              and turn_latency.p50 > baseline(turn_latency.p50[24h]) + $chance * mad(turn_latency.p50[24h])
              and (missing(turn_latency.p95.rest) or turn_latency.p95.rest > 0.4 * $latency_rise * baseline(turn_latency.p95[24h]))))
            # What lasts becomes what is usual: it goes on until turns are faster than they were, for six hours at most. What is just
            # above a bar is below it now and then: each is lower for what goes on.
            while: >-
              turn_latency.p95 > 0.7 * $latency_floor and turn_latency.p95[2m] > 0.7 * $latency_floor
              and ((turn_latency.p95 > 0.7 * $latency_rise * baseline(turn_latency.p95[24h])
              and turn_latency.p50 > 1.05 * baseline(turn_latency.p50[24h]))
              or (turn_latency.p50 > 0.7 * avg(turn_latency.p50[30m]) and turn_latency.p50 > $latency_rise * min(turn_latency.p50[6h])))
            for: 5m
            dips: 1m
            severity: warning
            summary: Turns take far longer than they usually do here.
            next_steps:
              - Compare with the latency and the status page of the model provider.
              - Was something deployed? A slow tool holds up turns too.
            suppresses: [turn-latency-high, app-slow]
            playbook: turn-latency-rise

          # One app alone: a tool, a model, a key of its own. A turn's duration includes the time that a person took to answer, so half
          # of all turns must be slow, too; and the others' are as always, or half of all turns here are several times as fast: not
          # those of a third of all, where a model is slow that some workflows of every app use. The others' 95th percentile tells.
          app-slow:
            subject: app
            when: >-
              turn_latency.p95 > $latency_floor and turn_latency.p95[2m] > $latency_floor and turns > 3/min
              and turn_latency.p50 > 0.5 * $latency_floor
              and turn_latency.p50 > baseline(turn_latency.p50[24h]) + $chance * mad(turn_latency.p50[24h])
              and (turn_latency.p50 > 0.5 * $latency_rise * runtime.turn_latency.p50 or turns > 0.4 * runtime.turns)
              and ((turn_latency.p95 > $latency_rise * baseline(turn_latency.p95[24h])
              and not missing(runtime.turn_latency.p95.rest) and (runtime.turn_latency.p95.rest <= $latency_floor
              or runtime.turn_latency.p95.rest <= 0.5 * $latency_rise * baseline(runtime.turn_latency.p95[24h])))
              or (turn_latency.p50 > $latency_rise * baseline(turn_latency.p50[24h])
              and turn_latency.p95 > 0.4 * $latency_rise * baseline(turn_latency.p95[24h])
              and turn_latency.p50 > $latency_rise * runtime.turn_latency.p50
              and (missing(runtime.turn_latency.p95.rest)
              or runtime.turn_latency.p95.rest <= $latency_rise * baseline(runtime.turn_latency.p95[24h]))))
            # What lasts becomes what is usual, and one of the others who thinks makes none of them slow.
            while: >-
              turn_latency.p95 > 0.7 * $latency_floor and turn_latency.p50 > 0.3 * $latency_floor
              and (turn_latency.p50 > 0.7 * avg(turn_latency.p50[30m]) or turn_latency.p95 > $latency_rise * baseline(turn_latency.p95[24h]))
              and turn_latency.p50 > $latency_rise * min(turn_latency.p50[6h])
            for: 5m
            dips: 1m
            severity: warning
            summary: An app's turns take far longer than they usually do, while those of the others do not.
            next_steps:
              - Look into one of its open runs for what it waits for, a tool, a model.
              - Ask the tenant what changed in its workflows and tools.
            suggest: [contact_tenant]
            playbook: app-slow

          # A turn's duration includes the time that a person took to answer: never more than a hint.
          turn-latency-high:
            subject: runtime
            when: turn_latency.p95 > $slow_turn
            for: 15m
            severity: info
            summary: Turns take long.
            next_steps:
              - Compare with the latency of the model provider; people who think before they answer count too.
            playbook: turn-latency-high

          # Runs whose websocket dropped stay open for ever; some of them are always there.
          stalled-runs:
            subject: runtime
            when: stalled_runs > $stalled_limit and stalled_runs > active_runs
            for: 30m
            severity: info
            summary: More runs stand still than move.
            next_steps:
              - Look whether clients lose their connection, or whether a tool that runs wait for is stuck.
              - A restart in a quiet hour clears them.
            playbook: stalled-runs

          token-burn-spike:
            subject: app
            # More for each run (a loop, a long context, another model): more because more runs is load, and other rules speak of
            # load. Beyond chance, and more than the others: when everybody comes in on Monday nobody burns tokens. Of fewer than
            # three runs one that lasts takes most, since each turn sends what was said before: they must take several times what runs
            # of the others do, too, or twelve times their usual.
            when: >-
              tokens > $token_spike * baseline(tokens[24h]) and tokens > 2000/min
              and tokens / baseline(tokens[24h]) > $token_spike * avg(active_runs[5m]) / baseline(active_runs[24h])
              and spike(tokens[26h]) > $chance and outgrew(tokens[26h]) > 2 and excess(tokens[26h]) > 0/min
              and outgrew(tokens[26h]) > 2 * outgrew(active_runs[26h])
              and (avg(active_runs[5m]) >= 3 or runtime.active_apps < 2 or tokens > 4 * $token_spike * baseline(tokens[24h])
              or tokens / (runtime.tokens - tokens) > 1.2 * $token_spike * (avg(active_runs[5m]) + 0.5) / (runtime.active_runs - active_runs))
              or (missing(baseline(tokens[24h]), too_little_data) and baseline(runtime.tokens[24h]) > 2000/min
              and tokens > 2000/min and tokens > 2 * (runtime.tokens - tokens)
              and tokens / (runtime.tokens - tokens) > $loop_growth * active_runs / (runtime.active_runs - active_runs))
            while: >-
              (not missing(baseline(tokens[24h])) and tokens > 0.6 * $token_spike * baseline(tokens[24h]) and tokens > 2000/min)
              or (tokens > 2000/min and tokens > 2 * (runtime.tokens - tokens)
              and tokens / (runtime.tokens - tokens) > $loop_growth * active_runs / (runtime.active_runs - active_runs))
            for: 5m
            dips: 1m
            severity: warning
            summary: An app burns tokens far above its own usual rate.
            next_steps:
              - Look for a loop in its workflows.
              - Ask the tenant whether this is meant.
            actions: [notify]
            require_approval:                       # offered in the message, done only on approval
              - throttle: {concurrent_workflows: 1, ttl: 30m}
            suggest: [raise_limit, contact_tenant]
            suppresses: [cost-spike, model-calls-spike]
            playbook: token-burn-spike

          # More tokens cost more; this one speaks where the price rose alone (a dearer model, another provider).
          cost-spike:
            subject: app
            when: >-
              cost > $cost_spike * baseline(cost[24h]) and cost > 2 USD/h
              and cost / baseline(cost[24h]) > $cost_spike * avg(active_runs[5m]) / baseline(active_runs[24h])
              and spike(cost[26h]) > $chance and outgrew(cost[26h]) > 2 and excess(cost[26h]) > 0 USD/h
              and outgrew(cost[26h]) > 2 * outgrew(active_runs[26h])
              and (avg(active_runs[5m]) >= 3 or runtime.active_apps < 2 or cost > 4 * $cost_spike * baseline(cost[24h])
              or cost / (runtime.cost - cost) > 1.2 * $cost_spike * (avg(active_runs[5m]) + 0.5) / (runtime.active_runs - active_runs))
            while: cost > 0.6 * $cost_spike * baseline(cost[24h]) and cost > 2 USD/h
            for: 5m
            dips: 1m
            severity: warning
            summary: An app costs far more than it usually does.
            next_steps:
              - Look which model its workflows use now.
              - Ask the tenant whether this is meant.
            actions: [notify]
            require_approval:
              - throttle: {concurrent_workflows: 1, ttl: 30m}
            suggest: [raise_limit, contact_tenant]
            playbook: cost-spike

          # ---- Beside the runtimes: the machine that the monitor runs on, and what it looks at over the network. Silent where the
          # configuration names neither hosts nor services. What could not be read is never taken for nothing: a file system without
          # inodes, a kernel without pressure figures.

          # What the machine says of itself cannot be read, or a mount does not answer: others are judged by what is left.
          host-unreadable:
            subject: host
            when: up == 0 or unread_mounts > 0
            for: missing_after
            severity: warning
            summary: The machine, or one of its mounts, does not say how it is.
            next_steps:
              - mozaiks-ops doctor says what cannot be read, and why.
              - A network disk that hangs, or a mount that is gone? Take it out of 'mounts' if it is meant to be.
            playbook: host-unreadable

          host-disk-full:
            subject: host
            when: disk_free < $disk_full or (not missing(inodes_free) and inodes_free < $disk_full)
            while: disk_free < 2 * $disk_full or (not missing(inodes_free) and inodes_free < 2 * $disk_full)
            for: 1m
            severity: critical
            summary: A disk of the machine is as good as full.
            next_steps:
              - Find what grew (df -h, df -i, du -xh --max-depth=1) and make room; never in a database's own folder.
              - Databases and logs stop when nothing is left.
            suppresses: [host-disk]
            playbook: host-disk-full

          host-disk:
            subject: host
            when: disk_free < $disk_low or (not missing(inodes_free) and inodes_free < $disk_low)
            while: disk_free < 1.2 * $disk_low or (not missing(inodes_free) and inodes_free < 1.2 * $disk_low)
            for: 5m
            severity: warning
            summary: A disk of the machine runs full.
            next_steps:
              - Find what grew (df -h, df -i, du -xh --max-depth=1) and make room; never in a database's own folder.
            playbook: host-disk

          # Something was lost already. It ends when ten minutes have passed without another.
          host-oom:
            subject: host
            when: oom_kills[10m] > 0
            severity: critical
            summary: A process of the machine was killed because memory ran out.
            next_steps:
              - The kernel's log names it (journalctl -k, dmesg); look whether it was the runtime or its database, and whether it is back.
              - What grew, and since when? More memory, or less of it for what grew.
            suppresses: [host-memory, runtime-restarted]
            playbook: host-oom

          # What is not available, caches not counted: near the end the kernel kills, or everything waits for the disk.
          host-memory:
            subject: host
            when: memory > $memory_high
            while: memory > 0.95 * $memory_high
            for: 5m
            dips: 1m
            severity: warning
            summary: The machine's memory is nearly used up.
            next_steps:
              - Look which process grew (ps -eo rss,comm --sort=-rss), and whether it still grows.
            playbook: host-memory

          # Busy is what a machine is for; waiting for it is not. Where the kernel tells neither pressure nor throttling, busy must do.
          host-cpu:
            subject: host
            when: >-
              (cpu > $cpu_high and (missing(pressure.cpu) or pressure.cpu > $cpu_waiting))
              or (not missing(cpu_throttled) and cpu_throttled > $cpu_waiting)
            while: cpu > 0.9 * $cpu_high or (not missing(cpu_throttled) and cpu_throttled > 0.5 * $cpu_waiting)
            for: 15m
            dips: 1m
            severity: warning
            summary: The machine's processors are busy, and work waits for them.
            next_steps:
              - Look which process it is (top), and whether it belongs there.
              - In a container look whether its cpu limit is what holds it back.
            playbook: host-cpu

          # What the monitor could not look at says nothing about the service: neither that it is down nor that it is up.
          service-unreadable:
            subject: service
            when: missing(up)
            for: missing_after
            severity: warning
            summary: A service cannot be looked at, so nobody knows whether it answers.
            next_steps:
              - mozaiks-ops doctor says why; often a secret or a file of authorities that is not there, or a ping that is not permitted.
            playbook: service-unreadable

          service-down:
            subject: service
            when: up == 0
            for: 1m
            polls: 3
            # One that comes and goes is one outage.
            clear_after: 5m
            severity: critical
            summary: A service does not answer as it should.
            next_steps:
              - Ask it yourself from this machine; mozaiks-ops status says what was found.
              - Look whether its process runs, its name resolves and its certificate holds.
            suppresses: [service-slow]
            playbook: service-down

          service-slow:
            subject: service
            when: latency > $service_slow
            while: latency > 0.8 * $service_slow
            for: 5m
            dips: 1m
            severity: warning
            summary: A service takes long to answer.
            next_steps:
              - Which part takes long? resolve, connect, tls and processing are read apart (mozaiks-ops evaluate).
            playbook: service-slow

          certificate-ending:
            subject: service
            when: certificate_days < $certificate_last
            for: 5m
            severity: critical
            summary: A certificate runs out within days, or has run out.
            next_steps:
              - Renew it now, and look why it was not renewed by itself.
            suppresses: [certificate-expiring]
            playbook: certificate-ending

          certificate-expiring:
            subject: service
            when: certificate_days < $certificate_soon
            for: 5m
            severity: warning
            summary: A certificate runs out soon and was not renewed.
            next_steps:
              - Look whether whoever renews it by itself still does (certbot, cert-manager, the load balancer).
            playbook: certificate-expiring

        """#
}
