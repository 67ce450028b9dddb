import Cycle
import Journal
import Model
import Signals

/// What each app of a runtime used since a month began, by the minutes that the journal holds: added up once, and then carried on
/// minute by minute, since a month of a thousand apps is much to read.
///
/// A minute of which nothing is known adds nothing and counts as not known: a sum is of what was seen, and says of how much of the
/// time that is.
public struct MonthLedger: Sendable {
    /// Rows that one look takes in: whoever looks waits for no more. The rest comes with the next look.
    private static let mostRows = 400_000
    /// Apps that are told apart.
    private static let mostApps = 20_000
    /// Minutes that a closed one may take to be on disk.
    private static let latest: Int64 = 15

    public let runtime: String
    /// The first minute of the month, in UTC minutes since 1970.
    public let begins: Int64
    /// The minute behind the newest that is added.
    public private(set) var next: Int64
    /// Whether it is added up to now.
    public private(set) var isWhole = false
    /// The first minute that the journal holds of the month; nil: none.
    public private(set) var first: Int64?
    private var total = Sums()
    private var apps: [AppID: Sums] = [:]
    private var tokens = Seen()
    private var cost = Seen()
    private var runs = Seen()

    /// Of what minutes tell of a figure, and why not where they do not.
    private struct Seen {
        var minutes: Int64 = 0
        var reason: MissingReason?

        /// - Returns: whether the minute tells.
        mutating func note(_ evidence: Evidence) -> Bool {
            switch evidence {
            case .value, .missing(.noTraffic):
                minutes += 1
                return true
            case .missing(let why):
                reason = why
                return false
            }
        }
    }

    private struct Sums {
        var tokens = 0.0
        var cost = 0.0
        var starts = 0.0

        mutating func add(_ other: Sums) {
            tokens += other.tokens
            cost += other.cost
            starts += other.starts
        }
    }

    /// A figure of the month: what was seen, and in how many of its minutes; or why nothing was.
    public struct Figure: Sendable, Equatable {
        public let value: Evidence
        /// Minutes of the month so far in which it was known.
        public let minutes: Int64
    }

    /// One app's month, or the runtime's.
    public struct Month: Sendable {
        public let begins: Timestamp
        /// Up to which it is added.
        public let until: Timestamp
        public let isWhole: Bool
        /// Since when the journal holds anything of it.
        public let kept: Timestamp?
        /// Tokens.
        public let tokens: Figure
        /// USD.
        public let cost: Figure
        /// Runs started.
        public let runs: Figure
        /// Minutes of the month so far.
        public var minutes: Int64 { until.minute - begins.minute }
    }

    public init(runtime: String, begins: Timestamp) {
        self.runtime = runtime
        self.begins = begins.minute
        next = begins.minute
    }

    /// Adds what came since.
    /// - Parameter price: as ``MonitorSettings/price``.
    public mutating func add(_ journal: Journal, now: Timestamp, price: TokenPrice?) throws(JournalError) {
        let end = now.minute
        guard next < end else { return }
        var past = try RecordedHistory(journal, runtime: runtime, minutes: next..<end)
        var rows = 0
        isWhole = true
        while let minute = try past.next() {
            guard let whole = minute.first, whole.app == nil, whole.minute >= next else { continue }
            guard rows <= MonthLedger.mostRows else {
                isWhole = false
                return
            }
            rows += minute.count
            first = first ?? whole.minute
            take(minute, whole, price)
            next = whole.minute + 1
        }
        // What nobody looked at is over as well, once what may still come to the disk is there.
        next = max(next, end - MonthLedger.latest)
    }

    private mutating func take(_ rows: [RecordedHistory.Row], _ whole: RecordedHistory.Row, _ price: TokenPrice?) {
        func reading(_ signal: Signal) -> Evidence {
            let raw = Int(signal.rawValue)
            return raw < whole.readings.count ? whole.readings[raw] : .missing(.notTracked)
        }
        let knowsTokens = tokens.note(reading(.tokens))
        let knowsCost = cost.note(reading(.cost))
        let knowsRuns = runs.note(reading(.runStarts))
        guard knowsTokens || knowsCost || knowsRuns else { return }
        for row in rows.dropFirst() {
            guard let app = row.app else { continue }
            var sums = Sums()
            if knowsTokens { sums.tokens = row.sums.promptTokens + row.sums.completionTokens }
            // What it says is by the hour, of a minute of which so much was watched.
            if knowsCost, case .value(let rate) = row.reading(.cost, of: whole, price: price), rate.isFinite {
                sums.cost = rate / 60 * max(whole.watched, MonthLedger.leastCoverage)
            }
            if knowsRuns { sums.starts = row.sums.starts }
            total.add(sums)
            guard apps[app] != nil || apps.count < MonthLedger.mostApps else { continue }
            apps[app, default: Sums()].add(sums)
        }
    }

    /// As readings of a minute have it.
    private static let leastCoverage = 0.2

    /// An app's month. One that had no row was idle whenever somebody looked.
    public func month(of app: AppID) -> Month { month(apps[app] ?? Sums()) }

    /// All apps together.
    public var whole: Month { month(total) }

    private func month(_ sums: Sums) -> Month {
        func figure(_ value: Double, _ seen: Seen) -> Figure {
            Figure(value: seen.minutes > 0 ? .value(value) : .missing(seen.reason ?? .tooLittleData), minutes: seen.minutes)
        }
        return Month(
            begins: Timestamp(minute: begins), until: Timestamp(minute: next), isWhole: isWhole, kept: first.map { Timestamp(minute: $0) },
            tokens: figure(sums.tokens, tokens), cost: figure(sums.cost, cost), runs: figure(sums.starts, runs))
    }
}

extension MonthLedger.Month {
    public var document: JSON {
        func figure(_ figure: MonthLedger.Figure) -> JSON {
            var object = JSONObject()
            switch figure.value {
            case .value(let value): object.append("value", .figure(value))
            case .missing(let reason): object.append("missing", .string("\(reason)"))
            }
            object.append("known_minutes", .int(figure.minutes))
            return .object(object)
        }
        return [
            "since": .moment(begins), "until": .moment(until), "whole": .bool(isWhole), "kept_since": .moment(kept),
            "minutes": .int(minutes), "tokens": figure(tokens), "cost_usd": figure(cost), "runs_started": figure(runs),
        ]
    }
}
