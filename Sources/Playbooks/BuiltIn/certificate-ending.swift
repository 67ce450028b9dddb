extension BuiltInPlaybooks {
    /// `playbooks/certificate-ending.md`, byte for byte.
    static let certificateEnding = #"""
        ---
        id: certificate-ending
        title: A certificate runs out within days
        when: For 5m the certificate that the service shows has had less than 3 days left, or has run out.
        ---

        ## What it means

        When it has run out clients refuse the service, all of them at the same moment. Renewed by itself it would have been renewed weeks ago: that has failed, and nobody noticed.

        ## How to confirm

        ```
        mozaiks-ops status        # below Services: for how many days it still holds
        openssl s_client -connect SERVICE:443 -servername SERVICE </dev/null 2>/dev/null | openssl x509 -noout -enddate -issuer
        ```

        - Renewed on disk and the old one shown: the server was not told to read it again.
        - Several machines behind one name: each may show another.

        ## Safe actions

        - Renew it (`certbot renew`, cert-manager, your provider's console) and reload the server; both can be done again.

        ## What needs a person

        - A certificate that people order: whoever may order it, today.
        - Why did it not renew by itself? A challenge that cannot be reached, a token that ran out, a limit of the authority.

        ## How to undo

        mozaiks-ops did nothing here. When the service shows one that holds for longer the incident ends by itself after 2 minutes.

        """#
}
