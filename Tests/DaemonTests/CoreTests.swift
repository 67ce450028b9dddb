import CycleKit
import Glibc
import Journal
import Model
import Policy
import TestKit
import Testing
@testable import Cycle
@testable import Daemon

/// What stands behind the decisions: first the journal, then the gate and the messages.
@Suite struct CoreTests {
    let place = Workplace()
    let settings = Crowd.settings()

    /// Passes until the noisy tenant is paused.
    private func makeNoisy(_ core: Core) async {
        for _ in 0..<3 { await core.pass(Crowd.noisy, place.clock) }
    }

    @Test("noisy => firing => paused at the gate => run out => resolved, and the journal tells it all")
    func story() async throws {
        let gate = place.gate(settings)
        let core = try place.core(settings, try Crowd.policies(), gate: gate)
        await core.pass(Crowd.noisy, place.clock)
        #expect(!gate.refuses("app-shop"))
        await core.pass(Crowd.noisy, place.clock)
        #expect(gate.refuses("app-shop"))
        #expect(!gate.refuses("app-bank"))
        for _ in 0..<8 { await core.pass(Crowd.calm, place.clock) }
        #expect(!gate.refuses("app-shop"))
        let (incidents, leases, messages, audit) = try place.read {
            (try $0.incidents(), try $0.leases(), try $0.outbox(), try $0.audit())
        }
        #expect(incidents.map(\.status) == [.resolved])
        #expect(leases.map(\.state) == [.ended])
        #expect(messages.map(\.message.event) == [.resolved, .opened])
        #expect(audit.map(\.entry.kind) == ["decision.done", "lease.intend", "lease.end"])
    }

    // MARK: - A commit that fails

    @Test("until a commit succeeds nothing happens, and then nothing is lost", arguments: Obstacle.allCases)
    func commitFailure(obstacle: Obstacle) async throws {
        let gate = place.gate(settings)
        let messages = Lines()
        // Long enough that it need not be extended meanwhile.
        let policies = try Crowd.policies { $0 = $0.replacing("ttl: 1m", with: "ttl: 10m") }
        let core = try place.core(settings, policies, gate: gate, onMessages: { messages.add("rung") })
        #expect(await core.pass(Crowd.noisy, place.clock))
        let remove = try await obstacle.raise(core, place)
        for _ in 0..<3 { #expect(await !core.pass(Crowd.noisy, place.clock)) }
        #expect(!gate.refuses("app-shop"))
        #expect(messages.text.isEmpty)
        #expect(await core.state.journalError != nil)
        #expect(await core.state.cycles == 4)
        // Said once, not at every cycle.
        #expect(place.lines.containing("cannot write the journal").count == 1)
        try await remove()
        #expect(await core.pass(Crowd.noisy, place.clock))
        #expect(gate.refuses("app-shop"))
        #expect(messages.text == "rung")
        #expect(await core.state.journalError == nil)
        let (incidents, leases, outbox, finding) = try place.read {
            (try $0.incidents(), try $0.leases(), try $0.outbox(), try $0.verifyAudit())
        }
        #expect(incidents.map(\.status) == [.open])
        #expect(leases.count == 1)
        #expect(outbox.map(\.message.event) == [.opened])
        #expect(finding == .intact(rows: 2))
    }

    @Test("a disk that is full at the end: what was committed is there, and the next start goes on from it")
    func fullAtTheEnd() async throws {
        let gate = place.gate(settings)
        let first = try place.core(settings, try Crowd.policies(), gate: gate)
        await first.pass(Crowd.noisy, place.clock)
        _ = try await Obstacle.readOnly.raise(first, place)
        await first.pass(Crowd.noisy, place.clock)
        #expect(await !first.drain())
        await first.close()
        let second = try place.core(settings, try Crowd.policies(), gate: gate)
        await second.publishLeases()
        #expect(!gate.refuses("app-shop"))
        // What was pending is still pending, and fires now.
        await second.pass(Crowd.noisy, place.clock)
        #expect(gate.refuses("app-shop"))
        #expect(try place.read { try $0.leases().count } == 1)
    }

    // MARK: - Restarts

    @Test("a restart publishes the leases in force before the first poll, and leases nobody twice")
    func restart() async throws {
        let policies = try Crowd.policies()
        let first = try place.core(settings, policies, gate: place.gate(settings))
        await makeNoisy(first)
        await first.close()
        let gate = place.gate(settings)
        let second = try place.core(settings, policies, gate: gate)
        #expect(!gate.refuses("app-shop"))
        await second.publishLeases()
        #expect(gate.refuses("app-shop"))
        await second.pass(Crowd.noisy, place.clock)
        let leases = try place.read { try $0.leases() }
        #expect(leases.map(\.state) == [.inForce])
        #expect(await second.openIncidents.count == 1)
    }

    @Test("a process that ends after every single cycle opens one incident and begins one lease")
    func manyRestarts() async throws {
        let gate = place.gate(settings)
        for index in 0..<14 {
            // Not drained: as if it was killed.
            let core = try place.core(settings, try Crowd.policies(), gate: gate)
            await core.publishLeases()
            await core.pass(index < 4 ? Crowd.noisy : Crowd.calm, place.clock)
            await core.close()
        }
        let (incidents, leases, messages) = try place.read { (try $0.incidents(), try $0.leases(), try $0.outbox()) }
        #expect(incidents.map(\.status) == [.resolved])
        #expect(leases.map(\.state) == [.ended])
        #expect(messages.map(\.message.event) == [.resolved, .opened])
        #expect(!gate.refuses("app-shop"))
    }

    @Test("state of signals that cannot be read costs the windows, once; that of the engine is not guessed at")
    func damagedState() async throws {
        let first = try place.core(settings, try Crowd.policies())
        await makeNoisy(first)
        #expect(await first.drain())
        try await first.execute("UPDATE chats SET checksum = checksum + 1")
        await first.close()
        let second = try place.core(settings, try Crowd.policies())
        #expect(place.lines.containing("restore: the windows of shared start empty").count == 1)
        await second.pass(Crowd.noisy, place.clock)
        #expect(await second.openIncidents.count == 1)
        #expect(await second.drain())
        await second.close()
        let third = try place.core(settings, try Crowd.policies())
        #expect(place.lines.containing("restore:").count == 1)
        try await third.execute("UPDATE state SET checksum = checksum + 1 WHERE key = 'engine:shared'")
        await third.close()
        #expect(throws: JournalError.self) { try place.core(settings, try Crowd.policies()) }
    }

    @Test("a runtime that is no longer configured: its incident resolves as removed, its lease runs out")
    func removedRuntime() async throws {
        let gate = place.gate(settings)
        let first = try place.core(settings, try Crowd.policies(), gate: gate)
        await makeNoisy(first)
        await first.close()
        var others = settings
        others.runtimes = [.init(name: "dedicated", replicas: [Crowd.replica])]
        let second = try place.core(others, try Crowd.policies(), gate: gate)
        for _ in 0..<8 {
            place.clock.advance(by: .seconds(10))
            await second.cycle("dedicated", Crowd.poll(Crowd.calm, at: place.clock.now(), runtime: "dedicated"))
        }
        let (incidents, leases, messages) = try place.read { (try $0.incidents(), try $0.leases(), try $0.outbox()) }
        #expect(incidents.map(\.status) == [.resolved])
        #expect(incidents.first?.document.contains("\"resolve_reason\":\"removed\"") == true)
        #expect(leases.map(\.state) == [.ended])
        #expect(messages.map(\.message.event) == [.resolved, .opened])
        #expect(await second.cycle(Crowd.runtime, Crowd.poll(Crowd.noisy, at: place.clock.now())))
        #expect(try place.read { try $0.incidents().count } == 1)
    }

    // MARK: - Kill switch

    @Test("each turn of the kill switch is a row of the audit log with a name, once, across restarts")
    func killSwitchRows() async throws {
        var core = try place.core(settings, try Crowd.policies())
        func rows() throws -> [String] {
            try place.read { try $0.audit().map(\.entry) }.filter { ["command.stop", "command.resume"].contains($0.kind) }
                .map { "\($0.kind) \($0.actor)" }
        }
        await core.pass(Crowd.calm, place.clock)
        #expect(try rows().isEmpty)
        try place.folder.turnKillSwitchOn(by: "cli:ann")
        for _ in 0..<2 { await core.pass(Crowd.calm, place.clock) }
        #expect(try rows() == ["command.stop cli:ann"])
        await core.close()
        core = try place.core(settings, try Crowd.policies())
        await core.pass(Crowd.calm, place.clock)
        #expect(try rows() == ["command.stop cli:ann"])
        await core.close()
        // Lifted while no engine runs, and stopped again by hand.
        try place.folder.turnKillSwitchOff(by: "cli:bob")
        core = try place.core(settings, try Crowd.policies())
        await core.pass(Crowd.calm, place.clock)
        place.temporary.write("", to: "state/actions.stop")
        await core.pass(Crowd.calm, place.clock)
        #expect(try rows() == ["command.stop cli:ann", "command.resume cli:bob", "command.stop unknown"])
        try place.folder.turnKillSwitchOff()
        await core.pass(Crowd.calm, place.clock)
        #expect(try rows().last == "command.resume unknown")
    }

    @Test("who lifted the switch is not forgotten before it is on disk, and not remembered of another time")
    func whoLifted() async throws {
        let off = "state/actions.resumed"
        func resumes() throws -> [String] {
            try place.read { try $0.audit().map(\.entry) }.filter { $0.kind == "command.resume" }.map(\.actor)
        }
        var core = try place.core(settings, try Crowd.policies())
        try place.folder.turnKillSwitchOn(by: "cli:ann")
        await core.pass(Crowd.calm, place.clock)
        _ = try await Obstacle.readOnly.raise(core, place)
        try place.folder.turnKillSwitchOff(by: "cli:bob")
        _ = await core.cycle(Crowd.runtime, Crowd.poll(Crowd.calm, at: place.clock.now()))
        #expect(place.temporary.read(off) != nil)
        // It dies before it could write it down.
        await core.close()
        core = try place.core(settings, try Crowd.policies())
        await core.pass(Crowd.calm, place.clock)
        #expect(try resumes() == ["cli:bob"])
        #expect(place.temporary.read(off) == nil)
        await core.close()
        // Of a turn that nobody saw.
        try place.folder.turnKillSwitchOn(by: "cli:ann")
        try place.folder.turnKillSwitchOff(by: "cli:eve")
        core = try place.core(settings, try Crowd.policies())
        await core.pass(Crowd.calm, place.clock)
        #expect(try resumes() == ["cli:bob"])
        #expect(place.temporary.read(off) == nil)
        await core.close()
    }

    @Test("a switch that cannot be read holds back what it would, and the audit log says that nobody turned it")
    func unreadableSwitch() async throws {
        let gate = place.gate(settings)
        let core = try place.core(settings, try Crowd.policies(), gate: gate)
        await core.pass(Crowd.calm, place.clock)
        // Something else stands where the folder was: the journal is open, and goes on.
        let away = place.temporary.path("away")
        #expect(rename(place.path, away) == 0)
        place.temporary.write("", to: "state")
        for _ in 0..<3 { await core.pass(Crowd.noisy, place.clock) }
        #expect(unlink(place.path) == 0 && rename(away, place.path) == 0)
        #expect(!gate.refuses("app-shop"))
        await core.pass(Crowd.noisy, place.clock)
        #expect(gate.refuses("app-shop"))
        let rows = try place.read { try $0.audit().map(\.entry) }.filter { $0.kind.hasPrefix("switch.") || $0.kind.hasPrefix("command.") }
        #expect(rows.map { "\($0.kind) \($0.actor)" } == ["switch.unreadable engine", "switch.readable engine"], "\(rows)")
        #expect(place.lines.containing("whether actions are stopped cannot be read").count == 1)
        await core.close()
    }

    @Test("the kill file holds back new leases at the very next tick, and undoes nothing")
    func killSwitch() async throws {
        let gate = place.gate(settings)
        let core = try place.core(settings, try Crowd.policies(), gate: gate)
        await core.pass(Crowd.noisy, place.clock)
        try place.folder.turnKillSwitchOn()
        for _ in 0..<3 { await core.pass(Crowd.noisy, place.clock) }
        #expect(!gate.refuses("app-shop"))
        // People hear of it all the same.
        #expect(try place.read { try $0.outbox().map(\.message.event) } == [.opened])
        #expect(await core.openIncidents.first?.decisions.map(\.verdict.word) == ["refused"])
        try place.folder.turnKillSwitchOff()
        await core.pass(Crowd.noisy, place.clock)
        #expect(gate.refuses("app-shop"))
        try place.folder.turnKillSwitchOn()
        await core.pass(Crowd.noisy, place.clock)
        #expect(gate.refuses("app-shop"))
        // No extension either: it runs out.
        for _ in 0..<6 { await core.pass(Crowd.noisy, place.clock) }
        #expect(!gate.refuses("app-shop"))
        #expect(try place.read { try $0.leases().map(\.state) } == [.ended])
    }

    // MARK: - Commands

    @Test("revert is obeyed once, and the incident starts no other lease")
    func revert() async throws {
        let gate = place.gate(settings)
        let core = try place.core(settings, try Crowd.policies(), gate: gate)
        await makeNoisy(core)
        let lease = try #require(try place.read { try $0.leases().first })
        let number = try place.command("revert", "{\"lease\":\"\(lease.id)\"}")
        for _ in 0..<4 { await core.pass(Crowd.noisy, place.clock) }
        #expect(!gate.refuses("app-shop"))
        let (leases, command, audit) = try place.read {
            (try $0.leases(), try $0.command(number), try $0.audit().map(\.entry.kind))
        }
        #expect(leases.map(\.state) == [.ended])
        #expect(command?.result == "reverted \(lease.id)")
        #expect(audit.filter { $0 == "command.revert" }.count == 1)
        #expect(await core.openIncidents.first?.handling.last?.by == "alice")
    }

    @Test("revert_all; with nothing in force it says so")
    func revertAll() async throws {
        let gate = place.gate(settings)
        let core = try place.core(settings, try Crowd.policies(), gate: gate)
        let early = try place.command("revert_all")
        await makeNoisy(core)
        let late = try place.command("revert_all")
        await core.pass(Crowd.noisy, place.clock)
        #expect(!gate.refuses("app-shop"))
        let results = try place.read { (try $0.command(early)?.result, try $0.command(late)?.result) }
        #expect(results.0 == "nothing is in force")
        #expect(results.1?.hasPrefix("reverted lease-") == true)
    }

    @Test(
        "what cannot be understood is answered",
        arguments: [
            ("make_coffee", "{}", "no command 'make_coffee'"), ("revert", "{}", "no lease named"),
            ("revert", "{\"lease\":7}", "no lease named"), ("revert", "{\"lease\":\"lease-0\"}", "is not in force"),
            ("revert", "{", "not understood"), ("revert_all", "", "not understood"),
        ])
    func unknown(kind: String, arguments: String, expected: String) async throws {
        let core = try place.core(settings, try Crowd.policies())
        let number = try place.command(kind, arguments)
        await core.pass(Crowd.calm, place.clock)
        let result = try place.read { try $0.command(number)?.result } ?? ""
        #expect(result.contains(expected), "\(result)")
        #expect(try place.read { try $0.waitingCommands().isEmpty })
    }

    @Test("a command whose result could not be committed is not obeyed a second time")
    func commandOnAFullDisk() async throws {
        let gate = place.gate(settings)
        let core = try place.core(settings, try Crowd.policies(), gate: gate)
        await makeNoisy(core)
        let number = try place.command("revert_all")
        let remove = try await Obstacle.readOnly.raise(core, place)
        for _ in 0..<3 { #expect(await !core.pass(Crowd.noisy, place.clock)) }
        // Not on disk, so not done yet.
        #expect(gate.refuses("app-shop"))
        try await remove()
        await core.pass(Crowd.noisy, place.clock)
        #expect(!gate.refuses("app-shop"))
        #expect(place.lines.containing("command").filter { $0.contains("revert_all") }.count == 1)
        #expect(try place.read { try $0.command(number)?.result }?.hasPrefix("reverted lease-") == true)
        #expect(try place.read { try $0.audit().filter { $0.entry.kind == "command.revert_all" }.count } == 1)
    }

    // MARK: - Reload

    @Test("a rule that a reload takes away resolves as removed, and its people hear of it")
    func removedRule() async throws {
        let core = try place.core(settings, try Crowd.policies(), gate: place.gate(settings))
        await makeNoisy(core)
        let others = try Crowd.policies { $0 = $0.replacing("noisy-neighbor:", with: "crowded:") }
        await core.reload(settings: settings, policies: others)
        await core.pass(Crowd.calm, place.clock)
        let (incidents, messages) = try place.read { (try $0.incidents(), try $0.outbox()) }
        #expect(incidents.map(\.status) == [.resolved])
        #expect(incidents.first?.document.contains("\"resolve_reason\":\"removed\"") == true)
        #expect(messages.map(\.message.event) == [.resolved, .opened])
        // What is in force runs out; it is not undone by a reload.
        #expect(try place.read { try $0.leases().map(\.state) } == [.inForce])
    }

    @Test("a reload changes what is decided, not what is polled")
    func reloadKeepsTargets() async throws {
        let core = try place.core(settings, try Crowd.policies())
        var others = settings
        others.mode = .observe
        others.interval = .seconds(1)
        others.runtimes = [.init(name: "another", replicas: ["http://127.0.0.1:1"])]
        await core.reload(settings: others, policies: try Crowd.policies())
        await makeNoisy(core)
        #expect(await core.openIncidents.first?.decisions.map(\.verdict.word) == ["would_have"])
        #expect(await core.due(Crowd.runtime).map(\.replica) == [Crowd.replica])
    }

    @Test("what is past its time goes from the journal by itself, and what is open stays")
    func retention() async throws {
        let core = try place.core(settings, try Crowd.policies(), gate: place.gate(settings))
        await makeNoisy(core)
        for _ in 0..<8 { await core.pass(Crowd.calm, place.clock) }
        #expect(try place.read { try $0.incidents().count } == 1)
        await core.pass(Crowd.calm, place.clock, by: .hours(91 * 24))
        for _ in 0..<3 { await core.pass(["app-bank": 4, "app-school": 12], place.clock) }
        let left = try place.read { try $0.incidents() }
        #expect(left.map(\.status) == [.open], "\(left)")
    }
}
