import CycleKit
import Journal
import Model
import Notify
import Policy
import TestKit
import Testing
@testable import Cycle
@testable import Daemon

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

    @Test("a daemon keeps what all apps' open runs are of, at most once a minute; a single pass does not")
    func keptWeights() async throws {
        let instruments = Instruments(version: "1", clock: place.clock, patience: .minutes(2))
        let core = try place.core(settings, try Crowd.policies(), gate: nil, instruments: instruments)
        await core.pass(Crowd.calm, place.clock)
        let first = try #require(try place.read { AppWeights(Crowd.runtime, in: $0) })
        #expect(
            first.isWhole
                && first.apps.contains { $0.app == AppID("app-shop") && !$0.users.isEmpty && $0.workflows.map(\.name) == ["HelloWorld"] })
        for _ in 0..<3 { await core.pass(Crowd.noisy, place.clock) }
        #expect(try place.read { AppWeights(Crowd.runtime, in: $0) } == first)
        for _ in 0..<6 { await core.pass(Crowd.noisy, place.clock) }
        let later = try #require(try place.read { AppWeights(Crowd.runtime, in: $0) })
        #expect(later.at > first.at && later.app(AppID("app-shop"))?.openRuns == 12)
    }

    @Test("an outage carries the URL, the error in words, and when the replica was last well; told and kept", arguments: [true, false])
    func outages(isKnown: Bool) async throws {
        let policies = try Crowd.policies { text in
            text += "  outage: {subject: runtime, when: up == 0, for: 0s, severity: critical, summary: It does not answer.}\n"
        }
        let core = try place.core(settings, policies, gate: nil)
        if isKnown { await core.pass(Crowd.calm, place.clock) }
        let well = place.clock.now()
        for _ in 0..<6 {
            place.clock.advance(by: .seconds(10))
            let refused = [Endpoint.health, .activeRuns, .events, .perf].map { endpoint in
                Observation(
                    at: place.clock.now(), runtime: Crowd.runtime, replica: Crowd.replica, endpoint: endpoint, elapsedMilliseconds: 1,
                    outcome: .failure(.refused, detail: "connection refused"))
            }
            _ = await core.cycle(Crowd.runtime, refused)
        }
        let incident = try #require(try place.incidents().first { $0.rule == "outage" })
        let text =
            isKnown
            ? "http://127.0.0.1:8000: connection refused; last healthy at \(well), Mongo ping 0.04 ms, 7 websockets"
            : "http://127.0.0.1:8000: connection refused; not seen healthy since the monitor began"
        #expect(incident.handling.filter { $0.by == Wording.listener }.map(\.text) == [text])
        let message = try place.read { try #require(try $0.outbox().first { $0.message.document.contains("outage") }).message.document }
        #expect(message.contains("connection refused"), "it stands in the very message that tells of the opening")
    }

    @Test(
        "what a runtime says of itself when it is not well stands on the incident, and that its health check alone is silent",
        arguments: [
            (
                500, #"{"detail": "Health check failed: 127.0.0.1:27017: [Errno 111] Connection refused"}"#,
                "unhealthy for want of MongoDB: Health check failed: 127.0.0.1:27017: [Errno 111] Connection refused"
            ),
            (503, #"{"detail": "MongoDB client not initialized"}"#, "unhealthy: MongoDB client not initialized"),
            (200, #"{"status": "unhealthy", "detail": "the disk is full"}"#, "unhealthy: the disk is full"),
            (200, #"{"status": "unhealthy"}"#, "unhealthy"),
            (200, #"{"status": "degraded"}"#, "unhealthy: its status is 'degraded'"),
            (
                nil, "no complete answer within 10000 ms",
                "no complete answer within 10000 ms; the rest of it answers, so in most cases MongoDB cannot be reached"
            ),
        ])
    func unwell(status: Int?, said: String, words: String) async throws {
        let policies = try Crowd.policies { text in
            text +=
                "  unwell: {subject: runtime, when: healthy == 0 or missing(healthy), for: 20s, severity: critical, summary: Not well.}\n"
            text += "  aside: {subject: runtime, when: healthy == 0 or missing(healthy), for: 20s, severity: info, summary: A note.}\n"
        }
        let core = try place.core(settings, policies, gate: nil)
        await core.pass(Crowd.calm, place.clock)
        let well = place.clock.now()
        for _ in 0..<12 {
            place.clock.advance(by: .seconds(10))
            let now = place.clock.now()
            let outcome: Observation.Outcome =
                status.map { .answer(.init(status: $0, date: now, contentType: "application/json", body: Body(Array(said.utf8)))) }
                ?? .failure(.timeout, detail: said)
            let health = Observation(
                at: now, runtime: Crowd.runtime, replica: Crowd.replica, endpoint: .health, elapsedMilliseconds: 2, outcome: outcome)
            _ = await core.cycle(Crowd.runtime, [health] + Crowd.poll(Crowd.calm, at: now).dropFirst())
        }
        let incident = try #require(try place.incidents().first { $0.rule == "unwell" })
        #expect(
            incident.handling.filter { $0.by == Wording.listener }.map(\.text) == [
                "http://127.0.0.1:8000: \(words); last healthy at \(well), Mongo ping 0.04 ms, 7 websockets"
            ])
        let message = try place.read { try #require(try $0.outbox().first { $0.message.document.contains("unwell") }).message.document }
        #expect(message.contains(words), "it stands in the very message that tells of the opening")
        let note = try #require(try place.incidents().first { $0.rule == "aside" })
        #expect(!note.handling.contains { $0.by == Wording.listener }, "it is open for longer than the outage lasts")
    }

    @Test("a lease at a gate that nobody asks is warned of, once; the mode shown is the one in force")
    func unaskedGate() async throws {
        let core = try place.core(settings, try Crowd.policies { $0 = $0.replacing("mode: enforce", with: "mode: observe") }, gate: nil)
        await core.pass(Crowd.calm, place.clock)
        #expect(try place.read { try RuntimeSight.all(in: $0) { _ in } }[0].mode == .observe)
        await core.close()
        let next = try place.core(
            settings, try Crowd.policies { $0 = $0.replacing("ttl: 1m", with: "ttl: 10m") }, gate: place.gate(settings))
        for _ in 0..<16 { await next.pass(Crowd.noisy, place.clock) }
        #expect(place.lines.containing("neither a proxy nor the extension has asked the gate yet").count == 1)
        let sight = try place.read { try RuntimeSight.all(in: $0) { _ in } }[0]
        #expect(
            sight.mode == .enforce
                && sight.gateRemark?.contains("neither a proxy nor the extension has asked the gate about shared since") == true)
        await next.close()
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
        // A poll that comes some milliseconds early is not the one that is left out: the next would be twenty seconds late.
        await core.pass(Crowd.calm, place.clock, by: TimeSpan(milliseconds: 6_990))
        sights = try place.read { try RuntimeSight.all(in: $0) { _ in } }
        #expect(sights[0].polledAt == place.clock.now() && place.clock.now() - before == TimeSpan(milliseconds: 9_990))
        await core.close()
        var others = settings
        others.runtimes = [.init(name: "other", replicas: ["http://127.0.0.1:8001"])]
        let next = try place.core(others, try Crowd.policies(), gate: nil)
        place.clock.advance(by: .seconds(10))
        await next.cycle("other", Crowd.poll(Crowd.calm, at: place.clock.now(), runtime: "other", replica: "http://127.0.0.1:8001"))
        sights = try place.read { try RuntimeSight.all(in: $0) { _ in } }
        #expect(sights.map(\.summary.runtime) == ["other"])
    }

    @Test(
        "a line that begins an incident is as loud as its severity, and has its fields",
        arguments: [
            ("warning", "level=warn"), ("critical", "level=error"), ("info", "level=info"),
        ])
    func levels(severity: String, level: String) async throws {
        let policies = try Crowd.policies { $0 = $0.replacing("severity: warning", with: "severity: \(severity)") }
        let core = try place.core(settings, policies, gate: nil)
        for _ in 0..<3 { await core.pass(Crowd.noisy, place.clock) }
        let line = try #require(place.lines.containing("=> firing").first)
        #expect(line.contains("\(level) msg=\"pending => firing\""), "\(line)")
        let id = try #require(try place.incidents().first?.id)
        for field in ["incident=\(id)", "severity=\(severity)", "app=app-shop", "runtime=shared"] {
            #expect(line.contains(field), "\(line)")
        }
    }
}
