extension BuiltInPlaybooks {
    /// `playbooks/turn-latency-high.md`, byte for byte.
    static let turnLatencyHigh = #"""
        ---
        id: turn-latency-high
        title: Turns take long
        when: For 15m the slowest twentieth of turns have taken more than two minutes.
        ---

        ## What it means

        People wait. Either the model is slow today, the runtime is busy, or nothing at all is wrong: a turn's duration includes the time that a person took to answer, and some people go for lunch. That is why this is never more than a hint.

        ## How to confirm

        ```
        mozaiks-ops evaluate                      # p95 of all apps: all of them, or one?
        mozaiks-ops incidents list --status open  # something that explains it?
        ```

        - All apps at once, and the model provider's status page says "degraded": it is the provider.
        - One app: its workflow waits for people, or for a slow tool.
        - Many active runs at the same time: the runtime is full, see runtime-crowded.

        ## Safe actions

        - Nothing has to be done.
        - If your workflows ask people often, raise the threshold: `thresholds: {slow_turn: 10m}`, or switch the rule off for one app with `rules: {…}` in its own policy.

        ## What needs a person

        - A faster model or another provider, if this is every day.

        ## How to undo

        mozaiks-ops changed nothing. The incident ends by itself.

        """#
}
