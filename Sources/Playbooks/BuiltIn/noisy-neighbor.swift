extension BuiltInPlaybooks {
    /// `playbooks/noisy-neighbor.md`, byte for byte.
    static let noisyNeighbor = #"""
        ---
        id: noisy-neighbor
        title: One app takes most of the runtime
        when: For 5m one app has held more than 40 % of a runtime's active runs, among at least 20 runs of at least 3 apps, and has grown by half more than the rest, or others suffer.
        ---

        ## What it means

        One tenant uses the shared runtime more than the others together are comfortable with. It may be a good customer's Monday morning, a loop that starts runs without end, or somebody who tries what they can take. The figures alone do not tell which.

        As `noisy-burst` it is told after a minute: the runtime carries more than `max_active_runs`, more than 60 % of that is this app's, and within the last five minutes it had far less.

        Noisy is not yet harmful: on an idle machine nobody is throttled. In mode `enforce` the app is throttled to 2 runs at once for 15 minutes, and only while the runtime carries more than half of `max_active_runs` (`mozaiks-ops policy show` has your numbers).

        ## How to confirm

        ```
        mozaiks-ops incidents list --status open
        mozaiks-ops incidents show INCIDENT       # the message has its id: the values, and what was done or held back
        mozaiks-ops evaluate                      # shares of all apps now
        ```

        Who starts so much, and what? One question to the runtime, by user and workflow of the app:

        ```
        URL=http://127.0.0.1:8000
        APP=app_clinic
        curl -sS -m 35 $URL/metrics/perf/aggregate | jq --arg app $APP '[.chats[] | select(.app_id == $app and .ended_at == null)]
          | group_by([.workflow_name, .user_id]) | map({workflow: .[0].workflow_name, user: .[0].user_id, open: length})
          | sort_by(-.open) | .[:10]'
        ```

        - One user with nearly all of them: a script or a loop. Many users: real load.
        - Are others hurt? Compare their starts and latency in `mozaiks-ops evaluate`. If not, there is no hurry.

        ## Safe actions

        - Do nothing for 15 minutes. A throttle ends by itself; what already runs is never touched; the other tenants are back in the meantime.
        - Send the tenant the text at the end of the message. It is free of internals.
        - Is this the tenant's normal load? Give it a policy of its own, `ops_policy.APP_ID.yaml` with `thresholds: {noisy_share: 60%}`, then `mozaiks-ops policy check` and `systemctl reload mozaiks-ops`.
        - Must never be throttled? `guard: {protected: [APP_ID]}` in mozaiks-ops.yaml.

        ## What needs a person

        - Without a gate, or in mode `observe`, nothing is held back. To hold back new starts of one app by hand, in the reverse proxy's server block (nginx), then `nginx -t && systemctl reload nginx`:

        ```
        location ~ ^/api/chats/APP_ID/[^/]+/start$ { return 429; }
        ```

        - When it comes back within a day, the next throttle lasts twice as long, at most two hours; a third one waits for you. Then talk to the tenant, sell it a runtime of its own, or add a replica.

        ## How to undo

        ```
        mozaiks-ops actions list                  # what is in force, and until when
        mozaiks-ops actions revert LEASE          # end this one now; its incident starts no other
        mozaiks-ops actions stop                  # no new action at all, until: mozaiks-ops actions resume
        ```

        Took it to the reverse proxy? Take the `location` out again and reload nginx. Note it where you will see it tomorrow: mozaiks-ops does not know of it and will not remind you.

        """#
}
