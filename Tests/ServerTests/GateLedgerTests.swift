import Actions
import GateKit
import JSONParsing
import Model
import Testing

@testable import Server

/// Several monitors' gates: what each says of itself, what the one that decides makes of it, and limits that are one limit.
@Suite("gates of several monitors")
struct GateLedgerTests {
    private static let shop = AppID("app-shop")
    private static let clinic = AppID("app-clinic")

    private static func counts(_ since: String, _ apps: [(AppID, Int64, Int64)] = [], others: (Int64, Int64) = (0, 0)) -> GateCounts {
        GateCounts(
            since: since, apps: apps.map { GateCounts.App(app: $0.0, starts: .init(allowed: $0.1, refused: $0.2)) },
            others: .init(allowed: others.0, refused: others.1))
    }

    private static func report(_ counts: GateCounts, refusals: [String: Int] = [:]) -> GateReport {
        GateReport(counts: ["shared": counts], refusals: refusals)
    }

    /// Hears one monitor after the other, as at moments of its life, and adds its own counts at the end.
    private static func sum(_ words: [[(monitor: String, report: GateReport)]], own: GateCounts) -> GateCounts {
        var ledger = GateLedger()
        for word in words { ledger.hear(word) { _, _ in } }
        return ledger.sum(own, of: "shared")
    }

    @Test func aloneNothingIsChanged() {
        let own = Self.counts("a", [(Self.shop, 3, 1)], others: (2, 0))
        #expect(Self.sum([], own: own) == own)
        #expect(
            Self.sum([[("b", Self.report(Self.counts("b", [(Self.shop, 9, 9)], others: (9, 9))))]], own: own) == own, "before it was known")
    }

    @Test func whatAnotherCountsFromThenOnIsAdded() {
        let own = Self.counts("a", [(Self.shop, 3, 1)], others: (2, 0))
        let sum = Self.sum(
            [
                [("b", Self.report(Self.counts("b", [(Self.shop, 10, 0)], others: (1, 0))))],
                [("b", Self.report(Self.counts("b", [(Self.clinic, 1, 1), (Self.shop, 14, 5)], others: (4, 0))))],
            ], own: own)
        #expect(sum == Self.counts("a", [(Self.clinic, 1, 1), (Self.shop, 7, 6)], others: (5, 0)))
    }

    @Test func aProcessThatBeganAnewCountsFromZeroAndOneThatWentTakesNothingAlong() {
        let own = Self.counts("a")
        let words = [
            [("b", Self.report(Self.counts("b1", [(Self.shop, 10, 0)])))],
            [("b", Self.report(Self.counts("b1", [(Self.shop, 12, 0)])))],
            [("b", Self.report(Self.counts("b2", [(Self.shop, 3, 0)])))],
        ]
        #expect(Self.sum(words, own: own).apps.map(\.starts.allowed) == [5])
        #expect(Self.sum(words + [[]], own: own).apps.map(\.starts.allowed) == [5])
        #expect(Self.sum(words + [[], words[2]], own: own).apps.map(\.starts.allowed) == [5], "back, as it was")
    }

    @Test func anAppThatIsNamedNoMoreIsCountedOnce() {
        let sum = Self.sum(
            [
                [("b", Self.report(Self.counts("b", [(Self.shop, 10, 0)], others: (1, 0))))],
                [("b", Self.report(Self.counts("b", [], others: (13, 0))))],
            ], own: Self.counts("a"))
        #expect(sum == Self.counts("a", [], others: (2, 0)))
    }

    @Test func refusalsGoToTheLeaseOnce() {
        var ledger = GateLedger()
        var heard: [String] = []
        for refused in [4, 6, 6, 9] {
            ledger.hear([("b", Self.report(Self.counts("b"), refusals: ["lease-1": refused]))]) { heard.append("\($0) \($1)") }
        }
        #expect(heard == ["lease-1 2", "lease-1 3"])
    }

    @Test func aReportComesBackAsItWasTold() throws {
        let report = GateReport(
            counts: ["shared": Self.counts("a", [(Self.shop, 3, 1)], others: (2, 0))], refusals: ["lease-1": 4],
            starts: [
                GateReport.Starts(GateSubject(runtime: "shared", app: Self.shop), at: [GateSample.t0, GateSample.t0 + .seconds(1)])
            ])
        #expect(GateReport(try JSON(parsing: report.document.serialized())) == report)
        #expect(
            GateReport(["counts": 3, "refusals": ["lease-1": -1], "starts": [["app_id": "a"]]]) == GateReport(refusals: ["lease-1": 0]))
    }

    // MARK: Limits

    @Test func aLimitPerMinuteIsOneLimitAtTwoGates() {
        let clock = SetClock(GateTests.t0)
        let effects: [Effect] = [.throttle(Limits(requestsPerMinute: 4))]
        let (first, second) = (GateTests.gate(effects, clock: clock), GateTests.gate(effects, clock: clock))
        #expect(GateTests.run(first, 3) == "+++")
        second.hear([first.report(counting: ["shared"])])
        #expect(GateTests.run(second, 3) == "+--")
        // Who is refused comes again when the first of all these is a minute old.
        clock.now = GateTests.t0 + .seconds(59)
        #expect(GateTests.run(second, 1) == "-")
        clock.now = GateTests.t0 + .seconds(61)
        first.hear([second.report(counting: ["shared"])])
        #expect(GateTests.run(first, 5) == "++++-")
    }

    @Test func runsThatAnotherGateLetInCountUntilAPollShowsThem() {
        let clock = SetClock(GateTests.t0 + .seconds(10))
        let effects: [Effect] = [.throttle(Limits(concurrentWorkflows: 3))]
        func runs(_ second: Double, _ active: Int) -> OpenRuns {
            OpenRuns(at: GateTests.t0 + .seconds(second), apps: [GateTests.app: OpenRuns.App(active: active, chats: [])])
        }
        let first = GateTests.gate(effects, clock: clock, openRuns: runs(8, 1))
        let second = GateTests.gate(effects, clock: clock, openRuns: runs(8, 1))
        #expect(GateTests.run(first, 2) == "++")
        second.hear([first.report(counting: ["shared"])])
        #expect(GateTests.run(second, 1) == "-")
        // The websocket of a run that the other let in is no start, wherever it is asked about.
        let socket = Array("/ws/Generator/app_noisy/chat-9/u".utf8)
        #expect(second.ask(method: "GET", target: socket, runtime: nil) == .start(.allow(.goesOn)))
        clock.now = GateTests.t0 + .seconds(20)
        second.install(GateTests.table(effects, openRuns: runs(18, 2)))
        #expect(GateTests.run(second, 2) == "+-")
    }

    @Test func aTableOfAMonitorThatHangsOpensAtTheOtherGateToo() {
        let clock = SetClock(GateTests.t0)
        let table = GateTable(runtimes: ["shared"], leases: [GateSample.lease(.pause)], unattendedAfter: .minutes(2))
        let gate = Gate(table: table) { clock.now }
        clock.now = GateTests.t0 + .minutes(1)
        gate.install(table, attends: false)
        #expect(GateTests.run(gate, 1) == "-")
        clock.now = GateTests.t0 + .seconds(121)
        gate.install(table, attends: false)
        #expect(GateTests.run(gate, 1) == "+", "a table that is read again is no sign of life")
        gate.install(table)
        #expect(GateTests.run(gate, 1) == "-")
    }
}
