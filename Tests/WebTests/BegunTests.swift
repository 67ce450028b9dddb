import CycleKit
import Journal
import Model
import Policy
import Testing
import Views

@testable import Cycle
@testable import Web

/// What has begun, and is told to nobody yet, is neither well nor an incident.
@Suite("What has begun")
struct BegunTests {
    /// Fewer open runs than any rule here is about.
    private static let rest = ["app-clinic": 4, "app-bank": 4, "app-shop": 2]

    static func policy(_ rules: [String]) -> String {
        """
        schema: mozaiks.ops/policy/v1
        ops_policy: default
        mode: enforce
        window: 5s
        rules:
          \(rules.joined(separator: "\n  "))

        """
    }

    static func rule(_ name: String, after hold: String, _ severity: String, _ rest: String = "") -> String {
        "\(name): {subject: runtime, when: open_runs > 11, for: \(hold), severity: \(severity), summary: Many open runs.\(rest)}"
    }

    /// A journal as an engine leaves it after polls, one every ten seconds from the start on.
    static func world(_ rules: [String], _ polls: [[String: Int]] = [Crowd.calm], knowsRules: Bool = true, sight: StateRow = World.sight())
        throws -> World
    {
        var settings = MonitorSettings()
        settings.mode = .enforce
        settings.runtimes = [.init(name: Crowd.runtime, replicas: [Crowd.replica])]
        let text = policy(rules)
        let policies = try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))]).get()
        var pipeline = Pipeline(settings: settings, policies: policies)
        for (index, open) in polls.enumerated() {
            let at = World.start + .seconds(Double(index) * 10)
            for observation in Crowd.poll(open, at: at) { pipeline.take(observation) }
            _ = pipeline.tick(Crowd.runtime, now: at)
        }
        let world = try World()
        let engine = StateRow(key: "engine:shared", bytes: pipeline.engine.document.serializedBytes())
        try world.commit([], states: [sight, engine] + (knowsRules ? [World.policies(text)] : []))
        return world
    }

    @Test("page and API say since when it would be told, and that it is well only so far; a note is not counted")
    func outlook() throws {
        let world = try Self.world([Self.rule("idle", after: "1m", "info"), Self.rule("soon", after: "5m", "warning")])
        defer { withExtendedLifetime(world) {} }
        let face = world.face()
        let sentence = "soon on runtime shared has begun, told from 09:05:00 if it stays so"
        let text = face.get("/").text
        #expect(text.contains("Well so far</h1>") && text.contains("<section class=\"banner doubtful\""), "\(text.prefix(4_000))")
        #expect(text.contains("<p class=\"lead\">1 runtime is watched, no incident is open. \(sentence).</p>"), "\(text.prefix(4_000))")
        #expect(text.contains("nothing yet: no rule has held for long enough") && !text.contains("All is well"))
        #expect(text.contains("told from 09:01:00 if it stays so, as a note") && PageTests.faults(text).isEmpty)
        let document = try face.get("/api/v1/situation").json()
        #expect(document["status"] == "ok" && document["line"]?.string?.hasPrefix("OK: \(sentence)") == true, "\(document)")
        #expect(document["begun"]?.array?.map { $0["rule"]?.string } == ["soon", "idle"])
        #expect(document["begun"]?[0]?["told_from"]?.string == "2026-11-21T09:05:00.000Z")
    }

    @Test("what has begun where nothing is seen is judged, and so is that nobody answers")
    func unseen() throws {
        let dark = World.sight(missing: [.health: .unreachable, .perf: .unreachable])
        let world = try Self.world([Self.rule("soon", after: "5m", "warning")], sight: dark)
        let text = world.face().get("/").text
        #expect(text.contains("nothing yet: no rule has held for long enough; what is not seen is not judged"), "\(text.prefix(4_000))")
        #expect(text.contains("Not known</h1>") && !text.contains("nothing new can be"))
    }

    @Test("many of one rule on one runtime are told as one, as open incidents are; of few each", arguments: [(6, true), (4, false)])
    func groups(count: Int, isOne: Bool) throws {
        let apps = Dictionary(uniqueKeysWithValues: (1...count).map { ("app-\($0)", 2) })
        let rule = "many: {subject: app, when: open_runs > 1, for: 5m, severity: warning, summary: Several open runs.}"
        let world = try Self.world([rule], [apps])
        defer { withExtendedLifetime(world) {} }
        let face = world.face()
        let text = face.get("/").text
        let sentence =
            isOne
            ? "many on 6 apps of shared has begun, told from 09:05:00 if it stays so."
            : "many on app app-1 on shared has begun, told from 09:05:00 if it stays so; and 3 more."
        #expect(text.contains(sentence), "\(text.prefix(4_000))")
        #expect(text.contains("Has begun <span class=\"count\">\(count)</span>"))
        #expect(text.contains("<summary>many on 6 apps of shared: nobody is told yet</summary>") == isOne)
        #expect(text.contains("<li>many on 6 apps of shared, since") == isOne && PageTests.faults(text).isEmpty)
        #expect(try face.get("/api/v1/situation").json()["begun"]?.array?.count == count, "the document has each")
    }

    @Test("beside what has begun a note is in nobody's way: nothing at the top is about it")
    func besideNotes() throws {
        let world = try Self.world([Self.rule("soon", after: "5m", "critical")])
        try world.commit([World.incident(1, rule: "dead-counters", app: nil, severity: .info, summary: "Some counters never move.")])
        let text = world.face().get("/").text
        let banner = String(text[..<(try #require(text.firstIndex(ofBytes: "<section id=\"open\"")))])
        #expect(banner.contains("Well so far, with 1 note</h1>") && banner.contains("soon on runtime shared has begun"), "\(banner)")
        #expect(!banner.contains("counters never move") && !banner.contains("<dt>Since</dt>"), "\(banner)")
        #expect(banner.contains("nothing yet: no rule has held for long enough"))
    }

    @Test(
        "a rule of which nobody can say whether it is true is not quiet",
        arguments: [("failing", "<span class=\"chip unknown\">cannot be judged</span>"), ("endless", "<span class=\"faint\">quiet</span>")])
    func unjudged(name: String, words: String) throws {
        let text = Self.policy([
            "failing: {subject: runtime, when: gate_starts > 3/min, for: 5m, severity: warning, summary: Many starts.}",
            "endless: {subject: runtime, when: open_runs > 9000, for: 5m, severity: warning, summary: Many open runs.}",
        ])
        let policies = try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))]).get()
        var settings = MonitorSettings()
        settings.runtimes = [.init(name: Crowd.runtime, replicas: [Crowd.replica])]
        var pipeline = Pipeline(settings: settings, policies: policies)
        for observation in Crowd.poll(Crowd.calm, at: World.start) { pipeline.take(observation) }
        let made = pipeline.tick(Crowd.runtime, now: World.start)
        let tick = try #require(made)
        let situation = Situation(pipeline: pipeline, ticks: [tick], source: "a test")
        let rule = try #require(policies.wideRules.first { $0.name == name })
        let card = RulesPage(clocks: Clocks(zone: .utc, now: World.start), policies: policies)
            .card(rule, situation.explanations(of: nil).filter { $0.rule.name == name }, id: "x").text
        #expect(card.contains("</bdi> \(words)</h3>"), "\(card)")
        #expect(card.contains("runtime shared: not known") == (name == "failing"), "\(card)")
    }

    @Test(
        "a rule that stands nowhere is no more quiet than is known: of apps what has begun is looked at, of hosts there may be none",
        arguments: [
            ("app", "open_runs > 1", "begun nowhere", "Known to be true of nobody now"),
            ("host", "load > 9", "nothing to judge", "Nothing that it is about was seen."),
        ])
    func nowhere(kind: String, when: String, state: String, words: String) throws {
        let text = Self.policy(["one: {subject: \(kind), when: \(when), for: 5m, severity: warning, summary: So it is.}"])
        let policies = try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))]).get()
        let rule = try #require((policies.wideRules + policies.defaultPolicy.appRules).first { $0.name == "one" })
        let card = RulesPage(clocks: Clocks(zone: .utc, now: World.start), policies: policies).card(rule, [], id: "x").text
        #expect(card.contains("<span class=\"faint\">\(state)</span></h3>") && card.contains(words), "\(card)")
    }

    @Test("where nothing but notes has begun all is well")
    func notes() throws {
        let world = try Self.world([Self.rule("idle", after: "1m", "info")])
        defer { withExtendedLifetime(world) {} }
        let face = world.face()
        let text = face.get("/").text
        #expect(text.contains("All is well</h1>") && !text.contains("idle on runtime shared has begun") && text.contains("Has begun"))
        #expect(try face.get("/api/v1/situation").json()["line"]?.string?.contains("begun") == false)
    }

    @Test("what weighs most stands first, though it is told later; the rest is counted, and stands beside what is open")
    func several() throws {
        let rules = [Self.rule("soon", after: "1m", "warning"), Self.rule("grave", after: "2m", "critical")]
        let world = try Self.world(rules)
        let sentence = "grave on runtime shared has begun, told from 09:02:00 if it stays so; and 1 more."
        #expect(world.face().get("/").text.contains(sentence))
        try world.commit([World.incident(1)])
        let text = world.face().get("/").text
        #expect(
            text.contains("Warning</h1>") && text.contains("<p class=\"lead\">1 incident is open. \(sentence)</p>"), "\(text.prefix(4_000))"
        )
    }

    @Test("what another rule holds back is told to nobody, and is not counted")
    func heldBack() throws {
        let loud =
            "loud: {subject: runtime, when: open_runs > 15, for: 0s, severity: critical, summary: Too many., suppresses: [hushed]}"
        let world = try Self.world([loud, Self.rule("hushed", after: "3m", "warning")], [Crowd.noisy])
        defer { withExtendedLifetime(world) {} }
        let face = world.face()
        let text = face.get("/").text
        #expect(!text.contains("hushed on runtime shared has begun") && text.contains("told to nobody while loud holds it back"))
        let begun = try face.get("/api/v1/situation").json()["begun"]?[0]
        #expect(begun?["held_back_by"] == "loud" && begun?["told_from"]?.isNull == true)
    }

    @Test(
        "the moment allows for what does not count and for polls in a row; where the rules are not known there is none",
        arguments: [
            (", dips: 1m", true, "told from 09:05:10 if it stays so"), (", polls: 40", true, "told from 09:06:25 if it stays so"),
            ("", false, "told if it lasts"),
        ])
    func moments(rest: String, knowsRules: Bool, words: String) throws {
        let isDipping = rest.hasPrefix(", dips")
        let polls = isDipping ? [Crowd.calm, Self.rest, Crowd.calm] : [Crowd.calm]
        let world = try Self.world([Self.rule("soon", after: "5m", "warning", rest)], polls, knowsRules: knowsRules)
        defer { withExtendedLifetime(world) {} }
        let face = world.face()
        #expect(face.get("/").text.contains("soon on runtime shared has begun, \(words)."))
    }

    @Test("once its time is over and nobody has polled since, it is told at the next poll")
    func due() throws {
        let world = try Self.world([Self.rule("soon", after: "20s", "warning")])
        let text = world.face(at: StandingClock(moment: World.start + .seconds(25))).get("/").text
        #expect(text.contains("soon on runtime shared has begun, told at the next poll if it still is so."))
    }

    @Test("notes are counted apart in the line, and are no incident there")
    func notesInLine() {
        func line(_ open: [Incident]) -> String { StatusVerdict(summaries: [], at: World.start, open: open).line }
        let notes = [1, 2].map { World.incident($0, rule: "dead-counters", app: nil, severity: .info) }
        let both = line(notes + [World.incident(3)])
        #expect(both.hasPrefix("WARNING: noisy-neighbor on ") && both.hasSuffix("; 2 notes") && !both.contains("dead-counters"), "\(both)")
        #expect(line([notes[0]]) == "OK: 1 note")
        let many = line(notes + (3...6).map { World.incident($0) })
        #expect(many.contains("; and 1 more incident; 2 notes"), "\(many)")
    }
}
