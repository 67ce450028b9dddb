extension BuiltInPlaybooks {
    /// `playbooks/perf-expensive.md`, byte for byte.
    static let perfExpensive = #"""
        ---
        id: perf-expensive
        title: Reading the runtime's figures holds up everybody on it
        when: For 10m each reading of the performance figures has taken the runtime longer than a second.
        ---

        ## What it means

        The runtime keeps every chat since its start in memory and writes all of them into each answer. While it writes, its event loop serves nobody: with 20,000 chats that is about a second, with 100,000 nearly five. Users feel it as a short freeze.

        mozaiks-ops already holds back: it never takes more than 2 % of the runtime's time, and asks less often the longer an answer takes. But it is not the only one who may ask, and the slower it asks the later it sees.

        ## How to confirm

        ```
        mozaiks-ops doctor                        # size of the answer, what polling costs, the interval now
        URL=http://127.0.0.1:8000
        curl -sS -m 60 -o /dev/null -w '%{size_download} bytes after %{time_total} s\n' $URL/metrics/perf/aggregate
        ```

        - Many bytes and seconds: it is the number of chats. Ask once, not in a loop: each question freezes it.
        - Few bytes and still seconds: the machine is busy or swaps. Look at its CPU and memory first.

        Who else asks? The access log of your reverse proxy knows:

        ```
        grep -c '/metrics/perf' /var/log/nginx/access.log
        ```

        ## Safe actions

        - Stop other readers of `/metrics/perf/…`: dashboards with a refresh of 5 s, scripts, an uptime check with the wrong path.
        - Wait for a quiet hour. Nothing breaks; it only gets slower by as much as chats come.

        ## What needs a person

        - Restarting the runtime in a quiet hour: `docker compose restart RUNTIME_SERVICE`. It ends what runs in there and empties the list.
        - Having the runtime's builders forget ended chats. Until then plan such a restart every so many chats.

        ## How to undo

        Nothing to undo: mozaiks-ops changed nothing, and goes back to its usual interval by itself after the restart.

        """#
}
