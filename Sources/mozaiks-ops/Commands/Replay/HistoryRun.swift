import Composition
import Configuration
import Cycle
import Glibc
import Journal
import Model
import Policy
import Views

/// One run of policies over the journal's history, for `replay`.
struct HistoryRun {
    private let invocation: Invocation
    private let journal: Journal
    private let settings: MonitorSettings
    private let runtimes: [String]
    /// UTC minutes since 1970.
    private let minutes: Range<Int64>
    private let new: (name: String, policies: PolicySet)
    private let against: (name: String, policies: PolicySet)?

    /// Reads the configuration and the policies, and looks what history there is.
    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        let arguments = invocation.arguments
        let now = invocation.clock.now()
        let since = try invocation.moment("since", now: now)
        let until = try invocation.moment("until", now: now) ?? now
        let mode = try invocation.mode()
        let configuration = try invocation.configuration(takesPolicies: false)
        let proposed = try arguments.value("policies").map { ($0, try invocation.policies(folder: $0)) }
        let named = try arguments.value("against").map { ($0, try invocation.policies(folder: $0)) }
        let own: (String, PolicySet)? =
            named == nil ? (HistoryRun.name(configuration), try invocation.policies(configuration)) : nil
        guard let current = named ?? own else { throw UsageError("no policies") }
        new = proposed ?? current
        against = proposed == nil ? nil : current
        journal = try invocation.journalForReading(configuration)
        let known = try journal.historyRuntimes()
        let wanted = arguments.all("runtime")
        for name in wanted where !known.contains(where: { $0.runtime.isSame(as: name) }) {
            throw CommandFailure(
                "there is no history of a runtime '\(name)' in \(configuration.state.value)",
                hint: known.isEmpty
                    ? "'run', and 'check' from cron, write it as they go" : "there is of: \(known.map(\.runtime).joined(separator: ", "))")
        }
        let chosen = known.filter { known in
            wanted.isEmpty || wanted.contains { $0.isSame(as: known.runtime) }
        }
        guard let first = chosen.map(\.minutes.lowerBound).min(), let last = chosen.map(\.minutes.upperBound).max() else {
            throw CommandFailure(
                "there is no history in \(configuration.state.value) yet",
                hint: "'run', and 'check' from cron, write it as they go; a tape can be replayed at once")
        }
        let from = max((since ?? now - .hours(24 * 7)).minute, first)
        let to = min(until.minute, last + 1)
        guard from < to else {
            throw CommandFailure(
                "there is no history in that time",
                hint: "it reaches from \(Timestamp(minute: first)) to \(Timestamp(minute: last + 1))")
        }
        minutes = from..<to
        runtimes = chosen.map(\.runtime)
        var settings = Assembly.settings(configuration)
        if let mode { settings.mode = mode }
        self.settings = settings
    }

    private static func name(_ configuration: Configuration) -> String {
        configuration.policies.value.map { "\($0) (configured)" } ?? "the built-in policy (configured)"
    }

    // MARK: - The run

    func report() throws -> ReplayReport {
        defer { journal.close() }
        let progress = ReplayProgress(minutes)
        let outcome = try HistoryRunner(journal, settings: settings, runtimes: runtimes, minutes: minutes)
            .run([new.policies] + (against.map { [$0.policies] } ?? [])) { minute, _ in progress.show(minute) }
        progress.end()
        var stories = outcome.stories
        if let app = invocation.arguments.value("app") { stories = stories.map { $0.only(AppID(app)) } }
        return ReplayReport(
            source: "history", runtimes: runtimes, from: Timestamp(minute: minutes.lowerBound),
            to: Timestamp(minute: minutes.upperBound), judged: "\(outcome.judged) minute\(outcome.judged == 1 ? "" : "s") judged",
            gaps: outcome.gaps,
            side: .init(name: new.name, story: stories[0]),
            against: against.map { .init(name: $0.name, story: stories[1]) },
            caveats: [ReplayCaveat.minutes, ReplayCaveat.counterfactual, ReplayCaveat.beginning, ReplayCaveat.people]
                + ReplayCaveat.lacking([new.policies] + (against.map { [$0.policies] } ?? [])))
    }
}

/// How far a long replay is, on the last line of a terminal's standard error.
private final class ReplayProgress {
    private let minutes: Range<Int64>
    private let isShown = isatty(STDERR_FILENO) == 1
    private var shown: Int64 = -1

    init(_ minutes: Range<Int64>) {
        self.minutes = minutes
    }

    func show(_ minute: Int64) {
        guard isShown, minute >= minutes.lowerBound else { return }
        let percent = (minute - minutes.lowerBound) * 100 / Int64(minutes.count)
        guard percent != shown else { return }
        shown = percent
        write("\r  \(Timestamp(minute: minute).dateAndMinute)  \(percent) % ", to: STDERR_FILENO)
    }

    func end() {
        if shown >= 0 { write("\r\u{1B}[K", to: STDERR_FILENO) }
    }
}
