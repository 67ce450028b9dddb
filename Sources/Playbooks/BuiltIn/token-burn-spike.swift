extension BuiltInPlaybooks {
    /// `playbooks/token-burn-spike.md`, byte for byte.
    static let tokenBurnSpike = #"""
        ---
        id: token-burn-spike
        title: An app burns tokens far above its own usual rate
        when: For 5m an app has used more than three times its own usual tokens a minute of the last 24 hours, and more than 2000 a minute – more than its runs explain, beyond chance and beyond what the rest grew.
        ---

        ## What it means

        Money is leaving faster than usual for this one app: agents in a loop, a prompt that grew, a customer's big day, or a stolen login. It is measured against the app's own past, so a large customer does not trip it by being large.

        Nothing is done by itself. A throttle to one run at a time is *offered*: it needs a person.

        If your runtime reports no tokens this rule cannot fire (`mozaiks-ops doctor` says so).

        ## How to confirm

        ```
        mozaiks-ops incidents show INCIDENT       # tokens a minute beside the app's usual ones
        mozaiks-ops evaluate                      # tokens and cost of all apps now
        ```

        Which chats? The dearest open ones of the app, by one question to the runtime:

        ```
        URL=http://127.0.0.1:8000
        APP=app_clinic
        curl -sS -m 35 $URL/metrics/perf/aggregate | jq --arg app $APP '[.chats[] | select(.app_id == $app and .ended_at == null)]
          | map({chat_id, workflow_name, user_id, minutes: (.runtime_sec / 60 | floor), agent_turns, tokens: (.prompt_tokens + .completion_tokens)})
          | sort_by(-.tokens) | .[:10]'
        ```

        - One chat with hundreds of turns: a loop. Many chats of one user: a script, or a login in wrong hands.
        - Many users, turns as usual, tokens each much higher: a prompt or a model changed. Was something deployed today?

        Then the provider's console: does the bill agree?

        ## Safe actions

        - Ask the tenant: "Your app uses about N times its usual tokens since HH:MM. Is that meant?"
        - Set an alarm or a hard limit at the model provider, if there is none. It is the only brake that surely holds.
        - Is it expected (a launch, an import)? Give the app more room: `ops_policy.APP_ID.yaml` with `thresholds: {token_spike: 6}`, then `mozaiks-ops policy check`.

        ## What needs a person

        - Holding the app back. It hurts a paying customer, so it is your call. New starts of one app can be refused at the reverse proxy (nginx), then `nginx -t && systemctl reload nginx`:

        ```
        location ~ ^/api/chats/APP_ID/[^/]+/start$ { return 429; }
        ```

        - A chat that loops goes on until it ends: the runtime has no way to stop one chat from outside. What stops it is the user closing it, your workflow's own limit of turns, or a restart of the runtime, which ends everybody's.
        - A login in wrong hands: lock it at the identity provider. Tokens live for some minutes more.

        ## How to undo

        ```
        mozaiks-ops actions list
        mozaiks-ops actions revert LEASE          # if a throttle was approved
        ```

        Took it to the reverse proxy? Take the `location` out again and reload nginx. Gave it more room? Set the threshold back when the launch is over; a usual rate of 24 hours learns the new normal by itself.

        """#
}
