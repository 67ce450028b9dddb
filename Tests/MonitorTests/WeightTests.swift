import Journal
import Model
import Notify
import Policy
import TestKit
import Testing

@testable import Monitor

/// What an incident on an app says of its users and workflows, and what the journal keeps for whoever looks from beside.
@Suite struct WeightTests {
    let place = Workplace()
    let settings = Crowd.settings()

    @Test("an incident on an app names who runs most, and counts the others; once, when it opens")
    func weights() async throws {
        let core = try place.core(settings, try Crowd.policies(), gate: nil)
        for _ in 0..<4 { await core.pass(Crowd.noisy, place.clock) }
        let incident = try #require(try place.incidents().first)
        #expect(
            incident.handling.filter { $0.by == Wording.weigher }.map(\.text) == [
                "12 open runs: of users user-0 (1), user-1 (1), user-10 (1) and 9 others (9); of workflows HelloWorld (12)"
            ])
        let message = try place.read { try #require(try $0.outbox().last).message.document }
        #expect(message.contains("of users user-0 (1)"), "it stands in the very message that tells of the opening")
    }

    @Test("the journal has each runtime as the newest polls showed it, and forgets those that are gone")
    func sights() async throws {
        let core = try place.core(settings, try Crowd.policies(), gate: nil)
        await core.pass(Crowd.calm, place.clock)
        var sights = try place.read { try RuntimeSight.all(in: $0) { _ in } }
        #expect(sights.map(\.summary.runtime) == ["shared"] && sights[0].summary.replicas.first?.openChats == 12)
        #expect(sights[0].polledAt == place.clock.now() && sights[0].mode == .enforce && sights[0].interval == .seconds(10))
        #expect(sights[0].summary.replicas[0].missing[.activeRuns] == .notTracked)
        let again = try RuntimeSight(DocumentReader(sights[0].document, document: "sight"))
        #expect(again.document == sights[0].document)
        // Nothing new within ten seconds is not worth a write.
        let before = place.clock.now()
        await core.pass(Crowd.calm, place.clock, by: .seconds(3))
        sights = try place.read { try RuntimeSight.all(in: $0) { _ in } }
        #expect(sights[0].polledAt == before)
        await core.close()
        var others = settings
        others.runtimes = [.init(name: "other", replicas: ["http://127.0.0.1:8001"])]
        let next = try place.core(others, try Crowd.policies(), gate: nil)
        place.clock.advance(by: .seconds(10))
        await next.cycle("other", Crowd.poll(Crowd.calm, at: place.clock.now(), runtime: "other", replica: "http://127.0.0.1:8001"))
        sights = try place.read { try RuntimeSight.all(in: $0) { _ in } }
        #expect(sights.map(\.summary.runtime) == ["other"])
    }

    @Test("a line that begins an incident is as loud as its severity, and has its fields", arguments: [
        ("warning", "level=warn"), ("critical", "level=error"), ("info", "level=info"),
    ])
    func levels(severity: String, level: String) async throws {
        let policies = try Crowd.policies { $0 = $0.replacing("severity: warning", with: "severity: \(severity)") }
        let core = try place.core(settings, policies, gate: nil)
        for _ in 0..<3 { await core.pass(Crowd.noisy, place.clock) }
        let line = try #require(place.lines.containing("=> firing").first)
        #expect(line.contains("\(level) msg=\"pending => firing\""), "\(line)")
        let id = try #require(try place.incidents().first?.id)
        for field in ["incident=\(id)", "severity=\(severity)", "app=app-shop", "runtime=shared"] { #expect(line.contains(field), "\(line)") }
    }
}
