extension BuiltInPlaybooks {
    /// `playbooks/mongodb-slow.md`, byte for byte.
    static let mongodbSlow = #"""
        ---
        id: mongodb-slow
        title: MongoDB answers the runtime slowly
        when: For 5m MongoDB's ping, as the runtime measures it, has taken longer than 200 ms.
        ---

        ## What it means

        Every step of a run is written to MongoDB, so all of them get slower, and starts may time out. The runtime's own health check says `healthy` all the same, until MongoDB fails altogether. This is the warning that comes before it.

        ## How to confirm

        ```
        URL=http://127.0.0.1:8000
        curl -sS -m 35 $URL/api/health | jq .mongodb_ping_ms      # five times, some seconds apart
        ```

        - All of them high, and the answers themselves quick (`curl -w '%{time_total}'`): MongoDB or the network to it. One of five: a hiccup, it will pass.
        - The answers as slow as the ping: the runtime's event loop is late, and the ping waits for it. Then look at what the runtime does (`mozaiks-ops evaluate`), not at MongoDB.

        On MongoDB's machine:

        ```
        mongosh "$MONGO_URI" --quiet --eval 'db.currentOp({secs_running: {$gt: 1}}).inprog.map(o => [o.secs_running, o.ns, o.op])'
        df -h; uptime; vmstat 1 5
        ping -c 5 MONGO_HOST                      # from the runtime's machine
        ```

        ## Safe actions

        - A long query of a person or a report: ask them to stop it.
        - A backup or an index build that runs now: let it finish, and move it to the night.
        - Disk nearly full: make room, but never delete files of MongoDB's own folder.

        ## What needs a person

        - An index that is missing, a machine that is too small, a fail-over: you know your database, mozaiks-ops does not.
        - Is 200 ms normal for you, because MongoDB is far away? Then set `thresholds: {mongodb_slow: 400ms}` in your policy and run `mozaiks-ops policy check`.

        ## How to undo

        mozaiks-ops did nothing here. When the ping has stayed below the threshold for 2 minutes the incident ends by itself.

        """#
}
