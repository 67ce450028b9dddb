/// One value of a YAML document with its place. Mappings keep their order; their keys are scalars, each once.
public struct YAMLNode: Sendable {
    public enum Style: Hashable, Sendable {
        case plain, singleQuoted, doubleQuoted, literal, folded
    }

    public indirect enum Content: Sendable {
        case scalar(String, Style)
        case sequence([YAMLNode])
        case mapping([Entry])
    }

    /// A key with its value.
    public struct Entry: Sendable {
        public let key: YAMLNode
        public let value: YAMLNode

        public init(key: YAMLNode, value: YAMLNode) {
            self.key = key
            self.value = value
        }

        /// The key's text.
        public var name: String { key.text ?? "" }
    }

    public let content: Content
    public let start: Mark
    /// Behind the last character. For block collections, where the next thing begins.
    public let end: Mark

    public init(content: Content, start: Mark, end: Mark) {
        self.content = content
        self.start = start
        self.end = end
    }

    /// The text of a scalar; nil for collections.
    public var text: String? {
        if case .scalar(let text, _) = content { text } else { nil }
    }

    public var isPlain: Bool {
        if case .scalar(_, .plain) = content { true } else { false }
    }

    /// An empty value, `~` or `null`, written plainly.
    public var isNull: Bool {
        guard case .scalar(let text, .plain) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    public var entries: [Entry]? {
        if case .mapping(let entries) = content { entries } else { nil }
    }

    public var items: [YAMLNode]? {
        if case .sequence(let items) = content { items } else { nil }
    }

    /// What it is, for messages: `a list`.
    public var kind: String {
        switch content {
        case .scalar: isNull ? "nothing" : "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}
