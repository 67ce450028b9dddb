/// What the monitor reads of a runtime: its endpoints, and what its own gate counted before that runtime. And of what stands
/// beside runtimes the one thing that is read of it.
public enum Endpoint: UInt8, Hashable, Sendable, CaseIterable {
    case health, activeRuns, perf, events
    /// The same chats alone: a fallback for builds without the aggregate. Never polled beside it.
    case perfChats
    /// No endpoint of the runtime: the monitor's own gate, which counts the starts that the proxy asks about. Read from
    /// memory in every cycle, and on tapes like any other answer.
    case gate
    /// What the extension inside the runtime shows, where there is one.
    case inside
    /// No endpoint of a runtime: what the machine says of itself, read from its own files and, made a small document, decoded and
    /// put on tapes like any other answer.
    case host
    /// No endpoint of a runtime: what one look at a service came to, as such a document.
    case probe
    /// No endpoint of the runtime either: where its replicas are, of a runtime whose replicas are to be found. On tapes like any
    /// other answer, so that a replay knows who was expected.
    case targets
    /// A page of metrics as Prometheus reads it, of each replica or of the runtime as a whole: where a configuration names one.
    /// Numbers are kept: new endpoints come last.
    case metrics

    /// How often it is asked.
    public enum Cadence: Hashable, Sendable {
        /// In every cycle.
        case everyCycle
        /// In every cycle, unless that would cost the runtime more of its time than it may.
        case budgeted
        /// In every cycle where it is there; elsewhere now and then.
        case whereThere
        /// Only after another one of the same poll was not there.
        case insteadOf(Endpoint)
        /// In every cycle where a configuration says so.
        case whereConfigured
        /// Never: it is no endpoint of a runtime.
        case fromMemory
        /// In every cycle, of what is watched beside runtimes, and never of a runtime.
        case ofKind(WatchedKind)
    }

    /// What is known of an endpoint before it is asked. How its answers are read stands in `Collector`, what becomes of them in
    /// `Signals`.
    public struct Traits: Sendable {
        public let path: String
        public let cadence: Cadence
        /// Whether its answers list chats, and may be as long as any; others that are longer than `smallBodyLimit` are not read.
        public let isLong: Bool
        /// Whether every runtime has it and tells something by it: its silence is said wherever a process is shown.
        public let isEssential: Bool

        init(_ path: String, _ cadence: Cadence, isLong: Bool = false, isEssential: Bool = false) {
            self.path = path
            self.cadence = cadence
            self.isLong = isLong
            self.isEssential = isEssential
        }
    }

    /// The table: a line each.
    public var traits: Traits {
        switch self {
        case .health: Traits("/api/health", .everyCycle, isEssential: true)
        case .activeRuns: Traits("/health/active-runs", .everyCycle)
        case .perf: Traits("/metrics/perf/aggregate", .budgeted, isLong: true, isEssential: true)
        case .events: Traits("/api/events/metrics", .everyCycle, isEssential: true)
        case .perfChats: Traits("/metrics/perf/chats", .insteadOf(.perf), isLong: true)
        case .gate: Traits("/gate/counts", .fromMemory)
        case .inside: Traits("/ops/runtime", .whereThere)
        case .host: Traits("/host", .ofKind(.host), isEssential: true)
        case .probe: Traits("/probe", .ofKind(.service), isEssential: true)
        case .targets: Traits("/targets", .fromMemory)
        case .metrics: Traits("/metrics", .whereConfigured)
        }
    }
    public var path: String { traits.path }
    /// Whether replicas are asked for it.
    public var isPolled: Bool { traits.cadence != .fromMemory }

    public init?(path: String) {
        guard let endpoint = Endpoint.allCases.first(where: { $0.path == path }) else { return nil }
        self = endpoint
    }

    /// Those that are asked so often, in the order in which they are asked.
    public static func all(_ cadence: Cadence) -> [Endpoint] { allCases.filter { $0.traits.cadence == cadence } }

    /// One whole look at any build of a runtime, what is cheap first.
    public static let whole: [Endpoint] = all(.everyCycle) + all(.budgeted)
    /// The same with what only some builds have.
    public static let everything: [Endpoint] = all(.everyCycle) + all(.whereThere) + all(.budgeted)
    public static let essential: [Endpoint] = allCases.filter(\.traits.isEssential)

    /// Asked in the place of this one where it is not there; nil: nothing is.
    public var substitute: Endpoint? { Endpoint.all(.insteadOf(self)).first }
}
