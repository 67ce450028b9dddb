import Model

extension RuntimeSignals {
    /// Why nothing is tracked for a query, by what the newest pages show, for people; nil where a page that was read shows it.
    /// - Parameter replica: whose page is meant; nil for the runtime's own, or all of its replicas'.
    public func untracked(_ query: MetricQuery, of replica: String? = nil) -> String? {
        let logs: [MetricLog]
        if let replica {
            logs = self.replica(replica).map { [$0.metrics] } ?? []
        } else {
            logs = page.newestAt != nil ? [page] : replicas.map(\.metrics)
        }
        guard logs.contains(where: { $0.newestAt != nil }) else { return "no page of metrics was asked for" }
        let standings = logs.compactMap { $0.track(query)?.standing }
        // Of several pages the one that shows the most of it.
        if standings.contains(.unreadable(.notTracked)) { return "the page shows it as what may fall, and that has no rate" }
        if standings.contains(.unmatched) { return "the page has that name, and no series of it with such labels or such a figure" }
        return !standings.isEmpty && standings.allSatisfy { $0 == .absent } ? "the page has nothing of that name" : nil
    }
}
