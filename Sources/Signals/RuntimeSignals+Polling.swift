import Model

/// What polling, the gate and the guard need to know of the derived state.
extension RuntimeSignals {
    /// When an endpoint of one replica was last heard of, whatever the outcome; nil before the first time.
    public func newestObservation(of endpoint: Endpoint, replica url: String) -> Timestamp? {
        replica(url)?.newestAt(endpoint).map { Timestamp(milliseconds: $0) }
    }

    /// How long a runtime without what only some builds have is not asked for it again.
    private static var pause: TimeSpan { .minutes(5) }

    /// Whether a replica is asked what only some builds have. In every cycle where it is there, now and then where it is not: the
    /// question is cheap, and not free.
    public func isDue(_ endpoint: Endpoint, replica url: String, now: Timestamp) -> Bool {
        guard let track = replica(url)?.track(endpoint), let newestAt = track.newestAt else { return true }
        if track.newestMissing == nil || track.newestMissing == .unreachable { return true }
        let since = now.milliseconds - newestAt
        return since < 0 || since >= RuntimeSignals.pause.milliseconds
    }

    /// Whether an endpoint of a replica told nothing when it was last asked, and may be asked again already: what took the runtime
    /// no time, as a refused connection, leaves its budget whole.
    public func isAffordableAgain(_ endpoint: Endpoint, replica url: String, now: Timestamp) -> Bool {
        guard let track = replica(url)?.track(endpoint), let newestAt = track.newestAt, track.newestMissing != nil else { return false }
        return Double(now.milliseconds - newestAt) * pollingBudget(of: url).share >= track.newestElapsed
    }

    /// The replicas of which anything is remembered.
    public var replicaURLs: [String] { (replicas + aside).map(\.url) }

    /// Those that were polled last: without those that were set aside.
    public var polledURLs: [String] { replicas.map(\.url) }

    func replica(_ url: String) -> ReplicaState? {
        replicas.first { $0.url.isSame(as: url) } ?? aside.first { $0.url.isSame(as: url) }
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
}
