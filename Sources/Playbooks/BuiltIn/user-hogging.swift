extension BuiltInPlaybooks {
    /// `playbooks/user-hogging.md`, byte for byte.
    static let userHogging = #"""
        ---
        id: user-hogging
        title: One user holds most of an app's runs
        when: For 10m one user has had more than eight active runs of an app, and nearly half of that app's or more.
        ---

        ## What it means

        Inside one tenant's app one user takes most of the room: a script, a loop in a frontend, or a login that all of its users share (then it means nothing at all). The other tenants are not hurt by it; if they were, noisy-neighbor would speak instead.

        Nothing is done: a throttle holds for a whole app, so it would hit that user's colleagues.

        ## How to confirm

        ```
        mozaiks-ops incidents show INCIDENT       # runs of the busiest user beside the app's
        ```

        Who is it? One question to the runtime:

        ```
        URL=http://127.0.0.1:8000
        APP=app_clinic
        curl -sS -m 35 $URL/metrics/perf/aggregate | jq --arg app $APP '[.chats[] | select(.app_id == $app and .ended_at == null)]
          | group_by(.user_id) | map({user: .[0].user_id, open: length, workflows: (map(.workflow_name) | unique)}) | sort_by(-.open) | .[:5]'
        ```

        - The same workflow, started every few seconds: a script or a loop. `user_id` is `anonymous` or the like: a shared login.

        ## Safe actions

        - Tell the tenant: "One user of your app, …, has N runs open at once since HH:MM. Is that meant?"
        - A shared login: raise the threshold in the app's own policy, `ops_policy.APP_ID.yaml` with `thresholds: {user_runs: 100}`, then `mozaiks-ops policy check`.

        ## What needs a person

        - A login in wrong hands: the tenant locks it at its identity provider.

        ## How to undo

        Nothing was done. Take the threshold back when it is over.

        """#
}
