import Ambient
import ChaosKit
import Glibc
import JSONParsing
import Model
import Server
import Simulator
import Synchronization

/// The world that the campaign kills the monitor in, in a process of its own: a runtime whose tenants take turns in being
/// noisy, its front door that asks the gate, a control plane, and two services that people hear through. Everything that
/// happens here is written down by itself, line by line, so that whoever checks need not believe the monitor.
///
///     chaos-world FOLDER SECONDS SEED
///
/// `FOLDER/world.json` says where everything listens; `posts.jsonl` what the services took; `starts.jsonl` what the door
/// answered; `episodes.json` when whom it makes noisy. `POST /arm {"at": …, "pid": N}` kills that process when the next
/// message arrives or was taken; `POST /resync` syncs every tenant, as the platform does; `POST /touch {"app_id": …, "tokens": N}` is
/// the platform counting tokens that an app used, while nobody looks; `POST /services {"status": 500}` makes the services fail until it is 200 again.
@main
struct World {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let seconds = Int(arguments[2]), let seed = UInt64(arguments[3]) else {
            let usage = Array("usage: chaos-world FOLDER SECONDS SEED\n".utf8)
            _ = write(STDERR_FILENO, usage, usage.count)
            exit(64)
        }
        signal(SIGPIPE, SIG_IGN)
        let world = try World(folder: arguments[1], seconds: seconds, seed: seed)
        try world.announce()
        // It ends with the campaign, however that ends.
        let parent = getppid()
        while getppid() == parent { sleep(1) }
        world.stop()
    }

    private let folder: String
    private let runtime: SimulatorServer
    private let controlPlane: ControlPlane
    private let services: HTTPServer
    private let gatePort: UInt16

    private init(folder: String, seconds: Int, seed: UInt64) throws {
        self.folder = folder
        let (posts, starts) = (try ChaosLog(folder + "/posts.jsonl"), try ChaosLog(folder + "/starts.jsonl"))
        let clock = SystemClock()
        let trap = Trap()
        let (scenario, episodes) = World.story(seconds: seconds, seed: seed)
        let controlPlane = ControlPlane()
        self.controlPlane = controlPlane
        services = HTTPServer(mode: .threadPerConnection) { request in
            switch request.path {
            case "/resync":
                World.sync(episodes, controlPlane)
                return .text("ok")
            case "/touch":
                let body = (try? JSON(parsing: request.body)) ?? .null
                controlPlane.spend(body["app_id"]?.string ?? "", tokens: body["tokens"]?.int ?? 1)
                return .text("ok")
            default: break
            }
            return World.serve(request, trap, posts, clock)
        }
        try services.start()
        let probe = HTTPServer(mode: .epoll(threads: 1)) { _ in .text("") }
        try probe.start()
        gatePort = probe.port
        probe.stop()
        var door = FrontDoor.Options()
        door.gatePort = gatePort
        door.onStart = { app, verdict in
            let word: JSON =
                switch verdict {
                case .allowed: "allowed"
                case .refused: "refused"
                case .failedOpen: "failed_open"
                }
            starts.write(["at_ms": .int(clock.now().milliseconds), "app": .string(app.text), "verdict": word])
        }
        var options = SimulatorServer.Options()
        options.clients = .throughFrontDoor(door)
        runtime = SimulatorServer(scenario, options: options)
        let origin = clock.now()
        try runtime.start()
        World.sync(episodes, controlPlane)
        try controlPlane.start()
        try ChaosLog(folder + "/episodes.json").write(
            .array(
                episodes.map {
                    ["app": .string($0.app), "from_ms": .int((origin + $0.from).milliseconds), "disturbed": .bool($0.isDisturbed)]
                }))
    }

    func stop() {
        runtime.stop()
        controlPlane.stop()
        services.stop()
    }

    private func announce() throws {
        let document: JSON = [
            "runtime": .string(runtime.urls[0]), "gate_port": .int(Int64(gatePort)), "services": .string(services.url),
            "control_plane": .string(controlPlane.url), "webhook": .string(controlPlane.webhookURL),
            "webhook_secret": .string(ControlPlane.Options().secret), "pid": .int(Int64(getpid())),
        ]
        try ChaosLog(folder + "/world.json.new").write(document)
        guard rename(folder + "/world.json.new", folder + "/world.json") == 0 else { throw ChaosFailure("cannot announce") }
    }

    // MARK: - The story

    struct Episode {
        let app: String
        let from: TimeSpan
        /// Something else happens at that time, by which it may well not be noisy, or nobody can see that it is.
        var isDisturbed = false
    }

    /// Three quiet tenants, and every three seconds another one that floods the runtime for two and is never seen again. The
    /// runtime restarts every few minutes, or its body would grow for ever.
    static func story(seconds: Int, seed: UInt64) -> (Scenario, [Episode]) {
        var scenario = Scenario(name: "chaos", summary: "tenants take turns in being noisy")
        scenario.seed = seed
        // In every other world people who are done leave websockets open, and what dropped hides behind these.
        scenario.idleSockets = seed % 2 == 1 ? 40 : 0
        scenario.warmUp = .seconds(10)
        // Never near what the policy calls noisy, with what failed starts leave behind either: rules here hold at once.
        var quiet = Load(startsPerMinute: 24, runSeconds: 3...4, turnSeconds: 1...2)
        quiet.isEven = true
        scenario.tenants = (1...3).map { Tenant("quiet-\($0)", workflows: ["HelloWorld"], loads: [quiet]) }
        var episodes: [Episode] = []
        for number in 0..<(seconds / 3) {
            let from = TimeSpan.seconds(2 + Double(number) * 3)
            let app = "noisy-" + String(repeating: "0", count: 4 - String(number).utf8.count) + "\(number)"
            var loud = Load(from: from, startsPerMinute: number % 3 == 2 ? 900 : 450, runSeconds: 3...4, turnSeconds: 1...2)
            loud.isEven = true
            let silent = Load(startsPerMinute: 0)
            var tenant = Tenant(
                app, workflows: ["HelloWorld"], loads: [silent, loud, Load(from: from + .seconds(2), startsPerMinute: 0)])
            // Some of them come in past the gate when it refuses them, and the websockets of some drop.
            tenant.goesAround = number % 4 == 1
            let drops = number % 8 == 3
            if drops { tenant.loads[1].ghostShare = 0.5 }
            scenario.tenants.append(tenant)
            episodes.append(Episode(app: app, from: from, isDisturbed: drops))
        }
        // MongoDB goes now and then: health fails, the figures go on, and nobody is acted upon meanwhile.
        for dead in stride(from: 45, to: seconds, by: 60) {
            scenario.faults.append(
                FaultWindow(.mongoDead(failsAfter: .seconds(0.1)), from: .seconds(Double(dead)), until: .seconds(Double(dead) + 3)))
        }
        for restart in stride(from: 180, to: seconds, by: 180) {
            scenario.faults.append(FaultWindow(.restart, from: .seconds(Double(restart))))
        }
        // And the other stories in which the wrong one is easily held, in turn: for three seconds answers come from a cache, for
        // three it hangs, for five MongoDB was killed and starts stay open for ever, and the process dies three times in a row.
        scenario.failedStartsStay = true
        func during(_ fault: Fault, at first: Int, seconds length: Double) {
            for begin in stride(from: first, to: seconds, by: 120) {
                scenario.faults.append(FaultWindow(fault, from: .seconds(Double(begin)), until: .seconds(Double(begin) + length)))
            }
        }
        during(.providerCached, at: 15, seconds: 3)
        during(.hang, at: 32, seconds: 3)
        during(.mongoDead(failsAfter: .seconds(0.1)), at: 75, seconds: 5)
        for loop in stride(from: 100, to: seconds, by: 120) {
            for death in 0..<3 { scenario.faults.append(FaultWindow(.restart, from: .seconds(Double(loop + 3 * death)))) }
        }
        for index in episodes.indices {
            let from = episodes[index].from
            episodes[index].isDisturbed =
                episodes[index].isDisturbed
                || scenario.faults.contains { fault in
                    // Starts that failed stay open; until it is known whose they are nobody is judged.
                    let after: TimeSpan = if case .mongoDead = fault.fault { .seconds(15) } else { .seconds(5) }
                    return from < (fault.until ?? fault.from) + after && fault.from < from + .seconds(6)
                }
        }
        return (scenario, episodes)
    }

    /// What the platform tells the control plane of its tenants: before the monitor comes, and where it forgot.
    static func sync(_ episodes: [Episode], _ controlPlane: ControlPlane) {
        for episode in episodes { controlPlane.sync(episode.app, ChaosServices.entitlements(episode.app)) }
    }

    // MARK: - The services

    private static func serve(_ request: ServerRequest, _ trap: Trap, _ posts: ChaosLog, _ clock: SystemClock) -> ServerResponse {
        let body = (try? JSON(parsing: request.body)) ?? .null
        switch request.path {
        case "/arm":
            trap.set(at: body["at"]?.string ?? "", pid: pid_t(body["pid"]?.int ?? 0))
            return .text("ok")
        case "/services":
            trap.status = Int(body["status"]?.int ?? 200)
            return .text("ok")
        case "/slack", "/hook":
            let name = String(request.path.dropFirst())
            trap.spring("\(name).arrived")
            guard trap.status == 200 else { return .text("fails", status: trap.status) }
            if let refused = ChaosServices.take(request, body, posts, now: clock.now()) { return refused }
            trap.spring("\(name).taken")
            return .text("ok")
        default: return .text("Not found.\n", status: 404)
        }
    }
}

/// Kills a process at the moment it was set for, once.
private final class Trap: Sendable {
    private let state = Mutex<(at: String, pid: pid_t, status: Int)>(("", 0, 200))

    func set(at moment: String, pid: pid_t) { state.withLock { ($0.at, $0.pid) = (moment, pid) } }

    var status: Int {
        get { state.withLock { $0.status } }
        set { state.withLock { $0.status = newValue } }
    }

    func spring(_ moment: String) {
        state.withLock { state in
            guard state.at == moment, state.pid > 1 else { return }
            kill(state.pid, SIGKILL)
            state.at = ""
        }
    }
}
