import Engine
import Guard
import Model
import Policy
import Signals

/// Runs policies over the history of runtimes, a tick at the end of each minute. The same engine and guard as live; in the
/// place of answers stand the minutes that were kept of them.
///
/// A minute in which nobody looked has no tick, as there was none then. It begins without any state: what was open at that
/// time opens when its condition has held anew.
public struct HistoryReplay: Sendable {
    public private(set) var pipeline: Pipeline
    private var signals: [String: HistorySignals] = [:]
    private var clocks: [String: ObservationClock] = [:]
    private var restarts: [String: Timestamp] = [:]
    /// How many restarts the window of the newest minute showed.
    private var restartCounts: [String: Double] = [:]
    private let demand: [SeriesRef]
    private let options: SignalOptions

    public init(settings: MonitorSettings, policies: PolicySet) {
        pipeline = Pipeline(settings: settings, policies: policies)
        // What was not done then changed nothing.
        pipeline.verifiesLeases = false
        demand = policies.demand.map(\.series) + GuardReadings.demand
        var options = SignalOptions(
            interval: settings.interval, perfShare: settings.perfShare, missingAfter: policies.missingAfter,
            stalledAfter: policies.stalledAfter, window: policies.window, price: settings.price)
        options.zone = settings.telling.zone
        options.retain(for: demand)
        self.options = options
    }

    /// How far before the first tick history is needed, so that every window and function is full.
    public var lookBack: TimeSpan { max(options.longestWindow, options.ranges.values.max() ?? .zero) + .minutes(1) }

    /// Takes in the next minute of a runtime and judges its end. Nil when that was not asked for, or nobody looked then.
    /// Minutes of one runtime come in order; those of several are to be given by time.
    public mutating func take(_ rows: [RecordedHistory.Row], of runtime: String, judges: Bool = true) -> TickResult? {
        guard let whole = rows.first, whole.app == nil else { return nil }
        // Taken out while it changes, so that there is one owner and nothing is copied.
        var state = signals.removeValue(forKey: runtime) ?? HistorySignals(runtime: runtime, options: options)
        defer { signals[runtime] = state }
        state.take(rows)
        guard state.newest?.minute == whole.minute else { return nil }
        let now = Timestamp(minute: whole.minute + 1)
        guard note(whole, of: runtime, at: now), judges, let clock = clocks[runtime],
            let readings = state.readings(demand: demand)
        else { return nil }
        let result = pipeline.judge(readings, clock: clock, restartedAt: restarts[runtime], now: now)
        // What was decided lands at once, as at a gate, and what ended is over.
        if !result.plan.leaseChanges.isEmpty { pipeline.landLeases(now: now) }
        return result
    }

    /// Notes which endpoints were heard of in a minute. False when none was.
    private mutating func note(_ whole: RecordedHistory.Row, of runtime: String, at now: Timestamp) -> Bool {
        var clock = clocks[runtime] ?? ObservationClock(interval: options.interval)
        defer { clocks[runtime] = clock }
        if whole.readings.indices.contains(Int(Signal.restarts.rawValue)),
            case .value(let count) = whole.readings[Int(Signal.restarts.rawValue)]
        {
            // A restart stays in the window for a while; it happened when it came into it.
            if count > restartCounts[runtime] ?? 0 { restarts[runtime] = now }
            restartCounts[runtime] = count
        }
        guard let watch = whole.watch else {
            // Rows of earlier versions do not say; in a watched minute everything was asked.
            guard whole.watched > 0 || whole.readings.contains(where: { $0.value != nil }) else { return false }
            for endpoint in WatchMinute.endpoints where endpoint != .gate { clock.note(endpoint, at: now) }
            return true
        }
        for (endpoint, interval) in zip(watch.polled, watch.intervals) {
            clock.setInterval(TimeSpan(milliseconds: interval), of: endpoint)
            if endpoint == .perf { clock.setInterval(TimeSpan(milliseconds: interval), of: .perfChats) }
        }
        for endpoint in watch.polled where watch.hasHeard(of: endpoint) { clock.note(endpoint, at: now) }
        return watch.heard != 0
    }
}
