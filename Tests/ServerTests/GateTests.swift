import Actions
import Collector
import GateKit
import Model
import Synchronization
import Testing

@testable import Server

/// A clock that stands where it was set.
final class SetClock: Sendable {
    private let moment: Mutex<Timestamp>
    init(_ start: Timestamp) { moment = Mutex(start) }
    var now: Timestamp {
        get { moment.withLock { $0 } }
        set { moment.withLock { $0 = newValue } }
    }
}

@Suite("gate")
struct GateTests {
    static let t0 = GateSample.t0
    static let app = GateSample.app

    static func path(_ app: String = "app_noisy", _ pack: String = "Generator") -> String {
        "/api/chats/\(app)/\(pack)/start"
    }

    static func gate(
        _ effects: [Effect], clock: SetClock = SetClock(t0), openRuns: OpenRuns? = nil
    ) -> Gate {
        Gate(table: table(effects, openRuns: openRuns)) { clock.now }
    }

    static func table(_ effects: [Effect], openRuns: OpenRuns? = nil) -> GateTable {
        GateTable(
            runtimes: ["shared"], leases: effects.map { GateSample.lease($0) },
            openRuns: openRuns.map { ["shared": $0] } ?? [:])
    }

    /// `+` allowed, `-` refused, one for each start.
    static func run(_ gate: Gate, _ count: Int, _ target: String = path()) -> String {
        var line = ""
        for _ in 0..<count {
            switch gate.ask(method: "POST", target: Array(target.utf8), runtime: nil) {
            case .start(.allow): line += "+"
            case .start(.refuse): line += "-"
            case .notAStart: line += "."
            case .unparsable: line += "?"
            }
        }
        return line
    }

    @Test("a start that was let through while nobody was there to be asked has its websocket when somebody is back")
    func restarted() {
        let clock = SetClock(Self.t0 + .seconds(7))
        let chat = "/ws/Generator/app_noisy/chat-7/u"
        func figures(_ second: Double) -> GateTable {
            Self.table([.pause], openRuns: OpenRuns(at: Self.t0 + .seconds(second), byApp: [Self.app: 1]))
        }
        let gate = Gate(table: figures(6), isFirst: false) { clock.now }
        func ask(_ target: String, _ method: String) -> Gate.Answer { gate.ask(method: method, target: Array(target.utf8), runtime: nil) }
        func isRefused(_ answer: Gate.Answer) -> Bool { if case .start(.refuse) = answer { true } else { false } }
        #expect(!isRefused(ask(chat, "GET")), "it may have begun while the gate was away")
        #expect(isRefused(ask(Self.path(), "POST")), "a start is one all the same")
        clock.now = Self.t0 + .seconds(14)
        gate.install(figures(13))
        #expect(isRefused(ask(chat, "GET")), "by now the figures would show it")
        #expect(isRefused(Gate(table: figures(6)) { clock.now }.ask(method: "GET", target: Array(chat.utf8), runtime: nil)))
    }

    @Test("a throttle counts what it lets through, and only that")
    func throttle() {
        let clock = SetClock(Self.t0)
        let gate = Self.gate([GateSample.throttle(perMinute: 3)], clock: clock)
        #expect(Self.run(gate, 5) == "+++--")
        clock.now = Self.t0 + .seconds(59)
        #expect(Self.run(gate, 2) == "--")
        clock.now = Self.t0 + .seconds(60)
        #expect(Self.run(gate, 5) == "+++--")
        #expect(gate.counters.allowed == 6)
        #expect(gate.counters.refused == 6)
    }

    @Test("a monitor that hangs holds nobody back, and goes on where it was when it is back")
    func unattended() {
        let clock = SetClock(Self.t0)
        let table = GateTable(
            runtimes: ["shared"], leases: [GateSample.lease(.pause)], unattendedAfter: .minutes(2))
        let gate = Gate(table: table) { clock.now }
        clock.now = Self.t0 + .minutes(2)
        #expect(Self.run(gate, 1) == "-")
        clock.now = Self.t0 + .seconds(121)
        #expect(Self.run(gate, 2) == "++")
        #expect(gate.counters.failedOpen == [.unattended: 2])
        gate.attend()
        #expect(Self.run(gate, 1) == "-")
        clock.now = Self.t0 + .minutes(5)
        #expect(Self.run(gate, 1) == "+")
        gate.install(table)
        #expect(Self.run(gate, 1) == "-")
    }

    @Test("open runs: the poll refills, starts use up")
    func openRuns() {
        let clock = SetClock(Self.t0)
        func polled(_ open: Int) -> OpenRuns { OpenRuns(at: clock.now, byApp: [Self.app: open]) }
        let effect = GateSample.throttle(runs: 3)
        let gate = Self.gate([effect], clock: clock, openRuns: polled(1))
        clock.now = Self.t0 + .seconds(1)
        #expect(Self.run(gate, 4) == "++--")
        clock.now = Self.t0 + .seconds(10)
        gate.install(Self.table([effect], openRuns: polled(3)))
        #expect(Self.run(gate, 2) == "--")
        clock.now = Self.t0 + .seconds(20)
        gate.install(Self.table([effect], openRuns: polled(2)))
        clock.now = Self.t0 + .seconds(21)
        #expect(Self.run(gate, 2) == "+-")
    }

    @Test("what is remembered is bounded")
    func boundedMemory() {
        var memory = GateMemory()
        for number in 0..<20_000 {
            let chat = StableHash(high: 0, low: UInt64(number))
            memory.start(Self.t0, pack: nil, chat: chat, memory: .minutes(2))
        }
        #expect(memory.pending == GateMemory.most)
        func goesOn(_ low: UInt64) -> Bool { memory.goesOn(StableHash(high: 0, low: low), pack: nil, now: Self.t0) }
        #expect(goesOn(0))
        #expect(!goesOn(19_999))
        memory.figures(at: Self.t0 + .seconds(10), seen: nil)
        #expect(memory.pending == 0)
        #expect(!goesOn(0))
    }

    @Test("a new table keeps the starts of apps that stay limited")
    func install() {
        let gate = Self.gate([GateSample.throttle(perMinute: 2)])
        #expect(Self.run(gate, 3) == "++-")
        gate.install(Self.table([GateSample.throttle(perMinute: 3)]))
        #expect(Self.run(gate, 2) == "+-")
        gate.install(Self.table([]))
        #expect(Self.run(gate, 3) == "+++")
    }

    @Test("the gate's time does not run backwards: an expired lease stays expired")
    func backwards() {
        let clock = SetClock(Self.t0)
        let gate = Self.gate([.pause], clock: clock)
        #expect(Self.run(gate, 1) == "-")
        clock.now = Self.t0 + .hours(1)
        #expect(Self.run(gate, 1) == "+")
        clock.now = Self.t0
        #expect(Self.run(gate, 1) == "+")
        #expect(gate.counters.failedOpen == [.expiredLease: 2])
    }

    @Test("crafted paths: refused where the app is refused, never counted against it")
    func crafted() {
        let crafted = "//api/chats/app_noisy/Generator/start"
        #expect(Self.run(Self.gate([.pause]), 1, crafted) == "-")
        let gate = Self.gate([GateSample.throttle(perMinute: 2)])
        #expect(Self.run(gate, 10, crafted) == "++++++++++")
        #expect(Self.run(gate, 3) == "++-")
        #expect(Self.run(gate, 1, crafted) == "-")
        #expect(gate.counters.crafted == 10)
        // Nor for it as evidence: a crafted path leads nowhere.
        #expect(gate.counts(of: "shared")?.others == .init(allowed: 2, refused: 1))
    }

    @Test("only POST starts runs", arguments: ["GET", "post", "PUT", "OPTIONS", "", "POST "])
    func methods(method: String) {
        let gate = Self.gate([.pause])
        #expect(gate.ask(method: method, target: Array(Self.path().utf8), runtime: nil) == .notAStart)
        #expect(gate.counters.notStarts == 1)
    }

    @Test("an app that the runtime has shown is counted by name, what was allowed and what was refused")
    func counts() throws {
        let clock = SetClock(Self.t0)
        let gate = Self.gate([GateSample.throttle(perMinute: 3)], clock: clock)
        let begun = Self.t0.description
        #expect(gate.counts(of: "shared") == GateCounts(since: begun))
        #expect(gate.counts(of: "elsewhere") == nil)
        // Before the runtime has shown anybody there are only others.
        #expect(Self.run(gate, 1) == "+")
        gate.follow([AppID("app_calm"), Self.app], of: "shared")
        clock.now = Self.t0 + .seconds(30)
        #expect(Self.run(gate, 4) == "++--")
        #expect(Self.run(gate, 2, Self.path("app_calm", "Other")) == "++")
        let counts = try #require(gate.counts(of: "shared"))
        #expect(counts.since == begun)
        #expect(counts.others == .init(allowed: 1))
        #expect(
            counts.apps == [
                .init(app: AppID("app_calm"), starts: .init(allowed: 2)),
                .init(app: Self.app, starts: .init(allowed: 2, refused: 2)),
            ])
        // Not shown any more: what was counted of it stays in the sum. Shown again, it begins at zero.
        gate.follow([AppID("app_calm")], of: "shared")
        #expect(gate.counts(of: "shared")?.others == .init(allowed: 3, refused: 2))
        gate.follow([AppID("app_new"), Self.app], of: "shared")
        #expect(gate.counts(of: "shared")?.apps == [])
        #expect(gate.counts(of: "shared")?.others == .init(allowed: 5, refused: 2))
        #expect(Self.run(gate, 1) == "-")
        #expect(gate.counts(of: "shared")?.apps == [.init(app: Self.app, starts: .init(refused: 1))])
    }

    @Test("what is no start of a watched runtime is in no count of it")
    func uncounted() {
        let gate = Self.gate([.pause])
        gate.follow([Self.app], of: "shared")
        _ = gate.ask(method: "GET", target: Array(Self.path().utf8), runtime: nil)
        _ = gate.ask(method: "POST", target: Array("/api/health".utf8), runtime: nil)
        _ = gate.ask(method: "POST", target: Array(Self.path().utf8), runtime: "elsewhere")
        _ = gate.askedUnparsably()
        #expect(Self.run(gate, 1, "//api/chats/app_noisy/Generator/start") == "-")
        #expect(gate.counts(of: "shared") == GateCounts(since: Self.t0.description))
    }

    @Test("invented ids fill nothing: they count together, and apps that the runtime has shown by name all the same")
    func inventedIDs() throws {
        let gate = Self.gate([GateSample.throttle(perMinute: 1)])
        let shown = (0..<GateCounts.mostApps + 10).map { AppID("app\($0)") } + [AppID(String(repeating: "x", count: 300))]
        for number in 0..<20_000 { _ = Self.run(gate, 1, Self.path("invented\(number)")) }
        #expect(gate.counts(of: "shared") == GateCounts(since: Self.t0.description, others: .init(allowed: 20_000)))
        gate.follow(shown, of: "shared")
        for app in shown { _ = Self.run(gate, 1, Self.path("\(app)")) }
        let counts = try #require(gate.counts(of: "shared"))
        // Beyond the bound, and with an id too long, they are among the others.
        #expect(counts.apps.count == GateCounts.mostApps)
        #expect(counts.others.allowed == 20_011)
        #expect(Self.run(gate, 2) == "+-")
    }

    @Test("refusals drain once: exact counts, the latest samples")
    func drain() {
        let clock = SetClock(Self.t0)
        let gate = Self.gate([.pause], clock: clock)
        for second in 0..<40 {
            clock.now = Self.t0 + .seconds(Double(second))
            _ = Self.run(gate, 1)
        }
        let batches = gate.drainRefusals()
        #expect(batches.map(\.lease) == ["lease-1"])
        #expect(batches.first?.count == 40)
        #expect(batches.first?.lastAt == Self.t0 + .seconds(39))
        #expect(batches.first?.samples.map(\.at) == (24..<40).map { Self.t0 + .seconds(Double($0)) })
        #expect(gate.drainRefusals().isEmpty)
    }
}
