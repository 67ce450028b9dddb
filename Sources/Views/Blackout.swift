import Cycle
import Model
import Signals

/// That a signal is not read any more: what was read last is not so now, and of the minutes since nothing is on record yet.
public struct Blackout: Hashable, Sendable {
    /// What is seen less often says nothing of now.
    fileprivate static let latest = TimeSpan.minutes(3)

    /// When the last answer that said something came.
    public let since: Timestamp
    /// Why none came after it.
    public let reason: MissingReason

    /// Nil while one process at the least is read, where none ever was, and where nobody looks any more.
    public init?(of signal: Signal, in sight: RuntimeSight, now: Timestamp) {
        // These say something of an outage themselves.
        guard ![.up, .healthFailures, .lostPolls, .lineLoss].contains(signal), now - sight.polledAt <= Blackout.latest else { return nil }
        let summary = sight.summary
        let endpoint = signal.info.endpoint(on: summary.kind.subject)
        let sources = signal == .activeRuns && summary.kind == .runtime ? [endpoint, .activeRuns] : [endpoint]
        guard let reason = summary.replicas.first?.missing[endpoint],
            summary.replicas.allSatisfy({ replica in sources.allSatisfy { replica.missing[$0] != nil } }),
            let since = summary.replicas.compactMap({ $0.heardAt[endpoint] }).max()
        else { return nil }
        self.since = since
        self.reason = reason
    }

    /// The first minute of which nothing was read.
    public var firstMinute: Int64 { since.minute + 1 }
}

extension RuntimePast {
    /// The same to the end of what was asked for, where the newest polls show that nothing is read any more: the minutes since are on
    /// record only when no answer can come late, and until then the last values would seem to be those of now.
    public func goingOn(_ sight: RuntimeSight, until end: Timestamp, now: Timestamp) -> RuntimePast {
        // What ends before now tells of then.
        guard now - end < .minutes(1) else { return self }
        let blackouts = panels.map { panel in panel.signals.lazy.compactMap { Blackout(of: $0, in: sight, now: now) }.first }
        let hasEnded = blackouts.contains { $0 != nil }
        guard hasEnded || panels.contains(where: { sight.leavesOut($0, now: now) }) else { return self }
        var past = self
        if hasEnded { past.range = range.reaching(to: end.minute) }
        let missing = past.range.count - range.count
        let (known, last) = (range.minutes.upperBound, past.range.minutes.upperBound)
        past.panels = zip(panels, blackouts).map { panel, blackout in
            let isLeftOut = sight.leavesOut(panel, now: now)
            // What is still read goes on with the value that is on record.
            let series = panel.series.map { series in
                Series(
                    name: series.name, values: series.values + Array(repeating: nil, count: missing),
                    present: blackout == nil && !isLeftOut ? series.present + missing : 0)
            }
            guard let blackout else {
                return Panel(panel, series: series, isLeftOut: isLeftOut, unwritten: known < last ? known..<last : nil)
            }
            let first = max(blackout.firstMinute, past.range.minutes.lowerBound)
            // What was read in the minute in which it ended comes on record when no answer can come late.
            let unwritten = min(first, last)
            var gaps = panel.gaps.compactMap { gap -> Gap? in
                let end = min(gap.minutes.upperBound, first)
                return gap.minutes.lowerBound < end ? Gap(minutes: gap.minutes.lowerBound..<end, reason: gap.reason) : nil
            }
            if first < past.range.minutes.upperBound {
                gaps.append(
                    Gap(minutes: first..<past.range.minutes.upperBound, reason: blackout.reason.explanation(of: sight.summary.kind)))
            }
            return Panel(
                panel, series: series, gaps: gaps, blackout: blackout, unwritten: known < unwritten ? known..<unwritten : nil)
        }
        return past
    }
}

extension RuntimeSight {
    /// Whether every process answers its health check with a no that has none of a panel's figures: what was read before is not so now.
    fileprivate func leavesOut(_ panel: RuntimePast.Panel, now: Timestamp) -> Bool {
        guard summary.kind == .runtime, now - polledAt <= Blackout.latest, !summary.replicas.isEmpty else { return false }
        return summary.replicas.allSatisfy { replica in
            replica.isHealthy == false
                && panel.signals.allSatisfy { signal in
                    switch signal {
                    case .websockets: replica.websockets == nil
                    case .mongodbLatency: replica.mongoPingMilliseconds == nil
                    default: false
                    }
                }
        }
    }
}
