import Ambient
import Collector
import CycleKit
import Glibc
import HTTP
import Model
import Notify
import Simulator
import Synchronization
import TestKit
import Testing

@testable import Cycle
@testable import Daemon
@testable import Journal

/// The long-lived loop: runtimes side by side, and a stop that loses nothing.
@Suite(.timeLimit(.minutes(2))) struct DaemonTests {
    /// Counts cycles by runtime.
    final class Cycles: Sendable {
        private let counts = Mutex<[String: Int]>([:])
        func add(_ report: CycleReport) { counts.withLock { $0[report.summary.runtime, default: 0] += 1 } }
        subscript(_ runtime: String) -> Int { counts.withLock { $0[runtime] ?? 0 } }
    }

    /// A channel that hangs until its task is cancelled.
    struct HungChannel: Channel {
        let name: String
        let clock: ManualClock

        func deliver(_ message: Message) async -> Delivery {
            do { try await clock.sleep(for: .hours(1)) } catch {}
            return .retry(after: nil, reason: "cancelled")
        }
    }

    private func daemon(
        _ core: Core, _ targets: [Target], client: HTTPClient, senders: [Sender] = [],
        clock: any Clock = SystemClock(), recorder: (@Sendable (TapeStep) -> Void)? = nil
    ) -> Daemon {
        Daemon(
            core: core, targets: targets, poller: Poller(client: client, clock: clock), senders: SenderCrew(senders),
            interval: .seconds(0.1),
            clock: clock, logger: .silent, notifier: SystemdNotifier(environment: Environment([:])),
            recorder: recorder)
    }

    private func target(_ name: String, _ url: String, _ client: HTTPClient) -> Target {
        Target(
            runtime: name, replicas: [url], authenticator: Authenticator(.none, client: client), timeout: .seconds(60))
    }

    /// Polls for a condition; false when it did not hold within 40 s.
    private static func wait(_ condition: () -> Bool) async -> Bool {
        for _ in 0..<4_000 {
            if condition() { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    @Test("a runtime that hangs delays nobody's cycle and no stop; what was polled is kept")
    func hung() async throws {
        let quick = try FixtureServer(folder: Fixtures.copies + "/busy")
        try quick.start()
        defer { quick.stop() }
        var scenario = try #require(Scenario.named("quiet"))
        scenario.faults = [FaultWindow(.hang, from: .zero)]
        let hung = SimulatorServer(scenario)
        try hung.start()
        defer { hung.stop() }
        let place = Workplace(clock: ManualClock(SystemClock().now()))
        var settings = Crowd.settings()
        settings.runtimes = [
            .init(name: "hung", replicas: hung.urls), .init(name: "quick", replicas: [quick.url]),
        ]
        let (cycles, taped) = (Cycles(), Lines())
        let core = try place.core(settings, onReport: { cycles.add($0) })
        let client = try HTTPClient(HTTPClient.Options(userAgent: "test"))
        let daemon = daemon(
            core, [target("hung", hung.urls[0], client), target("quick", quick.url, client)], client: client,
            recorder: { if case .polled(let seen) = $0 { taped.add(seen.first?.runtime ?? "") } })
        let saved = await daemon.run { #expect(await Self.wait { cycles["quick"] >= 8 }) }
        await client.shutdown()
        #expect(saved)
        #expect(cycles["hung"] == 0)
        // A tape would have what was judged, and nothing else.
        #expect(taped.text == String(repeating: "quick", count: cycles["quick"]))
        let keys = try place.read { try $0.stateKeys() }
        #expect(Set(keys).isSuperset(of: ["engine:quick", "guard", "signals:quick"]))
        #expect(try place.read { try $0.chats(runtime: "quick").first?.chats.count } == 12)
        // The lock is free: the next engine starts at once.
        await (try place.core(settings)).close()
    }

    @Test("a stop sends what is due, then lets go of the journal")
    func drains() async throws {
        let place = Workplace()
        let core = try place.core(Crowd.settings(), try Crowd.policies())
        for _ in 0..<2 { await core.pass(Crowd.noisy, place.clock) }
        let channel = SenderTests.ScriptedChannel()
        let sender = Sender(channel: channel, core: core, clock: place.clock, logger: .silent)
        let client = try HTTPClient(HTTPClient.Options(userAgent: "test"))
        #expect(await daemon(core, [], client: client, senders: [sender], clock: place.clock).run {})
        await client.shutdown()
        #expect(channel.given.text == "opened app-shop\n")
        #expect(try place.read { try $0.outbox().map(\.state) } == [.sent])
        await (try place.core(Crowd.settings())).close()
    }

    /// What is left of a core.
    private struct Remains {
        weak let core: Core?
    }

    @Test("whoever has ended holds nothing: a core that rings its senders goes with them")
    func letsGo() async throws {
        let place = Workplace()
        let crew = SenderCrew()
        func live() async throws -> Remains {
            let core = try place.core(Crowd.settings(), onMessages: { crew.ring() })
            crew.add(Sender(channel: SenderTests.ScriptedChannel(), core: core, clock: place.clock, logger: .silent))
            crew.start()
            await crew.end(within: .seconds(5), clock: place.clock)
            await core.close()
            return Remains(core: core)
        }
        let remains = try await live()
        // The thread that ran the last of its tasks may yet have to let go of it.
        #expect(await Self.wait { remains.core == nil })
        #expect(crew.senders.isEmpty)
    }

    @Test("channels that hang hold a stop up for five seconds, not longer; their messages wait in the journal")
    func hungChannels() async throws {
        let place = Workplace()
        var settings = Crowd.settings()
        settings.channels = ["ops", "mail", "pager"]
        let core = try place.core(settings, try Crowd.policies())
        for _ in 0..<2 { await core.pass(Crowd.noisy, place.clock) }
        let clock = place.clock
        let senders = settings.channels.map { name in
            Sender(channel: HungChannel(name: name, clock: clock), core: core, clock: clock, logger: .silent)
        }
        let client = try HTTPClient(HTTPClient.Options(userAgent: "test"))
        let daemon = daemon(core, [], client: client, senders: senders, clock: clock)
        let stopping = Task { await daemon.run {} }
        // Three deliveries and the end of the stop's patience.
        #expect(await Self.wait { clock.sleepers == 4 })
        clock.advance(by: .seconds(5))
        #expect(await stopping.value)
        await client.shutdown()
        #expect(try place.read { try $0.outbox().map(\.state) } == [.pending, .pending, .pending])
    }

    @Test("a stop on a full disk says that it could not save")
    func cannotSave() async throws {
        let place = Workplace()
        let core = try place.core(Crowd.settings(), try Crowd.policies())
        // Those of the second are, since it opens an incident; the third one's signals are not written yet.
        for _ in 0..<3 { await core.pass(Crowd.noisy, place.clock) }
        _ = try await Obstacle.readOnly.raise(core, place)
        let client = try HTTPClient(HTTPClient.Options(userAgent: "test"))
        #expect(await !daemon(core, [], client: client, clock: place.clock).run {})
        await client.shutdown()
    }

    // MARK: - The program

    @Test("SIGHUP: policies with errors keep the old ones in force; sound ones replace them, and removed rules resolve")
    func reload() throws {
        let runtime = try FixtureServer(folder: Fixtures.copies + "/busy")
        try runtime.start()
        defer { runtime.stop() }
        let folder = TemporaryFolder()
        mkdir(folder.path("policies"), 0o700)
        func write(_ rule: String, _ condition: String) {
            folder.write(
                """
                schema: mozaiks.ops/policy/v1
                ops_policy: default
                rules:
                  \(rule): {subject: runtime, when: \(condition), for: 0s, severity: warning, summary: Too many.}

                """, to: "policies/ops_policy.default.yaml")
        }
        write("crowded", "open_runs > 1")
        let program = try RunningProgram(
            RunningProgram.built,
            [
                "run", "--url", runtime.url, "--interval", "1s", "--policies", folder.path("policies"), "--state",
                folder.path("state"),
            ],
            environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path], in: folder.path, atMost: 60)
        #expect(program.waits { _, log in log.contains("inactive => firing") }, "\(program.errors)")
        write("crowded", "open_rnus > 1")
        program.send(SIGHUP)
        #expect(program.waits { _, log in log.contains("reload failed") }, "\(program.errors)")
        #expect(program.errors.contains("open_rnus"))
        write("unheard-of", "open_runs > 1000")
        program.send(SIGHUP)
        #expect(
            program.waits { _, log in log.contains("firing => inactive") && log.contains("reloaded") },
            "\(program.errors)")
        #expect(program.errors.contains("changed=\"rule crowded: gone; rule unheard-of: new\""), "\(program.errors)")
        #expect(program.errors.contains("msg=\"in force\" mode=observe rules=1 channels=none"), "\(program.errors)")
        #expect(program.errors.contains("severity=") && program.errors.contains(" app=- runtime=default"), "\(program.errors)")
        program.send(SIGTERM)
        #expect(program.waitForEnd().code == 0)
        let journal = try Journal.open(try StateFolder(existing: folder.path("state")), mode: .reader)
        defer { journal.close() }
        let incidents = try journal.incidents()
        #expect(incidents.map(\.rule) == ["crowded"])
        #expect(incidents.first?.document.contains("\"resolve_reason\":\"removed\"") == true)
    }

    @Test("SIGHUP: a channel that is added hears what is open, one that changed hears the rest, one that is gone nothing")
    func reloadedChannels() async throws {
        let runtime = try FixtureServer(folder: Fixtures.copies + "/busy")
        try runtime.start()
        let heard = Mutex<[String]>([])
        let hook = try MisbehavingServer { request, peer in
            let event = request.head.split(separator: "\r\n").first { $0.hasPrefix("X-Mozaiks-Event: ") }
            heard.withLock { $0.append("\(request.path) \(event?.dropFirst(17) ?? "?")") }
            peer.answer(200, "ok")
        }
        defer { hook.stop() }
        let folder = TemporaryFolder()
        mkdir(folder.path("policies"), 0o700)
        folder.write("a-secret-that-is-long-enough", to: "secret")
        folder.write(
            """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            rules:
              crowded: {subject: runtime, when: open_runs > 1, for: 0s, severity: warning, summary: Too many., actions: [notify]}

            """, to: "policies/ops_policy.default.yaml")
        func write(_ channels: [(name: String, path: String)]) {
            let lines = channels.map { name, path in
                "  \(name): {webhook: {url: \(hook.url)/\(path), secret_file: \(folder.path("secret"))}}\n"
            }
            folder.write(
                """
                schema: mozaiks.ops/config/v1
                interval: 1s
                policies: \(folder.path("policies"))
                state: \(folder.path("state"))
                runtimes: {shared: {replicas: [\(runtime.url)]}}
                channels:
                \(lines.joined())
                """, to: "mozaiks-ops.yaml")
        }
        func hears(_ line: String) -> Bool { heard.withLock { $0.contains(line) } }
        write([("stays", "stays"), ("moves", "before"), ("goes", "goes")])
        let program = try RunningProgram(
            RunningProgram.built, ["run", "--config", folder.path("mozaiks-ops.yaml")],
            environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path], in: folder.path, atMost: 60)
        #expect(await Self.wait { hears("/stays opened") && hears("/before opened") && hears("/goes opened") })
        write([("stays", "stays"), ("moves", "after"), ("joins", "joins")])
        program.send(SIGHUP)
        #expect(program.waits { _, log in log.contains("channels=goes,joins,moves") }, "\(program.errors)")
        #expect(await Self.wait { hears("/joins opened") })
        runtime.stop()
        folder.write(
            """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            rules:
              other: {subject: runtime, when: open_runs > 1000, for: 0s, severity: warning, summary: Too many., actions: [notify]}

            """, to: "policies/ops_policy.default.yaml")
        program.send(SIGHUP)
        #expect(
            await Self.wait { hears("/stays resolved") && hears("/after resolved") && hears("/joins resolved") },
            "\(heard.withLock { $0 })")
        program.send(SIGTERM)
        #expect(program.waitForEnd().code == 0)
        #expect(!hears("/goes resolved") && !hears("/before resolved"))
        #expect(heard.withLock { $0.filter { $0 == "/stays opened" }.count } == 1)
        let journal = try Journal.open(try StateFolder(existing: folder.path("state")), mode: .reader)
        defer { journal.close() }
        #expect(try journal.stranded(besides: ["stays", "moves", "joins"]).map(\.channel) == ["goes"])
    }
}
