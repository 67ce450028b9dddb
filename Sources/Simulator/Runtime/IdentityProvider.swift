import Model

/// A Keycloak-shaped token endpoint and what the runtime says about tokens. The tokens are opaque: three parts, as a
/// JWT has, without content.
struct IdentityProvider: Sendable {
    static let tokenPath = "/realms/mozaiks/protocol/openid-connect/token"

    let terms: Scenario.Authentication
    private var random: SplitMix64
    private var expiries: [String: Instant] = [:]

    init(_ terms: Scenario.Authentication, seed: UInt64) {
        self.terms = terms
        random = SplitMix64(seed: ~seed)
    }

    /// Answers a client-credentials request (`application/x-www-form-urlencoded`).
    mutating func token(form: [UInt8], at now: Instant) -> (status: Int, body: [UInt8]) {
        let fields = Self.fields(form)
        guard fields["grant_type"] == "client_credentials" else {
            return (
                400,
                PythonText.json(["error": "unsupported_grant_type", "error_description": "Unsupported grant_type"])
            )
        }
        guard fields["client_id"] == terms.clientID, fields["client_secret"] == terms.clientSecret else {
            return (
                401,
                PythonText.json([
                    "error": "unauthorized_client", "error_description": "Invalid client or Invalid client credentials",
                ])
            )
        }
        let parts = (0..<3).map { _ in String(decoding: random.uuid().filter { $0 != 45 }, as: UTF8.self) }
        let token = parts.joined(separator: ".")
        expiries[token] = now + terms.tokenLifetime
        return (
            200,
            PythonText.json([
                "access_token": .string(token), "expires_in": .int(terms.tokenLifetime.milliseconds / 1_000),
                "refresh_expires_in": 0, "token_type": "Bearer", "not-before-policy": 0, "scope": "profile email",
            ])
        )
    }

    /// Why the runtime refuses this request; nil when it takes it. `authorization` is the header's value.
    func refusal(authorization: String?, queryToken: String?, isDown: Bool, at now: Instant) -> String? {
        guard let token = Self.bearer(authorization) ?? queryToken, !token.isEmpty else {
            return "Missing authorization token"
        }
        if isDown { return "Unable to validate token signature" }
        if terms.staticTokens.contains(where: { $0.isSame(as: token) }) { return nil }
        guard token.utf8.split(separator: 46, omittingEmptySubsequences: false).count == 3 else {
            return "Invalid token format"
        }
        guard let expiry = expiries[token] else { return "Invalid token signature" }
        return now >= expiry + terms.skew ? "Token has expired" : nil
    }

    /// The scheme counts in any case.
    private static func bearer(_ header: String?) -> String? {
        guard let header, header.utf8.count > 7, header.prefix(7).lowercased() == "bearer " else { return nil }
        return String(header.dropFirst(7))
    }

    private static func fields(_ form: [UInt8]) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in form.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            let texts = parts.map { String(decoding: PercentEncoding.unescape($0, plusIsSpace: true), as: UTF8.self) }
            fields[texts[0]] = texts[1]
        }
        return fields
    }
}
