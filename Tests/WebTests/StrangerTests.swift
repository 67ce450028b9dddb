import CycleKit
import JSONParsing
import Journal
import Model
import Server
import Testing
import Views

@testable import Cycle
@testable import Web

/// A silence that names what nobody has: whoever asked for it is told, as on the command line.
@Suite struct StrangerTests {
    @Test(
        "what names nothing that was seen is warned about, with what may be meant",
        arguments: [
            (
                #""app":"app-clinik""#,
                ["no app 'app-clinik' was seen: it may hold back nothing; did you mean 'app-clinic'?"]
            ),
            (
                #""app":["app-shop","nobody","App-Shop"]"#,
                [
                    "no app 'nobody' was seen: it may hold back nothing; an app's id is exact, also in its case; '*' stands for any text",
                    "no app 'App-Shop' was seen: it may hold back nothing; did you mean 'app-shop'?",
                ]
            ),
            (#""rule":"*","label":"tier=silver""#, ["no label 'tier' is 'silver': it may hold back nothing; there are: gold"]),
            (#""app":"app-*","rule":"noisy-neighbor","runtime":"shared","label":"tier=g*""#, []), (#""app":"*""#, []),
        ] as [(String, [String])])
    func warned(names: String, expected: [String]) throws {
        let world = try World()
        let face = world.face(settings: try world.see())
        let answer = face.post("/api/v1/silences", "{\(names),\"for\":\"1h\"}", bearer: try world.token("tom", .operator))
        #expect(answer.status == 202, "\(answer.text)")
        #expect(try answer.json()["warnings"]?.array?.map(\.string) == expected, "\(answer.text)")
        #expect(try world.engine.waitingCommands().count == 1, "it is done all the same")
    }

    @Test(
        "a rule or a runtime that there is not is refused, with what may be meant",
        arguments: [
            (#""rule":"noisy-neighbour""#, "there is no rule 'noisy-neighbour'; did you mean 'noisy-neighbor'?"),
            (#""app":"app-shop","runtime":"shard""#, "there is no runtime 'shard'; did you mean 'shared'?"),
        ])
    func refused(names: String, words: String) throws {
        let world = try World()
        let face = world.face(settings: try world.see())
        let answer = face.post("/api/v1/silences", "{\(names),\"for\":\"1h\"}", bearer: try world.token("tom", .operator))
        #expect(answer.status == 400, "\(answer.text)")
        #expect(try answer.json()["detail"]?.string == words)
        #expect(try world.engine.waitingCommands().isEmpty)
    }

    @Test(
        "a filter of a list that names nothing that there is is refused, with what may be meant, and no empty list",
        arguments: [
            ("standings?rule=runtime-dwon", 400, "there is no rule 'runtime-dwon'; did you mean 'runtime-down'?"),
            ("standings?runtime=shard", 400, "there is no runtime 'shard'; did you mean 'shared'?"),
            ("standings?app=app-clinik", 404, "no app 'app-clinik' was seen; did you mean 'app-clinic'?"),
            ("incidents?rule=noisy-neighbour", 400, "there is no rule 'noisy-neighbour'; did you mean 'noisy-neighbor'?"),
            ("incidents?runtime=shard", 400, "there is no runtime 'shard'; did you mean 'shared'?"),
            ("standings?rule=runtime-down", 200, ""), ("standings?app=app-clinic&rule=noisy-neighbor", 200, ""),
            ("standings?app=app-clinic&rule=runtime-down", 200, ""), ("incidents?rule=noisy-neighbor&runtime=shared", 200, ""),
            ("incidents?app=nobody", 200, ""),
        ])
    func filters(target: String, status: Int, words: String) throws {
        let world = try World()
        let answer = world.face(settings: try world.see()).get("/api/v1/" + target)
        #expect(answer.status == status, "\(answer.text)")
        if status != 200 { #expect(try answer.json()["detail"]?.string == words, "\(answer.text)") }
    }

    @Test("of an app that nobody has seen a list says so; of what is on record, though it is no more, nothing is said")
    func notes() throws {
        let world = try World()
        let face = world.face(settings: try world.see())
        func notes(_ query: String) throws -> [String?]? {
            try face.get("/api/v1/incidents?" + query).json()["notes"]?.array?.map(\.string)
        }
        #expect(try notes("app=app-clinik") == ["no app 'app-clinik' was seen; did you mean 'app-clinic'?"])
        #expect(try notes("app=app-clinic") == [] && notes("severity=info") == [])
        try world.commit([World.incident(1, rule: "old-rule", app: "app-gone", resolved: true)])
        #expect(try notes("app=app-gone&state=open") == [] && notes("rule=old-rule&state=open") == [])
        #expect(face.get("/api/v1/incidents?rule=older-rule").status == 400)
        // Nor is an app's own document silent: of a mistyped id it would be empty like that of a quiet app.
        func notes(of app: String) throws -> [String?]? { try face.get("/api/v1/apps/" + app).json()["notes"]?.array?.map(\.string) }
        #expect(try notes(of: "app-clinik") == ["no app 'app-clinik' was seen; did you mean 'app-clinic'?"])
        #expect(try notes(of: "nobody") == ["no app 'nobody' was seen; an app's id is exact, also in its case"])
        #expect(try notes(of: "app-clinic") == [] && notes(of: "app-gone") == [])
    }

    @Test(
        "the page says of a name in its address that there is none, and offers no silence of it",
        arguments: [
            ("rule=noisy-neighbour", "There is no rule 'noisy-neighbour'; did you mean 'noisy-neighbor'?"),
            ("rule=noisy-neighbour&runtime=shared", "There is no rule 'noisy-neighbour'; did you mean 'noisy-neighbor'?"),
            ("runtime=shard", "There is no runtime 'shard'; did you mean 'shared'?"),
            ("app=app-clinik&show=all", "No app 'app-clinik' was seen; did you mean 'app-clinic'?"),
            ("rule=noisy-neighbor&runtime=shared&app=app-clinic", nil),
        ] as [(String, String?)])
    func page(query: String, words: String?) throws {
        let world = try World()
        let face = world.face(settings: try world.see())
        let page = try SessionTests.Browser.signedIn(world, world.token("tom", .operator), face).get("/incidents?" + query)
        #expect(page.status == 200 && page.text.contains("<p class=\"none\">none</p>"))
        #expect(page.text.contains("<p class=\"notice\" role=\"status\"") == (words != nil), "\(page.text)")
        if let words { #expect(page.text.contains(words.replacing(bytesOf: "'", with: "&#39;")), "\(page.text)") }
        #expect(page.text.contains("id=\"silence-rule\"") == (words == nil))
        #expect(PageTests.faults(page.text).isEmpty)
    }

    @Test("messages of a channel that there is not are none, and it is said that there is no such channel")
    func channels() throws {
        let world = try World()
        func get(_ surroundings: Overview.Surroundings, _ channel: String) -> ServerResponse {
            Face(world.folder, surroundings, isLoopback: true, token: nil, publicURL: nil, clock: StandingClock())
                .get("/api/v1/messages?channel=" + channel)
        }
        let known = Overview.Surroundings(environment: "production", channels: ["ops-slack", "mail"])
        #expect(get(known, "ops-slack").status == 200 && get(Overview.Surroundings(), "anything").status == 200)
        let refused = get(known, "ops-slak")
        #expect(refused.status == 400, "\(refused.text)")
        #expect(try refused.json()["detail"]?.string == "there is no channel 'ops-slak'; did you mean 'ops-slack'?")
    }

    @Test("where hosts and services are watched too, what there is not may be any of them, and what there is is called what it is")
    func kinds() throws {
        let world = try World()
        var settings = try world.see()
        settings.runtimes += [
            WatchedRuntime(name: "this", kind: .host, replicas: ["/proc"]),
            WatchedRuntime(name: "website", kind: .service, replicas: ["https://shop.example"]),
        ]
        let (face, token) = (world.face(settings: settings), try world.token("tom", .operator))
        let listed = try face.get("/api/v1/incidents?runtime=zzzzzz").json()["detail"]?.string
        #expect(
            listed == "there is no runtime, host or service 'zzzzzz'; there are: runtime shared, host this, service website",
            "\(listed ?? "")")
        let mark = try face.post("/api/v1/marks", #"{"name":"v1","runtime":"zzzzzz"}"#, bearer: token).json()["detail"]?.string
        #expect(mark == "there is no runtime, host or service 'zzzzzz': there are shared, this, website", "\(mark ?? "")")
    }

    /// Before anything was seen everybody is a stranger, and nobody is called one.
    @Test func whatIsNotKnownIsNotCalledUnknown() throws {
        let world = try World()
        let token = try world.token("tom", .operator)
        let body = #"{"app":"a","rule":"r","runtime":"x","label":"a=b","for":"1h"}"#
        let answer = world.face().post("/api/v1/silences", body, bearer: token)
        #expect(answer.status == 202, "\(answer.text)")
        #expect(try answer.json()["warnings"]?.array?.isEmpty == true)
        #expect(try world.face().post("/api/v1/marks", #"{"name":"v1"}"#, bearer: token).json()["warnings"]?.array?.isEmpty == true)
    }

    /// A silence of what another shard watches is no slip, and holds nothing here.
    @Test func whatAnotherShardWatchesIsNoStrangerAndIsSaid() throws {
        let world = try World()
        var settings = try world.see()
        settings.shard = Shard("1/2")
        settings.elsewhere = [
            RuntimeElsewhere(WatchedRuntime(name: "eu", replicas: [], labels: ["tier": "iron"]), try #require(Shard("2/2")))
        ]
        let (face, token) = (world.face(settings: settings), try world.token("tom", .operator))
        func warnings(_ names: String) throws -> [String?]? {
            let answer = face.post("/api/v1/silences", "{\(names),\"for\":\"1h\"}", bearer: token)
            #expect(answer.status == 202, "\(answer.text)")
            return try answer.json()["warnings"]?.array?.map(\.string)
        }
        #expect(
            try warnings(#""runtime":"eu""#) == [
                "the runtime 'eu' (shard 2/2) is watched by another monitor: it may hold back nothing; go to the monitor of shard 2/2"
            ])
        #expect(try warnings(#""runtime":"*""#) == [], "what is watched here it holds back")
        #expect(try warnings(#""app":"app-of-eu","label":"tier=iron""#) == [], "which apps there are elsewhere is not known here")
        let mark = face.post("/api/v1/marks", #"{"name":"v1","runtime":"eu"}"#, bearer: token)
        #expect(mark.status == 400 && mark.text.contains("the runtime 'eu' (shard 2/2) is watched by another monitor; note it there"))
        let stranger = face.post("/api/v1/silences", #"{"runtime":"us","for":"1h"}"#, bearer: token)
        #expect(stranger.status == 400 && stranger.text.contains("there is no runtime 'us'"), "\(stranger.text)")
    }

    /// Its signals are kept once a minute, its incident at once.
    @Test func anAppThatCameJustNowAndHasAnIncidentIsNoStranger() throws {
        let world = try World()
        let settings = try world.see()
        #expect(KnownNames.apps(seenIn: world.engine).map(\.text) == ["app-bank", "app-clinic", "app-shop"])
        #expect(KnownNames.apps(seenIn: world.engine, on: ["other"]).isEmpty)
        var pipeline = Pipeline(settings: settings, policies: try Crowd.policies())
        for step in 0..<3 {
            let at = World.start + .seconds(Double(step) * 10)
            for observation in Crowd.poll(["app-new": 12, "app-bank": 4], at: at) { pipeline.take(observation) }
            _ = pipeline.tick(Crowd.runtime, now: at)
        }
        try world.engine.commitTick(TickRecord(states: pipeline.drainStates()))
        #expect(KnownNames.apps(seenIn: world.engine).map(\.text) == ["app-bank", "app-clinic", "app-new", "app-shop"])
    }
}

extension World {
    /// Leaves what one poll of the runtime `shared` showed, three apps, and the built-in rules as those in force.
    func see() throws -> MonitorSettings {
        var settings = MonitorSettings()
        settings.runtimes = [WatchedRuntime(name: Crowd.runtime, replicas: [Crowd.replica], labels: ["tier": "gold"])]
        var pipeline = Pipeline(settings: settings, policies: try Crowd.policies())
        for observation in Crowd.poll(Crowd.calm, at: World.start) { pipeline.take(observation) }
        _ = pipeline.tick(Crowd.runtime, now: World.start)
        let engine = StateRow(key: "engine:shared", bytes: pipeline.engine.document.serializedBytes())
        var record = TickRecord(states: [World.policies(""), engine])
        pipeline.drainSignals(into: &record)
        try self.engine.commitTick(record)
        return settings
    }
}
