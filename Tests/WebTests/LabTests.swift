import Ambient
import Glibc
import JSONParsing
import Journal
import Model
import Policy
import Server
import TestKit
import Testing
import Views

@testable import Cycle
@testable import Web

/// Trying a policy before it is saved.
@Suite struct LabTests {
    private static let now = World.start.minute

    /// A runtime whose runs stand at 100 for a quarter of an hour, in a journal whose engine decides by the built-in policy.
    private static func world(policy: String = "") throws -> World {
        let world = try World()
        try world.engine.commitTick(
            TickRecord(
                states: [World.sight(), World.policies(policy)],
                minutes: (2...60).reversed().map { back in
                    ChartTests.minute(
                        Self.now - Int64(back),
                        [.activeRuns: .value((20...35).contains(back) ? 100 : 3), .activeApps: .value(1)].merging(World.healthy) { own, _ in
                            own
                        })
                }))
        return world
    }

    private func post(_ face: Face, _ fields: [(String, String)], _ more: [(name: String, value: String)] = []) -> ServerResponse {
        let body = fields.map { "\($0.0)=\(PercentEncoding.encode($0.1.utf8))" }.joined(separator: "&")
        let own = [
            ("Host", "localhost:9464"), ("Origin", "http://localhost:9464"), ("Sec-Fetch-Site", "same-origin"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ]
        let names = more.map(\.name)
        return face.answer(
            World.post(
                "/lab", body, own.filter { !names.contains($0.0) }.map { (name: $0.0, value: $0.1) } + more.filter { !$0.value.isEmpty }))
    }

    /// The page of a trial once it is over.
    private func result(_ face: Face, _ answer: ServerResponse) async throws -> String {
        #expect(answer.status == 303, "\(answer.text)")
        let place = try #require(answer.header("Location"))
        await face.lab.idle()
        let page = face.get(place).text
        #expect(!page.contains("It runs over the history"))
        return page
    }

    @Test("a changed threshold, a whole policy, an app's own: what would have been, and the file to copy; nothing is saved")
    func tries() async throws {
        let world = try Self.world()
        let face = world.face(settings: MonitorSettings())
        let before = world.temporary.names
        let change = try await result(face, post(face, [("policy", "thresholds: {max_active_runs: 50}"), ("kind", "change")]))
        #expect(change.contains("1 more incident") && change.contains("runtime-crowded") && change.contains("would open"), "\(change)")
        #expect(
            change.contains("<code>ops_rules.lab.yaml</code>")
                && change.contains("schema: mozaiks.ops/policy/v1\nops_policy: default\nthresholds: {max_active_runs: 50}\n"))
        // Of a card on a phone each value says which it is, and who hears the page is told that it is a table.
        #expect(change.contains("role=\"cell\" data-of=\"now\">0</td>") && change.contains("role=\"cell\" data-of=\"new\">1</td>"))
        #expect(change.contains("<table role=\"table\">"))
        #expect(change.contains("The evidence was recorded under the actions of that time"))
        let same = try await result(face, post(face, [("policy", "thresholds: {max_active_runs: 200}")]))
        #expect(same.contains("No difference in incidents, pages and actions."))
        let whole =
            "schema: mozaiks.ops/policy/v1\r\nops_policy: default\r\nrules:\r\n  busy: {subject: runtime, when: active_runs > 90, for: 5m, severity: critical, summary: Busy., actions: [notify]}\r\n"
        let other = try await result(face, post(face, [("policy", whole), ("kind", "whole")]))
        #expect(other.contains("1 more page") && other.contains("<code>ops_policy.default.yaml</code>"), "\(other)")
        #expect(!other.contains("Minutes tell of apps"))
        let flows = "rules: {pack: {subject: workflow, when: errors > 1/min, severity: info}}"
        let lacking = try await result(face, post(face, [("policy", flows), ("kind", "change")]))
        #expect(lacking.contains("Minutes tell of apps and not of their workflows") && lacking.contains("tapes have them: pack."))
        let app = try await result(
            face, post(face, [("policy", "thresholds: {noisy_share: 60%}"), ("kind", "app"), ("app", "app_clinic")]))
        #expect(app.contains("<code>ops_policy.app_clinic.yaml</code>") && app.contains("ops_policy: &quot;app_clinic&quot;"), "\(app)")
        #expect(world.temporary.names == before)
        #expect(try world.engine.waitingCommands().isEmpty)
    }

    @Test("what was typed wrong comes first, then what follows from it in files that nobody touched")
    func causeFirst() throws {
        let world = try Self.world()
        let answer = post(
            world.face(settings: MonitorSettings()), [("policy", "thresholds: {cpu_high: 12}"), ("kind", "change")])
        #expect(answer.status == 422, "\(answer.text)")
        let text = answer.text
        let cause = try #require(text.firstIndex(ofBytes: "error[unit-mismatch]: &#39;cpu_high&#39; is a percentage"), "\(text)")
        let parting = try #require(text.firstIndex(ofBytes: "What follows from it elsewhere:"), "\(text)")
        let follows = try #require(text.firstIndex(ofBytes: "error[unit-mismatch]: &#39;cpu&#39; is a percentage"), "\(text)")
        #expect(cause < parting && parting < follows)
        #expect(text.contains("ops_rules.lab.yaml:3:") && text.contains("Line 3 of ops_rules.lab.yaml is the first that you typed."))
        let whole = post(
            world.face(settings: MonitorSettings()),
            [("policy", "schema: mozaiks.ops/policy/v1\nops_policy: default\nthresholds: {cpu_high: 12}"), ("kind", "change")])
        #expect(whole.status == 422 && !whole.text.contains("is the first that you typed"))
    }

    @Test("what is no policy is said with its place, and what was typed is kept; foreign text stays text")
    func faults() throws {
        let world = try Self.world()
        let face = world.face(settings: MonitorSettings())
        let wrong = post(face, [("policy", "thresholds: {noisy_shre: 50}\n</textarea><script>alert(1)</script>"), ("kind", "change")])
        #expect(wrong.status == 422 && wrong.text.contains("This is no policy yet") && wrong.text.contains("ops_rules.lab.yaml"))
        let typed = post(face, [("policy", "thresholds: {noisy_shre: 50}\r\nmode: enforce"), ("kind", "change")])
        #expect(typed.status == 422 && typed.text.contains(">thresholds: {noisy_shre: 50}\nmode: enforce</textarea>"), "lines stay lines")
        #expect(!wrong.text.contains("<script>alert") && wrong.text.contains("&lt;/textarea&gt;"))
        for (fields, status, words) in [
            ([], 422, "paste what you want to try"), ([("policy", " \n\t")], 422, "paste"),
            ([("policy", "x"), ("kind", "y")], 400, "kind"),
            ([("policy", "x"), ("kind", "app")], 422, "name the app"), ([("policy", "x"), ("app", "a")], 422, "own policy only"),
            ([("policy", "x"), ("save", "true")], 400, "there is no"),
            ([("policy", String(repeating: "x", count: 100_000))], 422, "at most 96 kB"),
            ([("policy", "mode: enforce"), ("kind", "change")], 422, "mode"), ([("policy", "- 1"), ("kind", "whole")], 422, "policy"),
        ] as [([(String, String)], Int, String)] {
            let answer = post(face, fields)
            #expect(answer.status == status && answer.text.contains(words), "\(words): \(answer.status) \(answer.text.suffix(600))")
        }
        let long = "# " + String(repeating: "kept ", count: 20_000)
        let tooLong = post(face, [("policy", long), ("kind", "app"), ("app", "<b>")]).text
        #expect(
            tooLong.contains(String(repeating: "kept ", count: 20_000)) && tooLong.contains("value=\"&lt;b&gt;\""), "what was typed stays")
        #expect(tooLong.contains("value=\"app\" selected") && PageTests.faults(tooLong).isEmpty)
        #expect(face.get("/lab?trial=nothing").status == 404 && face.get("/lab?x=1").status == 400)
        #expect(face.get("/lab").text.contains("Policy lab"))
    }

    @Test("only from a page of ours, only for who may read, and one at a time")
    func guarded() async throws {
        let world = try Self.world()
        let face = world.face(settings: MonitorSettings())
        let fields = [("policy", "thresholds: {max_active_runs: 50}")]
        #expect(post(face, fields, [("Origin", "http://evil.example")]).status == 403)
        #expect(post(face, fields, [("Origin", ""), ("Sec-Fetch-Site", "")]).status == 403)
        #expect(post(face, fields, [("Host", "evil.example"), ("Origin", "http://evil.example")]).status == 403)
        #expect(post(face, fields, [("Content-Type", "text/plain")]).status == 415)
        #expect(post(world.face(isLoopback: false, settings: MonitorSettings()), fields).status == 403)
        #expect(world.face(isLoopback: false).get("/lab").status == 403)
        #expect(post(world.face(), fields).status == 503, "nobody knows yet what rules are judged with")
        let first = post(face, fields)
        let second = post(face, fields)
        // The first may be over before the second is asked for.
        #expect(first.status == 303 && (second.status == 429 || second.status == 303))
        #expect(
            second.status == 303
                || second.text.contains("thresholds: {max_active_runs: 50}</textarea>") && second.header("Retry-After") != nil)
        _ = try await result(face, first)
    }

    @Test("a rule that is true of everybody all the time ends the trial, and not the daemon")
    func bounded() async throws {
        let world = try World()
        let apps = (0..<40).map { ("app-\($0)", Int32(1)) }
        try world.engine.commitTick(
            TickRecord(
                states: [World.sight(), World.policies("")],
                minutes: (2...400).reversed().map {
                    ChartTests.minute(Self.now - $0, [.activeRuns: .value($0 % 2 == 0 ? 40 : 0)], apps: $0 % 2 == 0 ? apps : [])
                }))
        let lab = PolicyLab(world.folder, mostHeld: 2_000)
        let text =
            "rules:\n  flaps: {subject: app, when: active_runs > 0, for: 0s, clear_after: 0s, severity: critical, summary: Flaps., actions: [notify]}\n"
        let draft = try LabDraft(.change, app: nil, text)
        let files = try #require(Pipeline.policiesInForce(in: world.engine))
        let new = try draft.policies(over: files).get()
        let id = try lab.begin(
            draft, new: new, old: try PolicyLoader.load(files: files).get(), settings: MonitorSettings(), now: World.start, monotonic: 0)
        await lab.idle()
        let state = lab.trial(id, now: 0)?.state
        guard case .failed(let why)? = state else {
            Issue.record("\(String(describing: state))")
            return
        }
        #expect(why.contains("true nearly always"))
        #expect(lab.trial(id, now: 1_900_000_000_000) == nil, "results are not kept for ever")
    }
}
