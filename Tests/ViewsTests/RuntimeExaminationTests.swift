import Cycle
import CycleKit
import Model
import Testing
import Views

/// What the doctor says of a runtime, from what it showed: the looking is somebody else's.
@Suite("Examination of a runtime")
struct RuntimeExaminationTests {
    private static let now = Timestamp(rfc3339: "2026-11-21T09:00:00Z") ?? Timestamp(milliseconds: 0)

    private static func examine(
        _ observations: [Observation], probe: RuntimeExamination.Probe = .init(), noun: String? = nil, isOfFile: Bool = false,
        inForce: TimeSpan? = nil, gateMode: Mode? = nil
    ) throws -> Findings {
        let policies = try Crowd.policies()
        var pipeline = Pipeline(settings: Crowd.settings(), policies: policies)
        for observation in observations { pipeline.take(observation) }
        let tick = pipeline.tick(Crowd.runtime, now: now)
        let result = try #require(tick)
        let examination = RuntimeExamination(
            runtime: Crowd.runtime, report: try #require(pipeline.report(result)), observations: observations,
            probes: [Crowd.replica: probe], settings: Crowd.settings(), policies: policies,
            login: Login(noun: noun, secret: "token", runtime: Crowd.runtime, isOfFile: isOfFile, isAlone: true), tokenFault: nil,
            inForce: inForce, gateMode: gateMode)
        var findings = Findings()
        examination.run(&findings)
        return findings
    }

    /// The same observations, with another outcome of each.
    private static func all(_ outcome: Observation.Outcome) -> [Observation] {
        Crowd.poll(Crowd.calm, at: now).map {
            Observation(
                at: $0.at, runtime: $0.runtime, replica: $0.replica, endpoint: $0.endpoint, elapsedMilliseconds: 1, outcome: outcome)
        }
    }

    private static func lines(_ findings: Findings, _ grade: Findings.Grade) -> [String] {
        findings.sections.flatMap(\.findings).filter { $0.grade == grade }.map(\.text)
    }

    @Test("what answers is read endpoint by endpoint, and nothing is broken")
    func well() throws {
        let findings = try Self.examine(Crowd.poll(Crowd.calm, at: Self.now))
        #expect(
            findings.sections.map(\.title) == ["Runtime shared, http://127.0.0.1:8000", "Counters of shared", "Rules on shared"])
        #expect(!findings.isBroken)
        let fine = Self.lines(findings, .ok)
        #expect(fine.first == "connects; asks for no token")
        #expect(fine.contains { $0.hasPrefix("\(Endpoint.health.path): healthy, ") })
        #expect(fine.contains { $0.hasPrefix("\(Endpoint.perf.path): 12 open of 36 chats of 3 apps") }, "\(fine)")
        #expect(fine.contains { $0.hasPrefix("polling its perf endpoint every 10s, as configured, would cost it ") })
        #expect(fine.last == "can see what they need: noisy-neighbor")
    }

    @Test("where nobody answers that is all that is said of the replica, and rules say what they lack")
    func silent() throws {
        let findings = try Self.examine(Self.all(.failure(.refused, detail: "connection refused")))
        #expect(findings.isBroken)
        #expect(findings.sections[0].findings.map(\.text) == ["gives no answer: connection refused"])
        #expect(findings.sections[1].findings.map(\.text) == ["nothing is known of them: no performance figures could be read"])
        #expect(findings.sections[2].findings.map(\.grade) == [.note])
        #expect(findings.sections[2].findings[0].text.hasPrefix("noisy-neighbor: sees no apps ("))
    }

    @Test("who is refused reads how to log in, in words that fit the configuration")
    func refused() throws {
        let refusal = Observation.Outcome.answer(.init(status: 401, date: Self.now, contentType: nil, body: Body(Array("{}".utf8))))
        let strange = Self.lines(try Self.examine(Self.all(refusal)), .broken)
        #expect(strange.count == 1 && strange[0].hasPrefix("it asks for a token and we have none (401"))
        #expect(strange[0].hasSuffix(": set MOZAIKS_RUNTIME_TOKEN_FILE"))
        let configured = Self.lines(try Self.examine(Self.all(refusal), isOfFile: true), .broken)
        #expect(configured.first?.contains("runtimes: {shared: …}") == true)
        let known = Self.lines(try Self.examine(Self.all(refusal), noun: "token", isOfFile: true), .broken)
        #expect(known.first?.hasPrefix("it refuses our token (401") == true)
    }

    @Test("what was probed stands first, graded by how earnest the gate is", arguments: [Mode.observe, .enforce])
    func probed(mode: Mode) throws {
        var probe = RuntimeExamination.Probe()
        probe.resolution = ("runtime.example", .addresses(["10.0.0.7", "10.0.0.8", "2001:db8::7"]))
        (probe.openings, probe.port) = (["10.0.0.7", "10.0.0.8"], 8_000)
        probe.dropped = [.health: ["mongodb_ping_ms (below zero, once)"]]
        let findings = try Self.examine(Crowd.poll(Crowd.calm, at: Self.now), probe: probe, gateMode: mode)
        let first = findings.sections[0].findings.prefix(3)
        #expect(first.map(\.grade) == [.ok, .note, mode == .observe ? .note : .broken])
        #expect(first[0].text == "runtime.example resolves to 10.0.0.7, 10.0.0.8, 2001:db8::7")
        #expect(first[1].text.hasPrefix("2 addresses stand behind one name"))
        #expect(first[2].text.contains("past the gate, at 10.0.0.7:8000 and 1 more of this machine's addresses"))
        #expect(
            Self.lines(findings, .note).contains(
                "\(Endpoint.health.path): left out or not believed: mongodb_ping_ms (below zero, once)"))
    }

    @Test(
        "only an extension that was told of a gate asks it, and makes ways around a proxy none",
        arguments: [
            (200, #"{"format":1,"extension":"1.4.0","runs_tracked":true,"gate":{"configured":true}}"#, true, 0),
            (200, #"{"format":1,"extension":"1.4.0","runs_tracked":true,"gate":{"configured":false}}"#, false, 1),
            (200, #"{"format":1,"extension":"1.4.0","runs_tracked":true}"#, false, 0), (200, "<html>", false, 0),
            (404, #"{"gate":{"configured":true}}"#, false, 0),
        ])
    func asking(status: Int, body: String, asks: Bool, notes: Int) throws {
        let page = Observation(
            at: Self.now, runtime: Crowd.runtime, replica: Crowd.replica, endpoint: .inside, elapsedMilliseconds: 1,
            outcome: .answer(.init(status: status, date: Self.now, contentType: "application/json", body: Body(Array(body.utf8)))))
        let all = Crowd.poll(Crowd.calm, at: Self.now) + [page]
        #expect(RuntimeExamination.asksItself(all) == asks)
        func told(_ gateMode: Mode?) throws -> Int {
            Self.lines(try Self.examine(all, gateMode: gateMode), .note).count { $0.contains("the extension asks no gate") }
        }
        #expect(try told(.enforce) == notes)
        // Where there is no gate to be asked nothing is missing.
        #expect(try told(nil) == 0)
    }

    @Test("a name that is not found is broken; one that a proxy looks up is not ours to find")
    func names() throws {
        var probe = RuntimeExamination.Probe()
        probe.resolution = ("runtime.example", .fault("Name or service not known"))
        let lost = try Self.examine(Crowd.poll(Crowd.calm, at: Self.now), probe: probe)
        #expect(Self.lines(lost, .broken) == ["runtime.example does not resolve: Name or service not known"])
        probe.resolution = ("runtime.example", .byProxy("http://proxy:3128"))
        let asked = try Self.examine(Crowd.poll(Crowd.calm, at: Self.now), probe: probe)
        #expect(!asked.isBroken && Self.lines(asked, .ok).first?.hasPrefix("runtime.example is asked through the proxy") == true)
    }

    @Test("what polling costs goes by the engine that runs, where one does")
    func cost() throws {
        let findings = try Self.examine(Crowd.poll(Crowd.calm, at: Self.now), inForce: .seconds(40))
        let line = Self.lines(findings, .note).first { $0.hasPrefix("polling its perf endpoint every 40s, as the running engine does") }
        #expect(line?.contains("; stretched from 10s, because") == true, "\(findings)")
    }
}
