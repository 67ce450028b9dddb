import CSQLite
import Glibc
import Model
import TestKit
import Testing

@testable import Journal

/// The audit log after somebody with sqlite3 was at it. More forgeries stand in CorruptionTests.
@Suite(.bothEngines) struct AuditTests {
    struct Forgery: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let sql: String
        /// What a plain check says; nil: that it is intact.
        let plain: AuditFinding?
        /// What a check with a head that was kept before says; nil: the same.
        var kept: AuditFinding?
    }

    private static let cut = AuditFinding.broken(
        seq: 4, why: "the log ends before row 4, whose digest was kept: it was cut short")

    static let forgeries = [
        Forgery(
            testDescription: "a row put over another without waking the triggers",
            sql:
                "INSERT OR REPLACE INTO audit SELECT seq, at_ms, 'nobody', kind, reason, document, previous, digest FROM audit WHERE seq = 2",
            plain: .broken(seq: 2, why: "its contents do not match its digest")),
        Forgery(
            testDescription: "two rows exchanged",
            sql: "UPDATE audit SET seq = 9 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 9",
            plain: .broken(seq: 2, why: "it does not continue the row before")),
        Forgery(
            testDescription: "a row put in at the end",
            sql: "INSERT INTO audit SELECT 5, at_ms, actor, kind, reason, document, digest, digest FROM audit WHERE seq = 4",
            plain: .broken(seq: 5, why: "its contents do not match its digest")),
        Forgery(
            testDescription: "a changed digest", sql: "UPDATE audit SET digest = zeroblob(32) WHERE seq = 4",
            plain: .broken(seq: 4, why: "its contents do not match its digest")),
        Forgery(
            testDescription: "the recorded end taken away", sql: "DELETE FROM meta WHERE key = 'audit_head'",
            plain: .broken(seq: 5, why: "the log does not end where it was recorded to end")),
        Forgery(
            testDescription: "everything gone, with the recorded end",
            sql: "DELETE FROM audit; DELETE FROM meta WHERE key = 'audit_head'",
            plain: .broken(seq: 1, why: "the log is empty, but the journal holds 1 lease"),
            kept: .broken(seq: 1, why: "the log ends before row 4, whose digest was kept: it was cut short")),
        Forgery(
            testDescription: "the last row cut off and the recorded end moved",
            sql: """
                DELETE FROM audit WHERE seq = 4;
                UPDATE meta SET value = (SELECT '3:' || lower(hex(digest)) FROM audit WHERE seq = 3) WHERE key = 'audit_head'
                """,
            plain: nil, kept: cut),
        Forgery(
            testDescription: "nothing changed but the triggers",
            sql: "DROP TRIGGER audit_keeps_its_rows",
            plain: .broken(seq: 5, why: "every row fits, but what keeps rows from being changed was taken away")),
    ]

    private static let triggers = """
        CREATE TRIGGER audit_keeps_its_rows BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
        CREATE TRIGGER audit_keeps_its_values BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
        """

    @Test(arguments: forgeries) func whoeverHasBeenAtItIsFound(_ test: Forgery) throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(TickRecord(leases: [lease("lease-1")], audit: [audit("one"), audit("two")]))
        try engine.commitTick(TickRecord(audit: [audit("three", at: at(10)), audit("four")]))
        let head = try #require(try engine.auditHead())
        #expect(head.seq == 4 && AuditHead(head.description) == head)
        #expect(try engine.verifyAudit(anchor: head) == .intact(rows: 4))
        let forger = try place.forger
        try forger.run("DROP TRIGGER audit_keeps_its_rows; DROP TRIGGER audit_keeps_its_values")
        if test.sql.hasPrefix("DROP") { try forger.run(AuditTests.triggers) }
        try forger.run(test.sql)
        // A forger who knows the trade puts them back.
        if !test.sql.hasPrefix("DROP") { try forger.run(AuditTests.triggers) }
        #expect(try engine.verifyAudit() == test.plain ?? .intact(rows: 3))
        #expect(try engine.verifyAudit(anchor: head) == test.kept ?? test.plain)
    }

    /// What is done to the end of a log of four rows, and the first row that does not fit once the engine has gone on writing.
    static let ends: [(name: String, sql: String, broken: Int64)] = [
        ("the last row cut off", "DELETE FROM audit WHERE seq = 4", 4),
        ("the last three cut off", "DELETE FROM audit WHERE seq > 1", 2),
        ("all cut off", "DELETE FROM audit", 1),
        ("the recorded end taken away", "DELETE FROM meta WHERE key = 'audit_head'", 5),
        ("the recorded end made unreadable", "UPDATE meta SET value = 'x' WHERE key = 'audit_head'", 5),
        ("the last row cut off, and the recorded end", "DELETE FROM audit WHERE seq = 4; DELETE FROM meta WHERE key = 'audit_head'", 4),
    ]

    @Test("a log that was cut short does not heal when it grows", arguments: ends.map(\.name))
    func itDoesNotHeal(name: String) throws {
        let entry = try #require(AuditTests.ends.first { $0.name == name })
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(TickRecord(leases: [lease("lease-1")], audit: [audit("one"), audit("two")]))
        try engine.commitTick(TickRecord(audit: [audit("three", at: at(10)), audit("four")]))
        let forger = try place.forger
        try forger.run("DROP TRIGGER audit_keeps_its_rows; DROP TRIGGER audit_keeps_its_values")
        try forger.run(entry.sql)
        try forger.run(AuditTests.triggers)
        for _ in 0..<2 {
            guard case .broken(entry.broken, _) = try engine.verifyAudit() else {
                Issue.record("\(try engine.verifyAudit())")
                return
            }
            try engine.commitTick(TickRecord(audit: [audit("later"), audit("and later")]))
        }
        guard case .broken(entry.broken, _) = try engine.verifyAudit() else {
            Issue.record("\(try engine.verifyAudit())")
            return
        }
    }

    @Test("a forged row behind the recorded end does not keep the engine from writing, nor does it become part of the log")
    func aRowBehindTheEnd() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(TickRecord(audit: [audit("one"), audit("two")]))
        let head = try #require(try engine.auditHead())
        let forged = audit("forged")
        let digest = AuditChain.digest(previous: head.digest, seq: 3, entry: forged)
        func blob(_ bytes: [UInt8]) -> String { "x'" + AuditHead(seq: 1, digest: bytes).description.dropFirst(2) + "'" }
        try place.forger.run(
            "INSERT INTO audit (seq, at_ms, actor, kind, reason, document, previous, digest) VALUES (3, \(forged.at.milliseconds), "
                + "'\(forged.actor)', '\(forged.kind)', '\(forged.reason)', '\(forged.document)', \(blob(head.digest)), \(blob(digest)))")
        #expect(try engine.verifyAudit() == .broken(seq: 4, why: "the log does not end where it was recorded to end"))
        try engine.commitTick(TickRecord(audit: [audit("three")]))
        #expect(try engine.verifyAudit() == .broken(seq: 4, why: "it does not continue the row before"))
    }

    @Test func aLogWrittenAnewAsAWholeIsFoundByAHeadThatWasKept() throws {
        let (place, other) = (try Place(), try Place())
        let heads = try [(place, "paused by alice"), (other, "paused by nobody")].map { place, reason in
            let engine = try place.engine()
            try engine.commitTick(TickRecord(audit: [audit("one"), audit(reason), audit("three")]))
            defer { engine.close() }
            return try #require(try engine.auditHead())
        }
        let forged = try other.reader()
        #expect(try forged.verifyAudit() == .intact(rows: 3))
        #expect(
            try forged.verifyAudit(anchor: heads[0])
                == .broken(seq: 3, why: "it is not the row whose digest was kept: the log was written anew"))
        #expect(try forged.verifyAudit(anchor: heads[1]) == .intact(rows: 3))
    }

    @Test func aLogThatGrowsDuringTheCheckIsIntact() throws {
        let place = try Place()
        let engine = try place.engine()
        for n in 1...40 { try engine.commitTick(TickRecord(audit: (1...30).map { audit("\(n).\($0)") })) }
        let head = try #require(try engine.auditHead())
        let reader = try place.reader()
        #expect(try reader.verifyAudit(anchor: head) == .intact(rows: 1_200))
        try engine.commitTick(TickRecord(audit: [audit("later")]))
        #expect(try reader.verifyAudit(anchor: head) == .intact(rows: 1_201))
    }

    @Test(
        "what is not a head is none",
        arguments: [
            "", ":", "1", "1:", "0:\(String(repeating: "0", count: 64))", "-1:\(String(repeating: "0", count: 64))",
            "1:\(String(repeating: "0", count: 63))", "1:\(String(repeating: "g", count: 64))", "1:2:\(String(repeating: "0", count: 64))",
        ])
    func noHead(text: String) { #expect(AuditHead(text) == nil) }
}
