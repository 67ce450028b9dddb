extension BuiltInPlaybooks {
    /// `playbooks/metrics-unreadable.md`, byte for byte.
    static let metricsUnreadable = #"""
        ---
        id: metrics-unreadable
        title: A page of metrics cannot be read
        when: For missing_after (5m) a page of Prometheus metrics that the configuration names did not come or could not be read, while the runtime answers.
        ---

        ## What it means

        Rules that ask for `metric(…)` neither fire nor resolve until the page can be read again. All that the runtime's own endpoints say (health, figures, events) is read from elsewhere and still watched.

        ## How to confirm

        ```
        mozaiks-ops doctor        # which page, and why
        mozaiks-ops status        # the same in a line
        URL=http://127.0.0.1:8000/metrics         # the page that 'metrics' names in mozaiks-ops.yaml
        curl -sS -m 5 -i $URL | head -20
        ```

        - `404`: the page is elsewhere, or this build shows none.
        - `401` or `403`: a path on the runtime is asked with the runtime's login; a URL of another server with none.
        - HTML, or `malformed`: a proxy or a login answers in its place, or a line of the page is not as Prometheus writes it; `doctor` names the line.
        - No answer: it takes longer than three seconds to write. An exporter that keeps it is asked better.

        ## Safe actions

        - Correct `metrics:` beside the runtime's `replicas`, or take it out where there is no page: the incident ends by itself.

        ## What needs a person

        - Letting the page through the proxy, or mending the exporter that writes it.

        ## How to undo

        mozaiks-ops did nothing here. The incident ends by itself 2 minutes after the page can be read.

        """#
}
