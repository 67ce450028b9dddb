import Ambient
import Glibc
import Model
import Notify
import Server
import Simulator
import Synchronization
import Views

/// A simulated world on loopback: a runtime with its tenants, and where asked for a front door and a Slack sink.
final class Stage: Sendable {
    let simulator: SimulatorServer
    let slack: SlackSink
    /// Nil where none is asked for.
    let controlPlane: ControlPlane?
    /// `GET /stage`: what the front door answered and what Slack got, for whoever shows it from another process.
    private let window: HTTPServer
    private let gatePort: UInt16?

    init(_ invocation: Invocation, scenario name: String? = nil, gatePort forced: UInt16? = nil) throws {
        let name = name ?? invocation.arguments.positional("SCENARIO") ?? "busy"
        guard var scenario = Scenario.named(name) else {
            let hint = nearest(name, in: Scenario.all.map(\.name)).map { "did you mean \($0)?" }
            throw UsageError("there is no scenario '\(name)'", hint: hint ?? "see mozaiks-ops simulate --list")
        }
        // The demo ends when its story is told.
        if name == "demo" { scenario.duration = nil }
        if let seed = try invocation.number("seed", in: 0...Int.max) { scenario.seed = UInt64(seed) }
        scenario.showsMetrics = invocation.arguments.has("metrics")
        if let chats = try invocation.number("chats", in: 0...1_000_000) { scenario.trackedBefore = chats }
        var options = SimulatorServer.Options()
        options.port = UInt16(try invocation.number("port", in: 0...65_000) ?? 0)
        if let text = invocation.arguments.value("speed") {
            guard let speed = Double(text), speed > 0, speed <= 10_000 else {
                throw UsageError("--speed '\(text)' is not a number above 0")
            }
            options.clock = SimulationClock(speed: speed)
        }
        let starts = StartCounts()
        if forced != nil || invocation.arguments.has("front-door") {
            var door = FrontDoor.Options()
            let wanted = try forced ?? UInt16(invocation.number("gate-port", in: 0...65_535) ?? 9_465)
            door.gatePort = try wanted == 0 ? Stage.freePort() : wanted
            door.onStart = { app, verdict in starts.add(app, verdict) }
            options.clients = .throughFrontDoor(door)
            gatePort = door.gatePort
        } else {
            gatePort = nil
        }
        controlPlane = try Stage.controlPlane(invocation, scenario)
        let slack = SlackSink()
        self.slack = slack
        simulator = SimulatorServer(scenario, options: options)
        window = HTTPServer(mode: .epoll(threads: 1)) { request in
            request.path == "/stage"
                ? .json(Stage.view(starts, slack).serializedBytes()) : .text("Not found.\n", status: 404)
        }
    }

    func start() throws {
        try slack.start()
        try simulator.start()
        try controlPlane?.start()
        try window.start()
    }

    func stop() {
        simulator.stop()
        window.stop()
        controlPlane?.stop()
        slack.stop()
    }

    /// Where everything listens.
    var document: JSONObject {
        var document = JSONObject([
            (key: "scenario", value: .string(simulator.scenario.name)),
            (key: "runtime", value: .array(simulator.urls.map(JSON.string))),
            (key: "slack_webhook", value: .string(slack.webhookURL)), (key: "stage", value: .string(window.url + "/stage")),
        ])
        if let door = simulator.frontDoor { document.append("front_door", .string(door.url)) }
        if let controlPlane { document.append("control_plane", .string(controlPlane.url)) }
        if let gatePort { document.append("gate_port", .int(Int64(gatePort))) }
        return document
    }

    var text: String {
        var text = "\(simulator.scenario.name): \(simulator.scenario.summary)\n"
        for url in simulator.urls { text += "  runtime        \(url)\n" }
        if let door = simulator.frontDoor { text += "  front door     \(door.url)  (asks the gate on port \(gatePort ?? 0))\n" }
        if let controlPlane {
            text +=
                "  control plane  \(controlPlane.url)  (entitlements, /ops/v1/leases; webhook \(controlPlane.webhookURL), its secret is "
            text += "'\(ControlPlane.Options().secret)'; what it did: /_sim/log)\n"
        }
        text += "  Slack sink     \(slack.webhookURL)\n"
        text += "  what it did    \(simulator.urls.first ?? "")/_sim/status\n"
        return text
    }

    /// One that knows the scenario's tenants, each synced by the platform.
    private static func controlPlane(_ invocation: Invocation, _ scenario: Scenario) throws -> ControlPlane? {
        guard let port = try invocation.number("control-plane", in: 0...65_535) else { return nil }
        var options = ControlPlane.Options()
        options.port = UInt16(port)
        let plane = ControlPlane(options)
        for tenant in scenario.tenants {
            plane.sync(
                tenant.app.text,
                [
                    "app_id": .string(tenant.app.text), "tenant_id": .string("tenant_" + tenant.app.text),
                    "plan": ["id": "plan_pro", "name": "Pro Plan", "tier": "pro", "billing_period": "monthly"],
                    "rate_limits": ["requests_per_minute": 600, "concurrent_workflows": 50],
                ])
        }
        return plane
    }

    /// Written under another name and renamed, so that a reader never sees half of it.
    func announce(to path: String) throws {
        let draft = path + ".new"
        try NewFile.write(OutputDocument(.stage, document).json.serialized() + "\n", to: draft, replaces: true)
        guard rename(draft, path) == 0 else {
            throw CommandFailure("cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }

    private static func view(_ starts: StartCounts, _ slack: SlackSink) -> JSON {
        [
            "starts": starts.document, "messages": .array(slack.posts.map { .string(SlackText.render($0.payload.document)) }),
            "refused_messages": .array(slack.refusals.map(JSON.string)),
        ]
    }
}

/// What the front door answered, by app.
private final class StartCounts: Sendable {
    private let counts = Mutex<[AppID: (allowed: Int, refused: Int, open: Int)]>([:])

    func add(_ app: AppID, _ verdict: FrontDoor.Verdict) {
        counts.withLock { counts in
            var count = counts[app] ?? (0, 0, 0)
            switch verdict {
            case .allowed: count.allowed += 1
            case .refused: count.refused += 1
            case .failedOpen: count.open += 1
            }
            counts[app] = count
        }
    }

    var document: JSON {
        let counts = counts.withLock { $0 }
        return .array(
            counts.keys.sorted().map { app in
                let count = counts[app] ?? (0, 0, 0)
                return [
                    "app": .string(app.text), "allowed": .int(Int64(count.allowed)), "refused": .int(Int64(count.refused)),
                    "failed_open": .int(Int64(count.open)),
                ]
            })
    }
}
