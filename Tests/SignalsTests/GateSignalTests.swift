import Model
import Testing

@testable import Signals

/// What the gate counted as evidence: exact, missing where there is no gate, and never a burst that was none.
@Suite struct GateSignalTests {
    static let options = SignalOptions(replicas: [Watched.url])

    /// A runtime that has shown the apps `a` and `b`, polled at zero.
    static func shown() throws -> Watched {
        var watched = Watched()
        var process = RunTests.alive
        process.open("x", app: "a", at: -5)
        process.open("y", app: "b", at: -5)
        try watched.perf(process, at: 0)
        return watched
    }

    static func counts(
        _ apps: [String: (allowed: Int64, refused: Int64)], others: Int64 = 0, since: String = "2026-11-21T08:00:00.000Z"
    ) -> GateCounts {
        GateCounts(
            since: since,
            apps: apps.sorted { $0.key < $1.key }.map {
                .init(app: AppID($0.key), starts: .init(allowed: $0.value.allowed, refused: $0.value.refused))
            }, others: .init(allowed: others))
    }

    @Test("without a gate, and with one that nobody asks, its signals are missing; asked once, they are exact")
    func exact() throws {
        var watched = try GateSignalTests.shown()
        for name in ["gate_starts[1m]", "gate_refusals[1m]"] {
            #expect(try watched.runtime(name, at: 5) == .missing(.notTracked))
            #expect(try watched.app("a", name, at: 5) == .missing(.notTracked))
        }
        for second in stride(from: 10.0, through: 120, by: 10) {
            try watched.ingest(.gate(GateSignalTests.counts([:])), at: second)
        }
        #expect(try watched.runtime("gate_starts[1m]", at: 120) == .missing(.notTracked))
        #expect(try watched.app("a", "gate_starts[1m]", at: 120) == .missing(.notTracked))
        // Twelve starts of one app in ten seconds, of which four were refused; three of apps that nobody knows.
        try watched.ingest(.gate(GateSignalTests.counts(["a": (8, 4)], others: 3)), at: 130)
        #expect(try watched.app("a", "gate_starts[1m]", at: 130) == .value(12))
        #expect(try watched.app("a", "gate_starts[10s]", at: 130) == .value(72))
        #expect(try watched.app("a", "gate_refusals[1m]", at: 130) == .value(4))
        #expect(try watched.app("b", "gate_starts[1m]", at: 130) == .value(0))
        #expect(try watched.runtime("gate_starts[1m]", at: 130) == .value(15))
        #expect(try watched.runtime("gate_refusals[1m]", at: 130) == .value(4))
        // It is read no more: what it said stands for `max_gap`, and then for nothing.
        #expect(try watched.app("a", "gate_starts[10m]", at: 250) == .value(12.0 / 2))
        #expect(try watched.app("a", "gate_starts[10m]", at: 251) == .missing(.stale))
        // Nobody asked for a day: perhaps nobody can.
        let day = 86_400.0
        try watched.ingest(.gate(GateSignalTests.counts(["a": (8, 4)], others: 3)), at: 120 + day)
        try watched.ingest(.gate(GateSignalTests.counts(["a": (8, 4)], others: 3)), at: 130 + day)
        #expect(try watched.runtime("gate_starts[10s]", at: 130 + day) == .value(0))
        try watched.ingest(.gate(GateSignalTests.counts(["a": (8, 4)], others: 3)), at: 140 + day)
        #expect(try watched.runtime("gate_starts[10s]", at: 140 + day) == .missing(.notTracked))
    }

    @Test("a window asks for a fifth of itself, and a long pause is left out, not lumped")
    func coverage() throws {
        var watched = try GateSignalTests.shown()
        try watched.ingest(.gate(GateSignalTests.counts(["a": (5, 0)])), at: 10)
        // The first reading is where counting begins.
        #expect(try watched.app("a", "gate_starts[1m]", at: 10) == .missing(.tooLittleData))
        try watched.ingest(.gate(GateSignalTests.counts(["a": (6, 0)])), at: 20)
        #expect(try watched.app("a", "gate_starts[1m]", at: 20) == .missing(.tooLittleData))
        try watched.ingest(.gate(GateSignalTests.counts(["a": (7, 0)])), at: 30)
        #expect(try watched.app("a", "gate_starts[1m]", at: 30) == .value(6))
        try watched.ingest(.gate(GateSignalTests.counts(["a": (900, 0)])), at: 330)
        try watched.ingest(.gate(GateSignalTests.counts(["a": (901, 0)])), at: 340)
        try watched.ingest(.gate(GateSignalTests.counts(["a": (901, 0)])), at: 350)
        #expect(try watched.app("a", "gate_starts[1m]", at: 350) == .value(3))
    }

    @Test("the daemon starts anew, and its gate counts from zero: no burst, and none hidden")
    func restart() throws {
        var watched = try GateSignalTests.shown()
        func since(_ minute: Int) -> String { "2026-11-21T09:0\(minute):00.000Z" }
        for step in 1...6 {
            try watched.ingest(
                .gate(GateSignalTests.counts(["a": (Int64(step), 0)], since: since(0))), at: Double(step * 10))
        }
        #expect(try watched.app("a", "gate_starts[1m]", at: 60) == .value(6))
        // Another process: whether it shows fewer or more than the one before, that is where it begins.
        for (minute, count) in [(1, Int64(2)), (2, 5_000)] {
            let start = Double(minute * 60)
            for step in 1...6 {
                try watched.ingest(
                    .gate(GateSignalTests.counts(["a": (count + Int64(step), 0)], since: since(minute))),
                    at: start + Double(step * 10))
            }
            let rate = try watched.app("a", "gate_starts[1m]", at: start + 60).number
            #expect(abs(rate - 6) < 1e-9, "\(rate)")
        }
        // The same process with smaller counts is no process that counts: it, too, begins there.
        try watched.ingest(.gate(GateSignalTests.counts(["a": (9, 0)], since: since(2))), at: 190)
        try watched.ingest(.gate(GateSignalTests.counts(["a": (9, 0)], since: since(2))), at: 200)
        #expect(try watched.app("a", "gate_starts[20s]", at: 200) == .value(0))
    }

    @Test("apps that the runtime has not shown are no subjects; when it shows them, they begin where they are")
    func strangers() throws {
        var watched = try GateSignalTests.shown()
        func invented(_ count: Int64) -> [String: (allowed: Int64, refused: Int64)] {
            Dictionary(uniqueKeysWithValues: (0..<500).map { ("invented-\($0)", (count, 0)) })
        }
        try watched.ingest(.gate(GateSignalTests.counts(invented(1))), at: 10)
        try watched.ingest(.gate(GateSignalTests.counts(invented(40))), at: 20)
        #expect(watched.signals.subjects.map(\.text) == ["a", "b", "w"])
        #expect(try watched.runtime("gate_starts[10s]", at: 20) == .value(39 * 500 * 6))
        #expect(try watched.app("a", "gate_starts[10s]", at: 20) == .value(0))
        // One of them was none: the runtime shows it.
        var process = RunTests.alive
        process.open("x", app: "a", at: -5)
        process.open("y", app: "b", at: -5)
        process.open("z", app: "invented-7", at: 21)
        try watched.perf(process, at: 25)
        try watched.ingest(.gate(GateSignalTests.counts(["invented-7": (42, 0), "new": (3, 0)], others: 60_000)), at: 30)
        #expect(try watched.app("invented-7", "gate_starts[10s]", at: 30) == .value(12))
        // One that was in no reading before was at zero.
        process.open("n", app: "new", at: 31)
        try watched.perf(process, at: 35)
        try watched.ingest(
            .gate(GateSignalTests.counts(["invented-7": (42, 0), "new": (3, 0), "newer": (5, 0)], others: 60_000)), at: 40)
        #expect(try watched.app("new", "gate_starts[10s]", at: 40) == .value(0))
        process.open("m", app: "newer", at: 41)
        try watched.perf(process, at: 45)
        // Its starts were counted among the others until now: how many there were is not known.
        #expect(try watched.app("newer", "gate_starts[10s]", at: 45) == .missing(.tooLittleData))
        try watched.ingest(
            .gate(GateSignalTests.counts(["newer": (5, 0), "newest": (1, 1)], others: 60_045)), at: 50)
        process.open("l", app: "newest", at: 51)
        try watched.perf(process, at: 55)
        try watched.ingest(
            .gate(GateSignalTests.counts(["newer": (6, 0), "newest": (1, 2)], others: 60_045)), at: 60)
        #expect(try watched.app("newer", "gate_starts[10s]", at: 60) == .value(6))
        #expect(try watched.app("newest", "gate_refusals[10s]", at: 60) == .value(6))
    }

    @Test("an app that stands twice counts once, and counts beyond all bounds overflow nothing")
    func hostile() throws {
        var watched = try GateSignalTests.shown()
        var counts = GateSignalTests.counts(["a": (1, 0)])
        counts.apps.append(.init(app: AppID("a"), starts: .init(allowed: 900)))
        try watched.ingest(.gate(counts), at: 10)
        counts.apps[0] = .init(app: AppID("a"), starts: .init(allowed: 2))
        try watched.ingest(.gate(counts), at: 20)
        #expect(try watched.app("a", "gate_starts[10s]", at: 20) == .value(6))
        #expect(try watched.runtime("gate_starts[10s]", at: 20) == .value(6))
        let most = GateCounts.Starts(allowed: GateCounts.most, refused: GateCounts.most)
        let all = (0..<2_000).map { GateCounts.App(app: AppID("app\($0)"), starts: most) }
        for second in [30.0, 40, 50] {
            try watched.ingest(.gate(GateCounts(since: "\(second > 35)", apps: all, others: most)), at: second)
        }
        #expect(try watched.runtime("gate_starts[10s]", at: 50).number.isFinite)
        try watched.ingest(.missing(.gate, .malformed, detail: "not JSON"), at: 60)
        #expect(try watched.runtime("gate_starts[10s]", at: 60) == .missing(.malformed))
    }

    @Test("functions read its minutes, those in which chats could not be read among them")
    func functions() throws {
        var watched = try GateSignalTests.shown()
        let functions = ["avg(gate_starts[5m])", "max(gate_starts[5m])", "rise(gate_starts[6m])"].map(series)
        watched.signals.options.retain(for: functions)
        var total: Int64 = 0
        for step in 0...48 {
            // The chats cannot be read after two minutes.
            if step < 12 {
                try watched.perf(RunTests.alive, at: Double(step * 10))
            } else {
                try watched.missing(.perf, .error(status: 500), at: Double(step * 10))
            }
            // In minute 3 the app hammers.
            if (19...24).contains(step) { total += 20 } else { total += 1 }
            try watched.ingest(.gate(GateSignalTests.counts(["a": (total, 0)])), at: Double(step * 10))
        }
        let table = try watched.table(functions, at: 485)
        let index = try #require(table.index(of: AppID("a")))
        #expect(table.app(index, 1) == .value(120))
        #expect(table.runtime(1) == .value(120))
        // The last two minutes are open, since chats might still be read in them.
        #expect(abs(table.app(index, 0).number - 28.8) < 1e-9)
        #expect(table.app(index, 2) == .value(1))
        let rows = watched.signals.drainClosedMinutes()
        let minute = FakeProcess.at(180).minute
        let hammered = rows.filter { $0.minute == minute }
        #expect(hammered.map(\.app) == [nil, AppID("a")])
        #expect(hammered.map(\.gate.asked) == [120, 120])
        #expect(hammered[0].chatsMissing != nil)
        #expect(hammered[0].readings[Int(Signal.gateStarts.rawValue)] == .value(120))
    }

    // MARK: - What is kept

    /// Two hours in which the gate is asked by some apps, read through a restart and a pause.
    static func hours() throws -> (rows: [[MinuteRow]], live: [Int64: [String: Evidence]]) {
        var watched = try shown()
        var (a, b, others): (Int64, Int64, Int64) = (0, 0, 0)
        var since = "one"
        var live: [Int64: [String: Evidence]] = [:]
        var process = RunTests.alive
        process.open("x", app: "a", at: -5)
        process.open("y", app: "b", at: -5)
        for step in 1...720 {
            let second = Double(step * 10)
            process.work("x", turns: Int64(step % 4))
            try watched.perf(process, at: second)
            if step == 300 { (a, b, others, since) = (0, 0, 0, "two") }
            a += Int64(step * 7 % 5)
            if step % 60 == 0 { b += 30 }
            others += step % 9 == 0 ? 1 : 0
            guard !(400..<430).contains(step) else { continue }
            let starts: [String: (allowed: Int64, refused: Int64)] = ["a": (a, a / 3), "b": (b, 0)]
            try watched.ingest(.gate(counts(starts, others: others, since: since)), at: second)
            guard step % 6 == 0 else { continue }
            let table = try watched.table(demand, at: second)
            live[FakeProcess.at(second).minute - 1] = readings(table)
        }
        var grouped: [[MinuteRow]] = []
        for row in watched.signals.drainClosedMinutes() {
            if row.app == nil { grouped.append([row]) } else { grouped[grouped.count - 1].append(row) }
        }
        return (grouped, live)
    }

    static let demand = [
        series("gate_starts[1m]"), series("gate_refusals[3m]"), series("runtime.gate_starts[3m]"),
    ]

    /// By what they are and whose.
    static func readings(_ table: ReadingTable) -> [String: Evidence] {
        var readings: [String: Evidence] = [:]
        for (slot, series) in table.demand.enumerated() {
            readings["\(series)"] = table.runtime(slot)
            for index in table.apps.indices { readings["\(series) \(table.apps[index])"] = table.app(index, slot) }
        }
        return readings
    }

    @Test("an hour as a block: what comes back is what was put in, in at most four bytes a value")
    func block() throws {
        let (rows, _) = try GateSignalTests.hours()
        #expect(rows.joined().contains { $0.app != nil && $0.gate.refused > 0 })
        var (bytes, values) = (0, 0)
        var back: [[MinuteRow]] = []
        for block in HistoryBlockTests.blocks(rows) {
            let encoded = block.encoded()
            (bytes, values) = (bytes + encoded.count, values + block.values)
            back += try HistoryBlock.decode(encoded)
        }
        #expect(back == rows)
        #expect(Double(bytes) / Double(values) <= 4, "\(bytes) bytes for \(values) values")
        for row in rows.joined() { #expect(try MinuteRow(decoding: row.encoded()) == row) }
    }

    @Test("history says at the end of a minute what was said live")
    func history() throws {
        let (rows, live) = try GateSignalTests.hours()
        var options = GateSignalTests.options
        options.retain(for: GateSignalTests.demand)
        var signals = HistorySignals(runtime: "shared", options: options)
        var values = 0
        for minute in rows {
            signals.take(minute)
            guard let lived = live[minute[0].minute], let table = signals.readings(demand: GateSignalTests.demand) else {
                continue
            }
            // History has no subject of an app that did nothing yet.
            for (name, other) in GateSignalTests.readings(table) {
                switch (try #require(lived[name]), other) {
                // A sixty-fourth of a start in each of up to three minutes.
                case (.value(let one), .value(let other)):
                    values += 1
                    #expect(abs(one - other) <= 0.05, "\(minute[0].minute) \(name)")
                case (.missing(let one), .missing(let other)): #expect(one == other)
                default: Issue.record("minute \(minute[0].minute): \(name): history \(other)")
                }
            }
        }
        #expect(values > 600)
    }

    @Test("what versions before the gate's counts wrote is read: state, minutes, hours")
    func olderVersions() throws {
        let state = bytes(
            "6d6f7a7301010c736861726564c0a2aed5bf6804010277c0a2aed5bf68010261c0a2aed5bf681f000004a086add5bf68"
                + "0201c005c0a2aed5bf680201c005c0a2aed5bf6801b8b9c41c00022a687474703a2f2f3132372e302e302e313a383030"
                + "3000000000000000000680eaabd5bf680000000000002440000104020414120214149a9999999999b93fa086add5bf68"
                + "000000000000244000010402041a120214149a9999999999b93fc0a2aed5bf6800000000000024400001040204201202"
                + "14149a9999999999b93f0004a09c01a09c0101c0a2aed5bf680000000000000000000000060000000000002440000000"
                + "000000244000000000000024400000c0a2aed5bf680680eaabd5bf6800a09c01a09c01a09c01a09c0100000000000000"
                + "000200000002000004020200000000000000000200000002000006000000000002000000020000040202000006000000"
                + "0000020000000200000600000000000200000002000004020200000600000000000200000002000000000201c0a2aed5"
                + "bf68000000ffffffffffffffffff01041829ea2bf69d395ef8fe0ccfe118fb79f8070080bdc9d0bf689a9999999999b9"
                + "3f80eaabd5bf680909010a0a00071702864cf563af9347592246e983c5fd0701f09babd5bf680000000000000000c0a2"
                + "aed5bf680700000000000000")
        var signals = try RuntimeSignals(decoding: state, options: GateSignalTests.options)
        let table = signals.readings(
            at: FakeProcess.at(20), demand: [series("turns[20s]"), series("gate_starts[1m]")])
        let index = try #require(table.index(of: AppID("a")))
        #expect(table.app(index, 0) == .value(18))
        #expect(table.app(index, 1) == .missing(.notTracked))
        #expect(table.runtime(1) == .missing(.notTracked))
        // It goes on with a gate, and is then kept with it.
        for second in [30.0, 40, 50] {
            signals.ingest(
                Sample(
                    at: FakeProcess.at(second), runtime: "shared", replica: Observation.gate,
                    content: .gate(GateSignalTests.counts(["a": (Int64(second), 0)]))))
        }
        var kept = try RuntimeSignals(decoding: signals.encoded(), options: GateSignalTests.options)
        let after = kept.readings(at: FakeProcess.at(50), demand: [series("gate_starts[20s]")])
        #expect(after.app(index, 0) == .value(60))

        let whole = try MinuteRow(
            decoding: bytes(
                "02bab9c41c00340000000000002640000000000000f03f00000000007aa0400600000002003cff0000000000000840ff"
                    + "0000000000000840ff0000000000000000ff00000000000008400000ff0000000000000000ff000000000000000009ff"
                    + "000000000000f03fff2fbae8a28b2e2240ff0000000000002640ff0000000000000000ff06bd37860020f03fff000000"
                    + "0000a00240ff0000000000a00240ff00000000007aa040ff000000000000000008ff000000000000f03f08080808ff00"
                    + "00000000001040ff7b14ae47e17a843f08ff0000000000000000ff0000000000002440ff000000000000000000001f00"
                    + "0000000000f03f0100000000000000000000000000000000000000000000000000000000000000000408a09c01a09c01"
                    + "a09c01a09c01022a687474703a2f2f3132372e302e302e313a383030303c000000000000000000000000000000000000"
                    + "00ff000000000000f03f08080808ff0000000000001040ff7b14ae47e17a843f08ff0000000000000000ff0000000000"
                    + "00244000"))
        #expect(whole.app == nil && whole.sums.turns == 11 && whole.gate == GateSums())
        #expect(whole.watch?.replicas.map(\.url) == [Watched.url] && whole.watch?.gateWatched == 0)
        let app = try MinuteRow(
            decoding: bytes("02bab9c41c01026124000000000000224000000000007aa04002000000020280050400000000000000000000000000"))
        #expect(app.app == AppID("a") && app.sums.turns == 9)

        let hour = try HistoryBlock.decode(
            bytes(
                "b1f2ef3c0f000000000000006ab802c00489060602001f0408a09c01a09c01a09c01a09c01022a687474703a2f2f3132"
                    + "372e302e302e313a383030303c08e1fc3ffe809bee0209fe8a837bfe8a837bfe8a837b08fe80897a08080808fe80a4e8"
                    + "03fea09c0108fe00fe80dac409fe003c0000000040a022c00540bd103c00c00000fef095a101fef095a1013c00000000"
                    + "40a022c00540f11a3c00c00000fefa989c02fefa989c023c0000000040a022c00540a5253c00c00000feb0f5a102feb0"
                    + "f5a1023c0000000006026108b803c0048906020201810a05a003c004bd1001810a04a003c004f11a01810a05a003c004"
                    + "a52501810a04026208180202a02180014001940ba02180014001940ca02180014001e00c026308180202000000"))
        #expect(hour.count == 4 && hour[1][0].sums.turns == 11)
        for minute in hour {
            #expect(minute[0].readings[Int(Signal.deadCounters.rawValue)] == .value(0))
            for signal in [Signal.gateStarts, .gateRefusals] {
                let raw = Int(signal.rawValue)
                #expect(raw >= minute[0].readings.count || minute[0].readings[raw] == .missing(.notTracked))
            }
        }
        var past = HistorySignals(runtime: "shared", options: GateSignalTests.options)
        for minute in hour { past.take(minute) }
        let last = past.readings(demand: [series("turns[1m]"), series("gate_starts[1m]")])
        let readings = try #require(last)
        #expect(readings.runtime(0).value != nil)
        #expect(readings.runtime(1) == .missing(.notTracked))
    }

    private func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count, by: 2).compactMap { index in
            UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16)
        }
    }
}
