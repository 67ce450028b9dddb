import Model

/// The names of policy files: `ops_policy.default.yaml`, `ops_policy.<app_id>.yaml` with the id percent-encoded, and
/// `ops_rules.<name>.yaml` for rules that are laid over the default policy.
public enum PolicyFileName {
    public static let defaultFile = "ops_policy.default.yaml"
    /// An app that is really called `default` gives way to the default policy.
    private static let appCalledDefault = "%64efault"

    /// The file name of an app's policy; of the default policy for nil.
    public static func name(for app: AppID?) -> String {
        guard let app else { return defaultFile }
        return "ops_policy.\(app == AppID("default") ? appCalledDefault : app.percentEncoded).yaml"
    }

    public enum Owner: Hashable, Sendable {
        case everybody
        /// Rules of that name, laid over the default policy.
        case rules(String)
        case app(AppID)
    }

    /// Whose policy a file of that name holds; nil when the name is not one of a policy.
    public static func owner(of path: String) -> Owner? {
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init) ?? path
        if let rules = rules(path) { return .rules(rules) }
        guard name.hasPrefix("ops_policy."), name.hasSuffix(".yaml"), name.utf8.count > 16 else { return nil }
        let stem = String(name.dropFirst(11).dropLast(5))
        if stem == "default" { return .everybody }
        if stem == appCalledDefault { return .app(AppID("default")) }
        // Only the one spelling that `name(for:)` gives, so that no app has two files.
        guard let app = AppID(percentEncoded: stem), app.percentEncoded == stem else { return nil }
        return .app(app)
    }

    /// The name of a file of rules, `ops_rules.NAME.yaml`: letters, digits and `. _ -`. Nil when it is none.
    static func rules(_ path: String) -> String? {
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init) ?? path
        guard name.hasPrefix("ops_rules."), name.hasSuffix(".yaml"), name.utf8.count > 15 else { return nil }
        let stem = name.dropFirst(10).dropLast(5)
        let isPlain = stem.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || [45, 46, 95].contains($0)
        }
        return isPlain ? String(stem) : nil
    }
}
