extension BuiltInPlaybooks {
    /// `playbooks/service-unreadable.md`, byte for byte.
    static let serviceUnreadable = #"""
        ---
        id: service-unreadable
        title: A service cannot be looked at
        when: For 5m the monitor could not look at the service, so it is not known whether it answers.
        ---

        ## What it means

        The look itself failed on this side: a secret that it sends cannot be read, a file of authorities is not there, the system permits no ping, or looks are broken off. Nothing is known of the service, and service-down cannot tell when it fails.

        ## How to confirm

        ```
        mozaiks-ops doctor        # which service, and why
        mozaiks-ops status        # the same in a line, below Services
        ls -l /etc/mozaiks-ops/secrets  # is the file there, and may the monitor's user read it?
        sysctl net.ipv4.ping_group_range
        ```

        - A secret or a file that is not there: it was moved, or not mounted into the container.
        - A ping that is not permitted: the group of the monitor's user lies outside `net.ipv4.ping_group_range`.

        ## Safe actions

        - Put the file back, or correct its path under `services:`; secrets are read anew at each look.
        - Look by TCP or HTTP in the place of a ping ([hosts and services](../docs/hosts-and-services.md)).

        ## What needs a person

        - A secret that has to be issued anew, or a right that the machine's owner must give.

        ## How to undo

        mozaiks-ops did nothing here. When looks have succeeded for 2 minutes the incident ends by itself.

        """#
}
