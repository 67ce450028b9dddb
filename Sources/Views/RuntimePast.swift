import Cycle
import Journal
import Model
import Signals

/// A stretch of the past in whole steps, as charts show it.
public struct PastRange: Hashable, Sendable {
    /// The longest that is drawn.
    public static let longest = TimeSpan.hours(24 * 31)
    /// Points of a curve at most: more than a phone has room for shows nothing more.
    private static let mostSteps: Int64 = 180
    private static let steps: [Int64] = [1, 2, 5, 10, 15, 30, 60, 120, 240, 360]

    /// UTC minutes since 1970.
    public let minutes: Range<Int64>
    /// Minutes of a step.
    public let step: Int64

    /// - Parameter until: the minute that it lies in is left out; at most ``longest`` after `from`.
    public init(from: Timestamp, until: Timestamp) {
        let (first, last) = (from.minute, max(until.minute, from.minute + 1))
        let step = PastRange.steps.first { (last - first + $0 - 1) / $0 <= PastRange.mostSteps } ?? 360
        self.step = step
        minutes = (first - first % step)..<last
    }

    private init(minutes: Range<Int64>, step: Int64) {
        self.minutes = minutes
        self.step = step
    }

    /// The same without what lies before the step that a minute is in.
    func beginning(at minute: Int64) -> PastRange {
        let first = max(minutes.lowerBound, minute - minute % step)
        return PastRange(minutes: min(first, minutes.upperBound - 1)..<minutes.upperBound, step: step)
    }

    /// The same without what lies behind a minute.
    func ending(at minute: Int64) -> PastRange {
        PastRange(minutes: minutes.lowerBound..<max(minutes.lowerBound + 1, min(minute, minutes.upperBound)), step: step)
    }

    /// The same with what lies before a minute.
    func reaching(to minute: Int64) -> PastRange {
        PastRange(minutes: minutes.lowerBound..<max(minutes.upperBound, minute), step: step)
    }

    /// Steps, the last of which may not be whole.
    public var count: Int { Int((Int64(minutes.count) + step - 1) / step) }
    public var from: Timestamp { Timestamp(minute: minutes.lowerBound) }
    public var until: Timestamp { Timestamp(minute: minutes.upperBound) }
    /// When a step was over.
    public func end(of step: Int) -> Timestamp {
        Timestamp(minute: min(minutes.lowerBound + (Int64(step) + 1) * self.step, minutes.upperBound))
    }
}

/// What a runtime's charts show of a stretch of its past. In a step of several minutes lines show the worst of them, so that
/// no peak that crossed a threshold is lost; what is stacked by app shows the mean of those that were seen.
public struct RuntimePast: Sendable {
    /// One curve, or one layer of a stack. A step without evidence is nil.
    public struct Series: Sendable {
        public enum Name: Hashable, Sendable {
            case signal(Signal)
            case app(AppID)
            /// The apps that have no layer of their own.
            case rest(isAll: Bool)
            /// What ran in minutes in which no app is on record with it: whose it was is not known.
            case untold
        }

        public let name: Name
        public let values: [Double?]
        /// Of so many steps at the end the newest value stands for the end: the last minute's comes some seconds after it.
        let present: Int

        init(name: Name, values: [Double?], present: Int = 2) {
            self.name = name
            self.values = values
            self.present = present
        }

        /// At the end of the range; nil where there was no evidence then, whatever there was before.
        public var newest: Double? { newest(of: values) }
        /// The same of what is made of it step by step.
        public func newest(of values: [Double?]) -> Double? { newestStep(of: values).flatMap { values[$0] } }
        /// The step that it is of.
        public func newestStep(of values: [Double?]) -> Int? { values.indices.suffix(present).last { values[$0] != nil } }
    }

    /// A stretch without evidence, with the reason for people.
    public struct Gap: Hashable, Sendable {
        /// UTC minutes since 1970.
        public internal(set) var minutes: Range<Int64>
        public let reason: String
    }

    public struct Panel: Sendable {
        public let title: String
        public let signals: [Signal]
        /// By app, the layers from the bottom up.
        public let isStacked: Bool
        public let series: [Series]
        public let gaps: [Gap]
        /// That nothing of it is read any more, by the newest polls.
        public let blackout: Blackout?
        /// That the newest health checks say no, and nothing of it.
        public let isLeftOut: Bool
        /// The last minutes, of which something was read that is not on record yet: neither a gap nor nothing.
        public let unwritten: Range<Int64>?

        init(
            title: String, signals: [Signal], isStacked: Bool, series: [Series], gaps: [Gap], blackout: Blackout? = nil,
            isLeftOut: Bool = false, unwritten: Range<Int64>? = nil
        ) {
            self.unwritten = unwritten
            self.title = title
            self.signals = signals
            self.isStacked = isStacked
            self.series = series
            self.gaps = gaps
            self.blackout = blackout
            self.isLeftOut = isLeftOut
        }

        /// The same with other contents.
        init(
            _ panel: Panel, series: [Series], gaps: [Gap]? = nil, blackout: Blackout? = nil, isLeftOut: Bool = false,
            unwritten: Range<Int64>? = nil
        ) {
            self.init(
                title: panel.title, signals: panel.signals, isStacked: panel.isStacked, series: series, gaps: gaps ?? panel.gaps,
                blackout: blackout, isLeftOut: isLeftOut, unwritten: unwritten)
        }

        public var unit: Unit { signals[0].info.unit }
        /// Whether anything was seen at all.
        public var hasEvidence: Bool { series.contains { $0.values.contains { $0 != nil } } }
    }

    /// What is drawn, in this order.
    public static let panels: [(title: String, signals: [Signal], isStacked: Bool)] = [
        ("Concurrent runs by app", [.activeRuns], true),
        ("Error rate", [.errorRate], false),
        ("Turn latency, half and 95 % of turns", [.turnLatencyP50, .turnLatencyP95], false),
        ("Tokens by app", [.tokens], true),
        ("Cost by app", [.cost], true),
        ("Active websockets", [.websockets], false),
        ("MongoDB latency", [.mongodbLatency], false),
    ]

    /// The same of what is watched beside runtimes: one process each, so nothing is stacked.
    static func panels(of kind: WatchedKind) -> [(title: String, signals: [Signal], isStacked: Bool)] {
        switch kind {
        case .runtime: panels
        case .host:
            [
                ("Processors", [.cpu, .cpuThrottled], false), ("Memory", [.memory, .swap], false),
                ("Left on the fullest disk", [.diskFree, .inodesFree], false),
                ("Waiting for processors, memory, disks", [.pressureCPU, .pressureMemory, .pressureIO], false), ("Load", [.load], false),
            ]
        case .service: [("Answers", [.up], false), ("Time to answer", [.latency], false), ("Certificate", [.certificateDays], false)]
        }
    }

    /// What a line is called where several are in one panel, whose title says of what they are.
    public static func words(for signal: Signal) -> String {
        switch signal {
        case .turnLatencyP50: "half"
        case .turnLatencyP95: "95 %"
        case .cpu: "busy"
        case .cpuThrottled: "held back"
        case .diskFree: "space"
        case .inodesFree: "inodes"
        case .pressureCPU: "processors"
        case .pressureIO: "disks"
        case .pressureMemory: "memory"
        default: signal.name
        }
    }

    /// Whether little of it is bad: of a step the lowest minute is shown, and a threshold may be one to stay above.
    public static func isWorstLow(_ signal: Signal) -> Bool {
        switch signal {
        case .up, .diskFree, .inodesFree, .certificateDays: true
        default: false
        }
    }

    /// Layers of a stack with a name of their own.
    static let mostLayers = 5
    /// Apps that are told apart while it is read; of more those that come later are among the rest.
    static let mostApps = 2_000
    /// Rows that one reading takes in: whoever looks is not to hold up others for longer than a second or two.
    private static let mostRows = 1_500_000
    /// Minutes that a closed one may take to be on disk.
    private static let latest: Int64 = 3
    static let nobodyLooked = "nobody looked"

    /// Why nothing is drawn.
    public enum Failure: Error {
        /// Of that time there is no history.
        case nothingKept
        /// There is too much of it.
        case tooMuch
        case unreadable
    }

    public let runtime: String
    /// What is drawn: the asked for without what lies before the first minute that was ever kept.
    public internal(set) var range: PastRange
    public internal(set) var panels: [Panel]
    /// Restarts that were seen.
    public let restarts: [Timestamp]

    /// - Parameters:
    ///   - now: what was not over then cannot be missing.
    ///   - price: as ``MonitorSettings/price``.
    public init(
        _ journal: Journal, runtime: String, _ asked: PastRange, now: Timestamp, price: TokenPrice?
    ) throws(Failure) {
        var builder: PastBuilder?
        do {
            var past = try RecordedHistory(journal, runtime: runtime, minutes: asked.minutes)
            var rows = 0
            while let minute = try past.next() {
                guard let whole = minute.first, whole.app == nil else { continue }
                rows += minute.count
                guard rows <= RuntimePast.mostRows else { throw Failure.tooMuch }
                if builder == nil {
                    // What lies before the first minute that was ever kept is no gap.
                    let known = try journal.historyRuntimes().first { $0.runtime.isSame(as: runtime) }
                    let begun = try known.map { try RecordedHistory.firstMinute(journal, runtime: runtime, in: $0.minutes) }
                    let first = max(asked.minutes.lowerBound, begun ?? whole.minute)
                    builder = PastBuilder(asked.beginning(at: first), whole.watch?.kind ?? .runtime, price)
                }
                builder?.take(minute)
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw .unreadable
        }
        guard var builder else { throw .nothingKept }
        // Nor is a minute that is over and not yet written.
        builder.end(at: now.minute - builder.next <= RuntimePast.latest ? builder.next : min(asked.minutes.upperBound, now.minute))
        self.runtime = runtime
        range = builder.range
        restarts = builder.restarts
        panels = builder.panels
    }
}
