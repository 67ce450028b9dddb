extension BuiltInPlaybooks {
    /// `playbooks/cost-spike.md`, byte for byte.
    static let costSpike = #"""
        ---
        id: cost-spike
        title: An app costs far more than it usually does
        when: For 5m an app has cost more than three times its own usual spend of the last 24 hours, and more than 2 USD an hour – more than its runs explain, beyond chance and beyond what the rest grew.
        ---

        ## What it means

        The price rose while the tokens did not (otherwise token-burn-spike would speak): a dearer model, another provider, or a price that is reported wrongly. It is measured against the app's own past, so a large customer does not trip it by being large.

        Nothing is done by itself. A throttle to one run at a time is *offered*: it needs a person.

        If your runtime reports no cost, and no `prices:` stand in the configuration, this rule cannot fire (`mozaiks-ops doctor` says so).

        ## How to confirm

        ```
        mozaiks-ops incidents show INCIDENT       # USD an hour beside the app's usual ones
        mozaiks-ops evaluate                      # tokens and cost of all apps now
        ```

        Which workflow? One question to the runtime:

        ```
        URL=http://127.0.0.1:8000
        APP=app_clinic
        curl -sS -m 35 $URL/metrics/perf/aggregate | jq --arg app $APP '[.chats[] | select(.app_id == $app)] | group_by(.workflow_name)
          | map({workflow: .[0].workflow_name, cost: (map(.cost) | add), tokens: (map(.prompt_tokens + .completion_tokens) | add)})'
        ```

        Then the provider's console: does the bill agree? If not, the runtime's price list is wrong.

        ## Safe actions

        - Ask the tenant: "Your app costs about N times its usual since HH:MM. Did you change the model?"
        - Set an alarm or a hard limit at the model provider, if there is none.
        - Is it meant? Give the app more room: `ops_policy.APP_ID.yaml` with `thresholds: {cost_spike: 6}`, then `mozaiks-ops policy check`.

        ## What needs a person

        - Holding the app back: approve the throttle, or refuse its new starts at the reverse proxy (see the playbook token-burn-spike).

        ## How to undo

        ```
        mozaiks-ops actions list
        mozaiks-ops actions revert LEASE          # if a throttle was approved
        ```

        Set the threshold back when it is over; a usual spend of 24 hours learns the new normal by itself.

        """#
}
