import Model

/// What the replicas of a runtime share.
struct SharedState: Sendable {
    var apps = AppDirectory()
    var counters = CounterWatch()
    var latencies = LatencyLog()
    var flows = SharedFlows()
    /// When a turn was last seen to happen anywhere on the runtime, ms.
    var lastTurnAt = Int64.min
    /// By app slot: runs of at least a minute that ended, with work counted and without.
    var longEnds: ContiguousArray<LongEnds> = []

    struct LongEnds: Hashable, Sendable {
        var worked: Int32 = 0
        var silent: Int32 = 0

        /// Runs of this app come to their end without any counter moving: what it runs is not counted.
        var isUncounted: Bool { silent >= 2 && Int64(silent) * 10 > Int64(worked) }
    }

    func isUncounted(_ slot: Int) -> Bool { slot < longEnds.count && longEnds[slot].isUncounted }
}
