extension BuiltInPlaybooks {
    /// `playbooks/restart-loop.md`, byte for byte.
    static let restartLoop = #"""
        ---
        id: restart-loop
        title: The runtime restarts again and again
        when: Within half an hour the runtime's process has started anew at least three times.
        ---

        ## What it means

        Something ends the process and something else (docker, systemd) starts it again. Each time everybody's runs are lost and all counters begin at zero. Between two restarts it may look perfectly well.

        Most common: it runs out of memory and is killed, it crashes on one request that comes again and again, or a deploy does not start properly. For ten minutes after each restart mozaiks-ops acts on nobody.

        ## How to confirm

        ```
        URL=http://127.0.0.1:8000
        curl -sS $URL/api/events/metrics | jq .data.created      # when this process began; ask again in some minutes
        docker compose ps RUNTIME_SERVICE                        # "Up 40 seconds", again and again
        docker compose logs --since 40m --tail 300 RUNTIME_SERVICE
        dmesg -T | grep -i -E 'out of memory|oom' | tail
        ```

        - Killed for memory: `docker inspect -f '{{.State.OOMKilled}}' CONTAINER` says true.
        - The same stack trace before each end: one request or one tenant's workflow crashes it.
        - Ends within seconds after start: the version, its configuration or what it connects to (MongoDB) is broken.

        ## Safe actions

        - If it began with a deploy: go back to the version before.
        - If it is memory: more of it, as a first aid. The list of chats grows until a restart, so a small machine comes here by itself in time.
        - If one tenant's workflow crashes it, hold back that workflow's new starts at the reverse proxy (see the playbook noisy-neighbor, "What needs a person").

        ## What needs a person

        - Finding what crashes it, and mending that.
        - If nothing helps: stop it on purpose and tell tenants. A runtime that is down is easier to explain than one that loses their work every few minutes.

        ## How to undo

        Put the version, the limit or the configuration back as it was, one at a time, and watch `data.created` stay the same. The incident ends by itself when half an hour has passed with fewer than three restarts.

        """#
}
