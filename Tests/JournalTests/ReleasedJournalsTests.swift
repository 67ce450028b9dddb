import Glibc
import Model
import TestKit
import Testing

@testable import Journal

/// A journal of an earlier version opens, whichever it was, and has what it had.
@Suite struct ReleasedJournalsTests {
    /// Versions of which a file is kept; the one that this program writes, too, once it is released.
    static let kept: [Int] = (1...99).prefix { access(file($0), R_OK) == 0 }.map { $0 }

    private static func file(_ version: Int) -> String { "\(Fixtures.repository)/Tests/JournalTests/released/v\(version).sql.gz" }

    @Test func everySchemaBeforeThisOneIsKept() {
        #expect(ReleasedJournalsTests.kept.count >= max(7, Schema.version - 1), "see Tests/JournalTests/released/README.md")
    }

    @Test(arguments: kept)
    func aJournalOfThatSchemaOpensWithAllOfIt(version: Int) throws {
        let place = try Place()
        let sql = try RunningProgram("/bin/gzip", ["-dc", ReleasedJournalsTests.file(version)], in: place.temporary.path).waitForEnd()
        try #require(sql.code == 0 && sql.output.contains("PRAGMA user_version = \(version);"))
        try RawSQLite(place.folder.journalPath).run(sql.output)
        if version < Schema.version {
            #expect(cause(place.reader) == .olderSchema(found: version, known: Schema.version), "a reader changes nothing")
        }
        let engine = try place.engine()
        try engine.verify()
        let incidents = try engine.incidents()
        #expect(incidents.count == 7 && incidents.allSatisfy { $0.status == .open })
        #expect(Set(incidents.map(\.rule)) == ["crowded", "loud"])
        #expect(incidents.contains { $0.subject == .app(AppID("app-écolé-検証"), runtime: "default") }, "ids are bytes")
        let waiting = try engine.outbox()
        #expect(waiting.map(\.message.channel) == ["slack"] && waiting.map(\.state) == [.pending])
        #expect(try engine.commands(kind: "mark").count == 1)
        #expect(try engine.verifyAudit() == .intact(rows: 1))
        #expect(try engine.chats(runtime: "default").flatMap(\.chats).count == 4)
        #expect(try engine.stateKeys().contains("guard"))
        try engine.commitTick(TickRecord(audit: [audit("later")]))
        #expect(try engine.verifyAudit() == .intact(rows: 2), "the chain goes on")
        engine.close()
        #expect(try place.reader().incidents() == incidents)
    }
}
