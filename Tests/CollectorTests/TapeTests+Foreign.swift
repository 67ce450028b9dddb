import Glibc
import Model
import TestKit
import Testing
@testable import Collector

/// Tapes that somebody else wrote, or that broke off; and the files that they lie in.
extension TapeTests {
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
