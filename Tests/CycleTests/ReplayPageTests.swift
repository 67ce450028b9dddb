import CycleKit
import Glibc
import Journal
import Model
import Policy
import Signals
import Simulator
import TestKit
import Testing

@testable import Cycle

/// docs/replay.md: every command on the page is run, and what the page shows is what it printed. Recorded anew on request:
/// `MOZAIKS_RECORD=1 swift test --filter ReplayPageTests`.
@Suite struct ReplayPageTests {
    private static let page = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/docs/replay.md"
    private static let first = Timestamp(rfc3339: "2026-11-19T09:00:00Z")!
    private static let hours = 48

    /// Two days of one runtime, put together from simulated stretches: a working load, a noisy neighbour on both days, a
    /// model provider that failed for ten minutes, and a night hour in which the monitor was off.
    static func twoDays() throws -> [[RecordedHistory.Row]] {
        func rows(_ scenario: String, _ minutes: Int) throws -> [[RecordedHistory.Row]] {
            var world = try #require(Scenario.named(scenario))
            if scenario == "noisy-neighbor" {
                // Noisy, on a machine that is not half full: the page's question is when to act.
                world.tenants[1].loads[1].startsPerMinute = 30
            }
            let past = Past(
                world, length: .minutes(minutes), interval: .seconds(30))
            return try Replay.minutes(past, through: false)
        }
        let (usual, noisy, failing) = (
            Array(try rows("dead-counters", 40).dropFirst(2)), try rows("noisy-neighbor", 31), try rows("provider-down", 21)
        )
        var minutes: [[RecordedHistory.Row]] = []
        func add(_ rows: [RecordedHistory.Row]) {
            let minute = first.minute + Int64(minutes.count)
            minutes.append(
                rows.map { row in
                    var row = row
                    row.minute = minute
                    return row
                })
        }
        while minutes.count < hours * 60 {
            switch minutes.count {
            case 5 * 60, 26 * 60 + 30: noisy.forEach(add)
            case 30 * 60: failing.forEach(add)
            default: add(usual[minutes.count % usual.count])
            }
        }
        let night = first.minute + 17 * 60
        return minutes.prefix(hours * 60).filter { !(night..<night + 60).contains($0[0].minute) }
    }

    /// A state folder that holds it, as the engine leaves it: hours as blocks, the minutes of the newest one by one.
    private func keep(_ minutes: [[RecordedHistory.Row]], in folder: TemporaryFolder) throws {
        let state = try StateFolder(creating: folder.path("state"))
        let now = Timestamp(minute: ReplayPageTests.first.minute + Int64(ReplayPageTests.hours * 60))
        let journal = try Journal.open(state, mode: .engine(try EngineLock(folder: state, now: now)))
        defer { journal.close() }
        for (hour, rows) in Dictionary(grouping: minutes, by: { $0[0].minute / 60 }).sorted(by: { $0.key < $1.key }) {
            if hour == minutes.last.map({ $0[0].minute / 60 }) {
                var record = TickRecord()
                for minute in rows {
                    record.minutes.append(
                        .init(runtime: "shared", minute: minute[0].minute, bytes: MinuteBlob.encode(minute)))
                }
                try journal.commitTick(record)
            } else {
                var block = HistoryBlock(hour: hour)
                for minute in rows { block.add(minute) }
                try journal.fold(HistoryHour(runtime: "shared", hour: hour, bytes: block.encoded()))
            }
        }
    }

    @Test("what docs/replay.md shows is what the program prints")
    func page() throws {
        let text = try #require(String(validating: FileBytes.read(ReplayPageTests.page), as: UTF8.self))
        let folder = TemporaryFolder()
        try keep(try ReplayPageTests.twoDays(), in: folder)
        mkdir(folder.path("drafts"), 0o700)
        var out: [String] = []
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)[...]
        var commands = 0
        while let line = lines.popFirst() {
            out.append(line)
            guard line.hasPrefix("```") else { continue }
            let block = Array(lines.prefix { !$0.hasPrefix("```") })
            lines = lines.dropFirst(block.count)
            if line.hasPrefix("```yaml "), let name = line.split(separator: " ").last {
                folder.write(block.joined(separator: "\n") + "\n", to: String(name))
                out += block
            } else if line == "```console", let command = block.first, command.hasPrefix("$ mozaiks-ops ") {
                commands += 1
                let words = command.split(separator: " ").dropFirst(2).map(String.init)
                let ending = try RunningProgram(
                    RunningProgram.built, words,
                    environment: ["HOME": folder.path, "PATH": "/usr/bin:/bin", "MOZAIKS_OPS_STATE": folder.path("state")],
                    in: folder.path, atMost: 600
                ).waitForEnd()
                #expect(ending.code == 0, "\(command): \(ending.errors)")
                out.append(command)
                var printed = ending.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                if printed.last == "" { printed.removeLast() }
                out += printed
            } else {
                out += block
            }
            if let end = lines.popFirst() { out.append(end) }
        }
        #expect(commands >= 2)
        let now = out.joined(separator: "\n")
        if getenv("MOZAIKS_RECORD") != nil, now != text {
            try FileBytes.write(now, to: ReplayPageTests.page)
            Issue.record("docs/replay.md was recorded anew; look at the difference, and run again")
        } else {
            #expect(now == text, "docs/replay.md shows something else than the program prints")
        }
    }
}

/// Whole files, for pages of the documentation.
private enum FileBytes {
    struct Unreadable: Error {}

    static func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw Unreadable() }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer.prefix(count) }
        return bytes
    }

    static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else { throw Unreadable() }
        defer { fclose(file) }
        fputs(text, file)
    }
}
