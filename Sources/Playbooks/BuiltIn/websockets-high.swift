extension BuiltInPlaybooks {
    /// `playbooks/websockets-high.md`, byte for byte.
    static let websocketsHigh = #"""
        ---
        id: websockets-high
        title: The runtime holds more websockets than it holds well
        when: For 5m the runtime has held more than a thousand open websockets.
        ---

        ## What it means

        Each open chat of each person is a websocket, and each takes a file descriptor and some memory. At the limit of the process nobody can connect any more, and that looks to users like a runtime that is down.

        Many websockets beside many runs are many people. Many websockets beside few runs are clients that reconnect without closing, or tabs that nobody looks at.

        ## How to confirm

        ```
        URL=http://127.0.0.1:8000
        curl -sS $URL/api/health | jq .active_connections
        mozaiks-ops evaluate                      # active runs and websockets side by side
        PID=$(pgrep -f -o uvicorn); ls /proc/$PID/fd | wc -l; grep 'open files' /proc/$PID/limits
        ```

        ## Safe actions

        - If file descriptors run short, raise the limit: `ulimits: {nofile: 65536}` in the compose file. It holds from the next start on.
        - Was the frontend deployed today? Look whether it opens a second websocket without closing the first.

        ## What needs a person

        - Adding a replica (see the playbook runtime-saturated), or a bigger process.
        - A timeout for idle websockets at the reverse proxy. It cuts people who only think; ten minutes or more do no harm.
        - If your process holds more well: `thresholds: {max_websockets: 3000}` in your policy, then `mozaiks-ops policy check`.

        ## How to undo

        Take the timeout at the reverse proxy out again and reload it. mozaiks-ops itself changed nothing.

        """#
}
