import Journal
import JSONParsing
import Model
import TestKit
import Testing

@testable import Cycle

/// What an app's open runs are of, as the journal keeps it.
@Suite struct AppWeightsTests {
    @Test("what open runs are of: those with the most, and how many are left; what is over does not count")
    func weights() throws {
        let at = try #require(Timestamp(rfc3339: "2026-11-21T09:00:00Z"))
        func chat(_ app: String, _ user: Int?, ended: Bool = false) -> JSON {
            [
                "chat_id": "c", "app_id": .string(app), "user_id": user.map { .string("user-\($0)") } ?? .null, "workflow_name": "Support",
                "ended_at": ended ? "2026-11-21T08:00:00Z" : .null,
            ]
        }
        let chats = (0..<9).map { chat("a", min($0, 6)) } + [chat("a", 1, ended: true), chat("b", nil), chat("c", 1, ended: true)]
        let body = Body((["chats": .array(chats)] as JSON).serializedBytes())
        let weights = try #require(AppWeights([body], at: at))
        let a = try #require(weights.app(AppID("a")))
        #expect(a.openRuns == 9 && a.users.first == .init(name: "user-6", runs: 3) && a.users.count == 5 && a.otherUsers == 2)
        #expect(a.workflows == [.init(name: "Support", runs: 9)] && weights.app(AppID("b"))?.users == [])
        #expect(weights.app(AppID("c")) == nil && weights.isWhole && weights.count == 2)
        #expect(AppWeights([Body(Array("{".utf8))], at: at) == nil)
        let temporary = TemporaryFolder()
        defer { withExtendedLifetime(temporary) {} }
        let folder = try StateFolder(creating: temporary.path("state"))
        let journal = try Journal.open(folder, mode: .engine(EngineLock(folder: folder, now: at)))
        try journal.commitTick(TickRecord(states: [weights.row("shared")]))
        #expect(AppWeights("shared", in: journal) == weights && AppWeights("other", in: journal) == nil)
        journal.close()
    }
}
