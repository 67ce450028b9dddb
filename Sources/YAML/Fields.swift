import Text

/// Reads a mapping key by key and reports everything wrong with it: wrong types, missing keys and, at `finish`, every
/// key that nobody asked for. A getter that found something wrong has reported it and returns nil.
public final class Fields {
    public let reporter: Reporter
    /// What the mapping is, for messages: `a rule`.
    public let what: String
    /// Where the mapping stands; missing keys are reported there.
    public let place: Mark
    private let entries: [YAMLNode.Entry]
    private var asked: [String] = []
    /// Its keys are names: none is unknown.
    private var isOpen = false

    /// Nil (reported) when the node is not a mapping. `place`: where to report missing keys, if not at the node.
    public init?(_ node: YAMLNode, _ what: String, _ reporter: Reporter, place: Mark? = nil) {
        guard let entries = node.entries else {
            reporter.report("type", "\(what) must be a mapping, not \(node.kind)", at: node)
            return nil
        }
        self.entries = entries
        self.what = what
        self.reporter = reporter
        self.place = place ?? node.start
    }

    /// The key's entry, empty values included.
    public func entry(_ name: String) -> YAMLNode.Entry? {
        asked.append(name)
        return entries.first { $0.name.isSame(as: name) }
    }

    /// The key's value; nil where it is absent or empty.
    public func node(_ name: String) -> YAMLNode? {
        entry(name).flatMap { $0.value.isNull ? nil : $0.value }
    }

    /// Like `node`, but its absence is an error.
    public func required(_ name: String) -> YAMLNode? {
        if let node = node(name) { return node }
        reporter.report("missing-key", "\(what) needs '\(name)'", at: place)
        return nil
    }

    /// Reports the keys that nobody asked for.
    /// - Parameter meant: what keys are called elsewhere, and what they are here.
    public func finish(meant: [String: String] = [:]) {
        // Names are many; each is known.
        guard !isOpen else { return }
        var known: [String] = []
        for name in asked where !known.contains(name) { known.append(name) }
        for entry in entries where !asked.contains(where: { $0.isSame(as: entry.name) }) {
            reporter.report(
                "unknown-key", "\(what) has no key '\(entry.name)'", at: entry.key,
                hint: meant[entry.name.lowercased()].map { "did you mean '\($0)'?" } ?? Nearest.hint(to: entry.name, among: asked)
                    ?? "known: " + known.joined(separator: ", "))
        }
    }

    /// All entries, for mappings whose keys are names; then nothing is unknown.
    public func all() -> [YAMLNode.Entry] {
        isOpen = true
        return entries
    }
}

extension Reporter {
    /// The text of a scalar; reports collections and empty values.
    public func string(_ node: YAMLNode, _ what: String) -> String? {
        guard let text = node.text, !node.isNull else {
            report("type", "\(what) must be text, not \(node.kind)", at: node)
            return nil
        }
        return text
    }

    /// `true` or `false`.
    public func bool(_ node: YAMLNode, _ what: String) -> Bool? {
        switch node.text {
        case "true": return true
        case "false": return false
        default:
            report("type", "\(what) must be true or false", at: node)
            return nil
        }
    }

    /// A whole number within a range.
    public func int(_ node: YAMLNode, _ what: String, in range: ClosedRange<Int>) -> Int? {
        guard node.isPlain, let text = node.text, let value = Int(text) else {
            report("type", "\(what) must be a whole number", at: node)
            return nil
        }
        guard range.contains(value) else {
            let limit = value < range.lowerBound ? "at least \(range.lowerBound)" : "at most \(range.upperBound)"
            report("range", "\(what) must be \(limit)", at: node)
            return nil
        }
        return value
    }

    /// One of the names of an enum.
    /// - Parameter meant: what they are called elsewhere, and what they are here.
    public func choice<T: RawRepresentable & CaseIterable>(
        _ node: YAMLNode, _ what: String, meant: [String: T] = [:]
    ) -> T? where T.RawValue == String {
        let names = T.allCases.map(\.rawValue)
        guard let text = string(node, what) else { return nil }
        if let value = T(rawValue: text), text.isSame(as: value.rawValue) { return value }
        report(
            "value", "\(what) cannot be '\(text)'", at: node,
            hint: meant[text.lowercased()].map { "did you mean '\($0.rawValue)'?" } ?? Nearest.hint(to: text, among: names)
                ?? "one of: " + names.joined(separator: ", "))
        return nil
    }

    /// The items of a list; a single value counts as a list of one.
    public func list(_ node: YAMLNode, _ what: String) -> [YAMLNode]? {
        if let items = node.items { return items }
        if node.text != nil { return node.isNull ? [] : [node] }
        report("type", "\(what) must be a list, not \(node.kind)", at: node)
        return nil
    }

    /// A list of texts; wrong items are reported and left out.
    public func strings(_ node: YAMLNode, _ what: String) -> [String]? {
        list(node, what)?.compactMap { string($0, "each of \(what)") }
    }
}
