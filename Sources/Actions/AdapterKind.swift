import Ambient
import Model
import Settings
import YAML

/// A kind of place where leases land besides the gate: what stands under its key of `actions`, how that is read, and what is made
/// of it. All of it is in the kind's own file; ``AdapterKinds`` lists them.
public protocol AdapterKind: Sendable {
    /// `lease_api`, and the keys below it. Its name is the adapter's in the journal.
    static var key: SettingKey { get }

    /// Reads what stands there; nil, and reported, where it cannot be read.
    /// - Parameters:
    ///   - place: the key itself, for what is wrong with all of it.
    ///   - runtimes: the names of those configured in the file.
    init?(_ fields: Fields, at place: YAMLNode, runtimes: [String], _ reader: SettingReader)

    var origin: SettingOrigin { get set }
    var tls: TLSFiles { get set }

    /// For `config show`, key and value, without anything secret.
    var shown: [(key: String, value: String)] { get }
    /// Each with what it is for: `the bearer token of the lease API`.
    var secrets: [SecretUse] { get }
    /// What would land there and who ends it, as `doctor` says it; and what else a person should know.
    var words: (landing: String, notes: [String]) { get }
    /// An app about which `doctor` may ask it to prepare; nil: it is asked what it holds.
    var example: AppID? { get }

    /// What it takes, on these runtimes.
    func landings(on runtimes: [String]) -> Landings

    /// Reads no secret yet, and asks nobody.
    /// - Parameter owner: whose leases they are, where the settings do not say.
    func adapter(_ means: Means, owner: String) -> any ActionAdapter
}

extension AdapterKind {
    public var example: AppID? { nil }
    public var name: String { Self.key.name }
}

/// The kinds of adapters that there are, in the order in which they are asked: a line each.
public enum AdapterKinds {
    public static let all: [any AdapterKind.Type] = [LeaseAPI.Settings.self, EntitlementSettings.self, SignedWebhook.Settings.self]

    /// Reads those that `actions` has.
    public static func read(_ actions: Fields, runtimes: [String], _ reader: SettingReader) -> [any AdapterKind] {
        all.compactMap { kind in
            guard let entry = actions.entry(kind.key),
                let fields = Fields(entry.value, "'\(kind.key.name)'", reader.reporter, place: entry.key.start)
            else { return nil }
            defer { fields.finish() }
            let found = kind.init(fields, at: entry.key, runtimes: runtimes, reader)
            let tls = TLSReader(reader: reader).read(fields)
            guard var settings = found else { return nil }
            (settings.origin, settings.tls) = (reader.origin(entry.key), tls)
            return settings
        }
    }
}

/// What can land somewhere.
public struct Landings: Sendable, Equatable {
    /// On every app.
    public var everywhere: Set<ActionKind> = []
    /// On some, without a person.
    public var keys: Set<LeaseKey> = []
    /// Only after a person said yes, and why.
    public var onApproval: [LeaseKey: String] = [:]

    public init(everywhere: Set<ActionKind> = [], keys: Set<LeaseKey> = [], onApproval: [LeaseKey: String] = [:]) {
        self.everywhere = everywhere
        self.keys = keys
        self.onApproval = onApproval
    }

    /// With what lands elsewhere besides; the first reason for asking a person holds.
    public func union(_ other: Landings) -> Landings {
        Landings(
            everywhere: everywhere.union(other.everywhere), keys: keys.union(other.keys),
            onApproval: onApproval.merging(other.onApproval) { first, _ in first })
    }
}

/// Keys that several kinds have.
enum AdapterKeys {
    /// What can land: a notice lands nowhere.
    static let kinds = ActionKind.allCases.filter { $0 != .notify }
    static let url = SettingKey("url", .url, isRequired: true, "Its base URL")
    static let owner = SettingKey(
        "owner", .text(), fallback: "that of `environment`; two monitors need two names",
        "Name that its leases carry; a name of letters, digits and `. _ -`")
    static let actions = SettingKey("actions", .list(.choice(kinds.map(\.rawValue))), fallback: "all", "Which actions land here")
}

extension SettingReader {
    func owner(_ fields: Fields) -> String? {
        fields.node(AdapterKeys.owner).flatMap { node in
            guard let text = text(node, "'owner'") else { return nil }
            if isName(text) { return text }
            reporter.report("name", "'owner' must be a name", at: node, hint: "letters, digits and . _ -, at most 64")
            return nil
        }
    }

    /// Nil (reported) for a list that names none, or what cannot land.
    func actions(_ fields: Fields) -> [ActionKind]? {
        let all = AdapterKeys.kinds
        guard let node = fields.node(AdapterKeys.actions) else { return all }
        guard let items = reporter.list(node, "'actions'") else { return nil }
        let names = all.map(\.rawValue)
        let chosen = items.compactMap { choice($0, "an action", names).flatMap { ActionKind(rawValue: $0) } }
        if items.isEmpty { reporter.report("type", "'actions' is empty", at: node, hint: "[\(names.joined(separator: ", "))]") }
        return chosen.isEmpty ? nil : all.filter(chosen.contains)
    }

    /// One of the words that a key is declared with.
    func word(_ fields: Fields, _ key: SettingKey) -> String? {
        guard case .choice(let names) = key.kind else { preconditionFailure("'\(key.name)' is no choice") }
        return fields.node(key).flatMap { choice($0, "'\(key.name)'", names) }
    }

    private func choice(_ node: YAMLNode, _ what: String, _ choices: [String]) -> String? {
        guard let text = text(node, what) else { return nil }
        if choices.contains(text) { return text }
        reporter.report(
            "value", "\(what) is none of \(choices.joined(separator: ", "))", at: node, hint: Nearest.hint(to: text, among: choices))
        return nil
    }
}

extension [ActionKind] {
    var names: String { map(\.rawValue).joined(separator: ", ") }
}
