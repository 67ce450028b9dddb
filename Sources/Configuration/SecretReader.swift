import Ambient
import Model
import YAML

/// Reads where a secret comes from: `NAME_file`, `NAME_env`, `NAME_credential`, or `NAME: ${VARIABLE}`. A secret that
/// stands in the file itself is refused, and never shown.
struct SecretReader {
    let reader: ConfigurationReader

    /// What stands behind a secret's name in the key that says where it is, in the order in which they are asked for.
    static let forms: [(suffix: String, help: String)] = [
        ("_file", "the file that holds it"), ("_env", "the variable that holds it"),
        ("_credential", "the credential of systemd (`LoadCredential=`)"), ("", "`${VARIABLE}` and nothing else"),
    ]

    func read(_ fields: Fields, _ name: String, isRequired: Bool) -> SecretSource? {
        let reporter = reader.reporter
        let forms = SecretReader.forms.map { name + $0.suffix }
        let given = forms.compactMap { form in fields.node(form).map { (form: form, node: $0) } }
        guard let first = given.first else {
            if isRequired {
                reporter.report(
                    "missing-key", "\(fields.what) needs '\(name)_file', or '\(name): ${VARIABLE}'", at: fields.place)
            }
            return nil
        }
        if given.count > 1 {
            reporter.report(
                "secret", "'\(given[1].form)' stands beside '\(first.form)': only one place can be right",
                at: given[1].node)
            return nil
        }
        switch first.form {
        case forms[0]: return reader.path(first.node, "'\(first.form)'").map { .file($0) }
        case forms[1]: return reporter.string(first.node, "'\(first.form)'").map { .environment($0) }
        case forms[2]: return reporter.string(first.node, "'\(first.form)'").map { .credential($0) }
        default: return variable(first.node, name)
        }
    }

    /// `${VARIABLE}` and nothing else.
    private func variable(_ node: YAMLNode, _ name: String) -> SecretSource? {
        if let text = node.text, text.hasPrefix("${"), text.hasSuffix("}"),
            !text.dropFirst(2).dropLast().contains("$" as Character)
        {
            let name = String(text.dropFirst(2).dropLast())
            guard ConfigurationReader.parts(ofVariable: name).fallback == nil else {
                reader.reporter.report(
                    "secret", "a secret has no default: what stands behind '-' would stand in the file", at: node.start,
                    hint: "write '${\(ConfigurationReader.parts(ofVariable: name).name)}'")
                return nil
            }
            return .environment(name)
        }
        reader.reporter.report(
            "secret", "'\(name)' must not stand in the file", at: node.start,
            hint: "put it into a file and say '\(name)_file', or say '\(name): ${VARIABLE}'")
        return nil
    }
}

/// Lines of a configuration that may hold a secret, whether it belongs there or not: diagnostics do not show them.
enum SensitiveLine {
    private static let words = [
        "secret", "token", "pass", "pasw", "hook", "bearer", "apikey", "_key", "credential", "jwt",
    ]
    /// Keys that say where something is.
    private static let places = ["_file", "_env", "_credential", "token_url"]

    static func hiding(_ diagnostic: Diagnostic) -> Diagnostic {
        // A part of a long line may be a secret whose key stands further left.
        if diagnostic.isPartOfLine { return diagnostic.withoutSourceLine }
        guard let line = diagnostic.sourceLine?.lowercased() else { return diagnostic }
        let names = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
        // A heartbeat's is a secret. Other keys of that name lose their line with it.
        if names.contains("url") { return diagnostic.withoutSourceLine }
        let isSensitive = names.contains { name in
            words.contains { name.contains(bytesOf: $0) } && !places.contains { name.hasSuffix($0) }
                && !["tokens_per_hour", "tokens_per_day", "max_tokens"].contains(name)
        }
        return isSensitive || line.contains("@" as Character) ? diagnostic.withoutSourceLine : diagnostic
    }
}

/// Reads the `auth` of a runtime, a control plane or a channel.
struct AuthenticationReader {
    let reader: ConfigurationReader

    func read(_ runtime: Fields) -> RuntimeSettings.Authentication {
        guard let entry = runtime.entry(AuthenticationReader.key), !entry.value.isNull,
            let fields = Fields(entry.value, "'auth'", reader.reporter, place: entry.key.start)
        else { return .none }
        defer { fields.finish() }
        let bearer = reader.secret(fields, AuthenticationKeys.bearer)
        let basic = fields.entry(AuthenticationKeys.basic)
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

    private func basic(_ entry: YAMLNode.Entry) -> RuntimeSettings.Authentication {
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

    private func clientCredentials(_ entry: YAMLNode.Entry) -> RuntimeSettings.ClientCredentials? {
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
        return RuntimeSettings.ClientCredentials(
            issuer: issuerURL, tokenURL: tokens, clientID: client, clientSecret: secret, audience: audience,
            scope: scope)
    }
}
