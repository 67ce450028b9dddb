extension BuiltInPlaybooks {
    /// `playbooks/runtime-unauthorized.md`, byte for byte.
    static let runtimeUnauthorized = #"""
        ---
        id: runtime-unauthorized
        title: The runtime refuses our token
        when: The runtime has said 401 or 403 to us for missing_after (5m).
        ---

        ## What it means

        The runtime is up and talks, but not to us. We are blind: no figure of any tenant can be read, so no rule on tenants holds and nothing is done to anybody.

        Two very different things look the same here:

        - Our token is wrong: expired, for another audience, or signed by another issuer.
        - The runtime's identity provider is down. The runtime then says 401 to everybody, and **your users cannot log in either**. Rule this out first.

        ## How to confirm

        ```
        URL=http://127.0.0.1:8000
        TOKEN_FILE=/etc/mozaiks-ops/runtime-token
        mozaiks-ops doctor
        curl -sS -w '\n%{http_code}\n' -H "Authorization: Bearer $(cat $TOKEN_FILE)" $URL/api/health
        ```

        The body says which it is: `Token has expired`, `Invalid token audience`, `Missing authorization token`. Look into the token, without sending it anywhere:

        ```
        jq -rR 'split(".")[1] | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson | {iss, aud, sub, exp: (.exp | todate)}' $TOKEN_FILE
        date -u
        ```

        Is it the identity provider? Ask it from the runtime's machine, with the issuer of your token. No answer there means users are locked out:

        ```
        curl -sS -m 10 -w '\n%{http_code}\n' ISSUER_URL/.well-known/openid-configuration
        ```

        ## Safe actions

        - Put a fresh token into the file that the configuration names (`mozaiks-ops config show` says which). The file is read again when it changes: no restart.
        - If the clock of either machine is off by more than two minutes, set it: `timedatectl`. Tokens are refused then.
        - Reading needs no role and no scope. Do not hand out a stronger token to make it work.

        ## What needs a person

        - The identity provider is down: mend that first, whatever it takes. It is your users' front door.
        - Tokens that run out again and again: let mozaiks-ops fetch its own, with `auth: {oauth2: {issuer: …, client_id: …, client_secret_file: …}}`.
        - Turning the runtime's authentication off is no way out: every tenant's figures would be open.

        ## How to undo

        Put the old token file back. mozaiks-ops changed nothing. The incident ends by itself when both endpoints answer again for 2 minutes; what happened to tenants meanwhile stays unknown, and is not guessed.

        """#
}
