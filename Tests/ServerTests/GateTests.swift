import Actions
import Collector
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
    private static let t0 = GateTableTests.t0
    private static let app = GateTableTests.app

    private static func path(_ app: String = "app_noisy", _ pack: String = "Generator") -> String {
        "/api/chats/\(app)/\(pack)/start"
    }

    private static func gate(
        _ effects: [Effect], clock: SetClock = SetClock(t0), openRuns: OpenRuns? = nil
    ) -> Gate {
        Gate(table: table(effects, openRuns: openRuns)) { clock.now }
    }

    private static func table(_ effects: [Effect], openRuns: OpenRuns? = nil) -> GateTable {
        GateTable(
            runtimes: ["shared"], leases: effects.map { GateTableTests.lease($0) },
            openRuns: openRuns.map { ["shared": $0] } ?? [:])
    }

    /// `+` allowed, `-` refused, one for each start.
    private static func run(_ gate: Gate, _ count: Int, _ target: String = path()) -> String {
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
        let gate = Self.gate([GateTableTests.throttle(perMinute: 3)], clock: clock)
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
            runtimes: ["shared"], leases: [GateTableTests.lease(.pause)], unattendedAfter: .minutes(2))
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
        let effect = GateTableTests.throttle(runs: 3)
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

    private static func socket(_ chat: String, _ pack: String = "Generator") -> String { "/ws/\(pack)/app_noisy/\(chat)/u" }
    private static func input(_ chat: String) -> String { "/chat/app_noisy/\(chat)/u/input" }

    /// As of a moment: so many runs, and these chats not ended.
    private static func figures(_ at: TimeSpan, active: Int?, starts: Int64? = nil, open: [String]? = []) -> OpenRuns {
        let chats = open.map { Set($0.map { StableHash(of: Array($0.utf8)) }) }
        return OpenRuns(at: t0 + at, apps: [app: .init(active: active, starts: starts, chats: chats)])
    }

    private static func ask(_ gate: Gate, _ method: String, _ target: String) -> Character {
        switch gate.ask(method: method, target: Array(target.utf8), runtime: nil) {
        case .start(.refuse): "-"
        case .start(.allow(.goesOn)): "="
        case .start(.allow(.failedOpen)): "?"
        case .start(.allow): "+"
        case .notAStart: "."
        case .unparsable: "!"
        }
    }

    @Test("a pause: what runs goes on, a new chat's websocket and an ended chat's input are refused")
    func pausedChats() {
        let clock = SetClock(Self.t0 + .seconds(20))
        let gate = Self.gate([.pause], clock: clock, openRuns: Self.figures(.seconds(10), active: 1, open: ["runs"]))
        #expect(Self.ask(gate, "GET", Self.socket("runs")) == "=")
        #expect(Self.ask(gate, "POST", Self.input("runs")) == "=")
        #expect(Self.ask(gate, "GET", Self.socket("invented")) == "-")
        #expect(Self.ask(gate, "POST", Self.input("ended")) == "-")
        #expect(Self.ask(gate, "POST", Self.path()) == "-")
        #expect(Self.ask(gate, "GET", "/ws/Generator/app_other/x/u") == "+")
        #expect(gate.counters.goneOn == 2 && gate.counters.refused == 3)
        // Refused starts, and the one that was allowed, of another app: nobody's.
        #expect(gate.counts(of: "shared")?.others == .init(allowed: 0, refused: 3))
    }

    @Test("figures that are old, missing or older than the lease stop no websocket")
    func doubtfulChats() {
        let clock = SetClock(Self.t0 + .seconds(20))
        func answers(_ figures: OpenRuns?) -> String {
            let gate = Self.gate([.pause], clock: clock, openRuns: figures)
            return String([Self.ask(gate, "GET", Self.socket("x")), Self.ask(gate, "POST", Self.input("x")), Self.ask(gate, "POST", Self.path())])
        }
        #expect(answers(nil) == "??-")
        #expect(answers(Self.figures(.seconds(10), active: 1, open: nil)) == "??-")
        #expect(answers(Self.figures(.seconds(-1), active: 1)) == "??-")
        #expect(answers(Self.figures(GateTable.settling, active: 1)) == "---")
        clock.now = Self.t0 + .seconds(10) + .minutes(2)
        #expect(answers(Self.figures(.seconds(10), active: 1)) == "---")
        clock.now = clock.now + TimeSpan(milliseconds: 1)
        #expect(answers(Self.figures(.seconds(10), active: 1)) == "??-")
    }

    @Test("disable_pack: an input names no workflow, and passes")
    func disabledChats() {
        let gate = Self.gate([.disablePack(PackID("Generator"))], openRuns: Self.figures(.seconds(10), active: 1))
        #expect(Self.ask(gate, "GET", Self.socket("x")) == "-")
        #expect(Self.ask(gate, "GET", Self.socket("x", "Other")) == "+")
        #expect(Self.ask(gate, "POST", Self.input("x")) == "?")
        #expect(gate.counters.failedOpen == [.workflowUnknown: 1])
    }

    @Test("a throttle: the websocket of a start that was let through is no second start, another's is one")
    func throttledChats() {
        let clock = SetClock(Self.t0 + .seconds(20))
        let gate = Self.gate(
            [GateTableTests.throttle(runs: 2)], clock: clock, openRuns: Self.figures(.seconds(10), active: 0, starts: 0))
        #expect(Self.ask(gate, "POST", Self.path()) == "+")
        #expect(Self.ask(gate, "GET", Self.socket("one")) == "=")
        #expect(Self.ask(gate, "GET", Self.socket("one")) == "=")
        #expect(Self.ask(gate, "GET", Self.socket("two")) == "+")
        #expect(Self.ask(gate, "GET", Self.socket("two")) == "=")
        #expect(Self.ask(gate, "GET", Self.socket("three")) == "-")
        #expect(Self.ask(gate, "POST", Self.path()) == "-")
        #expect(Self.ask(gate, "POST", Self.input("old")) == "-")
        // Another workflow's start is no ticket for this one.
        clock.now = Self.t0 + .seconds(30)
        gate.install(
            Self.table([GateTableTests.throttle(runs: 2)], openRuns: Self.figures(.seconds(30), active: 1, starts: 2, open: ["one", "two"])))
        #expect(Self.ask(gate, "POST", Self.path("app_noisy", "Other")) == "+")
        #expect(Self.ask(gate, "GET", Self.socket("four")) == "-")
        #expect(Self.ask(gate, "GET", Self.socket("four", "Other")) == "=")
        #expect(Self.ask(gate, "GET", Self.socket("one")) == "=")
    }

    @Test("a limit is kept exactly while starts show up late, and is never a pause")
    func exactly() {
        let clock = SetClock(Self.t0)
        let effect = GateTableTests.throttle(runs: 3)
        let gate = Self.gate([effect], clock: clock, openRuns: Self.figures(.zero, active: 0, starts: 100))
        func at(_ seconds: Double) { clock.now = Self.t0 + .seconds(seconds) }
        func poll(_ seconds: Double, active: Int, starts: Int64) {
            gate.install(Self.table([effect], openRuns: Self.figures(.seconds(seconds), active: active, starts: starts)))
        }
        at(9)
        #expect(Self.run(gate, 1) == "+")
        at(9.9)
        #expect(Self.run(gate, 3) == "++-")
        // The poll shows the first only: the others had not got there.
        at(10)
        poll(10, active: 1, starts: 101)
        #expect(Self.run(gate, 1) == "-")
        // The next shows all, of which one has ended.
        at(20)
        poll(20, active: 2, starts: 103)
        #expect(Self.run(gate, 2) == "+-")
        // That one never came to be (the runtime refused it): five seconds later it holds no place.
        at(30)
        poll(30, active: 2, starts: 103)
        #expect(Self.run(gate, 2) == "+-")
        // Nothing runs: however many stale chats there are, starts pass.
        at(40)
        poll(40, active: 0, starts: 104)
        #expect(Self.run(gate, 4) == "+++-")
        // Nobody knows what runs: not enforced.
        gate.install(Self.table([effect], openRuns: OpenRuns(at: clock.now, apps: [Self.app: .init(active: nil)])))
        #expect(Self.run(gate, 2) == "++")
    }

    @Test("a start whose websocket never came holds a place for half a minute, where the gate is asked about websockets")
    func silentStarts() {
        /// Two starts that the figures show, of which these chats had their websocket; how many more are let in after a while.
        func more(starts: Int = 2, heard: [String] = [], hasSockets: Bool = true, isTold: Bool = false) -> String {
            let clock = SetClock(Self.t0 + .seconds(20))
            let effect = GateTableTests.throttle(runs: 2)
            func figures(_ second: Double, _ open: [String]) -> OpenRuns {
                let chats = Set(open.map { StableHash(of: Array($0.utf8)) })
                return OpenRuns(
                    at: Self.t0 + .seconds(second),
                    apps: [Self.app: .init(active: open.count, chats: chats, standing: isTold ? nil : chats)])
            }
            let gate = Self.gate([effect], clock: clock, openRuns: figures(20, []))
            func poll(_ second: Double, _ open: [String]) {
                clock.now = Self.t0 + .seconds(second)
                gate.install(Self.table([effect], openRuns: figures(second, open)))
            }
            poll(26, [])
            poll(31, [])
            clock.now = Self.t0 + .seconds(32)
            #expect(Self.run(gate, starts) == String(repeating: "+", count: starts))
            if hasSockets { #expect(Self.ask(gate, "GET", "/ws/Generator/app_other/x/u") == "+") }
            for chat in heard { #expect(Self.ask(gate, "GET", Self.socket(chat)) == "=") }
            poll(37, ["one", "two"])
            #expect(Self.run(gate, 1) == "-")
            poll(60, ["one", "two"])
            #expect(Self.run(gate, 1) == "-", "it may still come")
            poll(70, ["one", "two"])
            return Self.run(gate, 3)
        }
        #expect(more() == "++-")
        #expect(more(heard: ["one"]) == "+--")
        #expect(more(heard: ["one", "two"]) == "---")
        #expect(more(hasSockets: false) == "---", "a proxy that asks about starts alone")
        #expect(more(starts: 0) == "---", "what a run starts by itself has no websocket")
        #expect(more(isTold: true) == "---", "the runtime says itself what runs")
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
        let gate = Self.gate([GateTableTests.throttle(perMinute: 2)])
        #expect(Self.run(gate, 3) == "++-")
        gate.install(Self.table([GateTableTests.throttle(perMinute: 3)]))
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
        let gate = Self.gate([GateTableTests.throttle(perMinute: 2)])
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
        let gate = Self.gate([GateTableTests.throttle(perMinute: 3)], clock: clock)
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
        let gate = Self.gate([GateTableTests.throttle(perMinute: 1)])
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
        #expect(batches.first?.firstAt == Self.t0)
        #expect(batches.first?.lastAt == Self.t0 + .seconds(39))
        #expect(batches.first?.samples.map(\.at) == (24..<40).map { Self.t0 + .seconds(Double($0)) })
        #expect(gate.drainRefusals().isEmpty)
    }
}
