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
        PollingBudget(interval: options.interval, share: options.perfShare, elapsed: replica(url)?.perfElapsed ?? [])
    }

    /// When the newest restart of any replica was seen; nil when none was in the time that observations are kept.
    public var newestRestart: Timestamp? {
        replicas.compactMap(\.identity.restarts.last).max().map { Timestamp(milliseconds: $0) }
    }

    /// The app's open runs as the newest perf answers counted them, over all replicas, and the moment before which a start
    /// is surely in the count: when the oldest of those answers was asked for. Nil while a replica has no usable answer.
    public func openRuns(of app: AppID) -> (count: Int, at: Timestamp)? {
        guard let slot = shared.apps.slot(of: app) else { return nil }
        var count: Int64 = 0
        var asked = Int64.max
        for replica in replicas where !replica.isAbsent(asOf: newestAt, options) {
            guard let newest = replica.perf.newest, replica.chatsMissing(asOf: newestAt, options) == nil,
                let row = replica.log.rows.last
            else { return nil }
            // What really runs, where the runtime tells: then a run that ended frees its place, and a ghost takes none.
            let inside = replica.insideFigures(asOf: newestAt, options)?.runs(of: app)
            if let inside {
                count += inside
            } else if slot < row.gauges.count {
                count += row.gauges[slot].open
            }
            let entry = inside == nil ? nil : replica.inside.newest
            let (at, took) = entry.map { ($0.at, $0.elapsedMilliseconds) } ?? (newest.at, newest.elapsedMilliseconds)
            asked = min(asked, at - Int64(took.rounded(.up)))
        }
        return asked == .max ? nil : (Int(clamping: count), Timestamp(milliseconds: asked))
    }
}
