import Glibc
import Model
import TestKit
import Testing

/// Runtimes that do not answer as they should: honest evidence, exit code 3, never a crash, never a zero.
@Suite struct BadRuntimeTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        /// What a look shows of it, on the first line.
        let shows: [String]
        /// How `-o json` names the reason on the perf endpoint.
        let reason: String
        var status = "unknown"
        let behave: MisbehavingServer.Behaviour

        var testDescription: String { name }

        init(
            _ name: String, _ shows: [String], _ reason: String, behave: @escaping MisbehavingServer.Behaviour
        ) {
            self.name = name
            self.shows = shows
            self.reason = reason
            self.behave = behave
        }
    }

    private static let faults: [Fault] = [
        Fault("hangs up at once", ["unreachable", "the connection ended before an answer"], "unreachable") { _, peer in
            peer.reset()
        },
        Fault("accepts and says nothing", ["unreachable", "no complete answer within 300 ms"], "unreachable") {
            _, peer in
            peer.waitUntilClosed()
        },
        Fault("stops inside the body", ["the connection ended after 9 of 5000 bytes"], "malformed") { _, peer in
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{\"chats\":")
            peer.close()
        },
        Fault("stalls inside the body", ["no complete answer within 300 ms"], "unreachable") { _, peer in
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{\"chats\":")
            peer.waitUntilClosed()
        },
        Fault("announces more than the limit", ["longer than the limit of 1000000 bytes"], "malformed") { _, peer in
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{")
            peer.waitUntilClosed()
        },
        Fault("sends more than the limit without a length", ["longer than the limit of 1000000 bytes"], "malformed") {
            _, peer in
            peer.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            peer.write([UInt8](repeating: 0x20, count: 3_000_000))
            peer.close()
        },
        Fault("speaks another protocol", ["the answer is not HTTP/1.1"], "unreachable") { _, peer in
            peer.write("220 mail.example.com ESMTP\r\n")
            peer.close()
        },
        Fault("sends garbage", ["malformed"], "malformed") { _, peer in
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
            peer.write([0xFF, 0xFE, 0x00, 0x01, 0x7B, 0x7D])
        },
        Fault("sends nothing at all", ["malformed"], "malformed") { _, peer in peer.answer(200, "") },
        Fault("sends a web page", ["malformed"], "malformed") { _, peer in
            peer.answer(200, "<html><body>Welcome to nginx!</body></html>", headers: ["Content-Type: text/html"])
        },
        Fault("sends an array", ["malformed"], "malformed") { _, peer in peer.answer(200, "[]") },
        Fault("sends a number", ["malformed"], "malformed") { _, peer in peer.answer(200, "12") },
        Fault("sends an empty object", ["malformed"], "malformed") { _, peer in peer.answer(200, "{}") },
        Fault("sends other types", ["malformed"], "malformed") { _, peer in
            peer.answer(200, #"{"chats":5,"status":[],"active_connections":"many","data":null}"#)
        },
        Fault("nests without end", ["malformed"], "malformed") { _, peer in
            peer.answer(200, String(repeating: "[", count: 200_000))
        },
        Fault("asks for a token", ["unauthorized (Token has expired)"], "unauthorized") { _, peer in
            peer.answer(401, #"{"detail":"Token has expired"}"#)
        },
        Fault("forbids", ["unauthorized"], "unauthorized") { _, peer in peer.answer(403, "no") },
        Fault("redirects", ["error(302)"], "error(302)") { _, peer in
            peer.answer(302, "", headers: ["Location: http://127.0.0.1:1/elsewhere"])
        },
        Fault("is behind a proxy that lost it", ["error(502)"], "error(502)") { _, peer in
            peer.answer(502, "<html>Bad Gateway</html>")
        },
        Fault("has no such routes", ["error(404)"], "error(404)") { _, peer in
            peer.answer(404, #"{"detail":"Not Found"}"#)
        },
    ]

    private static func configure(_ shell: Shell, _ url: String) {
        shell.folder.write(
            """
            schema: mozaiks.ops/config/v1
            polling: {timeout: 300ms, body_limit: 1 MB}
            runtimes: {shared: {replicas: ["\(url)"]}}

            """, to: "mozaiks-ops.yaml")
    }

    @Test("check says what it could not see", arguments: faults)
    func check(fault: Fault) throws {
        let server = try MisbehavingServer(fault.behave)
        defer { server.stop() }
        let shell = Shell()
        BadRuntimeTests.configure(shell, server.url)
        let ending = try shell.run("check")
        #expect(ending.code == 3, "\(ending.everything)")
        #expect(ending.firstLine.hasPrefix("UNKNOWN: \(server.url)"), "\(ending.firstLine)")
        for text in fault.shows { #expect(ending.firstLine.contains(text), "\(ending.firstLine)") }
        #expect(!ending.output.contains("open of"), "no count of chats: \(ending.output)")
        #expect(ending.errors.isEmpty, "\(ending.errors)")

        let document = try shell.run("check", "-o", "json").json()
        #expect(document["status"]?.string == "unknown")
        let report = try #require(document["reports"]?[0])
        #expect(report["replicas"]?[0]?["missing"]?["/metrics/perf/aggregate"]?.string == fault.reason)
        for figure in ["tracked_chats", "open_chats", "apps", "errors", "websockets"] {
            #expect(report["replicas"]?[0]?[figure]?.isNull == true, "\(figure) of a runtime that told nothing")
        }
        for (name, reading) in report["readings"]?.object?.members.map({ ($0.key, $0.value) }) ?? [] where name != "up" {
            #expect(reading["value"] == nil, "\(name)")
            #expect(reading["missing"]?.string == fault.reason, "\(name)")
        }

        let doctor = try shell.run("doctor", "--wait", "10ms")
        #expect(doctor.code == 1, "\(doctor.output)")
        #expect(doctor.output.contains("BROKEN"))
        #expect(try shell.run("evaluate").code == 3)
    }

    @Test func aRuntimeThatIsDownIsNoEvidenceAtFirstAndAnIncidentOnceTheRuleHolds() throws {
        let url = "http://127.0.0.1:\(try Loopback.closedPort())"
        let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
        let first = try shell.run("check")
        #expect(first.code == 3)
        #expect(first.output.contains("up                    0\n"))
        #expect(first.output.contains("pending: runtime-down on runtime default, true for 0s"))
        let policies = QuickPolicy.write(to: shell.folder)
        let second = try shell.run("check", "--policies", policies)
        #expect(second.code == 2)
        #expect(second.firstLine.hasPrefix("CRITICAL: runtime-down on runtime default, just now; \(url): unreachable"))
    }

    @Test func aProxyWhoseServerIsGoneIsARuntimeThatIsDown() throws {
        // What a proxy of containers does when nothing listens behind it: accept, then reset.
        let server = try MisbehavingServer { _, peer in peer.reset() }
        defer { server.stop() }
        let shell = Shell(["MOZAIKS_RUNTIME_URL": server.url])
        let ending = try shell.run("check", "--policies", QuickPolicy.write(to: shell.folder))
        #expect(ending.code == 2, "\(ending.output)")
        #expect(ending.firstLine.hasPrefix("CRITICAL: runtime-down on runtime default"))
    }

    @Test func aMongoThatDiedIsUnhealthyAndNotUnreachable() throws {
        let server = try MisbehavingServer { request, peer in
            switch request.path {
            case "/api/health": peer.answer(500, #"{"detail":"MongoDB ping failed"}"#)
            default:
                peer.answer(
                    200, (try? Fixtures.text("busy/\(BadRuntimeTests.recording[request.path] ?? "").json")) ?? "")
            }
        }
        defer { server.stop() }
        let ending = try Shell(["MOZAIKS_RUNTIME_URL": server.url]).run("check")
        #expect(ending.output.contains("7 open of 12 chats, 3 apps · unhealthy"), "\(ending.output)")
        #expect(ending.output.contains("pending: runtime-unhealthy on runtime default"))
        #expect(ending.output.contains("healthy               0\n"))
    }

    @Test func poisonedFiguresLeaveHealthReadable() throws {
        let server = try MisbehavingServer { request, peer in
            switch request.path {
            case "/api/health", "/api/events/metrics", "/health/active-runs":
                peer.answer(
                    200, (try? Fixtures.text("busy/\(BadRuntimeTests.recording[request.path] ?? "").json")) ?? "")
            default: peer.answer(500, "Internal Server Error", headers: ["Content-Type: text/plain"])
            }
        }
        defer { server.stop() }
        let ending = try Shell(["MOZAIKS_RUNTIME_URL": server.url]).run("check")
        #expect(ending.code == 3)
        #expect(ending.firstLine.contains("/metrics/perf/aggregate: error(500) (Internal Server Error)"))
        #expect(ending.firstLine.contains("7 websockets"))
        #expect(ending.output.contains("pending: perf-poisoned on runtime default"))
        #expect(!ending.output.contains("0 errors"))
    }

    private static let recording = [
        "/api/health": "health", "/health/active-runs": "active-runs", "/metrics/perf/aggregate": "aggregate",
        "/api/events/metrics": "events-metrics",
    ]
}
