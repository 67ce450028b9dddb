import Collector
import CycleKit
import Model
import Telling
import Testing
@testable import Cycle

/// What a replay counts is what people would have seen: who was asked and woken, and where nobody looked.
@Suite("A replay counts what people would have seen")
struct ReplayWordsTests {
    private static let start = Timestamp(rfc3339: "2026-11-21T09:00:00Z")!

    /// A poll every ten seconds of so many open runs; nil: nobody answers; an empty one: nothing is on the tape.
    private static func replay(
        _ polls: [[String: Int]?], _ policies: (inout String) -> Void = { _ in },
        _ settings: (inout MonitorSettings) -> Void = { _ in }
    ) throws -> TapeReplay {
        var options = Crowd.settings()
        settings(&options)
        var replay = TapeReplay(settings: options, policies: try Crowd.policies(policies), followsTape: false)
        for (index, open) in polls.enumerated() where open != [:] {
            let at = start + .seconds(10 * Double(index))
            let lost = open == nil
            for observation in Crowd.poll(open ?? Crowd.calm, at: at) {
                guard lost else {
                    replay.take(.exchange(observation))
                    continue
                }
                replay.take(
                    .exchange(
                        Observation(
                            at: at, runtime: observation.runtime, replica: observation.replica,
                            endpoint: observation.endpoint, elapsedMilliseconds: 1,
                            outcome: .failure(.refused, detail: "connection refused"))))
            }
            replay.take(.tick(at: at, runtime: Crowd.runtime, count: Int64(index + 1)))
        }
        return replay
    }

    private static func times(_ count: Int, _ open: [String: Int]?) -> [[String: Int]?] { Array(repeating: open, count: count) }

    @Test("a lost poll does not ask anew; in observe nobody is asked")
    func offers() throws {
        let polls =
            Self.times(3, Crowd.calm) + Self.times(4, Crowd.noisy)
            + (0..<4).flatMap { _ in Self.times(1, nil) + Self.times(3, Crowd.noisy) }
        let asked = try Self.replay(polls, { $0.replace("mode: enforce", with: "mode: suggest") }).story
        #expect(asked.offers.count == 1)
        #expect(asked.incidents.count == 1)
        #expect(ReplayComparison(old: asked, new: asked).byRule.map(\.new.offers) == [1])
        let decided = asked.incidents[0].decisions.count { if case .needsApproval = $0.verdict { true } else { false } }
        #expect(decided > 1, "the guard did change its mind")
        let observed = try Self.replay(polls, { $0.replace("mode: enforce", with: "mode: observe") }).story
        #expect(observed.offers.isEmpty)
        #expect(!observed.leases.isEmpty && observed.leases.allSatisfy(\.shadow))
    }

    private static func down(_ text: inout String) {
        text += """
              runtime-down:
                subject: runtime
                when: up == 0
                for: 10s
                severity: critical
                summary: The runtime answers nobody.
                actions: [notify]

            """
    }

    @Test("what maintenance holds back is no page, until it is over and the incident is not")
    func pages() throws {
        let polls = Self.times(3, Crowd.calm) + Self.times(30, nil) + Self.times(12, Crowd.calm)
        func pages(_ hours: Hours?) throws -> Int {
            try Self.replay(polls, Self.down) { settings in
                guard let hours else { return }
                settings.telling.maintenance = [.init(hours: hours, match: IncidentMatch(), comment: "move")]
            }.story.pages.count
        }
        #expect(try pages(nil) == 1)
        #expect(try pages(Hours("08:00-10:00")) == 0)
        #expect(try pages(Hours("08:00-09:03")) == 1, "it outlives the maintenance")
        #expect(try pages(Hours("10:00-11:00")) == 1)
    }

    @Test("where the tape has nothing for long nobody looked; a poll that failed is looked at")
    func holes() throws {
        let polls =
            Self.times(6, Crowd.calm) + Self.times(60, [:]) + Self.times(6, Crowd.calm) + Self.times(20, nil)
            + Self.times(6, [:]) + Self.times(4, Crowd.calm)
        let holes = try Self.replay(polls).holes
        #expect(holes.map(\.runtime) == [Crowd.runtime])
        #expect(holes.first?.from == Self.start + .seconds(50))
        #expect(holes.first?.to == Self.start + .seconds(660))
    }
}

extension String {
    fileprivate mutating func replace(_ old: String, with new: String) {
        guard let range = firstRange(of: old) else { return }
        replaceSubrange(range, with: new)
    }
}
