import Actions
import Collector
import GateKit
import Model
import Testing
@testable import Server

/// Websockets and inputs: what runs goes on, what begins is asked about.
extension GateTests {
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
            return String([
                Self.ask(gate, "GET", Self.socket("x")), Self.ask(gate, "POST", Self.input("x")), Self.ask(gate, "POST", Self.path()),
            ])
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
            [GateSample.throttle(runs: 2)], clock: clock, openRuns: Self.figures(.seconds(10), active: 0, starts: 0))
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
            Self.table(
                [GateSample.throttle(runs: 2)], openRuns: Self.figures(.seconds(30), active: 1, starts: 2, open: ["one", "two"])))
        #expect(Self.ask(gate, "POST", Self.path("app_noisy", "Other")) == "+")
        #expect(Self.ask(gate, "GET", Self.socket("four")) == "-")
        #expect(Self.ask(gate, "GET", Self.socket("four", "Other")) == "=")
        #expect(Self.ask(gate, "GET", Self.socket("one")) == "=")
    }

    @Test("a limit is kept exactly while starts show up late, and is never a pause")
    func exactly() {
        let clock = SetClock(Self.t0)
        let effect = GateSample.throttle(runs: 3)
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
            let effect = GateSample.throttle(runs: 2)
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
}
