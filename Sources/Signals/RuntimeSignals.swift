import Model

/// Everything that is remembered about one runtime, and the readings that follow from it. A value: the same samples and
/// the same moments of reading give the same readings on every machine, whether the state was kept and brought back in
/// between or not.
///
/// What to keep after a tick: `encodedCore()` (a few kB to a few hundred), the rows of `drainChangedChats()` and those of
/// `drainClosedMinutes()`. To bring it back: `init(decoding:)`, `restore(chats:)`, `restore(minutes:)`. Or all at once,
/// where size does not matter: `encoded()` and `init(decoding:)`.
public struct RuntimeSignals: Sendable {
    public let runtime: String
    /// May change at any time, as a reload of policies does.
    public var options: SignalOptions
    var shared = SharedState()
    /// In the order of the configuration, then those that only samples named, by their bytes.
    var replicas: [ReplicaState] = []
    /// Where the replicas were found; nil where the configuration names them, and before the first answer.
    var found: FoundTargets?
    /// Replicas that are no longer named and may come back, by their bytes. They count for nothing.
    var aside: [ReplicaState] = []
    /// Chats of replicas that were given up since the last drain.
    var forgotten: [ChatChanges.Removal] = []
    /// What the gate counted before this runtime.
    var gate = GateLog()
    /// What a page of metrics said that is of the runtime as a whole.
    var page = MetricLog()
    var history = MinuteHistory()
    /// Minutes that closed and were not drained yet.
    var closed: [MinuteRow] = []
    /// The newest moment of any sample or reading, ms.
    var newestAt = Int64.min
    /// Functions over minutes; void when a minute closes or the apps change. Not kept.
    var historyColumns = HistoryColumns()

    /// How many apps of one runtime are remembered.
    public static let appLimit = AppDirectory.limit
    /// Apps that were forgotten before their time, since this value was made, because more were shown than are remembered.
    public private(set) var appsCrowdedOut = 0

    public init(runtime: String, options: SignalOptions = SignalOptions()) {
        self.runtime = runtime
        self.options = options
    }

    /// Takes in one decoded observation. Samples of one replica come in the order in which they were complete.
    public mutating func ingest(_ sample: Sample) {
        guard sample.runtime.isSame(as: runtime) else { return }
        // A poll that we broke off ourselves says nothing about the runtime.
        if case .missing(_, .stale, _) = sample.content { return }
        if case .gate = sample.endpoint { return ingestGate(sample) }
        if case .metrics = sample.endpoint, sample.replica.isSame(as: Observation.page) { return ingestPage(sample) }
        if case .targets = sample.endpoint { return ingestTargets(sample) }
        let apps = shared.apps.order.count
        let index = replicaIndex(sample.replica)
        let others = OtherReplicas(of: index, among: replicas)
        replicas[index].ingest(sample, &shared, others, options)
        if case .events(let events) = sample.content, (events.usageDelta ?? 0) > 0 { shared.counters.hasUsage = true }
        newestAt = max(newestAt, replicas[index].lastSampleAt)
        if shared.apps.order.count != apps { historyColumns.forget() }
        history.begin(at: newestAt)
    }

    private mutating func ingestGate(_ sample: Sample) {
        // A clock that went back: no time passed.
        let at = max(Clamp.moment(sample.at.milliseconds), gate.newestAt ?? .min)
        switch sample.content {
        case .gate(let counts): gate.ingest(counts, at: at, directory: shared.apps, maxGap: gateMaxGap)
        case .missing(_, let reason, let detail): gate.ingest(missing: reason, detail: detail, at: at)
        default: return
        }
        newestAt = max(newestAt, at)
        history.begin(at: newestAt)
    }

    private mutating func ingestPage(_ sample: Sample) {
        let at = max(Clamp.moment(sample.at.milliseconds), page.newestAt ?? .min)
        let elapsed = sample.elapsedMilliseconds.isFinite ? max(0, sample.elapsedMilliseconds) : 0
        switch sample.content {
        case .metrics(let content): page.ingest(content, at: at, elapsed: elapsed, maxGap: pageMaxGap, options)
        case .missing(_, let reason, let detail):
            page.take(.lost(at: at, elapsedMilliseconds: elapsed, reason, detail: detail))
        default: return
        }
        newestAt = max(newestAt, at)
        history.begin(at: newestAt)
    }

    /// How far two readings of the runtime's own page of metrics may lie apart, ms.
    var pageMaxGap: Int64 {
        max(3 * max(options.interval.milliseconds, page.usualSpacing), options.shortestMaxGap.milliseconds)
    }

    /// How far two readings of the gate may lie apart, ms.
    var gateMaxGap: Int64 { max(3 * options.interval.milliseconds, options.shortestMaxGap.milliseconds) }

    /// The apps of this runtime, by their bytes: those that it has shown within `SignalOptions.appLifetime`.
    public var subjects: [AppID] { shared.apps.sorted }

    /// The same, each with when it was last shown.
    public var subjectsSeen: [(app: AppID, at: Timestamp)] {
        zip(shared.apps.sorted, shared.apps.order).map { app, slot in (app, Timestamp(milliseconds: shared.apps.lastSeen[slot])) }
    }

    /// The readings at a moment, one slot for each element of `demand`. Closes the minutes that are over and forgets
    /// what nothing needs any more. A moment before the newest sample counts as that sample's.
    public mutating func readings(at now: Timestamp, demand: [SeriesRef]) -> ReadingTable {
        advance(to: now)
        var columns = HistoryColumns()
        swap(&columns, &historyColumns)
        let table = Evaluation(self, at: newestAt).table(demand, &columns)
        swap(&columns, &historyColumns)
        return table
    }

    /// Rows of minutes that closed since the last call, in the order of minute, then the runtime before apps, apps by
    /// their bytes.
    public mutating func drainClosedMinutes() -> [MinuteRow] {
        defer { closed = [] }
        return closed
    }

    /// What happened to chats since the last call: what the journal has to write to keep up.
    public mutating func drainChangedChats() -> ChatChanges {
        var changes = ChatChanges()
        changes.removals = forgotten
        forgotten = []
        for index in replicas.indices { replicas[index].drain(into: &changes) }
        for index in aside.indices { aside[index].drain(into: &changes) }
        return changes
    }

    /// What the runtime shows as of the newest sample, for `check` and `doctor`.
    public var summary: RuntimeSummary { Evaluation(self, at: newestAt).summary() }

    /// When an endpoint was last heard of on any replica, whatever the outcome; nil before the first time.
    public func newestObservation(of endpoint: Endpoint) -> Timestamp? {
        let newest =
            switch endpoint {
            case .gate: gate.newestAt
            case .targets: found?.askedAt
            // Also where it is of the runtime as a whole.
            case .metrics: (replicas.map { $0.newestAt(.metrics) } + [page.newestAt]).compactMap { $0 }.max()
            // Where nobody is, everybody was asked.
            default: isDeserted ? found?.askedAt : replicas.compactMap { $0.newestAt(endpoint) }.max()
            }
        return newest.map { Timestamp(milliseconds: $0) }
    }

    /// How far apart an endpoint's polls really are, on the replica where they are furthest apart: as configured, or
    /// stretched by what polling costs the runtime, or by how often a one-shot run is started.
    public func effectiveInterval(of endpoint: Endpoint) -> TimeSpan {
        TimeSpan(milliseconds: replicas.map { $0.interval(endpoint, options) }.max() ?? options.interval.milliseconds)
    }

    /// Runs known to have ended, in processes that live and in those that are gone.
    var endedRuns: Int64 {
        var sum = shared.counters.endedBefore
        for replica in replicas + aside { Clamp.add(&sum, replica.endedChats) }
        return sum
    }

    /// Which processes were told apart, to be compared with what was known before. A monitor that starts anew cannot see for
    /// itself that one restarted: unlike the counters of a process, its restarts are counted nowhere but here.
    public struct ProcessesSeen: Hashable, Sendable {
        fileprivate let each: [ProcessIdentity.Answering]
    }

    public var processesSeen: ProcessesSeen { ProcessesSeen(each: replicas.map(\.identity.answering)) }

    /// Moves time on: closes minutes, forgets apps and replicas, trims what is kept.
    private mutating func advance(to now: Timestamp) {
        newestAt = max(newestAt, Clamp.moment(now.milliseconds))
        history.begin(at: newestAt)
        followTargets()
        closeMinutes()
        expireApps()
        let keep = min(newestAt - options.longestWindow.milliseconds, history.nextMinute * 60_000)
        for index in replicas.indices { replicas[index].trim(before: keep) }
        for index in aside.indices { aside[index].trim(before: keep) }
        shared.latencies.trim(before: keep)
        shared.flows.latencies.trim(before: keep)
        gate.trim(before: keep)
        page.take(.trimmed(before: keep))
        // A gate that was taken away leaves nothing behind in the end.
        if let last = gate.newestAt, newestAt - last > options.appLifetime.milliseconds { gate = GateLog() }
        // Nor does a page that is not named any more.
        if let last = page.newestAt, newestAt - last > options.missingAfter.milliseconds + pageMaxGap { page = MetricLog() }
    }

    /// What something that no configuration names any more is, by what was read of it.
    mutating func recogniseKind() {
        guard options.kind == .runtime else { return }
        let shown = WatchedKind.allCases.first { kind in
            kind.endpoint.map { endpoint in replicas.contains { $0.newestAt(endpoint) != nil } } ?? false
        }
        options.kind = shown ?? .runtime
    }

    /// Where a replica is; one that is not known yet, or was set aside, takes its place.
    mutating func replicaIndex(_ url: String) -> Int {
        if let index = replicas.firstIndex(where: { $0.url.isSame(as: url) }) { return index }
        addReplica(url)
        orderReplicas()
        return replicas.firstIndex { $0.url.isSame(as: url) } ?? 0
    }

    private mutating func expireApps() {
        let (slots, crowdedOut) = shared.apps.expire(before: newestAt - options.appLifetime.milliseconds)
        appsCrowdedOut += crowdedOut
        let freed = slots.isEmpty ? nil : FreedSlots(slots)
        expireWorkflows(of: freed)
        guard let freed else { return }
        historyColumns.forget()
        for index in replicas.indices { replicas[index].clear(freed) }
        for index in aside.indices { aside[index].clear(freed) }
        shared.latencies.clear(freed)
        for slot in freed.slots where slot < shared.longEnds.count { shared.longEnds[slot] = SharedState.LongEnds() }
        gate.clear(freed)
        history.clear(freed)
    }
}

extension ReplicaState {
    fileprivate mutating func drain(into changes: inout ChatChanges) {
        changes.removals += gone.sorted().map { ChatChanges.Removal(replica: url, key: $0) }
        gone = []
        var rows: [ChatRow] = []
        for index in 0..<chats.count where chats[index].flags.contains(.dirty) {
            chats[index].flags.remove(.dirty)
            var writer = StateWriter()
            chats[index].encode(to: &writer)
            rows.append(ChatRow(replica: url, key: chats[index].key, bytes: writer.bytes))
        }
        changes.upserts += rows.sorted { $0.key < $1.key }
    }

    /// Forgets what apps' slots held, so that other apps may have them.
    fileprivate mutating func clear(_ freed: FreedSlots) {
        log.clear(freed)
        for slot in freed.slots where slot < totals.count { totals[slot] = AppTotals() }
        var isHit = false
        for index in 0..<chats.count where freed.contains(Int(chats[index].app)) {
            gone.append(chats[index].key)
            isHit = true
        }
        if isHit { chats.keep { !freed.contains(Int($1.app)) } }
    }
}
