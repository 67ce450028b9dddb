extension BuiltInPlaybooks {
    /// `playbooks/dead-counters.md`, byte for byte.
    static let deadCounters = #"""
        ---
        id: dead-counters
        title: Some counters never move
        when: Runs end on this runtime, and some of its counters (errors, tokens, cost, turns, tools) have stayed at 0 throughout.
        ---

        ## What it means

        Nothing is broken tonight; go to bed. This tells you what mozaiks-ops can *not* see on this runtime.

        In today's builds nobody passes tokens or cost to the runtime's recorder, and tool calls are only ever recorded as successes. So errors, tokens and cost stay 0 for ever. mozaiks-ops reads such a counter as *missing*, never as 0: it will not tell you "0 % errors" or "0 USD" from a counter that cannot move. The price is that rules on it are silent:

        - dead `tokens`: token-burn-spike cannot fire. model-calls-spike sees spending of the runtime as a whole.
        - dead `cost`: cost-spike cannot fire, unless tokens live and `prices:` stand in the configuration.
        - dead `errors`: error-spike and app-errors cannot fire; runtime-saturated goes by silent runs alone.
        - dead `turns`: turn-latency-high cannot fire; where tools, tokens and cost are dead too, stalled-runs neither.

        What lives everywhere: chats that start and end, open runs, users, websockets, latency of health and MongoDB, and the number of model calls of the whole process.

        ## How to confirm

        ```
        mozaiks-ops doctor            # "Counters of …" and "Rules on …" say what is dead and which rule lacks it
        URL=http://127.0.0.1:8000
        curl -sS -m 35 $URL/metrics/perf/aggregate | jq 'del(.chats)'
        curl -sS -m 35 $URL/api/events/metrics | jq '.data.custom_events_by_type'
        ```

        Totals of 0 beside a growing `chat.usage_delta` are a dead counter: the model was called, and nobody wrote it down. (The first question makes the runtime work for it: ask once, not in a loop.)

        ## Safe actions

        - None is needed. If you know and accept it, switch the rule off: copy `policies/ops_policy.default.yaml` into your policy folder (it takes the place of the built-in one, so copy all of it), put `enabled: false` below `dead-counters:`, and run `mozaiks-ops policy check`.
        - Watch the bill at the model provider, with its own alarm on spending. It is the only place that knows.

        ## What needs a person

        - Having the runtime's builders pass tokens, cost and failures to the recorder. The counter counts as alive from its first move on, and its rules wake up by themselves.

        ## How to undo

        Take the line out of your policy again and run `mozaiks-ops policy check`. mozaiks-ops itself did nothing.

        """#
}
