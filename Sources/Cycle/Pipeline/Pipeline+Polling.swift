import Actions
import Collector
import Guard
import Model
import Signals

// What is to be asked, and what the gate needs to know of the answers.

extension Pipeline {
    /// The endpoints of each replica that are due: the cheap ones always, the expensive one when its effective interval
    /// is over. As long as that is the configured one there is half of it as slack, for cycles that come a little early; a
    /// stretched one is kept to the full, counted from the end of the last answer: that is what holds the budget.
    /// - Parameter found: who the replicas are, of a runtime whose replicas are to be found; nil: as they were last found, or as
    ///   they are configured.
    package func due(_ runtime: String, now: Timestamp, found: [String]? = nil) -> [(replica: String, endpoints: [Endpoint])] {
        guard let state = signals[runtime] else { return [] }
        // Of what stands beside runtimes one thing is read, and it costs nobody's time.
        if let only = state.options.kind.endpoint { return state.expectedReplicas.map { ($0, [only]) } }
        let asked = (found ?? state.expectedReplicas).map { replica in
            var endpoints = Endpoint.all(.everyCycle)
            endpoints += Endpoint.all(.whereThere).filter { state.isDue($0, replica: replica, now: now) }
            let asked = state.newestObservation(of: .perf, replica: replica)
            let interval = state.pollingBudget(of: replica).effective
            let isStretched = interval > settings.interval
            let slack = isStretched ? .zero : TimeSpan(milliseconds: settings.interval.milliseconds / 2)
            // Of two passes close together the second does not show the first one's failure beside answers of its own.
            let isAgain = !isStretched && state.isAffordableAgain(.perf, replica: replica, now: now)
            if isAgain || asked.map({ now - $0 + slack >= interval || now < $0 }) ?? true {
                endpoints.append(.perf)
            }
            return (replica: replica, endpoints: endpoints)
        }
        return Target.adding(settings.runtimes.first { $0.name == runtime }?.metrics, to: asked)
    }

    /// What runs of the apps under a lease, as the last poll showed it: what the gate needs to tell new runs from those that go on.
    package func openRuns() -> [String: OpenRuns] {
        var all: [String: OpenRuns] = [:]
        for (runtime, state) in signals {
            let apps = Set(guardState.leases.lazy.filter { $0.isWanted && $0.key.runtime == runtime }.map(\.key.app))
            guard !apps.isEmpty else { continue }
            let order = Array(apps)
            guard let running = state.runningChats(of: order) else { continue }
            var byApp: [AppID: OpenRuns.App] = [:]
            for (app, shown) in zip(order, running.apps) {
                byApp[app] = OpenRuns.App(
                    active: shown.active, least: shown.least, starts: shown.starts, chats: shown.open,
                    standing: shown.isWorkedOut ? shown.open?.subtracting(shown.ghosts) : nil)
            }
            all[runtime] = OpenRuns(at: running.at, apps: byApp)
        }
        return all
    }
}
