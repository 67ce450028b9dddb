import Ambient
import Model
import YAML

/// A key of `mozaiks-ops.yaml`, declared once: its reader takes name and bounds from here; the JSON Schema
/// (`docs/schema/config.schema.json`) and the reference (`docs/configuration.md`) are made of the same.
public struct SettingKey: Sendable {
    public let name: String
    public let kind: SettingKind
    public let isRequired: Bool
    /// What holds where the key is absent, as one would write it or in words; nil: nothing does.
    public let fallback: String?
    /// What it is for, in a line without a full stop.
    public let help: String

    public init(_ name: String, _ kind: SettingKind, isRequired: Bool = false, fallback: String? = nil, _ help: String) {
        self.name = name
        self.kind = kind
        self.isRequired = isRequired
        self.fallback = fallback
        self.help = help
    }
}

/// What may stand behind a key.
public indirect enum SettingKind: Sendable {
    /// Free text, with an example of it where its form is not plain.
    case text(example: String? = nil)
    case choice([String])
    case flag
    case whole(ClosedRange<Int>)
    case span(ClosedRange<TimeSpan>)
    /// In percent.
    case percent(ClosedRange<Double>)
    /// A size of 64 kB to 4 GB.
    case bytes
    /// USD.
    case dollars
    /// USD for a million tokens.
    case price
    /// So many in so long.
    case pace
    /// Read from a file, a variable or a credential of systemd, by four names of keys.
    case secret
    case address
    /// A base URL.
    case url
    /// A relative one begins at the folder of the configuration.
    case path
    /// One or several.
    case list(SettingKind)
    case section(SettingSection)
    /// A mapping whose keys are names that the operator gives; the text says what they name, as `MODEL`.
    case named(String, SettingKind)
    /// A word that stands for the whole, or the kind.
    case word(String, or: SettingKind)
}

/// The keys of a mapping.
public struct SettingSection: Sendable {
    /// In the order in which the reference has them.
    public let keys: [SettingKey]
    /// Of these keys there is exactly one; empty: any may stand beside any.
    public let isOneOf: [String]

    public init(_ keys: [SettingKey], isOneOf: [SettingKey] = []) {
        self.keys = keys
        self.isOneOf = isOneOf.map(\.name)
    }
}

// MARK: - Reading by declaration

extension Fields {
    public func entry(_ key: SettingKey) -> YAMLNode.Entry? { entry(key.name) }
    /// The key's value; nil where it is absent, which is reported if it is required.
    public func node(_ key: SettingKey) -> YAMLNode? { key.isRequired ? required(key.name) : node(key.name) }

    /// The mapping behind a key; nil where it is absent or none.
    /// - Parameter what: how messages call it; nil: by the key's name.
    public func section(_ key: SettingKey, _ what: String? = nil) -> Fields? {
        node(key).flatMap { Fields($0, what ?? "'\(key.name)'", reporter) }
    }
}

/// The value of a key, within the bounds that its declaration has; nil where it is absent, or reported.
/// A key of another kind is a fault of the reader, which its first use shows.
extension SettingReader {
    public func span(_ fields: Fields, _ key: SettingKey) -> TimeSpan? {
        guard case .span(let range) = key.kind else { preconditionFailure("'\(key.name)' is no length of time") }
        return fields.node(key).flatMap { span($0, key.name, range) }
    }

    public func whole(_ fields: Fields, _ key: SettingKey) -> Int? {
        guard case .whole(let range) = key.kind else { preconditionFailure("'\(key.name)' is no number") }
        return fields.node(key).flatMap { reporter.int($0, "'\(key.name)'", in: range) }
    }

    public func percent(_ fields: Fields, _ key: SettingKey) -> Double? {
        guard case .percent(let range) = key.kind else { preconditionFailure("'\(key.name)' is no share") }
        return fields.node(key).flatMap { Amounts.percent($0, key.name, range, reporter) }
    }

    public func flag(_ fields: Fields, _ key: SettingKey) -> Bool? {
        guard case .flag = key.kind else { preconditionFailure("'\(key.name)' is no flag") }
        return fields.node(key).flatMap { reporter.bool($0, "'\(key.name)'") }
    }

    public func text(_ fields: Fields, _ key: SettingKey) -> String? {
        fields.node(key).flatMap { text($0, "'\(key.name)'") }
    }

    public func path(_ fields: Fields, _ key: SettingKey) -> String? {
        guard case .path = key.kind else { preconditionFailure("'\(key.name)' is no path") }
        return fields.node(key).flatMap { path($0, "'\(key.name)'") }
    }

    /// - Parameter hasAuth: whether `auth` may stand beside it.
    public func url(_ fields: Fields, _ key: SettingKey, hasAuth: Bool = false) -> String? {
        fields.node(key).flatMap { url($0, "'\(key.name)'", hasAuth: hasAuth) }
    }

    public func choice<T: RawRepresentable & CaseIterable>(_ fields: Fields, _ key: SettingKey) -> T? where T.RawValue == String {
        fields.node(key).flatMap { reporter.choice($0, key.name) }
    }

    public func secret(_ fields: Fields, _ key: SettingKey, isRequired: Bool? = nil) -> SecretSource? {
        guard case .secret = key.kind else { preconditionFailure("'\(key.name)' is no secret") }
        return SecretReader(reader: self).read(fields, key.name, isRequired: isRequired ?? key.isRequired)
    }
}

extension SettingKind {
    /// Names that the operator gives and messages carry: letters, digits and `. _ -`, at most 64.
    public static let name = "NAME"

    /// The names of an enumeration.
    public static func choice<T: RawRepresentable & CaseIterable>(of type: T.Type) -> SettingKind where T.RawValue == String {
        .choice(T.allCases.map(\.rawValue))
    }
}
