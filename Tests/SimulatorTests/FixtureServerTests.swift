import Model
import TestKit
import Testing

@testable import Simulator

/// Recordings replayed.
@Suite struct FixtureServerTests {
    private func replaying(_ folder: String, only: Set<String>? = nil, _ body: (FixtureServer) throws -> Void) throws {
        let root = try #require(Fixtures.roots.first { Fixtures.read("\($0)/INDEX.json") != nil })
        let server = try FixtureServer(folder: "\(root)/\(folder)", only: only)
        try server.start()
        defer { server.stop() }
        try body(server)
    }

    @Test(
        "an answer has the bytes, status and date of the recording",
        arguments: [
            ("busy", "/metrics/perf/aggregate", "aggregate"), ("busy", "/api/health", "health"),
            ("busy", "/api/events/metrics", "events-metrics"), ("idle", "/metrics/perf/chats", "chats"),
            ("idle", "/health/active-runs", "active-runs"),
        ])
    func replays(folder: String, path: String, name: String) throws {
        try replaying(folder) { server throws in
            let reply = try Wire.get(path, port: server.port)
            #expect(try reply.body == Fixtures.bytes("\(folder)/\(name).json"))
            let recorded = try Fixtures.headers("\(folder)/\(name)")
            #expect(reply.status == recorded.status)
            for field in ["date", "server", "content-type"] { #expect(reply.header(field) == recorded.fields[field]) }
            #expect(server.served == ["GET \(path)": 1])
        }
    }

    @Test func aSeriesIsReplayedInOrderAndItsLastAnswerStays() throws {
        try replaying("series-restart-at-poll-05") { server throws in
            for poll in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9] {
                let reply = try Wire.get("/metrics/perf/aggregate", port: server.port)
                #expect(try reply.body == Fixtures.bytes("series-restart-at-poll-05/0\(poll)-aggregate.json"))
            }
        }
    }

    @Test func oneRecordingOfManyCanBeChosen() throws {
        try replaying("errors", only: ["aggregate-nan-cost-500", "health-mongo-ping-fails-500"]) { server throws in
            #expect(try Wire.get("/metrics/perf/aggregate", port: server.port).status == 500)
            #expect(try Wire.get("/api/health", port: server.port).status == 500)
            #expect(try Wire.get("/api/events/metrics", port: server.port).status == 404)
        }
    }

    @Test func aFolderWithoutRecordingsIsAnErrorThatNamesIt() {
        let error = #expect(throws: FixtureServer.Failure.self) { try FixtureServer(folder: "/nonexistent/busy") }
        #expect(error?.description.contains("/nonexistent/busy") == true)
    }
}
