import Actions
import Ambient
import Model
import Server

/// What a scrape is answered: everything measured as families of metrics, made of one copy of the figures.
extension Instruments {
    /// `GET /metrics`.
    public var route: MonitorEndpoints.Route {
        MonitorEndpoints.Route("/metrics") { [self] request in
            let asked = request.headerValues("Accept").map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",")
            let format = Exposition.Format(accept: asked)
            return ServerResponse(
                status: 200, headers: [("Content-Type", format.contentType), ("Cache-Control", "no-store")],
                body: Array(Exposition.text(families, as: format).utf8))
        }
    }

    /// Every metric that has samples now, each family's sorted by its labels.
    public var families: [MetricFamily] {
        let figures = snapshot
        let now = clock.monotonicNanoseconds()
        let runtimes = figures.runtimes.inByteOrder(of: \.key)
        // What a runtime showed before it hung stands for nothing any more.
        let current = runtimes.filter { now &- $0.value.endedMonotonic < patienceNanoseconds }
        var families = MonitorMetric.allCases.map { MetricFamily($0.info, samples($0, figures, runtimes, current)) }
        families += own(.runtime, current)
        families += SignalMetric.app.enumerated().map { index, metric in
            MetricFamily(
                metric.info,
                current.flatMap { name, figures in
                    figures.apps.compactMap { app in app.readings[index].map { .init([name, app.app], $0) } }
                })
        }
        // Nothing is said of kinds that nobody watches.
        for kind in WatchedKind.allCases where kind != .runtime && current.contains(where: { $0.value.kind == kind }) {
            families += own(kind, current)
        }
        return families
    }

    /// What things of a kind showed.
    private func own(_ kind: WatchedKind, _ current: [(key: String, value: RuntimeFigures)]) -> [MetricFamily] {
        SignalMetric.of(kind).enumerated().map { index, metric in
            MetricFamily(
                metric.info,
                current.filter { $0.value.kind == kind }.compactMap { name, figures in
                    index < figures.readings.count ? figures.readings[index].map { .init([name], $0) } : nil
                })
        }
    }

    var patienceNanoseconds: UInt64 { UInt64(max(patience.milliseconds, 0)) * 1_000_000 }

    /// What is stuck, a line each; runtimes that had no cycle yet count from the start.
    ///
    /// - Parameter names: the runtimes that are watched.
    public func troubles(of names: [String]) -> [String] {
        var lines = standstills(of: names)
        let (all, failing) = failingChannels
        for channel in all where failing.contains(channel) {
            lines.append("stuck: channel \(Shown.masked(channel)) does not take its messages")
        }
        let due = snapshot.revertsDue
        if due > 0 { lines.append("stuck: \(due) actions resist being undone") }
        return lines
    }

    /// Those of them because of which nobody knows how things are: what is shown of the journal is of before.
    public func standstills(of names: [String]) -> [String] {
        let figures = snapshot
        let now = clock.monotonicNanoseconds()
        var lines: [String] = names.compactMap { name in
            let last = figures.runtimes[name]?.endedMonotonic
            let silent = now &- (last ?? startedMonotonic)
            guard silent >= patienceNanoseconds else { return nil }
            let span = TimeSpan(milliseconds: Int64(silent / 1_000_000)).brief
            return "stuck: \((figures.runtimes[name]?.kind ?? .runtime).rawValue) \(Shown.masked(name)): "
                + (last == nil ? "no cycle since the start" : "no cycle")
                + " for \(span)"
                + (figures.stages[name].map { $0 == .asking ? ", its polls do not end" : ", its commit does not end" } ?? "")
        }
        if figures.isJournalFailing { lines.append("stuck: the journal cannot be written: no new action and no message until it can be") }
        return lines
    }

    /// Whether a cycle was committed since the start.
    public var hasCommitted: Bool { snapshot.committed > 0 }

    /// Whether the newest commit failed.
    public var isJournalFailing: Bool { snapshot.isJournalFailing }

    /// The name of something watched, in the place of its kind's label.
    private static func name(_ watched: (key: String, value: RuntimeFigures)) -> [String] {
        WatchedKind.allCases.map { $0 == watched.value.kind ? watched.key : "" }
    }

    private func samples(
        _ metric: MonitorMetric, _ figures: Figures, _ runtimes: [(key: String, value: RuntimeFigures)],
        _ current: [(key: String, value: RuntimeFigures)]
    ) -> [MetricFamily.Sample] {
        switch metric {
        case .build: return [.init([version, commit ?? ""], 1)]
        case .started: return [.init([], Double(startedAt.milliseconds) / 1_000)]
        case .cycles: return runtimes.map { .init(Instruments.name($0), Double($0.value.cycles)) }
        case .lastCycle: return runtimes.map { .init(Instruments.name($0), Double($0.value.endedAt.milliseconds) / 1_000) }
        case .cyclesLeftOut: return runtimes.map { .init(Instruments.name($0), Double($0.value.cyclesLeftOut)) }
        case .polls: return sorted(figures.polls)
        case .pollDuration:
            return figures.pollDurations.map { MetricFamily.Sample([$0.key], $0.value) }.sortedByLabels
        case .evaluationDuration: return [.init([], figures.evaluations)]
        case .commitDuration: return [.init([], figures.commits)]
        case .commitFailures: return [.init([], Double(figures.commitFailures))]
        // What no commit and no cycle told yet is not known.
        case .journalFailing: return figures.commits.count == 0 ? [] : [.init([], figures.isJournalFailing ? 1 : 0)]
        case .journalSize: return figures.journalSizes.map { .init([$0.file], Double($0.bytes)) }
        case .evidenceMissing:
            return current.flatMap { one in
                one.value.missing.map {
                    MetricFamily.Sample(Instruments.name(one) + [$0.key.first, $0.key.second], Double($0.value))
                }.sortedByLabels
            }
        case .pollInterval:
            // Also of a runtime whose cycles do not end: what is late is told by it.
            return runtimes.map { .init(Instruments.name($0), Double($0.value.pollInterval.milliseconds) / 1_000) }
        case .perfInterval:
            // Nothing else has the endpoint.
            return current.filter { $0.value.kind == .runtime }.compactMap { name, figures in
                figures.perfInterval.map { .init([name], Double($0.milliseconds) / 1_000) }
            }
        case .incidents: return sorted(figures.incidents)
        case .incidentsOpened: return sorted(figures.opened)
        case .incidentsResolved: return sorted(figures.resolved)
        case .leases: return sorted(figures.leases)
        case .decisions: return sorted(figures.decisions)
        case .refusals: return sorted(figures.refusals)
        case .revertsDue: return figures.runtimes.isEmpty ? [] : [.init([], Double(figures.revertsDue))]
        case .actionsStopped: return figures.runtimes.isEmpty ? [] : [.init([], figures.areActionsStopped ? 1 : 0)]
        case .gateQuestions:
            guard let counters = gate?.counters else { return [] }
            return [
                .init(["allowed"], Double(counters.allowed)), .init(["crafted"], Double(counters.crafted)),
                .init(["not_a_start"], Double(counters.notStarts)), .init(["refused"], Double(counters.refused)),
            ]
        case .gateFailedOpen:
            guard let counters = gate?.counters else { return [] }
            return GateDoubt.allCases.map { MetricFamily.Sample([$0.rawValue], Double(counters.failedOpen[$0] ?? 0)) }.sortedByLabels
        case .gateAnswerDuration: return gate == nil ? [] : [.init([], gateSnapshot)]
        case .outboxPending: return figures.outbox.map { [.init([], Double($0.pending))] } ?? []
        case .outboxOldest:
            guard let oldest = figures.outbox?.oldest else { return [] }
            return [.init([], max(0, Double((clock.now() - oldest).milliseconds) / 1_000))]
        case .outboxDead: return figures.outbox.map { [.init([], Double($0.dead))] } ?? []
        case .channelFailing:
            let (all, failing) = failingChannels
            return all.map { MetricFamily.Sample([$0], failing.contains($0) ? 1 : 0) }.sortedByLabels
        case .connectionsRefused:
            return tallies.flatMap { server, tally -> [MetricFamily.Sample] in
                let refused = tally.refused
                return RefusedConnections.Reason.allCases.map { MetricFamily.Sample([server, $0.rawValue], Double(refused[$0])) }
            }.sortedByLabels
        case .logLinesDropped: return [.init([], Double(droppedLines()))]
        }
    }

    private func sorted(_ counts: [Pair: UInt64]) -> [MetricFamily.Sample] {
        counts.map { MetricFamily.Sample([$0.key.first, $0.key.second], Double($0.value)) }.sortedByLabels
    }

    private func sorted(_ counts: [Triple: Int]) -> [MetricFamily.Sample] {
        counts.map { MetricFamily.Sample([$0.key.first, $0.key.second, $0.key.third], Double($0.value)) }.sortedByLabels
    }
}

extension [MetricFamily.Sample] {
    fileprivate var sortedByLabels: Self {
        sorted { a, b in
            for (left, right) in zip(a.labels, b.labels) where left.precedes(right) != right.precedes(left) {
                return left.precedes(right)
            }
            return false
        }
    }
}
