import Cycle
import Journal
import Model
import Signals

/// Signals of a runtime, or of one of its apps, over a stretch of the past in whole steps: for documents.
public struct SignalPast {
    /// What stands for a step of several minutes, of those that have a value.
    public enum Fold: String, Sendable, CaseIterable {
        case mean, max, min, last
    }

    public enum Failure: Error {
        /// More than is read at once.
        case tooMuch
        /// No minute of that time has a row of the app.
        case unseen
    }

    public struct Point: Sendable {
        /// Where the step begins.
        public let at: Timestamp
        public let evidence: Evidence
        /// Minutes of it that have a value.
        public let minutes: Int
    }

    /// Points of an answer, of all its series together.
    public static let mostPoints = 20_000
    /// Rows that one reading takes in.
    private static let mostRows = 1_500_000
    /// Minutes that a closed one may take to be on disk.
    private static let latest: Int64 = 3

    /// In the order of the asked for; empty where there is no history of that time.
    public let series: [(signal: Signal, points: [Point])]
    private let step: Int64

    /// - Parameters:
    ///   - app: nil: the runtime itself.
    ///   - minutes: in UTC minutes since 1970; begins with a whole step.
    ///   - step: minutes.
    ///   - now: what was not over then cannot be missing.
    ///   - sight: what the newest polls show.
    ///   - price: as ``MonitorSettings/price``.
    /// - Throws: ``Failure``, and ``JournalError`` where the history cannot be read.
    public init(
        _ journal: Journal, runtime: String, app: AppID?, _ signals: [Signal], minutes: Range<Int64>, step: Int64, _ fold: Fold,
        now: Timestamp, sight: RuntimeSight?, price: TokenPrice?
    ) throws {
        self.step = step
        var past = try RecordedHistory(journal, runtime: runtime, minutes: minutes)
        var tallies = signals.map { _ in [Int64: Tally]() }
        var ends: (first: Int64, last: Int64)?
        var rows = 0
        var isSeen = app == nil
        while let minute = try past.next() {
            guard let whole = minute.first, whole.app == nil else { continue }
            rows += minute.count
            guard rows <= SignalPast.mostRows else { throw Failure.tooMuch }
            // What lies before the first minute that was ever kept is no gap.
            ends = (ends?.first ?? whole.minute, whole.minute)
            let own = app.flatMap { app in minute.dropFirst().first { $0.app == app } }
            isSeen = isSeen || own != nil
            for (place, signal) in signals.enumerated() {
                let evidence =
                    app.map { SignalPast.reading(signal, own ?? .init(minute: whole.minute, app: $0), whole, price) }
                    ?? SignalPast.reading(signal, whole)
                tallies[place][whole.minute / step, default: Tally()].add(evidence)
            }
        }
        guard isSeen else { throw Failure.unseen }
        guard let ends else {
            series = []
            return
        }
        // Nor is a minute that is over and not yet written.
        let behind = min(now.minute - ends.last <= SignalPast.latest ? ends.last + 1 : minutes.upperBound, minutes.upperBound)
        series = zip(signals, tallies).map { signal, tally in
            let blackout = sight.flatMap { Blackout(of: signal, in: $0, now: now) }
            let end = blackout == nil ? behind : min(minutes.upperBound, now.minute)
            let points = (ends.first / step...(max(end, behind) - 1) / step).compactMap { number -> Point? in
                let at = Timestamp(minute: number * step)
                if let seen = tally[number] { return seen.point(at: at, fold) }
                guard let blackout, number * step > ends.last else { return Tally().point(at: at, fold) }
                // The minute in which evidence ended is on record later.
                guard number * step >= blackout.firstMinute else { return nil }
                return Point(at: at, evidence: .missing(SignalPast.lasting(tally[ends.last / step]?.reason) ?? blackout.reason), minutes: 0)
            }
            return (signal: signal, points: points)
        }
    }

    /// Why a signal was missing, where no answer would change that.
    private static func lasting(_ reason: MissingReason?) -> MissingReason? {
        reason == .deadCounter || reason == .notTracked ? reason : nil
    }

    private struct Tally {
        var sum = 0.0
        var count = 0
        var most = -Double.infinity
        var least = Double.infinity
        var last = 0.0
        var reason: MissingReason?

        mutating func add(_ evidence: Evidence) {
            switch evidence {
            case .value(let value):
                sum += value
                count += 1
                most = max(most, value)
                least = min(least, value)
                last = value
            case .missing(let why): reason = why
            }
        }

        /// A step in which nobody looked has too little of everything.
        func point(at: Timestamp, _ fold: Fold) -> Point {
            guard count > 0 else { return Point(at: at, evidence: .missing(reason ?? .tooLittleData), minutes: 0) }
            let value =
                switch fold {
                case .mean: sum / Double(count)
                case .max: most
                case .min: least
                case .last: last
                }
            return Point(at: at, evidence: .value(value), minutes: count)
        }
    }

    private static func reading(_ signal: Signal, _ whole: RecordedHistory.Row) -> Evidence {
        whole.seen(signal)
    }

    /// What a minute says of an app. One without a row was idle while somebody looked.
    private static func reading(
        _ signal: Signal, _ row: RecordedHistory.Row, _ whole: RecordedHistory.Row, _ price: TokenPrice?
    ) -> Evidence {
        switch signal {
        case .gateStarts, .gateRefusals:
            if let reason = reading(signal, whole).reason { return .missing(reason) }
            let part = signal == .gateStarts ? row.gate.asked : row.gate.refused
            return .value(part / max(whole.watch?.gateWatched ?? 1, SignalPast.leastCoverage))
        case .silentRuns:
            // Where of all runs nothing is known, neither is it of these.
            if let reason = reading(.silentRunsShare, whole).reason, reason != .noTraffic { return .missing(reason) }
            return .value(row.silent / max(whole.watched, SignalPast.leastCoverage))
        default: return row.reading(signal, of: whole, price: price)
        }
    }

    /// As readings of a minute have it.
    private static let leastCoverage = 0.2

    /// Each series as `{"series": …, "unit": …, "points": […]}`; in steps of several minutes a point says how many of them have a
    /// value.
    public var documents: [JSON] {
        series.map { signal, points in
            [
                "series": .string(signal.name), "unit": .string(signal.unit.name),
                "points": .array(
                    points.map { point in
                        var object: JSONObject = ["at": .moment(point.at)]
                        switch point.evidence {
                        case .value(let value): object.append("value", value.isFinite ? .double(value) : "infinite")
                        case .missing(let reason): object.append("missing", .string("\(reason)"))
                        }
                        if step > 1 { object.append("minutes", .int(Int64(point.minutes))) }
                        return .object(object)
                    }),
            ]
        }
    }
}
