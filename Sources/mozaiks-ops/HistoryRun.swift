import Configuration
import Glibc
import Journal
import Model
import Monitor
import Policy

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
        // What would have landed, had there been a gate.
        settings.landable = [.throttle, .pause, .disablePack]
        settings.channels = settings.channels.isEmpty ? ["replay"] : settings.channels
        let labels = Dictionary(settings.runtimes.map { ($0.name, $0.labels) }) { first, _ in first }
        settings.runtimes = runtimes.map { .init(name: $0, replicas: [], labels: labels[$0] ?? [:]) }
        self.settings = settings
    }

    private static func name(_ configuration: Configuration) -> String {
        configuration.policies.value.map { "\($0) (configured)" } ?? "the built-in policy (configured)"
    }

    // MARK: - The run

    func report() throws -> ReplayReport {
        defer { journal.close() }
        var sides = [HistoryReplay(settings: settings, policies: new.policies)]
        if let against { sides.append(HistoryReplay(settings: settings, policies: against.policies)) }
        var stories = sides.map { _ in ReplayStory() }
        let lookBack = sides.map(\.lookBack).max() ?? .zero
        var sources = try runtimes.map { try Source(journal, $0, minutes, lookBack) }
        let progress = ReplayProgress(minutes)
        var judged = 0
        var stretches = UnreadableStretches()
        while let index = Source.earliest(sources), let rows = try sources[index].take() {
            let minute = rows.first?.minute ?? 0
            let runtime = sources[index].runtime
            var ticked = false
            for side in sides.indices {
                guard let result = sides[side].take(rows, of: runtime, judges: minutes.contains(minute)) else { continue }
                let (telling, settings) = (sides[side].pipeline.telling, sides[side].pipeline.settings)
                stories[side].add(result) {
                    telling.holder(of: $0, environment: settings.environment, settings.telling, result.now) != nil
                }
                ticked = true
            }
            if ticked {
                judged += 1
                sources[index].judged(minute, rows.first?.watch?.intervals.max() ?? 0)
                if let whole = rows.first { stretches.note(runtime, at: Timestamp(minute: minute), HistoryRun.reasons(whole)) }
            }
            progress.show(minute)
        }
        progress.end()
        let gaps = (sources.flatMap { $0.gaps(upTo: minutes.upperBound) }
            + stretches.all(ofAtLeast: .minutes(2)).map(ReplayReport.Gap.init)).sorted { $0.from < $1.from }
        if let app = invocation.arguments.value("app") { stories = stories.map { $0.only(AppID(app)) } }
        return ReplayReport(
            source: "history", runtimes: runtimes, from: Timestamp(minute: minutes.lowerBound),
            to: Timestamp(minute: minutes.upperBound), judged: "\(judged) minutes judged", gaps: gaps,
            side: .init(name: new.name, story: stories[0]),
            against: against.map { .init(name: $0.name, story: stories[1]) },
            caveats: [ReplayCaveat.minutes, ReplayCaveat.counterfactual, ReplayCaveat.beginning, ReplayCaveat.people],
            terminal: invocation.terminal)
    }

    /// Why a minute says nothing of an endpoint, by the gauge that each is known by.
    private static func reasons(_ whole: RecordedHistory.Row) -> [(endpoint: Endpoint, reason: MissingReason?)] {
        let gauges: [(Endpoint, Signal)] = [(.health, .healthy), (.perf, .trackedChats), (.events, .uptime)]
        return gauges.compactMap { endpoint, signal in
            let raw = Int(signal.rawValue)
            return raw < whole.readings.count ? (endpoint, whole.readings[raw].reason) : nil
        }
    }

    /// One runtime's minutes, and which of them were judged.
    private struct Source {
        let runtime: String
        private var history: RecordedHistory
        private var next: MinuteRows?
        /// One past the newest minute that was judged.
        private var end: Int64
        private var unjudged: [Range<Int64>] = []

        typealias MinuteRows = [RecordedHistory.Row]

        init(_ journal: Journal, _ runtime: String, _ minutes: Range<Int64>, _ lookBack: TimeSpan) throws {
            self.runtime = runtime
            let first = minutes.lowerBound - lookBack.milliseconds / 60_000
            history = try RecordedHistory(journal, runtime: runtime, minutes: first..<minutes.upperBound)
            end = minutes.lowerBound
            next = try history.next()
        }

        static func earliest(_ sources: [Source]) -> Int? {
            sources.indices.filter { sources[$0].next != nil }.min { a, b in
                (sources[a].next?.first?.minute ?? 0, a) < (sources[b].next?.first?.minute ?? 0, b)
            }
        }

        mutating func take() throws -> MinuteRows? {
            let rows = next
            next = try history.next()
            return rows
        }

        /// A tick stands at the end of this minute; polls were `interval` ms apart.
        mutating func judged(_ minute: Int64, _ interval: Int64) {
            // Polls that are far apart leave minutes without one: no gap.
            if minute - end >= max(2, 3 * interval / 60_000) { unjudged.append(end..<minute) }
            end = minute + 1
        }

        func gaps(upTo last: Int64) -> [ReplayReport.Gap] {
            let all = unjudged + (last - end >= 3 ? [end..<last] : [])
            return all.map { gap in
                let isDamaged = history.damaged.contains { $0.overlaps(gap) }
                return ReplayReport.Gap(
                    runtime: runtime, from: Timestamp(minute: gap.lowerBound), to: Timestamp(minute: gap.upperBound),
                    reason: isDamaged ? "damaged in the journal" : "nobody looked")
            }
        }
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
