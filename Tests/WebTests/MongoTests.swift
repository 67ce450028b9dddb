import CycleKit
import Journal
import Model
import Policy
import Simulator
import Testing
import Views

@testable import Cycle
@testable import Web

/// MongoDB is gone: from what the runtime says, or does not, to the first screen.
@Suite("A dead MongoDB on the page")
struct MongoTests {
    /// The page as it is some time into a scenario.
    private static func page(_ name: String, _ length: TimeSpan) throws -> (text: String, incident: Incident) {
        let past = Past(try #require(Scenario.named(name)), length: length)
        var pipeline = Pipeline(settings: past.settings, policies: .embeddedDefault)
        var incidents: [String: Incident] = [:]
        for index in past.indices {
            for observation in past.observations(index) { pipeline.take(observation) }
            for incident in pipeline.tick(SimulatedPolls.runtimeName, now: past.now(index))?.incidents ?? [] {
                incidents[incident.id] = incident
            }
        }
        let now = past.now(past.indices.upperBound - 1)
        let summary = try #require(pipeline.signals[SimulatedPolls.runtimeName]?.summary)
        let sight = RuntimeSight(
            summary: summary, polledAt: now, interval: .seconds(10), mode: .enforce, environment: "production", isOfDaemon: true)
        let world = try World()
        try world.commit(
            incidents.values.sorted { $0.id < $1.id }, states: [StateRow(key: "sight:shared", bytes: sight.document.serializedBytes())])
        let text = world.face(at: StandingClock(moment: now)).get("/").text
        return (text, try #require(incidents.values.first { $0.rule == "runtime-unhealthy" && $0.resolvedAt == nil }))
    }

    @Test("its health check says no => the incident notes what it said, and the answer names MongoDB")
    func killed() throws {
        let (text, incident) = try Self.page("mongo-killed", .minutes(14))
        let said = "unhealthy for want of MongoDB: Health check failed: 127.0.0.1:27017: [Errno 111] Connection refused"
        #expect(incident.answer?.text.hasPrefix("http://127.0.0.1:8000: \(said); last healthy at ") == true, "\(incident.handling)")
        #expect(text.contains("<dt>Answer</dt><dd>http://127.0.0.1:8000 says that it is \(said)</dd>"), "\(text.prefix(5_000))")
    }

    @Test("its health check takes longer than anybody waits, and the rest answers => the answer names MongoDB all the same")
    func down() throws {
        let (text, incident) = try Self.page("mongo-down", .minutes(8))
        #expect(
            incident.answer?.text.hasPrefix("http://127.0.0.1:8000: no answer within 10 s; \(HealthWords.waits); last healthy at ") == true,
            "\(incident.handling)")
        #expect(
            text.contains(
                "<dt>Answer</dt><dd>http://127.0.0.1:8000/api/health: unreachable; \(HealthWords.waits)</dd>"),
            "\(text.prefix(5_000))")
    }

    @Test("where the whole process hangs nobody blames MongoDB")
    func hang() throws {
        let past = Past(try #require(Scenario.named("hang")), length: .minutes(12) + .seconds(30))
        var pipeline = Pipeline(settings: past.settings, policies: .embeddedDefault)
        var notes: [String] = []
        for index in past.indices {
            for observation in past.observations(index) { pipeline.take(observation) }
            let incidents = pipeline.tick(SimulatedPolls.runtimeName, now: past.now(index))?.incidents ?? []
            notes += incidents.compactMap(\.answer?.text)
        }
        let summary = try #require(pipeline.signals[SimulatedPolls.runtimeName]?.summary)
        let complaints = StatusVerdict.complaints(of: summary)
        #expect(!notes.isEmpty && !complaints.isEmpty)
        for text in notes + complaints { #expect(!text.contains("MongoDB")) }
    }
}
