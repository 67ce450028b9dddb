import Glibc
import Model
import TestKit
import Testing

@testable import Journal

/// What is PostgreSQL's own. That the whole contract holds there is tested by the suites that run on both engines.
@Suite(.enabled(if: PostgresServer.shared != nil, "\(PostgresServer.why)"))
struct PostgresTests {
    static func server() throws -> PostgresServer { try #require(PostgresServer.shared) }

    static func folder(_ url: String) throws -> StateFolder { try StateFolder(creating: StateName(url)) }

    static func engine(_ folder: StateFolder, busyTimeout: TimeSpan = .seconds(2)) throws -> Journal {
        try Journal.open(folder, mode: .engine(EngineLock(folder: folder, now: at(0))), busyTimeout: busyTimeout)
    }

    static func database(of journal: Journal) throws -> PostgresDatabase {
        try journal.reading("look") { database throws(JournalError) in
            guard let postgres = database as? PostgresDatabase else { throw database.error(.notPermitted) }
            return postgres
        }
    }

    // MARK: Errors

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let url: @Sendable (PostgresServer) -> String
        let cause: JournalError.Cause
        let says: String
    }

    static let refused = [
        Case(testDescription: "a wrong password", url: { $0.url(password: "xoxb-wrong") }, cause: .denied, says: "password"),
        Case(testDescription: "no password", url: { $0.url(password: nil) }, cause: .denied, says: "password"),
        Case(
            testDescription: "an unknown user", url: { $0.url(schema: "a", user: "nobody-knows") }, cause: .denied,
            says: "password authentication failed"),
        Case(
            testDescription: "an unknown database", url: { $0.url(schema: "a", database: "nothing") }, cause: .noDatabase, says: "createdb"),
        Case(
            testDescription: "no server", url: { _ in "postgres://ops:s3cret@%2Fnowhere/ops" }, cause: .unreachable,
            says: "it is tried again"),
        Case(
            testDescription: "a certificate that is not there",
            url: { _ in "postgres://ops@127.0.0.1:1/ops?sslmode=verify-full&sslrootcert=/nowhere/ca.pem" }, cause: .unreachable,
            says: "127.0.0.1"),
    ]

    @Test(arguments: refused) func whatCannotBeHadIsSaid(_ test: Case) throws {
        let folder = try Self.folder(test.url(try Self.server()))
        for error in [failure { try EngineLock(folder: folder, now: at(0)) }, failure { try Journal.open(folder, mode: .reader) }] {
            let error = try #require(error)
            #expect(error.cause == test.cause, "\(error)")
            #expect(error.description.contains(test.says), "\(error)")
            #expect(
                !error.description.contains(PostgresServer.secret) && !error.description.contains("xoxb")
                    && !error.description.contains("s3cret"))
            #expect(error.isRetryable == (test.cause == .unreachable) && error.hint != nil)
        }
    }

    @Test func aUserWhoMayNotMakeTheSchemaIsToldWhatItNeeds() throws {
        let server = try Self.server()
        let owner = try Self.folder(server.url())
        let admin = try Self.engine(owner)
        let role = "plain_\(getpid())"
        try admin.reading("make a user") { database throws(JournalError) in
            try database.execute("CREATE ROLE \(role) LOGIN PASSWORD '\(PostgresServer.secret)'")
        }
        let folder = try Self.folder(server.url(schema: "of_\(role)", user: role))
        let error = try #require(failure { try Self.engine(folder) })
        #expect(error.cause == .denied && error.description.contains("needs to make the schema"), "\(error)")
        // One that may only read finds no table that it may read.
        let reader = try Self.folder(server.url(schema: try #require(owner.database).schema, user: role))
        #expect(cause { try Journal.open(reader, mode: .reader) } == .denied)
    }

    @Test func whatIsNotOursIsLeftAlone() throws {
        let server = try Self.server()
        let folder = try Self.folder(server.url())
        let place = try #require(folder.database)
        #expect(cause { try Journal.open(folder, mode: .reader) } == .missing)
        let stranger = try PostgresDatabase(place, role: .command, busyTimeout: .zero, operation: "be a stranger")
        try stranger.execute("CREATE SCHEMA \(place.schema); CREATE TABLE theirs (x INT)")
        for open in [{ try Self.engine(folder) }, { try Journal.open(folder, mode: .reader) }] { #expect(cause(open) == .notAJournal) }
        try stranger.execute("DROP TABLE theirs")
        try Self.engine(folder).close()
        try stranger.execute("UPDATE journal SET version = 99")
        for open in [{ try Self.engine(folder) }, { try Journal.open(folder, mode: .reader) }] {
            #expect(cause(open) == .newerSchema(found: 99, known: Schema.version))
        }
        try stranger.execute("UPDATE journal SET application = 1")
        #expect(cause { try Self.engine(folder) } == .notAJournal)
    }

    @Test func aReadOnlyServerRefusesTheEngineAndServesReaders() throws {
        let server = try Self.server()
        let folder = try Self.folder(server.url())
        let engine = try Self.engine(folder)
        try engine.commitTick(BadDayTests.firstTick)
        let place = try #require(folder.database)
        let role = "standby_\(getpid())"
        try engine.reading("make a user") { database throws(JournalError) in
            try database.execute(
                """
                CREATE ROLE \(role) SUPERUSER LOGIN PASSWORD '\(PostgresServer.secret)';
                CREATE FUNCTION \(place.schema).refuse() RETURNS TRIGGER LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'cannot execute UPDATE in a read-only transaction' USING ERRCODE = '25006'; END $$;
                CREATE TRIGGER refuse BEFORE UPDATE ON \(place.schema).journal FOR EACH STATEMENT EXECUTE FUNCTION \(place.schema).refuse()
                """)
        }
        let error = try #require(failure { try engine.commitTick(BadDayTests.big(10)) })
        #expect(error.cause == .readOnly && error.hint?.contains("standby") == true, "\(error)")
        try BadDayTests.expectOnlyTheFirstTick(try Journal.open(folder, mode: .reader))
    }

    @Test func aFullDiskIsRolledBackAndTriedAgain() throws {
        let folder = try Self.folder(try Self.server().url())
        let engine = try Self.engine(folder)
        try engine.commitTick(BadDayTests.firstTick)
        try engine.reading("fill") { database throws(JournalError) in
            try database.execute(
                """
                CREATE FUNCTION refuse() RETURNS TRIGGER LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION refuse()
                """)
        }
        let error = try #require(failure { try engine.commitTick(BadDayTests.big(10)) })
        #expect(error.cause == .full && error.isRetryable && !error.description.contains(BadDayTests.secret), "\(error)")
        try BadDayTests.expectOnlyTheFirstTick(engine)
        try engine.reading("empty") { database throws(JournalError) in try database.execute("DROP TRIGGER refuse ON outbox") }
        try engine.commitTick(BadDayTests.big(10))
        #expect(try engine.verifyAudit() == .intact(rows: 2))
    }

    // MARK: One engine

    @Test func thereIsOneEngineOfASchemaAndItIsNamed() throws {
        let folder = try Self.folder(try Self.server().url())
        #expect(EngineLock.holder(of: folder) == nil)
        let engine = try Self.engine(folder)
        let holder = try #require(EngineLock.holder(of: folder))
        #expect(holder.pid == getpid() && holder.since == at(0) && holder.host != nil)
        #expect(engine.engineHolder == holder)
        #expect(cause { try Self.engine(folder) } == .heldBy(holder))
        // Another schema of the same database is another journal.
        let other = try Self.engine(try Self.folder(try Self.server().url()))
        try engine.commitTick(BadDayTests.firstTick)
        #expect(try other.state("engine") == nil)
        engine.close()
        #expect(EngineLock.holder(of: folder) == nil)
        try Self.engine(folder).close()
    }

    @Test func anEngineThatWasDeposedCommitsNothing() throws {
        let folder = try Self.folder(try Self.server().url())
        let old = try Self.engine(folder)
        try old.commitTick(BadDayTests.firstTick)
        // Its session hangs, and somebody ends it; the next engine begins.
        let session = try #require(try Self.database(of: old).fence?.session)
        let other = try PostgresDatabase(try #require(folder.database), role: .command, busyTimeout: .zero, operation: "depose")
        try other.execute("UPDATE journal SET epoch = epoch + 1")
        #expect(cause { try old.commitTick(BadDayTests.big(10)) } == .deposed, "on the session that it has")
        try other.execute("SELECT pg_terminate_backend(\(session))")
        let error = try #require(failure { try old.commitTick(BadDayTests.big(10)) })
        #expect(error.cause == .deposed && !error.isRetryable, "nor on a new one: \(error)")
        try BadDayTests.expectOnlyTheFirstTick(try Journal.open(folder, mode: .reader))
    }

    // MARK: Lost connections

    @Test func aSessionThatWasEndedBetweenTwoCommitsIsNotNoticed() throws {
        let folder = try Self.folder(try Self.server().url())
        let engine = try Self.engine(folder)
        let reader = try Journal.open(folder, mode: .reader)
        for n in 1...6 {
            try engine.commitTick(CrashTests.tick(n, size: 10))
            #expect(try reader.state("engine")?.count == 18)
            let other = try PostgresDatabase(try #require(folder.database), role: .command, busyTimeout: .zero, operation: "end sessions")
            for journal in [engine, reader] {
                guard let pid = try Self.database(of: journal).connection?.backendPID else { continue }
                try other.execute("SELECT pg_terminate_backend(\(pid), 5000)")
            }
        }
        #expect(try CrashTests.wholeTicks(in: engine, "ended between") == 6)
        #expect(EngineLock.holder(of: folder)?.pid == getpid(), "the new session says whose it is, too")
    }

    /// The instant that matters most: the server has committed, and nobody hears it.
    @Test(arguments: [true, false]) func aCommitWhoseAnswerIsLostIsNeitherLostNorDone(wasKept: Bool) throws {
        let folder = try Self.folder(try Self.server().url())
        let engine = try Self.engine(folder)
        try engine.commitTick(CrashTests.tick(1, size: 10))
        let database = try Self.database(of: engine)
        let witness = try PostgresDatabase(try #require(folder.database), role: .reader, busyTimeout: .zero, operation: "watch")
        func commits() throws -> Int64 { try witness.row("SELECT commits FROM journal") { row throws(JournalError) in row.int(0) } ?? 0 }
        for n in 2...5 {
            let before = try commits()
            var isDone = false
            database.disturbance = { connection in
                guard database.doubt != nil, !isDone else { return }
                isDone = true
                if wasKept {
                    while !connection.flush() {}
                    while (try? commits()) == before {}
                }
                let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
                dup2(nothing, connection.socket)
                close(nothing)
            }
            try engine.commitTick(CrashTests.tick(n, size: 10))
            #expect(isDone && database.doubt == nil)
        }
        #expect(try CrashTests.wholeTicks(in: engine, "answers lost") == 5)
    }

    @Test func whileTheServerIsAwayNothingIsLostAndAfterThatNothingIsDoubled() throws {
        let server = try PostgresServer()
        let folder = try Self.folder(server.url())
        let engine = try Self.engine(folder)
        let database = try Self.database(of: engine)
        var unsaved = TickRecord()
        var committed = 0
        // A server that has just refused is left alone for a moment, however fast it is there again.
        func comesBack() throws {
            try server.start()
            while failure({ try engine.stateKeys() }) != nil {}
        }
        for n in 1...12 {
            unsaved.append(CrashTests.tick(n, size: 10))
            switch n % 4 {
            case 1: server.kill()
            case 2:
                // It goes away in the middle of a commit: whether the commit was kept is for it to know.
                try comesBack()
                database.disturbance = { connection in
                    guard database.doubt != nil else { return }
                    database.disturbance = nil
                    _ = connection.flush()
                    server.kill()
                }
            case 3: try comesBack()
            default: break
            }
            if let error = failure({ try engine.commitTick(unsaved) }) {
                #expect(error.cause == .unreachable && error.isRetryable, "\(error)")
                #expect(!error.description.contains(PostgresServer.secret))
            } else {
                unsaved = TickRecord()
                committed = n
            }
            database.disturbance = nil
        }
        while !unsaved.isEmpty {
            if failure({ try engine.commitTick(unsaved) }) == nil { unsaved = TickRecord() }
        }
        #expect(committed > 3)
        #expect(try CrashTests.wholeTicks(in: engine, "the server came and went") == 12)
    }

    // MARK: Values

    @Test func everyTextComesBackAsItWas() throws {
        let folder = try Self.folder(try Self.server().url())
        let engine = try Self.engine(folder)
        // No letter, and the one that stands for what PostgreSQL cannot hold.
        let mark = String(Unicode.Scalar(0xFDD0 as UInt32).map(Character.init) ?? "?")
        let texts = ["", "\0", "a\0b\0", mark, mark + "0\0" + mark + "d", "’\u{EFFF}\u{10FFFF}", "\\x41 'quoted' $1 ?1 %"]
        for text in texts { try engine.commitTick(TickRecord(audit: [audit(text)])) }
        #expect(try engine.audit().map { Array($0.entry.reason.utf8) } == texts.map { Array($0.utf8) })
        #expect(try engine.verifyAudit() == .intact(rows: Int64(texts.count)))
        for text in texts { #expect(PostgresText.kept(PostgresText.stored(text)) == Array(text.utf8)) }
    }

    @Test func theSchemaIsTheSameAsInAFile() throws {
        let folder = try Self.folder(try Self.server().url())
        let columns = try Self.engine(folder).reading("look") { database throws(JournalError) in
            try database.rows(
                """
                SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
                WHERE table_schema = current_schema() AND table_name <> 'journal' ORDER BY 1, 2
                """
            ) { row throws(JournalError) in "\(row.text(0)).\(row.text(1)) \(row.text(2)) \(row.text(3))" }
        }
        let file = try Place().engine().reading("look") { database throws(JournalError) in
            try database.rows(
                """
                SELECT m.name, c.name, c.type, c."notnull" OR c.pk > 0 FROM sqlite_schema AS m, pragma_table_info(m.name) AS c
                WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1, 2
                """
            ) { row throws(JournalError) in
                let type = ["INTEGER": "bigint", "TEXT": "text", "BLOB": "bytea"][row.text(2)] ?? "?"
                return "\(row.text(0)).\(row.text(1)) \(type) \(row.int(3) != 0 ? "NO" : "YES")"
            }
        }
        #expect(columns == file && columns.count > 60)
    }

    @Test func theKillSwitchIsARow() throws {
        let folder = try Self.folder(try Self.server().url())
        #expect(folder.isKillSwitchOn, "what cannot be asked says stop")
        #expect(cause { try folder.turnKillSwitchOn() } == .missing)
        let engine = try Self.engine(folder)
        #expect(!folder.isKillSwitchOn && engine.killSwitch == false)
        try folder.turnKillSwitchOn(by: "cli:ann")
        try folder.turnKillSwitchOn(by: "cli:bob")
        #expect(folder.isKillSwitchOn && engine.killSwitch == true && engine.killSwitchActor(isOn: true) == "cli:ann")
        try folder.turnKillSwitchOff(by: "cli:bob")
        #expect(engine.killSwitch == false && folder.killSwitchActor(isOn: false) == "cli:bob")
        engine.forgetKillSwitchActor()
        #expect(engine.killSwitchActor(isOn: false) == nil)
    }
}

/// URLs need no server.
@Suite struct PostgresPlaceTests {
    @Test(
        "of a URL everything is shown but what is secret",
        arguments: [
            ("postgres://ops:s3cret@db.example/ops", "postgres://ops@db.example/ops"),
            (
                "postgresql://ops:s3%40cret@db:5433/ops?sslmode=verify-full&sslrootcert=/etc/ca.pem",
                "postgresql://ops@db:5433/ops?sslmode=verify-full&sslrootcert=/etc/ca.pem"
            ),
            ("postgres://db/ops?user=ops&password=s3cret&schema=prod", "postgres://db/ops?user=ops&schema=prod"),
            ("postgres://ops@%2Frun%2Fpostgresql/ops?sslpassword=s3cret", "postgres://ops@%2Frun%2Fpostgresql/ops"),
            ("postgres:///ops", "postgres:///ops"), ("POSTGRES://a:s3cret@[::1]:5432,b:1/ops", "POSTGRES://a@[::1]:5432,b:1/ops"),
        ])
    func shown(url: String, shown: String) throws {
        let place = try PostgresPlace(url)
        #expect(place.description == shown && StateName(url).description == shown)
        #expect(!"\(StateName(url))".contains("s3cret") && StateName(url).fault == nil)
    }

    @Test(
        "what is wrong with a URL is said without it",
        arguments: [
            "postgres://ops:s3/cret@db/ops", "postgres://ops:s3?cret@db/ops", "postgres://ops:s3%cret@db/ops", "postgres://ops@db:cret/ops",
            "postgres://ops@db/ops?schema=Prod", "postgres://ops@db/ops?schema=pg_x", "postgres://ops@db/ops?schema=public",
            "postgres://db/ops?sslmode",
            "postgres://db/ops?sslmod=require", "postgres://db/ops?statement_timeout=now", "postgres://db/ops?schema=a;drop",
        ])
    func wrong(url: String) throws {
        let fault = try #require(StateName(url).fault)
        #expect(!fault.message.contains("cret@") && !(fault.hint ?? "").contains("cret"))
        let error = try #require(failure { try StateFolder(creating: StateName(url)) })
        #expect(error.cause == .cannotOpen && !error.description.contains("ops:") && error.path == "postgres://…")
    }

    @Test(
        "what libpq would refuse at the first connection is said before",
        arguments: [
            ("db:0/ops", "port"), ("db:70000/ops", "port"), ("db/ops?port=54x", "port"), ("db/ops?port=-1", "port"),
            ("db/ops?port=5432,5433", "2 ports for 1 hosts"), ("db/ops?sslmode=verify", "sslmode"), ("db/ops?sslmode=Require", "sslmode"),
            ("db/ops?connect_timeout=5s", "connect_timeout"), ("db/ops?ssl_min_protocol_version=1.2", "ssl_min_protocol_version"),
            ("db/ops?ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2", "above"),
            ("db/ops?require_auth=scram", "require_auth"),
            ("db/ops?target_session_attrs=master", "target_session_attrs"), ("[::1/ops", "brackets"), ("[::1]5432/ops", "brackets"),
            ("d%20b/ops", "host"), ("db/ops%00x", "zero byte"),
        ])
    func refused(rest: String, word: String) throws {
        let fault = try #require(StateName("postgres://ops@" + rest).fault)
        #expect(fault.message.contains(word))
    }

    @Test(
        "what libpq takes is taken",
        arguments: [
            "a:5432,b/ops", "a,b:5433/ops?target_session_attrs=read-write", "a,b/ops?port=5432", "[::1]:5432,b/ops", "[::1]/ops",
            "db/ops?ssl_min_protocol_version=tlsv1.2&ssl_max_protocol_version=TLSv1.3", "db/ops?require_auth=!password,!md5",
            "%2Frun%2Fmy%20sockets/ops", "db/ops?connect_timeout=0", "",
        ])
    func taken(rest: String) { #expect(StateName("postgres://ops@" + rest).fault == nil) }

    @Test func aSchemaHasLocksOfItsOwn() throws {
        let (a, b) = (try PostgresPlace("postgres://db/ops?schema=a"), try PostgresPlace("postgres://db/ops?schema=b"))
        #expect(Set([a.engineKey, a.writerKey, b.engineKey, b.writerKey]).count == 4)
    }
}
