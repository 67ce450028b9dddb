import Cycle
import CycleKit
import Journal
import Model
import TestKit
import Testing

/// What a tick writes of the state.
struct StateRowsTests {
    private static let start = Timestamp(milliseconds: 1_795_251_600_000)

    private static func tick(_ pipeline: inout Pipeline, second: Int) {
        let now = start + TimeSpan(milliseconds: Int64(second) * 1_000)
        for observation in Crowd.poll(Crowd.calm, at: now) { pipeline.take(observation) }
        _ = pipeline.tick(Crowd.runtime, now: now)
    }

    @Test("a tick in which nothing is decided writes what is remembered of its own runtime, not of all")
    func calm() throws {
        var pipeline = Pipeline(settings: Crowd.settings(), policies: try Crowd.policies())
        Self.tick(&pipeline, second: 0)
        #expect(Set(pipeline.drainStates().map(\.key)).isSuperset(of: ["engine:shared", "guard", "guard:shared"]))
        for second in stride(from: 10, to: 300, by: 10) {
            Self.tick(&pipeline, second: second)
            _ = pipeline.drainStates()
        }
        Self.tick(&pipeline, second: 300)
        #expect(pipeline.drainStates().map(\.key) == ["engine:shared", "guard:shared"])
    }

    @Test("the guard comes back as it was, from rows of this version and from the one that earlier ones wrote")
    func restored() throws {
        var pipeline = Pipeline(settings: Crowd.settings(), policies: try Crowd.policies())
        for second in stride(from: 0, through: 60, by: 10) { Self.tick(&pipeline, second: second) }
        let whole = pipeline.guardState.document
        let rows = pipeline.drainStates()
        let earlier =
            rows.filter { $0.key != "guard" && $0.key != "guard:shared" } + [StateRow(key: "guard", bytes: whole.serializedBytes())]
        for (states, written) in [(rows, []), (earlier, ["guard:shared", "guard"])] {
            let folder = TemporaryFolder()
            let state = try StateFolder(creating: folder.path("state"))
            let journal = try Journal.open(state, mode: .engine(try EngineLock(folder: state, now: Self.start)))
            defer { journal.close() }
            try journal.commitTick(TickRecord(states: states))
            var next = Pipeline(settings: Crowd.settings(), policies: try Crowd.policies())
            try next.restore(from: journal, now: Self.start + .seconds(70)) { Issue.record("\($0)") }
            #expect(next.guardState.document == whole)
            #expect(next.drainStates().map(\.key).filter { $0.utf8.starts(with: "guard".utf8) } == written)
        }
    }
}
