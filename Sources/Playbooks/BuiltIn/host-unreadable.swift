extension BuiltInPlaybooks {
    /// `playbooks/host-unreadable.md`, byte for byte.
    static let hostUnreadable = #"""
        ---
        id: host-unreadable
        title: The machine does not say how it is
        when: For 5m the kernel's own files, or a mount that is to be watched, could not be read.
        ---

        ## What it means

        What mozaiks-ops is to watch of its own machine does not answer: a mount whose server is gone, a folder that is not there, a `/proc` that is no kernel's. What the machine's other rules say holds for the rest alone: a disk that cannot be asked is not known to have room.

        ## How to confirm

        ```
        mozaiks-ops doctor        # what cannot be read, and why
        mozaiks-ops status        # the same in a line, below Hosts
        stat -f /data             # the mount itself: does it answer?
        mount | grep ' /data '
        ```

        - `stat` hangs: a network file system whose server does not answer. Everything that touches it hangs with it, runtimes too.
        - "No such file or directory": the folder in `hosts: {…: {mounts: […]}}` is not there, or not in this container.
        - "may not be read": the user who runs mozaiks-ops lacks the right, or the container hides it.

        ## Safe actions

        - A mount that is meant to be gone: take it out of `mounts` and restart mozaiks-ops.
        - In a container: mount the machine's folders into it, read-only, and name them ([hosts and services](../docs/hosts-and-services.md)).

        ## What needs a person

        - A file server that does not answer: whoever runs it. Remounting by force (`umount -l`) cuts off whatever still writes there.

        ## How to undo

        mozaiks-ops did nothing here. When everything has been readable for 2 minutes the incident ends by itself.

        """#
}
