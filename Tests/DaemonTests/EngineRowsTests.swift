import CycleKit
import Engine
import Model
import TestKit
import Testing

@testable import Cycle
@testable import Daemon
@testable import Journal

/// How the engine's state lies in the journal: a row for each runtime, written when that runtime changed.
@Suite struct EngineRowsTests {
    static let runtimes = ["first", "second", "third"]

    private func settings() -> MonitorSettings {
        var settings = Crowd.settings()
        settings.runtimes = EngineRowsTests.runtimes.map { .init(name: $0, replicas: ["http://127.0.0.1/\($0)"]) }
        return settings
    }

    private func poll(_ runtime: String, at: Timestamp) -> [Observation] {
        Crowd.poll(Crowd.noisy, at: at, runtime: runtime, replica: "http://127.0.0.1/\(runtime)")
    }

    private func rows(_ place: Workplace) throws -> [String: [UInt8]] {
        try place.read { journal in
            let keys = try journal.stateKeys().filter { $0.hasPrefix("engine") }
            return Dictionary(uniqueKeysWithValues: try keys.map { ($0, try journal.state($0) ?? []) })
        }
    }

    @Test("a runtime's tick writes its own row and leaves the others as they are")
    func ownRow() async throws {
        let place = Workplace()
        let core = try place.core(settings(), try Crowd.policies())
        for runtime in EngineRowsTests.runtimes {
            #expect(await core.cycle(runtime, poll(runtime, at: place.clock.now())))
        }
        let before = try rows(place)
        #expect(before.keys.sorted() == ["engine:first", "engine:second", "engine:third"])
        place.clock.advance(by: .seconds(10))
        #expect(await core.cycle("second", poll("second", at: place.clock.now())))
        let after = try rows(place)
        #expect(Set(after.keys) == Set(before.keys))
        #expect(after.filter { before[$0.key] != $0.value }.map(\.key) == ["engine:second"])
        await core.close()
        // All of it comes back.
        let again = try place.core(settings(), try Crowd.policies())
        #expect(try rows(place) == after)
        await again.close()
    }

    @Test("what is not configured any more leaves no row behind")
    func removed() async throws {
        let place = Workplace()
        let core = try place.core(settings(), try Crowd.policies())
        for runtime in EngineRowsTests.runtimes {
            #expect(await core.cycle(runtime, poll(runtime, at: place.clock.now())))
        }
        await core.close()
        var fewer = settings()
        fewer.runtimes.removeLast()
        let next = try place.core(fewer, try Crowd.policies())
        place.clock.advance(by: .seconds(10))
        #expect(await next.cycle("first", poll("first", at: place.clock.now())))
        await next.close()
        #expect(try rows(place).keys.sorted() == ["engine:first", "engine:second"])
    }

    @Test("one row for all runtimes, as it was written before, is read and replaced at the first tick")
    func oldRow() async throws {
        let place = Workplace()
        let settings = settings()
        let policies = try Crowd.policies()
        var pipeline = Pipeline(settings: settings, policies: policies)
        for step in 0..<3 {
            for runtime in EngineRowsTests.runtimes {
                let at = place.clock.now() + .seconds(Double(step) * 10)
                for observation in poll(runtime, at: at) { pipeline.take(observation) }
                _ = pipeline.tick(runtime, now: at)
            }
        }
        let old = pipeline.engine.document.serializedBytes()
        #expect(pipeline.engine.openIncidents(of: "third").map(\.rule) == ["noisy-neighbor"])
        let folder = try place.folder
        let journal = try Journal.open(
            folder, mode: .engine(try EngineLock(folder: folder, now: place.clock.now())))
        try journal.commitTick(TickRecord(states: [StateRow(key: "engine", bytes: old)]))
        journal.close()

        place.clock.advance(by: .seconds(30))
        let core = try place.core(settings, policies)
        #expect(await core.openIncidents.count == 3)
        #expect(await core.cycle("first", poll("first", at: place.clock.now())))
        #expect(try rows(place).keys.sorted() == ["engine:first", "engine:second", "engine:third"])
        await core.close()
        let again = try place.core(settings, policies)
        #expect(await again.openIncidents.count == 3)
        await again.close()
    }

    @Test("a row that is about another runtime than its key says is refused")
    func misplaced() async throws {
        let place = Workplace()
        let core = try place.core(settings(), try Crowd.policies())
        #expect(await core.cycle("first", poll("first", at: place.clock.now())))
        await core.close()
        let bytes = try #require(try rows(place)["engine:first"])
        let folder = try place.folder
        let journal = try Journal.open(
            folder, mode: .engine(try EngineLock(folder: folder, now: place.clock.now())))
        try journal.commitTick(TickRecord(states: [StateRow(key: "engine:second", bytes: bytes)]))
        journal.close()
        #expect(throws: MonitorError.self) { _ = try place.core(settings(), try Crowd.policies()) }
    }
}
