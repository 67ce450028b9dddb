extension BuiltInPlaybooks {
    /// `playbooks/stalled-runs.md`, byte for byte.
    static let stalledRuns = #"""
        ---
        id: stalled-runs
        title: More runs stand still than move
        when: For 30m more than 20 open runs have made no progress for ten minutes, and they are more than those that do.
        ---

        ## What it means

        A run whose websocket dropped stays open in the runtime for ever: some of these are always there, and they cost only memory. So many of them, in so short a time, say that something makes people lose their connection, or that runs wait for something that does not answer.

        They are not counted as active, so nobody is called noisy for them.

        ## How to confirm

        ```
        mozaiks-ops evaluate                      # open, active and stalled runs by app
        ```

        What do they have in common? One question to the runtime:

        ```
        URL=http://127.0.0.1:8000
        curl -sS -m 35 $URL/metrics/perf/aggregate | jq '[.chats[] | select(.ended_at == null and .runtime_sec > 600)]
          | group_by([.app_id, .workflow_name]) | map({app: .[0].app_id, workflow: .[0].workflow_name, open: length}) | sort_by(-.open) | .[:10]'
        ```

        - One workflow: a tool that it calls hangs. All of them: the network, the reverse proxy's timeouts, or a frontend that was deployed today.

        ## Safe actions

        - Look at `proxy_read_timeout` of the reverse proxy: below a minute it cuts people who think.
        - Leave the runs alone: whoever comes back finds the chat again.

        ## What needs a person

        - Restarting the runtime in a quiet hour clears them: `docker compose restart RUNTIME_SERVICE`. It ends what runs in there too.

        ## How to undo

        The restart cannot be taken back. mozaiks-ops changed nothing.

        """#
}
