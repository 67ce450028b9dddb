import Journal
import Model
import Policy
import Signals

/// A stretch of the past of which a replay knows nothing, or less than it should.
public struct ReplayGap: Sendable {
    public let runtime: String
    public let from: Timestamp
    public let to: Timestamp
    /// `nobody looked`, `damaged in the journal`, `/api/health could not be read (error(502))`
    public let reason: String
    /// Nothing was seen at all, and a timeline is blank.
    public private(set) var isBlind = true

    public init(runtime: String, from: Timestamp, to: Timestamp, reason: String) {
        (self.runtime, self.from, self.to, self.reason) = (runtime, from, to, reason)
    }

    public init(_ stretch: UnreadableStretches.Stretch) {
        self.init(
            runtime: stretch.runtime, from: stretch.from, to: stretch.to,
            reason: "\(stretch.endpoint.called) could not be read (\(stretch.reason))")
        isBlind = false
    }
}

/// Runs sets of policies side by side over the journal's history of some runtimes.
public struct HistoryRunner {
    public struct Outcome {
        /// One for each set, in their order.
        public let stories: [ReplayStory]
        /// Minutes.
        public let judged: Int
        /// By their beginning.
        public let gaps: [ReplayGap]
    }

    private let journal: Journal
    private let settings: MonitorSettings
    private let runtimes: [String]
    /// UTC minutes since 1970.
    private let minutes: Range<Int64>

    /// - Parameters:
    ///   - settings: of whoever asks; of what they watch only the labels count, and which runtimes run on a host.
    ///   - minutes: UTC minutes since 1970.
    public init(_ journal: Journal, settings: MonitorSettings, runtimes: [String], minutes: Range<Int64>) {
        self.journal = journal
        self.runtimes = runtimes
        self.minutes = minutes
        var settings = settings
        // What would have landed, had there been a gate.
        settings.landable = [.throttle, .pause, .disablePack]
        settings.channels = settings.channels.isEmpty ? ["replay"] : settings.channels
        let known = Dictionary(settings.runtimes.map { ($0.name, $0) }) { first, _ in first }
        settings.runtimes = runtimes.map { name in
            .init(
                name: name, kind: known[name]?.kind ?? .runtime, replicas: [], labels: known[name]?.labels ?? [:],
                carries: known[name]?.carries ?? [])
        }
        self.settings = settings
    }

    /// - Parameter watch: told of each minute and of what the stories hold so far; what it throws ends the run.
    public func run(_ sets: [PolicySet], watch: (_ minute: Int64, _ size: Int) throws -> Void) throws -> Outcome {
        var sides = sets.map { HistoryReplay(settings: settings, policies: $0) }
        var stories = sides.map { _ in ReplayStory() }
        let lookBack = sides.map(\.lookBack).max() ?? .zero
        var sources = try runtimes.map { try Source(journal, $0, minutes, lookBack) }
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
                if let whole = rows.first { stretches.note(runtime, at: Timestamp(minute: minute), HistoryRunner.reasons(whole)) }
            }
            try watch(minute, stories.reduce(0) { $0 + $1.size })
        }
        let gaps =
            (sources.flatMap { $0.gaps(upTo: minutes.upperBound) }
            + stretches.all(ofAtLeast: .minutes(2)).map(ReplayGap.init)).sorted { $0.from < $1.from }
        return Outcome(stories: stories, judged: judged, gaps: gaps)
    }

    /// Why a minute says nothing of an endpoint, by the gauge that each is known by.
    private static func reasons(_ whole: RecordedHistory.Row) -> [(endpoint: Endpoint, reason: MissingReason?)] {
        let gauges: [(Endpoint, Signal)] =
            switch whole.watch?.kind ?? .runtime {
            case .runtime: [(.health, .healthy), (.perf, .trackedChats), (.events, .uptime), (.metrics, .metricSeries)]
            case .host: [(.host, .memory)]
            case .service: [(.probe, .up)]
            }
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

        func gaps(upTo last: Int64) -> [ReplayGap] {
            let all = unjudged + (last - end >= 3 ? [end..<last] : [])
            return all.map { gap in
                let isDamaged = history.damaged.contains { $0.overlaps(gap) }
                return ReplayGap(
                    runtime: runtime, from: Timestamp(minute: gap.lowerBound), to: Timestamp(minute: gap.upperBound),
                    reason: isDamaged ? "damaged in the journal" : "nobody looked")
            }
        }
    }
}
