import Model

/// Something that goes wrong with the runtime, or how it misbehaves on the wire.
public enum Fault: Sendable, Hashable {
    /// The process starts anew: counters and chats gone, `data.created` changed. Instant; heals `poisoned`.
    case restart
    /// A NaN cost got in: both perf endpoints answer 500 `text/plain` until a restart, while health stays 200.
    case poisoned
    /// Health answers 500 after this long; the metrics go on answering 200.
    case mongoDead(failsAfter: TimeSpan)
    /// Health says healthy, with this ping.
    case mongoSlow(ping: TimeSpan)
    /// Nothing listens: connections are refused.
    case down
    /// Requests are taken and never answered.
    case hang
    /// The head and the first half of the body come; the rest does not.
    case slowBody
    /// The connection closes in the middle of the body.
    case truncatedBody
    /// 200 with bytes that are not JSON.
    case garbage
    /// 200 with a body of so many bytes: valid JSON, one very long string.
    case hugeBody(bytes: Int)
    /// Every request with a token is told 401, as when the identity provider cannot be reached.
    case identityProviderDown
    /// The model provider fails: runs end within seconds, nothing is counted, no `chat.usage_delta`.
    case providerDown
    /// All answers come from the runtime's cache: runs end within seconds, with everything said and no model called.
    case providerCached
}

/// A fault and when it holds, since the scenario's origin.
public struct FaultWindow: Sendable, Hashable {
    public var fault: Fault
    public var from: TimeSpan
    /// Nil: to the end (`restart` is an instant all the same).
    public var until: TimeSpan?
    /// Only this replica; nil: all.
    public var replica: Int?

    public init(_ fault: Fault, from: TimeSpan, until: TimeSpan? = nil, replica: Int? = nil) {
        self.fault = fault
        self.from = from
        self.until = until
        self.replica = replica
    }

    func holds(at offset: TimeSpan, replica index: Int) -> Bool {
        from <= offset && until.map { offset < $0 } ?? true && replica.map { $0 == index } ?? true
    }
}

/// Which perf counters the runtime's code moves. The others stay zero for ever.
public struct LiveCounters: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let turns = LiveCounters(rawValue: 1)
    public static let toolCalls = LiveCounters(rawValue: 2)
    public static let errors = LiveCounters(rawValue: 4)
    public static let tokens = LiveCounters(rawValue: 8)
    public static let cost = LiveCounters(rawValue: 16)

    /// Today's builds: turns and successful tool calls; errors, tokens and cost are dead.
    public static let today: LiveCounters = [.turns, .toolCalls]
    public static let turnsOnly: LiveCounters = [.turns]
    /// Today's builds under the other speaker-selection modes: chats come and go, and nothing else moves.
    public static let none: LiveCounters = []
    public static let all: LiveCounters = [.turns, .toolCalls, .errors, .tokens, .cost]

    /// `today`, `turns-only`, `none` or `all`; nil for anything else.
    public init?(name: String) {
        switch name {
        case "today": self = .today
        case "turns-only": self = .turnsOnly
        case "none": self = .none
        case "all": self = .all
        default: return nil
        }
    }
}
