import Model
import YAML

/// A value and where it comes from.
public struct Setting<Value: Sendable>: Sendable {
    public let value: Value
    public let origin: SettingOrigin

    public init(_ value: Value, _ origin: SettingOrigin) {
        self.value = value
        self.origin = origin
    }
}

public enum SettingOrigin: Hashable, Sendable, CustomStringConvertible {
    case builtIn
    case file(Origin)
    /// The variable's name.
    case environment(String)
    /// With its dashes: `--mode`.
    case flag(String)

    /// Whether it holds for this process alone: said by whoever starts it, and in no file.
    public var isInPassing: Bool {
        switch self {
        case .environment, .flag: true
        case .builtIn, .file: false
        }
    }

    public var description: String {
        switch self {
        case .builtIn: "default"
        case .file(let origin): origin.description
        case .environment(let name): "$" + name
        case .flag(let name): name
        }
    }
}

/// One line of `config show`.
public struct SettingEntry: Hashable, Sendable {
    /// `runtimes.shared.replicas`.
    public let key: String
    /// Never a secret: a secret shows as the place it is read from.
    public let value: String
    public let origin: SettingOrigin

    public init(key: String, value: String, origin: SettingOrigin) {
        self.key = key
        self.value = value
        self.origin = origin
    }
}
