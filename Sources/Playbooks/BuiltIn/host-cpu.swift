extension BuiltInPlaybooks {
    /// `playbooks/host-cpu.md`, byte for byte.
    static let hostCpu = #"""
        ---
        id: host-cpu
        title: The machine's processors are busy and work waits
        when: For 15m the cores, or the container's share of them, have been busy for more than 90 % while work waited, or the container was held back.
        ---

        ## What it means

        Busy alone is no fault; here something also waits: by the kernel's pressure figures a quarter of the time, or the container's limit holds it back in a quarter of its periods. Everything on the machine answers later, the runtimes' health checks too. Where the kernel has no pressure figures being busy is enough.

        ## How to confirm

        ```
        mozaiks-ops status        # how busy, in the line of the host
        top -b -n 1 | head -20
        cat /proc/pressure/cpu    # some avg60: part of a minute in which something waited
        cat /sys/fs/cgroup/cpu.stat   # in a container: nr_throttled grows where the limit holds it back
        ```

        - Is it a runtime? Then its open runs and starts say whose work it is: `mozaiks-ops evaluate`.
        - `wa` in top is waiting for the disk, and `st` is the machine below taking cores away.

        ## Safe actions

        - Something that is no part of the service (a build, a backup, an index): let it run at night, or with `nice`.
        - A container whose limit is smaller than what it does: raise the limit.

        ## What needs a person

        - More cores, or fewer things on one machine.
        - A tenant that needs so much: a runtime of its own.

        ## How to undo

        mozaiks-ops did nothing here. When the cores have been less than 81 % busy, and little was held back, for 2 minutes the incident ends by itself.

        """#
}
