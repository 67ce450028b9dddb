import Model

/// Everything remembered about one process of a runtime.
struct ReplicaState: Sendable {
    let url: String
    var health = EndpointTrack<HealthFigures>()
    var registry = EndpointTrack<RegistryFigures>()
    var perf = EndpointTrack<PerfFigures>()
    var events = EndpointTrack<EventFigures>()
    var inside = EndpointTrack<InsideFigures>()
    var metrics = MetricLog()
    /// Of what is watched beside runtimes; it has no other.
    var host = EndpointTrack<HostFigures>()
    var probe = EndpointTrack<ProbeFigures>()
    var identity = ProcessIdentity()
    /// ms that the last perf answers took; what stretches their interval.
    var perfElapsed: [Double] = []
    /// Timeouts of the perf endpoint in a row while health answered, and the ms of the last one.
    var perfTimeouts = 0
    var perfWaited = 0.0
    var ghosts = GhostSense()
    var line = LineSense()
    /// The runtime's clock less the monitor's, ms, and whether it comes from a body, which is exact.
    var clockOffset: Int64?
    var isClockExact = false
    /// Fields and chats of the newest perf answer that could not be read. Not kept: the next answer tells again.
    var unreadableFields = 0
    /// Open chats of the newest perf answer that another replica shows as well. Not kept.
    var sharedChats = 0
    /// The active-runs endpoint has shown a count above zero: it is no stub, whatever its note says.
    var isRegistryReal = false
    /// Since when no endpoint gives any answer, ms.
    var unreachableSince: Int64?
    var lastSampleAt = Int64.min

    var chats = ChatTable()
    /// Keys of chats that left the table since the last drain.
    var gone: [StableHash] = []
    var log = PerfLog()
    /// The same by workflow, where a policy asks for that.
    var flows = FlowLog()
    /// By app slot: increments so far.
    var totals: ContiguousArray<AppTotals> = []
    var total = AppTotals()
    var judgedEnds: Int64 = 0
    var silentEnds: Int64 = 0
    /// Runs that ended in the last poll, not yet judged: whether a model was called meanwhile is known only after the
    /// next events poll. For each that had no turn: the poll (s) after which it began.
    var undecidedSilent: [UInt32] = []
    var undecidedEnds: Int64 = 0
    /// Likewise those that were over so quickly that an answer from the runtime's cache would explain it.
    var undecidedQuick: [UInt32] = []
    /// Ended chats in the newest perf body.
    var endedChats: Int64 = 0
    /// The runtime's clock at the newest perf answer, ms.
    var lastPerfClock: Int64?
    /// A restart seen since the newest perf answer.
    var restart: Restart?

    struct Restart: Hashable, Sendable {
        /// By the runtime's clock, ms.
        var createdAt: Int64?
    }

    var usageAxis = TimeAxis()
    /// Growth of `chat.usage_delta` summed up, for each moment of the axis.
    var usageSums: ContiguousArray<Int64> = []
    var lastUsage: Int64?
    /// When `chat.usage_delta` was last seen to have grown, ms.
    var lastUsageGrowthAt = Int64.min

    init(url: String) {
        self.url = url
    }

    // MARK: - Tracks

    /// The one place that gives each endpoint its track, to look at; nil: it is not asked of a replica.
    func track(_ endpoint: Endpoint) -> (any AnyTrack)? {
        switch endpoint {
        case .health: health
        case .activeRuns: registry
        case .perf, .perfChats: perf
        case .events: events
        case .inside: inside
        case .metrics: metrics
        case .host: host
        case .probe: probe
        case .gate, .targets: nil
        }
    }

    /// The same, to change it: in place, so that nothing is copied.
    mutating func change(_ endpoint: Endpoint, _ change: TrackChange) {
        switch endpoint {
        case .health: health.take(change)
        case .activeRuns: registry.take(change)
        case .perf, .perfChats: perf.take(change)
        case .events: events.take(change)
        case .inside: inside.take(change)
        case .metrics: metrics.take(change)
        case .host: host.take(change)
        case .probe: probe.take(change)
        case .gate, .targets: break
        }
    }

    /// The same, as it was kept.
    mutating func restore(_ endpoint: Endpoint, from reader: inout StateReader) throws(SignalStateError) {
        switch endpoint {
        case .health: health = try EndpointTrack(from: &reader)
        case .activeRuns: registry = try EndpointTrack(from: &reader)
        case .perf, .perfChats: perf = try EndpointTrack(from: &reader)
        case .events: events = try EndpointTrack(from: &reader)
        case .inside: inside = try EndpointTrack(from: &reader)
        case .metrics: metrics = try MetricLog(from: &reader)
        case .host: host = try EndpointTrack(from: &reader)
        case .probe: probe = try EndpointTrack(from: &reader)
        case .gate, .targets: break
        }
    }

    /// The version of the state since which an endpoint's track is kept over a restart; nil: it has none of its own. A new one
    /// has the next number above `RuntimeSignals.fixedVersion`, and is written and read behind all others by that alone.
    static func keptSince(_ endpoint: Endpoint) -> UInt8? {
        switch endpoint {
        case .health, .activeRuns, .perf, .events: 1
        case .inside: 3
        case .host, .probe: 8
        case .metrics: RuntimeSignals.pagesSince
        case .perfChats, .gate, .targets: nil
        }
    }

    // MARK: - Intervals

    /// The interval at which an endpoint really is asked, ms: as configured, stretched by the polling budget or, as with
    /// a one-shot run from cron, by how often somebody runs it.
    func interval(_ endpoint: Endpoint, _ options: SignalOptions) -> Int64 {
        let isBudgeted = endpoint == .perf || endpoint == .perfChats
        let asked = (isBudgeted ? budget(options).effective : options.interval).milliseconds
        // What is not of a replica is read in every cycle.
        return max(asked, track(endpoint)?.usualSpacing ?? 0)
    }

    func budget(_ options: SignalOptions) -> PollingBudget {
        PollingBudget(
            interval: options.interval, share: options.perfShare, elapsed: perfElapsed, timeouts: perfTimeouts,
            waited: perfWaited)
    }

    // MARK: - Clocks

    /// The runtime's clock at an answer, ms, and whether it is known at all. What a body says of itself is exact. The
    /// `date` header is up to two seconds behind, in a busy runtime more: what was exact lately goes before it, unless they
    /// lie so far apart that the clock was set.
    private mutating func clock(body: Int64?, date: Int64?, at: Int64) -> (moment: Int64, isKnown: Bool) {
        if let body {
            clockOffset = body - at
            isClockExact = true
        } else if let date, !(isClockExact && clockOffset.map { abs(at + $0 - date) <= 10_000 } ?? false) {
            clockOffset = date - at
            isClockExact = false
        }
        return (Clamp.moment(at + (clockOffset ?? 0)), clockOffset != nil)
    }

    /// How old an answer may be, and how far two may lie apart, to still say something; ms.
    func maxGap(_ endpoint: Endpoint, _ options: SignalOptions) -> Int64 {
        max(3 * interval(endpoint, options), options.shortestMaxGap.milliseconds)
    }

    // MARK: - Evidence

    /// Why nothing can be said from the chats at a moment; nil when something can.
    func chatsMissing(asOf moment: Int64, _ options: SignalOptions) -> MissingReason? {
        if identity.isSeveral(asOf: moment) { return .partial }
        return perf.missing(asOf: moment, maxGap: maxGap(.perf, options))
    }

    /// Why nothing can be said from the events endpoint at a moment.
    func eventsMissing(asOf moment: Int64, _ options: SignalOptions) -> MissingReason? {
        if identity.isSeveral(asOf: moment) { return .partial }
        return events.missing(asOf: moment, maxGap: maxGap(.events, options))
    }

    func isAbsent(asOf moment: Int64, _ options: SignalOptions) -> Bool {
        // From the very moment at which rules on missing evidence would fire: without it the evidence is whole again.
        if let unreachableSince, moment - unreachableSince >= options.missingAfter.milliseconds { return true }
        return lastSampleAt != .min
            && moment - lastSampleAt > options.missingAfter.milliseconds + maxGap(.perf, options)
    }

    /// 1 when any endpoint answers. An answer stands until a failure elsewhere that is more than an interval younger:
    /// an endpoint that is asked rarely must not keep a dead process up. One that came while the question that failed was
    /// waiting stands however long that took.
    func up(asOf moment: Int64, _ options: SignalOptions) -> Evidence {
        struct Seen {
            var at: Int64
            var askedAt: Int64
            var answered: Bool
            var isFresh: Bool
        }
        func seen<F>(_ track: EndpointTrack<F>, _ endpoint: Endpoint) -> Seen? {
            track.entry(asOf: moment).map {
                Seen(
                    at: $0.at, askedAt: $0.at - Int64(min($0.elapsedMilliseconds, 1e9)), answered: $0.missing != .unreachable,
                    isFresh: moment - $0.at <= maxGap(endpoint, options))
            }
        }
        let all = [seen(health, .health), seen(registry, .activeRuns), seen(perf, .perf), seen(events, .events)]
            .compactMap { $0 }
        guard !all.isEmpty else { return .missing(.tooLittleData) }
        guard all.contains(where: \.isFresh) else { return .missing(.stale) }
        let failures = all.filter { !$0.answered }
        let oldest = (failures.map(\.at).max() ?? 0) - interval(.health, options)
        let asked = failures.map(\.askedAt).max() ?? .max
        return .value(all.contains { $0.answered && $0.isFresh && ($0.at >= oldest || $0.at > asked) } ? 1 : 0)
    }

    // MARK: - Taking in

    mutating func ingest(_ sample: Sample, _ shared: inout SharedState, _ others: OtherReplicas, _ options: SignalOptions) {
        var at = Clamp.moment(sample.at.milliseconds)
        let elapsed = sample.elapsedMilliseconds.isFinite ? max(0, sample.elapsedMilliseconds) : 0
        let date = sample.date.map { Clamp.moment($0.milliseconds) }
        // A clock that went back: the sample counts as simultaneous with the newest one, and no time passed.
        at = max(at, newestAt(sample.endpoint) ?? .min)
        lastSampleAt = max(lastSampleAt, at)
        line.observe(sample.endpoint, isLost: sample.isLost, at: at, askedAt: at - Int64(min(elapsed, 1e9)))
        var isUnreachable = false
        switch sample.content {
        case .health(let answer):
            health.append(
                .init(at: at, elapsedMilliseconds: elapsed, missing: nil, figures: HealthFigures(answer)),
                detail: answer.detail ?? "")
            if let sockets = health.newest?.figures?.websockets { ghosts.observe(sockets: sockets) }
        case .activeRuns(let answer):
            let figures = RegistryFigures(answer, wasReal: isRegistryReal)
            if figures.activeCount > 0 { isRegistryReal = true }
            registry.append(
                .init(
                    at: at, elapsedMilliseconds: elapsed, missing: figures.isReal ? nil : .notTracked, figures: figures),
                detail: answer.note ?? "")
        case .perf(let table):
            unreadableFields = table.malformedFields + table.skippedChats
            let isWatched = log.axis.last.map { at > $0 && at - $0 <= maxGap(.perf, options) } ?? false
            let clock = clock(body: table.clock, date: date, at: at)
            let restarts = identity.restarts.count
            let figures = ingest(table, at: at, clock: clock.moment, isWatched: isWatched, &shared, others, options)
            lastPerfClock = clock.isKnown ? clock.moment : nil
            if identity.restarts.count > restarts { beginAnew(at: at) }
            observe(elapsed: elapsed - waiting(at: at, elapsed))
            perf.append(.init(at: at, elapsedMilliseconds: elapsed, missing: nil, figures: figures), detail: "")
        case .events(let answer):
            ingest(answer, at: at, date: date, elapsed: elapsed, options)
        // The gate stands before all replicas, and so does who they are: `RuntimeSignals` has both.
        case .gate, .targets: return
        case .inside(let view):
            inside.append(
                .init(at: at, elapsedMilliseconds: elapsed, missing: nil, figures: InsideFigures(view)), detail: "")
        case .metrics(let page):
            metrics.ingest(page, at: at, elapsed: elapsed, maxGap: maxGap(.metrics, options), options)
        case .host(let view):
            host.append(.init(at: at, elapsedMilliseconds: elapsed, missing: nil, figures: HostFigures(view)), detail: view.oddities)
        case .probe(let view):
            probe.append(.init(at: at, elapsedMilliseconds: elapsed, missing: nil, figures: ProbeFigures(view)), detail: view.detail ?? "")
        case .missing(let endpoint, let reason, let detail):
            isUnreachable = reason == .unreachable
            if !endpoint.isPolled { return }
            // The whole runtime hangs: that says nothing of what its figures cost.
            if isUnreachable, endpoint == .health { perfTimeouts = 0 }
            if isUnreachable, endpoint == .perf || endpoint == .perfChats { timedOut(elapsed, at: at) }
            change(endpoint, .lost(at: at, elapsedMilliseconds: elapsed, reason, detail: detail))
        }
        unreachableSince = isUnreachable ? unreachableSince ?? at : nil
    }

    /// When an endpoint was last heard of, ms.
    func newestAt(_ endpoint: Endpoint) -> Int64? { track(endpoint)?.newestAt }

    /// Whether an endpoint was heard of in (start, end], whatever the outcome.
    func wasHeard(_ endpoint: Endpoint, from start: Int64, to end: Int64) -> Bool {
        (track(endpoint)?.at(asOf: end)).map { $0 > start } ?? false
    }

    /// The perf endpoint gave no answer. Where health answered meanwhile it is slow by itself.
    private mutating func timedOut(_ elapsed: Double, at: Int64) {
        guard elapsed >= 1_000, let newest = health.newest, newest.missing != .unreachable,
            newest.at >= at - Int64(min(elapsed, 1e12)) - 5_000
        else { return }
        perfTimeouts += 1
        perfWaited = elapsed
    }

    /// Another process: what the last one cost, and what was learnt of its runs, is void.
    private mutating func beginAnew(at: Int64) {
        perfElapsed = []
        perfTimeouts = 0
        let before = ghosts
        ghosts = GhostSense()
        // A build stays the same mostly: whether its websockets ever move was learnt for good, and how late they come.
        (ghosts.firstSockets, ghosts.hasMoved, ghosts.counts) = (before.firstSockets, before.hasMoved, before.counts)
        ghosts.counts.beginAnew()
        ghosts.since = at - 2_000
    }

    /// What the cheap endpoints waited just before the expensive one was asked, in ms: the loop was busy with something else,
    /// and would have been without us. An idle one answers within milliseconds.
    private func waiting(at: Int64, _ elapsed: Double) -> Double {
        let asked = at - Int64(min(elapsed, 1e12))
        func waited<F>(_ track: EndpointTrack<F>) -> Double? {
            track.newest.flatMap { $0.missing == nil && abs(asked - $0.at) <= 5_000 ? $0.elapsedMilliseconds : nil }
        }
        let least = [waited(health), waited(events)].compactMap { $0 }.min() ?? 0
        return least >= 100 ? min(least, elapsed) : 0
    }

    private mutating func observe(elapsed: Double) {
        perfTimeouts = 0
        perfElapsed.append(elapsed)
        if perfElapsed.count > 3 { perfElapsed.removeFirst() }
    }

    private mutating func ingest(
        _ answer: EventMetrics, at: Int64, date: Int64?, elapsed: Double, _ options: SignalOptions
    ) {
        let (clock, isClockKnown) = clock(body: answer.now.map { Clamp.moment($0.milliseconds) }, date: date, at: at)
        let maxGap = maxGap(.events, options)
        let createdAt = answer.createdAt.map { Clamp.moment($0.milliseconds) }
        var change = ProcessIdentity.Change.same
        if let created = answer.created {
            change = identity.observe(mark: Array(created.utf8.prefix(128)), createdAt: createdAt, date: isClockKnown ? clock : nil, at: at)
        }
        if case .restart(let createdAt) = change {
            restart = Restart(createdAt: createdAt)
            beginAnew(at: at)
        }
        let usage = answer.usageDelta.map { max(0, min($0, Int64(1) << 53)) }
        if let usage {
            let growth: Int64 =
                switch (change, lastUsage) {
                case (.restart, _): usage
                case (.otherProcess, _), (.same, nil): 0
                case (.same, .some(let last)): usage >= last ? usage - last : usage
                }
            if growth > 0 || (lastUsage == nil && usage > 0) { lastUsageGrowthAt = at }
            lastUsage = usage
            let isWatched = usageAxis.last.map { at > $0 && at - $0 <= maxGap } ?? false
            var sum = usageSums.last ?? 0
            if isWatched { Clamp.add(&sum, growth) }
            usageAxis.append(at, isWatched: isWatched)
            usageSums.append(sum)
        }
        events.append(
            .init(
                at: at, elapsedMilliseconds: elapsed, missing: nil,
                // By whose clock is it old? Where that is not known yet, the monitor's would be off by what they differ.
                figures: EventFigures(
                    uptime: isClockKnown ? createdAt.map { max(0, clock - $0) } : nil, usageDelta: usage)),
            detail: "")
    }

    /// Forgets what no window and no open minute needs any more.
    mutating func trim(before moment: Int64) {
        for endpoint in Endpoint.allCases { change(endpoint, .trimmed(before: moment)) }
        log.trim(before: moment)
        flows.trim(before: moment)
        identity.trim(before: moment)
        line.trim(before: moment)
        usageAxis.trim(&usageSums, before: moment)
    }
}
