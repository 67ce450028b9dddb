import Model
import Testing

@testable import Signals

/// What the line to a runtime loses, apart from what the runtime fails at.
@Suite("A poor line")
struct LineTests {
    static let endpoints: [Endpoint] = [.health, .activeRuns, .events, .perf]

    /// A poll at a second; the endpoints that are named come back with nothing, in the way that is given.
    static func poll(_ watched: inout Watched, at second: Double, failing: [Endpoint] = [], _ failure: TransportFailure = .timeout) throws {
        for endpoint in endpoints {
            guard failing.contains(endpoint) else {
                switch endpoint {
                case .health: try watched.health(at: second)
                case .events: try watched.events(5, at: second)
                case .perf: try watched.perf(FakeProcess(), at: second)
                default: try watched.missing(endpoint, .error(status: 404), at: second)
                }
                continue
            }
            try watched.ingest(
                Sample(
                    at: FakeProcess.at(second), runtime: "shared", replica: Watched.url, elapsedMilliseconds: 100, failure: failure,
                    content: .missing(endpoint, .unreachable, detail: "")))
        }
    }

    @Test("a poll that is lost whole is no failed check; one that is refused is, and so is a check that alone does not come")
    func lostOrFailed() throws {
        func share(_ failing: [Endpoint], _ failure: TransportFailure) throws -> [Evidence] {
            var watched = Watched()
            watched.signals.options.longestWindow = .minutes(10)
            for step in 0..<60 {
                try LineTests.poll(&watched, at: Double(step) * 10, failing: step % 4 == 1 ? failing : [], failure)
            }
            return try ["health_failures[10m]", "lost_polls[10m]"].map { try watched.runtime($0, at: 590) }
        }
        #expect(try share(LineTests.endpoints, .timeout) == [.value(0), .value(25)])
        #expect(try share(LineTests.endpoints, .unreachable) == [.value(0), .value(25)])
        #expect(try share(LineTests.endpoints, .refused) == [.value(25), .value(0)])
        #expect(try share([.health], .timeout) == [.value(25), .value(0)])
        #expect(try share([.activeRuns, .events, .perf], .timeout) == [.value(0), .value(0)])
    }

    @Test("a poll that waited for as long as polls lie apart is lost all the same", arguments: [1.0, 5, 10, 30])
    func waited(interval: Double) throws {
        var watched = Watched()
        for step in 0..<40 {
            let second = Double(step) * interval
            guard step % 5 == 2 else {
                try LineTests.poll(&watched, at: second)
                continue
            }
            for endpoint in LineTests.endpoints {
                try watched.ingest(
                    Sample(
                        at: FakeProcess.at(second), runtime: "shared", replica: Watched.url, elapsedMilliseconds: 10_000, failure: .timeout,
                        content: .missing(endpoint, .unreachable, detail: "")))
            }
        }
        #expect(try watched.runtime("lost_polls[2m]", at: 39 * interval).number > 15)
        #expect(try watched.runtime("health_failures[2m]", at: 39 * interval) == .value(0))
    }

    @Test("where nothing comes back any more nothing is said of the health of before")
    func allLost() throws {
        var watched = Watched()
        for step in 0..<30 { try LineTests.poll(&watched, at: Double(step) * 10, failing: step < 15 ? [] : LineTests.endpoints) }
        #expect(try watched.runtime("lost_polls[2m]", at: 290) == .value(100))
        #expect(try watched.runtime("health_failures[2m]", at: 290) == .missing(.noTraffic))
        #expect(try watched.runtime("health_failures[5m]", at: 290) == .value(0))
        #expect(try watched.runtime("up", at: 290) == .value(0))
    }

    @Test(
        "a line that loses one of eight is poor from its first minutes on, and stays so through the state on the disk",
        arguments: [false, true])
    func line(isForgetful: Bool) throws {
        var watched = Watched()
        watched.isForgetful = isForgetful
        #expect(try watched.runtime("line_loss", at: 0) == .missing(.tooLittleData))
        for step in 0..<160 {
            try LineTests.poll(&watched, at: Double(step) * 10, failing: step % 8 == 3 ? LineTests.endpoints : [])
            if step == 24 { #expect(abs(try watched.runtime("line_loss", at: 240).number - 12) < 1) }
        }
        #expect(abs(try watched.runtime("line_loss", at: 1_590).number - 12.5) < 1)
    }

    @Test("single requests that are lost tell of the line, one endpoint that hangs does not, nor does an outage")
    func notTheLine() throws {
        func loss(_ failing: (Int) -> [Endpoint], _ failure: TransportFailure = .timeout) throws -> Double {
            var watched = Watched()
            for step in 0..<200 { try LineTests.poll(&watched, at: Double(step) * 10, failing: failing(step), failure) }
            return try watched.runtime("line_loss", at: 1_990).number
        }
        #expect(abs(try loss { [LineTests.endpoints[$0 % 4]] } - 25) < 1)
        #expect(try loss { _ in [.health] } == 0)
        #expect(try loss { _ in [.perf] } == 0)
        #expect(try loss({ 50..<60 ~= $0 ? LineTests.endpoints : [] }) == 0)
        // The row that still goes on is not judged yet.
        #expect(try loss({ $0 >= 197 ? LineTests.endpoints : [] }) == 0)
        #expect(try loss({ $0 % 4 == 1 ? LineTests.endpoints : [] }, .refused) == 0)
    }

    @Test("of several processes the worst line is told, and one whose polls are lost does not hide the others' checks")
    func replicas() throws {
        let other = "http://127.0.0.1:8001"
        var watched = Watched(SignalOptions(replicas: [Watched.url, other]))
        for step in 0..<40 {
            let second = Double(step) * 10
            try LineTests.poll(&watched, at: second)
            for endpoint in LineTests.endpoints {
                try watched.ingest(
                    Sample(
                        at: FakeProcess.at(second), runtime: "shared", replica: other, elapsedMilliseconds: 100,
                        failure: step >= 30 ? .timeout : nil,
                        content: step >= 30
                            ? .missing(endpoint, .unreachable, detail: "")
                            : .missing(endpoint, .error(status: 404), detail: "")))
            }
        }
        #expect(try watched.runtime("lost_polls[1m]", at: 390) == .value(100))
        #expect(try watched.runtime("health_failures[1m]", at: 390) == .value(0))
        #expect(try watched.replica(1, "lost_polls[1m]", at: 390) == .value(100))
        #expect(try watched.replica(0, "lost_polls[1m]", at: 390) == .value(0))
    }

    @Test("the latency of the rest leaves out the app that has most of the slow turns, live and from counts")
    func latencyOfTheRest() throws {
        var log = LatencyLog()
        var entries: ContiguousArray<LatencyLog.Entry> = []
        for turn in 0..<100 {
            entries.append(.init(app: 0, bucket: LatencyBuckets.bucket(turn % 10 == 0 ? 3 : 2)))
            entries.append(.init(app: 2, bucket: LatencyBuckets.bucket(turn < 30 ? 40 : 2)))
            if turn < 20 { entries.append(.init(app: 1, bucket: LatencyBuckets.bucket(4))) }
        }
        log.append(entries, at: 1_000)
        let index = LatencyIndex(log, log.range(from: 0, to: 1_000), capacity: 3)
        #expect(abs((index.quantileOfAll(0.95) ?? 0) - 40) < 1)
        let rest = try #require(index.quantileOfRest(0.95))
        #expect(abs(rest - 4) < 0.1)
        let counts = ContiguousArray((0..<3).map { index.counts(slot: $0) })
        var all: [UInt16: UInt32] = [:]
        for entry in counts.joined() { all[entry.bucket, default: 0] += entry.count }
        let sorted = all.sorted { $0.key < $1.key }.map { MinuteRow.LatencyCount(bucket: $0.key, count: $0.value) }
        #expect(LatencyIndex.quantileOfRest(0.95, counts, all: sorted) == rest)
        // A sole tenant has no others.
        let alone = LatencyIndex(log, log.range(from: 0, to: 500), capacity: 3)
        #expect(alone.quantileOfRest(0.95) == nil)
        var single = LatencyLog()
        single.append([.init(app: 1, bucket: 900)], at: 1)
        #expect(LatencyIndex(single, single.range(from: 0, to: 2), capacity: 3).quantileOfRest(0.95) == nil)
    }

    /// A day ago: `at` of the minutes before this one, oldest first.
    static func outgrew(length: Int64 = 5, hours: Int = 26, now: Double, _ at: @escaping (Int64) -> Double) -> Double {
        let end: Int64 = 10_000
        let window = MinuteWindow(.activeRuns, end: end, range: .hours(hours), exclude: .minutes(Int(length)))
        let ranges = window.ranges(.outgrew)
        return window.apply(.outgrew) { index in
            var values = MinuteValues()
            var entries: [MinuteEntry] = []
            for minute in ranges[index] {
                let value = index == 0 ? now : at(end - minute)
                if value == 0 { values.zeros += 1 } else { entries.append(MinuteEntry(minute: minute, value: value)) }
            }
            values.entries = entries[...]
            return values
        }.number
    }

    @Test("a batch of forty minutes is as large as last night's from its first minute to its last", arguments: [5, 20, 38] as [Int64])
    func nightlyBatch(into: Int64) {
        // It began `into` minutes ago, and as long before that a day ago.
        func batch(_ ago: Int64) -> Double {
            let since = ago - 1_440
            return ago <= into || (since <= into && since > into - 40) ? 30 : 1
        }
        #expect(LineTests.outgrew(now: 30, batch) <= 1.01)
        #expect(LineTests.outgrew(now: 60, batch) > 1.9)
        // Three busy minutes of an hour are not its usual.
        #expect(LineTests.outgrew(now: 30) { 1_440...1_442 ~= $0 ? 30 : 4 } > 3)
    }

    @Test(
        "a batch that comes two hours later or earlier is as large as last night's; at quite another hour it is not",
        arguments: [-120, 120] as [Int64], [5, 20, 38] as [Int64])
    func movedBatch(by moved: Int64, into: Int64) {
        func batch(_ moved: Int64) -> (Int64) -> Double {
            { ago in
                let since = ago - 1_440 - moved
                return ago <= into || (since <= into && since > into - 40) ? 30 : 1
            }
        }
        #expect(LineTests.outgrew(hours: 28, now: 30, batch(moved)) <= 1.01)
        #expect(LineTests.outgrew(hours: 28, now: 60, batch(moved)) > 1.9)
        #expect(LineTests.outgrew(hours: 28, now: 30, batch(-300)) > 10)
    }
}
