extension BuiltInPlaybooks {
    /// `playbooks/runtime-down.md`, byte for byte.
    static let runtimeDown = #"""
        ---
        id: runtime-down
        title: The runtime answers nobody
        when: For 1m and three polls at least no endpoint has answered, not even with an error.
        ---

        ## What it means

        From the machine that mozaiks-ops runs on, the runtime's port takes no connection, or takes it and says nothing. Either the process is gone or hangs, or the way to it is cut: network, firewall, DNS, a full disk, a machine that is off. Until it is back nobody can start a run, and nothing is known of any tenant, so nothing is done to any.

        One cause looks like this and is not: a perf body that became so large that the runtime is busy building it (100,000 chats take it 4.9 s each time). Then other questions are answered in between, late.

        ## How to confirm

        On the machine of mozaiks-ops, with the runtime's own URL:

        ```
        URL=http://127.0.0.1:8000
        curl -sS -m 35 -w '\n%{http_code} after %{time_total} s\n' $URL/api/health
        mozaiks-ops doctor --url $URL
        ```

        - `Connection refused`: nothing listens there. The process is gone, or listens elsewhere.
        - `Connection timed out`, `No route to host`: the way is cut, or the machine is off.
        - `Operation timed out` after a connection: the process hangs.
        - Any status at all, even 401 or 500: it answers again. Then this incident ends by itself after 3 minutes.

        On the runtime's machine:

        ```
        docker compose ps                         # or: systemctl status RUNTIME_UNIT
        docker compose logs --since 30m --tail 200 RUNTIME_SERVICE   # or: journalctl -u RUNTIME_UNIT --since -30min
        ss -ltnp | grep 8000
        df -h; free -m; dmesg -T | grep -i -E 'oom|killed process' | tail
        ```

        ## Safe actions

        - Save the log before you restart anything: it is the only witness. `docker compose logs --since 2h RUNTIME_SERVICE > runtime-down.log`
        - If nothing listens: start it. `docker compose up -d RUNTIME_SERVICE`, or `systemctl start RUNTIME_UNIT`.
        - If the disk is full, make room first (old images: `docker image prune`), then start it.
        - Tell tenants that you know. An honest line now is worth more than a long one tomorrow.

        ## What needs a person

        - Restarting a runtime that hangs: `docker compose restart RUNTIME_SERVICE`. It ends every run that is still alive in there, and all its counters start from zero.
        - If the kernel killed it (`oom` in dmesg): give it memory or fewer runs before the same happens tonight. See the playbook runtime-saturated.
        - If it dies again within minutes, stop restarting and read the log's last traceback.

        ## How to undo

        mozaiks-ops did nothing here, so nothing of its own is to be undone. After a restart it takes no action for ten minutes, and rates need half of their window before they show again. A roll-back of the runtime is yours: start the image or release that ran before.

        """#
}
