import Cycle
import CycleKit
import Model
import Testing
import Views

/// What passes and dry runs saw, for programs.
@Suite("Documents of passes")
struct PassDocumentTests {
    private static let now = Timestamp(rfc3339: "2026-11-21T09:00:00Z") ?? Timestamp(milliseconds: 0)

    private static func run(_ observations: [Observation]) throws -> DryRun {
        let policies = try Crowd.policies()
        var pipeline = Pipeline(settings: Crowd.settings(), policies: policies)
        for observation in observations { pipeline.take(observation) }
        let tick = pipeline.tick(Crowd.runtime, now: now)
        let report = try #require(tick.flatMap { pipeline.report($0) })
        return DryRun(reports: [report], open: [], policies: policies, mode: .observe)
    }

    @Test("a report has what each replica says and each reading with its unit, or why there is none")
    func report() throws {
        let run = try Self.run(Crowd.poll(Crowd.noisy, at: Self.now))
        let report = run.reports[0].document
        #expect(report["schema"]?.string == "mozaiks.ops/report/v1" && report["at"]?.string == "2026-11-21T09:00:00.000Z")
        let replica = try #require(report["replicas"]?[0])
        #expect(replica["url"]?.string == Crowd.replica && replica["healthy"]?.bool == true && replica["websockets"]?.int == 7)
        #expect(replica["open_chats"]?.int == 20 && replica["apps"]?.int == 3)
        #expect(report["readings"]?["up"]?["value"]?.double == 1)
        // One poll has no history.
        #expect(report["readings"]?["run_starts[5m]"]?["missing"]?.string == "too_little_data", "\(report)")
        #expect(report["apps"]?.array?.map { $0["app"]?.string } == ["app-bank", "app-clinic", "app-shop"])
    }

    @Test("what was not answered is null, never zero, with the reason beside it")
    func missing() throws {
        let lost = Crowd.poll(Crowd.calm, at: Self.now).map {
            Observation(
                at: $0.at, runtime: $0.runtime, replica: $0.replica, endpoint: $0.endpoint, elapsedMilliseconds: 1,
                outcome: .failure(.refused, detail: "connection refused"))
        }
        let replica = try #require(try Self.run(lost).reports[0].document["replicas"]?[0])
        for key in ["healthy", "mongodb_ping_ms", "websockets", "tracked_chats", "open_chats", "apps", "errors"] {
            #expect(replica[key] == .null, "\(key)")
        }
        #expect(replica["missing"]?[Endpoint.health.path]?.string == "unreachable")
    }

    @Test("a pass: its verdict and line, then what it saw")
    func pass() throws {
        let reports = try Self.run(Crowd.poll(Crowd.calm, at: Self.now)).reports
        let verdict = StatusVerdict(reports: reports, open: [], journalError: nil)
        let json = verdict.document(reports).json
        #expect(json.object?.map(\.key) == ["schema", "status", "line", "incidents", "reports"])
        #expect(json["schema"]?.string == "mozaiks.ops/check/v1" && json["status"]?.string == "ok")
        #expect(json["line"]?.string == verdict.line && json["reports"]?.array?.count == 1)
    }

    @Test("a dry run: every rule on every subject, with what it says now; of one app its own alone")
    func dryRun() throws {
        let run = try Self.run(Crowd.poll(Crowd.noisy, at: Self.now))
        let json = run.document(run.evaluations(app: nil)).json
        #expect(json.object?.map(\.key) == ["schema", "policy", "reports", "rules", "incidents"])
        let rules = try #require(json["rules"]?[0]?["rules"]?.array)
        #expect(rules.map { $0["subject"]?.string } == ["app-bank", "app-clinic", "app-shop"])
        #expect(rules.map { $0["truth"]?.string } == ["false", "false", "true"])
        #expect(rules.map { $0["phase"]?.string } == ["inactive", "inactive", "pending"])
        let own = run.document(run.evaluations(app: AppID("app-shop"))).json
        #expect(own["rules"]?[0]?["rules"]?.array?.map { $0["subject"]?.string } == ["app-shop"])
    }
}
