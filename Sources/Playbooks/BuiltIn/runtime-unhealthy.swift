extension BuiltInPlaybooks {
    /// `playbooks/runtime-unhealthy.md`, byte for byte.
    static let runtimeUnhealthy = #"""
        ---
        id: runtime-unhealthy
        title: The runtime answers but says it is not well
        when: For a minute /api/health has said 500 or nothing while other endpoints answer, or it failed in nearly a third of ten minutes' polls.
        ---

        ## What it means

        Nearly always: MongoDB cannot be reached from the runtime. It looks harmless from outside, because metrics go on answering 200, but nobody can start a run, and runs under way cannot save.

        With a dead MongoDB the health check takes up to 30 seconds to fail, and it fails with **500**, never with 503. A *slow* MongoDB still counts as healthy.

        ## How to confirm

        ```
        URL=http://127.0.0.1:8000
        curl -sS -m 35 -w '\n%{http_code} after %{time_total} s\n' $URL/api/health
        ```

        - 500 after about 30 s: MongoDB does not answer.
        - 500 at once: the runtime has no connection to it at all (wrong address, wrong password, not started).
        - 200 with `"status":"healthy"`: it is over. Look at `mongodb_ping_ms`; above 100 ms it is about to come back.

        On MongoDB's machine, and from the runtime's:

        ```
        docker compose ps; docker compose logs --since 30m --tail 200 MONGO_SERVICE   # or: journalctl -u mongod --since -30min
        mongosh "$MONGO_URI" --quiet --eval 'db.adminCommand({ping: 1})'
        df -h                                     # a full disk stops MongoDB
        ```

        ## Safe actions

        - If MongoDB is not running, start it: `docker compose up -d MONGO_SERVICE`, or `systemctl start mongod`. The runtime connects again by itself.
        - If its disk is full, make room, but never delete files of MongoDB's own folder.
        - With a hosted MongoDB: look at its status page and at the list of allowed addresses (has this machine's address changed?).

        ## What needs a person

        - Restarting MongoDB under load, or a fail-over: you know your replica set, mozaiks-ops does not.
        - Restarting the runtime. It helps only if MongoDB is well again and the runtime still says 500; it ends every run in there.
        - If data may be lost: stop, take a copy of MongoDB's folder, then go on.

        ## How to undo

        mozaiks-ops did nothing here: it neither touches MongoDB nor the runtime. Undo your own steps in their reverse order. When health says 200 for 2 minutes the incident ends by itself.

        """#
}
