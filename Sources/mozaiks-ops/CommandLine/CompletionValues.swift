import Ambient
import Composition
import Configuration
import Cycle
import Guard
import Journal
import Model
import Playbooks
import Policy
import Simulator
import Views
import Web

/// Words that are not in the table of commands: what the journal and the configuration hold. Whatever cannot be read is
/// left out without a word, since whoever presses a key wants no message; nothing is written or sent.
struct CompletionValues {
    typealias Candidate = Completion.Candidate
    private let environment: Environment
    private let loader: ConfigurationLoader
    private let now: Timestamp

    /// - Parameter words: the command line so far: `--state`, `--config` and `--policies` on it count.
    init(_ words: [String], environment: Environment, now: Timestamp) {
        func value(_ option: String) -> String? {
            guard let index = words.lastIndex(of: option), index + 1 < words.count else {
                return words.last { $0.hasPrefix(option + "=") }.map { String($0.dropFirst(option.count + 1)) }
            }
            let next = words[index + 1] == "=" && index + 2 < words.count ? words[index + 2] : words[index + 1]
            return next.isEmpty ? nil : next
        }
        self.environment = environment
        self.now = now
        loader = ConfigurationLoader(
            ConfigurationFlags(config: value("--config"), state: value("--state"), policies: value("--policies")), in: environment)
    }

    private var configuration: Configuration? { try? loader.load() }
    private var journal: Journal? {
        guard let folder = try? StateFolder(existing: loader.stateFolder().folder.value) else { return nil }
        return try? Journal.open(folder, mode: .reader)
    }

    private var policies: PolicySet {
        configuration.flatMap { try? Assembly.loadPolicies($0) } ?? PolicySet.embeddedDefault
    }

    private func incidentRows(_ limit: Int = 200) -> [IncidentRow] {
        (try? journal?.incidents(IncidentFilter(limit: limit)) { _ in }) ?? []
    }

    /// Those that are open before those that are over, each newest first.
    var incidents: [Candidate] {
        guard let journal, let rows = try? journal.incidents(IncidentFilter(limit: 100), damaged: { _ in }) else { return [] }
        let short = ShortNames.of(ids: rows.map(\.id), in: journal)
        let sorted = rows.filter { $0.status != .resolved } + rows.filter { $0.status == .resolved }
        return sorted.map { row in
            Candidate(ShortNames.shown(row.id, short), "\(row.status.rawValue): \(row.rule) on \(row.subject)")
        }
    }

    var rules: [Candidate] {
        var found: [Candidate] = []
        let set = policies
        for rule in set.allRules
        where !found.contains(where: { $0.word.isSame(as: rule.name) }) {
            found.append(Candidate(rule.name, rule.severity.rawValue))
        }
        return found.sorted { $0.word.precedes($1.word) }
    }

    /// Apps that have a policy of their own, incidents or leases, and those that whoever polled has seen.
    var apps: [Candidate] {
        var found = Set(incidentRows().compactMap(\.subject.app))
        found.formUnion(((try? journal?.unfinishedLeases()) ?? []).map(\.key.app))
        found.formUnion(policies.policies.compactMap(\.app))
        if let configuration { found.formUnion(SilencesCommand.seenApps(configuration)) }
        // Whole, since a shortened one is nobody's; one that is no text cannot be typed.
        return found.sorted().filter { $0.text.utf8.elementsEqual($0.bytes) }.map { Candidate($0.text) }
    }

    var runtimes: [Candidate] {
        (configuration?.runtimes ?? []).map { Candidate($0.name, $0.finding?.shown ?? $0.replicas.joined(separator: ", ")) }
    }

    var channels: [Candidate] { (configuration?.channels ?? []).map { Candidate($0.name) } }

    var leases: [Candidate] {
        ((try? journal?.unfinishedLeases()) ?? []).map { Candidate($0.id, "\($0.key.app), \($0.state.rawValue)") }
    }

    var silences: [Candidate] {
        guard let journal, let kept = try? KeptDecisions(journal) else { return [] }
        return kept.telling.silences.filter { $0.isActive(now) }.map { Candidate($0.id, "\($0.match)") }
    }

    /// Offers that wait.
    var approvals: [Candidate] {
        guard let journal, let state = try? Pipeline.guardState(in: journal) else { return [] }
        return state.waitingApprovals(at: now).map { Candidate($0.id, "\($0.effect) for \($0.key.app)") }
    }

    var tokens: [Candidate] {
        guard let folder = try? StateFolder(existing: loader.stateFolder().folder.value) else { return [] }
        return ((try? TokenFile(folder).book())?.tokens ?? []).map { Candidate($0.name, $0.role.rawValue) }
    }

    var scenarios: [Candidate] { Scenario.all.map { Candidate($0.name, $0.summary) } }
    var playbooks: [Candidate] { PlaybookSet.builtIn.playbooks.map { Candidate($0.id, $0.title) } }
}
