import Model

// What people get wrong, and exactly what they read then.
extension FaultyCondition {
    static let table: [FaultyCondition] = [
        FaultyCondition(
            "error_rate > 5",
            #"""
            condition:1:14: error[unit-mismatch]: 'error_rate' is a percentage and '5' a bare number: they cannot be compared
                error_rate > 5
                             ^
            hint: write '5%'
            """#),
        FaultyCondition(
            "error_rate > $noisy_min_runs",
            #"""
            condition:1:14: error[unit-mismatch]: 'error_rate' is a percentage and '$noisy_min_runs' a bare number: they cannot be compared
                error_rate > $noisy_min_runs
                             ^~~~~~~~~~~~~~~
            hint: give the threshold its unit, 'noisy_min_runs: 10%' (condition:1)
            """#),
        FaultyCondition(
            "active_run > 5",
            #"""
            condition:1:1: error[unknown-signal]: no signal 'active_run'
                active_run > 5
                ^~~~~~~~~~
            hint: did you mean 'active_runs'?
            """#),
        FaultyCondition(
            "active_runs.shar > 40%",
            #"""
            condition:1:1: error[unknown-signal]: no signal 'active_runs.shar'
                active_runs.shar > 40%
                ^~~~~~~~~~~~~~~~
            hint: did you mean 'active_runs.share'?
            """#),
        FaultyCondition(
            "up == 1",
            #"""
            condition:1:1: error[subject-lacks-signal]: 'up' is read of runtime or replica, not of app
                up == 1
                ^~
            hint: write 'runtime.up'
            """#),
        FaultyCondition(
            "websockets > 5",
            #"""
            condition:1:1: error[subject-lacks-signal]: 'websockets' is read of runtime or replica, not of app
                websockets > 5
                ^~~~~~~~~~
            hint: write 'runtime.websockets'
            """#),
        FaultyCondition(
            "runtime.websocket > 5",
            #"""
            condition:1:1: error[unknown-signal]: no signal 'websocket'
                runtime.websocket > 5
                ^~~~~~~~~~~~~~~~~
            hint: did you mean 'websockets'?
            """#),
        FaultyCondition(
            "runtime.active_runs.share > 5%",
            #"""
            condition:1:1: error[subject-lacks-signal]: 'active_runs.share' is read of app, not of runtime
                runtime.active_runs.share > 5%
                ^~~~~~~~~~~~~~~~~~~~~~~~~
            """#),
        FaultyCondition(
            "runtime.active_runs > 5", .runtime,
            #"""
            condition:1:1: error[runtime-prefix]: 'runtime.' reaches from an app to its runtime; this rule is on a runtime
                runtime.active_runs > 5
                ^~~~~~~~~~~~~~~~~~~
            hint: write 'active_runs'
            """#),
        FaultyCondition(
            "active_runs.share > 40%", .runtime,
            #"""
            condition:1:1: error[subject-lacks-signal]: 'active_runs.share' is read of app, not of runtime
                active_runs.share > 40%
                ^~~~~~~~~~~~~~~~~
            """#),
        FaultyCondition(
            "active_runs > $max_active_run",
            #"""
            condition:1:15: error[unknown-threshold]: no threshold 'max_active_run'
                active_runs > $max_active_run
                              ^~~~~~~~~~~~~~~
            hint: did you mean '$max_active_runs'?
            """#),
        FaultyCondition(
            "active_runs > $",
            #"""
            condition:1:15: error[syntax]: a threshold's name must follow '$'
                active_runs > $
                              ^
            """#),
        FaultyCondition(
            "active_runs > 5%",
            #"""
            condition:1:15: error[unit-mismatch]: 'active_runs' is a count of runs and '5%' a percentage: they cannot be compared
                active_runs > 5%
                              ^~
            hint: write '5', or compare 'active_runs.share' with 5%
            """#),
        FaultyCondition(
            "active_runs.share > 40",
            #"""
            condition:1:21: error[unit-mismatch]: 'active_runs.share' is a percentage and '40' a bare number: they cannot be compared
                active_runs.share > 40
                                    ^~
            hint: write '40%'
            """#),
        FaultyCondition(
            "active_runs.share > 0.4 * $max_active_runs",
            #"""
            condition:1:1: error[unit-mismatch]: 'active_runs.share' is a percentage and '0.4 * $max_active_runs' a bare number: they cannot be compared
                active_runs.share > 0.4 * $max_active_runs
                ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
            """#),
        FaultyCondition(
            "1 < active_runs < 5",
            #"""
            condition:1:17: error[chained-comparison]: comparisons cannot be chained
                1 < active_runs < 5
                                ^
            hint: write '1 < active_runs and active_runs < 5'
            """#),
        FaultyCondition(
            "active_runs = 5",
            #"""
            condition:1:13: error[syntax]: no operator '='
                active_runs = 5
                            ^
            hint: write '=='
            """#),
        FaultyCondition(
            "active_runs > 5 && tokens > 3/min",
            #"""
            condition:1:17: error[syntax]: no operator '&&'
                active_runs > 5 && tokens > 3/min
                                ^~
            hint: write 'and'
            """#),
        FaultyCondition(
            "active_runs > 5 || tokens > 3/min",
            #"""
            condition:1:17: error[syntax]: no operator '||'
                active_runs > 5 || tokens > 3/min
                                ^~
            hint: write 'or'
            """#),
        FaultyCondition(
            "!missing(tokens)",
            #"""
            condition:1:1: error[syntax]: no operator '!'
                !missing(tokens)
                ^
            hint: write 'not'
            """#),
        FaultyCondition(
            "active_runs > 5 AND tokens > 3/min",
            #"""
            condition:1:17: error[syntax]: no operator 'AND'
                active_runs > 5 AND tokens > 3/min
                                ^~~
            hint: write 'and'
            """#),
        FaultyCondition(
            "active_runs => 5",
            #"""
            condition:1:13: error[syntax]: no operator '=>'
                active_runs => 5
                            ^~
            hint: write '>='
            """#),
        FaultyCondition(
            "active_runs <> 5",
            #"""
            condition:1:13: error[syntax]: no operator '<>'
                active_runs <> 5
                            ^~
            hint: write '!='
            """#),
        FaultyCondition(
            "active_runs ≥ 5",
            #"""
            condition:1:13: error[syntax]: no operator '≥'
                active_runs ≥ 5
                            ^
            hint: write '>='
            """#),
        FaultyCondition(
            "active_runs",
            #"""
            condition:1:1: error[not-a-condition]: this is a count of runs, not something true or false
                active_runs
                ^~~~~~~~~~~
            hint: compare it with something: > 0
            """#),
        FaultyCondition(
            "runtime.up",
            #"""
            condition:1:1: error[not-a-condition]: this is 0 or 1, not something true or false
                runtime.up
                ^~~~~~~~~~
            hint: write 'runtime.up == 1'
            """#),
        FaultyCondition(
            "runtime.up and active_runs > 3",
            #"""
            condition:1:1: error[type]: 'and' joins what is true or false; 'runtime.up' is 0 or 1
                runtime.up and active_runs > 3
                ^~~~~~~~~~
            hint: write 'runtime.up == 1'
            """#),
        FaultyCondition(
            "not runtime.up",
            #"""
            condition:1:5: error[type]: 'not' joins what is true or false; 'runtime.up' is 0 or 1
                not runtime.up
                    ^~~~~~~~~~
            hint: write 'runtime.up == 0' without 'not'
            """#),
        FaultyCondition(
            "active_runs > 5 and tokens",
            #"""
            condition:1:21: error[type]: 'and' joins what is true or false; 'tokens' is a rate per minute
                active_runs > 5 and tokens
                                    ^~~~~~
            hint: compare it with something: 'tokens > …'
            """#),
        FaultyCondition(
            "(active_runs > 5) > 3",
            #"""
            condition:1:1: error[type]: '>' needs numbers; '(active_runs > 5)' is true or false
                (active_runs > 5) > 3
                ^~~~~~~~~~~~~~~~~
            """#),
        FaultyCondition(
            "(active_runs > 5) + 3 > 4",
            #"""
            condition:1:1: error[type]: '+' needs numbers; '(active_runs > 5)' is true or false
                (active_runs > 5) + 3 > 4
                ^~~~~~~~~~~~~~~~~
            """#),
        FaultyCondition(
            "active_runs >",
            #"""
            condition:1:13: error[syntax]: the condition ends where a value should stand
                active_runs >
                            ^
            """#),
        FaultyCondition(
            "active_runs > 5 and",
            #"""
            condition:1:19: error[syntax]: the condition ends where a value should stand
                active_runs > 5 and
                                  ^
            """#),
        FaultyCondition(
            "active_runs > 5 tokens",
            #"""
            condition:1:17: error[syntax]: 'tokens' stands where an operator should
                active_runs > 5 tokens
                                ^~~~~~
            hint: a count has no unit: write '5'; units: % ms s m h d /s /min /h USD USD/h B kB MB GB
            """#),
        FaultyCondition(
            "",
            #"""
            condition:1:1: error[syntax]: the condition is empty
            """#),
        FaultyCondition(
            "   ",
            #"""
            condition:1:1: error[syntax]: the condition is empty
            """#),
        FaultyCondition(
            "(active_runs > 5",
            #"""
            condition:1:16: error[syntax]: the condition ends where ')' should stand
                (active_runs > 5
                               ^
            """#),
        FaultyCondition(
            "active_runs > 5)",
            #"""
            condition:1:16: error[syntax]: ')' stands where an operator should
                active_runs > 5)
                               ^
            """#),
        FaultyCondition(
            "active_runs > .5",
            #"""
            condition:1:15: error[syntax]: not a number
                active_runs > .5
                              ^
            hint: write a digit before the point: 0.5
            """#),
        FaultyCondition(
            "active_runs > 5x",
            #"""
            condition:1:16: error[unknown-unit]: no unit 'x'
                active_runs > 5x
                               ^
            hint: write '5 *'
            """#),
        FaultyCondition(
            "active_runs > 5 usd",
            #"""
            condition:1:15: error[unknown-unit]: no unit is spelled so
                active_runs > 5 usd
                              ^~~~~
            hint: write '5'
            """#),
        FaultyCondition(
            "turn_latency.p95 > 1.5 s",
            #"""
            condition:1:20: error[unknown-unit]: no unit is spelled so
                turn_latency.p95 > 1.5 s
                                   ^~~~~
            hint: write '1.5s'
            """#),
        FaultyCondition(
            "turn_latency.p95 > 5msec",
            #"""
            condition:1:21: error[unknown-unit]: no unit 'msec'
                turn_latency.p95 > 5msec
                                    ^~~~
            hint: write '5ms'
            """#),
        FaultyCondition(
            "active_runs > 40 %",
            #"""
            condition:1:18: error[syntax]: a '%' that stands alone
                active_runs > 40 %
                                 ^
            hint: write '40', or compare 'active_runs.share' with 40%
            """#),
        FaultyCondition(
            "cost > 3",
            #"""
            condition:1:8: error[unit-mismatch]: 'cost' is spend in USD/h and '3' a bare number: they cannot be compared
                cost > 3
                       ^
            hint: write '3 USD/h'
            """#),
        FaultyCondition(
            "cost > 3 USD",
            #"""
            condition:1:8: error[unit-mismatch]: 'cost' is spend in USD/h and '3 USD' an amount in USD: they cannot be compared
                cost > 3 USD
                       ^~~~~
            hint: write '3 USD/h'
            """#),
        FaultyCondition(
            "tokens > 2000",
            #"""
            condition:1:10: error[unit-mismatch]: 'tokens' is a rate per minute and '2000' a bare number: they cannot be compared
                tokens > 2000
                         ^~~~
            hint: write '2000/min'
            """#),
        FaultyCondition(
            "tokens > 2000 / min",
            #"""
            condition:1:17: error[unknown-signal]: no signal 'min'
                tokens > 2000 / min
                                ^~~
            hint: a rate is written without spaces: 10/min
            """#),
        FaultyCondition(
            "tokens * active_runs > 3",
            #"""
            condition:1:1: error[unit-mismatch]: 'tokens' is a rate per minute and 'active_runs' a count of runs: they cannot be multiplied
                tokens * active_runs > 3
                ^~~~~~~~~~~~~~~~~~~~
            """#),
        FaultyCondition(
            "tokens + active_runs > 3",
            #"""
            condition:1:1: error[unit-mismatch]: 'tokens' is a rate per minute and 'active_runs' a count of runs: they cannot be added
                tokens + active_runs > 3
                ^~~~~~~~~~~~~~~~~~~~
            """#),
        FaultyCondition(
            "active_runs * runtime.active_apps > 3",
            #"""
            condition:1:1: error[unit-mismatch]: 'active_runs' is a count of runs and 'runtime.active_apps' a count of apps: they cannot be multiplied
                active_runs * runtime.active_apps > 3
                ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
            """#),
        FaultyCondition(
            "active_runs > runtime.active_apps",
            #"""
            condition:1:1: error[unit-mismatch]: 'active_runs' is a count of runs and 'runtime.active_apps' a count of apps: they cannot be compared
                active_runs > runtime.active_apps
                ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
            hint: divide one by the other and compare that with a number
            """#),
        FaultyCondition(
            "runtime.up * 3 > 2",
            #"""
            condition:1:1: error[unit-mismatch]: 'runtime.up' is 0 or 1 and '3' a bare number: they cannot be multiplied
                runtime.up * 3 > 2
                ^~~~~~~~~~~~~~
            """#),
        FaultyCondition(
            "rise(error_rate[10m]) > 150%",
            #"""
            condition:1:25: error[unit-mismatch]: 'rise(error_rate[10m])' is a bare number and '150%' a percentage: they cannot be compared
                rise(error_rate[10m]) > 150%
                                        ^~~~
            hint: write '1.5'
            """#),
        FaultyCondition(
            "rise(error_rate) > 1.5",
            #"""
            condition:1:6: error[missing-range]: rise(…) needs a range
                rise(error_rate) > 1.5
                     ^~~~~~~~~~
            hint: write 'rise(error_rate[10m])'
            """#),
        FaultyCondition(
            "rise(error_rate[2m]) > 1.5",
            #"""
            condition:1:16: error[range]: the range of rise(…) is between 3m and 7d
                rise(error_rate[2m]) > 1.5
                               ^~~~
            """#),
        FaultyCondition(
            "rise(error_rate[90s]) > 1.5",
            #"""
            condition:1:16: error[range]: the range of rise(…) is whole minutes, between 3m and 7d
                rise(error_rate[90s]) > 1.5
                               ^~~~~
            """#),
        FaultyCondition(
            "baseline(tokens[20m]) > 3/min",
            #"""
            condition:1:16: error[range]: the range of baseline(…) is between 35m and 7d
                baseline(tokens[20m]) > 3/min
                               ^~~~~
            """#),
        FaultyCondition(
            "baseline(tokens[30d]) > 3/min",
            #"""
            condition:1:16: error[range]: the range of baseline(…) is between 35m and 7d
                baseline(tokens[30d]) > 3/min
                               ^~~~~
            """#),
        FaultyCondition(
            "avgg(tokens[10m]) > 3/min",
            #"""
            condition:1:1: error[unknown-function]: no function 'avgg'
                avgg(tokens[10m]) > 3/min
                ^~~~
            hint: did you mean 'avg'?
            """#),
        FaultyCondition(
            "sum(tokens[10m]) > 3/min",
            #"""
            condition:1:1: error[subject]: 'sum' goes over the apps of a runtime; this rule is on an app
                sum(tokens[10m]) > 3/min
                ^~~
            hint: what is counted is a rate already: write 'tokens[10m]'
            """#),
        FaultyCondition(
            "avg(avg(tokens[10m])[10m]) > 3/min",
            #"""
            condition:1:8: error[syntax]: '(' stands where ')' should
                avg(avg(tokens[10m])[10m]) > 3/min
                       ^
            """#),
        FaultyCondition(
            "active_runs[5m] > 3",
            #"""
            condition:1:12: error[window]: 'active_runs' is read at a moment and has no window
                active_runs[5m] > 3
                           ^~~~
            hint: write 'active_runs', or 'avg(active_runs[5m])'
            """#),
        FaultyCondition(
            "tokens[48h] > 3/min",
            #"""
            condition:1:7: error[window]: a window is between 1s and 24h
                tokens[48h] > 3/min
                      ^~~~~
            """#),
        FaultyCondition(
            "tokens[5] > 3/min",
            #"""
            condition:1:7: error[syntax]: brackets hold a length of time
                tokens[5] > 3/min
                      ^~
            hint: write '[10m]'
            """#),
        FaultyCondition(
            "tokens[5m > 3/min",
            #"""
            condition:1:11: error[syntax]: '>' stands where ']' should
                tokens[5m > 3/min
                          ^
            """#),
        FaultyCondition(
            "missing(token)",
            #"""
            condition:1:9: error[unknown-signal]: no signal 'token'
                missing(token)
                        ^~~~~
            hint: did you mean 'tokens'?
            """#),
        FaultyCondition(
            "missing(tokens, unauthorised)",
            #"""
            condition:1:17: error[unknown-reason]: no reason 'unauthorised'
                missing(tokens, unauthorised)
                                ^~~~~~~~~~~~
            hint: did you mean 'unauthorized'?
            """#),
        FaultyCondition(
            "missing(tokens, sleepy)",
            #"""
            condition:1:17: error[unknown-reason]: no reason 'sleepy'
                missing(tokens, sleepy)
                                ^~~~~~
            hint: reasons: not_tracked, dead_counter, unauthorized, unreachable, error, malformed, stale, partial, too_little_data, no_traffic, contradictory, ambiguous
            """#),
        FaultyCondition(
            "missing(tokens, error(99))",
            #"""
            condition:1:23: error[syntax]: '99' stands where an HTTP status should
                missing(tokens, error(99))
                                      ^~
            """#),
        FaultyCondition(
            "missing(tokens",
            #"""
            condition:1:14: error[syntax]: the condition ends where ')' should stand
                missing(tokens
                             ^
            """#),
        FaultyCondition(
            "missing(tokens) > 3",
            #"""
            condition:1:1: error[type]: '>' needs numbers; 'missing(tokens)' is true or false
                missing(tokens) > 3
                ^~~~~~~~~~~~~~~
            """#),
        FaultyCondition(
            "missing tokens",
            #"""
            condition:1:1: error[syntax]: 'missing' needs parentheses
                missing tokens
                ^~~~~~~
            hint: write 'missing(tokens)'
            """#),
        FaultyCondition(
            "metric(\"x\") > 3",
            #"""
            condition:1:1: error[subject-lacks-signal]: metrics are read of a runtime or of a replica, not of an app
                metric("x") > 3
                ^~~~~~~~~~~
            hint: write 'runtime.metric("x")'
            """#),
        FaultyCondition(
            "cpu > 3",
            #"""
            condition:1:1: error[subject-lacks-signal]: 'cpu' is read of host, not of app
                cpu > 3
                ^~~
            hint: a rule that reads it has 'subject: host'
            """#),
        FaultyCondition(
            "runtime.memory > 90%",
            #"""
            condition:1:1: error[subject-lacks-signal]: 'memory' is read of host, not of runtime
                runtime.memory > 90%
                ^~~~~~~~~~~~~~
            hint: a rule that reads it has 'subject: host'
            """#),
        FaultyCondition(
            "active_runs > 3", .host,
            #"""
            condition:1:1: error[subject-lacks-signal]: 'active_runs' is read of app or runtime or workflow, not of host
                active_runs > 3
                ^~~~~~~~~~~
            hint: a rule that reads it has 'subject: app'
            """#),
        FaultyCondition(
            "disk_free < 5", .host,
            #"""
            condition:1:13: error[unit-mismatch]: 'disk_free' is a percentage and '5' a bare number: they cannot be compared
                disk_free < 5
                            ^
            hint: write '5%'
            """#),
        FaultyCondition(
            "active_runs > 3 and hour() >= 22h",
            #"""
            condition:1:31: error[unit-mismatch]: 'hour()' is a bare number and '22h' a time: they cannot be compared
                active_runs > 3 and hour() >= 22h
                                              ^~~
            hint: write '22'
            """#),
        FaultyCondition(
            "active_runs > 3 and hour(UTC) >= 22",
            #"""
            condition:1:26: error[syntax]: 'hour()' is of the moment and takes nothing
                active_runs > 3 and hour(UTC) >= 22
                                         ^~~
            hint: write 'hour()'; the zone is the configuration's 'timezone'
            """#),
        FaultyCondition(
            "active_runs > 3 and weekday()",
            #"""
            condition:1:21: error[type]: 'and' joins what is true or false; 'weekday()' is a bare number
                active_runs > 3 and weekday()
                                    ^~~~~~~~~
            hint: compare it with something: 'weekday() > …'
            """#),
        FaultyCondition(
            "\"active_runs\" > 3",
            #"""
            condition:1:1: error[syntax]: '"' has no meaning here
                "active_runs" > 3
                ^
            hint: names stand without quotes
            """#),
        FaultyCondition(
            "active_runs > 5; drop",
            #"""
            condition:1:16: error[syntax]: ';' has no meaning here
                active_runs > 5; drop
                               ^
            hint: write 'and' or 'or'
            """#),
        FaultyCondition(
            "active_runs > 5 and $noisy_share",
            #"""
            condition:1:21: error[type]: 'and' joins what is true or false; '$noisy_share' is a percentage
                active_runs > 5 and $noisy_share
                                    ^~~~~~~~~~~~
            hint: compare it with something: '$noisy_share > …'
            """#),
        FaultyCondition(
            "latency > 5s and activ_runs > 3 and error_rate > 5",
            #"""
            condition:1:1: error[subject-lacks-signal]: 'latency' is read of service, not of app
                latency > 5s and activ_runs > 3 and error_rate > 5
                ^~~~~~~
            hint: a rule that reads it has 'subject: service'
            condition:1:18: error[unknown-signal]: no signal 'activ_runs'
                latency > 5s and activ_runs > 3 and error_rate > 5
                                 ^~~~~~~~~~
            hint: did you mean 'active_runs'?
            condition:1:50: error[unit-mismatch]: 'error_rate' is a percentage and '5' a bare number: they cannot be compared
                latency > 5s and activ_runs > 3 and error_rate > 5
                                                                 ^
            hint: write '5%'
            """#),
        FaultyCondition(
            "active_runs > 5\nand activ_runs > 3",
            #"""
            condition:2:5: error[unknown-signal]: no signal 'activ_runs'
                and activ_runs > 3
                    ^~~~~~~~~~
            hint: did you mean 'active_runs'?
            """#),
    ]
}
