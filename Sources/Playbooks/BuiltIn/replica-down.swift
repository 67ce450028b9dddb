extension BuiltInPlaybooks {
    /// `playbooks/replica-down.md`, byte for byte.
    static let replicaDown = #"""
        ---
        id: replica-down
        title: One process of the runtime answers nobody
        when: One of the runtime's processes has answered nothing for 3m, while others do.
        ---

        ## What it means

        The runtime as a whole still answers, and the other processes carry its load. Until it has been silent for `missing_after` (5m) what it runs is not known, so nothing about tenants is, and nothing is done to them; from then on it counts as absent: figures are those of the others. If they were half of what carried you through the busy hour, the next one will not fit.

        Runs that were in that process are lost, or nobody can reach them.

        ## How to confirm

        With the URL that the incident names:

        ```
        URL=http://127.0.0.1:8000
        curl -sS -m 35 -w '\n%{http_code} after %{time_total} s\n' $URL/api/health
        mozaiks-ops doctor
        ```

        - `Connection refused`: nothing listens there. The process is gone, or listens elsewhere.
        - `Connection timed out`, `No route to host`: the way is cut, or the machine is off.
        - Any status at all: it answers again. Then this incident ends by itself after 2 minutes.

        On its machine:

        ```
        docker compose ps                         # or: systemctl status RUNTIME_UNIT
        docker compose logs --since 30m --tail 200 RUNTIME_SERVICE   # or: journalctl -u RUNTIME_UNIT --since -30min
        dmesg -T | grep -i -E 'oom|killed process' | tail
        ```

        ## Safe actions

        - Save its log before you start it again: `docker compose logs --since 2h RUNTIME_SERVICE > replica-down.log`
        - If nothing listens: start it. `docker compose up -d RUNTIME_SERVICE`, or `systemctl start RUNTIME_UNIT`.
        - Look whether the reverse proxy still sends people there. If it does, take the process out of its upstream.

        ## What needs a person

        - Was it taken away on purpose? Then take its URL out of `replicas:` in mozaiks-ops.yaml and restart mozaiks-ops.
        - If it dies again within minutes, stop restarting and read the log's last traceback.
        - If the rest is near its limit (see the playbook runtime-crowded), add a process before the next busy hour.

        ## How to undo

        mozaiks-ops did nothing here, so nothing of its own is to be undone.

        """#
}
