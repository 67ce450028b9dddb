extension BuiltInPlaybooks {
    /// `playbooks/turn-latency-rise.md`, byte for byte.
    static let turnLatencyRise = #"""
        ---
        id: turn-latency-rise
        title: Turns take far longer than usual
        when: For 5m the slowest twentieth of turns took more than three times what is usual on this runtime, and more than 10 s.
        ---

        ## What it means

        People wait. A turn's duration includes the time that a person took to answer, but that was so before too: what changed is the model provider, a tool, or the machine. It concerns the runtime as a whole; no tenant is held back for it.

        ## How to confirm

        ```
        mozaiks-ops doctor
        URL=http://127.0.0.1:8000                 # each of the URLs under replicas: in mozaiks-ops.yaml
        mozaiks-ops evaluate
        curl -sS -m 35 $URL/metrics/perf/aggregate | jq '[.chats[] | select(.ended_at == null)] | group_by(.workflow_name)
          | map({workflow: .[0].workflow_name, runs: length, slowest: (map(.last_turn_duration_sec // 0) | max)})'
        ```

        - All workflows are slow: the model provider, or the machine.
        - One workflow is slow: a tool of it.

        ## Safe actions

        - Look at the status page of the model provider and at the machine's load.
        - Was something deployed within the hour? Compare with the version before.

        ## What needs a person

        - Another model or provider, if it lasts.
        - Telling tenants that it is slow and known.

        ## How to undo

        mozaiks-ops did nothing here. The incident ends by itself when turns are as usual again.

        """#
}
