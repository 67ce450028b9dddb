import Glibc
import Model
import TestKit
import Testing

@testable import Journal

@Suite(.bothEngines) struct CopyTests {
    /// A journal with rows in every table.
    private static func full() throws -> (place: Place, engine: Journal) {
        let place = try Place()
        let engine = try place.engine(busyTimeout: .seconds(2))
        for n in 1...5 { try engine.commitTick(CrashTests.tick(n, size: 2_000)) }
        try engine.commitTick(
            TickRecord(
                placements: [
                    PlacementRow(lease: "lease-1", adapter: "hook", isOver: false, updatedAt: at(0), document: "{\"a\":\"\\u0000\"}")
                ],
                audit: [audit("with a \0 in it")]))
        try engine.fold(HistoryHour(runtime: "shared", hour: 3, bytes: [1, 2, 3]))
        let command = try engine.appendCommand(at: at(1), actor: "ana", kind: "note", arguments: "{}")
        try engine.commitTick(TickRecord(commands: [CommandResult(id: command, takenAt: at(2), result: "done")]))
        _ = try engine.reserveAdvice(
            at: at(0), incident: "inc-1", by: "cli", model: "m", asked: AdviceSpending(tokens: 10, microUSD: 5),
            budget: AdviceBudget(tokensPerHour: 1_000, tokensPerDay: 1_000, microUSDPerDay: 1_000))
        for row in try engine.nextDue(at(9), limit: 2) { try engine.settle(row.id, .sent(at: at(9), reference: "C/\(row.id)")) }
        return (place, engine)
    }

    /// The other engine's places, where there are two.
    private static func other() throws -> Place {
        guard PostgresServer.shared != nil else { return try Place() }
        return try Kind.$current.withValue(Kind.current == .sqlite ? .postgres : .sqlite) { try Place() }
    }

    @Test func aCopyIsTheSameJournalAndGoesOn() throws {
        let (place, engine) = try Self.full()
        let before = try engine.contents()
        #expect(before.allSatisfy { $0.rows > 0 }, "every table has rows: \(before.filter { $0.rows == 0 }.map(\.name))")
        let head = try #require(try engine.auditHead())
        try place.folder.turnKillSwitchOn(by: "cli:ann")
        engine.close()

        let target = try Self.other()
        #expect(try Journal.copy(from: place.folder, to: target.folder, now: at(20)) == before)
        let copy = try target.engine(busyTimeout: .seconds(2))
        #expect(try copy.contents() == before)
        #expect(try copy.check(anchor: head) == .intact(rows: head.seq))
        #expect(copy.killSwitch == true && copy.killSwitchActor(isOn: true) == "cli:ann")
        // It goes on: new numbers are new.
        let last = try copy.outbox().map(\.id).max() ?? 0
        try copy.commitTick(CrashTests.tick(6, size: 10))
        #expect(try copy.outbox().map(\.id).max() ?? 0 > last)
        #expect(try copy.appendCommand(at: at(30), actor: "ana", kind: "note", arguments: "{}") > 1)
        #expect(try copy.verifyAudit(anchor: head) == .intact(rows: head.seq + 1))

        // And back, into a third place of the first kind.
        copy.close()
        let third = try Place()
        let contents = try Journal.copy(from: target.folder, to: third.folder, now: at(40))
        #expect(try third.reader().contents() == contents && contents != before)
    }

    @Test func nothingIsWrittenOverAndNoEngineIsLeftBehind() throws {
        let (place, engine) = try Self.full()
        let target = try Self.other()
        guard case .heldBy = cause({ try Journal.copy(from: place.folder, to: target.folder, now: at(20)) }) else {
            Issue.record("copied beside an engine that runs")
            return
        }
        engine.close()
        try target.engine().commitTick(CrashTests.tick(1, size: 1))
        let error = try #require(failure { try Journal.copy(from: place.folder, to: target.folder, now: at(20)) })
        #expect(
            error.cause == .notPermitted && error.description.contains("nothing is written over")
                && !error.description.contains("connection"))
        #expect(try target.reader().incidents().map(\.id) == ["inc-1"])
    }

    @Test func aBackupIsOfOneMomentAndBecomesAJournalAgain() throws {
        let (place, engine) = try Self.full()
        let before = try engine.contents()
        let temporary = TemporaryFolder()
        let file = temporary.path("journal.bak")
        #expect(try Journal.backUp(place.folder, to: file, now: at(20)) == before)
        #expect(temporary.names == ["journal.bak"])
        #expect(cause { try Journal.backUp(place.folder, to: file, now: at(20)) } == .notPermitted)
        try engine.commitTick(CrashTests.tick(6, size: 10))

        let restored = temporary.path("state")
        #expect(mkdir(restored, 0o700) == 0 && rename(file, restored + "/journal.db") == 0)
        let folder = try StateFolder(existing: restored)
        let again = try Journal.open(folder, mode: .engine(EngineLock(folder: folder, now: at(30))))
        #expect(try again.contents() == before && again.check() == .intact(rows: 6))
    }

    @Test func aBackupIsCopiedBackAsItIs() throws {
        let (place, engine) = try Self.full()
        try place.folder.turnKillSwitchOn(by: "cli:ann")
        let temporary = TemporaryFolder()
        let file = temporary.path("journal.bak")
        let before = try Journal.backUp(place.folder, to: file, now: at(20))
        let target = try Self.other()
        #expect(StateName(file).file == file && StateName(temporary.path).file == nil && StateName("postgres://ops@db/ops").file == nil)
        #expect(try Journal.copy(fromBackup: file, to: target.folder, now: at(30)) == before)
        #expect(temporary.names == ["journal.bak"], "the file stays, and nothing beside it")
        #expect(target.folder.isKillSwitchOn, "what was stopped stays so")
        #expect(try target.reader().contents() == before && target.reader().check() == .intact(rows: 6))
        // What its engine has not folded into the file yet would be missing.
        guard place.folder.database == nil else { return }
        for _ in 1...2 {
            let error = failure { try Journal.copy(fromBackup: place.folder.journalPath, to: target.folder, now: at(30)) }
            #expect(error?.cause == .notPermitted && error?.detail.contains("name the folder") == true, "\(String(describing: error))")
            engine.close()
        }
    }

    @Test func whatIsWrongWithABackupIsSaidOfTheFile() throws {
        let temporary = TemporaryFolder()
        let target = try Place()
        for (name, version) in [("no journal at all", nil), ("an older one", 5)] as [(String, Int?)] {
            let file = temporary.path(name)
            if let version {
                let place = try StateFolder(creating: temporary.path("state"))
                try Journal.open(place, mode: .engine(EngineLock(folder: place, now: at(0)))).close()
                try RawSQLite(place.journalPath).run("PRAGMA journal_mode = DELETE; PRAGMA user_version = \(version)")
                #expect(rename(place.journalPath, file) == 0)
            } else {
                temporary.write(String(repeating: "no database ", count: 100), to: name)
            }
            let error = try #require(failure { try Journal.copy(fromBackup: file, to: target.folder, now: at(30)) })
            #expect(error.path == file && !"\(error)".contains(".part-"), "\(error)")
            #expect(version == nil ? error.cause == .corrupt : error.detail.contains("schema version 5, older than"), "\(error)")
            #expect(!temporary.names.contains { $0.contains(".part-") })
        }
    }

    @Test func aBackupTouchesNothingThatLiesBesideIt() throws {
        let (place, engine) = try Self.full()
        let temporary = TemporaryFolder()
        let file = temporary.path("journal.bak")
        // Somebody's state, under the name that a backup once took for its own.
        let theirs = try StateFolder(creating: file + ".part")
        try Journal.open(theirs, mode: .engine(EngineLock(folder: theirs, now: at(0)))).commitTick(CrashTests.tick(1, size: 1))
        try theirs.turnKillSwitchOn(by: "somebody")
        #expect(try Journal.backUp(place.folder, to: file, now: at(20)) == engine.contents())
        #expect(try Journal.open(theirs, mode: .reader).incidents().map(\.id) == ["inc-1"])
        #expect(theirs.isKillSwitchOn)
        #expect(temporary.names == ["journal.bak", "journal.bak.part"])
    }

    @Test func aBackupOfAStoppedJournalComesBackStopped() throws {
        let (place, engine) = try Self.full()
        try place.folder.turnKillSwitchOn(by: "cli:ann")
        let temporary = TemporaryFolder()
        let contents = try Journal.backUp(place.folder, to: temporary.path("b"), now: at(20))
        #expect(try contents == engine.contents())
        let restored = temporary.path("state")
        #expect(mkdir(restored, 0o700) == 0 && rename(temporary.path("b"), restored + "/journal.db") == 0)
        let folder = try StateFolder(existing: restored)
        let reader = try Journal.open(folder, mode: .reader)
        #expect(reader.killSwitch == true && reader.killSwitchActor(isOn: true) == "cli:ann", "before any engine was there")
        reader.close()
        let again = try Journal.open(folder, mode: .engine(EngineLock(folder: folder, now: at(30))))
        #expect(again.killSwitch == true && folder.isKillSwitchOn && folder.killSwitchActor(isOn: true) == "cli:ann")
        // Once: whoever lifts it then has lifted it.
        try folder.turnKillSwitchOff(by: "cli:bob")
        again.close()
        let third = try Journal.open(folder, mode: .engine(EngineLock(folder: folder, now: at(40))))
        #expect(third.killSwitch == false)
        #expect(try third.contents() == contents)
    }

    @Test func backupsAtTheSameTimeAreNotInEachOthersWay() throws {
        let temporary = TemporaryFolder()
        let file = temporary.path("journal.bak")
        let names = try (0..<2).map { _ in try StateFolder.makeOwn(beside: file) }
        #expect(names[0] != names[1] && names.allSatisfy { $0.hasPrefix(file + ".part-") })
        let (place, engine) = try Self.full()
        #expect(try Journal.backUp(place.folder, to: file, now: at(20)) == engine.contents())
        // Of two to the same file one is made.
        #expect(cause { try Journal.backUp(place.folder, to: file, now: at(20)) } == .notPermitted)
        #expect(temporary.names.count == 3)
    }

    @Test func whatIsCompactIsTheSame() throws {
        let (place, engine) = try Self.full()
        let before = try engine.contents()
        guard case .heldBy = cause({ try Journal.compact(place.folder, now: at(20)) }) else {
            Issue.record("made compact beside an engine that runs")
            return
        }
        engine.close()
        let sizes = try Journal.compact(place.folder, now: at(20))
        // In a database the tables that nothing was removed from are as large as before.
        #expect(sizes.before > 0 && sizes.after > 0 && sizes.after <= sizes.before)
        #expect(try place.reader().contents() == before)
    }

    @Test(arguments: [
        "UPDATE state SET bytes = zeroblob(32) WHERE key = 'engine'", "UPDATE chats SET record = zeroblob(32)",
        "UPDATE hours SET hour = 4", "UPDATE incidents SET document = '{}' WHERE id = 'inc-2'", "UPDATE placements SET document = '{}'",
        "UPDATE outbox SET checksum = 1 WHERE id = 1", "UPDATE leases SET document = ''",
    ])
    func aDamagedValueIsFoundWhereverItIs(sql: String) throws {
        let (place, engine) = try Self.full()
        #expect(try engine.check() == .intact(rows: 6))
        try place.forger.run(sql)
        let error = try #require(failure { try engine.check() })
        let table = sql.split(separator: " ")[1]
        #expect(error.cause == .corrupt && error.detail.contains(table), "\(error)")
    }

    @Test func theTablesAreThoseOfTheSchema() throws {
        let columns = try Place().engine().reading("look") { database throws(JournalError) in
            try database.rows(
                database is PostgresDatabase
                    ? """
                    SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns
                    WHERE table_schema = current_schema() AND table_name <> 'journal'
                    """
                    : """
                    SELECT m.name || '.' || c.name || ' ' || c.type FROM sqlite_schema AS m, pragma_table_info(m.name) AS c
                    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'
                    """
            ) { row throws(JournalError) in row.text(0) }
        }
        let isPostgres = Kind.current == .postgres
        let listed = JournalTable.all.flatMap { table in
            table.columns.map { column in
                let type =
                    switch column.kind {
                    case .int: isPostgres ? "bigint" : "INTEGER"
                    case .text: isPostgres ? "text" : "TEXT"
                    case .bytes: isPostgres ? "bytea" : "BLOB"
                    }
                return "\(table.name).\(column.name) \(type)"
            }
        }
        #expect(listed.sorted() == columns.sorted())
    }
}
