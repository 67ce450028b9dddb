import CycleKit
import Model
import Policy
import Signals
import TestKit
import Testing

@testable import Cycle
@testable import Daemon
@testable import Journal
@testable import Simulator

/// How the past lies in the journal, and what comes back of it.
@Suite struct HistoryKeepingTests {
    private static let runtime = SimulatedPolls.runtimeName

    /// Two hours and a half of five busy apps, kept by a core that was stopped cleanly.
    private func place(_ minutes: Int = 150, interval: TimeSpan = .seconds(60)) async throws -> (Workplace, Past) {
        let scenario = try #require(Scenario.named("busy"))
        let past = Past(scenario, length: .minutes(minutes), interval: interval)
        let place = Workplace(clock: ManualClock(past.now(0)))
        let core = try place.core(past.settings)
        for index in past.indices {
            place.clock.move(to: past.now(index))
            #expect(await core.cycle(HistoryKeepingTests.runtime, past.observations(index)))
        }
        #expect(await core.drain())
        await core.close()
        return (place, past)
    }

    private func all(_ place: Workplace) throws -> (rows: [[RecordedHistory.Row]], damaged: [Range<Int64>]) {
        try place.read { journal in
            var past = try RecordedHistory(journal, runtime: HistoryKeepingTests.runtime, minutes: 0..<60_000_000)
            var rows: [[RecordedHistory.Row]] = []
            while let minute = try past.next() { rows.append(minute) }
            return (rows, past.damaged)
        }
    }

    private func engine(_ place: Workplace) throws -> Journal {
        let folder = try place.folder
        return try Journal.open(folder, mode: .engine(try EngineLock(folder: folder, now: place.clock.now())))
    }

    @Test("hours that are over become blocks of at most 4 bytes a value; what is read back is what closed")
    func folds() async throws {
        let (place, past) = try await place()
        let keys = try place.read { try $0.historyKeys(runtime: HistoryKeepingTests.runtime, in: 0..<60_000_000) }
        let hours = keys.filter { if case .hour = $0 { true } else { false } }
        #expect(hours.count == 2)
        #expect(keys.count < 2 + 60)
        let (rows, damaged) = try all(place)
        #expect(damaged.isEmpty)
        let first = try #require(rows.first?.first?.minute)
        #expect(rows.map { $0[0].minute } == rows.indices.map { first + Int64($0) })
        #expect(rows == Array(try Replay.minutes(past, through: false).prefix(rows.count)))
        var (bytes, values) = (0, 0)
        try place.read { journal in
            for key in hours {
                let block = try #require(try journal.history(runtime: HistoryKeepingTests.runtime, key))
                bytes += block.count
                var again = HistoryBlock(hour: key.hour)
                for minute in try HistoryBlock.decode(block) { again.add(minute) }
                values += again.values
            }
        }
        print("history: \(bytes) bytes for \(values) values, \(Double(bytes) / Double(values)) each")
        #expect(values > 3_000)
        #expect(Double(bytes) / Double(values) <= 4)
    }

    @Test("a baseline comes back after a restart that lost everything else of the signals")
    func baseline() async throws {
        let (place, past) = try await place()
        let ask = try #require(
            PolicySet.embeddedDefault.demand.map(\.series).first { $0.function == .baseline && $0.signal == .tokens })
        func baseline(_ pipeline: inout Pipeline) -> Evidence? {
            let now = past.now(past.indices.upperBound - 1)
            return pipeline.signals[HistoryKeepingTests.runtime]?.readings(at: now, demand: [ask]).app(0, 0)
        }
        var through = Pipeline(settings: past.settings, policies: .embeddedDefault)
        for index in past.indices {
            for observation in past.observations(index) { through.take(observation) }
            _ = through.tick(HistoryKeepingTests.runtime, now: past.now(index))
        }
        var again = Pipeline(settings: past.settings, policies: .embeddedDefault)
        try place.read { try again.restore(from: $0, now: place.clock.now()) { Issue.record("\($0)") } }
        let expected = baseline(&through)
        #expect(expected?.value != nil)
        #expect(baseline(&again) == expected)
    }

    @Test("a damaged block, torn or flipped, counts as not watched; the rest stays, and the engine starts with a warning")
    func damage() async throws {
        let (place, past) = try await place()
        let before = try all(place).rows
        let hour = try #require(before.first?[0].minute) / 60
        let faults = [
            "UPDATE hours SET bytes = substr(bytes, 1, length(bytes) / 2) WHERE hour = \(hour)",
            "UPDATE hours SET checksum = checksum + 1 WHERE hour = \(hour)",
            // Sound by its checksum, but of another hour than it says.
            "UPDATE hours SET hour = hour - 5, runtime = runtime WHERE hour = \(hour)",
        ]
        for fault in faults {
            let journal = try engine(place)
            try journal.writing("damage") { database throws(JournalError) in try database.execute(fault) }
            journal.close()
            let (rows, damaged) = try all(place)
            #expect(rows == before.filter { $0[0].minute / 60 != hour }, "\(fault)")
            #expect(damaged.map(\.count) == [60], "\(fault)")
        }
        let core = try place.core(past.settings)
        #expect(place.lines.containing("the history of shared is damaged from").count == 1)
        await core.close()
    }

    @Test("minutes as earlier versions wrote them are read, and brought into blocks")
    func migration() async throws {
        let place = Workplace()
        let journal = try engine(place)
        let first: Int64 = 29_900_000 / 60 * 60
        var record = TickRecord()
        for minute in first..<first + 125 {
            var row = RecordedHistory.Row(
                minute: minute, app: nil, readings: Signal.allCases.map { _ in .value(1.0 / 3) }, watched: 1)
            row.sums.turns = 10.0 / 3
            var app = RecordedHistory.Row(minute: minute, app: AppID("app-shop"))
            app.sums.turns = 10.0 / 3
            record.minutes.append(
                .init(runtime: Crowd.runtime, minute: minute, bytes: [row, app].flatMap(HistoryKeepingTests.firstVersion)))
        }
        try journal.commitTick(record)
        #expect(try journal.foldableHour(runtime: Crowd.runtime) == first / 60)
        journal.close()
        place.clock.move(to: Timestamp(minute: first + 126))
        let core = try place.core(Crowd.settings(), try Crowd.policies())
        #expect(await core.cycle(Crowd.runtime, Crowd.poll(Crowd.calm, at: place.clock.now())))
        await core.close()
        let keys = try place.read { try $0.historyKeys(runtime: Crowd.runtime, in: first..<first + 125) }
        #expect(keys.prefix(2) == [.hour(first / 60), .hour(first / 60 + 1)])
        #expect(keys.count == 2 + 5)
        try place.read { journal in
            var past = try RecordedHistory(journal, runtime: Crowd.runtime, minutes: first..<first + 125)
            let rows = try past.rest()
            #expect(rows.count == 250)
            // Within half a step of what it was.
            #expect(rows.allSatisfy { abs($0.sums.turns - 10.0 / 3) <= 1.0 / 128 })
            #expect(rows.filter { $0.app == nil }.allSatisfy { $0.readings.count == Signal.allCases.count })
        }
    }

    /// A row behind its length as the first version wrote it: its number, and nothing about how the minute was watched or
    /// what the gate counted, nor about silent runs of an app, nor about ghosts: the last two of its seven gauges, a byte each while they are zero.
    private static func firstVersion(_ row: RecordedHistory.Row) -> [UInt8] {
        var marked = row
        marked.gauges.young = 1
        var all = row.encoded()
        let gauges = zip(all, marked.encoded()).enumerated().first { $1.0 != $1.1 }?.offset ?? all.count
        all.removeSubrange(gauges + 5..<gauges + 7)
        let bytes = [1] + all.dropFirst().dropLast(2 + 8)
        return withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { Array($0) } + bytes
    }

    @Test("what is past its time goes, whole hours at once")
    func retention() async throws {
        let (place, _) = try await place()
        let first = try #require(try all(place).rows.first?[0].minute)
        let journal = try engine(place)
        // Half of the second hour is past its time: the first goes, the second stays.
        let now = Timestamp(minute: (first / 60 + 1) * 60 + 30) + .hours(24)
        #expect(try journal.prune(Retention(minutes: .hours(24)), now: now) > 0)
        journal.close()
        let rows = try all(place).rows
        #expect(rows.first?[0].minute == (first / 60 + 1) * 60)
    }

    @Test("an hour that becomes a block while somebody reads it is whole all the same")
    func foldedMeanwhile() async throws {
        let (place, _) = try await place(50)
        let before = try all(place).rows
        let hour = try #require(before.first?[0].minute) / 60
        #expect(before.allSatisfy { $0[0].minute / 60 == hour })
        try place.read { reader in
            // Listed as minutes, and gone when they are asked for.
            var past = try RecordedHistory(reader, runtime: HistoryKeepingTests.runtime, minutes: 0..<60_000_000)
            let journal = try engine(place)
            let (block, damaged) = try RecordedHistory.block(journal, runtime: HistoryKeepingTests.runtime, hour: hour)
            #expect(damaged == 0)
            try journal.fold(block)
            journal.close()
            var rows: [[RecordedHistory.Row]] = []
            while let minute = try past.next() { rows.append(minute) }
            #expect(past.damaged == [])
            #expect(rows == before)
        }
    }

    @Test("functions that a reload asks for look back as far as after a restart", arguments: [true, false])
    func reload(isFull: Bool) async throws {
        let past = Past(try #require(Scenario.named("busy")), length: .minutes(50), interval: .seconds(30))
        let text = DefaultPolicy.text.replacing(
            "\nrules:\n",
            with: "\nrules:\n  busier:\n    subject: app\n    when: run_starts > 2 * avg(run_starts[30m])\n"
                + "    severity: info\n    summary: More starts than usual.\n    playbook: noisy-neighbor\n")
        let policies = try PolicyLoader.load(
            files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))]
        ).get()
        let ask = try #require(policies.demand.map(\.series).first { $0.function == .avg && $0.signal == .runStarts })
        let (turn, last) = (past.indices.upperBound - 4, past.indices.upperBound - 1)

        /// Lives through the past; near its end the policies change, by a reload or a restart.
        func readings(restarts: Bool) async throws -> [Evidence] {
            let place = Workplace(clock: ManualClock(past.now(0)))
            var core = try place.core(past.settings)
            for index in past.indices {
                place.clock.move(to: past.now(index))
                if index == turn {
                    if restarts {
                        #expect(await core.drain())
                        await core.close()
                        core = try place.core(past.settings, policies)
                    } else if isFull {
                        // The disk is full at that moment: it is made up for when there is room.
                        let room = try await Obstacle.full.raise(core, place)
                        await core.reload(settings: past.settings, policies: policies)
                        try await room()
                        place.clock.advance(by: Core.signalsInterval)
                    } else {
                        await core.reload(settings: past.settings, policies: policies)
                    }
                }
                #expect(await core.cycle(HistoryKeepingTests.runtime, past.observations(index)))
            }
            let result = await core.ask(ask, at: past.now(last), of: HistoryKeepingTests.runtime)
            await core.close()
            return result
        }
        let restarted = try await readings(restarts: true)
        #expect(restarted.count > 2 && restarted.allSatisfy { $0.value != nil }, "\(restarted)")
        #expect(try await readings(restarts: false) == restarted)
    }

    @Test("passes that never fall on a full hour remove what is past its time, and not each of them")
    func passesPrune() async throws {
        let place = Workplace(clock: ManualClock(Timestamp(minute: 29_900_000 + 17)))
        func pass() async throws {
            let core = try place.core(Crowd.settings(), try Crowd.policies())
            #expect(await core.cycle(Crowd.runtime, Crowd.poll(Crowd.calm, at: place.clock.now())))
            #expect(await core.drain())
            await core.close()
        }
        func stale() throws -> Int {
            try place.read { try $0.historyKeys(runtime: "gone", in: 0..<100_000).count }
        }
        func leave() throws {
            let journal = try engine(place)
            try journal.commitTick(TickRecord(minutes: [.init(runtime: "gone", minute: 5, bytes: [1])]))
            journal.close()
        }
        try leave()
        try await pass()
        #expect(try stale() == 0)
        // Where something went more may be left: it looks again soon, and rests when there is nothing.
        place.clock.advance(by: .minutes(2))
        try await pass()
        // What comes within the hour stays until it is over; each pass is a process of its own.
        try leave()
        place.clock.advance(by: .minutes(5))
        try await pass()
        try await pass()
        let early = try stale()
        for _ in 0..<4 {
            place.clock.advance(by: .minutes(20))
            try await pass()
        }
        #expect(early == 1)
        #expect(try stale() == 0)
    }
}

extension Core {
    /// What the pipeline reads of each app at a moment.
    fileprivate func ask(_ series: SeriesRef, at now: Timestamp, of runtime: String) -> [Evidence] {
        guard let table = pipeline.signals[runtime]?.readings(at: now, demand: [series]) else { return [] }
        return table.apps.indices.map { table.app($0, 0) }
    }
}
