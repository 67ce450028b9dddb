extension BuiltInPlaybooks {
    /// `playbooks/provider-silent.md`, byte for byte.
    static let providerSilent = #"""
        ---
        id: provider-silent
        title: Runs end and no model is called
        when: For 1m more than half of the runs that ended within two minutes had called no model, people went on starting new ones, and this runtime counts neither turns nor tokens.
        ---

        ## What it means

        Runs start and end, and the runtime's count of model calls stands still. That is all that is known: this build counts neither turns nor tokens, so nothing says whether somebody got an answer. There are two stories behind it.

        - Answers come from the runtime's cache. Identical prompts make no call, runs are short, everybody is content. No fault.
        - The model provider is down, the key was revoked, or quota or credit is used up. The runs end with nothing said.

        So this is a hint and wakes nobody. Where turns or tokens are counted, or errors are, provider-trouble says which of the two it is, and that one is critical. Nobody is held back while this lasts: what looks like abuse may be people who try again.

        ## How to confirm

        ```
        URL=http://127.0.0.1:8000
        curl -sS $URL/api/events/metrics | jq '.data.custom_events_by_type["chat.usage_delta"]'; sleep 60
        curl -sS $URL/api/events/metrics | jq '.data.custom_events_by_type["chat.usage_delta"]'
        docker compose logs --since 15m RUNTIME_SERVICE | grep -i -E 'quota|rate.?limit|insufficient|401|429|timeout|api key' | tail -20
        ```

        Open one of the new chats, or ask the runtime something that nobody asked it before. An answer: it was the cache. None: the log says why.

        ## Safe actions

        - With a cache: none. Acknowledge it, or switch the rule off (`provider-silent: {enabled: false}`) if your runtime always looks like this.
        - With a provider that is down: tell tenants to wait with retries, and go on with provider-trouble's page.

        ## What needs a person

        - To tell the two stories apart. mozaiks-ops cannot from here.
        - A new key, another model, a higher quota: as in provider-trouble.

        ## How to undo

        mozaiks-ops holds nobody back for this. The incident ends by itself when the model is called again for 2 minutes.

        """#
}
