extension BuiltInPlaybooks {
    /// `playbooks/certificate-expiring.md`, byte for byte.
    static let certificateExpiring = #"""
        ---
        id: certificate-expiring
        title: A certificate runs out soon
        when: For 5m the certificate that the service shows has had less than 14 days left.
        ---

        ## What it means

        What is renewed by itself is renewed three to four weeks before the end: two weeks before, something has stopped. Below 3 days it becomes [certificate-ending](certificate-ending.md).

        ## How to confirm

        ```
        mozaiks-ops status        # below Services: for how many days it still holds
        openssl s_client -connect SERVICE:443 -servername SERVICE </dev/null 2>/dev/null | openssl x509 -noout -enddate -issuer
        ```

        - Whoever renews it: `systemctl list-timers | grep certbot`, `kubectl get certificates -A`, and their logs.

        ## Safe actions

        - Renew it by hand now, and reload the server.

        ## What needs a person

        - Certificates of 7 or 10 days are renewed later: `thresholds: {certificate_soon: 3, certificate_last: 1}`.
        - One that people order: put it into a calendar.

        ## How to undo

        mozaiks-ops did nothing here. When the service shows one that holds for longer the incident ends by itself after 2 minutes.

        """#
}
