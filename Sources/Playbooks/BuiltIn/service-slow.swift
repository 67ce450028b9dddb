extension BuiltInPlaybooks {
    /// `playbooks/service-slow.md`, byte for byte.
    static let serviceSlow = #"""
        ---
        id: service-slow
        title: A service takes long to answer
        when: For 5m each look at the service has taken longer than 2 s.
        ---

        ## What it means

        It answers, and late. Whatever waits for it is late by as much.

        ## How to confirm

        ```
        mozaiks-ops evaluate      # latency.resolve, .connect, .tls, .processing, .transfer: which part takes long?
        curl -sS -o /dev/null -w '%{time_namelookup} %{time_connect} %{time_appconnect} %{time_total}\n' https://SERVICE/
        ```

        - resolve: the name server. connect: the network. tls: a busy machine in front. processing: the service itself. transfer: a large answer, a narrow line.

        ## Safe actions

        - Compare with what it usually takes (the page of mozaiks-ops): always so? Then `thresholds: {service_slow: 5s}`.

        ## What needs a person

        - The service's own load, its database, the line to it: whoever runs it.

        ## How to undo

        mozaiks-ops did nothing here. When it has taken less than 1.6 s for 2 minutes the incident ends by itself.

        """#
}
