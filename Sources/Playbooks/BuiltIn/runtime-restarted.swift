extension BuiltInPlaybooks {
    /// `playbooks/runtime-restarted.md`, byte for byte.
    static let runtimeRestarted = #"""
        ---
        id: runtime-restarted
        title: The runtime has restarted
        when: A restart of the runtime's process was seen within 5m. Three within half an hour are restart-loop.
        ---

        ## What it means

        The process that answers now is younger than the one before. Every run that was open in there is lost, and all counters began anew. One restart is a deploy or a crash; it is on record, and nobody is woken for it.

        ## How to confirm

        ```
        mozaiks-ops doctor
        URL=http://127.0.0.1:8000                 # each of the URLs under replicas: in mozaiks-ops.yaml
        curl -sS $URL/api/events/metrics | jq .data.created
        docker compose logs --since 30m --tail 200 RUNTIME_SERVICE   # or: journalctl -u RUNTIME_UNIT --since -30min
        dmesg -T | grep -i -E 'oom|killed process' | tail
        ```

        - A deploy at that time: nothing else is to be done.
        - A traceback or `killed process` before the start: a crash.

        ## Safe actions

        - Save the log of the time before the start.

        ## What needs a person

        - Finding the cause of a crash, before it becomes a loop.

        ## How to undo

        mozaiks-ops did nothing here; after a restart it takes no action for ten minutes.

        """#
}
