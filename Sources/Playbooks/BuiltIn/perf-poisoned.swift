extension BuiltInPlaybooks {
    /// `playbooks/perf-poisoned.md`, byte for byte.
    static let perfPoisoned = #"""
        ---
        id: perf-poisoned
        title: Healthy, but the performance figures cannot be read
        when: For missing_after (5m) the perf endpoint has answered with an error or with nonsense, while the runtime answers.
        ---

        ## What it means

        One single NaN or infinite cost, or one broken character in an id, is in the runtime's memory, and both perf endpoints answer `500` with plain text until the process restarts. Users notice nothing: chats run, health stays 200.

        We notice: there is no figure for any tenant. Every rule on tenants rests, nothing is done to anybody, and a noisy tenant would go unseen. So this is not urgent at three in the morning, and it is due in the morning.

        ## How to confirm

        ```
        URL=http://127.0.0.1:8000
        curl -sS -m 35 -o /dev/null -w '%{http_code} %{content_type} after %{time_total} s\n' $URL/metrics/perf/aggregate
        curl -sS -m 35 -w '\n%{http_code}\n' $URL/api/health
        mozaiks-ops doctor
        ```

        - `500 text/plain` with health 200: poisoned.
        - `200` but slow, or cut off: it is not poison, the body is too large. Look at how long it took. Nothing is ever evicted there, so a restart clears this too.

        Which chat it was cannot be asked any more. The log names the moment:

        ```
        docker compose logs --since 24h RUNTIME_SERVICE | grep -n -i -E 'nan|inf|surrogate|not JSON compliant' | tail
        ```

        ## Safe actions

        - Wait. Nothing breaks for users, and a restart in the middle of the day costs them more than it gives you.
        - Watch load by hand meanwhile: `curl -sS $URL/api/health | jq .active_connections`.
        - If a tenant is hurting others right now, you can hold back its new starts at the reverse proxy (see the playbook noisy-neighbor, "What needs a person").

        ## What needs a person

        - Choosing a quiet moment and restarting the runtime: `docker compose restart RUNTIME_SERVICE`. It ends what runs in there and sets all counters to zero.
        - If it comes back within days, some caller reports a cost of NaN, or takes ids from input unchecked. Find it; the restart is only the broom.

        ## How to undo

        There is nothing to undo: the restart cannot be taken back, and mozaiks-ops changed nothing. After the restart the incident ends by itself 2 minutes after the first good answer; no action is taken for ten minutes.

        """#
}
