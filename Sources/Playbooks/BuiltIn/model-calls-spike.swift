extension BuiltInPlaybooks {
    /// `playbooks/model-calls-spike.md`, byte for byte.
    static let modelCallsSpike = #"""
        ---
        id: model-calls-spike
        title: The runtime calls the model far more than usual
        when: For 10m the runtime has called the model more than three times its usual rate of the last 24 hours, and more than 30 times a minute – more than its runs explain, and beyond chance.
        ---

        ## What it means

        Somebody spends much more than usual. The count is of the whole process: which app it is cannot be seen from it. On a runtime whose tokens and cost are dead it is the only figure of money that there is, so do not dismiss it.

        It may be a good day, an import, agents that talk to each other in a loop, or retries of something that fails.

        ## How to confirm

        ```
        mozaiks-ops incidents show INCIDENT       # calls a minute beside the usual ones
        mozaiks-ops evaluate                      # which app has more runs and starts than usual
        ```

        Which chats take the most turns now? One question to the runtime:

        ```
        URL=http://127.0.0.1:8000
        curl -sS -m 35 $URL/metrics/perf/aggregate | jq '[.chats[] | select(.ended_at == null)]
          | sort_by(-.agent_turns) | .[:10] | map({app_id, workflow_name, user_id, agent_turns, minutes: (.runtime_sec / 60 | floor)})'
        ```

        Then the console of the model provider: does spending rise with it, and for which key or model?

        ## Safe actions

        - Set an alarm or a hard limit on spending at the model provider, if there is none. It is the only brake that surely holds.
        - Ask the tenant with the unusual runs whether this is meant.

        ## What needs a person

        - Holding an app back. New starts of one app can be refused at the reverse proxy (see the playbook noisy-neighbor, "What needs a person").
        - A chat that loops goes on until it ends: the runtime has no way to stop one chat from outside. Its user can close it; a restart ends everybody's.

        ## How to undo

        Nothing was done by itself. What you changed at the reverse proxy or at the provider, take back there; note it where you will see it tomorrow.

        """#
}
