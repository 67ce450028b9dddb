import Model

/// What is read of a host or a service.
extension Evaluation {
    /// The reading of what stands beside runtimes, over (start, end] or as of its end.
    func beside(_ signal: Signal, _ replica: ReplicaState, from start: Int64, to end: Int64) -> Evidence {
        switch options.kind {
        case .runtime: .missing(.notTracked)
        case .host: host(signal, replica, from: start, to: end)
        case .service: look(signal, replica.probe, .probe, replica, asOf: end) { $0.reading(signal) }
        }
    }

    private func host(_ signal: Signal, _ replica: ReplicaState, from start: Int64, to end: Int64) -> Evidence {
        switch signal {
        case .up: look(signal, replica.host, .host, replica, asOf: end) { .value($0.isTelling ? 1 : 0) }
        case .cpu, .cpuThrottled:
            look(signal, replica.host, .host, replica, asOf: end) { figures in
                // A first look has no rate, nor has one long after the last, or a moment after it.
                let maxGap = replica.maxGap(.host, options)
                guard let pair = replica.host.newestPair(asOf: end, apart: Evaluation.leastApart), pair.now.at - pair.before.at <= maxGap,
                    let before = pair.before.figures
                else {
                    if signal == .cpu, figures.busy == nil, figures.cpuUsed == nil { return .missing(figures.cpuMissing) }
                    return signal == .cpuThrottled && figures.periods == nil ? .missing(.notTracked) : .missing(.tooLittleData)
                }
                return signal == .cpu
                    ? figures.cpu(since: before, elapsed: pair.now.at - pair.before.at) : figures.throttled(since: before)
            }
        case .oomKills:
            look(signal, replica.host, .host, replica, asOf: end) { figures in
                guard figures.oomKills != nil || figures.groupOOMKills != nil else { return .missing(figures.oomMissing) }
                return kills(replica.host, from: start, to: end).map { .value($0) } ?? .missing(.tooLittleData)
            }
        default: look(signal, replica.host, .host, replica, asOf: end) { $0.reading(signal) }
        }
    }

    /// The kernel counts in hundredths of a second: what lies closer together, ms, is no share of anything.
    private static let leastApart: Int64 = 500

    /// A figure of the newest look; of `up` also what it says that there was none.
    private func look<F>(
        _ signal: Signal, _ track: EndpointTrack<F>, _ endpoint: Endpoint, _ replica: ReplicaState, asOf moment: Int64,
        _ read: (F) -> Evidence?
    ) -> Evidence {
        switch track.missing(asOf: moment, maxGap: replica.maxGap(endpoint, options)) {
        case .unreachable? where signal == .up: .value(0)
        case let reason?: .missing(reason)
        case nil: track.entry(asOf: moment)?.figures.flatMap(read) ?? .missing(.notTracked)
        }
    }

    /// Processes killed in (start, end], each counted at the look that first showed it; nil where there were no two looks.
    private func kills(_ track: EndpointTrack<HostFigures>, from start: Int64, to end: Int64) -> Double? {
        var before: HostFigures?
        var sum: Int64 = 0
        var isKnown = false
        for entry in track.entries where entry.at <= end {
            guard let figures = entry.figures else { continue }
            if let before, entry.at > start {
                Clamp.add(&sum, figures.kills(since: before))
                isKnown = true
            }
            before = figures
        }
        return isKnown ? Double(sum) : nil
    }
}

extension EndpointTrack {
    /// The newest entry with evidence at or before a moment, and the newest one at least so long before it, ms; nil where there is
    /// no such pair.
    func newestPair(asOf moment: Int64, apart: Int64) -> (before: Entry, now: Entry)? {
        var now: Entry?
        for entry in entries.reversed() where entry.at <= moment && entry.figures != nil {
            guard let newest = now else {
                now = entry
                continue
            }
            if newest.at - entry.at >= apart { return (entry, newest) }
        }
        return nil
    }
}
