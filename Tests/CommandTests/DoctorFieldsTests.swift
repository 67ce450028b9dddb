import Model
import TestKit
import Testing

/// What `doctor` says of answers that cannot be read whole, and of logins, by name and in words that fit.
@Suite struct DoctorFieldsTests {
    private static let answers: [(path: String, body: String)] = [
        ("/api/health", #"{"status":"healthy","mongodb_ping_ms":"0.4","active_connections":{"websocket_connections":"7"}}"#),
        ("/api/events/metrics", #"{"data":{"created":12,"custom_events_by_type":{"chat.usage_delta":1}}}"#),
        (
            "/metrics/perf/aggregate",
            #"{"active_chats":1,"tracked_chats":1,"chats":[{"chat_id":"a","app_id":"x","started_at":"2026-11-21T09:00:00Z","ended_at":null,"cost":-1}]}"#
        ),
    ]

    /// The report on one line, as it is wrapped.
    private static func report(_ ending: Shell.Ending) -> String {
        ending.output.split { $0 == "\n" || $0 == " " }.joined(separator: " ")
    }

    @Test func fieldsThatWereDroppedAreNamed() throws {
        let server = try MisbehavingServer { request, peer in
            let answer = Self.answers.first { request.path.hasPrefix($0.path) }
            peer.answer(answer == nil ? 404 : 200, answer?.body ?? "{}")
        }
        defer { server.stop() }
        let shell = Shell(["MOZAIKS_RUNTIME_URL": server.url])
        let report = Self.report(try shell.run("doctor", "--wait", "10ms"))
        for words in [
            "/api/health: left out or not believed: mongodb_ping_ms (a text where a number belongs, once), websocket_connections (a text where a whole number belongs, once)",
            "data.created (a number where a moment belongs, once)", "cost (below zero, once)",
        ] {
            #expect(report.contains(words), "\(words): \(report)")
        }
    }

    /// The configuration, what the runtime asks for, what is said, and what is not.
    static let logins: [(runtimes: String, wants: String, says: String, not: String)] = [
        ("", "Bearer", "a bearer token alone, of MOZAIKS_RUNTIME_TOKEN_FILE", "oauth9"),
        ("", "x", "we have none (401, status 401): set MOZAIKS_RUNTIME_TOKEN_FILE", "auth:"),
        ("", "Basic realm=x", "under 'runtimes:' in mozaiks-ops.yaml", "set MOZAIKS_RUNTIME_TOKEN_FILE"),
        ("a: {replicas: [URL]}", "Bearer", "it wants a bearer token: 'auth: {bearer_file: …}'", "MOZAIKS_RUNTIME_TOKEN_FILE"),
        ("a: {replicas: [URL]}", "x", "set MOZAIKS_RUNTIME_TOKEN_FILE, or 'auth: {bearer_file: …}'", "oauth9"),
        ("a: {replicas: [URL]}, b: {replicas: [\"http://127.0.0.1:1\"]}", "x", "runtimes: {a: …}", "MOZAIKS_RUNTIME_TOKEN_FILE"),
        ("a: {replicas: [URL]}", "Basic realm=x", "it wants basic auth: 'auth: {basic:", "MOZAIKS_RUNTIME_TOKEN_FILE"),
        (
            "a: {replicas: [URL], auth: {basic: {user: ops, password_env: PASS}}}", "Basic realm=x", "it refuses our login as 'ops'",
            "our token"
        ),
        (
            "a: {replicas: [URL], auth: {basic: {user: ops, password_env: NONE}}}", "Basic realm=x", "we have no password:",
            "MOZAIKS_RUNTIME_TOKEN_FILE"
        ),
        ("a: {replicas: [URL], auth: {bearer_env: PASS}}", "Bearer", "it refuses our token", "MOZAIKS_RUNTIME_TOKEN_FILE"),
    ]

    @Test("a hint names nothing that would count for nothing", arguments: logins.indices) func login(index: Int) throws {
        let (runtimes, wants, says, not) = Self.logins[index]
        let server = try MisbehavingServer { _, peer in peer.answer(401, "{}", headers: ["WWW-Authenticate: \(wants)"]) }
        defer { server.stop() }
        var shell = Shell(["PASS": "word-hunter2"])
        if runtimes.isEmpty {
            shell.environment["MOZAIKS_RUNTIME_URL"] = server.url
        } else {
            let text = runtimes.replacing(bytesOf: "URL", with: "\"\(server.url)\"")
            shell.folder.write("schema: mozaiks.ops/config/v1\nruntimes: {\(text)}\n", to: "mozaiks-ops.yaml")
        }
        let report = Self.report(try shell.run("doctor", "--wait", "10ms"))
        // Of the runtime alone: other sections have hints of their own.
        let place = report.indices.first { report[$0...].hasPrefix("Runtime ") } ?? report.startIndex
        let own = report[place...].prefix(900)
        #expect(own.contains(says) && !own.contains(not) && !report.contains("hunter2"), "\(report)")
    }
}
