extension BuiltInPlaybooks {
    /// `playbooks/host-memory.md`, byte for byte.
    static let hostMemory = #"""
        ---
        id: host-memory
        title: The machine's memory is nearly used up
        when: For 5m more than 92 % of the machine's memory, or of its container's limit, has not been available.
        ---

        ## What it means

        What caches hold and could give back is not counted: this is what processes really hold. Soon the machine swaps and everything gets slow, or the kernel kills a process ([host-oom](host-oom.md)).

        ## How to confirm

        ```
        mozaiks-ops status        # how much, in the line of the host
        free -h                   # 'available' is what counts, not 'free'
        ps -eo rss,etime,comm --sort=-rss | head
        cat /proc/pressure/memory # waiting for memory already?
        ```

        - In a container the limit of the container counts, where that is nearer: `cat /sys/fs/cgroup/memory.max`.

        ## Safe actions

        - A process that is no part of the service: stop it, or run it elsewhere.
        - A runtime that has grown for weeks: restart it in a quiet hour.

        ## What needs a person

        - More memory, a larger limit, or fewer things on one machine.
        - A machine that is meant to be that full (one database, tuned to it): `thresholds: {memory_high: 97%}`.

        ## How to undo

        mozaiks-ops did nothing here. When it has stayed below 87 % for 2 minutes the incident ends by itself.

        """#
}
