import Model

/// What may be said of an app or runtime, given which counters move there, from its sums and open runs.
struct CounterRules: Hashable, Sendable {
    /// Counters that ever moved, as bits over `Counter.rawValue`.
    var alive: UInt8
    var dead: UInt8
    var price: TokenPrice?

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
        switch signal {
        case .errorRate: isDead(.errors) || (isDead(.turns) && isDead(.tools)) ? .deadCounter : nil
        case .cost: isDead(.cost) && !usesPrice ? .deadCounter : nil
        default: dead != 0 && signal.info.counters.contains(where: isDead) ? .deadCounter : nil
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

    func errorRate(_ sums: MinuteSums) -> Evidence { CounterRules.ratio(sums.errors, sums.turns + sums.tools) }

    /// In percent.
    static func ratio(_ part: Double, _ whole: Double) -> Evidence {
        whole > 0 ? .value(100 * part / whole) : .missing(.noTraffic)
    }

    // MARK: - Open runs

    func active(_ runs: RunGauges) -> Evidence {
        guard case .sighted = sight else { return .value(Double(runs.young)) }
        if runs.unwatched > 0 { return .missing(.tooLittleData) }
        return .value(Double(runs.young) + Double(runs.progressing))
    }

    func stalled(_ runs: RunGauges) -> Evidence {
        switch sight {
        case .blind: .missing(.deadCounter)
        case .unknown: runs.quiet > 0 || runs.unwatched > 0 ? .missing(.tooLittleData) : .value(0)
        case .sighted: runs.unwatched > 0 ? .missing(.tooLittleData) : .value(Double(runs.quiet))
        }
    }

    /// A gauge of one app's open runs. `total` are its runtime's.
    func gauge(_ signal: Signal, _ runs: RunGauges, total: RunGauges) -> Evidence {
        switch signal {
        case .activeRuns: return active(runs)
        case .openRuns: return .value(Double(runs.open))
        case .stalledRuns: return stalled(runs)
        case .activeRunsMaxPerUser:
            if case .missing(let reason) = active(runs) { return .missing(reason) }
            if case .sighted = sight { return .value(Double(runs.busiestUser)) }
            return .value(Double(min(runs.busiestUser, runs.young)))
        case .activeRunsShare:
            guard case .value(let own) = active(runs) else { return active(runs) }
            guard case .value(let all) = active(total) else { return active(total) }
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
