import Model

/// What a careful operator expects of a scenario, beside it: whom to hold back, what to be told, and what not.
public struct ScenarioTruth: Sendable {
    /// How long the story takes, from its origin on.
    public var length: TimeSpan
    /// The apps that are to be held back, and no others.
    public var held: [AppID] = []
    /// Rules of which an incident must open.
    public var opens: [String]
    /// Rules that may warn besides; any other that does is wrong.
    public var accepts: [String] = []
    /// Rules that must not open, of any severity.
    public var never: [String] = []

    public init(length: TimeSpan, opens: [String]) {
        self.length = length
        self.opens = opens
    }

    /// What came of it.
    public struct Outcome: Sendable {
        /// Rules of the incidents that opened, with their severities.
        public var opened: [(rule: String, severity: Severity)]
        /// Apps that were acted upon, or would have been.
        public var held: [AppID]

        public init(opened: [(rule: String, severity: Severity)], held: [AppID]) {
            self.opened = opened
            self.held = held
        }
    }

    /// Each expectation as a sentence, and whether it was met.
    public func judged(_ outcome: Outcome) -> [(isMet: Bool, sentence: String)] {
        var rows: [(isMet: Bool, sentence: String)] = []
        let rules = Set(outcome.opened.map(\.rule))
        for rule in opens { rows.append((rules.contains(rule), "\(rule) is told")) }
        for rule in never { rows.append((!rules.contains(rule), "\(rule) is not told")) }
        let wrong = Set(outcome.opened.filter { $0.severity != .info }.map(\.rule)).subtracting(opens + accepts).sorted()
        rows.append((wrong.isEmpty, "nobody is woken by anything else" + (wrong.isEmpty ? "" : ": " + wrong.joined(separator: ", "))))
        let apps = Set(outcome.held)
        for app in held { rows.append((apps.contains(app), "\(app) is held back")) }
        let others = apps.subtracting(held).sorted()
        rows.append(
            (
                others.isEmpty,
                (held.isEmpty ? "nobody is held back" : "nobody else is held back")
                    + (others.isEmpty ? "" : ": " + others.map(\.text).joined(separator: ", "))
            ))
        return rows
    }
}

/// Stories in which it is easy to hold back the wrong one, or nobody, or to be blind; each with its truth.
extension Scenario {
    static let holding: [Scenario] = [
        bypass, ghosts, hiddenGhosts, cachedProvider, hang, mongoKilled, crashLoop, shortLives,
    ]

    private static let names = ["app-clinic", "app-shop", "app-school", "app-bank", "app-travel"]

    /// A runtime as the newest public one counts: chats come and go, and no counter moves.
    private static func newest(_ name: String, _ summary: String, _ truth: ScenarioTruth, _ shape: (inout Scenario) -> Void) -> Scenario {
        var scenario = Scenario(name: name, summary: summary)
        scenario.counters = .none
        scenario.tenants = names.map {
            Tenant($0, workflows: ["HelloWorld", "Support"], users: 12, loads: [Load(startsPerMinute: 3)])
        }
        scenario.truth = truth
        shape(&scenario)
        return scenario
    }

    private static func change(_ scenario: inout Scenario, _ app: Int, from: TimeSpan, _ body: (inout Load) -> Void) {
        let rest = scenario.tenants[app].loads[0]
        scenario.tenants[app].loads.append(
            rest.with { load in
                load.from = from
                body(&load)
            })
    }

    private static func truth(_ length: TimeSpan, opens: [String] = [], _ shape: (inout ScenarioTruth) -> Void = { _ in }) -> ScenarioTruth
    {
        var truth = ScenarioTruth(length: length, opens: opens)
        shape(&truth)
        return truth
    }

    static let bypass = newest(
        "bypass", "from minute 40 to 60 app-shop is noisy; whoever is refused comes in by a websocket past the gate",
        truth(.minutes(68), opens: ["noisy-neighbor"]) { $0.held = [AppID("app-shop")] }
    ) {
        $0.tenants[1].goesAround = true
        // Half an hour first: before that nothing is known of what is usual, and nobody is held for it.
        change(&$0, 1, from: .minutes(40)) { ($0.startsPerMinute, $0.isEven) = (75, true) }
        change(&$0, 1, from: .minutes(60)) { _ in }
    }

    static let ghosts = newest(
        "ghosts", "from minute 5 on the websockets of app-clinic drop at once, ten a minute; their runs stay open for ever",
        truth(.minutes(35)) { $0.never = ["noisy-neighbor", "runtime-saturated", "runtime-crowded"] }
    ) {
        change(&$0, 0, from: .minutes(5)) { ($0.startsPerMinute, $0.ghostShare, $0.turnSeconds) = (10, 1, 0.5...2) }
    }

    static let hiddenGhosts = newest(
        "hidden-ghosts",
        "as ghosts, while people who are done leave 120 websockets open: there are never more open runs than websockets",
        truth(.minutes(55)) { $0.never = ["noisy-neighbor", "runtime-saturated", "runtime-crowded"] }
    ) {
        $0.idleSockets = 120
        // Half an hour first, so that it is known what is usual; they are over before their number would give them away.
        change(&$0, 0, from: .minutes(40)) { ($0.startsPerMinute, $0.isEven, $0.ghostShare, $0.turnSeconds) = (10, true, 1, 0.5...2) }
        change(&$0, 0, from: .minutes(50)) { _ in }
    }

    static let cachedProvider = newest(
        "cached-provider", "from minute 10 to 25 all answers come from a cache: runs are over in seconds, no model is called, all is well",
        truth(.minutes(32)) { $0.never = ["provider-trouble", "runtime-saturated", "noisy-neighbor", "error-spike"] }
    ) {
        for app in $0.tenants.indices {
            change(&$0, app, from: .minutes(10)) { $0.startsPerMinute = 12 }
            change(&$0, app, from: .minutes(25)) { _ in }
        }
        $0.faults = [FaultWindow(.providerCached, from: .minutes(10), until: .minutes(25))]
    }

    static let hang = newest(
        "hang", "from minute 10 on the runtime answers nothing for two and a half minutes; then everybody comes back at once",
        truth(.minutes(30), opens: ["runtime-down"]) { $0.never = ["perf-unreadable", "noisy-neighbor", "restart-loop"] }
    ) {
        $0.faults = [FaultWindow(.hang, from: .minutes(10), until: .minutes(12) + .seconds(30))]
        change(&$0, 3, from: .minutes(12) + .seconds(30)) { ($0.startsPerMinute, $0.isEven) = (60, true) }
        change(&$0, 3, from: .minutes(18)) { _ in }
    }

    static let mongoKilled = newest(
        "mongo-killed",
        "MongoDB is dead from minute 10 to 22: starts fail and stay open, and the clients of app-clinic try again and again",
        truth(.minutes(36), opens: ["runtime-unhealthy"]) { $0.never = ["noisy-neighbor", "runtime-saturated"] }
    ) {
        $0.failedStartsStay = true
        $0.faults = [FaultWindow(.mongoDead(failsAfter: .seconds(3)), from: .minutes(10), until: .minutes(22))]
        change(&$0, 0, from: .minutes(10)) { ($0.startsPerMinute, $0.isEven) = (20, true) }
        change(&$0, 0, from: .minutes(22)) { _ in }
    }

    static let crashLoop = newest(
        "crash-loop", "from minute 40 on app-shop is so noisy that the process dies at minutes 50, 54 and 58",
        truth(.minutes(66), opens: ["noisy-neighbor", "restart-loop"]) { $0.held = [AppID("app-shop")] }
    ) {
        change(&$0, 1, from: .minutes(40)) { ($0.startsPerMinute, $0.isEven) = (75, true) }
        $0.faults = [50, 54, 58].map { FaultWindow(.restart, from: .minutes($0)) }
    }

    static let shortLives = newest(
        "short-lives",
        "from minute 40 on app-shop brings the process down every three and a half minutes, before it was noisy for long enough",
        truth(.minutes(62), opens: ["noisy-neighbor", "restart-loop"]) { $0.held = [AppID("app-shop")] }
    ) {
        change(&$0, 1, from: .minutes(40)) { ($0.startsPerMinute, $0.isEven) = (75, true) }
        $0.faults = (1...4).map { FaultWindow(.restart, from: .minutes(40) + .seconds(210) * $0) }
        change(&$0, 1, from: .minutes(55)) { _ in }
    }
}
