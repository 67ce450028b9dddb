import Model

extension Scenario {
    /// Every named scenario, in the order of listings.
    public static let all: [Scenario] =
        [
            quiet, busy, noisyNeighbor, saturatedWithErrors, tokenBurn, providerDown, restart, poisoned, mongoDown,
            unauthorized, down, deadCounters, twoReplicas, ghostActives, growing, demo,
        ] + todays + holding

    /// The scenario of that name; nil when there is none.
    public static func named(_ name: String) -> Scenario? {
        all.first { $0.name.isSame(as: name) }
    }

    private static func make(_ name: String, _ summary: String, _ shape: (inout Scenario) -> Void) -> Scenario {
        var scenario = Scenario(name: name, summary: summary)
        shape(&scenario)
        return scenario
    }

    /// A tenant that does the same all the time.
    private static func steady(_ app: String, _ startsPerMinute: Double, users: Int = 10) -> Tenant {
        Tenant(
            app, workflows: ["HelloWorld", "Support", "Generator"], users: users,
            loads: [Load(startsPerMinute: startsPerMinute)])
    }

    private static let neighbours = [
        steady("app-clinic", 3), steady("app-shop", 3), steady("app-school", 2.5), steady("app-bank", 3),
        steady("app-écolé-検証", 2.5),
    ]

    static let quiet = make("quiet", "three tenants, a run every few minutes, nothing goes wrong") {
        $0.tenants = [
            steady("app-clinic", 0.3, users: 2), steady("app-shop", 0.2, users: 2), steady("app-school", 0.1, users: 1),
        ]
    }

    static let busy = make("busy", "five tenants at a healthy working load, every counter alive") {
        $0.counters = .all
        $0.tenants = neighbours + [steady("app-travel", 5, users: 30)]
    }

    static let noisyNeighbor = make(
        "noisy-neighbor", "five steady tenants; from minute 5 to 25 one of them starts twenty times as many runs"
    ) {
        $0.tenants = neighbours
        let rest = $0.tenants[1].loads[0]
        $0.tenants[1].loads.append(rest.with { ($0.from, $0.startsPerMinute) = (.minutes(5), 60) })
        $0.tenants[1].loads.append(rest.with { $0.from = .minutes(25) })
        $0.tenants[1].retriesAfter = 2...10
    }

    static let saturatedWithErrors = make(
        "saturated-with-errors", "from minute 5 more runs than the runtime bears (over 200), and errors rise with them"
    ) {
        $0.counters = .all
        $0.tenants = (0..<6).map { index in
            let rest = Load(startsPerMinute: 4, runSeconds: 90...240, turnSeconds: 8...20)
            return Tenant(
                "app-\(index + 1)", workflows: ["HelloWorld", "Support"], users: 40,
                loads: [
                    rest,
                    rest.with { ($0.from, $0.startsPerMinute, $0.errorShare) = (.minutes(5), 20, 0.03) },
                    rest.with { ($0.from, $0.startsPerMinute, $0.errorShare) = (.minutes(8), 20, 0.12) },
                    rest.with { ($0.from, $0.startsPerMinute, $0.errorShare) = (.minutes(11), 20, 0.30) },
                    rest.with { $0.from = .minutes(25) },
                ])
        }
    }

    static let tokenBurn = make(
        "token-burn", "after an hour one tenant's runs burn eight times as many tokens, for half an hour"
    ) {
        $0.counters = .all
        $0.tenants = neighbours
        let rest = $0.tenants[2].loads[0]
        let burning = rest.with {
            ($0.from, $0.promptTokens, $0.cost) = (.minutes(60), 6_000...24_000, 0.03...0.12)
            $0.startsPerMinute = 4
        }
        $0.tenants[2].loads += [burning, rest.with { $0.from = .minutes(90) }]
    }

    static let providerDown = make(
        "provider-down", "from minute 5 to 15 the model provider fails: runs end within seconds, and clients try again"
    ) {
        $0.tenants = neighbours.map { tenant in
            var tenant = tenant
            let rest = tenant.loads[0]
            tenant.loads += [
                rest.with { ($0.from, $0.startsPerMinute) = (.minutes(5), rest.startsPerMinute * 3) },
                rest.with { $0.from = .minutes(15) },
            ]
            return tenant
        }
        $0.faults = [FaultWindow(.providerDown, from: .minutes(5), until: .minutes(15))]
    }

    static let restart = make("restart", "the process restarts at minutes 5 and 12: counters zero, created changes") {
        $0.counters = .all
        $0.tenants = neighbours
        $0.faults = [FaultWindow(.restart, from: .minutes(5)), FaultWindow(.restart, from: .minutes(12))]
    }

    static let poisoned = make(
        "poisoned", "at minute 3 a NaN cost makes the perf endpoints answer 500 until the restart at minute 10"
    ) {
        $0.counters = .all
        $0.tenants = neighbours
        $0.faults = [FaultWindow(.poisoned, from: .minutes(3)), FaultWindow(.restart, from: .minutes(10))]
    }

    static let mongoDown = make(
        "mongo-down", "Mongo slow from minute 2, dead from 4 to 9: health fails after 30 s, the metrics go on"
    ) {
        $0.tenants = neighbours
        $0.faults = [
            FaultWindow(.mongoSlow(ping: .seconds(1.5)), from: .minutes(2), until: .minutes(4)),
            FaultWindow(.mongoDead(failsAfter: .seconds(30)), from: .minutes(4), until: .minutes(9)),
        ]
    }

    static let unauthorized = make(
        "unauthorized",
        "every endpoint asks for a token (client ops-monitor, secret dev-secret); minutes 5 to 8 no token is taken"
    ) {
        $0.tenants = neighbours
        $0.authentication = Authentication()
        $0.faults = [FaultWindow(.identityProviderDown, from: .minutes(5), until: .minutes(8))]
    }

    static let down = make("down", "connections refused from minute 2 to 6, then a fresh process; hangs from 10 to 12") {
        $0.tenants = neighbours
        $0.faults = [
            FaultWindow(.down, from: .minutes(2), until: .minutes(6)),
            FaultWindow(.restart, from: .minutes(6)),
            FaultWindow(.hang, from: .minutes(10), until: .minutes(12)),
        ]
    }

    static let deadCounters = make(
        "dead-counters", "today's runtime: runs come and go while errors, tokens and cost stay zero for ever"
    ) {
        $0.tenants = neighbours
    }

    static let twoReplicas = make("two-replicas", "two processes behind one URL: each poll lands on the other one") {
        $0.tenants = neighbours
        $0.replicas = 2
        $0.balanced = true
    }

    static let ghostActives = make(
        "ghost-actives", "a third of one tenant's runs lose their websocket and stay open for ever"
    ) {
        $0.tenants = neighbours
        $0.tenants[0].loads[0].ghostShare = 0.35
        $0.warmUp = .minutes(60)
    }

    static let growing = make(
        "growing",
        "20,000 chats already tracked and nothing evicted: each perf answer blocks the event loop for a second"
    ) {
        $0.tenants = neighbours
        $0.trackedBefore = 20_000
        $0.microsecondsPerChat = 49
    }

    static let demo = make(
        "demo",
        "30 seconds: four steady tenants; from second 4 app-shop starts far too many runs and retries when refused"
    ) {
        var rest = Load(
            startsPerMinute: 20, runSeconds: 6...10, turnSeconds: 1...3, errorShare: 0, promptTokens: 300...900)
        rest.isEven = true
        $0.counters = .all
        $0.warmUp = .seconds(40)
        $0.duration = .seconds(30)
        $0.tenants = ["app-clinic", "app-school", "app-bank", "app-écolé-検証"].map { [rest] in
            Tenant($0, workflows: ["HelloWorld", "Support"], users: 6, loads: [rest])
        }
        $0.tenants.insert(
            Tenant(
                "app-shop", workflows: ["Generator"], users: 3,
                loads: [
                    rest,
                    rest.with { ($0.from, $0.startsPerMinute, $0.runSeconds) = (.seconds(4), 240, 5...7) },
                    rest.with { $0.from = .seconds(16) },
                ],
                givesUpAfterRefusals: 40, retriesAfter: 0.4...1.5),
            at: 1)
    }
}
