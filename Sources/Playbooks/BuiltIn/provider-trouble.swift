extension BuiltInPlaybooks {
    /// `playbooks/provider-trouble.md`, byte for byte.
    static let providerTrouble = #"""
        ---
        id: provider-trouble
        title: Runs end without doing anything
        when: For 1m more than half of the runs that ended within two minutes had done nothing, while people went on starting new ones.
        ---

        ## What it means

        Runs start, end within seconds, no turn is taken, and the model is not called. So the runtime is fine and what it needs is not: the model provider is down, your key was revoked, or your quota or credit is used up. The runtime itself says nothing of it: such runs end with `errors: 0`.

        People try again, and their retries look like abuse. They are not. While this lasts, noisy-neighbor and runtime-saturated keep quiet and nobody is held back for retrying.

        ## How to confirm

        ```
        URL=http://127.0.0.1:8000
        curl -sS $URL/api/events/metrics | jq '.data.custom_events_by_type["chat.usage_delta"]'; sleep 60
        curl -sS $URL/api/events/metrics | jq '.data.custom_events_by_type["chat.usage_delta"]'
        ```

        Twice the same number, while people are starting runs: the model is not being called. Then the cause, in the runtime's log and at the provider:

        ```
        docker compose logs --since 15m RUNTIME_SERVICE | grep -i -E 'quota|rate.?limit|insufficient|401|429|timeout|api key' | tail -20
        curl -sS -m 20 -o /dev/null -w '%{http_code}\n' https://api.openai.com/v1/models -H "Authorization: Bearer $(cat KEY_FILE)"
        ```

        - 200: key and provider are fine from here. Ask from the runtime's machine too; then suspect the last deployment.
        - 401: the key is gone. 429: quota or credit. Nothing, or 5xx: the provider; read its status page.

        ## Safe actions

        - Tell tenants: "Our model provider has trouble, nothing of yours is lost, please wait with retries." It saves you twenty mails.
        - Top up the credit or raise the limit in the provider's console, if that is it.
        - Leave tenants alone. Throttling them now punishes the wrong side.

        ## What needs a person

        - A new key: put it where the runtime reads it, then restart the runtime, which ends what runs in there.
        - Switching to another model or provider. Do it once, for all, and write down what you changed.
        - Asking the provider for a higher quota before the next evening like this.

        ## How to undo

        mozaiks-ops holds nobody back for this, so nothing of its own is to be undone; see for yourself with `mozaiks-ops actions list`. If you changed key or model, change it back when the provider is well, in a quiet moment. The incident ends by itself when runs do something again for 2 minutes.

        """#
}
