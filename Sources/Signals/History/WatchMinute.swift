import Model

/// What is kept of one minute of a runtime besides its chats: how it was polled, and the sums that signals of the whole
/// runtime are made of.
public struct WatchMinute: Hashable, Sendable {
    /// Ended runs of which it could be told whether anything happened, and those in which nothing did.
    public var judgedEnds = 0.0
    public var silentEnds = 0.0
    /// Growth of `chat.usage_delta`, and the part of the minute in which that was watched, 0...1.
    public var llmCalls = 0.0
    public var llmWatched = 0.0
    /// The part of the minute in which the gate's counts say something, 0...1; 0: the signals of the gate are missing.
    public var gateWatched = 0.0
    /// The endpoints that were heard of, with whatever outcome, as bits (`bit(of:)`). None: nobody looked.
    public var heard: UInt8 = 0
    /// ms between two polls, in the order of `polled`; without the last, the gate, where it was not read.
    public var intervals: [Int64] = []
    /// In the order of the configuration.
    public var replicas: [Replica] = []

    /// Those of a runtime that are told apart.
    public static let endpoints: [Endpoint] = [.health, .activeRuns, .perf, .events, .gate]

    /// What the minute is of, by what was heard.
    public var kind: WatchedKind {
        WatchedKind.allCases.first { $0.endpoint.map(hasHeard) ?? false } ?? .runtime
    }

    /// The endpoints that `intervals` are of.
    public var polled: [Endpoint] { kind.endpoint.map { [$0] } ?? WatchMinute.endpoints }

    /// An endpoint's bit in `heard`. Rows have a byte: looks at services have the bit of the fallback of perf, which is never
    /// kept by itself.
    private static func bit(of endpoint: Endpoint) -> UInt8 { 1 << (endpoint == .probe ? .perfChats : endpoint).rawValue }

    /// One process of the runtime.
    public struct Replica: Hashable, Sendable {
        public var url: String
        /// Every signal's reading, by `Signal.rawValue`.
        public var readings: [Evidence]

        public init(url: String, readings: [Evidence]) {
            self.url = url
            self.readings = readings
        }

        /// 0 where it is not known.
        var restarts: Double {
            let raw = Int(Signal.restarts.rawValue)
            return raw < readings.count ? readings[raw].value ?? 0 : 0
        }
    }

    public init() {}

    public func hasHeard(of endpoint: Endpoint) -> Bool { heard & WatchMinute.bit(of: endpoint) != 0 }
    mutating func hear(_ endpoint: Endpoint) { heard |= WatchMinute.bit(of: endpoint) }

    /// The restarts of the process that had most; nil where none was seen.
    var restartsSeen: Double? {
        let most = replicas.map(\.restarts).max() ?? 0
        return most > 0 ? most : nil
    }

    /// What its sums say of a signal; nil for one that is not made of them, or where there is nothing to divide by.
    func reading(_ signal: Signal) -> Evidence? {
        switch signal {
        case .silentRunsShare: judgedEnds > 0 ? CounterRules.ratio(silentEnds, judgedEnds) : nil
        case .llmCalls: llmWatched > 0 ? .value(llmCalls / llmWatched) : nil
        default: nil
        }
    }

    func encode(to writer: inout StateWriter) {
        for value in [judgedEnds, silentEnds, llmCalls, llmWatched, gateWatched] { writer.put(value) }
        writer.put(byte: heard)
        writer.put(each: intervals) { $0.put($1) }
        writer.put(each: replicas) { writer, replica in
            writer.put(replica.url)
            writer.put(each: replica.readings) { $0.put($1) }
        }
    }

    /// - Parameter knowsGate: false for what versions before the gate's counts wrote.
    init(from reader: inout StateReader, knowsGate: Bool) throws(SignalStateError) {
        judgedEnds = try reader.double()
        silentEnds = try reader.double()
        llmCalls = try reader.double()
        llmWatched = try reader.double()
        if knowsGate { gateWatched = try reader.double() }
        heard = try reader.byte()
        intervals = try reader.each { (reader) throws(SignalStateError) in try reader.moment() }
        replicas = try reader.each { (reader) throws(SignalStateError) in
            Replica(
                url: try reader.string(),
                readings: try reader.each { (reader) throws(SignalStateError) in try reader.evidence() })
        }
    }
}

extension MinuteRow {
    /// What the runtime's row says of a signal of the gate; nil where it says nothing, or of another signal.
    func gateReading(_ signal: Signal) -> Evidence? {
        guard let watched = watch?.gateWatched, watched > 0 else { return nil }
        return gate.part(signal).map { .value($0 / max(watched, Evaluation.leastCoverage)) }
    }
}

/// The steps in which sums are kept: fine enough that no rate shows it, coarse enough to take a byte or two. A minute is
/// rounded when it closes, so that what is remembered and what comes back from the journal are the same.
enum MinuteStep {
    /// Starts, ends, turns, tool calls, errors: an interval between polls that straddles two minutes is split.
    static let events = 64.0
    static let tokens = 1.0
    /// A millionth of a dollar.
    static let cost = 1e6
    /// Parts of a minute, in ms.
    static let time = 60_000.0
    /// Seconds, percent and other readings.
    static let readings = 1e6

    /// By the order of `MinuteSums.parts`.
    static let sums = [events, events, events, events, events, tokens, tokens, cost]

    static func round(_ value: Double, _ steps: Double) -> Double { value == 0 ? 0 : (value * steps).rounded() / steps }
}

extension MinuteSums {
    func rounded() -> MinuteSums {
        if self == MinuteSums() { return self }
        return MinuteSums(parts: zip(parts, MinuteStep.sums).map { MinuteStep.round($0, $1) })
    }
}

extension Evidence {
    func rounded() -> Evidence {
        guard case .value(let value) = self, abs(value) < 1e9 else { return self }
        return .value(MinuteStep.round(value, MinuteStep.readings))
    }
}
