extension BuiltInPlaybooks {
    /// `playbooks/app-errors.md`, byte for byte.
    static let appErrors = #"""
        ---
        id: app-errors
        title: An app's runs fail while those of the others work
        when: For 2m more than 20 % of an app's turns of the last ten minutes have failed, more than four of them, while less than 10 % of the others' have.
        ---

        ## What it means

        It is this tenant's own: a workflow that was changed, a tool whose key ran out, a service of theirs that is down. The runtime is fine and so are the others. The tenant may not know yet, so a word from you is worth something.

        If your runtime counts no errors it goes by runs that end with nothing done, where turns, tools, tokens or cost are counted (`mozaiks-ops doctor` says so).

        ## How to confirm

        ```
        mozaiks-ops incidents show INCIDENT       # its error rate beside the runtime's
        ```

        Which workflow, since when? One question to the runtime:

        ```
        URL=http://127.0.0.1:8000
        APP=app_clinic
        curl -sS -m 35 $URL/metrics/perf/aggregate | jq --arg app $APP '[.chats[] | select(.app_id == $app and .errors > 0)]
          | group_by(.workflow_name) | map({workflow: .[0].workflow_name, errors: (map(.errors) | add), since: (map(.started_at) | min)})'
        ```

        ## Safe actions

        - Tell the tenant which workflow fails and since when. Do not send them your log: others' data stand in it.

        ## What needs a person

        - If its retries load the runtime, noisy-neighbor will say so; until then nobody needs to be held back.
        - Switching off that one workflow, if the tenant asks for it: in the reverse proxy's server block (nginx), then `nginx -t && systemctl reload nginx`:

        ```
        location = /api/chats/APP_ID/WORKFLOW_NAME/start { return 503; }
        ```

        ## How to undo

        Take the `location` out again and reload nginx. mozaiks-ops itself did nothing.

        """#
}
