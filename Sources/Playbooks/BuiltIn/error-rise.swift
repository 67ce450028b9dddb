extension BuiltInPlaybooks {
    /// `playbooks/error-rise.md`, byte for byte.
    static let errorRise = #"""
        ---
        id: error-rise
        title: Runs fail several times as often as usual
        when: For 5m more than a twentieth of the turns of ten minutes failed, three times what fails here usually, and not in one app alone.
        ---

        ## What it means

        Not all turns fail, and not one tenant's alone: something that several of them use fails at times. A tool, a model that refuses one call in ten, a key that one of two servers does not accept. Below a twentieth, or where as much fails every day, nothing is told.

        ## How to confirm

        ```
        curl -sS http://127.0.0.1:8000/metrics/perf/aggregate \
          | jq '[.chats[] | select(.errors > 0)] | group_by(.app_id) | map({app: .[0].app_id, errors: (map(.errors) | add)}) | sort_by(-.errors)'
        docker compose logs --since 15m RUNTIME_SERVICE | grep -i error | sed 's/[0-9a-f]\{8,\}/ID/g' | sort | uniq -c | sort -rn | head
        ```

        The apps with errors, and the error that comes most. What these apps share is where to look.

        ## Safe actions

        - Compare with the time of the last deployment (`mozaiks-ops incidents show ID` names restarts shortly before).
        - Read the provider's status page: "elevated error rates" is this.

        ## What needs a person

        - Going back to the version before, where it began with a deployment.
        - Taking the tool or model that fails out of the workflows that use it.

        ## How to undo

        mozaiks-ops does nothing about this by itself. The incident ends when less than a twentieth of the turns fails again.

        """#
}
