import JSONParsing
import Model
import Server
import Testing

@testable import Simulator

/// The named scenarios do what their line says.
@Suite struct ScenarioTests {
    @Test func namesAreUniqueAndFound() {
        #expect(Set(Scenario.all.map(\.name)).count == Scenario.all.count)
        #expect(Scenario.all.count == 30)
        for scenario in Scenario.all {
            #expect(Scenario.named(scenario.name)?.summary == scenario.summary)
            #expect(!scenario.summary.isEmpty && scenario.summary.utf8.count < 130)
        }
        #expect(Scenario.named("no-such-thing") == nil)
    }

    @Test("the same seed gives the same bytes, in one step or in many", arguments: Scenario.all.map(\.name))
    func deterministic(name: String) throws {
        var scenario = try #require(Scenario.named(name))
        scenario.trackedBefore = min(scenario.trackedBefore, 50)
        var once = SimulatedRuntime(scenario, origin: origin)
        once.advance(to: origin + .minutes(9))
        var stepwise = SimulatedRuntime(scenario, origin: origin)
        for second in 1...540 { stepwise.advance(to: origin + .seconds(Double(second))) }
        var other = SimulatedRuntime(Self.reseeded(scenario), origin: origin)
        other.advance(to: origin + .minutes(9))
        for replica in 0..<scenario.replicas {
            let now = Instant(origin + .minutes(9))
            let bytes = once.processes[replica].aggregate(at: now)
            #expect(bytes == stepwise.processes[replica].aggregate(at: now))
            #expect(once.processes[replica].events(at: now) == stepwise.processes[replica].events(at: now))
            #expect(bytes != other.processes[replica].aggregate(at: now))
        }
    }

    private static func reseeded(_ scenario: Scenario) -> Scenario {
        var scenario = scenario
        scenario.seed += 1
        return scenario
    }

    /// Share of one app in the open runs, each minute (or second) in a range; the lowest and the highest.
    private func shares(
        _ name: String, app: String, seconds: some Sequence<Int>
    ) throws -> (low: Double, high: Double, least: Int) {
        var runtime = SimulatedRuntime(try #require(Scenario.named(name)), origin: origin)
        var (low, high, least) = (1.0, 0.0, Int.max)
        for second in seconds {
            runtime.advance(to: origin + .seconds(Double(second)))
            let open = runtime.tally.apps.values.reduce(0) { $0 + $1.open }
            let share = Double(runtime.tally.apps[AppID(app)]?.open ?? 0) / Double(max(1, open))
            (low, high, least) = (min(low, share), max(high, share), min(least, open))
        }
        return (low, high, least)
    }

    @Test func noisyNeighborExceedsFortyPercentFromMinuteSevenOn() throws {
        let before = try shares("noisy-neighbor", app: "app-shop", seconds: stride(from: 0, to: 300, by: 5))
        #expect(before.high < 0.5)
        let during = try shares("noisy-neighbor", app: "app-shop", seconds: stride(from: 420, to: 1_500, by: 10))
        #expect(during.low > 0.5)
        #expect(during.least >= 10)
        let after = try shares("noisy-neighbor", app: "app-shop", seconds: stride(from: 1_740, to: 2_000, by: 10))
        #expect(after.high < 0.5)
    }

    @Test func demoTurnsNoisyAtSecondFourAndCalmsDown() throws {
        let before = try shares("demo", app: "app-shop", seconds: 0..<4)
        #expect(before.high < 0.4)
        #expect(before.least >= 8)
        let during = try shares("demo", app: "app-shop", seconds: 7...16)
        #expect(during.low > 0.45)
        #expect(during.least >= 10)
        let after = try shares("demo", app: "app-shop", seconds: 25...30)
        #expect(after.high < 0.4)
    }

    @Test func saturationPassesTwoHundredRunsWithRisingErrors() throws {
        var runtime = SimulatedRuntime(.saturatedWithErrors, origin: origin)
        func rate(until minute: Int) -> (errors: Double, open: Int) {
            let before = totals(runtime)
            runtime.advance(to: origin + .minutes(minute))
            let after = totals(runtime)
            return (
                Double(after.errors - before.errors) / Double(max(1, after.turns - before.turns)),
                runtime.processes[0].openCount
            )
        }
        let calm = rate(until: 5)
        let early = rate(until: 8)
        let late = rate(until: 15)
        #expect(calm.open < 120)
        #expect(calm.errors < 0.03)
        #expect(early.errors > 1.5 * calm.errors)
        #expect(late.open > 200)
        #expect(late.errors > 0.1)
    }

    private func totals(_ runtime: SimulatedRuntime) -> (turns: Int64, errors: Int64, tokens: Int64) {
        runtime.processes[0].chats.reduce((0, 0, 0)) {
            ($0.0 + $1.turns, $0.1 + $1.errors, $0.2 + $1.promptTokens + $1.completionTokens)
        }
    }

    @Test func tokenBurnIsManyTimesTheBaselineAndAboveTheFloor() throws {
        var runtime = SimulatedRuntime(.tokenBurn, origin: origin)
        func tokens(of app: String) -> Int64 {
            runtime.processes[0].chats.filter { $0.app == AppID(app) }.reduce(0) {
                $0 + $1.promptTokens + $1.completionTokens
            }
        }
        runtime.advance(to: origin + .minutes(30))
        let half = tokens(of: "app-school")
        runtime.advance(to: origin + .minutes(60))
        let baseline = Double(tokens(of: "app-school") - half) / 30
        runtime.advance(to: origin + .minutes(65))
        let burning = tokens(of: "app-school")
        runtime.advance(to: origin + .minutes(85))
        let rate = Double(tokens(of: "app-school") - burning) / 20
        #expect(rate > 4 * baseline)
        #expect(rate > 2_000)
    }

    @Test func whileTheProviderIsDownRunsEndSilently() throws {
        var runtime = SimulatedRuntime(.providerDown, origin: origin)
        runtime.advance(to: origin + .minutes(7))
        let deltas = runtime.processes[0].usageDeltas
        let turns = totals(runtime).turns
        let ended = runtime.processes[0].completions
        runtime.advance(to: origin + .minutes(14))
        #expect(runtime.processes[0].usageDeltas == deltas)
        #expect(totals(runtime).turns == turns)
        #expect(runtime.processes[0].completions > ended + 100)
        for chat in runtime.processes[0].chats where chat.startedAt >= Instant(origin + .minutes(7)) {
            if let end = chat.endedAt { #expect(end - chat.startedAt < 4_000_000) }
        }
        runtime.advance(to: origin + .minutes(20))
        #expect(runtime.processes[0].usageDeltas > deltas)
    }

    @Test func ghostsStayOpenAndLoseTheirWebsocket() throws {
        var runtime = SimulatedRuntime(.ghostActives, origin: origin)
        runtime.advance(to: origin + .minutes(30))
        let process = runtime.processes[0]
        let ghosts = process.chats.filter { $0.isGhost && $0.endedAt == nil }
        #expect(ghosts.count > 30)
        #expect(process.openCount - process.websockets == ghosts.count)
        #expect(Instant(runtime.now) - (try #require(ghosts.first)).startedAt > 3_600_000_000)
    }

    @Test(
        "only the counters that live ever move",
        arguments: [
            ("today", [true, true, false, false, false]), ("turns-only", [true, false, false, false, false]),
            ("none", [false, false, false, false, false]), ("all", [true, true, true, true, true]),
        ])
    func counters(name: String, alive: [Bool]) throws {
        var scenario = Scenario.busy
        scenario.counters = try #require(LiveCounters(name: name))
        var runtime = SimulatedRuntime(scenario, origin: origin)
        runtime.advance(to: origin + .minutes(20))
        let chats = runtime.processes[0].chats
        let moved = [
            chats.contains { $0.turns > 0 }, chats.contains { $0.toolCalls > 0 }, chats.contains { $0.errors > 0 },
            chats.contains { $0.promptTokens > 0 }, chats.contains { $0.cost > 0 },
        ]
        #expect(moved == alive)
        #expect(runtime.processes[0].usageDeltas > 0)
        #expect(chats.contains { $0.lastTurnSeconds != nil } == alive[0])
        #expect(chats.filter { $0.endedAt != nil }.count > 100)
    }

    @Test func deadCountersChangeNothingElseOfTheStory() {
        var alive = Scenario.busy
        alive.counters = .none
        var (a, b) = (SimulatedRuntime(.busy, origin: origin), SimulatedRuntime(alive, origin: origin))
        a.advance(to: origin + .minutes(3))
        b.advance(to: origin + .minutes(3))
        #expect(a.processes[0].chats.map(\.startedAt) == b.processes[0].chats.map(\.startedAt))
        #expect(a.processes[0].chats.map(\.endedAt) == b.processes[0].chats.map(\.endedAt))
    }

    @Test func aRestartZeroesEverythingAndChangesCreated() throws {
        var runtime = SimulatedRuntime(.restart, origin: origin)
        runtime.advance(to: origin + .minutes(5) - TimeSpan(milliseconds: 1))
        let before = try #require(
            try JSON(parsing: runtime.processes[0].events(at: runtime.instant))["data"]?["created"]?.string)
        #expect(runtime.processes[0].chats.count > 20)
        runtime.advance(to: origin + .minutes(5))
        let after = try #require(
            try JSON(parsing: runtime.processes[0].events(at: runtime.instant))["data"]?["created"]?.string)
        #expect(before != after)
        #expect(after == "2026-11-21T09:05:00+00:00")
        #expect(runtime.processes[0].chats.isEmpty)
        #expect(runtime.tally.restarts == 1)
        runtime.advance(to: origin + .minutes(11))
        #expect(runtime.processes[0].openCount > 5)
        #expect(runtime.tally.apps.values.reduce(0) { $0 + $1.open } == runtime.processes[0].openCount)
    }
}

/// Clients whose starts go through somebody else's hands.
@Suite struct ClientTests {
    @Test func refusedStartsAreTriedAgainAndGivenUp() throws {
        var runtime = SimulatedRuntime(.demo, origin: origin, clients: .handedOut)
        #expect(runtime.tally.apps[AppID("app-shop")]?.accepted ?? 0 > 2, "the warm-up is direct")
        var highest = 0
        var lateAttempts = 0
        for tenth in 1...300 {
            runtime.advance(to: origin + TimeSpan(milliseconds: Int64(tenth) * 100))
            for attempt in runtime.takeAttempts() {
                highest = max(highest, attempt.number)
                if tenth > 200, attempt.app == AppID("app-shop") { lateAttempts += 1 }
                runtime.settle(attempt, attempt.app == AppID("app-shop") ? .refused : .accepted)
            }
        }
        #expect(highest > 1)
        #expect(highest <= 6)
        #expect(runtime.tally.apps[AppID("app-shop")]?.refused ?? 0 >= 40)
        // Back to a start every four seconds, each tried up to six times.
        #expect(lateAttempts < 30)
    }

    @Test func nothingIsHandedOutWhenStartsAreDirect() {
        var runtime = SimulatedRuntime(.demo, origin: origin)
        runtime.advance(to: origin + .seconds(30))
        #expect(runtime.takeAttempts().isEmpty)
    }
}
