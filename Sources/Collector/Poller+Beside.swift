import Model

extension Poller {
    /// One look at each host and service among `targets`, many at the same time: what hangs holds up no other. In their order;
    /// runtimes are left out.
    public func lookBeside(_ targets: [Target]) async -> [(target: Target, observations: [Observation])] {
        let beside = targets.filter { $0.kind != .runtime }
        return await withTaskGroup(of: (place: Int, observations: [Observation]).self) { group in
            var looks = beside.map { (target: $0, observations: [Observation]()) }
            for (place, target) in beside.enumerated() {
                if place >= Poller.together, let done = await group.next() { looks[done.place].observations = done.observations }
                group.addTask { (place, await look(at: target, target.everything)) }
            }
            for await done in group { looks[done.place].observations = done.observations }
            return looks
        }
    }

    /// Looks at the same time: fewer than there are places for those that block a thread.
    private static let together = 128
}
