import Model

/// Stories on today's runtime: errors, tokens and cost are dead there, and the rules must be useful all the same.
extension Scenario {
    static let todays: [Scenario] = [userHog, restartLoop, stalled, mongoSlow, spending, crowded]

    private static func today(_ name: String, _ summary: String, _ shape: (inout Scenario) -> Void) -> Scenario {
        var scenario = Scenario(name: name, summary: summary)
        scenario.counters = .today
        scenario.tenants = ["app-clinic", "app-shop", "app-school", "app-bank", "app-travel"].map {
            Tenant($0, workflows: ["HelloWorld", "Support"], users: 12, loads: [Load(startsPerMinute: 3)])
        }
        shape(&scenario)
        return scenario
    }

    /// Load of every tenant from a time on.
    private static func change(_ scenario: inout Scenario, from: TimeSpan, _ body: (inout Load) -> Void) {
        for index in scenario.tenants.indices {
            let rest = scenario.tenants[index].loads[0]
            scenario.tenants[index].loads.append(
                rest.with { load in
                    load.from = from
                    body(&load)
                })
        }
    }

    static let userHog = today("user-hog", "from minute 3 one user of one app starts far more runs than all its others") {
        let rest = $0.tenants[1].loads[0]
        // A tenant of one user, beside the others of the same app: whoever starts, it is that one.
        $0.tenants[1].users = 1
        $0.tenants[1].loads = [rest.with { $0.startsPerMinute = 1 }]
        $0.tenants[1].loads.append(
            rest.with { ($0.from, $0.startsPerMinute, $0.runSeconds) = (.minutes(3), 9, 130...170) })
        for index in [0, 2, 3, 4] { $0.tenants[index].loads[0].startsPerMinute = 6.5 }
    }

    static let restartLoop = today("restart-loop", "the process restarts every five minutes") {
        $0.faults = (1...4).map { FaultWindow(.restart, from: .minutes(5 * $0)) }
    }

    static let stalled = today("stalled", "for an hour two thirds of all runs lose their websocket and stay open for ever") {
        for index in $0.tenants.indices { $0.tenants[index].loads[0].ghostShare = 0.66 }
        $0.warmUp = .minutes(60)
    }

    static let mongoSlow = today("mongo-slow", "from minute 3 to 14 Mongo's ping takes 600 ms, and health says healthy") {
        $0.faults = [
            FaultWindow(.mongoSlow(ping: .seconds(0.6)), from: .minutes(3), until: .minutes(14))
        ]
    }

    static let spending = today("spending", "after an hour all runs call the model six times as often") {
        change(&$0, from: .minutes(60)) { $0.turnSeconds = 0.7...3 }
    }

    static let crowded = today("crowded", "from minute 3 the runtime carries nearly as many runs as it bears, and nothing fails") {
        change(&$0, from: .minutes(3)) { ($0.startsPerMinute, $0.runSeconds) = (15, 130...160) }
    }
}
