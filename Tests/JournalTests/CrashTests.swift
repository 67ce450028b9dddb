import Model
import TestKit
import Testing

@testable import Journal

/// A generator of its own, so that a failure can be repeated: SplitMix64.
struct Dice {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}

/// What a crash leaves: the two files as they are at an instant. (The shared-memory file is rebuilt.)
struct Remains {
    let database: [UInt8]
    var log: [UInt8]

    init(of place: Place) throws {
        database = try #require(place.temporary.read("journal.db"))
        log = place.temporary.read("journal.db-wal") ?? []
    }

    func restored() throws -> Place {
        let place = try Place()
        place.temporary.write(database, to: "journal.db")
        if !log.isEmpty { place.temporary.write(log, to: "journal.db-wal") }
        return place
    }
}

@Suite struct CrashTests {
    /// Tick number `n` touches every table; `size` bytes of state make it span pages.
    static func tick(_ n: Int, size: Int) -> TickRecord {
        let number = withUnsafeBytes(of: UInt64(n).bigEndian) { Array($0) }
        return TickRecord(
            states: [
                StateRow(key: "engine", bytes: number + [UInt8](repeating: UInt8(truncatingIfNeeded: n), count: size))
            ],
            chats: [
                ChatChanges(
                    runtime: "shared", replica: "http://a",
                    changed: [ChatRow(key: hash(0), record: number), ChatRow(key: hash(UInt64(n)), record: number)])
            ],
            minutes: [MinuteRow(runtime: "shared", minute: Int64(n), bytes: number)],
            incidents: [incident("inc-\(n)", openedAt: at(Int64(n)))], leases: [lease("lease-\(n)")],
            messages: [message(.opened, incident: "inc-\(n)")], audit: [audit("tick \(n)")])
    }

    /// How many ticks a journal holds. Each must be there whole, and no later one in part.
    static func wholeTicks(in journal: Journal, _ hint: Comment) throws -> Int {
        let state = try journal.state("engine") ?? []
        let count = Int(state.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        try journal.verify()
        #expect(state.dropFirst(8).allSatisfy { $0 == UInt8(truncatingIfNeeded: count) }, hint)
        #expect(try journal.incidents(.init(limit: .max)).map(\.id) == (0..<count).map { "inc-\(count - $0)" }, hint)
        #expect(try journal.leases(limit: .max).count == count, hint)
        #expect(try journal.outbox(limit: .max).count == count, hint)
        #expect(
            try journal.minutes(runtime: "shared", in: 0..<Int64.max).map(\.minute)
                == (0..<count).map { Int64($0 + 1) }, hint)
        #expect(try journal.verifyAudit() == .intact(rows: Int64(count)), hint)
        let chats = try journal.chats(runtime: "shared").first?.chats ?? []
        #expect(chats.count == (count == 0 ? 0 : count + 1), hint)
        return count
    }

    @Test func killedAtAnyInstantEveryTickIsThereWholeOrNot() throws {
        var dice = Dice(state: 20_261_121)
        let place = try Place()
        defer { withExtendedLifetime(place) {} }
        let engine = try place.engine()
        // A small log makes checkpoints happen in the middle; a small cache spills pages before the commit.
        try engine.reading("set up") { database throws(JournalError) in
            try database.execute("PRAGMA wal_autocheckpoint = 40")
        }
        let killed = try SQLiteDatabase(
            path: place.folder.journalPath, access: .readWrite, busyTimeout: .zero, operation: "be killed")
        try killed.execute("PRAGMA cache_size = 8")
        var committed = 0
        var spilled = 0
        for _ in 0..<60 {
            let tick = Self.tick(committed + 1, size: dice.below(60_000))
            if dice.below(4) == 0 {
                // Inside the transaction, after a part of the work: of this tick nothing may be left.
                let before = try Remains(of: place)
                try killed.execute("BEGIN IMMEDIATE")
                try Self.write(tick, part: dice.below(5), killed)
                let remains = try Remains(of: place)
                try killed.execute("ROLLBACK")
                if remains.log != before.log { spilled += 1 }
                #expect(try Self.wholeTicks(in: remains.restored().engine(), "killed inside") == committed)
            } else {
                try engine.commitTick(tick)
                committed += 1
                let left = try Remains(of: place).restored()
                defer { withExtendedLifetime(left) {} }
                let survivor = try left.engine()
                #expect(try Self.wholeTicks(in: survivor, "killed between") == committed)
                // The survivor goes on where the other stopped.
                try survivor.commitTick(Self.tick(committed + 1, size: 100))
                #expect(try Self.wholeTicks(in: survivor, "went on") == committed + 1)
            }
        }
        #expect(committed > 30 && spilled > 3)
        #expect(try Self.wholeTicks(in: engine, "the first") == committed)
    }

    /// The tables that a tick writes first, up to a part of them, with enough bytes to fill the cache.
    private static func write(_ tick: TickRecord, part: Int, _ database: any Database) throws(JournalError) {
        for state in tick.states {
            let bytes = state.bytes ?? []
            try database.run(
                "INSERT OR REPLACE INTO state (key, bytes, checksum) VALUES (?1, ?2, ?3)", .text(state.key),
                .bytes(bytes),
                .int(Checksum.of(bytes, key: Array(state.key.utf8))))
        }
        if part > 0 { try database.run("DELETE FROM incidents") }
        if part > 1 { try database.run("DELETE FROM outbox") }
        if part > 2 { try AuditChain.append(tick.audit, to: database) }
        if part > 3 { try database.run("DELETE FROM minutes") }
    }

    @Test func aLogThatIsTornAnywhereGivesBackABeginningOfTheTicks() throws {
        let place = try Place()
        defer { withExtendedLifetime(place) {} }
        let engine = try place.engine()
        let ticks = 12
        for n in 1...ticks { try engine.commitTick(Self.tick(n, size: 2_000)) }
        let whole = try Remains(of: place)
        try #require(whole.log.count > 100_000)
        var found: [Int] = []
        var dice = Dice(state: 7)
        let cuts =
            [0, 1, 31, 32, 33, 56, 4_151, 4_152, 4_153, whole.log.count - 1]
            + (0..<80).map { _ in dice.below(whole.log.count) }
        for cut in cuts.sorted() {
            var remains = whole
            remains.log = Array(whole.log.prefix(cut))
            let left = try remains.restored()
            defer { withExtendedLifetime(left) {} }
            let survivor = try left.engine()
            let count = try Self.wholeTicks(in: survivor, "cut at \(cut)")
            found.append(count)
            try survivor.commitTick(Self.tick(count + 1, size: 10))
            #expect(try Self.wholeTicks(in: survivor, "went on after \(cut)") == count + 1)
        }
        #expect(found == found.sorted() && found.first == 0 && found.last == ticks - 1)
        #expect(Set(found).count == ticks, "each number of ticks came up")
    }

    @Test func aLogWithAFlippedByteGivesBackABeginningOfTheTicks() throws {
        let place = try Place()
        defer { withExtendedLifetime(place) {} }
        let engine = try place.engine()
        for n in 1...8 { try engine.commitTick(Self.tick(n, size: 1_000)) }
        let whole = try Remains(of: place)
        var dice = Dice(state: 9)
        var counts: Set<Int> = []
        for _ in 0..<80 {
            var remains = whole
            let place = dice.below(whole.log.count)
            remains.log[place] ^= UInt8(1 << dice.below(8))
            let survivor = try remains.restored()
            do {
                counts.insert(try Self.wholeTicks(in: survivor.engine(), "flipped at \(place)"))
            } catch let error as JournalError {
                // The version field of the log's header.
                #expect(place < 32 && error.cause == .cannotOpen, "\(place): \(error)")
            }
        }
        #expect(counts.contains(0) && counts.contains(7) && counts.isSubset(of: Set(0...8)))
    }

    @Test func aReaderRecoversTheLogOfAKilledEngine() throws {
        let place = try Place()
        defer { withExtendedLifetime(place) {} }
        let engine = try place.engine()
        for n in 1...3 { try engine.commitTick(Self.tick(n, size: 100)) }
        let survivor = try Remains(of: place).restored()
        #expect(try Self.wholeTicks(in: survivor.reader(), "read") == 3)
    }
}
