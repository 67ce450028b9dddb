extension BuiltInPlaybooks {
    /// `playbooks/events-unreadable.md`, byte for byte.
    static let eventsUnreadable = #"""
        ---
        id: events-unreadable
        title: The runtime's event figures cannot be read
        when: For missing_after (5m) the event figures did not come or could not be read, while the runtime answers. A build that never had the endpoint is not meant.
        ---

        ## What it means

        Restarts, the age of the process, model calls and runs that end without doing anything are known from there. Rules on these say nothing until it comes again: a model provider that is down may go unseen. Tenants' load, errors and the health check are read from elsewhere and still watched.

        ## How to confirm

        ```
        mozaiks-ops doctor
        URL=http://127.0.0.1:8000                 # each of the URLs under replicas: in mozaiks-ops.yaml
        curl -sS -m 35 -i $URL/api/events/metrics | head -20
        ```

        - A page or a redirect: a proxy answers in its place.
        - `500`: the runtime fails to write them; its log says why.
        - `404`: a build without them.

        ## Safe actions

        - Watch the model provider's status page meanwhile.

        ## What needs a person

        - Letting `/api/events/metrics` through the proxy, or going back to the build before.

        ## How to undo

        mozaiks-ops did nothing here. The incident ends by itself 2 minutes after the figures can be read; where the endpoint is gone for good, a day later.

        """#
}
