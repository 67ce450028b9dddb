extension BuiltInPlaybooks {
    /// `playbooks/host-oom.md`, byte for byte.
    static let hostOom = #"""
        ---
        id: host-oom
        title: The kernel killed a process for want of memory
        when: A process of the machine, or of the monitor's container, was killed because memory ran out; within the last 10m.
        ---

        ## What it means

        Memory was gone and the kernel chose one process to end, usually the largest: a runtime, MongoDB, a container that passed its own limit. What it was doing is lost. If what grew starts again and grows again it will happen again.

        ## How to confirm

        ```
        mozaiks-ops incidents list --status open     # is a runtime down or restarted at the same time?
        journalctl -k --since -30min | grep -i -E 'oom|killed process'
        dmesg -T | grep -i 'killed process' | tail   # where there is no journal
        free -h; ps -eo rss,etime,comm --sort=-rss | head
        ```

        - "Memory cgroup out of memory": a container's own limit, and the machine may have plenty.
        - "Out of memory": the machine itself.

        ## Safe actions

        - What was killed and did not come back: start it.
        - A process that is no part of the service and is large (a build, a report): stop it, run it elsewhere.

        ## What needs a person

        - A leak: which process grows from day to day, since which version?
        - A limit that is too small, or a machine that is: you know what it has to carry.

        ## How to undo

        mozaiks-ops did nothing here. When 10 minutes have passed without another kill the incident ends by itself, 2 minutes later.

        """#
}
