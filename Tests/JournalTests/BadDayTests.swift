import Glibc
import Model
import TestKit
import Testing

@testable import Journal

@Suite struct BadDayTests {
    static let secret = "xoxb-this-must-not-be-shown"

    static func big(_ count: Int) -> TickRecord {
        TickRecord(
            states: [StateRow(key: "engine", bytes: .init(repeating: 7, count: count))],
            incidents: [incident("a-1", document: secret)], messages: [message(.opened)], audit: [audit(secret)])
    }

    static func expectOnlyTheFirstTick(_ journal: Journal) throws {
        #expect(try journal.state("engine") == [1])
        #expect(try journal.incidents() == [])
        #expect(try journal.outbox() == [])
        #expect(try journal.verifyAudit() == .intact(rows: 1))
        try journal.verify()
    }

    static let firstTick = TickRecord(states: [StateRow(key: "engine", bytes: [1])], audit: [audit("first")])

    // MARK: Another file in its place

    @Test(
        "what is removed, moved or replaced under its engine is not written into nothing",
        arguments: ["removed", "replaced", "folder moved"])
    func displaced(how: String) throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(Self.firstTick)
        let path = place.folder.journalPath
        switch how {
        case "removed": unlink(path)
        case "replaced":
            rename(path, path + ".old")
            close(open(path, O_CREAT | O_WRONLY, 0o600))
        default: rename(place.folder.path, place.folder.path + "-old")
        }
        let error = try #require(failure { try engine.commitTick(Self.big(10)) })
        #expect(error.description.contains("removed, moved or replaced") && !error.description.contains(Self.secret))
    }

    // MARK: No space

    @Test func aTickThatDoesNotFitIsRolledBackAndFitsLater() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(Self.firstTick)
        try engine.reading("limit") { database throws(JournalError) in try database.execute("PRAGMA max_page_count = 1")
        }
        let error = try #require(failure { try engine.commitTick(Self.big(400_000)) })
        #expect(error.cause == .full && error.isRetryable)
        #expect(!error.description.contains(Self.secret))
        try Self.expectOnlyTheFirstTick(engine)
        try engine.reading("limit") { database throws(JournalError) in
            try database.execute("PRAGMA max_page_count = 9999")
        }
        try engine.commitTick(Self.big(400_000))
        #expect(try engine.state("engine")?.count == 400_000)
        #expect(try engine.verifyAudit() == .intact(rows: 2))
    }

    @Test(.enabled(if: SmallDisk.isPossible, "needs the right to mount"))
    func aFullDiskLosesNothing() throws {
        let disk = try SmallDisk(kilobytes: 640)
        let folder = try StateFolder(creating: disk.path + "/state")
        let engine = try Journal.open(folder, mode: .engine(EngineLock(folder: folder, now: at(0))))
        try engine.commitTick(Self.firstTick)
        disk.fill(kilobytes: 128)
        let error = try #require(failure { try engine.commitTick(Self.big(2_000_000)) })
        #expect(error.cause == .full && error.isRetryable && !error.description.contains(Self.secret))
        try Self.expectOnlyTheFirstTick(engine)

        // Then even small ticks do not always fit, for as long as others fill the disk.
        disk.fill()
        var last: UInt8 = 1
        var refused = 0
        for n in UInt8(2)..<60 {
            let state = StateRow(key: "engine", bytes: [n] + [UInt8](repeating: 0, count: 20_000))
            if let error = failure({ try engine.commitTick(TickRecord(states: [state])) }) {
                #expect(error.cause == .full)
                refused += 1
            } else {
                last = n
            }
            #expect(try engine.state("engine")?.first == last)
        }
        #expect(refused > 0)
        disk.empty()
        try engine.commitTick(TickRecord(states: [StateRow(key: "engine", bytes: [2])]))
        #expect(try engine.state("engine") == [2])
        engine.close()
        let again = try Journal.open(folder, mode: .engine(EngineLock(folder: folder, now: at(0))))
        #expect(try again.state("engine") == [2])
        try again.verify()
    }

    /// The log grows with every commit until it is folded into the file, which SQLite does by itself only after 4 MB.
    @Test(.enabled(if: SmallDisk.isPossible, "needs the right to mount"))
    func theLogAloneDoesNotFillTheDisk() throws {
        let disk = try SmallDisk(kilobytes: 640)
        let folder = try StateFolder(creating: disk.path + "/state")
        func open() throws -> Journal {
            try Journal.open(folder, mode: .engine(EngineLock(folder: folder, now: at(0))))
        }
        func tick(_ n: UInt8) -> TickRecord {
            TickRecord(states: [StateRow(key: "engine", bytes: .init(repeating: n, count: 8_000))])
        }
        try open().commitTick(tick(0))
        let engine = try open()
        for n in 1...UInt8(200) { try engine.commitTick(tick(n)) }
        #expect(try engine.state("engine") == tick(200).states[0].bytes)
    }

    @Test(.enabled(if: SmallDisk.isPossible, "needs the right to mount"))
    func aJournalThatCannotEvenBeMadeLeavesNoHalfOne() throws {
        let disk = try SmallDisk(kilobytes: 64)
        let folder = try StateFolder(creating: disk.path + "/state")
        disk.fill()
        func open() throws -> Journal {
            try Journal.open(folder, mode: .engine(EngineLock(folder: folder, now: at(0))))
        }
        let error = try #require(failure(open))
        #expect(error.cause == .full && error.isRetryable)
        #expect(access(folder.journalPath, F_OK) != 0)
    }

    // MARK: Read-only

    @Test(.enabled(if: SmallDisk.isPossible, "needs the right to mount"))
    func onAReadOnlyDiskTheEngineIsRefusedAndReadersRead() throws {
        let disk = try SmallDisk(kilobytes: 2_048)
        let folder = try StateFolder(creating: disk.path + "/state ?#%41é")
        let engine = try Journal.open(folder, mode: .engine(EngineLock(folder: folder, now: at(0))))
        try engine.commitTick(Self.firstTick)
        engine.close()
        try disk.makeReadOnly()
        #expect(cause { try StateFolder(creating: folder.path) } == .readOnly)
        #expect(cause { try EngineLock(folder: folder, now: at(0)) } == .readOnly)
        #expect(cause { try folder.turnKillSwitchOn() } == .readOnly)
        let error = try #require(failure { try Journal.open(folder, mode: .command) })
        #expect([.readOnly, .cannotOpen].contains(error.cause) && error.hint != nil)
        let reader = try Journal.open(try StateFolder(existing: folder.path), mode: .reader)
        try Self.expectOnlyTheFirstTick(reader)
    }

    @Test(.enabled(if: getuid() != 0, "root may write everywhere"))
    func aFileThatMayNotBeWrittenIsReadOnly() throws {
        let place = try Place()
        try place.engine().commitTick(Self.firstTick)
        chmod(place.folder.journalPath, 0o400)
        #expect(cause { try place.engine() } == .readOnly)
        try Self.expectOnlyTheFirstTick(try place.reader())
    }

    @Test func whatIsNoFileCannotBeOpened() throws {
        let place = try Place()
        #expect(mkdir(place.folder.journalPath, 0o700) == 0)
        for open in [place.asEngine, place.reader, place.command] { #expect(cause(open) == .cannotOpen) }
        #expect(place.temporary.names == ["engine.lock", "journal.db"])
    }

    @Test("a journal whose disk is not mounted is missed, not begun anew: nothing is made in place of a link that leads nowhere")
    func deadLink() throws {
        let place = try Place()
        #expect(symlink("/nowhere/journal.db", place.folder.journalPath) == 0)
        for open in [place.asEngine, place.reader, place.command] { #expect(cause(open) == .cannotOpen) }
        var status = stat()
        #expect(lstat(place.folder.journalPath, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    }

    // MARK: Locked

    @Test func aLockedJournalIsTriedAgain() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(Self.firstTick)
        let other = try RawSQLite(place.folder.journalPath)
        try other.run("BEGIN IMMEDIATE")
        let error = try #require(failure { try engine.commitTick(Self.big(10)) })
        #expect(error.cause == .busy && error.isRetryable && error.operation == "commit a tick")
        #expect(
            cause { try place.command().appendCommand(at: at(0), actor: "a", kind: "stop", arguments: "{}") } == .busy)
        try Self.expectOnlyTheFirstTick(engine)
        try Self.expectOnlyTheFirstTick(try place.reader())
        try other.run("ROLLBACK")
        try engine.commitTick(Self.big(10))
        #expect(try engine.incidents().count == 1)
    }

    @Test func aJournalThatAnotherKeepsForItselfIsBusy() throws {
        let place = try Place()
        try place.engine().commitTick(Self.firstTick)
        let other = try RawSQLite(place.folder.journalPath)
        try other.run("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT")
        for open in [place.asEngine, place.reader, place.command] {
            let error = try #require(failure(open))
            #expect(error.cause == .busy && error.isRetryable)
        }
    }

    // MARK: Versions

    @Test func aNewerSchemaIsLeftAlone() throws {
        let place = try Place()
        try place.engine().commitTick(Self.firstTick)
        try RawSQLite(place.folder.journalPath).run("PRAGMA user_version = 99")
        for open in [place.asEngine, place.reader, place.command] {
            let error = try #require(failure(open))
            #expect(error.cause == .newerSchema(found: 99, known: Schema.version))
            #expect(error.hint?.contains("newer mozaiks-ops") == true && !error.isRetryable)
        }
    }

    @Test func anOlderSchemaIsBroughtUpToDateByTheEngineOnly() throws {
        let place = try Place()
        try RawSQLite(place.folder.journalPath).run("PRAGMA application_id = \(Schema.applicationID); VACUUM")
        for open in [place.reader, place.command] {
            #expect(cause(open) == .olderSchema(found: 0, known: Schema.version))
        }
        try place.engine().commitTick(Self.firstTick)
        try Self.expectOnlyTheFirstTick(try place.reader())
    }

    @Test func theDatabaseOfAnotherProgramIsNotTouched() throws {
        let place = try Place()
        try RawSQLite(place.folder.journalPath).run("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)")
        let before = place.temporary.read("journal.db")
        for open in [place.asEngine, place.reader, place.command] { #expect(cause(open) == .notAJournal) }
        #expect(place.temporary.read("journal.db") == before)
    }

    // MARK: Absent

    @Test func readersAndCommandsMakeNoJournal() throws {
        let place = try Place()
        for open in [place.reader, place.command] {
            let error = try #require(failure(open))
            #expect(error.cause == .missing && error.hint?.contains("mozaiks-ops check") == true)
        }
        #expect(place.temporary.names == [])
    }

    @Test func aStartThatWasKilledWhileItMadeTheJournalIsRepeated() throws {
        let place = try Place()
        place.temporary.write("half", to: "journal.db.new")
        place.temporary.write("half", to: "journal.db.new-journal")
        try place.engine().commitTick(Self.firstTick)
        try Self.expectOnlyTheFirstTick(try place.reader())
        #expect(!place.temporary.names.contains { $0.hasPrefix("journal.db.new") })
    }

    @Test func readersReadWhileAnotherWrites() throws {
        let place = try Place()
        let engine = try place.engine()
        let reader = try place.reader()
        let other = try RawSQLite(place.folder.journalPath)
        for round in 1...3 {
            try other.run("BEGIN; INSERT INTO commands (at_ms, actor, kind, arguments) VALUES (1, 'a', 'b', '{}')")
            for journal in [engine, reader] {
                #expect(try journal.waitingCommands().count == round - 1, "not before it is committed")
            }
            try other.run("COMMIT")
            for journal in [engine, reader] { #expect(try journal.waitingCommands().count == round) }
        }
    }
}

extension Place {
    /// Opens as the engine, for tables of ways to open.
    func asEngine() throws -> Journal { try engine() }
}
