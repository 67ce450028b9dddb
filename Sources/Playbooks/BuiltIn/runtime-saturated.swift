extension BuiltInPlaybooks {
    /// `playbooks/runtime-saturated.md`, byte for byte.
    static let runtimeSaturated = #"""
        ---
        id: runtime-saturated
        title: Too many runs, and they begin to fail
        when: For 2m the runtime has carried more than max_active_runs (200) while more than 5% of its turns or runs failed, half as many again as before.
        ---

        ## What it means

        The runtime is full, and it shows: the share of turns that fail, or of runs that end with nothing done, is above 5% (`failing_share`) and rising. A single failure, or a share that goes from next to nothing to a little more, does not open this. Left alone it gets slower for everybody, people retry, and it gets fuller.

        In mode `enforce` the three heaviest apps get no *new* runs for 10 minutes (at most a tenth of the active apps at once, so it may be fewer; the rest is offered to you). What runs goes on.

        ## How to confirm

        ```
        mozaiks-ops incidents show INCIDENT       # the values, and which apps were paused or spared, and why
        mozaiks-ops check
        URL=http://127.0.0.1:8000
        curl -sS -m 35 -w '\n%{time_total} s\n' $URL/api/health | jq -R 'fromjson? // .'
        docker stats --no-stream                  # or: systemctl status RUNTIME_UNIT; top
        ```

        - CPU at its limit: it is really full.
        - Memory near its limit: the kernel will kill it soon. Act now; see "What needs a person".
        - Both low: it waits for something. Look at MongoDB (`mongodb_ping_ms`) and at the model provider before you add machines.

        Who weighs most? `mozaiks-ops evaluate` lists apps by active runs.

        ## Safe actions

        - Let the pauses work: a full runtime usually drains within ten minutes.
        - Put off what is yours to put off: batch jobs, re-indexing, deployments, backups of MongoDB.
        - Send the paused tenants the text of the message.

        ## What needs a person

        - Adding a replica. mozaiks-ops cannot and will not: start a second process, add it to the reverse proxy's upstream **and** under `replicas:` in mozaiks-ops.yaml (each with its own URL, because each counts for itself), then restart mozaiks-ops.
        - Moving the heaviest app to a runtime of its own.
        - If memory runs out: pause by hand at the proxy what is heaviest (see the playbook noisy-neighbor), before the kernel chooses for you.
        - Is 200 the wrong number for your machine? Set `thresholds: {max_active_runs: …}` in your policy to what it has carried well.

        ## How to undo

        ```
        mozaiks-ops actions list
        mozaiks-ops actions revert --all          # all pauses end now
        mozaiks-ops actions stop                  # and no new ones, until: mozaiks-ops actions resume
        ```

        A replica goes away in the reverse order: out of the upstream, wait until it holds no websockets (`/api/health`), out of `replicas:`, stop it.

        """#
}
