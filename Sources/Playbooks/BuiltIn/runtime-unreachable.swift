extension BuiltInPlaybooks {
    /// `playbooks/runtime-unreachable.md`, byte for byte.
    static let runtimeUnreachable = #"""
        ---
        id: runtime-unreachable
        title: Something answers in the runtime's place
        when: For 3m and three polls at least the address has answered, and neither its health, nor its figures, nor its events could be read.
        ---

        ## What it means

        Whoever answers is not the runtime: a proxy whose process behind it is gone (502, 503, 504), a login page, a redirect, or another program on the same port. Users get the same answer, so nobody is served. A deploy looks like this for a minute or two; this one did not end. Nothing is known of any tenant, and nothing is done to any.

        ## How to confirm

        ```
        mozaiks-ops doctor
        URL=http://127.0.0.1:8000                 # each of the URLs under replicas: in mozaiks-ops.yaml
        curl -sS -m 35 -i $URL/api/health | head -20
        curl -sS -m 35 -i $URL/metrics/perf/aggregate | head -20
        ```

        - `502`, `503`, `504` with a page: the proxy cannot reach the process. Look at the process.
        - `301`, `302`: a login or another host name stands before it.
        - `404` for everything: another program, or another path prefix.
        - `429`: a rate limit holds us off; it may hold off users too.

        ## Safe actions

        - Save the log before you restart anything: `docker compose logs --since 2h RUNTIME_SERVICE > runtime.log`
        - If the process is gone, start it: `docker compose up -d RUNTIME_SERVICE`, or `systemctl start RUNTIME_UNIT`.
        - Read the proxy's error log; it names the address that it could not reach.

        ## What needs a person

        - Going back to the version before, if a deploy does not come up.
        - Changing the proxy: an upstream that moved, a login put before the runtime's own paths.

        ## How to undo

        mozaiks-ops did nothing here. The incident ends by itself 3 minutes after the runtime can be read again.

        """#
}
