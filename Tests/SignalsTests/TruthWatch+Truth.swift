import Model
@testable import Signals

/// What is true, as far as the polls can tell it, against what was read.
extension TruthWatch {
    mutating func check(_ table: ReadingTable, _ demand: [SeriesRef]) {
        for (slot, ref) in demand.enumerated() {
            let subjects = ref.signal.info.subjects
            if ref.scope == .workflow {
                for app in KnownRuntime.apps.indices {
                    guard let row = table.index(of: KnownRuntime.workflow, app: KnownRuntime.apps[app]) else { continue }
                    judge(table.workflow(row, slot), ref, .workflow, app, table.at.milliseconds)
                    judge(least: table.workflowFloor(row, slot), ref, app)
                }
                continue
            }
            if subjects.contains(.runtime) {
                judge(table.runtime(slot), ref, .runtime, nil, table.at.milliseconds)
                judge(least: table.floor(nil, slot), ref, nil)
            }
            if subjects.contains(.replica) { judge(table.replica(0, slot), ref, .replica, nil, table.at.milliseconds) }
            guard subjects.contains(.app) else { continue }
            for app in KnownRuntime.apps.indices {
                guard let index = table.index(of: KnownRuntime.apps[app]) else { continue }
                judge(table.app(index, slot), ref, .app, app, table.at.milliseconds)
                judge(least: table.floor(index, slot), ref, app)
            }
        }
    }

    /// What something is at the least is no more than what it really is; runs that the newest figures have and that ended since
    /// count as running, as they do for readings.
    mutating func judge(least: Double?, _ ref: SeriesRef, _ app: Int?) {
        guard let least else { return }
        floors += 1
        func most(_ app: Int) -> Int { open(app).count { $0.isRunning || $0.age < TruthWatch.telling } }
        let truth =
            switch ref.signal {
            case .activeRuns: app.map { Double(most($0)) } ?? Double(KnownRuntime.apps.indices.reduce(0) { $0 + most($1) })
            case .activeApps: Double(KnownRuntime.apps.indices.count { most($0) > 0 })
            default: Double.infinity
            }
        if least <= truth { return }
        faults.append("\(ref) of \(app.map { KnownRuntime.apps[$0].text } ?? "runtime"): at least \(least), truth \(truth)")
    }

    mutating func judge(_ reading: Evidence, _ ref: SeriesRef, _ kind: SubjectKind, _ app: Int?, _ now: Int64) {
        guard let value = reading.value else { return }
        values[ref.signal, default: [:]][kind, default: 0] += 1
        if ref.signal == .activeRuns, let app {
            let most = open(app).count { $0.isRunning || $0.age < TruthWatch.telling } + 2
            told += 1
            tooMany += value > Double(most) ? 1 : 0
        }
        let start = now - (ref.window ?? signals.options.window).milliseconds
        let truth = truth(ref.signal, app: app, from: start, to: now)
        let slack = 1e-6 * max(1, abs(value))
        if let truth, value >= truth.lowerBound - slack, value <= truth.upperBound + slack { return }
        let bounds = truth.map { "\($0.lowerBound)…\($0.upperBound)" } ?? "unknowable"
        faults.append(
            "\(ref) of \(app.map { KnownRuntime.apps[$0].text } ?? kind.rawValue) at \((now - KnownRuntime.t0) / 1_000)s: \(value), truth \(bounds)"
        )
    }

    /// What a reading may be, given what really happened. Nil: nothing can be known.
    ///
    /// - What is summed over a window is known to the poll: what happened in the poll intervals that lie within the window
    ///   is the least, what happened in those that touch it is the most; each for as long as it was watched. What a process
    ///   counted after its last poll went with it.
    /// - A gauge is what the newest answer said.
    func truth(_ signal: Signal, app: Int?, from start: Int64, to end: Int64) -> ClosedRange<Double>? {
        let place = app ?? KnownRuntime.apps.count
        func exactly(_ value: Double?) -> ClosedRange<Double>? { value.map { $0...$0 } }
        switch signal {
        case .metric, .metricSeries: return nil
        case .activeRuns: return active(app)
        case .openRuns:
            guard !perf.isEmpty else { return nil }
            // Who is within sees runs that began since, and those that run again after their end.
            let within = inside.last.map { world.running(at: $0.made, app: app) } ?? 0
            return Double(open(app).count)...max(Double(open(app).count), within)
        case .stalledRuns:
            guard let active = active(app, usesRegistry: false) else { return nil }
            let open = Double(open(app).count)
            return max(0, open - active.upperBound)...max(0, open - active.lowerBound)
        case .ghostRuns:
            return 0...Double(open(app).count { !$0.isRunning })
        case .activeApps:
            let all = KnownRuntime.apps.indices.compactMap { active($0) }
            return Double(all.count { $0.lowerBound > 0 })...Double(all.count { $0.upperBound > 0 })
        case .activeRunsShare:
            guard let app, let own = active(app) else { return nil }
            let others = KnownRuntime.apps.indices.filter { $0 != app }.compactMap { active($0) }
            let least = own.lowerBound / max(own.lowerBound + others.reduce(0) { $0 + $1.upperBound }, 1e-9)
            let most = own.upperBound / max(own.upperBound + others.reduce(0) { $0 + $1.lowerBound }, 1e-9)
            return 100 * min(least, most)...100 * most
        case .activeRunsMaxPerUser:
            func busiest(_ runs: [OpenRun]) -> Double {
                Double(Dictionary(runs.map { ($0.user, 1) }, uniquingKeysWith: +).values.max() ?? 0)
            }
            let open = open(app)
            return (inside.isEmpty ? busiest(open.filter(isSure)) : 0)...busiest(open.filter(isPossible))
        case .runStarts: return rate(starts[place], perf, from: start, to: end)
        case .runEnds: return rate(ends[place], perf, from: start, to: end)
        case .errors, .turns, .toolCalls, .tokens, .cost:
            return steps[signal].flatMap { rate($0[place], perf, from: start, to: end) }
        case .errorRate:
            guard let bad = bracket(steps[.errors]![place], perf, from: start, to: end),
                let all = bracket(steps[.turns]![place], perf, from: start, to: end)
            else { return nil }
            let most = all.least > 0 ? min(1, bad.most / all.least) : 1
            return 100 * (all.most > 0 ? min(bad.least / all.most, most) : 0)...100 * most
        // Of an app whose runs move no counter none is judged: it is the most that is known, not the least.
        case .silentRuns: return rate(silentEnds[place], perf, from: start, to: end).map { 0...$0.upperBound }
        // At the least nothing; the tests of runs compare them with what is known.
        case .silentRunsRest, .errorRateRest: return 0...100
        case .turnLatencyP95Rest: return 0...Double.infinity
        // Of a runtime nothing of this is read.
        case .cpu, .cpuThrottled, .load, .memory, .swap, .diskFree, .inodesFree, .oomKills, .openFiles, .pressureCPU, .pressureMemory,
            .pressureIO, .unreadMounts, .latency, .latencyResolve, .latencyConnect, .latencyTLS, .latencyProcessing, .latencyTransfer,
            .status, .certificateDays:
            return nil
        // What is lost here is refused.
        case .lostPolls, .lineLoss: return 0...0
        case .silentRunsShare:
            return silentShare(from: start, to: end)
        case .turnLatencyP50: return latency(0.5, app, from: start, to: end)
        case .turnLatencyP95: return latency(0.95, app, from: start, to: end)
        case .turnLatencyP99: return latency(0.99, app, from: start, to: end)
        case .llmCalls: return rate(steps[.llmCalls]![place], events, from: start, to: end)
        case .up:
            let recent = attempts.suffix(while: { $0.at > end - gap })
            return (recent.contains { !$0.answered } ? 0 : 1)...(recent.contains { $0.answered } ? 1 : 0)
        case .healthy: return exactly(health.last.map { $0.isHealthy ? 1 : 0 })
        case .healthLatency: return exactly(health.last?.elapsed)
        case .mongodbLatency: return exactly(health.last?.figure)
        case .websockets: return exactly(health.last?.second)
        case .trackedChats: return exactly(perf.last.map { _ in Double(latest.chats.count) })
        case .perfSeconds: return exactly(perf.last?.elapsed)
        case .uptime:
            guard let poll = events.last else { return nil }
            let age = Double(end - world.epochs[poll.epoch].lowerBound) / 1_000
            return max(0, age - 2.1)...age + 0.1
        case .restarts: return restarts(from: start, to: end)
        case .perfPolled:
            let spacings = zip(perf, perf.dropFirst()).map { $1.at - $0.at }
            // Never more than 2 % of the runtime's time.
            let budget = 50_000 * (perf.suffix(3).map(\.elapsed).max() ?? 0)
            let most = max(Double(world.habits.interval), Double(spacings.suffix(5).max() ?? 0), budget)
            return Double(world.habits.interval) / 1_000...most / 1_000 + 0.001
        case .deadCounters:
            let still = Counter.allCases.filter { !moved.contains($0) }.count
            return 0...Double(still)
        case .gateStarts: return rate(asked[place], gate, from: max(start, countedSince(app)), to: end)
        case .gateRefusals: return rate(refused[place], gate, from: max(start, countedSince(app)), to: end)
        case .healthFailures:
            let polls = judgedHealth.suffix(while: { $0.at > start }).compactMap(\.failed)
            return exactly(polls.isEmpty ? nil : 100 * Double(polls.count { $0 }) / Double(polls.count))
        case .loopLag: return exactly(inside.last?.second)
        }
    }

    /// The gate counts an app by name since the runtime showed it.
    func countedSince(_ app: Int?) -> Int64 {
        guard let app, let shown = firstShown[app] else { return .min }
        return gate.last { $0.at < shown }?.at ?? .min
    }

    /// For how long an answer stands.
    var gap: Int64 { max(3 * world.habits.interval, 120_000) + 1_000 }

    // MARK: - Sums

    struct Bracket {
        var least = 0.0
        var most = 0.0
        /// Watched ms.
        var covered = 0.0
    }

    /// What was watched is what the replica's own account says; that it is neither more nor much less than what polls allow
    /// is checked here.
    func bracket(_ series: KnownSeries, _ polls: [Poll], from start: Int64, to end: Int64) -> Bracket? {
        var bracket = Bracket()
        let first = max(1, polls.count - polls.suffix(while: { $0.at > start }).count)
        for index in first..<max(first, polls.count) {
            let (older, newer) = (polls[index - 1], polls[index])
            let gap = newer.at - older.at
            guard gap <= 120_000 || isWatched(newer.at, polls) else { continue }
            bracket.covered += Double(min(newer.at, end) - max(older.at, start))
            bracket.most += series.sum(older.made, newer.made)
            guard older.at >= start, newer.at <= end else { continue }
            // Of the process that answered: what another counted after its last answer went with it.
            let since = newer.epoch < 0 ? older.made : max(older.made, world.epochs[newer.epoch].lowerBound - 1)
            bracket.least += series.sum(since, newer.made)
        }
        return bracket.covered > 0 ? bracket : nil
    }

    func isWatched(_ at: Int64, _ polls: [Poll]) -> Bool {
        let replica = signals.replicas[0]
        let axis =
            polls.first?.at == perf.first?.at
            ? replica.log.axis : polls.first?.at == events.first?.at ? replica.usageAxis : signals.gate.axis
        guard let index = axis.at.lastIndex(of: at), index > 0 else { return false }
        return axis.covered[index] > axis.covered[index - 1]
    }

    func rate(_ series: KnownSeries, _ polls: [Poll], from start: Int64, to end: Int64) -> ClosedRange<Double>? {
        guard let sums = bracket(series, polls, from: start, to: end) else { return nil }
        return sums.least * 60_000 / sums.covered...sums.most * 60_000 / sums.covered
    }

    /// Where runs have counters that move each is judged by its own. Else only by the model calls of the whole process: then
    /// it is the least that is certain, and says more than nothing only when runs were really silent.
    func silentShare(from start: Int64, to end: Int64) -> ClosedRange<Double>? {
        let all = KnownRuntime.apps.count
        let isSighted = !moved.isDisjoint(with: [.turns, .tools, .tokens, .cost])
        // What ended in one poll interval is judged after the next, where it is judged by model calls.
        let early = start - 2 * gap
        guard let silent = bracket(silentEnds[all], perf, from: start, to: end),
            let over = bracket(ends[all], perf, from: start, to: end),
            let wide = bracket(silentEnds[all], perf, from: early, to: end)
        else { return nil }
        guard isSighted, !wasBlind(since: early) else { return 0...(wide.most > 0 ? 100 : 0) }
        let worked = (least: over.least - silent.least, most: over.most - silent.most)
        let least = silent.least / max(silent.least + worked.most, 1e-9)
        let most = silent.most / max(silent.most + worked.least, 1e-9)
        return 100 * least...100 * max(least, most)
    }

    /// Whether no counter of work had moved yet at some poll of that time.
    func wasBlind(since moment: Int64) -> Bool { sightedSince.map { $0 > moment } ?? true }

    /// Of every run whose turns moved between two polls the last duration; in buckets whose middle is within 0.8 %.
    func latency(_ quantile: Double, _ app: Int?, from start: Int64, to end: Int64) -> ClosedRange<Double>? {
        let found = perf.suffix(while: { $0.at > start }).filter {
            $0.at > start && $0.at <= end && ($0.at - $0.previous <= 120_000 || isWatched($0.at, perf))
        }
        .flatMap(\.latencies).filter { app == nil || $0.app == app }.map(\.seconds).sorted()
        guard !found.isEmpty else { return nil }
        let value = found[min(max(Int((quantile * Double(found.count)).rounded(.up)) - 1, 0), found.count - 1)]
        return value * 0.992...value * 1.008
    }

    /// Each change of process that two answers show counts when the second is there.
    func restarts(from start: Int64, to end: Int64) -> ClosedRange<Double>? {
        func changes(_ polls: [Poll]) -> Int {
            zip(polls, polls.dropFirst()).count { $0.epoch != $1.epoch && $1.at > start && $1.at <= end }
        }
        let shown = events.isEmpty ? 0 : changes(events)
        let since = (events + perf).filter { $0.at <= start }.map(\.made).max() ?? start
        let happened = world.epochs.dropFirst().count { $0.lowerBound > since - gap && $0.lowerBound <= end }
        return Double(min(shown, happened))...Double(happened)
    }

    // MARK: - Open runs

    /// Call it before the poll is among `perf`.
    func openRuns(at poll: Poll) -> [OpenRun] {
        world.open(at: poll.made, epoch: poll.epoch).map { run in
            let last = run.steps.last { $0.at <= poll.made }?.at ?? run.began
            let seen = perf.last { $0.made < last }.flatMap { before in perf.first { $0.at > before.at } }?.at ?? poll.at
            return OpenRun(
                app: run.app, user: run.user, isRunning: world.isRunning(run, at: poll.made), age: poll.made - run.began,
                quiet: poll.made - min(seen, poll.made))
        }
    }

    func open(_ app: Int?) -> [OpenRun] { app == nil ? openRuns : openRuns.filter { $0.app == app } }

    var isBlind: Bool { moved.isDisjoint(with: [.turns, .tools, .tokens, .cost]) }

    /// Those that run and may be seen to: where no counter shows progress only the young ones are.
    func isSure(_ run: OpenRun) -> Bool { run.isRunning && run.age < 595_000 || run.isRunning && !isBlind && run.quiet < 595_000 }

    /// Those that may be taken for runs: it is less than ten minutes since they were seen to begin or to do something.
    func isPossible(_ run: OpenRun) -> Bool { min(run.age, isBlind ? run.age : run.quiet) < 601_000 }

    func active(_ app: Int?, usesRegistry: Bool = true) -> ClosedRange<Double>? {
        guard !perf.isEmpty else { return nil }
        let open = open(app)
        var least = Double(open.count(where: isSure))
        var most = Double(open.count(where: isPossible))
        if app == nil, usesRegistry, let told = registry.last {
            (least, most) = (min(least, told.figure), max(most, told.figure))
        }
        if let told = inside.last {
            let runs = world.running(at: told.made, app: app)
            (least, most) = (min(least, runs), max(most, runs))
        }
        return least...most
    }
}
