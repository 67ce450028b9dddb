import Model

/// What a runtime shows at the moment, unprocessed, and what is known about how it shows it: for `check` and `doctor`.
public struct RuntimeSummary: Hashable, Sendable {
    /// What one replica last said.
    public struct Replica: Hashable, Sendable {
        public var url: String
        /// Nil when health gave no answer that could be read; then `missing` says why.
        public var isHealthy: Bool?
        public var mongoPingMilliseconds: Double?
        public var websockets: Int64?
        /// Time that the last answer took, in milliseconds, by endpoint.
        public var elapsedMilliseconds: [Endpoint: Double] = [:]
        /// Endpoints whose newest answer was no evidence, with the reason.
        public var missing: [Endpoint: MissingReason] = [:]
        /// Of those, when the last answer that was evidence came; absent where none ever did.
        public var heardAt: [Endpoint: Timestamp] = [:]
        /// For people: what the endpoint or the connection said.
        public var detail: [Endpoint: String] = [:]
        /// Size of the figures of the newest perf answer; nil before the first.
        public var trackedChats: Int?
        public var openChats: Int?
        /// Fields and chats of the newest perf answer that could not be read: sums leave them out.
        public var unreadableFields = 0
        /// Open chats that another replica shows as well: counted once. So it is behind a proxy without sticky sessions.
        public var sharedChats = 0
        /// The replica named before it that is the same process under another name: what both show counts twice.
        public var sameProcess: String?
        /// Of a host or a service what the last look measured.
        public var figures: [Signal: Double] = [:]
        public var appCount: Int?
        public var turns: Int64?
        public var toolCalls: Int64?
        public var errors: Int64?
        public var promptTokens: Int64?
        public var completionTokens: Int64?
        /// USD.
        public var cost: Double?
        /// `chat.usage_delta`: model calls since the process began.
        public var usageDelta: Int64?
        /// Age of the process.
        public var uptime: TimeSpan?
        /// The remark of the active-runs endpoint when it is the constant stub.
        public var stubNote: String?
        /// Runs that really run, and how late the event loop was (s), by the extension inside; nil without.
        public var running: Int64?
        public var loopLag: Double?
        /// In words for people what an endpoint showed, where none of the above is of it.
        public var said: [Endpoint: String] = [:]
        /// Restarts seen in the time that observations are kept.
        public var restarts = 0
        /// One URL answers for several processes (a load balancer): rates cannot be derived from it.
        public var answersForSeveralProcesses = false
        /// No answer for longer than `missing_after`.
        public var isAbsent = false
        /// The interval at which the perf endpoint is asked, stretched by what it takes.
        public var perfInterval: TimeSpan

        public init(url: String, perfInterval: TimeSpan) {
            self.url = url
            self.perfInterval = perfInterval
        }
    }

    /// Where the replicas were found.
    public struct Finding: Hashable, Sendable {
        /// What was asked, in an operator's words: `dns runtime.internal`; empty before its first answer.
        public var source: String
        /// Why nobody or not everybody is known, in words; nil while all is well.
        public var trouble: String?
        /// What all replicas are called there.
        public var labels: [String: String]
        /// Nobody has been named for so long that nobody is there.
        public var isDeserted: Bool

        public init(source: String, trouble: String? = nil, labels: [String: String] = [:], isDeserted: Bool = false) {
            self.source = source
            self.trouble = trouble
            self.labels = labels
            self.isDeserted = isDeserted
        }
    }

    /// A critical rule of which nothing can be said yet, since too little was watched, or since what it reads is not there.
    public struct Unjudged: Hashable, Sendable {
        public var rule: String
        /// For about how much longer must be watched; nil: that is not known.
        public var wanting: TimeSpan?
        /// No watching brings what it lacks: a page does not show it, or the machine does not tell it.
        public var isBlind: Bool

        public init(rule: String, wanting: TimeSpan?, isBlind: Bool = false) {
            self.rule = rule
            self.wanting = wanting
            self.isBlind = isBlind
        }
    }

    public var runtime: String
    /// What it is.
    public var kind: WatchedKind
    public var replicas: [Replica]
    /// Nil where the configuration names the replicas, and before anybody was asked.
    public var finding: Finding?
    /// A page of metrics that is of the runtime as a whole, and of none of its replicas; nil without one.
    public var page: Replica?
    /// Apps that are subjects.
    public var apps: Int
    /// Counters that never moved while at least five runs ended.
    public var deadCounters: [Counter]
    /// Counters that moved at least once.
    public var liveCounters: [Counter]
    /// Runs known to have ended; below five no counter is called dead.
    public var endedRuns: Int64
    /// Critical rules that are neither true nor false yet, in the order of the policies. Whoever judges says so.
    public var unjudged: [Unjudged] = []

    public init(
        runtime: String, kind: WatchedKind = .runtime, replicas: [Replica], apps: Int, deadCounters: [Counter], liveCounters: [Counter],
        endedRuns: Int64
    ) {
        self.runtime = runtime
        self.kind = kind
        self.replicas = replicas
        self.apps = apps
        self.deadCounters = deadCounters
        self.liveCounters = liveCounters
        self.endedRuns = endedRuns
    }

    /// The sum over replicas that have the figure; nil when none has.
    public func total<N: AdditiveArithmetic>(_ figure: (Replica) -> N?) -> N? {
        replicas.reduce(nil) { sum, replica in
            guard let value = figure(replica) else { return sum }
            return (sum ?? .zero) + value
        }
    }
}
