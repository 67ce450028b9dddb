import Model
import Testing

@testable import Signals

/// An hour of history as bytes.
@Suite struct HistoryBlockTests {
    /// Two busy apps and one that works now and then, for some minutes.
    static func minutes(_ count: Int) throws -> [[MinuteRow]] {
        var watched = Watched()
        var process = RunTests.alive
        for (chat, app) in [("x", "a"), ("y", "b"), ("z", "c")] {
            process.open(chat, app: app, at: -5)
            process.work(chat, turns: 1, turnSeconds: 2)
        }
        try watched.perf(process, at: 0)
        for step in 1...(count * 6 + 1) {
            process.work("x", turns: Int64(step % 4), prompt: Int64(step * 37 % 5_000))
            if step % 7 == 0 { process.work("y", turns: 2, errors: 1, turnSeconds: Double(step % 40) / 3) }
            if step % 120 == 0 { process.work("z", turns: 1) }
            try watched.perf(process, at: Double(step * 10))
            if step % 6 == 0 { _ = try watched.runtime("turns", at: Double(step * 10)) }
        }
        _ = try watched.runtime("turns", at: Double(count * 60 + 12))
        var grouped: [[MinuteRow]] = []
        for row in watched.signals.drainClosedMinutes() {
            if grouped.last?.first?.minute == row.minute { grouped[grouped.count - 1].append(row) } else { grouped.append([row]) }
        }
        return grouped
    }

    static func blocks(_ minutes: [[MinuteRow]]) -> [HistoryBlock] {
        var blocks: [HistoryBlock] = []
        for minute in minutes {
            let hour = minute[0].minute / 60
            if blocks.last?.hour != hour { blocks.append(HistoryBlock(hour: hour)) }
            blocks[blocks.count - 1].add(minute)
        }
        return blocks
    }

    @Test("what comes back is what was put in, minute by minute, and small")
    func roundTrip() throws {
        let minutes = try HistoryBlockTests.minutes(130)
        #expect(minutes.count >= 129)
        var back: [[MinuteRow]] = []
        var bytes = 0
        var values = 0
        for block in HistoryBlockTests.blocks(minutes) {
            let encoded = block.encoded()
            bytes += encoded.count
            values += block.values
            back += try HistoryBlock.decode(encoded)
        }
        #expect(back.count == minutes.count)
        for (a, b) in zip(back, minutes) { #expect(a == b, "minute \(b[0].minute)") }
        #expect(values > 1_000)
        #expect(Double(bytes) / Double(values) <= 4, "\(bytes) bytes for \(values) values")
    }

    @Test("missing reasons, dead counters, gaps and replicas that change come back")
    func oddMinutes() throws {
        let reasons: [MissingReason?] = [nil, .unreachable, .error(status: 503), .deadCounter, .partial, nil, .malformed]
        var minutes: [[MinuteRow]] = []
        for (index, reason) in reasons.enumerated() {
            var row = MinuteRow(minute: 600 + Int64(index * 3), app: nil)
            row.chatsMissing = reason
            row.deadCounters = UInt8(index)
            row.liveCounters = 31 - UInt8(index)
            row.watched = Double(index) / 60_000
            row.readings = Signal.allCases.map { signal in
                index % 2 == 0 ? .value(Double(signal.rawValue) / 3) : reason.map { .missing($0) } ?? .value(.infinity)
            }
            if index != 3 {
                var watch = WatchMinute()
                watch.heard = UInt8(index)
                watch.intervals = [10_000, 10_000, 10_000 + Int64(index), 60_000]
                watch.silentEnds = Double(index)
                watch.judgedEnds = Double(index * 2)
                watch.replicas = (0..<index % 3).map {
                    .init(url: "http://replica-\($0)", readings: Signal.allCases.map { _ in .value(Double(index)) })
                }
                row.watch = watch
            }
            var app = MinuteRow(minute: row.minute, app: AppID("app-écolé"))
            app.gauges.young = Int32(index)
            app.sums.cost = 0.25
            app.latencies = [.init(bucket: 3, count: 1), .init(bucket: 900, count: 70_000)]
            minutes.append(index % 2 == 0 ? [row, app] : [row])
        }
        var block = HistoryBlock(hour: 10)
        for minute in minutes { block.add(minute) }
        #expect(try HistoryBlock.decode(block.encoded()) == minutes)
    }

    @Test("an hour of a runtime without apps comes back, whichever reading changed in its last minute")
    func fewBytesAtTheEnd() throws {
        for changed in Signal.allCases where changed.info.subjects.contains(.runtime) {
            for minutes in 1...3 {
                var block = HistoryBlock(hour: 10)
                var rows: [[MinuteRow]] = []
                for index in 0..<minutes {
                    var row = MinuteRow(minute: 600 + Int64(index), app: nil, chatsMissing: .unreachable)
                    row.readings = Signal.allCases.map { signal in
                        signal == changed && index == minutes - 1 ? .value(2) : .missing(.unreachable)
                    }
                    rows.append([row])
                    block.add([row])
                }
                #expect(try HistoryBlock.decode(block.encoded()) == rows, "\(changed) after \(minutes)")
            }
        }
    }

    @Test("a minute of another hour, or one that is not later, is not taken")
    func misplaced() {
        var block = HistoryBlock(hour: 10)
        for minute: Int64 in [599, 660, 610, 610, 605, 620] { block.add([MinuteRow(minute: minute, app: nil)]) }
        let minutes = try? HistoryBlock.decode(block.encoded()).map { $0[0].minute }
        #expect(minutes == [610, 620])
    }

    @Test("bytes that are damaged or hostile are refused or read as something, and never trap")
    func hostile() throws {
        let minutes = try HistoryBlockTests.minutes(61)
        let block = try #require(HistoryBlockTests.blocks(minutes).max { $0.rows < $1.rows })
        let bytes = block.encoded()
        for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 200)) {
            #expect(throws: SignalStateError.self) { try HistoryBlock.decode(Array(bytes.prefix(length))) }
        }
        var state: UInt64 = 88_172_645_463_325_252
        func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        for _ in 0..<3_000 {
            var damaged = bytes
            for _ in 0..<1 + next() % 4 { damaged[Int(next() % UInt64(damaged.count))] = UInt8(truncatingIfNeeded: next()) }
            _ = try? HistoryBlock.decode(damaged)
        }
        for _ in 0..<500 {
            _ = try? HistoryBlock.decode([0xB1] + (0..<Int(next() % 90)).map { _ in UInt8(truncatingIfNeeded: next()) })
        }
        #expect(throws: SignalStateError.self) { try HistoryBlock.decode(bytes + [0]) }
    }
}
