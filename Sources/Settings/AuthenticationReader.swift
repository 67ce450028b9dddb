import Ambient
import Model
import YAML

/// Reads the `auth` of a runtime, a control plane or a channel.
public struct AuthenticationReader {
    let reader: SettingReader

    public init(reader: SettingReader) {
        self.reader = reader
    }

    /// What stands under `auth`; none where that is absent, or reported.
    /// - Parameter urls: what is asked with it, where that says whom an identity token is for.
    public func read(_ runtime: Fields, for urls: [String] = []) -> Authentication {
        guard let entry = runtime.entry(AuthenticationReader.key), !entry.value.isNull,
            let fields = Fields(entry.value, "'auth'", reader.reporter, place: entry.key.start)
        else { return .none }
        defer { fields.finish() }
        let bearer = reader.secret(fields, AuthenticationKeys.bearer)
        let basic = fields.entry(AuthenticationKeys.basic)
        if let identity = fields.entry(AuthenticationKeys.googleIdentity) {
            if bearer != nil || basic != nil || fields.entry(AuthenticationKeys.oauth2) != nil {
                reader.reporter.report("auth", "'google_identity' stands beside another login: only one can be used", at: identity.key)
            }
            return googleIdentity(identity, urls)
        }
        guard let oauth = fields.entry(AuthenticationKeys.oauth2) else {
            guard let basic else { return bearer.map { .bearer($0) } ?? .none }
            if bearer != nil {
                reader.reporter.report("auth", "'basic' stands beside a bearer token: only one can be used", at: basic.key)
            }
            return self.basic(basic)
        }
        if bearer != nil || basic != nil {
            let other = basic == nil ? "a bearer token" : "'basic'"
            reader.reporter.report("auth", "'oauth2' stands beside \(other): only one can be used", at: oauth.key)
        }
        return clientCredentials(oauth).map { .clientCredentials($0) } ?? .none
    }

    private func basic(_ entry: YAMLNode.Entry) -> Authentication {
        guard let fields = Fields(entry.value, "'basic'", reader.reporter, place: entry.key.start) else { return .none }
        let user = fields.node(BasicKeys.user).flatMap { node -> String? in
            guard let text = reader.text(node, "'user'") else { return nil }
            let isUser = !text.isEmpty && text.utf8.allSatisfy { $0 >= 32 && $0 != 127 && $0 != UInt8(ascii: ":") }
            if !isUser { reader.reporter.report("value", "'user' must be a name without a colon", at: node) }
            return isUser ? text : nil
        }
        let password = reader.secret(fields, BasicKeys.password)
        fields.finish()
        guard let user, let password else { return .none }
        return .basic(user: user, password: password)
    }

    /// `google_identity: {}` is for whom the URL names, as Cloud Run wants it.
    private func googleIdentity(_ entry: YAMLNode.Entry, _ urls: [String]) -> Authentication {
        guard let fields = Fields(entry.value, "'google_identity'", reader.reporter, place: entry.key.start) else { return .none }
        let named = reader.text(fields, GoogleIdentityKeys.audience)
        fields.finish()
        if let named, !named.isEmpty { return .googleIdentity(audience: named) }
        let origins = Authentication.audiences(of: urls)
        guard let audience = origins.first, origins.count == 1 else {
            reader.reporter.report(
                "auth",
                origins.isEmpty
                    ? "'google_identity' needs 'audience' here" : "its replicas have several addresses: 'google_identity' needs 'audience'",
                at: entry.key, hint: "the URL of the service as Google gave it: https://runtime-….run.app")
            return .none
        }
        return .googleIdentity(audience: audience)
    }

    private func clientCredentials(_ entry: YAMLNode.Entry) -> Authentication.ClientCredentials? {
        guard let fields = Fields(entry.value, "'oauth2'", reader.reporter, place: entry.key.start) else { return nil }
        let issuer = fields.node(OAuth2Keys.issuer)
        let tokenURL = fields.node(OAuth2Keys.tokenURL)
        if (issuer == nil) == (tokenURL == nil) {
            reader.reporter.report(
                issuer == nil ? "missing-key" : "auth", "'oauth2' needs 'issuer' or 'token_url', one of them",
                at: entry.key)
        }
        let issuerURL = issuer.flatMap { reader.url($0, "issuer") }
        let tokens = tokenURL.flatMap { reader.url($0, "token_url") }
        let client = reader.text(fields, OAuth2Keys.clientID)
        let secret = reader.secret(fields, OAuth2Keys.clientSecret)
        let audience = reader.text(fields, OAuth2Keys.audience)
        let scope = reader.text(fields, OAuth2Keys.scope)
        fields.finish()
        guard let client, let secret, (issuerURL == nil) != (tokens == nil) else { return nil }
        return Authentication.ClientCredentials(
            issuer: issuerURL, tokenURL: tokens, clientID: client, clientSecret: secret, audience: audience,
            scope: scope)
    }
}

extension AuthenticationReader {
    /// Beside any URL that may ask for a login.
    public static let key = SettingKey("auth", .section(AuthenticationKeys.section), "How the monitor logs in; one of these")
}

public enum AuthenticationKeys {
    static let bearer = SettingKey("bearer", .secret, "A fixed token")
    static let basic = SettingKey("basic", .section(BasicKeys.section), "User and password")
    static let oauth2 = SettingKey("oauth2", .section(OAuth2Keys.section), "Client credentials of an identity provider, such as Keycloak")
    static let googleIdentity = SettingKey(
        "google_identity", .section(GoogleIdentityKeys.section),
        "The identity token of this machine's account at Google, for a private Cloud Run service; `{}` is enough at a runtime")
    public static let section = SettingSection([bearer, basic, oauth2, googleIdentity])
}

enum GoogleIdentityKeys {
    static let audience = SettingKey(
        "audience", .text(example: "https://runtime-abc.a.run.app"), fallback: "scheme and host of the runtime's URL",
        "For whom the token is asked")
    static let section = SettingSection([audience])
}

enum BasicKeys {
    static let user = SettingKey("user", .text(), isRequired: true, "Name, without a colon")
    static let password = SettingKey("password", .secret, isRequired: true, "Password")
    static let section = SettingSection([user, password])
}

enum OAuth2Keys {
    static let issuer = SettingKey("issuer", .url, "Whose discovery document names the token endpoint; this or `token_url`")
    static let tokenURL = SettingKey("token_url", .url, "The token endpoint itself")
    static let clientID = SettingKey("client_id", .text(), isRequired: true, "The monitor's client")
    static let clientSecret = SettingKey("client_secret", .secret, isRequired: true, "Its secret")
    static let audience = SettingKey("audience", .text(), "For whom the token is asked")
    static let scope = SettingKey("scope", .text(), "Scopes, separated by blanks")
    static let section = SettingSection([issuer, tokenURL, clientID, clientSecret, audience, scope], isOneOf: [issuer, tokenURL])
}
