extension BuiltInPlaybooks {
    /// `playbooks/service-down.md`, byte for byte.
    static let serviceDown = #"""
        ---
        id: service-down
        title: A service does not answer as it should
        when: For 1m, and in at least three looks, the service has not answered, or not as it should.
        ---

        ## What it means

        mozaiks-ops looked at it from its own machine: no connection, no answer in time, another status or text than is expected, or a certificate that does not hold. What depends on it fails, whatever the runtimes say of themselves.

        ## How to confirm

        ```
        mozaiks-ops status        # below Services: what was found, and since when
        curl -sSv -m 10 -o /dev/null https://SERVICE/     # from this machine, by hand
        getent hosts SERVICE
        ```

        - Refused: nothing listens there. No answer: a firewall, a machine that is gone, a process that hangs.
        - From elsewhere it answers: the way from this machine is what fails.
        - Another status or text: who answers? A proxy's page is not the service.

        ## Safe actions

        - Look whether it runs and start it, if it is yours to start.
        - A look that expects too much (a text that has changed): correct it under `services:`.

        ## What needs a person

        - A provider's outage: their status page; tell those who depend on it.
        - A certificate, a name, a firewall rule that somebody changed.

        ## How to undo

        mozaiks-ops did nothing here. When it has answered as it should for 5 minutes the incident ends by itself.

        """#
}
