/// What is made of the UTC-aligned minutes of a signal's past.
public enum HistoryFunction: String, Hashable, Sendable, CaseIterable {
    /// Mean, minimum, maximum of the minutes in the range that have a value.
    case avg, min, max
    /// Median of the non-zero minutes in the range before the policy's window; missing below 30 of them.
    case baseline
    /// Mean of the last third over mean of the first (first 0 and last above 0: infinite; both 0: 1).
    case rise
    /// Median distance of those minutes from their baseline, scaled to a standard deviation: a scale that outliers do
    /// not stretch.
    case mad
    /// How many standard errors the newest window lies above its own usual, by what counts of this size do by chance
    /// and by what windows did before.
    case spike
    /// Growth over its own usual as a multiple of the growth of the rest of the runtime; of a runtime its own growth.
    case outgrew
    /// By how much the newest window lies above what its usual and the growth of the rest explain; 0 within chance.
    case excess
    /// Where a straight line through the minutes, by least squares, is some time ahead.
    case predict
    /// A rate over a window that is long over, or a gauge of a minute that is: `tokens[1h] offset 7d`. Conditions have no name
    /// for it, the offset says it.
    case earlier = "(earlier)"
    /// What a rate adds up to since the day or the month began: `cost[today]`. Conditions have no name for it, the bracket says it.
    case total = "(total)"

    /// Those that conditions call by a name.
    public static let named = allCases.filter { !$0.rawValue.hasPrefix("(") }

    /// Whether it compares the newest window with the windows before it.
    public var comparesWindows: Bool { self == .spike || self == .outgrew || self == .excess }
}

/// A reading that a condition asks for: a signal, over what, and whose.
public struct SeriesRef: Hashable, Sendable {
    public enum Scope: UInt8, Hashable, Sendable {
        /// The rule's own subject.
        case own
        /// The runtime of the rule's subject (`runtime.` in an app's condition).
        case runtime
        /// The app of the rule's subject (`app.` in a workflow's condition).
        case app
        /// The rule's own subject, a workflow: apart from `own`, so that workflows are counted only where a rule asks for them.
        case workflow

        /// As conditions write it before a signal: `runtime.`, `app.`; empty for the rule's own subject.
        public var prefix: String {
            switch self {
            case .own, .workflow: ""
            case .runtime: "runtime."
            case .app: "app."
            }
        }

        /// Whether it is read of an app.
        public var isOfApp: Bool { self == .own || self == .app }
    }

    public let signal: Signal
    /// What of a page of metrics; nil for every signal but `metric`.
    public let metric: MetricQuery?
    public let scope: Scope
    /// The window of a rate, ratio, quantile or count; nil for gauges and under a function.
    public let window: TimeSpan?
    /// A function over history with its range; nil for the plain reading.
    public let function: HistoryFunction?
    public let range: TimeSpan?
    /// For `baseline`: the policy's window, whose minutes are left out.
    public let exclude: TimeSpan?
    /// How long ago the range ended; nil: with the newest minute.
    public let offset: TimeSpan?
    /// Of a total, since when.
    public let period: CalendarPeriod?
    /// Of `predict`: how far ahead.
    public let ahead: TimeSpan?

    public init(
        signal: Signal, scope: Scope = .own, window: TimeSpan? = nil, function: HistoryFunction? = nil,
        range: TimeSpan? = nil, exclude: TimeSpan? = nil, offset: TimeSpan? = nil, ahead: TimeSpan? = nil
    ) {
        metric = nil
        self.signal = signal
        self.scope = scope
        self.window = window
        self.function = function
        self.range = range
        self.exclude = exclude
        self.offset = offset
        self.ahead = ahead
        period = nil
    }

    /// What a rate adds up to since a day or a month began.
    public init(total signal: Signal, of period: CalendarPeriod, scope: Scope = .own) {
        self.signal = signal
        self.scope = scope
        self.period = period
        function = .total
        (metric, window, range, exclude, offset, ahead) = (nil, nil, nil, nil, nil, nil)
    }

    /// - Parameter window: of a rate, a growth or a quantile; nil for what is read at a moment.
    public init(metric: MetricQuery, scope: Scope = .own, window: TimeSpan? = nil) {
        self.metric = metric
        signal = .metric
        self.scope = scope
        self.window = window
        (function, range, exclude, offset, period, ahead) = (nil, nil, nil, nil, nil, nil)
    }

    /// Where a line through what a page showed is some time ahead.
    public init(predicted metric: MetricQuery, scope: Scope = .own, range: TimeSpan, ahead: TimeSpan) {
        self.metric = metric
        signal = .metric
        self.scope = scope
        function = .predict
        self.range = range
        self.ahead = ahead
        (window, exclude, offset, period) = (nil, nil, nil, nil)
    }

    /// The same of the rule's own subject.
    public var ofSubject: SeriesRef {
        if let metric {
            guard let range, let ahead else { return SeriesRef(metric: metric, window: window) }
            return SeriesRef(predicted: metric, range: range, ahead: ahead)
        }
        if let period { return SeriesRef(total: signal, of: period) }
        return SeriesRef(signal: signal, window: window, function: function, range: range, exclude: exclude, offset: offset, ahead: ahead)
    }

    /// What `too_little_data` says of it, where that is not that it was not watched for long enough up to now.
    public var lackOfData: String? {
        if offset != nil { return "nothing was kept of that time" }
        return switch period {
        case .today: "not watched all the time since midnight"
        case .thisMonth: "not watched all the time since the first of the month"
        case nil: nil
        }
    }

    /// How far a function looks back; nil for the plain reading.
    public var reach: TimeSpan? {
        guard function != nil, let range else { return nil }
        return range + (offset ?? .zero)
    }
}

extension SeriesRef: CustomStringConvertible {
    /// As written in a condition, with the window always shown: `error_rate[5m]`, `baseline(tokens[24h])`,
    /// `runtime.active_runs`, `tokens[1h] offset 7d`, `cost[today]`, `metric("http_requests_total", code="500").rate[5m]`.
    public var description: String {
        let name = scope.prefix + (metric?.description ?? signal.name)
        if let period { return "\(name)[\(period.rawValue)]" }
        let behind = offset.map { " offset \($0)" } ?? ""
        if let function, let range {
            if function == .earlier { return (signal.isWindowed ? "\(name)[\(range)]" : name) + behind }
            return "\(function.rawValue)(\(name)[\(range)]\(behind)\(ahead.map { ", \($0)" } ?? ""))"
        }
        if let window { return "\(name)[\(window)]" }
        return name
    }
}
