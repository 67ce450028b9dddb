import Model

extension RuntimeSignals {
    /// Workflows of the newest answers that found no place among those that are remembered: more are shown than
    /// `workflowLimit`, or their names are too long. No rule is judged on them.
    public var workflowsLeftOut: Int { shared.flows.leftOut }

    /// How many workflows of one runtime are remembered, where a policy asks for any.
    public static let workflowLimit = FlowDirectory.limit

    /// Forgets workflows that were not shown for as long as an app is remembered, those of apps that are forgotten, and all of
    /// them when no policy asks for any.
    mutating func expireWorkflows(of apps: FreedSlots?) {
        guard options.tracksWorkflows else {
            guard !shared.flows.directory.isEmpty || replicas.contains(where: { !$0.flows.isEmpty }) else { return }
            shared.flows = SharedFlows()
            for index in replicas.indices { replicas[index].flows = FlowLog() }
            for index in aside.indices { aside[index].flows = FlowLog() }
            return
        }
        let slots = shared.flows.directory.expire(before: newestAt - options.appLifetime.milliseconds, apps: apps)
        guard !slots.isEmpty else { return }
        let freed = FreedSlots(slots)
        for index in replicas.indices { replicas[index].flows.clear(freed) }
        for index in aside.indices { aside[index].flows.clear(freed) }
        shared.flows.latencies.clear(freed)
    }
}
