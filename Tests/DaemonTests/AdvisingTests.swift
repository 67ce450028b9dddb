import Advisor
import Ambient
import CycleKit
import EvalCases
import HTTP
import JSONParsing
import Model
import Notify
import Playbooks
import TestKit
import Testing

@testable import Cycle
@testable import Daemon
@testable import Journal

/// The optional model beside the cycles: what it writes follows, and nothing else does.
@Suite struct AdvisingTests {
    let place = Workplace()
    static let good = GoodAnswer.text(summary: "app_1 holds more than its share, above 40%.", playbook: "noisy-neighbor")

    private func core() throws -> Core {
        try place.core(Crowd.settings(), try Crowd.policies { $0 = $0.replacing("[notify, throttle, pause]", with: "[notify]") })
    }

    private func advising(
        _ core: Core, _ server: MisbehavingServer, _ client: HTTPClient, budget: AdviceBudget = .standard,
        severity: Severity = .warning
    ) -> Advising {
        var settings = AdvisorSettings(provider: .llamacpp, baseURL: server.url, model: "test-model")
        settings.timeout = .seconds(20)
        let advisor = Advisor(
            settings, key: nil, client: client, ledger: CoreAdviceLedger(core: core, budget: budget), clock: place.clock)
        return Advising(
            advisor: advisor, core: core, playbooks: .builtIn, minSeverity: severity, clock: place.clock,
            logger: Logger(level: .debug, writesTime: false, clock: place.clock) { [place] in place.lines.add($0) })
    }

    /// One incident, and a model that answers so.
    private func story(
        _ answers: [StubModel.Answer], _ body: (Core, MisbehavingServer, HTTPClient) async throws -> Void
    ) async throws {
        let server = try StubModel.serve(answers)
        defer { server.stop() }
        let client = try HTTPClient()
        let core = try core()
        for _ in 0..<2 { await core.pass(Crowd.noisy, place.clock) }
        try await body(core, server, client)
        await client.shutdown()
    }

    private func messages() throws -> [Message] {
        try place.read { try $0.outbox() }.reversed().map { try MessageDocument.decode($0.message.document) }
    }

    @Test("opened => told => asked => the text follows as an update, once, and stands on the incident")
    func follows() async throws {
        try await story([.says(Self.good)]) { core, server, client in
            // The opening is committed before anybody is asked.
            #expect(try messages().map(\.event) == [.opened])
            #expect(server.requests.isEmpty)
            let advising = advising(core, server, client)
            var said: String?
            #expect(await advising.askOne(&said))
            let told = try messages()
            #expect(told.map(\.event) == [.opened, .updated])
            #expect(told.last?.news == .advice && told.first?.incident.advice == nil)
            let advice = try #require(told.last?.incident.advice)
            #expect(advice.by == "test-model" && advice.summary == "app-shop holds more than its share, above 40%.")
            #expect(!(await advising.askOne(&said)), "asked once")
            #expect(server.requests.count == 1)
            let incident = try #require(try place.incidents().first)
            #expect(incident.advice == advice)
            #expect(incident.handling.contains { $0.by == "advisor:test-model" && $0.text == advice.summary })
            #expect(try place.read { try $0.audit() }.map(\.entry.kind).contains("advice"))
            // Decisions are the engine's alone.
            #expect(!incident.replayedDocument.serialized().contains("test-model"))
        }
    }

    @Test("of an app's part of its runtime may be said what was read, also where the rule does not compare it")
    func beside() async throws {
        let policies = try Crowd.policies {
            $0 = $0.replacing("[notify, throttle, pause]", with: "[notify]").replacing(
                "active_runs.share > $noisy_share", with: "active_runs > 8")
        }
        let server = try StubModel.serve([.says(GoodAnswer.text(summary: "One app holds most of the active runs.", playbook: nil))])
        defer { server.stop() }
        let client = try HTTPClient()
        let core = try place.core(Crowd.settings(), policies)
        for _ in 0..<2 { await core.pass(Crowd.noisy, place.clock) }
        var said: String?
        #expect(await advising(core, server, client).askOne(&said))
        #expect(server.requests.count == 1)
        let incident = try #require(try place.incidents().first)
        #expect(incident.advice?.summary == "One app holds most of the active runs.")
        // By hand, beside the daemon or after it, and wherever the runtime is by now.
        var settings = Crowd.settings()
        settings.runtimes = [WatchedRuntime(name: Crowd.runtime, replicas: ["http://127.0.0.1:9"])]
        func kept(_ subject: Subject) throws -> ReadingsBeside? {
            try place.read { Pipeline.beside(subject, in: $0, settings, policies, now: place.clock.now()) }
        }
        let beside = try #require(try kept(incident.subject))
        #expect(beside.readings.map(\.series) == ["active_runs.share", "runtime.active_runs"])
        #expect(beside.readings.map(\.evidence) == [.value(60), .value(20)])
        #expect(beside.at <= place.clock.now())
        #expect(try kept(.runtime(Crowd.runtime)) == nil && kept(.app(AppID("app-none"), runtime: Crowd.runtime)) == nil)
        await client.shutdown()
    }

    @Test("it survives a restart, and is not asked for again") func restart() async throws {
        try await story([.says(Self.good)]) { first, server, client in
            var said: String?
            #expect(await advising(first, server, client).askOne(&said))
            await first.close()
            let second = try core()
            #expect(await second.openIncidents.first?.advice?.by == "test-model")
            #expect(!(await advising(second, server, client).askOne(&said)))
            #expect(server.requests.count == 1)
        }
    }

    @Test("answers that are refused leave the deterministic text, and are not asked for again")
    func fallsBack() async throws {
        try await story([.says(GoodAnswer.text(summary: "99% of all runs.", playbook: nil))]) { core, server, client in
            let advising = advising(core, server, client)
            var said: String?
            #expect(await advising.askOne(&said))
            #expect(!(await advising.askOne(&said)))
            #expect(server.requests.count == 2, "once, and one repair")
            let (told, incidents) = (try messages(), try place.incidents())
            #expect(told.map(\.event) == [.opened])
            #expect(incidents.map(\.advice) == [nil])
            #expect(place.lines.text.contains("the deterministic text stands"))
        }
    }

    @Test("a service that fails is tried three times and then left alone; cycles go on", arguments: [500, 401, 404])
    func failing(status: Int) async throws {
        try await story([.status(status, "{}", headers: [])]) { core, server, client in
            let advising = advising(core, server, client)
            var said: String?
            for _ in 0..<6 { _ = await advising.askOne(&said) }
            #expect(server.requests.count == 3)
            #expect(place.lines.containing("no advice").count == 1, "said once")
            let told = try messages()
            #expect(told.map(\.event) == [.opened])
            #expect(await core.pass(Crowd.noisy, place.clock))
        }
    }

    @Test("an incident that resolves while the model thinks gets no text: the last message is that it is over")
    func tooLate() async throws {
        try await story([.says(Self.good)]) { core, server, client in
            let incident = try #require(await core.nextForAdvice(.warning)).incident
            for _ in 0..<4 { await core.pass(Crowd.calm, place.clock) }
            let advice = Advice(
                at: place.clock.now(), by: "m", summary: "s", likelyCause: "c", playbook: nil, steps: [], confidence: 0.5)
            #expect(!(await core.deliver(advice, on: incident.id)))
            #expect(try messages().map(\.event) == [.opened, .resolved])
            var said: String?
            #expect(!(await advising(core, server, client).askOne(&said)), "nor is it asked about")
            #expect(server.requests.isEmpty)
        }
    }

    @Test("below the floor, or old news: nobody is asked") func notAsked() async throws {
        try await story([.says(Self.good)]) { core, server, client in
            var said: String?
            #expect(!(await advising(core, server, client, severity: .critical).askOne(&said)))
            place.clock.advance(by: .minutes(16))
            #expect(!(await advising(core, server, client).askOne(&said)))
            #expect(server.requests.isEmpty)
        }
    }

    @Test("a budget that is used up asks nobody, also after a restart, until its hour is over")
    func budget() async throws {
        try await story([.says(Self.good)]) { first, server, client in
            let budget = AdviceBudget(tokensPerHour: 20_000)
            _ = try await first.reserve(AdviceQuestion(incident: "other", model: "m", tokens: 19_000, microUSD: 0), budget)
            var said: String?
            #expect(!(await advising(first, server, client, budget: budget).askOne(&said)))
            await first.close()
            let second = try core()
            #expect(!(await advising(second, server, client, budget: budget).askOne(&said)))
            #expect(server.requests.isEmpty)
            #expect(place.lines.text.contains("20000 tokens in an hour"))
        }
    }

    @Test("what a question took is written down") func spending() async throws {
        try await story([.says(Self.good)]) { core, server, client in
            var said: String?
            _ = await advising(core, server, client).askOne(&said)
            let id = try #require(try place.incidents().first?.id)
            let rows = try place.read { try $0.adviceQuestions(incident: id) }
            #expect(rows.map(\.spending.tokens) == [1_020])
            #expect(rows.map(\.outcome) == ["accepted"] && rows.map(\.by) == ["daemon"])
        }
    }

    @Test("a journal that cannot be written: nobody hears anything until it can be, and nothing breaks", arguments: Obstacle.allCases)
    func obstacles(obstacle: Obstacle) async throws {
        try await story([.says(Self.good)]) { core, server, client in
            let advising = advising(core, server, client)
            let remove = try await obstacle.raise(core, place)
            var said: String?
            // A full disk may still hold the small row of a question; it does not hold the message.
            let wasAsked = await advising.askOne(&said)
            #expect(obstacle == .full || !wasAsked)
            let before = try messages()
            #expect(before.map(\.event) == [.opened])
            try await remove()
            _ = await advising.askOne(&said)
            await core.pass(Crowd.noisy, place.clock)
            let after = try messages()
            #expect(after.map(\.event) == [.opened, .updated])
            #expect(server.requests.count == 1)
        }
    }
}
