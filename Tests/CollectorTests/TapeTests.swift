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

    // MARK: Tapes by others

    static let first =
        #"{"schema":"mozaiks.ops/tape/v1","interval_ms":10000,"runtimes":{"shared":{"replicas":["r"]}}}"# + "\n"

    @Test(arguments: [
        #"{"body":{"status":"healthy","x":["}",{"body":1}]},"date":"Sat, 21 Nov 2026 09:00:00 GMT","elapsed_ms":1,"status":200,"path":"/api/health","replica":"r","runtime":"shared","at":"2026-11-21T09:00:00Z"}"#,
        #"{ "at" : "2026-11-21T09:00:00.000000+00:00", "runtime" : "shared", "replica" : "r", "path" : "/api/health", "status" : 200, "elapsed_ms" : 1, "bytes": 3, "body" : { "status" : "healthy" } , "note" : "x" }"#,
        #"{"at":"2026-11-21T10:00:00+01:00","runtime":"shared","replica":"r","path":"/api/health","status":200,"elapsed_ms":1,"date":null,"bo\u0064y":{},"text":"{\"status\":\"healthy\"}"}"#,
    ])
    func keysInAnyOrderAndSpacing(_ line: String) throws {
        if line.contains("null") {
            #expect(throws: TapeError.self) { try Self.read(Self.first + line + "\n") }
            return
        }
        guard case .exchange(let read) = try Self.read(Self.first + line + "\n").lines.first,
            case .health(let health) = Decoder.decode(read)
        else {
            Issue.record("nothing read")
            return
        }
        #expect(health.isHealthy)
        #expect(read.at == Timestamp(milliseconds: 1_795_251_600_000))
    }

    struct Wrong: CustomTestStringConvertible, Sendable {
        let line: String
        let what: String
        var testDescription: String { line }

        init(_ line: String, _ what: String) {
            self.line = line
            self.what = what
        }
    }

    static let start =
        #"{"at":"2026-11-21T09:00:00Z","runtime":"shared","replica":"r","path":"/api/health","elapsed_ms":1"#

    @Test(arguments: [
        Wrong("", "nothing but white space, at byte 0"),
        Wrong("{", "not JSON, at byte 1"),
        Wrong("[]", "not a JSON object"),
        Wrong("{}", "at is to be a moment in RFC 3339"),
        Wrong(#"{"at":"today"}"#, "at is to be a moment in RFC 3339"),
        Wrong(#"{"at":"2026-11-21T09:00:00Z"}"#, "no runtime"),
        Wrong(#"{"at":"2026-11-21T09:00:00Z","runtime":"other"}"#, "runtime other is not in the first line"),
        Wrong(#"{"at":"2026-11-21T09:00:00Z","runtime":"shared","tick":"1"}"#, "tick is to be a whole number"),
        Wrong(#"{"at":"2026-11-21T09:00:00Z","runtime":"shared"}"#, "no replica"),
        Wrong(#"{"at":"2026-11-21T09:00:00Z","runtime":"shared","replica":"r"}"#, "neither a path nor a tick"),
        Wrong(
            #"{"at":"2026-11-21T09:00:00Z","runtime":"shared","replica":"r","path":"/x"}"#,
            "path /x is none that is polled"),
        Wrong(
            #"{"at":"2026-11-21T09:00:00Z","runtime":"shared","replica":"r","path":"/api/health"}"#,
            "elapsed_ms is to be a number of milliseconds"),
        Wrong(start + "}", "neither a status from 100 to 599 nor an error"),
        Wrong(start + #","status":99,"body":{}}"#, "neither a status from 100 to 599 nor an error"),
        Wrong(start + #","status":200}"#, "an answer has one of body, text and base64"),
        Wrong(start + #","status":200,"body":{},"text":""}"#, "an answer has one of body, text and base64"),
        Wrong(start + #","status":200,"text":1}"#, "text is to be a string"),
        Wrong(start + #","status":200,"base64":"a"}"#, "base64 that does not decode"),
        Wrong(start + #","status":200,"base64":"YR=="}"#, "base64 that does not decode"),
        Wrong(start + #","status":200,"date":1,"body":{}}"#, "date is to be the header's text"),
        Wrong(start + #","status":200,"content_type":1,"body":{}}"#, "content_type is to be a string or null"),
        Wrong(start + #","status":200,"error":"timeout"}"#, "an error and an answer at once"),
        Wrong(
            start + #","error":"oops"}"#,
            "error is to be one of unresolvable, refused, unreachable, timeout, tls, truncated, too_large, malformed, cancelled, other"
        ),
        Wrong(start + #","status":200,"body":{"a":1}"#, "not JSON, at byte 125"),
    ])
    func namesTheLineThatIsWrong(_ wrong: Wrong) throws {
        let good = #"{"at":"2026-11-21T09:00:00Z","runtime":"shared","tick":1}"# + "\n"
        // Whether it is the first behind the header or a later one, and whatever comes behind it.
        for before in [0, 2] {
            let text = Self.first + String(repeating: good, count: before) + wrong.line + "\n" + good
            do {
                _ = try Self.read(text)
                Issue.record("was read")
            } catch let error as TapeError {
                #expect(error.line == before + 2)
                #expect(error.what == wrong.what)
            }
        }
    }

    @Test(arguments: [
        "", "\n", "{}\n", #"{"schema":"mozaiks.ops/tape/v2","interval_ms":1,"runtimes":{}}"#,
        #"{"schema":"mozaiks.ops/tape/v1","interval_ms":0,"runtimes":{}}"#,
        #"{"schema":"mozaiks.ops/tape/v1","interval_ms":9223372036854775807,"runtimes":{}}"#,
        #"{"schema":"mozaiks.ops/tape/v1","interval_ms":1}"#,
        #"{"schema":"mozaiks.ops/tape/v1","interval_ms":1,"runtimes":{"a":{}}}"#,
        #"{"schema":"mozaiks.ops/tape/v1","interval_ms":1,"runtimes":{"a":{"replicas":[1]}}}"#, "SQLite format 3\u{0}",
    ])
    func refusesWhatIsNoTape(_ text: String) {
        #expect(throws: TapeError.self) { try Self.read(text) }
    }

    @Test func everyTruncationLosesOnlyTheLastLine() throws {
        let whole = Self.tape(Array(try FixtureTape.restart().prefix(1)))
        let ends = whole.indices.filter { whole[$0] == 0x0A }
        for count in (ends[0] + 1)..<whole.count {
            let contents = try Self.read(Array(whole[..<count]))
            // Behind the header: complete lines, and a line that lacks only its line end.
            let complete = ends.dropFirst().count { $0 <= count }
            #expect(contents.lines.count == complete, "\(count)")
            let isClean = whole[count - 1] == 0x0A || ends.contains(count)
            #expect(contents.warnings.isEmpty == isClean, "\(count)")
            if !isClean {
                #expect(contents.warnings == [":\(complete + 2): the last line is incomplete and was left out"])
            }
        }
    }

    // MARK: Files

    @Test func aTapeIsNeverOverwritten() throws {
        try Self.withFile(Array("precious".utf8)) { path in
            #expect(throws: TapeError.self) { _ = try TapeWriter(path: path, header: Self.header) }
            #expect(Fixtures.read(path) == Array("precious".utf8))
            unlink(path)
            do {
                let writer = try TapeWriter(path: path, header: Self.header)
                try writer.write(.tick(at: Timestamp(milliseconds: 0), runtime: "shared", count: 1))
            }
            var reader = try TapeReader(path: path)
            guard case .tick = try reader.next() else {
                Issue.record("no tick")
                return
            }
            let end = try reader.next()
            #expect(end == nil)
        }
    }

    @Test func aFullDiskIsRetryable() throws {
        let full = open("/dev/full", O_WRONLY)
        try #require(full >= 0)
        defer { close(full) }
        do {
            _ = try TapeWriter(descriptor: full, name: "tape", header: Self.header)
            Issue.record("was written")
        } catch {
            #expect(error.isRetryable)
            #expect(error.description.hasPrefix("tape: cannot write: "))
        }
    }

    @Test func aTapeThatIsNotThere() {
        #expect(throws: TapeError.self) { _ = try TapeReader(path: "/nonexistent/tape") }
        #expect(throws: TapeError.self) { _ = try TapeReader(path: "/tmp") }
    }

    @Test func longLinesAmongShortOnes() throws {
        // Longer than the reader's step, so that lines lie across its pieces in every way.
        let chats = Array(try Fixtures.bytes("busy/chats.json").dropFirst().dropLast())
        var large: [UInt8] = [UInt8(ascii: "[")]
        for index in 0..<400 { large += (index > 0 ? [UInt8(ascii: ",")] : []) + chats }
        large.append(UInt8(ascii: "]"))
        let perf = Self.exchange(large, endpoint: .perfChats)
        let health = Self.exchange(Array(#"{"status":"healthy"}"#.utf8))
        let exchanges = [health, perf, health, health, perf, perf, health]
        var bytes = TapeWriter.bytes(of: Self.header)
        for exchange in exchanges { bytes += TapeWriter.bytes(of: .exchange(exchange)) }
        let contents = try Self.read(bytes)
        #expect(contents.lines.count == exchanges.count)
        for (line, exchange) in zip(contents.lines, exchanges) {
            guard case .exchange(let read) = line else {
                Issue.record("no exchange")
                continue
            }
            #expect(Self.isSame(read, exchange))
        }
    }
}
