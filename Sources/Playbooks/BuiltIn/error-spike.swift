extension BuiltInPlaybooks {
    /// `playbooks/error-spike.md`, byte for byte.
    static let errorSpike = #"""
        ---
        id: error-spike
        title: Runs of the whole runtime fail
        when: For 3m more than 20 % of the turns on the whole runtime have failed, and at least one in two minutes.
        ---

        ## What it means

        Things fail for everybody, or for somebody so large that it makes no difference. A deploy, a tool or service that all workflows use, or the model provider that answers with errors (when it does not answer at all, provider-trouble speaks instead).

        If your runtime counts no errors this rule cannot fire (`mozaiks-ops doctor` says so).

        ## How to confirm

        ```
        mozaiks-ops evaluate                      # error rates of all apps: is it all of them, or one?
        ```

        Which workflows fail? One question to the runtime:

        ```
        URL=http://127.0.0.1:8000
        curl -sS -m 35 $URL/metrics/perf/aggregate | jq '[.chats[] | select(.errors > 0)] | group_by([.app_id, .workflow_name])
          | map({app: .[0].app_id, workflow: .[0].workflow_name, errors: (map(.errors) | add)}) | sort_by(-.errors) | .[:10]'
        docker compose logs --since 15m RUNTIME_SERVICE | grep -i -E 'error|exception' | sort | uniq -c | sort -rn | head
        ```

        ## Safe actions

        - Was something deployed within the hour? Go back to the version before; look for the cause afterwards.
        - Look at the status pages of the model provider and of the services that your tools call.

        ## What needs a person

        - Telling tenants, if it lasts. They see their runs fail and do not know that it is not them.
        - Switching off one broken workflow for all: in the reverse proxy's server block (nginx), then `nginx -t && systemctl reload nginx`:

        ```
        location ~ ^/api/chats/[^/]+/WORKFLOW_NAME/start$ { return 503; }
        ```

        ## How to undo

        Take the `location` out again and reload nginx. mozaiks-ops itself did nothing: while all fail together, no tenant is held back for it.

        """#
}
