import Ambient
import Model
import YAML

/// Reads where a secret comes from: `NAME_file`, `NAME_env`, `NAME_credential`, or `NAME: ${VARIABLE}`. A secret that
/// stands in the file itself is refused, and never shown.
public struct SecretReader {
    let reader: SettingReader

    /// What stands behind a secret's name in the key that says where it is, in the order in which they are asked for.
    public static let forms: [(suffix: String, help: String)] = [
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
            guard SettingReader.parts(ofVariable: name).fallback == nil else {
                reader.reporter.report(
                    "secret", "a secret has no default: what stands behind '-' would stand in the file", at: node.start,
                    hint: "write '${\(SettingReader.parts(ofVariable: name).name)}'")
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
