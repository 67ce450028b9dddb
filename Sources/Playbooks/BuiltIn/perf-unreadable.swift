extension BuiltInPlaybooks {
    /// `playbooks/perf-unreadable.md`, byte for byte.
    static let perfUnreadable = #"""
        ---
        id: perf-unreadable
        title: The runtime answers, but not all of its figures can be read
        when: For missing_after (5m) the figures of one process at least did not come, while the runtime answered.
        ---

        ## What it means

        We are blind for the whole runtime: what its tenants do is known only when every process of it has said so. No rule on tenants holds, nothing is done to anybody, and a noisy tenant would go unseen. Users notice nothing. It is due in the morning.

        One of three things is so:

        - **The figures do not come in time.** The runtime is slow to write them: its list of chats has become very long, or it is busy. After each attempt that runs out of time we ask less often.
        - **One process of several cannot be read**: it answers the figures with an error, refuses our token, or does not answer at all. The others can be read, and do not suffice.
        - **One URL leads to several processes.** Each poll lands on another one, so their counters cannot be told apart. This does not pass by itself.

        ## How to confirm

        ```
        mozaiks-ops doctor                        # each process by its URL, with what it answers
        URL=http://127.0.0.1:8000                 # each of the URLs under replicas: in mozaiks-ops.yaml, one by one
        curl -sS -m 35 -o /dev/null -w '%{http_code} after %{time_total} s\n' $URL/metrics/perf/aggregate
        curl -sS $URL/api/events/metrics | jq .data.created; sleep 5; curl -sS $URL/api/events/metrics | jq .data.created
        ```

        - More than 10 s, or nothing at all: too slow.
        - `500` from one of the processes: it is poisoned (see the playbook perf-poisoned). `401`: it refuses our token (see runtime-unauthorized).
        - Two different moments of creation, in turn: a load balancer stands before several processes.

        ## Safe actions

        - Wait, if it is only slow: in a quieter hour the figures come again.
        - Name each process by a URL of its own under `replicas:` in mozaiks-ops.yaml, and restart mozaiks-ops. That is the cure for a URL that leads to several.
        - Watch load by hand meanwhile: `curl -sS $URL/api/health | jq .active_connections`.

        ## What needs a person

        - Restarting the one process that cannot be read, in a quiet moment. It ends what runs in there.
        - Opening a way to each process where only the load balancer can be reached: a port each, reachable from this machine alone.

        ## How to undo

        There is nothing to undo: mozaiks-ops changed nothing. The incident ends by itself 2 minutes after every process can be read again.

        """#
}
