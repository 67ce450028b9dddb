import Model

/// What polling, the gate and the guard need to know of the derived state.
extension RuntimeSignals {
    /// When an endpoint of one replica was last heard of, whatever the outcome; nil before the first time.
    public func newestObservation(of endpoint: Endpoint, replica url: String) -> Timestamp? {
        replica(url)?.newestAt(endpoint).map { Timestamp(milliseconds: $0) }
    }

    /// The replicas of which anything is remembered.
    public var replicaURLs: [String] { replicas.map(\.url) }

    private func replica(_ url: String) -> ReplicaState? {
        replicas.first { $0.url.utf8.elementsEqual(url.utf8) }
    }

    /// How often a replica's perf endpoint may be asked: the configured interval, stretched by what its answers took.
    /// Not by how often it was asked: else one pause would stretch it for good.
    public func pollingBudget(of url: String) -> PollingBudget {
        replica(url)?.budget(options) ?? PollingBudget(interval: options.interval, share: options.perfShare)
    }

    /// When the newest restart of any replica was seen; nil when none was in the time that observations are kept.
    public var newestRestart: Timestamp? {
        replicas.compactMap(\.identity.restarts.last).max().map { Timestamp(milliseconds: $0) }
    }

    /// The app's runs that are running as the newest perf answers and websockets tell, over all replicas, and the moment
    /// before which a start is surely in the count: when the oldest of those answers was asked for. Nil while a replica has
    /// no usable answer. Ghosts and stalled runs are not in it, nor what websockets say cannot be running: who has nothing
    /// running is not held back for what stands open.
    public func openRuns(of app: AppID) -> (count: Int, at: Timestamp)? {
        guard let slot = shared.apps.slot(of: app) else { return nil }
        var count: Int64 = 0
        var asked = Int64.max
        let rules = Evaluation(self, at: newestAt).rules
        for replica in replicas where !replica.isAbsent(asOf: newestAt, options) {
            guard let newest = replica.perf.newest, replica.chatsMissing(asOf: newestAt, options) == nil,
                let row = replica.log.rows.last
            else { return nil }
            if slot < row.gauges.count { count += rules.leastRunning(row.gauges[slot], total: row.totalGauges) }
            asked = min(asked, newest.at - Int64(newest.elapsedMilliseconds.rounded(.up)))
        }
        return asked == .max ? nil : (Int(clamping: count), Timestamp(milliseconds: asked))
    }
}
