import Collector
import Cycle
import CycleKit
import Model
import Policy
import Testing
import Views

/// What a replay says to programs, and its picture over time.
@Suite("Reports of replays")
struct ReplayReportTests {
    private static let start = Timestamp(rfc3339: "2026-11-21T09:00:00Z") ?? Timestamp(milliseconds: 0)

    /// A poll every ten seconds: calm, noisy from 09:00:30 up to 09:01:00, calm again from 09:01:10.
    private static func story(_ threshold: String) throws -> ReplayStory {
        let policies = try Crowd.policies {
            $0 = $0.replacing("mode: enforce", with: "mode: observe").replacing("40%", with: threshold)
        }
        var replay = TapeReplay(settings: Crowd.settings(), policies: policies, followsTape: false)
        for step in 0..<12 {
            let at = start + .seconds(10 * Double(step))
            for observation in Crowd.poll((3...6).contains(step) ? Crowd.noisy : Crowd.calm, at: at) { replay.take(.exchange(observation)) }
            replay.take(.tick(at: at, runtime: Crowd.runtime, count: Int64(step + 1)))
        }
        return replay.story
    }

    private static func report(against: String?) throws -> ReplayReport {
        ReplayReport(
            source: "tape friday.tape", runtimes: [Crowd.runtime], from: start, to: start + .seconds(120), judged: "12 ticks",
            gaps: [
                ReplayGap(runtime: Crowd.runtime, from: start + .seconds(100), to: start + .seconds(120), reason: "nothing on the tape")
            ],
            side: .init(name: "drafts/", story: try story("40%")),
            against: try against.map { .init(name: "configured", story: try story($0)) }, caveats: [ReplayCaveat.beginning])
    }

    private static let members = ["schema", "source", "runtimes", "from", "to", "gaps", "policies", "against", "difference", "caveats"]

    @Test("a replay from history names the rules that read what history does not hold")
    func metricsAreNotInIt() throws {
        let text = """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            rules:
              b-rule: {subject: runtime, when: metric("x") > 1, severity: info}
              a-rule: {subject: replica, when: metric("x").rate > 1 and up == 1, severity: info}
              c-rule: {subject: runtime, when: up == 0, severity: critical}
              d-rule: {subject: workflow, when: errors > 1/min, severity: info}

            """
        let set = try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))]).get()
        #expect(ReplayCaveat.metrics([.embeddedDefault]) == nil)
        #expect(ReplayCaveat.lacking([.embeddedDefault]).isEmpty)
        #expect(ReplayCaveat.metrics([set, .embeddedDefault])?.hasSuffix("missing; tapes have them: a-rule, b-rule.") == true)
        #expect(ReplayCaveat.workflows([set])?.hasSuffix("not judged; tapes have them: d-rule.") == true)
        #expect(ReplayCaveat.lacking([set]).count == 2)
    }

    @Test("two sets: totals of each, and every incident that is not the same")
    func compared() throws {
        let report = try Self.report(against: "90%")
        let json = report.document.json
        #expect(json.object?.map(\.key) == Self.members)
        #expect(json["schema"]?.string == "mozaiks.ops/replay/v1" && json["from"]?.string == "2026-11-21T09:00:00.000Z")
        #expect(json["gaps"]?[0]?["to"]?.string == "2026-11-21T09:02:00.000Z")
        #expect(json["policies"]?["totals"]?["incidents"]?.int == 1 && json["against"]?["totals"]?["incidents"]?.int == 0)
        let opened = try #require(report.side.story.incidents.first)
        let changed = try #require(json["difference"]?["changed_incidents"]?.array)
        #expect(changed.count == 1 && changed[0]["now"] == .null && changed[0]["new"]?["id"]?.string == opened.id)
        #expect(changed[0]["rule"]?.string == "noisy-neighbor" && changed[0]["subject"]?.string == "app-shop")
        for (table, name) in [("by_rule", "noisy-neighbor"), ("by_app", "app-shop")] {
            let rows = try #require(json["difference"]?[table]?.array)
            #expect(rows.map { $0["name"]?.string } == [name])
            #expect(rows.first?["now"]?["incidents"]?.int == 0 && rows.first?["new"]?["incidents"]?.int == 1)
        }
    }

    @Test("one set: no side to compare with is null, and what was only imagined says so")
    func alone() throws {
        let report = try Self.report(against: nil)
        let json = report.document.json
        #expect(json.object?.map(\.key) == Self.members)
        #expect(json["against"] == .null && json["difference"] == .null && report.comparison == nil)
        let actions = try #require(json["policies"]?["actions"]?.array)
        #expect(!actions.isEmpty && actions.allSatisfy { $0["would_have"]?.bool == true && $0["kind"]?.string == "pause" })
        #expect(report.side.story.isImagined)
    }

    @Test("a timeline: what each set does in each column, blank where nobody looked")
    func timeline() throws {
        let report = try Self.report(against: "90%")
        let timeline = ReplayTimeline(report, columns: 12, most: 24)
        #expect(timeline.step == .seconds(10) && timeline.left == 0)
        #expect(timeline.lines.count == 2)
        let rule = try #require(timeline.lines.first)
        guard case .rule("noisy-neighbor", on: .app(AppID("app-shop"), runtime: Crowd.runtime)) = rule.topic else {
            Issue.record("\(rule.topic)")
            return
        }
        let blank: [ReplayTimeline.Mark] = [.unwatched, .unwatched]
        #expect(
            rule.new
                == [.quiet, .quiet, .quiet, .pending, .firing, .firing, .firing, .clearing, .clearing, .quiet] + blank)
        #expect(rule.old == Array(repeating: .quiet, count: 10) + blank)
        let actions = try #require(timeline.lines.last)
        guard case .actions(AppID("app-shop")) = actions.topic else {
            Issue.record("\(actions.topic)")
            return
        }
        #expect(actions.new.contains(.pause) && actions.old?.contains(.pause) == false)
    }

    @Test("where there is no room for all lines the rest is counted; without a length there is none")
    func room() throws {
        let report = try Self.report(against: nil)
        let timeline = ReplayTimeline(report, columns: 12, most: 1)
        #expect(timeline.lines.count == 1 && timeline.left == 1 && timeline.lines[0].old == nil)
        let instant = ReplayReport(
            source: "history", runtimes: [], from: Self.start, to: Self.start, judged: "", gaps: [], side: report.side, against: nil,
            caveats: [])
        #expect(ReplayTimeline(instant, columns: 12, most: 24).lines.isEmpty)
    }

    @Test("a scenario beside what is expected of it: what opened, who was held, and which expectations are met")
    func played() throws {
        let story = try Self.story("40%")
        let json = PlayedScenario(
            name: "noisy", summary: "One app is noisy.", story: story,
            expectations: [.init(isMet: true, sentence: "noisy-neighbor is told"), .init(isMet: false, sentence: "nobody is held")]
        ).document.json
        #expect(json.object?.map(\.key) == ["schema", "scenario", "incidents", "held", "expectations"])
        #expect(json["incidents"]?.array?.map { $0["rule"]?.string } == ["noisy-neighbor"])
        #expect(json["held"] == ["app-shop"])
        #expect(json["expectations"]?.array?.map { $0["met"]?.bool } == [true, false])
    }
}
