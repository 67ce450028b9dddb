import Model

/// When endpoints of runtimes could not be read, from what each look at them said: for the gaps of a report.
public struct UnreadableStretches: Sendable {
    public struct Stretch: Hashable, Sendable {
        public let runtime: String
        public let endpoint: Endpoint
        public let from: Timestamp
        public var to: Timestamp
        /// As it was first.
        public let reason: MissingReason
    }

    private struct Key: Hashable {
        let runtime: String
        let endpoint: Endpoint
    }

    private var open: [Key: Stretch] = [:]
    private var closed: [Stretch] = []
    /// What was read at some time: a build that never had an endpoint lacks nothing.
    private var known: Set<Key> = []

    public init() {}

    /// Takes in what was read at a moment: of each endpoint that was asked the reason why it said nothing, nil where it did.
    public mutating func note(_ runtime: String, at moment: Timestamp, _ reasons: [(endpoint: Endpoint, reason: MissingReason?)]) {
        for (endpoint, reason) in reasons {
            let key = Key(runtime: runtime, endpoint: endpoint)
            guard let reason, UnreadableStretches.isLoss(reason) else {
                if reason == nil { known.insert(key) }
                if var over = open.removeValue(forKey: key) {
                    over.to = moment
                    closed.append(over)
                }
                continue
            }
            if case .error(status: 404) = reason, !known.contains(key) { continue }
            open[key] = open[key] ?? Stretch(runtime: runtime, endpoint: endpoint, from: moment, to: moment, reason: reason)
            open[key]?.to = moment
        }
    }

    private static func isLoss(_ reason: MissingReason) -> Bool {
        switch reason {
        case .unreachable, .unauthorized, .error, .malformed, .partial: true
        case .notTracked, .deadCounter, .stale, .tooLittleData, .noTraffic, .contradictory, .ambiguous: false
        }
    }

    /// Those of at least that length, in the order of time; one that goes on ends where it was last seen.
    public func all(ofAtLeast least: TimeSpan) -> [Stretch] {
        (closed + open.values).filter { $0.to - $0.from >= least }.sorted {
            ($0.from, $0.runtime, $0.endpoint.path, $0.to) < ($1.from, $1.runtime, $1.endpoint.path, $1.to)
        }
    }
}
