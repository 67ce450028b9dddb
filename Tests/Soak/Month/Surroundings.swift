import ChaosKit
import CycleKit
import Glibc
import JSONParsing
import Journal
import Model
import Server
import Simulator
import Synchronization

/// What the monitor talks to besides its runtime: a control plane and the services that people hear through, on sockets of this
/// process; and its files.
final class Surroundings: Sendable {
    let folder: String
    let controlPlane: ControlPlane
    private let services: HTTPServer
    private let secret = ControlPlane.Options().secret
    let gatePort: UInt16
    let interval: Int
    /// The URL of the database that has the journal; nil: a folder has.
    let database: String?

    init(folder: String, database: String?, interval: Int, clock: ManualClock) throws {
        self.folder = folder
        self.database = database
        self.interval = interval
        var options = ControlPlane.Options()
        options.now = { clock.now() }
        options.notesReads = false
        controlPlane = ControlPlane(options)
        try controlPlane.start()
        let posts = try ChaosLog(folder + "/posts.jsonl")
        let health = Health()
        services = HTTPServer(mode: .threadPerConnection) { request in
            guard ["/slack", "/hook"].contains(request.path) else { return .text("Not found.\n", status: 404) }
            guard health.areWell.load(ordering: .acquiring) else { return .text("fails", status: 500) }
            let body = (try? JSON(parsing: request.body)) ?? .null
            return ChaosServices.take(request, body, posts, now: clock.now()) ?? .text("ok")
        }
        self.health = health
        try services.start()
        let probe = HTTPServer(mode: .epoll(threads: 1)) { _ in .text("") }
        try probe.start()
        gatePort = probe.port
        probe.stop()
        sync()
        mkdir(folder + "/policies", 0o700)
        try write("slack", services.url + "/slack")
        try write("hook", services.url + "/hook")
        try write("secret", "soak")
        try write("webhook-secret", secret)
        try write("mozaiks-ops.yaml", configuration(historyDays: 30))
        try writePolicy(edition: 0)
    }

    /// Where the journal is.
    var state: StateName { StateName(database ?? folder + "/state") }

    /// A server may take a moment to notice that a session has gone, and that its lock is free.
    func awaitLock() throws {
        guard database != nil, let place = try? StateFolder(existing: state) else { return }
        for _ in 0..<500 {
            if EngineLock.holder(of: place) == nil { return }
            usleep(10_000)
        }
        throw ChaosFailure("the engine that ended keeps its lock")
    }

    private final class Health: Sendable {
        let areWell = Atomic<Bool>(true)
    }

    private let health: Health

    func services(areWell: Bool) { health.areWell.store(areWell, ordering: .releasing) }

    /// The platform tells its control plane everything.
    func sync() { for app in Stories.allTenants { controlPlane.sync(app, ChaosServices.entitlements(app)) } }

    /// The built-in rules, acted upon; each edition differs a little from the one before, so that a reload has something to do.
    func writePolicy(edition: Int) throws {
        try write(
            "policies/ops_policy.default.yaml",
            """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            extends: builtin
            mode: enforce
            thresholds: {noisy_min_runs: \(20 + edition % 3), perf_slow: \(edition % 2 == 0 ? "1s" : "1200ms")}

            """)
    }

    private func write(_ name: String, _ text: String) throws {
        let path = folder + "/" + name
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw ChaosFailure("cannot write \(path)") }
        defer { close(file) }
        let bytes = Array(text.utf8)
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else { throw ChaosFailure("cannot write \(path)") }
    }

    /// From the next reload on.
    func keepHistory(days: Int) throws { try write("mozaiks-ops.yaml", configuration(historyDays: days)) }

    private func configuration(historyDays: Int) -> String {
        """
        schema: mozaiks.ops/config/v1
        environment: production
        mode: enforce
        interval: \(interval)s
        state: \(database ?? folder + "/state")
        policies: \(folder)/policies
        runtimes:
          shared: {replicas: ["http://127.0.0.1:8000"]}
        actions:
          gate: {listen: "127.0.0.1:\(gatePort)"}
          lease_api: {url: "\(controlPlane.url)", owner: soak}
          webhook: {url: "\(controlPlane.webhookURL)", secret_file: \(folder)/webhook-secret, expiry: monitor}
          entitlements:
            url: "\(controlPlane.url)"
            runtime: shared
            pause: "off"
            apps:
        \(Stories.allTenants.map { "      \($0): {tenant_id: tenant-\($0)}" }.joined(separator: "\n"))
        history: {retain: \(historyDays)d}
        grouping: {from: 1000, limit: 100000 in 1h}
        channels:
          ops: {slack: {webhook_url_file: \(folder)/slack}}
          hook: {webhook: {url_file: \(folder)/hook, secret_file: \(folder)/secret}}

        """
    }
}
