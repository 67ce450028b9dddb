import Glibc
import Model
import TestKit
import Testing

@testable import Collector

@Suite struct TapeTests {
    static let header = TapeHeader(
        interval: .seconds(10), runtimes: [.init(name: "shared", replicas: ["http://127.0.0.1:8000"])])

    /// A file of these bytes for as long as `work` runs.
    static func withFile<R>(_ bytes: [UInt8], _ work: (String) throws -> R) throws -> R {
        var template = Array("/tmp/mozaiks-ops-tape-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        let path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        defer { unlink(path) }
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + sent, bytes.count - sent) }
            try #require(count > 0)
            sent += count
        }
        close(descriptor)
        return try work(path)
    }

    struct Contents {
        var header: TapeHeader
        var state: JSON?
        var lines: [TapeLine]
        var warnings: [String]
    }

    static func read(_ bytes: [UInt8]) throws -> Contents {
        try withFile(bytes) { path in
            var reader = try TapeReader(path: path)
            var lines: [TapeLine] = []
            while let line = try reader.next() { lines.append(line) }
            let warnings = reader.warnings.map { String($0.dropFirst(path.count)) }
            return Contents(header: reader.header, state: reader.state, lines: lines, warnings: warnings)
        }
    }

    static func read(_ text: String) throws -> Contents { try read(Array(text.utf8)) }

    static func tape(_ polls: [FixtureTape.Poll]) -> [UInt8] {
        var bytes = TapeWriter.bytes(of: header)
        for (index, poll) in polls.enumerated() {
            for exchange in poll.exchanges { bytes += TapeWriter.bytes(of: .exchange(exchange)) }
            bytes += TapeWriter.bytes(of: .tick(at: poll.at, runtime: "shared", count: Int64(index + 1)))
        }
        return bytes
    }

    static func exchange(
        _ body: [UInt8], status: Int = 200, type: String? = "application/json", endpoint: Endpoint = .health
    ) -> Observation {
        Observation(
            at: Timestamp(milliseconds: 1_795_251_600_000), runtime: "shared", replica: "http://127.0.0.1:8000",
            endpoint: endpoint, elapsedMilliseconds: 1.25,
            outcome: .answer(
                .init(
                    status: status, date: Timestamp(milliseconds: 1_795_251_599_000), contentType: type,
                    body: Body(body))))
    }

    static func isSame(_ a: Observation, _ b: Observation) -> Bool {
        guard a.at == b.at, a.runtime == b.runtime, a.replica == b.replica, a.endpoint == b.endpoint,
            a.elapsedMilliseconds == b.elapsedMilliseconds
        else { return false }
        switch (a.outcome, b.outcome) {
        case (.answer(let x), .answer(let y)):
            return x.status == y.status && x.date == y.date && x.contentType == y.contentType
                && x.body.bytes == y.body.bytes
        case (.failure(let x, let xDetail), .failure(let y, let yDetail)): return x == y && xDetail == yDetail
        default: return false
        }
    }

    // MARK: What is written is read

    @Test(arguments: ["series", "series-restart-at-poll-05"])
    func theRecordedSeriesGoThroughATape(_ folder: String) throws {
        let polls = try FixtureTape.polls(folder)
        #expect(polls.count == (folder == "series" ? 20 : 10))
        let bytes = Self.tape(polls)
        let contents = try Self.read(bytes)
        #expect(contents.header == Self.header)
        #expect(contents.state == nil && contents.warnings.isEmpty)
        var lines = contents.lines.makeIterator()
        for (index, poll) in polls.enumerated() {
            for exchange in poll.exchanges {
                guard case .exchange(let read) = lines.next() else {
                    Issue.record("no exchange")
                    return
                }
                #expect(Self.isSame(read, exchange))
                // The same decoding as a live answer.
                if case .perf(let live) = Decoder.decode(exchange), case .perf(let taped) = Decoder.decode(read) {
                    #expect(live == taped)
                } else {
                    #expect(exchange.endpoint != .perf)
                }
            }
            guard case .tick(poll.at, "shared", Int64(index + 1)) = lines.next() else {
                Issue.record("no tick")
                return
            }
        }
        #expect(lines.next() == nil)
        // Written again, the same bytes.
        var again = TapeWriter.bytes(of: contents.header)
        for line in contents.lines { again += TapeWriter.bytes(of: line) }
        #expect(again == bytes)
    }

    @Test("what the gate counted goes through a tape as an answer does")
    func theGateGoesThroughATape() throws {
        let counts = GateCounts(
            since: "2026-11-21T08:00:00.000Z", apps: [.init(app: AppID("app-a"), starts: .init(allowed: 3, refused: 1))],
            others: .init(allowed: 2))
        let observation = counts.observation(of: "shared", at: Timestamp(milliseconds: 1_795_251_600_000))
        let bytes = TapeWriter.bytes(of: .exchange(observation))
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"at":"2026-11-21T09:00:00.000Z","runtime":"shared","replica":"gate","path":"/gate/counts","status":200,"elapsed_ms":0.0,"body":{"since":"2026-11-21T08:00:00.000Z","apps":[{"app_id":"app-a","allowed":3,"refused":1}],"others":{"allowed":2,"refused":0}}}"#
                + "\n")
        guard case .exchange(let read) = try Self.read(TapeWriter.bytes(of: Self.header) + bytes).lines.first else {
            Issue.record("no exchange")
            return
        }
        #expect(Self.isSame(read, observation))
        guard case .gate(counts) = Decoder.decode(read) else {
            Issue.record("other counts")
            return
        }
    }

    @Test("a page of metrics goes through a tape with the type that says how to read it")
    func aPageOfMetricsGoesThroughATape() throws {
        let type = "application/openmetrics-text; version=1.0.0; charset=utf-8"
        let observation = Self.exchange(Array("# TYPE a counter\na_total 1\n# EOF\n".utf8), type: type, endpoint: .metrics)
        let line = TapeWriter.bytes(of: .exchange(observation))
        #expect(String(decoding: line, as: UTF8.self).contains("\"path\":\"/metrics\""))
        guard case .exchange(let read) = try Self.read(TapeWriter.bytes(of: Self.header) + line).lines.first,
            case .metrics(let page) = Decoder.decode(read)
        else {
            Issue.record("no page")
            return
        }
        #expect(Self.isSame(read, observation))
        #expect(page.families.map(\.name) == ["a"] && page.families[0].kind == .counter)
    }

    @Test func pollsRunForward() throws {
        for polls in [try FixtureTape.series(), try FixtureTape.restart()] {
            let moments = polls.flatMap { $0.exchanges.map(\.at) + [$0.at] }
            #expect(moments == moments.sorted())
            #expect(Set(moments).count == moments.count)
        }
    }

    @Test func writesTheShapeThatIsDocumented() {
        let exchange = Self.exchange(Array(#"{"status":"healthy"}"#.utf8))
        #expect(
            String(decoding: TapeWriter.bytes(of: .exchange(exchange)), as: UTF8.self)
                == #"{"at":"2026-11-21T09:00:00.000Z","runtime":"shared","replica":"http://127.0.0.1:8000","path":"/api/health","status":200,"elapsed_ms":1.25,"date":"Sat, 21 Nov 2026 08:59:59 GMT","body":{"status":"healthy"}}"#
                + "\n")
        #expect(
            String(decoding: TapeWriter.bytes(of: Self.header, state: ["a": 1]), as: UTF8.self)
                == #"{"schema":"mozaiks.ops/tape/v1","interval_ms":10000,"runtimes":{"shared":{"replicas":["http://127.0.0.1:8000"]}}}"#
                + "\n" + #"{"state":{"a":1}}"# + "\n")
        let failure = Observation(
            at: Timestamp(milliseconds: 1_795_251_600_040), runtime: "shared", replica: "http://127.0.0.1:8000",
            endpoint: .perf, elapsedMilliseconds: 10_000, outcome: .failure(.timeout, detail: ""))
        #expect(
            String(decoding: TapeWriter.bytes(of: .exchange(failure)), as: UTF8.self)
                == #"{"at":"2026-11-21T09:00:00.040Z","runtime":"shared","replica":"http://127.0.0.1:8000","path":"/metrics/perf/aggregate","error":"timeout","elapsed_ms":10000.0}"#
                + "\n")
    }

    @Test func bodiesOfEveryKindComeBackAsTheyWere() throws {
        let bodies: [(body: [UInt8], type: String?, key: String)] = [
            (Array("{}".utf8), "application/json", "body"),
            (Array("[1e400,\"\\ud800\"]".utf8), "application/json", "body"),
            (Array("7".utf8), nil, "body"),
            (Array("\"text\"".utf8), "text/plain", "body"),
            (
                Array(repeating: UInt8(ascii: " "), count: 5_000) + Array("{\"a\":\"},\\\"body\\\":{\"}".utf8),
                "application/json", "body"
            ),
            (Array("Internal Server Error".utf8), "text/plain; charset=utf-8", "text"),
            (Array("".utf8), "text/plain; charset=utf-8", "text"),
            (Array("".utf8), nil, "text"),
            (Array("<p>\u{0}\u{7f}\u{2028}é\r\n\"\\</p>".utf8), "text/html", "text"),
            (Array("{\"a\":1".utf8), "application/json", "text"),
            ([0xEF, 0xBB, 0xBF, 0x7B, 0x7D], "application/json", "text"),
            ([0xFF], "application/octet-stream", "base64"), ([0x7B, 0xC3, 0x7D], "application/json", "base64"),
            ([0xFF, 0xFE], nil, "base64"), (Array(0...255), nil, "base64"), ([0xED, 0xA0, 0x80], nil, "base64"),
        ]
        for (body, type, key) in bodies {
            let exchange = Self.exchange(body, status: 502, type: type)
            let line = TapeWriter.bytes(of: .exchange(exchange))
            #expect(line.count { $0 == 0x0A } == 1)
            #expect(String(decoding: line, as: UTF8.self).contains("\"\(key)\":"))
            let contents = try Self.read(TapeWriter.bytes(of: Self.header) + line)
            guard case .exchange(let read) = contents.lines.first else {
                Issue.record("nothing read")
                continue
            }
            #expect(Self.isSame(read, exchange))
        }
    }

    @Test func aBodyOnSeveralLinesBecomesOne() throws {
        let body = Array("{\r\n  \"status\": \"healthy\"\n}\n".utf8)
        let contents = try Self.read(
            TapeWriter.bytes(of: Self.header) + TapeWriter.bytes(of: .exchange(Self.exchange(body))))
        guard case .exchange(let read) = contents.lines.first, case .health(let health) = Decoder.decode(read) else {
            Issue.record("nothing read")
            return
        }
        #expect(health.isHealthy)
    }

    @Test(arguments: TransportFailure.allCases)
    func failuresComeBack(_ failure: TransportFailure) throws {
        let exchange = Observation(
            at: Timestamp(milliseconds: 5), runtime: "shared", replica: "r", endpoint: .events, elapsedMilliseconds: 0,
            outcome: .failure(failure, detail: "connect: \"refused\""))
        let contents = try Self.read(TapeWriter.bytes(of: Self.header) + TapeWriter.bytes(of: .exchange(exchange)))
        guard case .exchange(let read) = contents.lines.first else {
            Issue.record("nothing read")
            return
        }
        #expect(Self.isSame(read, exchange))
    }

    @Test func stateStandsSecond() throws {
        let contents = try Self.read(TapeWriter.bytes(of: Self.header, state: ["x": [1, 2]]))
        #expect(contents.state == ["x": [1, 2]])
        #expect(contents.lines.isEmpty)
        #expect(throws: TapeError.self) {
            try Self.read(
                TapeWriter.bytes(of: Self.header)
                    + TapeWriter.bytes(of: .tick(at: Timestamp(milliseconds: 1), runtime: "shared", count: 1))
                    + Array("{\"state\":{}}\n".utf8))
        }
    }
}
