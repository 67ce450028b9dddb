import Journal
import Model
import Testing

@Suite(.bothEngines) struct TickTests {
    @Test func everythingOfATickIsReadBackAfterAReopen() throws {
        let place = try Place()
        let pack = PackID(bytes: [0xC3, 0xA9, 0x00, 0x2F])
        let tick = TickRecord(
            states: [StateRow(key: "engine", bytes: [1, 2, 3]), StateRow(key: "guard", bytes: [])],
            chats: [
                ChatChanges(
                    runtime: "shared", replica: "http://a",
                    changed: [ChatRow(key: hash(1), record: [9]), ChatRow(key: hash(2), record: [8, 8])])
            ],
            minutes: [MinuteRow(runtime: "shared", minute: 29_920_860, bytes: [7])],
            incidents: [incident("a-1"), incident("b-2", subject: .replica("http://a", runtime: "shared"))],
            leases: [lease("lease-1"), lease("lease-2", kind: .disablePack, pack: pack)],
            messages: [message(.opened)], audit: [audit("first"), audit("second")])
        let engine = try place.engine()
        try engine.commitTick(tick)
        engine.close()

        let again = try place.engine()
        #expect(try again.state("engine") == [1, 2, 3])
        #expect(try again.state("guard") == [])
        #expect(try again.state("signals") == nil)
        #expect(try again.stateKeys() == ["engine", "guard"])
        let chats = try again.chats(runtime: "shared")
        #expect(chats.map(\.replica) == ["http://a"])
        #expect(Set(chats[0].chats) == Set(tick.chats[0].changed))
        #expect(try again.minutes(runtime: "shared", in: 0..<Int64.max) == tick.minutes)
        #expect(try again.incidents() == tick.incidents)
        #expect(try again.leases() == tick.leases)
        #expect(try again.outbox().map(\.message) == tick.messages)
        #expect(try again.audit().map(\.entry) == tick.audit)
        #expect(try again.verifyAudit() == .intact(rows: 2))
        try again.verify()
    }

    @Test func aDocumentIsStoredAsGiven() throws {
        let place = try Place()
        let document = "{\"text\":\"\u{65}\u{301} \u{E9} \u{1F980} \\u0000 'quote' \\\"\",\n \"n\":1.0}"
        let engine = try place.engine()
        try engine.commitTick(TickRecord(incidents: [incident("a-1", document: document)]))
        let read = try engine.incident("a-1").document
        #expect(Array(read.utf8) == Array(document.utf8))
    }

    @Test func aLaterRowReplacesTheOneOfTheSameId() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(TickRecord(incidents: [incident("a-1")], leases: [lease("lease-1")]))
        let resolved = incident("a-1", status: .resolved, resolvedAt: at(60), document: "{}")
        let ended = lease("lease-1", state: .ended, endedAt: at(60))
        try engine.commitTick(TickRecord(incidents: [resolved], leases: [ended]))
        #expect(try engine.incidents() == [resolved])
        #expect(try engine.leases() == [ended])
        #expect(try engine.unfinishedLeases() == [])
    }

    @Test func chatsOfOneReplicaChangeAndVanishAloneOfTheirKind() throws {
        let place = try Place()
        let engine = try place.engine()
        func changes(_ replica: String, all: Bool = false, removed: [UInt64] = [], _ changed: [UInt64: UInt8])
            -> TickRecord
        {
            let rows = changed.keys.sorted().map { ChatRow(key: hash($0), record: [changed[$0] ?? 0]) }
            return TickRecord(chats: [
                ChatChanges(
                    runtime: "shared", replica: replica, removesAll: all, removed: removed.map(hash), changed: rows)
            ])
        }
        try engine.commitTick(changes("http://a", [1: 10, 2: 20]))
        try engine.commitTick(changes("http://b", [1: 11]))
        try engine.commitTick(changes("http://a", removed: [1], [2: 21, 3: 30]))
        func read() throws -> [String: [StableHash: [UInt8]]] {
            Dictionary(
                uniqueKeysWithValues: try engine.chats(runtime: "shared").map { replica, chats in
                    (replica, Dictionary(uniqueKeysWithValues: chats.map { ($0.key, $0.record) }))
                })
        }
        #expect(try read() == ["http://a": [hash(2): [21], hash(3): [30]], "http://b": [hash(1): [11]]])
        try engine.commitTick(changes("http://a", all: true, [4: 40]))
        #expect(try read() == ["http://a": [hash(4): [40]], "http://b": [hash(1): [11]]])
        try engine.commitTick(changes("http://a", all: true, [:]))
        #expect(try read() == ["http://b": [hash(1): [11]]])
    }

    /// Committing two records in turn and committing their sum must leave the same journal.
    @Test func theSumOfTwoRecordsDoesWhatTheTwoDoInTurn() throws {
        let first = TickRecord(
            states: [StateRow(key: "engine", bytes: [1]), StateRow(key: "gone", bytes: [1])],
            chats: [
                ChatChanges(
                    runtime: "r", replica: "a", changed: [1, 2, 3].map { ChatRow(key: hash($0), record: [1]) }),
                ChatChanges(runtime: "r", replica: "b", changed: [ChatRow(key: hash(1), record: [1])]),
            ],
            minutes: [MinuteRow(runtime: "r", minute: 1, bytes: [1])], incidents: [incident("a-1")],
            leases: [lease("lease-1")], messages: [message(.opened)], audit: [audit("first")])
        let second = TickRecord(
            states: [StateRow(key: "engine", bytes: [2]), StateRow(key: "gone", bytes: nil)],
            chats: [
                ChatChanges(
                    runtime: "r", replica: "a", removed: [hash(1)], changed: [ChatRow(key: hash(2), record: [2])]),
                ChatChanges(
                    runtime: "r", replica: "b", removesAll: true, changed: [ChatRow(key: hash(9), record: [9])]),
            ],
            minutes: [MinuteRow(runtime: "r", minute: 1, bytes: [2]), MinuteRow(runtime: "r", minute: 2, bytes: [2])],
            incidents: [incident("a-1", status: .resolved, resolvedAt: at(9)), incident("b-2")],
            leases: [lease("lease-1", state: .ended, endedAt: at(9))], messages: [message(.resolved)],
            audit: [audit("second")])
        var sum = first
        sum.append(second)

        let inTurn = try Place()
        let turns = try inTurn.engine()
        try turns.commitTick(first)
        try turns.commitTick(second)
        let atOnce = try Place()
        let once = try atOnce.engine()
        try once.commitTick(sum)
        for journal in [turns, once] {
            #expect(try journal.state("engine") == [2])
            #expect(try journal.stateKeys() == ["engine"])
            let chats = try journal.chats(runtime: "r")
            #expect(chats.map(\.replica) == ["a", "b"])
            #expect(Set(chats[0].chats) == [ChatRow(key: hash(2), record: [2]), ChatRow(key: hash(3), record: [1])])
            #expect(chats[1].chats == [ChatRow(key: hash(9), record: [9])])
            #expect(try journal.minutes(runtime: "r", in: 0..<9).map(\.bytes) == [[2], [2]])
        }
        #expect(try turns.incidents() == once.incidents())
        #expect(try turns.leases() == once.leases())
        #expect(try turns.outbox() == once.outbox())
        #expect(try turns.audit() == once.audit())
    }

    @Test func onlyTheEngineWritesEngineState() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(TickRecord(states: [StateRow(key: "engine", bytes: [1])]))
        let tick = TickRecord(states: [StateRow(key: "engine", bytes: [2])])
        for journal in [try place.reader(), try place.command()] {
            #expect(cause { try journal.commitTick(tick) } == .notPermitted)
            #expect(cause { try journal.nextDue(at(0)) } == .notPermitted)
            #expect(try journal.state("engine") == [1])
        }
        #expect(
            cause {
                try place.reader().appendCommand(at: at(0), actor: "ana", kind: "stop", arguments: "{}")
            } == .notPermitted)
    }

    @Test func aClosedJournalSaysSo() throws {
        let place = try Place()
        let engine = try place.engine()
        engine.close()
        #expect(cause { try engine.incidents() } == .closed)
        #expect(EngineLock.holder(of: place.folder) == nil)
    }

    @Test func aCommandWaitsIsTakenOnceAndCarriesItsResult() throws {
        let place = try Place()
        let engine = try place.engine()
        let command = try place.command()
        let id = try command.appendCommand(at: at(1), actor: "ana", kind: "acknowledge", arguments: #"{"id":"a"}"#)
        let waiting = try engine.waitingCommands()
        #expect(waiting.map(\.id) == [id])
        #expect(waiting.first?.actor == "ana" && waiting.first?.takenAt == nil)
        try engine.commitTick(
            TickRecord(commands: [
                CommandResult(id: id, takenAt: at(2), result: "done"),
                CommandResult(id: id, takenAt: at(3), result: "done twice"),
            ]))
        #expect(try engine.waitingCommands() == [])
        let taken = try command.command(id)
        #expect(taken?.takenAt == at(2) && taken?.result == "done")
        let long = String(repeating: "x", count: Journal.commandLimit)
        #expect(
            cause { try command.appendCommand(at: at(1), actor: "ana", kind: "note", arguments: long) }
                == .tooLarge)
    }
}
