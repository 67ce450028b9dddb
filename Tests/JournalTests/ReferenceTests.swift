import Model
import Testing

@testable import Journal

/// What services call incidents, what stands on a channel, and a journal from before both.
@Suite(.bothEngines) struct ReferenceTests {
    @Test func aReferenceIsKeptWithItsMessageAndFoundAfterARestart() throws {
        let place = try Place()
        do {
            let engine = try place.engine()
            try engine.commitTick(
                TickRecord(messages: [
                    message(.opened), message(.opened, channel: "page"), message(.opened, incident: "b-1"),
                ]))
            for row in try engine.nextDue(at(1)) where row.message.incident == "a-1" {
                try engine.settle(row.id, .sent(at: at(1), reference: "thread of \(row.message.channel)"))
            }
            engine.close()
        }
        let engine = try place.engine()
        #expect(try engine.reference(incident: "a-1", channel: "ops") == "thread of ops")
        #expect(try engine.reference(incident: "a-1", channel: "page") == "thread of page")
        #expect(try engine.reference(incident: "b-1", channel: "ops") == nil)
        #expect(try engine.reference(incident: "a", channel: "ops") == nil)
        #expect(try engine.outbox(incident: "a-1").map(\.reference) == ["thread of page", "thread of ops"])
    }

    @Test func theNewestAnswerThatSaysOneCounts() throws {
        let place = try Place()
        defer { withExtendedLifetime(place) {} }
        let engine = try place.engine()
        let outcomes: [OutboxOutcome] = [
            .sent(at: at(1), reference: "first"), .sent(at: at(2)), .sent(at: at(3), reference: "second"),
            .dead(at: at(4), error: "gone"), .sent(at: at(5)),
        ]
        for (index, outcome) in outcomes.enumerated() {
            try engine.commitTick(TickRecord(messages: [message(index == 0 ? .opened : .updated)]))
            let row = try #require(try engine.nextDue(at(9)).first)
            try engine.settle(row.id, outcome)
        }
        #expect(try engine.reference(incident: "a-1", channel: "ops") == "second")
    }

    @Test func whatStandsIsTheNewestSentMessageOfEachOpenIncident() throws {
        let place = try Place()
        defer { withExtendedLifetime(place) {} }
        let engine = try place.engine()
        func send(
            _ event: Message.Event, _ id: String, channel: String = "ops", _ outcome: OutboxOutcome = .sent(at: at(1))
        )
            throws
        {
            try engine.commitTick(TickRecord(messages: [message(event, incident: id, channel: channel)]))
            let row = try #require(try engine.nextDue(at(9), channel: channel).first { $0.message.incident == id })
            try engine.settle(row.id, outcome)
        }
        func standing() throws -> [String] {
            try engine.standing(channel: "ops").map { "\($0.message.incident) \($0.message.event.rawValue)" }
        }
        let open = ["told", "updated", "refused", "waiting", "elsewhere", "drilled", "stale"].map { incident($0) }
        let over = incident("over", status: .resolved, resolvedAt: at(2))
        try engine.commitTick(TickRecord(incidents: open + [over]))
        try send(.opened, "told")
        try send(.opened, "updated")
        try send(.updated, "updated")
        try send(.opened, "refused")
        try send(.updated, "refused", .dead(at: at(1), error: "no"))
        try send(.opened, "waiting")
        try send(.opened, "elsewhere", channel: "page")
        try send(.drill, "drilled")
        // The resolution was refused: the incident is over all the same.
        try send(.opened, "over")
        try send(.resolved, "over", .dead(at: at(1), error: "no"))
        // Resolved and told, then acknowledged by nobody: nothing stands.
        try send(.opened, "stale")
        try send(.resolved, "stale")
        #expect(try standing() == ["told opened", "updated updated", "refused opened", "waiting opened"])
        try engine.commitTick(TickRecord(messages: [message(.resolved, incident: "waiting")]))
        #expect(try standing() == ["told opened", "updated updated", "refused opened"])
        // In pages.
        let first = try engine.standing(channel: "ops", limit: 1)
        let rest = try engine.standing(channel: "ops", after: try #require(first.first).id)
        #expect(first.count == 1 && rest.count == 2)
    }

    @Test func messagesOfAnOpenIncidentAreNotPruned() throws {
        let place = try Place()
        defer { withExtendedLifetime(place) {} }
        let engine = try place.engine()
        let day: Int64 = 86_400
        try engine.commitTick(
            TickRecord(
                incidents: [incident("a-1"), incident("b-1", status: .resolved, resolvedAt: at(2))],
                messages: [message(.opened), message(.opened, incident: "b-1"), message(.opened, incident: "unknown")]))
        for row in try engine.nextDue(at(9)) { try engine.settle(row.id, .sent(at: at(9), reference: "x")) }
        _ = try engine.prune(now: at(60 * day))
        #expect(try engine.outbox().map(\.message.incident) == ["a-1"])
    }

    @Test func aJournalOfTheFirstSchemaIsBroughtUpToDateWithItsMessages() throws {
        let place = try Place()
        let document = #"{"event":"opened"}"#
        try place.forger.run(
            """
            \(place.folder.database.map { PostgresSchema.beginning(making: $0.quotedSchema) } ?? "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = \(Schema.applicationID);")
            \(Schema.migrations[0])
            INSERT INTO outbox (incident, channel, event, created_ms, due_ms, document, checksum)
                VALUES ('a-1', 'ops', 'opened', \(at(0).milliseconds), \(at(0).milliseconds), '\(document)', \(Checksum.of(document)));
            INSERT INTO incidents VALUES ('a-1', 'a', 'r', 'runtime', 'shared', x'61', 'warning', 'open', 0, NULL, 0, '{}',
                \(Checksum.of("{}")));
            \(place.folder.database == nil ? "PRAGMA user_version = 1" : "UPDATE journal SET version = 1");
            """)
        #expect(cause(place.reader) == .olderSchema(found: 1, known: Schema.version))
        let engine = try place.engine()
        let row = try #require(try engine.nextDue(at(1)).first)
        #expect(row.message.document == document && row.reference == nil)
        try engine.settle(row.id, .sent(at: at(1), reference: "C0/1.2"))
        #expect(try engine.reference(incident: "a-1", channel: "ops") == "C0/1.2")
        #expect(try engine.standing(channel: "ops").map(\.id) == [row.id])
        engine.close()
        #expect(try place.reader().outbox().map(\.reference) == ["C0/1.2"])
    }
}
