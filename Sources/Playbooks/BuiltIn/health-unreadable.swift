extension BuiltInPlaybooks {
    /// `playbooks/health-unreadable.md`, byte for byte.
    static let healthUnreadable = #"""
        ---
        id: health-unreadable
        title: The runtime's health cannot be read
        when: For missing_after (5m) the health check was answered with something that is no health – a page, a redirect, an error, a refusal. A build that never had the endpoint is not meant.
        ---

        ## What it means

        The figures may still come, so users are probably served. But whether MongoDB can be reached is known from the health check alone, and it is not heard now. A proxy, a rate limit, or a new build with another answer is the usual cause.

        ## How to confirm

        ```
        mozaiks-ops doctor
        URL=http://127.0.0.1:8000                 # each of the URLs under replicas: in mozaiks-ops.yaml
        curl -sS -m 35 -i $URL/api/health | head -20
        ```

        - A page instead of JSON: a proxy or a login answers.
        - `429`: somebody asks too often; see who.
        - `404` where there was an answer before: a new build moved the endpoint.
        - `401`, `403`: the health check has been put behind a token.

        ## Safe actions

        - Look at MongoDB by hand meanwhile: a run that starts shows that it can be reached.
        - Compare the build with the one of yesterday.

        ## What needs a person

        - Letting `/api/health` through the proxy, the rate limit or the login.

        ## How to undo

        mozaiks-ops did nothing here. The incident ends by itself 2 minutes after the health check can be read; where the endpoint is gone for good, a day later.

        """#
}
