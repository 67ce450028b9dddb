import Glibc
import JSONParsing
import Journal
import Model
import Synchronization
import TestKit
import Testing

@testable import Simulator

/// The real program, killed at bad moments, against a simulated world on loopback.
@Suite(.serialized) struct KillTests {
    /// Moments at which the program is killed, by what its log says just before.
    enum Moment: String, CaseIterable {
        case pending = "inactive => pending"
        case firing = "pending => firing"
        case leased = "action in force at the gate"
        case clearing = "firing => clearing"
    }

    @Test(
        "killed while pending, on firing, with a lease in force, while clearing: nothing lost, nothing done twice"
    )
    func story() throws {
        let world = try World()
        defer { world.stop() }
        // How long after the sign of a moment it is killed, in milliseconds: within its commit, or after it.
        var random = SplitMix64(seed: 20_261_121)
        for moment in Moment.allCases {
            let program = try world.run()
            if moment == .leased {
                // In force means refused at the door.
                #expect(wait { world.refused > 0 }, "\(program.errors)")
            } else {
                let seen = program.waits { _, log in
                    log.contains(moment.rawValue) && log.contains("rule=noisy-neighbor")
                }
                #expect(seen, "no \(moment): \(program.errors)")
            }
            usleep(UInt32(random.integer(0...40)) * 1_000)
            program.send(SIGKILL)
            #expect(program.waitForEnd().signal == SIGKILL)
            if moment == .leased {
                // Nobody is held back by a monitor that is dead.
                let (refused, open) = (world.refused, world.failedOpen)
                #expect(wait { world.failedOpen > open + 3 })
                #expect(world.refused == refused)
            }
        }
        let program = try world.run()
        #expect(wait { (try? world.isOver()) ?? false }, "\(program.errors)")
        program.send(SIGTERM)
        #expect(program.waitForEnd().code == 0)
        try world.check()
    }

    /// Polls for a condition; false when it did not hold within 40 s.
    private func wait(_ condition: () -> Bool) -> Bool {
        for _ in 0..<2_000 {
            if condition() { return true }
            usleep(20_000)
        }
        return false
    }
}

/// A runtime with a noisy tenant behind a front door, a Slack sink, and the files of a monitor in front of it.
private final class World: Sendable {
    private let folder = TemporaryFolder()
    private let simulator: SimulatorServer
    private let slack = SlackSink()
    private let configuration: String

    static let policy = """
        schema: mozaiks.ops/policy/v1
        ops_policy: default
        mode: enforce
        window: 5s
        clear_after: 2s
        thresholds: {noisy_share: 40%, noisy_min_runs: 10, max_active_runs: 20}
        allowed_actions: [notify, throttle]
        rules:
          noisy-neighbor:
            subject: app
            when: active_runs.share > $noisy_share and runtime.active_runs >= $noisy_min_runs
            for: 2s
            severity: warning
            summary: One app takes more than its share of the runtime.
            actions:
              - notify
              - throttle: {concurrent_workflows: 2, ttl: 12s, only_if: runtime.active_runs > 0.5 * $max_active_runs}

        """

    init() throws {
        var scenario = try #require(Scenario.named("demo"))
        scenario.duration = nil
        let shop = try #require(scenario.tenants.firstIndex { $0.app == AppID("app-shop") })
        // Noisy from the third second on, until it meets the gate for good: its time is that of the kills.
        scenario.tenants[shop].loads.removeLast()
        scenario.tenants[shop].loads[1].from = .seconds(3)
        scenario.tenants[shop].givesUpAfterRefusals = 12
        let gatePort = try World.freePort()
        var options = SimulatorServer.Options()
        options.clients = .throughFrontDoor(
            {
                var door = FrontDoor.Options()
                door.gatePort = gatePort
                return door
            }())
        simulator = SimulatorServer(scenario, options: options)
        try slack.start()
        try simulator.start()
        mkdir(folder.path("policies"), 0o700)
        folder.write(World.policy, to: "policies/ops_policy.default.yaml")
        let webhook = folder.write(slack.webhookURL, to: "slack")
        configuration = folder.write(
            """
            schema: mozaiks.ops/config/v1
            environment: test
            mode: enforce
            interval: 1s
            state: \(folder.path("state"))
            policies: \(folder.path("policies"))
            runtimes:
              shared: {replicas: [\(simulator.urls[0])]}
            actions:
              gate: {listen: 127.0.0.1:\(gatePort)}
            channels:
              ops: {slack: {webhook_url_file: \(webhook)}}

            """, to: "mozaiks-ops.yaml")
    }

    func stop() {
        simulator.stop()
        slack.stop()
    }

    /// Starts the monitor.
    func run() throws -> RunningProgram {
        try RunningProgram(
            RunningProgram.built, ["run", "--config", configuration], environment: ["PATH": "/usr/bin:/bin"],
            in: folder.path,
            atMost: 60)
    }

    var refused: Int { simulator.frontDoor?.counts.refused ?? 0 }
    var failedOpen: Int { simulator.frontDoor?.counts.failedOpen ?? 0 }

    private func read<R>(_ body: (Journal) throws -> R) throws -> R {
        let journal = try Journal.open(try StateFolder(existing: folder.path("state")), mode: .reader)
        defer { journal.close() }
        return try body(journal)
    }

    /// Resolved, run out, told.
    func isOver() throws -> Bool {
        try read { journal in
            let incidents = try journal.incidents()
            return try !incidents.isEmpty && incidents.allSatisfy { $0.status == .resolved }
                && journal.leases().allSatisfy { $0.state == .ended } && journal.outboxCounts().pending == 0
        }
    }

    func check() throws {
        let (incidents, leases, messages, audit) = try read {
            (try $0.incidents(), try $0.leases(), try $0.outbox(), try $0.verifyAudit())
        }
        // One incident of the noisy tenant; what came back within the flap time is counted on it.
        #expect(incidents.map { $0.subject.app } == [AppID("app-shop")])
        let incident = try Incident(document: JSON(parsing: Array(try #require(incidents.first).document.utf8)))
        let openings = incident.transitions.filter { $0.to == .firing && $0.from == .pending }.count
        #expect(openings == incident.flaps + 1)
        #expect(incident.transitions.last?.to == .inactive)
        // One lease, once.
        #expect(leases.count == 1)
        #expect(leases.first?.key.app == AppID("app-shop"))
        #expect(incident.decisions.filter { $0.verdict == .act }.map(\.lease).allSatisfy { $0 == leases.first?.id })
        #expect(messages.filter { $0.message.event == .opened }.count == openings)
        #expect(messages.filter { $0.message.event == .resolved }.count == openings)
        #expect(messages.allSatisfy { $0.state == .sent || $0.state == .merged })
        #expect(slack.refusals.isEmpty)
        let posts = slack.posts.map { $0.payload.document.serialized() }
        #expect(posts.contains { $0.contains("Resolved") }, "\(posts)")
        #expect(posts.contains { !$0.contains("Resolved") }, "\(posts)")
        // Each message at least once; twice at most where a kill came between sending and writing it down.
        #expect((messages.count...messages.count + 4).contains(slack.posts.count), "\(posts)")
        if case .broken(let row, let why) = audit { Issue.record("audit row \(row): \(why)") }
    }

    private static func freePort() throws -> UInt16 {
        let probe = SlackSink()
        try probe.start()
        defer { probe.stop() }
        return probe.port
    }
}
