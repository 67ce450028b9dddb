import Glibc
import Model
import TestKit
import Testing

@testable import Journal

@Suite struct CorruptionTests {
    /// A closed journal with some pages in every table.
    static func sound() throws -> [UInt8] {
        let place = try Place()
        let engine = try place.engine()
        for n in 1...20 { try engine.commitTick(CrashTests.tick(n, size: 3_000)) }
        engine.close()
        #expect(place.temporary.read("journal.db-wal") == nil, "a clean stop leaves one file")
        return try #require(place.temporary.read("journal.db"))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let damage: @Sendable ([UInt8]) -> [UInt8]
    }

    static let damages = [
        Case(testDescription: "empty") { _ in [] },
        Case(testDescription: "a text") { _ in Array("not a database, whatever its name says\n".utf8) },
        Case(testDescription: "a garbage header") { [UInt8](repeating: 0xA5, count: 100) + $0.dropFirst(100) },
        Case(testDescription: "zeros of the same length") { [UInt8](repeating: 0, count: $0.count) },
        Case(testDescription: "cut in the middle") { Array($0.prefix($0.count / 2)) },
        Case(testDescription: "cut after the first page") { Array($0.prefix(4_096)) },
        Case(testDescription: "cut by one byte") { Array($0.dropLast()) },
        Case(testDescription: "a page of zeros in the middle") { bytes in
            var bytes = bytes
            for index in 4_096 * 5..<4_096 * 6 { bytes[index] = 0 }
            return bytes
        },
        Case(testDescription: "two pages exchanged") { bytes in
            let page = { (n: Int) in bytes[4_096 * n..<4_096 * (n + 1)] }
            return Array(bytes[..<(4_096 * 4)]) + page(5) + page(4) + bytes[(4_096 * 6)...]
        },
    ]

    @Test(arguments: damages) func aDamagedFileIsNamedAndLeftAsItIs(_ test: Case) throws {
        let damaged = test.damage(try Self.sound())
        let place = try Place()
        place.temporary.write(damaged, to: "journal.db")
        let error = try #require(failure { try place.engine() })
        #expect(error.cause == .corrupt, "\(error)")
        #expect(!error.isRetryable)
        #expect(error.description.contains("aside") && error.description.contains(place.folder.journalPath))
        #expect(place.temporary.read("journal.db") == damaged, "nothing is repaired, truncated or overwritten")

        // What the hint says works.
        for name in place.temporary.names where name.hasPrefix("journal.db") {
            #expect(rename(place.temporary.path(name), place.temporary.path("aside-" + name)) == 0)
        }
        try place.engine().commitTick(CrashTests.tick(1, size: 1))
        #expect(place.temporary.read("aside-journal.db") == damaged)
    }

    /// Whatever one bit does, what is read back is what was written, or an error says that it is not.
    @Test func aFlippedBitNeverReadsAsAnotherState() throws {
        let sound = try Self.sound()
        let wanted = CrashTests.tick(20, size: 3_000)
        var dice = Dice(state: 11)
        var refused = 0
        for _ in 0..<300 {
            var bytes = sound
            let place = dice.below(bytes.count)
            bytes[place] ^= UInt8(1 << dice.below(8))
            let damaged = try Place()
            damaged.temporary.write(bytes, to: "journal.db")
            do {
                let engine = try damaged.engine()
                #expect(try engine.state("engine") == wanted.states[0].bytes, "flipped at \(place)")
                for row in try engine.incidents(.init(limit: .max)) { #expect(row.document == incident("x").document) }
                for chats in try engine.chats(runtime: "shared") {
                    #expect(chats.chats.allSatisfy { $0.record.count == 8 }, "flipped at \(place)")
                }
                _ = try engine.leases(limit: .max)
                _ = try engine.outbox(limit: .max)
                _ = try engine.verifyAudit()
            } catch let error as JournalError {
                refused += 1
                #expect(!error.isRetryable, "flipped at \(place): \(error)")
            }
        }
        #expect(refused > 10)
    }

    @Test func aDamagedIncidentHidesNoOther() throws {
        let place = try Place()
        let engine = try place.engine()
        for n in 1...3 { try engine.commitTick(CrashTests.tick(n, size: 10)) }
        engine.close()
        try RawSQLite(place.folder.journalPath).run("UPDATE incidents SET document = document || ' ' WHERE id = 'inc-2'")

        let journal = try place.engine()
        #expect(failure { try journal.incidents() }?.cause == .corrupt)
        var damaged: [String] = []
        let rows = try journal.incidents { damaged.append($0) }
        #expect(damaged == ["inc-2"])
        #expect(Set(rows.map(\.id)) == ["inc-1", "inc-3"])
    }

    @Test func aLogWithoutItsFileIsNotMixedIntoANewOne() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(CrashTests.tick(1, size: 100))
        let remains = try Remains(of: place)
        let other = try Place()
        other.temporary.write(remains.log, to: "journal.db-wal")
        let error = try #require(failure { try other.engine() })
        #expect(error.cause == .corrupt && error.detail.contains("write-ahead log"))
        #expect(other.temporary.names == ["engine.lock", "journal.db-wal"])
        #expect(other.temporary.read("journal.db-wal") == remains.log)
    }

    // MARK: Audit

    struct Forgery: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let sql: String
        let finding: AuditFinding
    }

    static let forgeries = [
        Forgery(
            testDescription: "a changed reason", sql: "UPDATE audit SET reason = 'nothing happened' WHERE seq = 2",
            finding: .broken(seq: 2, why: "its contents do not match its digest")),
        Forgery(
            testDescription: "a moved time", sql: "UPDATE audit SET at_ms = at_ms + 1 WHERE seq = 3",
            finding: .broken(seq: 3, why: "its contents do not match its digest")),
        Forgery(
            testDescription: "text moved from one field to the next",
            sql: "UPDATE audit SET actor = actor || substr(kind, 1, 1), kind = substr(kind, 2) WHERE seq = 1",
            finding: .broken(seq: 1, why: "its contents do not match its digest")),
        Forgery(
            testDescription: "a row taken out", sql: "DELETE FROM audit WHERE seq = 2",
            finding: .broken(seq: 2, why: "the row is missing")),
        Forgery(
            testDescription: "a row taken out and the rest renumbered",
            sql: "DELETE FROM audit WHERE seq = 1; UPDATE audit SET seq = seq - 1",
            finding: .broken(seq: 1, why: "it does not continue the row before")),
        Forgery(
            testDescription: "the end cut off", sql: "DELETE FROM audit WHERE seq = 4",
            finding: .broken(seq: 4, why: "the log does not end where it was recorded to end")),
        Forgery(
            testDescription: "all of it gone", sql: "DELETE FROM audit",
            finding: .broken(seq: 1, why: "the log does not end where it was recorded to end")),
    ]

    @Test(arguments: forgeries) func theAuditLogShowsWhereItWasChanged(_ test: Forgery) throws {
        let place = try Place()
        let engine = try place.engine()
        #expect(try engine.verifyAudit() == .intact(rows: 0))
        try engine.commitTick(TickRecord(audit: [audit("one"), audit("two")]))
        try engine.commitTick(TickRecord(audit: [audit("three", at: at(10)), audit("four")]))
        #expect(try engine.verifyAudit() == .intact(rows: 4))
        #expect(try engine.audit(after: 2, limit: 1).map(\.entry.reason) == ["three"])
        let forger = try RawSQLite(place.folder.journalPath)
        #expect(throws: RawSQLite.Refused(words: "the audit log only grows")) { try forger.run(test.sql) }
        try forger.run("DROP TRIGGER audit_keeps_its_rows; DROP TRIGGER audit_keeps_its_values")
        try forger.run(test.sql)
        #expect(try engine.verifyAudit() == test.finding)
    }
}
