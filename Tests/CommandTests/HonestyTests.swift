import Glibc
import Simulator
import TestKit
import Testing

/// A look that says what it sees, and mixes nothing up.
@Suite struct HonestyTests {
    /// A server that answers each path with a status and a body.
    private func serving(_ answers: [String: (Int, String)], _ body: (String) throws -> Void) throws {
        let server = try MisbehavingServer { request, peer in
            let (status, text) = answers[request.path] ?? (404, #"{"detail":"Not Found"}"#)
            peer.answer(status, text)
        }
        defer { server.stop() }
        try body(server.url)
    }

    private static let healthy = #"{"status":"healthy","mongodb_ping_ms":0.1,"active_connections":{"websocket_connections":2}}"#
    private static let idle = #"{"active_chats":0,"tracked_chats":0,"total_errors":0,"chats":[]}"#

    @Test func aRuntimeThatCallsItselfUnhealthyIsNeverOK() throws {
        try serving([
            "/api/health": (500, #"{"detail":"Health check failed: no database"}"#), "/metrics/perf/aggregate": (200, Self.idle),
        ]) { url in
            let ending = try Shell().run("check", "--url", url, "--brief")
            #expect(ending.code == 1)
            #expect(ending.firstLine.hasPrefix("WARNING: \(url) says that it is unhealthy: Health check failed: no database"))
        }
    }

    @Test func fieldsThatCannotBeReadAreCounted() throws {
        let chat = #"{"chat_id":"c","app_id":"a","errors":"many","ended_at":false,"agent_turns":1}"#
        try serving([
            "/api/health": (200, Self.healthy), "/metrics/perf/aggregate": (200, #"{"chats":[\#(chat)]}"#),
        ]) { url in
            let ending = try Shell().run("check", "--url", url, "--brief")
            #expect(ending.output.contains("2 fields that cannot be read, left out"))
        }
    }

    @Test func anAddressThatWasWrongLeavesNothingBehind() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            let nobody = "http://127.0.0.1:\(try Loopback.closedPort())"
            #expect(try shell.run("check", "--url", nobody, "--brief").code == 3)
            let ending = try shell.run("check", "--url", url, "--brief")
            #expect(ending.code == 0)
            #expect(ending.firstLine.hasPrefix("OK: 7 open chats of 12, 3 apps, Mongo ping 0.04 ms, 7 websockets, 10 errors; "))
        }
    }

    @Test func aLookAtAnotherRuntimeResolvesNothing() throws {
        let shell = Shell()
        mkdir(shell.folder.path("policies"), 0o700)
        shell.folder.write(
            """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            rules:
              runtime-down: {subject: runtime, when: up == 0, for: 0s, severity: critical, summary: Down., actions: [notify]}

            """, to: "policies/ops_policy.default.yaml")
        shell.configure("http://127.0.0.1:\(try Loopback.closedPort())")
        #expect(try shell.run("check", "--brief").code == 2)
        try CheckTests.serving("busy") { url throws in
            #expect(try shell.run("check", "--url", url, "--brief").code == 0)
        }
        let open = try shell.run("incidents", "list", "--status", "open")
        #expect(open.output.contains("runtime-down"))
    }

    @Test func withoutAFileEachRuntimeHasAHistoryOfItsOwn() throws {
        func state(_ url: String) throws -> String? {
            var shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            // The default place, below the home folder.
            shell.environment["MOZAIKS_OPS_STATE"] = ""
            shell.environment["XDG_STATE_HOME"] = "/nowhere"
            let entries = try shell.run("config", "show", "-o", "json").json()["settings"]?.array ?? []
            return entries.first { $0["key"]?.string == "state" }?["value"]?.string
        }
        let first = try #require(try state("http://one.example:8000"))
        let second = try #require(try state("http://two.example:8000"))
        #expect(first != second)
        #expect(first.hasSuffix("/one.example%3A8000"))
    }

    @Test func aWebhookThatCannotBeReadIsToldBeforeItIsNeeded() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url, "MOZAIKS_SLACK_WEBHOOK_URL_FILE": "/nonexistent/webhook"])
            let doctor = try shell.run("doctor", "--wait", "100ms")
            #expect(doctor.code == 1)
            #expect(doctor.output.contains("cannot read the webhook URL of channel slack"))
            #expect(try shell.run("check", "--brief").errors.contains("cannot read the webhook URL of channel slack"))
        }
    }
}
