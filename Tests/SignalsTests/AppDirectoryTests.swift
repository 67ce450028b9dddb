import Model
import Testing

@testable import Signals

/// Apps that come and go: where they stand does not depend on how the directory came to be, and a day's worth of new ones
/// costs as much as the old ones did.
@Suite("App directory")
struct AppDirectoryTests {
    /// What it must do, said as plainly as possible: the lowest free slot first.
    struct Plain {
        var ids: [AppID?] = []
        mutating func add(_ app: AppID) -> Int {
            if let slot = ids.firstIndex(of: app) { return slot }
            if let free = ids.firstIndex(where: { $0 == nil }) {
                ids[free] = app
                return free
            }
            ids.append(app)
            return ids.count - 1
        }
    }

    @Test("slots are given out lowest first, also behind a restart", arguments: [1, 2, 3] as [UInt64])
    func lowestFirst(seed: UInt64) throws {
        var dice = StateTests.Dice(state: seed)
        var plain = Plain()
        var directory = AppDirectory()
        var kept = AppDirectory()
        for round in 0..<60 {
            let moment = Int64(round)
            let wanted = (0..<Int.random(in: 0..<20, using: &dice)).map { _ in
                AppID("app-\(Int.random(in: 0..<80, using: &dice))")
            }
            let slots = directory.slots(of: wanted)
            #expect(slots == wanted.map { plain.add($0) })
            #expect(kept.slots(of: wanted) == slots)
            for slot in slots {
                directory.lastSeen[slot] = moment
                kept.lastSeen[slot] = moment
            }
            let gone = directory.expire(before: moment - 3).slots
            #expect(kept.expire(before: moment - 3).slots == gone)
            for slot in gone { plain.ids[slot] = nil }
            #expect(directory.ids == plain.ids)
            #expect(directory.sorted == plain.ids.compactMap { $0 }.sorted())
            var writer = StateWriter()
            kept.encode(to: &writer)
            var reader = StateReader(writer.bytes)
            kept = try AppDirectory(from: &reader)
        }
    }

    @Test("of more apps than are remembered, those not seen for the longest time make room, and are counted")
    func crowded() {
        var directory = AppDirectory()
        for (moment, name) in ["d", "b", "a", "c", "e"].enumerated() {
            let slot = directory.slots(of: [AppID(name)])[0]
            directory.lastSeen[slot] = Int64(moment / 2)
        }
        // Seen at 0: d, b; at 1: a, c; at 2: e. Of those seen at the same time, the last by name.
        let first = directory.expire(before: 0, limit: 4)
        #expect(first.crowdedOut == 1 && directory.sorted == ["a", "b", "c", "e"].map { AppID($0) })
        // Those whose time is over make room first, and are not counted.
        let second = directory.expire(before: 1, limit: 2)
        #expect(second.slots.count == 2 && second.crowdedOut == 1)
        #expect(directory.sorted == ["a", "e"].map { AppID($0) })
        let third = directory.expire(before: 1, limit: 2)
        #expect(third.slots.isEmpty && third.crowdedOut == 0)
    }

    /// Without a free list, and with each app's chats looked for by themselves, this takes a quarter of an hour.
    @Test("60,000 apps are replaced by as many", .timeLimit(.minutes(1)))
    func replaced() throws {
        let count = 60_000
        var signals = RuntimeSignals(runtime: "shared", options: SignalOptions(replicas: [Watched.url]))
        func body(_ generation: Int) -> PerfTable {
            let chats = (0..<count).map { index in
                PerfChat(
                    key: FakeProcess.key("\(generation)/\(index)"), app: UInt32(index), user: 1,
                    startedAt: FakeProcess.at(0).milliseconds, present: FakeProcess.everything.union(.open))
            }
            return PerfTable(chats: ContiguousArray(chats), apps: (0..<count).map { AppID("app-\(generation)-\($0)") })
        }
        func poll(_ table: PerfTable, at second: Double) {
            signals.ingest(
                Sample(
                    at: FakeProcess.at(second), runtime: "shared", replica: Watched.url, elapsedMilliseconds: 1,
                    date: FakeProcess.at(second), content: .perf(table)))
            _ = signals.readings(at: FakeProcess.at(second), demand: [SeriesRef(signal: .activeRuns)])
        }
        let day = 25 * 3_600.0
        for (generation, start) in [(0, 0.0), (1, day), (2, 2 * day)] {
            let table = body(generation)
            for round in 0..<3 { poll(table, at: start + Double(round) * 10) }
        }
        #expect(signals.subjects.count == count)
        #expect(signals.subjects.allSatisfy { String(describing: $0).contains("app-2-") })
        // Slots are given out again: what a generation left behind is no memory that grows.
        #expect(signals.shared.apps.capacity <= 2 * count)
    }

    @Test("a slot that is given to another app holds nothing of the one before")
    func cleared() throws {
        var watched = Watched()
        var process = FakeProcess()
        process.open("a1", app: "first", at: 0)
        process.open("b1", app: "second", at: 0)
        for second in stride(from: 0.0, to: 60, by: 10) {
            process.work("a1", turns: 5)
            try watched.perf(process, at: second)
            _ = watched.signals.readings(at: FakeProcess.at(second), demand: [])
        }
        // The second stays, the first is forgotten a day later and a third takes its slot.
        process = FakeProcess()
        process.open("b1", app: "second", at: 0)
        for second in stride(from: 86_300.0, to: 86_600, by: 10) {
            try watched.perf(process, at: second)
            _ = watched.signals.readings(at: FakeProcess.at(second), demand: [])
        }
        #expect(watched.signals.subjects == [AppID("second")])
        process.open("c1", app: "third", at: 86_600)
        try watched.perf(process, at: 86_600)
        #expect(watched.signals.shared.apps.slot(of: AppID("third")) == 0)
        #expect(watched.signals.replicas[0].totals[0].turns == 0)
        #expect(watched.signals.runningChats(of: [AppID("third")])?.apps.first?.open?.count == 1)
    }
}
