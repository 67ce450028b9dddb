import Model

/// What may be said of an app or runtime, given which counters move there, from its sums and open runs.
struct CounterRules: Hashable, Sendable {
    /// Counters that ever moved, as bits over `Counter.rawValue`.
    var alive: UInt8
    var dead: UInt8
    var price: TokenPrice?
    /// Runs were seen: a counter that stands at zero, and of which it is not known yet whether it ever moves, says nothing.
    var hasRuns = false

    /// Whether progress of a run can be seen at all.
    enum Sight {
        /// A counter that progress would move is alive.
        case sighted
        /// All of them are dead: only the age of a run says something.
        case blind
        /// Too few runs ended to tell.
        case unknown
    }

    func isAlive(_ counter: Counter) -> Bool { alive & CounterWatch.bit(counter) != 0 }
    func isDead(_ counter: Counter) -> Bool { dead & CounterWatch.bit(counter) != 0 }

    var sight: Sight {
        let work: [Counter] = [.turns, .tools, .tokens, .cost]
        if work.contains(where: isAlive) { return .sighted }
        return work.allSatisfy(isDead) ? .blind : .unknown
    }

    /// Cost is computed from tokens: a price is known, tokens flow, and no cost was ever reported.
    var usesPrice: Bool { price != nil && !isAlive(.cost) && isAlive(.tokens) }

    /// Why a signal says nothing because of what the runtime never moves.
    func deadReason(_ signal: Signal) -> MissingReason? {
        if hasRuns, isUnproven(signal) { return .tooLittleData }
        return switch signal {
        case .errorRate, .errorRateRest: isDead(.errors) || (isDead(.turns) && isDead(.tools)) ? .deadCounter : nil
        case .cost: isDead(.cost) && !usesPrice ? .deadCounter : nil
        default: dead != 0 && signal.info.counters.contains(where: isDead) ? .deadCounter : nil
        }
    }

    /// A counter that it needs has not moved so far, and too few runs ended to call it dead.
    private func isUnproven(_ signal: Signal) -> Bool {
        func isOpen(_ counter: Counter) -> Bool { !isAlive(counter) && !isDead(counter) }
        return switch signal {
        case .errorRate, .errorRateRest:
            isOpen(.errors) || (!isAlive(.turns) && !isAlive(.tools) && (isOpen(.turns) || isOpen(.tools)))
        case .cost: isOpen(.cost) && !usesPrice
        default: signal.info.counters.contains(where: isOpen)
        }
    }

    // MARK: - Sums

    /// USD.
    func cost(_ sums: MinuteSums) -> Double {
        guard usesPrice, let price else { return sums.cost }
        return (sums.promptTokens * price.promptPerMillion + sums.completionTokens * price.completionPerMillion) / 1e6
    }

    /// What a signal's rate adds up; nil for a signal that is no rate over chats.
    func part(_ signal: Signal, _ sums: MinuteSums) -> Double? {
        switch signal {
        case .runStarts: sums.starts
        case .runEnds: sums.ends
        case .errors: sums.errors
        case .turns: sums.turns
        case .toolCalls: sums.tools
        case .tokens: sums.promptTokens + sums.completionTokens
        // Per hour where the others are per minute.
        case .cost: cost(sums) * 60
        default: nil
        }
    }

    /// Of the turns those that failed; of the tool calls where no turns are counted. Never above the whole: a turn may
    /// bring several errors, and one that failed at once may not be counted as a turn.
    func errorRate(_ sums: MinuteSums) -> Evidence {
        let tried = isDead(.turns) || sums.turns == 0 ? sums.tools : sums.turns
        return CounterRules.ratio(sums.errors, max(tried, sums.errors))
    }

    /// The same of all but the app that has most errors; `apps` are what `total` is the sum of.
    func errorRateRest(_ total: MinuteSums, _ apps: ContiguousArray<MinuteSums>) -> Evidence {
        guard let most = apps.max(by: { ($0.errors, $0.turns) < ($1.errors, $1.turns) }) else { return errorRate(total) }
        var rest = MinuteSums()
        // Parts of poll intervals leave a grain.
        func less(_ whole: Double, _ part: Double) -> Double { whole - part > 1e-6 ? whole - part : 0 }
        rest.errors = less(total.errors, most.errors)
        rest.turns = less(total.turns, most.turns)
        rest.tools = less(total.tools, most.tools)
        return errorRate(rest)
    }

    /// In percent.
    static func ratio(_ part: Double, _ whole: Double) -> Evidence {
        whole > 0 ? .value(100 * part / whole) : .missing(.noTraffic)
    }

    // MARK: - Open runs

    /// The runs that may be running and the fewest and most that are, given what websockets allow `total` to have: the fewest are
    /// those that are left when all the ghosts there may be are this subject's.
    private func running(_ runs: RunGauges, total: RunGauges) -> (shown: Int64, least: Int64, most: Int64) {
        // Where progress cannot be seen nothing is known to progress.
        let isSighted = sight == .sighted
        let moving = isSighted ? Int64(runs.progressing) : 0
        let shown = Int64(runs.young) + moving
        let excess = total.excess
        guard excess > 0 else { return (shown, shown, shown) }
        let all = Int64(total.young) + (isSighted ? Int64(total.progressing) : 0)
        let most = total.isDoubtful ? shown : min(shown, max(moving, all - excess))
        return (shown, min(shown, max(moving, shown - excess)), most)
    }

    /// Runs that are running; `total` are its runtime's. Of a whole runtime that is what its websockets allow, where that is
    /// certain. Of an app it is missing where they exclude each other: too many stand open, and whose it is cannot be told.
    func active(_ runs: RunGauges, total: RunGauges) -> Evidence {
        if sight == .sighted, runs.unwatched > 0 { return .missing(.tooLittleData) }
        let (shown, least, most) = running(runs, total: total)
        if shown == 0 { return .value(0) }
        // Neither progress nor websockets: how many of those that stand open run is not known.
        if sight != .sighted, total.socketBound == .lost { return .missing(.stale) }
        return least == most ? .value(Double(most)) : .missing(.contradictory)
    }

    /// Where a reading is missing since figures contradict each other, what it is at the least all the same. Nil where that says
    /// nothing.
    func floor(_ signal: Signal, _ runs: RunGauges, total: RunGauges) -> Double? {
        guard total.excess > 0, active(runs, total: total) == .missing(.contradictory) else { return nil }
        let least = Double(sure(runs, total: total))
        guard least > 0 else { return nil }
        switch signal {
        case .activeRuns: return least
        case .activeRunsShare: return 100 * least / Double(max(1, running(total, total: total).most))
        default: return nil
        }
    }

    /// The runs that surely run if the websockets are right: all but the ghosts there may be, also if these are ones that have just
    /// done something. One is left out: websockets and runs are not counted in the same instant.
    private func sure(_ runs: RunGauges, total: RunGauges) -> Int64 {
        max(0, running(runs, total: total).shown - total.excess - 1)
    }

    /// How many of the apps have an active run at the least: those of which something is known to run, and as many more as it
    /// takes, the largest first, until their open runs are as many as the runtime's websockets say that there are.
    func fewestApps(_ apps: [RunGauges], total: RunGauges) -> Int {
        var left = sure(total, total: total)
        var count = 0
        var others: [Int64] = []
        for runs in apps {
            let shown = running(runs, total: total).shown
            if active(runs, total: total).value ?? Double(sure(runs, total: total)) > 0 {
                count += 1
                left -= shown
            } else {
                others.append(shown)
            }
        }
        for shown in others.sorted(by: >) where left > 0 && shown > 0 {
            count += 1
            left -= shown
        }
        return count
    }

    func stalled(_ runs: RunGauges) -> Evidence {
        let still = Double(runs.quiet) + Double(runs.ghosts)
        return switch sight {
        case .blind: .missing(.deadCounter)
        case .unknown: still > 0 || runs.unwatched > 0 ? .missing(.tooLittleData) : .value(0)
        case .sighted: runs.unwatched > 0 ? .missing(.tooLittleData) : .value(still)
        }
    }

    /// Open runs that nothing runs for. Of an app missing where it is not known whose they are.
    func ghosts(_ runs: RunGauges, total: RunGauges) -> Evidence {
        if sight != .sighted {
            switch total.socketBound {
            case .none: return .missing(sight == .blind ? .deadCounter : .tooLittleData)
            case .lost: return .missing(.stale)
            case .most, .doubtful: break
            }
        }
        let (shown, least, most) = running(runs, total: total)
        return least == most ? .value(Double(Int64(runs.ghosts) + shown - most)) : .missing(.contradictory)
    }

    /// A gauge of one app's open runs, or of the runtime's own. `total` are its runtime's.
    func gauge(_ signal: Signal, _ runs: RunGauges, total: RunGauges) -> Evidence {
        func active(_ runs: RunGauges) -> Evidence { self.active(runs, total: total) }
        switch signal {
        case .activeRuns: return active(runs)
        case .ghostRuns: return ghosts(runs, total: total)
        case .openRuns: return .value(Double(runs.open))
        case .stalledRuns: return stalled(runs)
        case .activeRunsMaxPerUser:
            if case .missing(let reason) = active(runs) { return .missing(reason) }
            if case .sighted = sight { return .value(Double(runs.busiestUser)) }
            return .value(Double(min(runs.busiestUser, runs.young)))
        case .activeRunsShare:
            guard case .value(let own) = active(runs) else { return active(runs) }
            let whole = active(total)
            guard case .value(let all) = whole else { return whole }
            return CounterRules.ratio(own, all)
        default: return .missing(.notTracked)
        }
    }

    /// A subject's signal in one minute, from what is kept of it and of its runtime.
    func minute(_ signal: Signal, _ row: MinuteRow, of runtime: MinuteRow) -> Evidence {
        minute(signal, row.sums, row.gauges, row.latencies, of: runtime)
    }

    /// The same from a row's parts, so that going through ten thousand of them copies no whole one.
    func minute(
        _ signal: Signal, _ sums: MinuteSums, _ gauges: RunGauges, _ latencies: [MinuteRow.LatencyCount],
        of runtime: MinuteRow
    ) -> Evidence {
        if let reason = deadReason(signal) { return .missing(reason) }
        if let part = part(signal, sums) { return .value(part / max(runtime.watched, Evaluation.leastCoverage)) }
        if signal == .errorRate { return errorRate(sums) }
        if let quantile = Evaluation.quantile(signal) {
            return LatencyIndex.quantile(quantile, latencies).map { .value($0) } ?? .missing(.noTraffic)
        }
        return gauge(signal, gauges, total: runtime.gauges)
    }
}
