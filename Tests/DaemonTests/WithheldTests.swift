import CycleKit
import Journal
import Model
import TestKit
import Testing
@testable import Cycle
@testable import Daemon

/// What was decided and may no longer happen.
@Suite struct WithheldTests {
    let place = Workplace()
    let settings = Crowd.settings()

    @Test("decided on a full disk, stopped by a person meanwhile: it never reaches the gate", arguments: [false, true])
    func stoppedMeanwhile(restarts: Bool) async throws {
        let gate = place.gate(settings)
        let policies = try Crowd.policies { $0 = $0.replacing("ttl: 1m", with: "ttl: 10m") }
        var core = try place.core(settings, policies, gate: gate)
        await core.pass(Crowd.noisy, place.clock)
        if restarts {
            // The commit is the last that this process tells of: it is not known whether the lease was in force.
            await core.pass(Crowd.noisy, place.clock)
            await core.close()
            try place.folder.turnKillSwitchOn()
            let fresh = place.gate(settings)
            core = try place.core(settings, policies, gate: fresh)
            await core.publishLeases()
            #expect(!fresh.refuses("app-shop"))
            for _ in 0..<2 { await core.pass(Crowd.noisy, place.clock) }
            #expect(!fresh.refuses("app-shop"))
        } else {
            let remove = try await Obstacle.readOnly.raise(core, place)
            #expect(await !core.pass(Crowd.noisy, place.clock))
            try place.folder.turnKillSwitchOn()
            try await remove()
            for _ in 0..<3 {
                #expect(await core.pass(Crowd.noisy, place.clock))
                #expect(!gate.refuses("app-shop"))
            }
        }
        let (leases, kinds) = try place.read { (try $0.leases(), try $0.audit().map(\.entry.kind)) }
        #expect(leases.map(\.state) == [.ended])
        #expect(kinds.filter { $0 == "lease.withheld" }.count == 1)
        // Lifted, it is decided anew, on what holds then.
        try place.folder.turnKillSwitchOff()
        await core.pass(Crowd.noisy, place.clock)
        #expect(try place.read { try $0.leases().map(\.state).sorted { $0.rawValue < $1.rawValue } } == [.ended, .intended])
    }

    @Test("an extension decided before a stop and written down after it does not reach the gate until actions are resumed")
    func noLateExtension() async throws {
        let gate = place.gate(settings)
        let core = try place.core(settings, try Crowd.policies(), gate: gate)
        for _ in 0..<4 { await core.pass(Crowd.noisy, place.clock) }
        #expect(gate.refuses("app-shop"))
        let end = try #require(try place.read { try $0.leases().first }).expiresAt
        let remove = try await Obstacle.readOnly.raise(core, place)
        #expect(await !core.pass(Crowd.noisy, place.clock))
        try place.folder.turnKillSwitchOn()
        try await remove()
        #expect(await core.pass(Crowd.noisy, place.clock))
        #expect(try #require(try place.read { try $0.leases().first }).expiresAt > end, "on paper it is longer")
        #expect(gate.refuses("app-shop"), "what was in force stays so")
        while place.clock.now() < end { await core.pass(Crowd.noisy, place.clock) }
        #expect(!gate.refuses("app-shop"))
        try place.folder.turnKillSwitchOff()
        await core.pass(Crowd.noisy, place.clock)
        #expect(gate.refuses("app-shop"))
    }

    @Test("a reload that names a gate does not act before there is one")
    func gateToCome() async throws {
        var without = settings
        without.landable = []
        let core = try place.core(without, try Crowd.policies())
        await core.pass(Crowd.noisy, place.clock)
        await core.reload(settings: settings, policies: try Crowd.policies())
        for _ in 0..<2 { await core.pass(Crowd.noisy, place.clock) }
        #expect(await core.openIncidents.first?.decisions.map(\.verdict.word) == ["refused"])
        #expect(try place.read { try $0.leases().isEmpty })
    }
}
