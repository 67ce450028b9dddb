extension BuiltInPlaybooks {
    /// `playbooks/runtime-crowded.md`, byte for byte.
    static let runtimeCrowded = #"""
        ---
        id: runtime-crowded
        title: The runtime is near what it carries well
        when: For 15m more than 80 % of the runs that one runtime carries well (max_active_runs, 200) have been active.
        ---

        ## What it means

        Nothing is wrong yet, and nobody is held back. But the next busy hour will not fit. You read this so that you can add room in daylight, instead of at night when runs begin to fail (that is runtime-saturated).

        ## How to confirm

        ```
        mozaiks-ops incidents show INCIDENT       # how the number of runs went
        mozaiks-ops evaluate                      # which apps they belong to
        ```

        Is it one app? Then look at noisy-neighbor first. Is it everybody? Then you are growing.

        ## Safe actions

        - Nothing has to be done tonight.
        - Note the hour. If it comes every day at the same time, you have your answer to how much room you need.

        ## What needs a person

        - Adding a replica: start a second process, put it into the upstream of the reverse proxy and its own URL into `replicas:` of mozaiks-ops.yaml.
        - Moving the heaviest app to a runtime of its own.
        - Does your machine carry more? Measure it once (turn latency and errors while runs rise), set `thresholds: {max_active_runs: …}`, and run `mozaiks-ops policy check`.

        ## How to undo

        A replica goes away in the reverse order: out of the upstream, wait until it holds no websockets (`/api/health`), out of `replicas:`, stop it.

        """#
}
