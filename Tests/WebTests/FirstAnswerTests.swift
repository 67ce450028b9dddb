import Guard
import Journal
import Model
import Testing
import Views

@testable import Web

/// What the first screen says within ten seconds has its evidence: since when, whether it still holds, what really holds anybody back.
@Suite("The first answer")
struct FirstAnswerTests {
    /// True since five minutes before it was told.
    private static func early(_ number: Int = 1, severity: Severity = .warning, ending: Bool = false) -> Incident {
        let told = World.incident(number, severity: severity)
        var incident = Incident(
            fingerprint: told.fingerprint, id: told.id, rule: told.rule, subject: told.subject, severity: severity,
            summary: told.summary, origin: told.origin, condition: told.condition, openedAt: told.openedAt,
            since: told.openedAt - .minutes(5), transitions: told.transitions, evidence: [], suggestions: [],
            nextSteps: told.nextSteps, playbook: told.playbook, labels: [:])
        if ending {
            incident.transitions.append(
                Transition(
                    at: World.start - .seconds(40), rule: told.rule, subject: told.subject, from: .firing, to: .clearing,
                    reason: "condition false", condition: "active_runs (1) > 3", readings: []))
        }
        return incident
    }

    @Test("since is when it became so, as in the messages, and not when it was told")
    func since() throws {
        let world = try World()
        try world.commit([FirstAnswerTests.early()], states: [World.sight()])
        // Opened 08:43:21.
        for target in ["/", "/incidents/0000000000000001"] {
            let text = world.face().get(target).text
            #expect(text.contains(">08:38:21</time> (21m39s ago)"), "\(target)")
        }
    }

    @Test("what is not true any more is said to be ending, wherever it stands")
    func ending() throws {
        let world = try World()
        try world.commit([FirstAnswerTests.early(ending: true)], states: [World.sight()])
        for target in ["/", "/incidents/0000000000000001"] {
            let text = world.face().get(target).text
            #expect(text.contains("its condition has not been true since") && text.contains("(40s ago)"), "\(target)")
        }
        // It has not been true for 40 s.
        for (clear, words) in [
            ("10m", "it is over at 09:09:20 at the earliest, if that stays so"), ("30s", "it is over once that stays so"),
        ] {
            let ruled = try World()
            let rule = "noisy-neighbor: {subject: app, when: active_runs > 3, for: 1m, severity: warning, clear_after: \(clear)}"
            let policies = World.policies("schema: mozaiks.ops/policy/v1\nops_policy: default\nrules:\n  \(rule)\n")
            try ruled.commit([FirstAnswerTests.early(ending: true)], states: [World.sight(), policies])
            for target in ["/", "/incidents/0000000000000001"] {
                let text = ruled.face().get(target).text
                #expect(text.contains(words), "\(clear) \(target)")
            }
        }
        let holds = try World()
        try holds.commit([FirstAnswerTests.early()], states: [World.sight()])
        #expect(!holds.face().get("/").text.contains("has not been true"))
    }

    @Test("of several that weigh the same what is still true is told first, and which of them is ending stands with its place")
    func partlyEnding() throws {
        let world = try World()
        // The older one is ending.
        try world.commit(
            [FirstAnswerTests.early(ending: true), FirstAnswerTests.early(2), FirstAnswerTests.early(3)], states: [World.sight()])
        let text = world.face().get("/").text
        let banner = try #require(text.split(separator: "</section>").first { $0.contains("id=\"verdict\"") })
        #expect(!banner.contains("has not been true") && banner.contains("Warning</h1>"), "\(banner)")
        let ending = banner.split(separator: "ago), ending</li>").count - 1
        #expect(ending == 1 && banner.split(separator: ", since ").count == 4, "\(banner)")
        // All of them: then the word says it.
        let over = try World()
        try over.commit([1, 2].map { FirstAnswerTests.early($0, ending: true) }, states: [World.sight()])
        #expect(over.face().get("/").text.contains("Warning, ending</h1>"))
        // What weighs more is told first, though it is ending.
        let mixed = try World()
        try mixed.commit(
            [FirstAnswerTests.early(1, severity: .critical, ending: true), FirstAnswerTests.early(2)], states: [World.sight()])
        let said = mixed.face().get("/").text
        #expect(said.contains("Critical</h1>") && said.contains("<dt>Now</dt>"))
    }

    @Test("what was well in between is said beside since when it is so, wherever it stands")
    func interrupted() throws {
        func incident(_ ends: [Double]) -> Incident {
            var incident = FirstAnswerTests.early(ending: false)
            // Seconds before now, in turns: it was not so any more, it was so again.
            for (index, back) in ends.enumerated() {
                let (from, to): (Phase, Phase) = index.isMultiple(of: 2) ? (.firing, .clearing) : (.clearing, .firing)
                incident.transitions.append(
                    Transition(
                        at: World.start - .seconds(back), rule: incident.rule, subject: incident.subject, from: from, to: to,
                        reason: "x", condition: "active_runs (1) > 3", readings: []))
            }
            return incident
        }
        for (ends, words) in [
            ([], nil), ([600], nil), ([600, 60], "but not from 08:50:00 to 08:59:00"),
            ([900, 840, 600, 60], "but not 2 times, the last from 08:50:00 to 08:59:00"),
            ([900, 840, 600], "but not from 08:45:00 to 08:46:00"),
        ] as [([Double], String?)] {
            let world = try World()
            try world.commit([incident(ends)], states: [World.sight()])
            for target in ["/", "/incidents", "/incidents/0000000000000001"] {
                let text = world.face().get(target).text
                #expect(text.contains("(21m39s ago)\(words.map { ", \($0)" } ?? "")"), "\(target) \(ends)")
                #expect(text.contains("ago), but not") == (words != nil), "\(target) \(ends)")
            }
        }
        // What is over lasted from its beginning on, and not all the time.
        var over = incident([900, 840, 600])
        over.resolvedAt = World.start
        let kept = try World()
        try kept.commit([over], states: [World.sight()])
        for target in ["/", "/incidents?show=resolved"] {
            let text = kept.face().get(target).text
            #expect(text.contains(", not so for 1m of it"), "\(target)")
        }
        let verdict = StatusVerdict(summaries: [], at: World.start, open: [incident([600, 60])])
        #expect(verdict.line.contains(", again for 1m, first 21m39s ago"), "\(verdict.line)")
        #expect(StatusVerdict(summaries: [], at: World.start, open: [incident([])]).line.contains(", for 21m39s"))
    }

    @Test("what the replicas say, or do not, stands in the answer: in a few words, of now, and not where it is over")
    func answers() throws {
        func world(_ ending: Bool, noted: String?, missing: [Endpoint: MissingReason]) throws -> World {
            let world = try World()
            var incident = FirstAnswerTests.early(severity: .critical, ending: ending)
            if let noted { incident.handling = [HandlingNote(at: World.start, kind: .note, by: "health", text: noted)] }
            let about = Incident(
                fingerprint: incident.fingerprint, id: incident.id, rule: "runtime-down", subject: .runtime("shared"), severity: .critical,
                summary: "It answers nobody.", origin: incident.origin, condition: incident.condition, openedAt: incident.openedAt,
                since: incident.since, transitions: incident.transitions, evidence: [], suggestions: [], nextSteps: [], playbook: nil,
                labels: [:])
            var whole = about
            whole.handling = incident.handling
            try world.commit([whole], states: [World.sight(missing: missing)])
            return world
        }
        let long =
            "http://10.0.0.7:8000: no complete answer within 10000 ms (waiting); it does not answer; is it overloaded?; last healthy at 2026-11-21T08:30:00.000Z, Mongo ping 0.08 ms, 30 websockets · http://10.0.0.8:8000: refused; not seen healthy since the monitor began"
        let noted = try world(false, noted: long, missing: [:])
        let text = noted.face().get("/").text
        #expect(
            text.contains(
                "<dt>Answer</dt><dd>http://10.0.0.7:8000: no complete answer within 10000 ms; last healthy at 08:30:00 · http://10.0.0.8:8000: refused; not seen healthy since the monitor began; as of 09:00:00</dd>"
            ), "\(text.prefix(5_000))")
        #expect(text.contains(">Critical</h1>") || text.contains("Critical</h1>"))
        let seen = try world(false, noted: nil, missing: [.perf: .unreachable])
        #expect(seen.face().get("/").text.contains("<dt>Answer</dt><dd>http://127.0.0.1:8000/metrics/perf/aggregate: unreachable</dd>"))
        let both = try world(false, noted: long, missing: [.perf: .unauthorized])
        let again = both.face().get("/").text
        #expect(again.contains("aggregate: unauthorized</dd>") && !again.contains("refused; not seen healthy"), "of the newest polls")
        let database =
            "http://10.0.0.7:8000: HTTP 503; unhealthy: MongoDB (db:27017) refused; is it up?; last healthy at 2026-11-21T08:30:00.000Z, Mongo ping 0.08 ms"
        let down = try world(false, noted: database, missing: [:])
        let named = down.face().get("/").text
        #expect(named.contains("HTTP 503; unhealthy: MongoDB (db:27017) refused; last healthy at 08:30:00; as of 09:00:00</dd>"))
        let over = try world(true, noted: long, missing: [:])
        let ended = over.face().get("/").text
        #expect(ended.contains("Critical, ending</h1>") && !ended.contains("<dt>Answer</dt>") && ended.contains("<dt>Now</dt>"))
    }

    @Test("a note that opened in an outage does not show what was said then")
    func noted() throws {
        let world = try World()
        var note = World.incident(1, rule: "dead-counters", app: nil, severity: .info)
        note.handling = [HandlingNote(at: World.start - .minutes(30), kind: .note, by: "health", text: "http://127.0.0.1:8000: refused")]
        try world.commit([note], states: [World.sight()])
        let text = world.face().get("/").text
        #expect(text.contains("Well, with 1 note") && !text.contains("<dt>Answer</dt>"), "\(text.prefix(4_000))")
    }

    @Test("where nothing is seen nothing 'has to be done' of nothing")
    func blind() throws {
        let world = try World()
        try world.commit([], states: [World.sight(missing: [.health: .unauthorized, .perf: .unauthorized])])
        let text = world.face().get("/").text
        #expect(text.contains("what is not seen is not judged") && !text.contains("nothing has to be"))
        #expect(text.contains("a look at why nothing is seen"))
        #expect(text.contains(">http://127.0.0.1:8000: unauthorized") && !text.contains("Http://"))
    }

    @Test("where one of several cannot be seen it is named, and nothing false is said of the others")
    func dim() throws {
        let world = try World()
        try world.commit([], states: [World.sight(), World.sight("db", kind: .service, missing: [.probe: .unreachable])])
        let text = world.face().get("/").text
        for words in [
            "Not all is known</h1>", "<p class=\"lead\">db (service) cannot be seen, 1 of 2: unreachable. No incident is open.</p>",
            "nothing: what is seen asks for nothing; what is not seen is not judged", "a look at why db (service) cannot be seen: ",
        ] {
            #expect(text.contains(words), "\(words): \(text.prefix(5_000))")
        }
        #expect(!text.contains("nothing is seen") && !text.contains("nothing new can be"))
        try world.commit([World.incident(1, rule: "dead-counters", app: nil, severity: .info)])
        #expect(world.face().get("/").text.contains("1 note is open, and no warning. And db (service) cannot be seen, 1 of 2"))
    }

    @Test("of several critical incidents each is told, the first few in words and the rest as how many")
    func severalCritical() throws {
        func text(_ incidents: [Incident]) throws -> String {
            let world = try World()
            try world.commit(incidents, states: [World.sight()])
            return world.face().get("/").text
        }
        func down(_ number: Int, _ rule: String) -> Incident {
            World.incident(number, rule: rule, app: nil, severity: .critical, summary: "\(rule) is so.")
        }
        let one = try text([down(1, "runtime-down"), World.incident(2)])
        #expect(!one.contains("more critical</dt>"))
        let five = try text([down(1, "runtime-down"), down(2, "mongo-dead"), down(3, "c"), down(4, "d"), down(5, "e"), World.incident(6)])
        #expect(five.contains("6 incidents are open, 5 critical.") && five.contains("<dt>4 more critical</dt>"), "\(five.prefix(6_000))")
        #expect(five.contains("<dd>runtime-down is so (active_runs 7 &gt; 3).</dd>"))
        #expect(
            five.contains("<bdi>mongo-dead</bdi></a> on runtime shared: mongo-dead is so (active_runs 7 &gt; 3)."), "\(five.prefix(6_000))")
        #expect(five.contains("<a href=\"/incidents?severity=critical\">and 1 more</a>"))
    }

    @Test("while the engine says that it cannot write nothing is well, however fresh the journal is")
    func standstill() throws {
        let world = try World()
        try world.commit([], states: [World.sight()])
        let face = world.face()
        #expect(face.get("/").text.contains("All is well</h1>"))
        let stuck = world.face()
        stuck.hear { ["stuck: the journal cannot be written: no new action and no message until it can be"] }
        let text = stuck.get("/").text
        #expect(
            !text.contains("All is well") && text.contains("Not known") && text.contains("the journal cannot be written"),
            "\(text.prefix(4_000))")
        let line = try JSON(parsing: stuck.get("/api/v1/situation").body)
        #expect(line["status"] == "unknown" && line["line"]?.string?.contains("the journal cannot be written") == true)
    }

    @Test("a note is neither nothing nor something that waits")
    func notes() throws {
        let world = try World()
        try world.commit([World.incident(1, rule: "dead-counters", app: nil, severity: .info)], states: [World.sight()])
        let text = world.face().get("/").text
        #expect(text.contains("Well, with 1 note") && text.contains("1 note is open, and no warning"))
        #expect(text.contains("Open incidents <span class=\"faint\">1 note</span></h2>"))
        #expect(!text.contains("All is well") && !text.contains("nobody has acknowledged"))
        let several = try World()
        try several.commit(
            [
                World.incident(1, rule: "dead-counters", app: nil, severity: .info, summary: "Some counters never move."),
                World.incident(2, rule: "user-hogging", severity: .info, summary: "One user holds most."),
            ], states: [World.sight()])
        #expect(several.face().get("/").text.contains("<dt>What</dt><dd>One user holds most"), "the newer one says more")
        let both = try World()
        try both.commit(
            [
                World.incident(1, rule: "dead-counters", app: nil, severity: .info),
                World.incident(2, rule: "runtime-down", app: nil, severity: .critical, summary: "It answers nobody."),
            ], states: [World.sight()])
        let worst = both.face().get("/").text
        #expect(worst.contains("Open incidents <span class=\"count\">1</span> <span class=\"faint\">and 1 note</span></h2>"))
        #expect(
            worst.contains("1 incident is open, and 1 note") && worst.contains("<dd>It answers nobody (active_runs 7 &gt; 3).</dd>"),
            "\(worst.prefix(6_000))")
    }

    @Test("where messages do not get through the verdict says so, whatever else is well")
    func deaf() throws {
        let world = try World()
        func message(_ channel: String) -> OutboxMessage {
            OutboxMessage(
                incident: World.incident(1).id, channel: channel, event: .opened, createdAt: World.start - .minutes(5),
                dueAt: World.start - .minutes(5),
                document: "{}")
        }
        try world.commit([World.incident(1, resolved: true)], states: [World.sight()], messages: [message("ops"), message("mail")])
        #expect(world.face().get("/").text.contains("</span> All is well</h1>"), "they merely wait")
        try world.engine.settle(1, .retry(at: World.start + .minutes(1), error: "invalid_auth"))
        let one = world.face().get("/").text
        #expect(one.contains("All is well, but not everybody can be told</h1>") && one.contains("<section class=\"banner doubtful\""))
        try world.engine.settle(2, .retry(at: World.start + .minutes(1), error: "timeout"))
        let all = world.face().get("/").text
        #expect(all.contains("All is well, but nobody can be told</h1>") && all.contains("<title>OK, nobody can be told"))
        try world.commit([World.incident(2, severity: .critical)])
        #expect(world.face().get("/").text.contains("Critical, and nobody can be told</h1>"))
    }

    @Test("where the configuration names no channel nobody is told, and what could not be read is no such configuration")
    func untold() throws {
        let world = try World()
        try world.commit([], states: [World.sight()])
        func text(_ surroundings: Overview.Surroundings) -> String {
            Face(world.folder, surroundings, isLoopback: true, token: nil, publicURL: nil, clock: StandingClock()).get("/").text
        }
        let words = "nobody: no channel is configured"
        #expect(text(Overview.Surroundings(environment: "production")).contains(words))
        #expect(!text(Overview.Surroundings(environment: "production", channels: ["ops"])).contains(words))
        #expect(!text(Overview.Surroundings()).contains(words))
        let untold = StatusVerdict(summaries: [], at: World.start, open: [], notices: ["nobody is told: no channel is configured"])
        #expect(untold.state == .ok && untold.line == "OK: nobody is told: no channel is configured")
    }

    @Test("why nothing is done, whether it came back and who does not answer is said in plain words")
    func plainly() throws {
        let world = try World()
        var incident = World.incident(1)
        let why = Refusal(.evidence, "outgrew(active_runs[26h]) is missing: not watched long enough yet")
        incident.decisions = [
            ActionDecision(
                at: incident.openedAt, incident: incident.id, key: LeaseKey(kind: .throttle, runtime: "shared", app: AppID("app-clinic")),
                effect: .throttle(Limits(concurrentWorkflows: 2)), ttl: .minutes(10), verdict: .refused(why))
        ]
        incident.flaps = 2
        incident.transitions.append(
            Transition(
                at: World.start - .seconds(90), rule: incident.rule, subject: incident.subject, from: .pending, to: .firing,
                reason: "condition true for 5m", condition: "active_runs (9) > 3", readings: []))
        incident.handling = [
            HandlingNote(at: World.start, kind: .note, by: "health", text: "http://127.0.0.1:8000: unhealthy, MongoDB does not answer"),
            HandlingNote(at: World.start, kind: .note, by: "perf", text: "18 open runs: of users user-5 (12)"),
        ]
        try world.commit([incident], states: [World.sight()])
        let text = world.face().get("/").text
        let end = try #require(text.firstIndex(ofBytes: "<section id=\"open\""))
        let banner = text[..<end]
        #expect(
            banner.contains(bytesOf: "what it takes to know is missing: not watched long enough yet")
                && !banner.contains(bytesOf: "outgrew("))
        #expect(!banner.contains(bytesOf: "nothing by itself"), "an action was asked for")
        // "10s ago" and "another in 9m" are of when it was decided.
        let dated = "not done at 08:43:21: throttle to 2 runs at once for app-clinic"
        #expect(banner.contains(bytesOf: dated) && text[end...].contains(bytesOf: dated), "\(text)")
        let told = try World()
        try told.commit([World.incident(1)], states: [World.sight()])
        #expect(told.face().get("/").text.contains("nothing by itself: no rule asks for more here than telling people"))
        #expect(banner.contains(bytesOf: "came back twice, last at 08:58:30") && banner.contains(bytesOf: "(active_runs 9 &gt; 3)"))
        #expect(banner.contains(bytesOf: "MongoDB does not answer"))
        let page = world.face().get("/incidents/0000000000000001").text
        #expect(page.contains("18 open runs: of users user-5 (12)") && page.contains("outgrew(active_runs[26h]) is missing"))
    }

    @Test("the playbook can be read where only the page can be opened")
    func playbook() throws {
        let world = try World()
        try world.commit([FirstAnswerTests.early()], states: [World.sight()])
        let text = world.face().get("/incidents/0000000000000001").text
        #expect(text.contains("as it is built in</summary>") && text.contains("<h3>What it means</h3>") && text.contains("<pre "))
        #expect(PageTests.faults(text).isEmpty)
    }
}
