import Cycle
import Journal
import Model
import Policy
import Signals
import YAML

/// The names that filters may have: what names nothing that there is holds nothing back and sends nothing, and nobody notices.
public struct KnownNames: Sendable {
    /// A name of a filter that nothing has.
    public struct Stranger: Hashable, Sendable {
        public enum Kind: Sendable { case app, rule, runtime, environment, label, elsewhere }

        public let kind: Kind
        public let message: String
        /// For a filter whose names are exact: what may be meant.
        public let hint: String
        /// The same for one whose names are patterns.
        public var hintOnPatterns: String { mayBePattern ? hint + "; '*' stands for any text" : hint }
        fileprivate var mayBePattern = false

        /// What is said of a silence that names it.
        public var ofSilence: String { "\(message): it may hold back nothing" }
        /// That there is none, with what may be meant.
        public var whole: String { "\(message); \(hint)" }
        /// What is said of a silence, with what may be meant.
        public var warning: String { "\(ofSilence); \(hintOnPatterns)" }
    }

    private let environment: String?
    private let rules: [String]
    private let runtimes: [String]
    /// Of what is watched, whoever watches it, the kinds and names: people call a host a host.
    private let watched: [(kind: WatchedKind, name: String)]
    /// Other shards'; empty where there are none.
    private let elsewhere: [RuntimeElsewhere]
    /// By the label's name, the values that there are; nil where not all are known.
    private let labels: [String: Set<String>]?
    /// Labels whose values are known only when an incident opens.
    private let open: Set<String>

    /// What is not known is taken for known: nothing of its kind is called a stranger.
    /// - Parameter elsewhere: what other shards watch: known too, and which apps are there is not.
    public init(environment: String?, runtimes: [WatchedRuntime]?, elsewhere: [RuntimeElsewhere] = [], policies: PolicySet?) {
        self.elsewhere = elsewhere
        self.environment = environment
        self.runtimes = runtimes?.map(\.name) ?? []
        watched = ((runtimes ?? []) + elsewhere.map(\.watched)).map { ($0.kind, $0.name) }
        let all = policies?.allRules ?? []
        let disabled = policies?.policies.flatMap { $0.disabled.map(\.rule) } ?? []
        rules = Set(all.map(\.name) + disabled).inByteOrder()
        var labels: [String: Set<String>] = [:]
        for (name, value) in ((runtimes ?? []) + elsewhere.map(\.watched)).flatMap(\.labels) + all.flatMap(\.labels) {
            labels[name, default: []].insert(value)
        }
        // What is found has labels of its own.
        let areFound = ((runtimes ?? []) + elsewhere.map(\.watched)).contains(where: \.isFound)
        self.labels = runtimes == nil || policies == nil || areFound ? nil : labels
        open = Set(labels.filter { $0.value.contains { $0.utf8.contains(UInt8(ascii: "{")) } }.keys)
    }

    /// What of a filter names nothing that is known.
    ///
    /// - Parameter apps: those that were seen, where that is known: apps come and go.
    public func strangers(in match: IncidentMatch, apps: [AppID] = []) -> [Stranger] {
        var found: [Stranger] = []
        func add(_ kind: Stranger.Kind, _ message: String, _ written: String, _ known: [String], _ otherwise: String) {
            let hint = Nearest.name(to: written, among: known).map { "did you mean '\(Shown.id($0))'?" } ?? otherwise
            var stranger = Stranger(kind: kind, message: message, hint: hint)
            stranger.mayBePattern = kind == .app && hint == otherwise
            found.append(stranger)
        }
        // An app that another shard's runtime has was never seen here.
        let seen = elsewhere.isEmpty ? apps.map(\.text) : []
        for glob in match.apps where !seen.isEmpty && !seen.contains(where: glob.matches) {
            add(
                .app, "no app '\(Shown.id(glob.pattern))' was seen", glob.pattern, seen,
                "an app's id is exact, also in its case")
        }
        for glob in match.rules where !rules.isEmpty && !rules.contains(where: glob.matches) {
            add(.rule, "there is no rule '\(glob)'", glob.pattern, rules, "mozaiks-ops policy show")
        }
        // Without a configuration nothing is known of runtimes.
        let configured = watched.map(\.name)
        for glob in match.runtimes where !configured.isEmpty && !configured.contains(where: glob.matches) {
            let noun = WatchedKind.any(of: watched.map(\.kind))
            let isPlain = watched.allSatisfy { $0.kind == .runtime }
            let listed = KnownNames.listed(isPlain ? configured : watched.map { "\($0.kind.rawValue) \($0.name)" })
            add(.runtime, "there is no \(noun) '\(glob)'", glob.pattern, configured, listed)
        }
        // What is nearly this environment is meant to be it.
        if let environment, isElsewhere(match) {
            for glob in match.environments {
                let (written, here) = (glob.pattern.lowercased(), environment.lowercased())
                guard !written.isEmpty,
                    here.hasPrefix(written) || written.hasPrefix(here) || Nearest.name(to: written, among: [here]) != nil
                else { continue }
                add(
                    .environment, "the environment is '\(Shown.id(environment))', not '\(glob)'", here, [],
                    "did you mean '\(Shown.id(environment))'?")
            }
        }
        guard let labels else { return found }
        let names = labels.keys.inByteOrder()
        for (name, globs) in match.labels.inByteOrder(of: \.key) {
            guard let values = labels[name] else {
                let known = names.isEmpty ? "no runtime and no rule has labels" : KnownNames.listed(names)
                add(.label, "nothing has a label '\(name)'", name, names, known)
                continue
            }
            guard !open.contains(name) else { continue }
            let sorted = values.inByteOrder()
            for glob in globs where !sorted.contains(where: glob.matches) {
                add(.label, "no label '\(name)' is '\(glob)'", glob.pattern, sorted, KnownNames.listed(sorted))
            }
        }
        return found
    }

    /// What of a filter is only other shards': it is no mistake where one filter is for all, and holds nothing where it was asked for.
    public func elsewhere(in match: IncidentMatch) -> [Stranger] {
        match.runtimes.flatMap { glob -> [Stranger] in
            guard !runtimes.contains(where: glob.matches) else { return [] }
            return elsewhere.filter { glob.matches($0.name) }.map { other in
                Stranger(
                    kind: .elsewhere, message: other.sentence,
                    hint: "go to the monitor of shard \(other.shard)")
            }
        }
    }

    /// Whether a filter is for other environments than this one.
    public func isElsewhere(_ match: IncidentMatch) -> Bool {
        guard let environment, !match.environments.isEmpty else { return false }
        return !match.environments.contains { $0.matches(environment) }
    }

    /// What somebody may have meant who wrote a name that there is not, and else what there is.
    public static func meant(_ written: String, among known: [String]) -> String {
        Nearest.name(to: written, among: known).map { "did you mean '\(Shown.id($0))'?" } ?? listed(known.map(Shown.id))
    }

    private static func listed(_ names: [String]) -> String { "there are: " + names.joined(separator: ", ") }

    /// The apps that whoever polled has seen, and those that something was decided about; empty where nothing is known.
    ///
    /// - Parameter runtimes: those that count; nil: all that the journal knows.
    public static func apps(seenIn journal: Journal, on runtimes: [String]? = nil) -> [AppID] {
        let prefix = "signals:"
        guard let keys = try? journal.stateKeys() else { return [] }
        var seen: Set<AppID> = []
        for key in keys where key.utf8.starts(with: prefix.utf8) {
            let name = String(key.dropFirst(prefix.count))
            guard runtimes?.contains(where: { $0.isSame(as: name) }) ?? true else { continue }
            // Where one cannot be read not all are known, and none may be called a stranger.
            guard let bytes = try? journal.state(key), let signals = try? RuntimeSignals(decoding: bytes, options: SignalOptions()) else {
                return []
            }
            seen.formUnion(signals.subjects)
        }
        guard !seen.isEmpty else { return [] }
        // Signals are kept once a minute: who came since may have an incident already.
        if let engine = try? KeptDecisions(journal).engine {
            let incidents = engine.runtimeNames.flatMap { engine.openIncidents(of: $0) }
            seen.formUnion(incidents.compactMap(\.subject.app))
            seen.formUnion(engine.begun.compactMap(\.subject.app))
        }
        return seen.sorted()
    }
}

extension IncidentMatch {
    /// Of these very names, whatever they are made of.
    public init(app: AppID?, rule: String?, runtime: String?) {
        func exactly(_ text: String?) -> [Glob] {
            text.map { [Glob(String(decoding: Glob.exactly(Array($0.utf8)), as: UTF8.self))] } ?? []
        }
        self.init(apps: exactly(app?.text), rules: exactly(rule), runtimes: exactly(runtime))
    }
}

extension IncidentFilter {
    /// The names in it that no incident on record has, whatever became of it: of a rule that is no more, or an app that left, there
    /// may be some.
    public func unheard(in journal: Journal) throws(JournalError) -> IncidentMatch {
        func kept(_ filter: IncidentFilter) throws(JournalError) -> Bool { try !journal.incidents(filter) { _ in }.isEmpty }
        return IncidentMatch(
            app: try app.map { app throws(JournalError) in try kept(IncidentFilter(app: app, limit: 1)) ? nil : app } ?? nil,
            rule: try rule.map { rule throws(JournalError) in try kept(IncidentFilter(rule: rule, limit: 1)) ? nil : rule } ?? nil,
            runtime: try runtime.map { name throws(JournalError) in try kept(IncidentFilter(runtime: name, limit: 1)) ? nil : name } ?? nil)
    }
}
