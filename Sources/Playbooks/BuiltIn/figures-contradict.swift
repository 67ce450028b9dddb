extension BuiltInPlaybooks {
    /// `playbooks/figures-contradict.md`, byte for byte.
    static let figuresContradict = #"""
        ---
        id: figures-contradict
        title: The runtime's figures contradict each other
        when: For missing_after (5m) its list of open runs and its websockets could not both be true.
        ---

        ## What it means

        The runtime lists more open runs than it has websockets, and new ones come without any: starts whose websocket never came (*ghosts*), or runs that lost theirs. How much each tenant really runs is not known then. A rule on shares or on active runs holds only for a tenant who is above its bar even if every ghost were his; nobody else is throttled or paused for them. Users need not notice anything.

        Usually one tenant does this, by mistake: a script that starts runs and never connects, a page that starts a run for everybody who opens it.

        ## How to confirm

        ```
        mozaiks-ops status                        # what each app shows; ghost_runs where they are known
        mozaiks-ops doctor                        # open chats beside websockets
        URL=http://127.0.0.1:8000
        curl -sS $URL/api/health | jq .active_connections
        curl -sS $URL/metrics/perf/aggregate | jq -r '.chats[] | select(.ended_at == null) | .app_id' | sort | uniq -c
        ```

        - Far more open chats than websockets, most of them one app's: that app starts what nobody joins.
        - Open chats of all apps alike without websockets: the runtime dropped its sockets; look at its log for the same minute.

        ## Safe actions

        - Ask the tenant what it starts, and why nothing joins.
        - Watch the other tenants by hand meanwhile.

        ## What needs a person

        - Installing the runtime extension (docs/deploy/runtime-extension): it tells what really runs, and ghosts are counted apart.
        - Restarting the runtime, in a quiet hour: it forgets the runs that never ran.

        ## How to undo

        There is nothing to undo: mozaiks-ops changed nothing. The incident ends by itself 2 minutes after the figures agree again.

        """#
}
