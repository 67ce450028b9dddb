import BenchReference
import Collector
import Cycle
import Glibc
import Model
import Policy
import Signals

/// Policies over a stretch of history of some apps: the bytes that it takes, and how many times faster than it happened.
enum HistoryReplayBench {
    private static let first: Int64 = 29_920_860 / 60 * 60

    /// - Parameter words: how many apps, how many minutes, and how often it is replayed for the median.
    static func run(_ words: ArraySlice<String>) throws {
        let numbers = words.compactMap { Int($0) }
        guard numbers.count == 3, numbers.allSatisfy({ $0 > 0 }) else { throw BenchFailure("replay needs APPS MINUTES TIMES") }
        let (apps, minutes) = (numbers[0], Int64(numbers[1]))
        let story = story(apps: apps, minutes: minutes)
        var blocks: [HistoryBlock] = []
        for minute in story {
            if blocks.last?.hour != minute[0].minute / 60 { blocks.append(HistoryBlock(hour: minute[0].minute / 60)) }
            blocks[blocks.count - 1].add(minute)
        }
        let packed = blocks.map { $0.encoded() }
        report("apps", Double(apps))
        report("minutes", Double(story.count))
        report("rows", Double(blocks.reduce(0) { $0 + $1.rows }))
        report("bytes", Double(packed.reduce(0) { $0 + $1.count }))
        report("values", Double(blocks.reduce(0) { $0 + $1.values }))
        var alone: [Double] = []
        var compared: [Double] = []
        var incidents = 0
        for _ in 0..<numbers[2] {
            var started = threadSeconds()
            incidents = try replay(packed, minutes, sides: 1)
            alone.append(threadSeconds() - started)
            started = threadSeconds()
            _ = try replay(packed, minutes, sides: 2)
            compared.append(threadSeconds() - started)
        }
        report("incidents", Double(incidents))
        report("seconds", median(alone))
        report("seconds_compared", median(compared))
    }

    /// As `replay --since` does it, without the journal: unpacked hour by hour, each minute judged.
    private static func replay(_ packed: [[UInt8]], _ minutes: Int64, sides: Int) throws -> Int {
        var settings = MonitorSettings()
        settings.runtimes = [.init(name: "shared", replicas: [])]
        var replays = (0..<sides).map { _ in HistoryReplay(settings: settings, policies: .embeddedDefault) }
        var stories = replays.map { _ in ReplayStory() }
        for bytes in packed {
            for minute in try HistoryBlock.decode(bytes) {
                for side in replays.indices {
                    if let result = replays[side].take(minute, of: "shared") { stories[side].add(result) }
                }
            }
        }
        guard stories.allSatisfy({ $0.ticks == Int(minutes) }) else { throw BenchFailure("not every minute was judged") }
        return stories[0].incidents.count
    }

    /// Apps of every size, busy for three minutes of four; one of them noisy for an hour.
    private static func story(apps: Int, minutes: Int64) -> [[MinuteRow]] {
        var dice = Dice(state: 20_261_121)
        return (0..<minutes).map { minute in
            var whole = MinuteRow(minute: first + minute, app: nil)
            whole.liveCounters = 31
            whole.watched = 1
            var rows: [MinuteRow] = []
            for app in 0..<apps where dice.below(4) > 0 {
                var row = MinuteRow(minute: first + minute, app: AppID("app-\(100 + app)"))
                let isNoisy = app == 7 && (600..<660).contains(minute)
                let size = isNoisy ? 60 : 1 + app % 5
                row.sums.starts = Double(dice.below(size * 128)) / 64
                row.sums.ends = Double(dice.below(size * 128)) / 64
                row.sums.turns = Double(dice.below(size * 640)) / 64
                row.sums.tools = Double(dice.below(size * 320)) / 64
                row.sums.promptTokens = Double(dice.below(size * 4_000))
                row.sums.completionTokens = Double(dice.below(size * 1_000))
                row.sums.cost = Double(dice.below(size * 9_000)) / 1e6
                row.gauges.young = Int32(size + dice.below(3))
                row.gauges.busiestUser = 1
                row.latencies = (0..<1 + dice.below(size * 2)).map { 400 + UInt16($0 * 13 + dice.below(12)) }
                    .map { .init(bucket: $0, count: 1) }
                whole.sums.starts += row.sums.starts
                whole.sums.ends += row.sums.ends
                whole.sums.turns += row.sums.turns
                whole.sums.tools += row.sums.tools
                whole.sums.promptTokens += row.sums.promptTokens
                whole.sums.completionTokens += row.sums.completionTokens
                whole.gauges.young += row.gauges.young
                rows.append(row)
            }
            whole.readings = Signal.allCases.map { signal in
                switch signal {
                case .up, .healthy: .value(1)
                case .activeRuns, .openRuns: .value(Double(whole.gauges.young))
                case .stalledRuns, .restarts, .deadCounters: .value(0)
                case .activeApps: .value(Double(rows.count))
                case .mongodbLatency, .healthLatency, .perfSeconds: .value(Double(1_000 + dice.below(4_000)) / 1e6)
                case .websockets, .trackedChats: .value(Double(whole.gauges.young))
                case .uptime: .value(Double(minute * 60))
                case .perfPolled: .value(10)
                case .silentRunsShare, .llmCalls: .value(0)
                default: .missing(.notTracked)
                }
            }
            var watch = WatchMinute()
            watch.heard = 15
            watch.intervals = [10_000, 10_000, 10_000, 10_000]
            watch.judgedEnds = whole.sums.ends
            watch.llmCalls = whole.sums.turns
            watch.llmWatched = 1
            watch.replicas = [.init(url: "http://127.0.0.1:8000", readings: whole.readings)]
            whole.watch = watch
            return [whole] + rows
        }
    }

    private struct Dice {
        var state: UInt64

        mutating func below(_ limit: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(limit))
        }
    }
}

/// A tape of one body again and again, run through the pipeline on request: a line `tape` or `simdjson` on standard input is
/// answered with the processor seconds of one run over all of its bytes. The driver asks in turns.
enum TapeReplayBench {
    static func run(_ words: ArraySlice<String>) throws {
        guard words.count == 3, let times = words.last.flatMap({ Int($0) }), let source = words.first else {
            throw BenchFailure("tape needs a body, a file to write, and a count")
        }
        let path = words[words.startIndex + 1]
        let file = try FileBody(source)
        try write(Body(file), times, to: path)
        var about = stat()
        // Asked of the system: `FileManager` gave a number that no cast took, and 0 MB stood in the published table.
        guard stat(path, &about) == 0, about.st_size > 0 else {
            throw BenchFailure("nothing was written to the tape at \(path)")
        }
        report("bytes", Double(about.st_size))
        while let line = readLine() {
            let started = threadSeconds()
            switch line {
            case "tape":
                var reader = try TapeReader(path: path)
                var settings = MonitorSettings()
                settings.interval = reader.header.interval
                settings.runtimes = reader.header.runtimes.map { .init(name: $0.name, replicas: $0.replicas) }
                var replay = TapeReplay(settings: settings, policies: .embeddedDefault, followsTape: false)
                while let line = try reader.next() { replay.take(line) }
                guard replay.story.ticks == times else { throw BenchFailure("not every tick was judged") }
            case "simdjson":
                for _ in 0..<times {
                    var sums = benchreference_sums()
                    let isBody = file.withBytes { bytes in
                        benchreference_ondemand(bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, &sums)
                    }
                    guard isBody, sums.chats > 0 else { throw BenchFailure("simdjson could not read the body") }
                }
            default: throw BenchFailure("ask: tape or simdjson")
            }
            report(line, threadSeconds() - started)
        }
    }

    private static func write(_ body: Body, _ times: Int, to path: String) throws {
        let url = "http://127.0.0.1:8000"
        let header = TapeHeader(interval: .seconds(10), runtimes: [.init(name: "shared", replicas: [url])])
        let writer = try TapeWriter(path: path, header: header)
        let bytes = body.bytes
        for index in 0..<times {
            let at = Timestamp(milliseconds: 1_795_251_600_000 + Int64(index) * 10_000)
            let observation = Observation(
                at: at, runtime: "shared", replica: url, endpoint: .perf, elapsedMilliseconds: 20,
                outcome: .answer(.init(status: 200, date: at, contentType: "application/json", body: Body(bytes))))
            try writer.write(.exchange(observation))
            try writer.write(.tick(at: at, runtime: "shared", count: Int64(index + 1)))
        }
    }
}
