import Cycle
import CycleKit
import Journal
import Model
import Notify
import Testing
import Views

/// Who was told what, and where a message would go, for programs.
@Suite("Messages")
struct MessageHistoryTests {
    private static func message(_ channel: String, minutesAgo: Int) -> OutboxMessage {
        OutboxMessage(
            incident: "a-1", channel: channel, event: .opened, createdAt: Kept.now - .minutes(minutesAgo), dueAt: Kept.now, document: "{}")
    }

    private static func kept() throws -> Kept {
        let kept = try Kept(TickRecord(messages: [message("ops", minutesAgo: 3), message("gone", minutesAgo: 2)]))
        for (channel, failure) in [("ops", nil), ("pager", "no such service")] {
            let delivery = failure.map { Delivery.rejected(reason: $0) } ?? .delivered
            try kept.command(Commands.drill, DrillResults.Result(channel: channel, delivery: delivery).document)
        }
        return kept
    }

    @Test("messages and drills, newest first; what waits for a channel that is gone stands apart")
    func history() throws {
        let kept = try Self.kept()
        let json = try MessageHistory(kept.journal, channels: ["ops", "pager"], limit: 10).document.json
        #expect(
            json.object?.map(\.key)
                == ["schema", "counts", "failing_channels", "unconfigured_channels", "messages", "drills"])
        #expect(json["schema"]?.string == "mozaiks.ops/notify-history/v1")
        #expect(
            json["counts"] == [
                "pending": 2, "sent": 0, "dead": 0, "merged": 0, "oldest_pending": "2026-11-21T08:57:00.000Z",
            ])
        #expect(json["failing_channels"] == [] && json["unconfigured_channels"]?.array?.map { $0["channel"]?.string } == ["gone"])
        #expect(json["messages"]?.array?.map { $0["channel"]?.string } == ["gone", "ops"])
        let drills = try #require(json["drills"]?.array)
        #expect(drills.map { $0["channel"]?.string } == ["pager", "ops"])
        #expect(drills.map { $0["delivered"]?.bool } == [false, true])
        #expect(drills.map { $0["reason"]?.string } == ["no such service", nil])
    }

    @Test("of a state there are no drills; of a channel its own alone")
    func parts() throws {
        let kept = try Self.kept()
        let waiting = try MessageHistory(kept.journal, channels: ["ops"], in: .pending, limit: 10)
        #expect(waiting.messages.count == 2 && waiting.drills.isEmpty)
        let own = try MessageHistory(kept.journal, channels: ["ops"], through: "ops", limit: 10)
        #expect(own.messages.map(\.message.channel) == ["ops"] && own.drills.map(\.channel) == ["ops"])
    }

    @Test("what came of drills: all must be taken")
    func drills() {
        let results = DrillResults([
            .init(channel: "ops", delivery: .deliveredAs("17.5")), .init(channel: "mail", delivery: .blocked(reason: "wrong password")),
        ])
        #expect(!results.areDelivered && DrillResults([results.results[0]]).areDelivered)
        #expect(
            results.document.json == [
                "schema": "mozaiks.ops/drills/v1",
                "drills": [
                    ["channel": "ops", "delivered": true, "reason": nil],
                    ["channel": "mail", "delivered": false, "reason": "wrong password"],
                ],
            ])
    }
}
