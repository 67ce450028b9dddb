import Glibc
import Model
import Signals

/// What is remembered of a runtime over simulated days, in which a tenth of the apps are replaced by new ones each day:
/// resident memory at moments of the story, which must be flat. And what it costs when all apps are replaced at once.
enum DaysBench {
    /// - Parameter words: how many apps, how many seconds between polls, how many hours.
    static func run(_ words: ArraySlice<String>) throws {
        let numbers = words.compactMap { Int($0) }
        guard numbers.count == 3, numbers.allSatisfy({ $0 > 0 }) else { throw BenchFailure("days needs APPS SECONDS HOURS") }
        var story = Story(apps: numbers[0], spacing: numbers[1])
        report("before", resident())
        let polls = numbers[2] * 3_600 / numbers[1]
        // Every eighth of the time, and once early: when windows and nothing else are full.
        let early = min(polls, 1_800 / numbers[1])
        for poll in 1...polls {
            story.poll()
            if poll == early { report("after_half_an_hour", resident()) }
            if poll % max(1, polls / 8) == 0 { report("after_\(poll * numbers[1] / 3_600)h", resident()) }
        }
        report("apps", Double(story.signals.subjects.count))
    }

    /// Processor seconds for the poll that replaces all apps, as a multiple of one in which they stay.
    static func churn(_ words: ArraySlice<String>) throws {
        guard let count = words.first.flatMap({ Int($0) }), count > 0 else { throw BenchFailure("churn needs APPS") }
        var story = Story(apps: count, spacing: 10)
        for _ in 0..<3 { story.poll() }
        let started = threadSeconds()
        story.poll()
        let steady = threadSeconds() - started
        story.replaceAll(after: .hours(25))
        let replacing = threadSeconds()
        story.poll()
        story.poll()
        report("steady", steady)
        report("replaced", (threadSeconds() - replacing) / 2)
    }

    /// Bytes.
    private static func resident() -> Double {
        var text = [UInt8](repeating: 0, count: 256)
        let file = open("/proc/self/statm", O_RDONLY)
        defer { close(file) }
        let count = read(file, &text, text.count)
        let fields = String(decoding: text.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? (Double(fields[1]) ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE))) : 0
    }

    private struct Story {
        var signals: RuntimeSignals
        private var table: PerfTable
        private var now = Timestamp(milliseconds: 1_795_000_000_000)
        private let spacing: Int
        private var serial: Int
        private var due = 0.0

        init(apps: Int, spacing: Int) {
            self.spacing = spacing
            serial = apps
            let url = "http://127.0.0.1:1"
            signals = RuntimeSignals(
                runtime: "bench", options: SignalOptions(replicas: [url], interval: .seconds(Double(spacing))))
            table = PerfTable(apps: (0..<apps).map { AppID("app-\($0)") }, workflows: [Array("HelloWorld".utf8)])
            for app in 0..<apps { table.chats.append(chat(UInt64(app), app: UInt32(app))) }
        }

        private func chat(_ serial: UInt64, app: UInt32) -> PerfChat {
            PerfChat(
                key: StableHash(high: serial, low: serial &* 0x9E37_79B9_7F4A_7C15), app: app, user: serial % 7 + 1,
                startedAt: now.milliseconds, endedAt: 0, runtimeSeconds: 60, lastTurnSeconds: 3, cost: 0.01, agentTurns: 3, toolCalls: 2,
                errors: 0, promptTokens: 800, completionTokens: 200,
                present: [
                    .startedAt, .runtimeSeconds, .agentTurns, .toolCalls, .errors, .lastTurnSeconds, .promptTokens, .completionTokens,
                    .cost, .user, .workflow, .open,
                ])
        }

        private mutating func replace(_ place: Int) {
            table.apps[place] = AppID("app-\(serial)")
            table.chats[place] = chat(UInt64(serial), app: UInt32(place))
            serial += 1
        }

        mutating func replaceAll(after gap: TimeSpan) {
            now = now + gap
            for place in table.apps.indices { replace(place) }
        }

        mutating func poll() {
            now = now + .seconds(Double(spacing))
            due += Double(table.apps.count) / 10 * Double(spacing) / 86_400
            while due >= 1 {
                replace(serial % table.apps.count)
                due -= 1
            }
            for index in table.chats.indices {
                table.chats[index].runtimeSeconds += Double(spacing)
                table.chats[index].agentTurns += 1
                table.chats[index].promptTokens += 700
            }
            signals.ingest(
                Sample(
                    at: now, runtime: "bench", replica: "http://127.0.0.1:1", elapsedMilliseconds: 1, date: now, content: .perf(table)))
            _ = signals.readings(at: now, demand: [SeriesRef(signal: .activeRuns), SeriesRef(signal: .runStarts)])
            _ = signals.drainClosedMinutes()
            _ = signals.drainChangedChats()
        }
    }
}
