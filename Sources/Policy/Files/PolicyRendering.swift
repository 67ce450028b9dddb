import Model

/// The effective policy of an app, or the default for nil, with the place of each value: what `policy show` prints.
public struct PolicyRendering {
    public static let schema = "mozaiks.ops/effective-policy/v1"
    /// Where the comments with the places begin, if the values leave room.
    private static let commentColumn = 56

    private let set: PolicySet
    private let policy: EffectivePolicy

    public init(_ set: PolicySet, app: AppID? = nil) {
        self.set = set
        policy = app.map(set.policy(for:)) ?? set.defaultPolicy
    }

    /// The rules that are shown: all of them for the default policy, those on apps for an app.
    private var rules: [Rule] {
        policy.app == nil ? set.wideRules + policy.appRules : policy.appRules
    }

    private var head: [Rule.Field] {
        [Rule.Field(key: "mode", value: .string(policy.mode.rawValue), origin: policy.modeOrigin)] + set.frameFields + [
            Rule.Field(
                key: "allowed_actions", value: .array(policy.allowedActions.map { .string($0.rawValue) }),
                origin: policy.allowedActionsOrigin)
        ]
    }

    // MARK: Text

    /// As a policy file would say it, with `# file:line` behind each value.
    public var text: String {
        var lines = ["ops_policy: " + flow(policy.app.map { .string($0.text) } ?? "default") + "  # " + policy.file]
        lines += head.map { line($0, indent: "") }
        if !policy.thresholds.isEmpty { lines.append("thresholds:") }
        lines += policy.thresholds.map {
            line(Rule.Field(key: $0.name, value: .string($0.text), origin: $0.origin), indent: "  ")
        }
        if !policy.labels.isEmpty { lines.append("labels:") }
        lines += policy.labels.map { line(Rule.Field(key: $0.name, value: .string($0.value), origin: $0.origin), indent: "  ") }
        lines.append("rules:")
        for rule in rules {
            lines.append(line("  \(rule.name):", rule.origin))
            for field in rule.fields {
                guard let items = field.value.array, items.contains(where: { $0.object != nil }) || items.count > 3
                else {
                    lines.append(line(field, indent: "    "))
                    continue
                }
                lines.append(line("    \(field.key):", field.origin))
                lines += items.map { "      - " + flow($0) }
            }
        }
        for (rule, origin) in policy.disabled { lines.append(line("  \(rule): {enabled: false}", origin)) }
        return lines.map { $0 + "\n" }.joined()
    }

    private func line(_ field: Rule.Field, indent: String) -> String {
        line("\(indent)\(field.key): \(flow(field.value))", field.origin)
    }

    private func line(_ text: String, _ origin: Origin?) -> String {
        let width = text.unicodeScalars.count
        let gap = String(repeating: " ", count: max(2, PolicyRendering.commentColumn - width))
        return text + gap + "# " + (origin.map(\.description) ?? "default")
    }

    /// YAML on one line.
    private func flow(_ value: JSON, nested: Bool = false) -> String {
        switch value {
        case .array(let items): return "[" + items.map { flow($0, nested: true) }.joined(separator: ", ") + "]"
        case .object(let object):
            return "{" + object.map { "\($0.key): \(flow($0.value, nested: true))" }.joined(separator: ", ") + "}"
        case .string(let text) where isPlain(text) && !(nested && text.utf8.contains { ",[]{}".utf8.contains($0) }):
            return text
        default: return value.serialized()
        }
    }

    private func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, first != 32, text.utf8.last != 32 else { return false }
        guard !"-?:!&*#|>%@`\"'{}[],".utf8.contains(first) else { return false }
        return !text.contains(bytesOf: ": ") && !text.contains(bytesOf: " #") && !text.utf8.contains { $0 < 32 }
    }

    // MARK: JSON

    /// `{schema, app, file, mode: {value, origin}, …, thresholds: {name: {value, origin}}, rules: {name: {key: …}}}`.
    public var json: JSON { json(withOrigins: true) }

    func json(withOrigins: Bool) -> JSON {
        func entry(_ field: Rule.Field) -> (key: String, value: JSON) {
            guard withOrigins else { return (field.key, field.value) }
            return (field.key, ["value": field.value, "origin": .optional(field.origin?.description)])
        }
        var document = JSONObject([
            ("schema", .string(PolicyRendering.schema)), ("app", .optional(policy.app?.text)),
        ])
        if withOrigins { document.append("file", .string(policy.file)) }
        for field in head { document.append(field.key, entry(field).value) }
        let thresholds = policy.thresholds.map {
            entry(Rule.Field(key: $0.name, value: .string($0.text), origin: $0.origin))
        }
        document.append("thresholds", .object(JSONObject(thresholds)))
        if !policy.labels.isEmpty {
            let labels = policy.labels.map { entry(Rule.Field(key: $0.name, value: .string($0.value), origin: $0.origin)) }
            document.append("labels", .object(JSONObject(labels)))
        }
        let rules = self.rules.map { (key: $0.name, value: JSON.object(JSONObject($0.fields.map(entry)))) }
        document.append("rules", .object(JSONObject(rules)))
        document.append("disabled", .array(policy.disabled.map { .string($0.rule) }))
        return .object(document)
    }
}

extension PolicySet {
    /// Everything that decides, without the places: equal for sets that decide alike, whatever their comments and line
    /// numbers. For a digest.
    public var canonicalText: String {
        policies.map { policy in
            let rendering = PolicyRendering(self, app: policy.app).json(withOrigins: false).serialized()
            // Ids are bytes: two that look alike as text are two.
            return (policy.app?.percentEncoded ?? "") + "\t" + rendering + "\n"
        }.joined()
    }
}
