import Collector
import Model
import TestKit
import Testing

@testable import Signals

@Suite("Kept state")
struct StateTests {
    /// A generator of our own: the same story on every run.
    struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 33)
        }
    }

    static let demand: [SeriesRef] =
        Signal.allCases.map { SeriesRef(signal: $0) }
        + Signal.allCases.filter { $0.info.subjects.contains(.runtime) }.map { SeriesRef(signal: $0, scope: .runtime) }
        + Signal.allCases.flatMap { signal in
            [
                SeriesRef(signal: signal, function: .avg, range: .minutes(5)),
                SeriesRef(signal: signal, function: .rise, range: .minutes(9)),
                SeriesRef(signal: signal, function: .max, range: .minutes(30)),
            ]
        }
        + [series("turns[1m]"), series("errors[10m]"), series("baseline(turns[40m]-5m)"), series("min(tokens[3m])")]

    static let urls = [Watched.url, "http://127.0.0.1:8001"]

    /// An hour of two replicas that work, stumble and restart.
    static func story(seed: UInt64, rounds: Int) -> [(sample: Sample, ticks: Bool)] {
        var dice = Dice(state: seed)
        var processes = [FakeProcess(), FakeProcess()]
        var created = [-3_600.0, -7_200.0]
        var usage: [Int64] = [5, 50]
        var samples: [(Sample, Bool)] = []
        var serial = 0
        var asked: [String: GateCounts.Starts] = [:]
        var started = 0.0
        for round in 0..<rounds {
            let second = Double(round) * 10 + Double.random(in: 0..<3, using: &dice)
            for replica in 0..<2 {
                func add(_ content: Decoded, _ offset: Double) {
                    samples.append(
                        (
                            Sample(
                                at: FakeProcess.at(second + offset), runtime: "shared", replica: urls[replica],
                                elapsedMilliseconds: 12.5, date: FakeProcess.at((second + offset).rounded(.down)),
                                content: content), false
                        ))
                }
                let luck = Int.random(in: 0..<100, using: &dice)
                if luck == 0 {
                    processes[replica] = FakeProcess()
                    created[replica] = second - 1
                    usage[replica] = 0
                }
                for _ in 0..<Int.random(in: 0..<3, using: &dice) {
                    serial += 1
                    processes[replica].open(
                        "c\(serial)", app: "app-\(Int.random(in: 0..<5, using: &dice))",
                        user: "u\(Int.random(in: 0..<3, using: &dice))",
                        at: second - Double.random(in: 0..<9, using: &dice))
                }
                for chat in processes[replica].chats.indices where Int.random(in: 0..<4, using: &dice) == 0 {
                    processes[replica].chats[chat].agentTurns += 1
                    processes[replica].chats[chat].lastTurnSeconds = Double.random(in: 0.1..<20, using: &dice)
                    processes[replica].chats[chat].promptTokens += Int64.random(in: 0..<900, using: &dice)
                    processes[replica].chats[chat].cost += Double.random(in: 0..<0.1, using: &dice)
                    if Int.random(in: 0..<9, using: &dice) == 0 { processes[replica].chats[chat].errors += 1 }
                    if Int.random(in: 0..<30, using: &dice) == 0 {
                        processes[replica].chats[chat].present.remove(.open)
                        processes[replica].chats[chat].endedAt = FakeProcess.at(second).milliseconds
                    }
                }
                usage[replica] += Int64.random(in: 0..<3, using: &dice)
                if luck < 5 {
                    for endpoint in [Endpoint.health, .activeRuns, .events, .perf] {
                        add(.missing(endpoint, luck < 3 ? .unreachable : .error(status: 500), detail: "x"), 0)
                    }
                    continue
                }
                add(.health(Health(isHealthy: luck != 9, mongoPingMilliseconds: 3, websocketConnections: 4)), 0)
                add(.activeRuns(ActiveRuns(isTracked: false, activeCount: 0, note: "disabled")), 0.1)
                let mark = FakeProcess.at(created[replica])
                add(
                    .events(
                        EventMetrics(
                            created: mark.description, createdAt: mark, usageDelta: usage[replica])), 0.2)
                add(.perf(processes[replica].table(at: second)), 0.3)
            }
            // The gate before both of them, which a process of its own counts.
            for app in 0..<6 where Int.random(in: 0..<3, using: &dice) == 0 {
                asked["app-\(app)", default: .init()].allowed += Int64.random(in: 0..<20, using: &dice)
                asked["app-\(app)", default: .init()].refused += Int64.random(in: 0..<3, using: &dice)
            }
            if Int.random(in: 0..<40, using: &dice) == 0 { (asked, started) = ([:], second) }
            let counts = GateCounts(
                since: FakeProcess.at(started).description,
                apps: asked.sorted { $0.key < $1.key }.map { .init(app: AppID($0.key), starts: $0.value) },
                others: .init(allowed: Int64(round)))
            samples.append(
                (
                    Sample(
                        at: FakeProcess.at(second + 0.3), runtime: "shared", replica: Observation.gate,
                        content: round % 50 == 30 ? .missing(.gate, .malformed, detail: "x") : .gate(counts)), false
                ))
            samples[samples.count - 1].1 = true
        }
        return samples
    }

    static func options() -> SignalOptions {
        var options = SignalOptions(replicas: urls, stalledAfter: .minutes(3))
        options.retain(for: demand)
        return options
    }

    /// Every reading of every subject, as text.
    static func show(_ table: ReadingTable) -> [String] {
        table.demand.indices.map { slot in
            let apps = table.apps.indices.map { "\(table.app($0, slot))" }.joined(separator: " ")
            let replicas = table.replicas.indices.map { "\(table.replica($0, slot))" }.joined(separator: " ")
            return "\(table.demand[slot]): \(table.runtime(slot)) | \(apps) | \(replicas)"
        }
    }

    static func run(
        _ story: [(sample: Sample, ticks: Bool)], forgetful: Bool, journal: Bool
    ) throws -> (readings: [[String]], rows: [MinuteRow], end: Watched) {
        var watched = Watched(options())
        watched.isForgetful = forgetful
        if journal { watched.journal = FakeJournal() }
        var readings: [[String]] = []
        for (sample, ticks) in story {
            try watched.ingest(sample)
            if ticks {
                let table = watched.signals.readings(at: sample.at + .seconds(0.1), demand: demand)
                readings.append(show(table))
                if forgetful {
                    watched.signals = try RuntimeSignals(decoding: watched.signals.encoded(), options: options())
                }
            }
        }
        return (readings, watched.signals.drainClosedMinutes(), watched)
    }

    @Test(
        "written out and read back after every sample, whole or as the journal's rows, the readings are the same",
        arguments: [1, 2])
    func forgetful(seed: UInt64) throws {
        let story = StateTests.story(seed: seed, rounds: 90)
        let plain = try StateTests.run(story, forgetful: false, journal: false)
        let whole = try StateTests.run(story, forgetful: true, journal: false)
        let rows = try StateTests.run(story, forgetful: true, journal: true)
        #expect(plain.readings.count == 90)
        for index in plain.readings.indices {
            #expect(plain.readings[index] == whole.readings[index])
            #expect(plain.readings[index] == rows.readings[index])
            guard plain.readings[index] == rows.readings[index] else { break }
        }
        #expect(plain.rows == whole.rows)
        #expect(plain.end.signals.encoded() == whole.end.signals.encoded())
        // The story is worth telling: values of every kind came up.
        let last = plain.readings.suffix(60).joined().joined()
        for word in ["value", "partial", "no_traffic", "too_little_data"] { #expect(last.contains(word), "\(word)") }
    }

    @Test("the same samples give the same bytes")
    func deterministic() throws {
        let story = StateTests.story(seed: 7, rounds: 40)
        let one = try StateTests.run(story, forgetful: false, journal: false).end.signals
        let two = try StateTests.run(story, forgetful: false, journal: false).end.signals
        #expect(one.encoded() == two.encoded())
        #expect(one.encodedCore() == two.encodedCore())
        #expect(one.encodedCore().count < one.encoded().count)
        #expect(try RuntimeSignals(decoding: one.encoded(), options: StateTests.options()).encoded() == one.encoded())
    }

    @Test("only chats that changed are written again")
    func chatChanges() throws {
        var watched = Watched()
        var process = RunTests.dead
        process.open("x", app: "a", at: -5)
        try watched.perf(process, at: 0)
        #expect(watched.signals.drainChangedChats().upserts.count == 6)
        try watched.perf(process, at: 10)
        #expect(watched.signals.drainChangedChats().isEmpty)
        process.work("x", turns: 1)
        try watched.perf(process, at: 20)
        #expect(watched.signals.drainChangedChats().upserts.map(\.key) == [FakeProcess.key("x")])
        try watched.perf(FakeProcess(), at: 30)
        let changes = watched.signals.drainChangedChats()
        #expect(changes.removals.count == 6)
        #expect(changes.removals.map(\.key) == changes.removals.map(\.key).sorted())
    }

    @Test("bytes that were cut are refused at every length, and no changed byte traps")
    func hostileBytes() throws {
        let story = StateTests.story(seed: 3, rounds: 12)
        let bytes = try StateTests.run(story, forgetful: false, journal: false).end.signals.encoded()
        for length in stride(from: 0, to: bytes.count, by: 7) {
            #expect(throws: SignalStateError.self) {
                try RuntimeSignals(decoding: Array(bytes.prefix(length)), options: StateTests.options())
            }
        }
        #expect(throws: SignalStateError.self) {
            try RuntimeSignals(decoding: bytes + [0], options: StateTests.options())
        }
        var dice = Dice(state: 11)
        for _ in 0..<600 {
            var broken = bytes
            for _ in 0..<Int.random(in: 1..<4, using: &dice) {
                broken[Int.random(in: 0..<broken.count, using: &dice)] = UInt8.random(in: 0...255, using: &dice)
            }
            guard var signals = try? RuntimeSignals(decoding: broken, options: StateTests.options()) else { continue }
            signals.ingest(story[story.count - 1].sample)
            _ = StateTests.show(signals.readings(at: FakeProcess.at(200), demand: StateTests.demand))
            _ = signals.drainChangedChats()
        }
    }

    @Test("hostile rows are refused")
    func hostileRows() throws {
        let row = MinuteRow(minute: 5, app: AppID("a"), latencies: [.init(bucket: 3, count: 2)])
        let bytes = row.encoded()
        for length in 0..<bytes.count {
            #expect(throws: SignalStateError.self) { try MinuteRow(decoding: Array(bytes.prefix(length))) }
        }
        var watched = Watched()
        try watched.perf(RunTests.alive, at: 0)
        let chats = watched.signals.drainChangedChats().upserts
        var restored = try RuntimeSignals(decoding: watched.signals.encodedCore(), options: SignalOptions())
        #expect(throws: SignalStateError.self) { try restored.restore(chats: chats + chats) }
        var short = chats
        short[0].bytes.removeLast()
        #expect(throws: SignalStateError.self) { try restored.restore(chats: short) }
        try restored.restore(chats: chats)
        #expect(restored.encoded() == watched.signals.encoded())
    }
}
