import Ambient
import ChaosKit
import Collector
import Composition
import Configuration
import CycleKit
import Daemon
import Glibc
import HTTP
import Model

/// One process of the monitor, as far as it is one: everything that `run` makes, from the configuration's text on, and its end.
final class Life: Sendable {
    private let around: Surroundings
    private let lane: Lane
    private let parts: DaemonParts
    private let stop = Bell()
    private let running: Task<Bool, Never>

    init(_ around: Surroundings, _ stories: Stories, _ timers: Timers, _ clock: ManualClock, _ lane: Lane, _ logger: Logger) throws {
        self.around = around
        self.lane = lane
        let configuration = try Life.load(around)
        let assembly = try Assembly(
            configuration, policies: try Assembly.loadPolicies(configuration), environment: Environment([:]), clock: clock,
            version: "soak", logger: logger)
        let parts = try DaemonParts(assembly, clock: clock, version: "soak", logger: logger)
        self.parts = parts
        try parts.startServers()
        var (monitor, _) = try parts.monitor(SystemdNotifier(environment: Environment([:]))) { throw ChaosFailure("there is no model") }
        timers.begin()
        monitor.poll = { _, due in
            let begin = clock.now()
            let found = stories.poll(at: begin, due)
            try? await clock.sleep(for: (found.map(\.at).max() ?? begin) - begin)
            timers.polled(begin, until: clock.now())
            return found
        }
        let (daemon, stop) = (monitor, stop)
        lane.watch(Lane.Monitor(core: parts.core, client: assembly.client))
        running = Task.detached { await daemon.run { await stop.wait(atMost: .hours(24 * 365), clock: clock) } }
    }

    private static func load(_ around: Surroundings) throws -> Configuration {
        try ConfigurationLoader(ConfigurationFlags(config: around.folder + "/mozaiks-ops.yaml"), in: Environment([:])).load()
    }

    var core: Core { parts.core }

    /// As on SIGHUP.
    func reload() async {
        let around = around
        await parts.reload(SystemdNotifier(environment: Environment([:]))) { try Life.load(around) }
    }

    /// What a start of an app is answered; nil: nothing.
    func start(_ app: String) async -> Int? {
        let question = HTTPRequest(
            .get, "http://127.0.0.1:\(around.gatePort)/gate?refuse=403",
            headers: [
                HTTPField("X-Original-Method", "POST"), HTTPField("X-Original-URI", "/api/chats/\(app)/HelloWorld/start"),
            ])
        return try? await parts.assembly.client.send(question).status
    }

    /// Until what the core had to do is done.
    func rest() async { _ = await parts.core.state }

    /// - Parameter isKilled: what it writes down from this moment on is lost, as when it was killed now.
    func end(isKilled: Bool) async throws {
        await rest()
        let isDeposed = isKilled && around.database != nil
        if isDeposed { Harness.have(.depose) } else if isKilled { try copy("/state/journal.db", "/kept.db") }
        stop.ring()
        let isSaved = await running.value
        parts.stopServers()
        lane.watch(nil)
        await parts.assembly.client.shutdown()
        // Whoever is the engine no more can save nothing.
        guard isSaved || isDeposed else { throw ChaosFailure("the monitor did not stop well") }
        guard isKilled, !isDeposed else { return }
        for suffix in ["", "-wal", "-shm"] { unlink(around.folder + "/state/journal.db" + suffix) }
        try copy("/kept.db", "/state/journal.db")
    }

    /// A database and what of it lies beside it.
    private func copy(_ from: String, _ to: String) throws {
        for suffix in ["", "-wal"] {
            let (source, target) = (around.folder + from + suffix, around.folder + to + suffix)
            guard access(source, F_OK) == 0 else {
                unlink(target)
                continue
            }
            let (input, output) = (open(source, O_RDONLY | O_CLOEXEC), open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600))
            defer {
                close(input)
                close(output)
            }
            guard input >= 0, output >= 0 else { throw ChaosFailure("cannot copy \(source)") }
            while true {
                let count = sendfile(output, input, nil, 1 << 24)
                guard count >= 0 else { throw ChaosFailure("cannot copy \(source)") }
                if count == 0 { break }
            }
        }
    }
}
