import CycleKit
import Dispatch
import Model
import Server
import TestKit
import Testing

@testable import Cycle
@testable import Daemon
@testable import Journal

/// Cycles whose polls are over while the core is busy go into one transaction, and each is told behind it.
@Suite struct GroupCommitTests {
    typealias Recorder = @Sendable (TapeStep) -> Void
    static let names = ["first", "second", "third", "fourth"]

    private func settings(_ names: [String] = GroupCommitTests.names) -> MonitorSettings {
        var settings = Crowd.settings()
        settings.runtimes = names.map { .init(name: $0, replicas: ["http://127.0.0.1/\($0)"]) }
        return settings
    }

    /// Of all of them, at once; the noisy ones are noisy.
    private func polls(
        _ names: [String] = GroupCommitTests.names, noisy: Set<String> = [], at: Timestamp
    ) -> [(runtime: String, observations: [Observation])] {
        names.map { name in
            let open = noisy.contains(name) ? Crowd.noisy : Crowd.calm
            return (name, Crowd.poll(open, at: at, runtime: name, replica: "http://127.0.0.1/\(name)"))
        }
    }

    private func instruments(_ place: Workplace) -> Instruments {
        Instruments(version: "1.2.3", clock: place.clock, patience: .minutes(2))
    }

    /// Holds the core up in the cycle of the first until all of the others wait, in their order.
    private func together(
        _ core: Core, _ polls: [(runtime: String, observations: [Observation])], recorder: Recorder? = nil
    ) async -> [Bool] {
        let (entered, mayGoOn) = (Lines(), DispatchSemaphore(value: 0))
        let holding: Recorder = { step in
            guard case .judged = step else { return }
            entered.add("entered")
            mayGoOn.wait()
        }
        let first = polls[0]
        var tasks = [Task { await core.cycle(first.runtime, first.observations, recorder: holding) }]
        while entered.text.isEmpty { await Task.yield() }
        for (index, poll) in polls.dropFirst().enumerated() {
            tasks.append(Task { await core.cycle(poll.runtime, poll.observations, recorder: recorder) })
            while core.waiting.count <= index { await Task.yield() }
        }
        mayGoOn.signal()
        var outcomes: [Bool] = []
        for task in tasks { outcomes.append(await task.value) }
        return outcomes
    }

    @Test("what waits for the core is judged in its order and committed once")
    func once() async throws {
        let place = Workplace()
        let (instruments, reports) = (instruments(place), Lines())
        let core = try place.core(
            settings(), try Crowd.policies(), instruments: instruments, onReport: { reports.add($0.summary.runtime + " ") })
        #expect(await together(core, polls(at: place.clock.now())) == [true, true, true, true])
        #expect(instruments.snapshot.commits.count == 2)
        #expect(instruments.snapshot.committed == 4)
        #expect(await core.state.cycles == 4)
        #expect(reports.text == "first second third fourth ")
        #expect(core.waiting.count == 0)
        await core.close()
    }

    @Test("whoever comes alone waits for nobody: a commit each")
    func alone() async throws {
        let place = Workplace()
        let instruments = instruments(place)
        let core = try place.core(settings(), try Crowd.policies(), instruments: instruments)
        for (runtime, observations) in polls(at: place.clock.now()) { #expect(await core.cycle(runtime, observations)) }
        #expect(instruments.snapshot.commits.count == 4)
        await core.close()
    }

    @Test("no more than so many go into one, so that the first is not kept waiting for all")
    func most() async throws {
        let place = Workplace()
        let names = (0...(Core.mostCyclesPerCommit + 8)).map { "runtime-\($0)" }
        let instruments = instruments(place)
        let core = try place.core(settings(names), try Crowd.policies(), instruments: instruments)
        let outcomes = await together(core, polls(names, at: place.clock.now()))
        #expect(outcomes == names.map { _ in true })
        // The one that held the others up, the most that go together, the eight left.
        #expect(instruments.snapshot.commits.count == 3)
        await core.close()
    }

    /// What the journal keeps for good, in its order.
    private struct Kept: Equatable {
        let incidents: [String]
        let leases: [LeaseRow]
        let messages: [OutboxMessage]
        let audit: [AuditRow]
        let engine: [String: [UInt8]]

        init(_ place: Workplace) throws {
            (incidents, leases, messages, audit, engine) = try place.read { journal in
                let keys = try journal.stateKeys().filter { $0.hasPrefix("engine") }
                return (
                    try journal.incidents().map(\.document), try journal.leases(), try journal.outbox().map(\.message), try journal.audit(),
                    Dictionary(uniqueKeysWithValues: try keys.map { ($0, try journal.state($0) ?? []) })
                )
            }
        }
    }

    @Test("a group leaves in the journal what its cycles would have left one after the other")
    func sameJournal() async throws {
        let (grouped, single) = (Workplace(), Workplace())
        let noisy: Set = ["second", "third", "fourth"]
        let one = try grouped.core(settings(), try Crowd.policies())
        let other = try single.core(settings(), try Crowd.policies())
        for _ in 0..<3 {
            grouped.clock.advance(by: .seconds(10))
            #expect(await together(one, polls(noisy: noisy, at: grouped.clock.now())).allSatisfy { $0 })
            single.clock.advance(by: .seconds(10))
            for (runtime, observations) in polls(noisy: noisy, at: single.clock.now()) {
                #expect(await other.cycle(runtime, observations))
            }
        }
        let kept = try Kept(grouped)
        #expect(kept.incidents.count == 3 && !kept.leases.isEmpty && !kept.messages.isEmpty)
        #expect(kept == (try Kept(single)))
        await one.close()
        await other.close()
    }

    private func refuses(_ gate: Gate, _ runtime: String) -> Bool {
        let target = Array("/api/chats/app-shop/HelloWorld/start".utf8)
        if case .start(.refuse) = gate.ask(method: "POST", target: target, runtime: runtime) { return true }
        return false
    }

    @Test("a lease that one of a group decides is at the gate behind the group's commit, and not before")
    func leases() async throws {
        let place = Workplace()
        let (gate, seen) = (place.gate(settings()), Lines())
        let core = try place.core(settings(), try Crowd.policies(), gate: gate)
        #expect(await together(core, polls(noisy: ["second"], at: place.clock.now())).allSatisfy { $0 })
        place.clock.advance(by: .seconds(10))
        let outcomes = await together(core, polls(noisy: ["second"], at: place.clock.now())) { step in
            guard case .judged(let runtime, _) = step, runtime != "second" else { return }
            seen.add("\(runtime): \(refuses(gate, "second")) ")
        }
        #expect(outcomes.allSatisfy { $0 })
        // `third` and `fourth` are judged behind the one that decided it.
        #expect(seen.text == "third: false fourth: false ")
        #expect(refuses(gate, "second") && !refuses(gate, "third"))
        await core.close()
    }

    @Test("a group whose commit fails: each is told so, nothing of it happens, and the next commit brings all of it")
    func failure() async throws {
        let place = Workplace()
        let (gate, rung) = (place.gate(settings()), Lines())
        let core = try place.core(settings(), try Crowd.policies(), gate: gate, onMessages: { rung.add("rung") })
        #expect(await together(core, polls(noisy: ["second"], at: place.clock.now())).allSatisfy { $0 })
        let remove = try await Obstacle.readOnly.raise(core, place)
        place.clock.advance(by: .seconds(10))
        let names = GroupCommitTests.names + ["stranger"]
        // Of a runtime that nobody configured there is nothing to keep.
        #expect(
            await together(core, polls(names, noisy: ["second"], at: place.clock.now())) == [false, false, false, false, true])
        #expect(!refuses(gate, "second") && rung.text.isEmpty)
        #expect(await core.state.journalError != nil)
        #expect(await core.state.cycles == 8)
        try await remove()
        place.clock.advance(by: .seconds(10))
        #expect(await core.cycle("first", polls(at: place.clock.now())[0].observations))
        #expect(refuses(gate, "second") && rung.text == "rung")
        let (incidents, finding) = try place.read { (try $0.incidents(), try $0.verifyAudit()) }
        #expect(incidents.map(\.status) == [.open])
        #expect(finding == .intact(rows: 2))
        await core.close()
    }
}
