import Model

extension RuntimeSignals {
    /// Why pages say nothing to a query, in words for people; nil where the reason says it all.
    /// - Parameters:
    ///   - reason: what its reading is missing for.
    ///   - replica: whose page is meant; nil for the runtime's own, or all of its replicas'.
    public func lack(of query: MetricQuery, _ reason: MissingReason, of replica: String? = nil) -> String? {
        let logs: [MetricLog]
        if let replica {
            logs = self.replica(replica).map { [$0.metrics] } ?? []
        } else {
            logs = page.newestAt != nil ? [page] : replicas.map(\.metrics)
        }
        let standings = logs.compactMap { $0.track(query)?.standing }
        switch reason {
        case .notTracked where !logs.contains { $0.newestAt != nil }: return "no page of metrics was asked for"
        case .notTracked: return RuntimeSignals.untracked(standings)
        // Of a page that cannot be read itself its own fault is told.
        case .malformed where logs.allSatisfy { $0.newestMissing == nil }: return RuntimeSignals.spoiled(standings, query)
        case .ambiguous where standings.contains(.unreadable(.ambiguous)):
            return "its histograms have different buckets: name a label, so that one is left"
        case .noTraffic where standings.contains { $0 == .number(.missing(.noTraffic)) || $0 == .unreadable(.noTraffic) }:
            return "the page shows NaN" + (query.reading == .value ? "" : " for a series of it") + ": nothing was measured"
        default: return nil
        }
    }

    /// What newest pages show of what is not tracked.
    private static func untracked(_ standings: [MetricTrack.Standing]) -> String? {
        // Of several pages the one that shows the most of it.
        if standings.contains(.unreadable(.notTracked)) { return "the page shows it as what may fall, and that has no rate" }
        if standings.contains(.unmatched) { return "the page has that name, and no series of it with such labels or such a figure" }
        return !standings.isEmpty && standings.allSatisfy { $0 == .absent } ? "the page has nothing of that name" : nil
    }

    /// What is wrong with the figures of a page that was read.
    private static func spoiled(_ standings: [MetricTrack.Standing], _ query: MetricQuery) -> String? {
        if standings.contains(.number(.missing(.malformed))) { return "the page shows it as infinite" }
        guard standings.contains(.unreadable(.malformed)) else { return nil }
        let many = "more than \(PageSearch.mostSeries) series of it match"
        return switch query.reading {
        case .quantile: "the page shows no whole histogram of it: bounds that rise up to le=\"+Inf\", each with a count"
        case .rate, .increase: "the page shows a count of it that is infinite or below 0, or \(many)"
        default: many
        }
    }
}
