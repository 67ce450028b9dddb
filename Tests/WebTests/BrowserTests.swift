import Ambient
import Glibc
import JSONParsing
import Journal
import Model
import Server
import Signals
import TestKit
import Testing

@testable import Cycle
@testable import Guard
@testable import Web

/// The pages in a real browser: what it shows, runs, asks and complains of. Pictures are in `.build/pictures/browser/`.
@Suite struct BrowserTests {
    /// A world with its server, kept while the browser looks.
    private struct Stage {
        let world: World
        let server: HTTPServer

        init(_ world: World, isLoopback: Bool = true) throws {
            self.world = world
            let face = world.face(isLoopback: isLoopback, settings: MonitorSettings())
            var options = HTTPServer.Options.questions
            options.maxBodyBytes = Face.longestBody
            server = HTTPServer(options: options) { face.answer($0) }
            try server.start()
        }
    }

    @Test("every state on a phone and a desktop, by day and by night; somebody signs in and approves")
    func browser() throws {
        try #require(access("/usr/bin/chromium", X_OK) == 0, "run .ci/setup: it installs chromium")
        try #require(access(Fixtures.repository + "/.build/venv/bin/python3", X_OK) == 0, "run .ci/setup: it installs axe-core")
        let hostile =
            "<script>window.hacked=1</script>\u{202E}\"'><img src=x onerror=window.hacked=1>😀" + String(repeating: "x", count: 300)
        let worlds = try (0..<8).map { _ in try World() }
        try worlds[1].commit([World.incident(1, resolved: true)], states: [World.sight()])
        try worlds[2].commit(
            [
                World.incident(1),
                World.incident(2, rule: "runtime-down", app: nil, severity: .critical, summary: "The runtime answers nobody."),
            ],
            states: [World.sight(missing: [.perf: .unreachable])])
        let now = World.start.minute
        try worlds[2].engine.commitTick(
            TickRecord(
                states: [World.policies("")],
                minutes: (2...58).reversed().map { back in
                    let runs = Double(60 + (back * 7) % 29 + (back < 20 ? 90 : 0))
                    let latency = 1.5 + Double((back * 5) % 7) / 5
                    let isBlind = (24...29).contains(back)
                    var readings: [Signal: Evidence] = [
                        .activeRuns: .value(runs), .activeApps: .value(7), .up: .value(1), .errorRate: .value(Double(back % 5)),
                        .turnLatencyP50: .value(latency), .turnLatencyP95: .value(latency * 3), .tokens: .value(runs * 105),
                        .websockets: .value(runs + 8),
                        .cost: .missing(.deadCounter), .mongodbLatency: .value(0.004 + Double(back % 3) / 100),
                        .restarts: .value(back < 33 ? 1 : 0),
                    ]
                    if isBlind { for signal in readings.keys { readings[signal] = .missing(.unreachable) } }
                    let shares: [(String, Double)] = [
                        ("app-clinic", 0.4), ("app-shop", 0.2), ("app-école", 0.15), ("app-<b>bank", 0.1), ("app-x", 0.08), ("app-y", 0.07),
                    ]
                    return ChartTests.minute(
                        now - Int64(back), readings, apps: isBlind ? [] : shares.map { ($0.0, Int32(runs * $0.1)) },
                        chatsMissing: isBlind ? .unreachable : nil)
                }))
        try worlds[3].commit((1...200).map { World.incident($0, app: "app-\($0)") }, states: (0..<500).map { World.sight("r\($0)") })
        try worlds[4].commit([], states: [World.sight(missing: [.health: .unreachable, .perf: .unreachable, .events: .unreachable])])
        try worlds[5].commit(
            [World.incident(1, rule: hostile, app: hostile, severity: .critical, summary: hostile)], states: [World.sight(hostile)])
        try worlds[6].commit([], states: [World.sight(), World.policies("")])
        try worlds[6].engine.commitTick(
            TickRecord(
                minutes: (2...60).reversed().map { back in
                    ChartTests.minute(
                        now - Int64(back),
                        [.activeRuns: .value((20...38).contains(back) ? 100 : 3), .activeApps: .value(1)].merging(World.healthy) { own, _ in
                            own
                        })
                }))
        let undelivered = OutboxMessage(
            incident: World.incident(1).id, channel: "ops", event: .opened, createdAt: World.start - .minutes(5), dueAt: World.start,
            document: "{}")
        try worlds[7].commit([World.incident(1, resolved: true)], states: [World.sight()], messages: [undelivered])
        try worlds[7].engine.settle(1, .retry(at: World.start + .minutes(1), error: "invalid_auth"))
        let begun = try BegunTests.world([BegunTests.rule("idle", after: "1m", "info"), BegunTests.rule("soon", after: "5m", "warning")])
        let stages = try (worlds + [begun]).map { try Stage($0) }
        let closed = try Stage(World(), isLoopback: false)
        let lived = try LivedWorld()
        let kept = try closed.world.token("somebody", .viewer)
        try closed.world.commit([World.incident(1)], states: [World.sight()])
        let offer = try World()
        let approval = try offer.offer()
        let pressed = try Stage(offer)
        // What somebody answered has no buttons any more: each way of pressing has an offer of its own.
        let others = try (0..<2).map { _ in try World() }
        for other in others { _ = try other.offer() }
        let offered = [pressed] + (try others.map { try Stage($0) })
        let tokens = try offered.map { try $0.world.token("maria", .approver) }
        let incident = "/incidents/" + World.incident(1).id
        func page(_ name: String, _ url: String, _ holds: [String], mays: [String] = []) -> JSON {
            ["name": .string(name), "url": .string(url), "holds": .strings(holds), "mays": .strings(mays)]
        }
        let plan: JSON = [
            "pages": .array([
                page("nothing", stages[0].server.url + "/", ["Not known", "none was polled yet"]),
                page("fine", stages[1].server.url + "/", ["All is well", "no incident is open", "Resolved last"]),
                page(
                    "critical", stages[2].server.url + "/",
                    [
                        "Critical", "runtime-down", "unreachable", "nobody has acknowledged", "Concurrent runs by app",
                        "above 200: runtime-saturated", "no evidence for 6m", "app-<b>bank",
                    ]),
                page("range", stages[2].server.url + "/?range=24h", ["The last 24 hours", "means of 10 minutes"]),
                page("rules", stages[2].server.url + "/rules", ["Not known", "nothing was judged yet"], mays: ["503"]),
                page("app", stages[2].server.url + "/apps/app-clinic", ["Not known", "nothing was judged yet"], mays: ["503"]),
                page(
                    "rules-lived", lived.server.url + "/rules",
                    [
                        "About runtimes", "crowded", "its incident", "has begun", "Its condition, and why not",
                        "An app has open runs for long.", "ops_policy.app-shop.yaml",
                        "Apps that were seen", "and \(LivedWorld.apps.count - 200) more", "The default policy in force",
                        "<script>window.hacked=1</script>", "\\u{202e}txet", "app-école-検証",
                    ]),
                page(
                    "app-lived", lived.server.url + LivedWorld.page(of: "app-clinic"),
                    [
                        "open about it.", "What it runs", "open_runs", "Users", "<img src=x onerror=window.hacked=1> 1", "Workflows",
                        "open runs, as of ",
                        "Month", "by what was seen", "Where each rule stands", "greedy", "has begun", "The default policy holds for it.",
                    ]),
                page(
                    "app-own", lived.server.url + LivedWorld.page(of: "app-shop"),
                    ["Nothing is open about it.", "It has a policy of its own", "soon"]),
                page(
                    "app-hostile", lived.server.url + LivedWorld.page(of: LivedWorld.apps[0]),
                    ["<script>window.hacked=1</script>", "open about it.", "Where each rule stands"]),
                page("app-backslash", lived.server.url + LivedWorld.page(of: LivedWorld.apps[1]), ["C:\\shop\\end\\", "open about it."]),
                page("app-unseen", lived.server.url + "/apps/nobody", ["No runtime has shown it within a day.", "nothing to judge"]),
                page("nonsense", stages[2].server.url + "/?from=x", ["is a moment such as"], mays: ["400"]),
                page("lab", stages[6].server.url + "/lab", ["Policy lab", "What to try"]),
                page(
                    "incident", stages[2].server.url + incident,
                    ["noisy-neighbor", "What happened", "Ask the tenant", "condition true for 5m"]),
                page("storm", stages[3].server.url + "/", ["200 incidents are open", "on 200 apps of shared", "and 460 more"]),
                page(
                    "list", stages[3].server.url + "/incidents",
                    ["200 open, 200 of them acknowledged by nobody", "Open, by rule", "Older ones"]),
                page(
                    "deaf", stages[7].server.url + "/",
                    ["All is well, but nobody can be told", "messages do not get through", "invalid_auth"]),
                page(
                    "begun", stages[8].server.url + "/",
                    ["Well so far", "soon on runtime shared has begun, told from 09:05:00 if it stays so", "Has begun"]),
                page("blind", stages[4].server.url + "/", ["Not known", "unreachable"]),
                page("hostile", stages[5].server.url + "/", ["<script>window.hacked=1</script>", "\\u{202e}"]),
                page("hostile-incident", stages[5].server.url + incident, ["<script>window.hacked=1</script>", "\\u{202e}"]),
                page("closed", closed.server.url + "/", ["Who are you?", "Token"], mays: ["401"]),
                page(
                    "sign-in", stages[1].server.url + "/sign-in",
                    ["Sign in", "Token", "An operator"].map { $0 == "An operator" ? "operator" : $0 }),
                page("offer", pressed.server.url + incident, ["Waits for you", "actions approve \(approval.id)"]),
            ]),
            "press": .array(
                zip(offered, tokens).map { stage, token in
                    [
                        "url": .string(stage.server.url + incident), "token": .string(token), "heading": "noisy-neighbor",
                        "told": "takes it at its next poll",
                    ]
                }),
            "keys": .string(stages[2].server.url + "/"), "plain": .string(stages[2].server.url),
            "lab": .string(stages[6].server.url + "/lab"),
            "closed": ["url": .string(closed.server.url + incident), "token": .string(kept)],
        ]
        let file = offer.temporary.write(plan.serialized(), to: "plan.json")
        let ending = try RunningProgram(
            Fixtures.repository + "/.build/venv/bin/python3",
            [Fixtures.repository + "/Tests/WebTests/browser.py", file, Fixtures.repository + "/.build/pictures/browser"],
            environment: ["PATH": "/usr/bin:/bin", "HOME": offer.temporary.path], in: offer.temporary.path, atMost: 400
        ).waitForEnd()
        let names =
            (plan["pages"]?.array ?? []).compactMap { $0["name"]?.string } + [
                "press", "press without scripts", "over", "keys", "plain", "lab", "silent", "closed by link",
            ]
        #expect(ending.output == names.map { $0 + " ok\n" }.joined(), "\(ending.output)\(ending.errors)")
        let rows = try offered.flatMap { try $0.world.engine.waitingCommands() }
        #expect(rows.map(\.kind) == ["approve", "approve", "approve"] && rows.allSatisfy { $0.actor == "token:maria" }, "\(rows)")
        #expect(!offer.folder.isKillSwitchOn && !kept.isEmpty)
        for stage in stages + [closed] + offered { stage.server.stop() }
        lived.server.stop()
    }
}
