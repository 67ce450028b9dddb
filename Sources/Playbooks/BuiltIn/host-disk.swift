extension BuiltInPlaybooks {
    /// `playbooks/host-disk.md`, byte for byte.
    static let hostDisk = #"""
        ---
        id: host-disk
        title: A disk of the machine runs full
        when: For 5m less than 10 % of a watched disk's space or inodes has been left.
        ---

        ## What it means

        There is still room, and less than a careful operator wants to have: a backup, a core dump or a busy day fills it. Below 3 % it becomes [host-disk-full](host-disk-full.md), and then things stop.

        ## How to confirm

        ```
        mozaiks-ops status        # which mount, and how much is left
        df -h; df -i
        du -xh --max-depth=1 / 2>/dev/null | sort -h | tail
        ```

        - Is it growing, and how fast? The chart of `disk_free` on the page of mozaiks-ops, or `df` again in ten minutes.

        ## Safe actions

        - Old logs, packages, images that nobody uses: see [host-disk-full](host-disk-full.md).
        - A disk that is large and always nearly full, and meant to be: `thresholds: {disk_low: 5%}` in your policy.

        ## What needs a person

        - A larger disk, or data that belongs elsewhere.

        ## How to undo

        mozaiks-ops did nothing here. When more than 12 % has been left for 2 minutes the incident ends by itself.

        """#
}
