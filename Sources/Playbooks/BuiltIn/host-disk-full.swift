extension BuiltInPlaybooks {
    /// `playbooks/host-disk-full.md`, byte for byte.
    static let hostDiskFull = #"""
        ---
        id: host-disk-full
        title: A disk of the machine is as good as full
        when: For 1m less than 3 % of a watched disk's space or inodes has been left.
        ---

        ## What it means

        What is written now may fail within minutes: databases stop, logs are lost, containers do not start, and mozaiks-ops itself cannot write its journal and takes no more actions. Root may still have a little that others have not.

        ## How to confirm

        ```
        mozaiks-ops status        # which mount, and how much is left
        df -h; df -i              # space, and inodes: either is enough to stop everything
        du -xh --max-depth=1 / 2>/dev/null | sort -h | tail
        ```

        - Much used and little found: files that were deleted and are still open (`lsof +L1`); who holds them gives them back at a restart.
        - Inodes at 100 % and space left: very many small files, such as sessions or a mail queue.

        ## Safe actions

        - Old logs and packages: `journalctl --vacuum-size=500M`, `apt-get clean`.
        - Images and containers that nobody uses: `docker system prune` (it asks first).
        - Never delete in the folder of MongoDB, PostgreSQL or any other database.

        ## What needs a person

        - A database that grew: its own way of giving space back, or a larger disk.
        - What fills it again tomorrow: find out who writes, before it is night.

        ## How to undo

        mozaiks-ops did nothing here. When more than 6 % has been left for 2 minutes the incident ends by itself.

        """#
}
