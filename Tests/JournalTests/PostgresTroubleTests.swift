import Dispatch
import Glibc
import Model
import Synchronization
import TestKit
import Testing

@testable import Journal

/// Servers that hang, rights that are missing, what no further try mends.
extension PostgresTests {
    @Test func anEngineWhoseLockAnotherHoldsIsDeposedWhileThatOneRuns() throws {
        let folder = try Self.folder(try Self.server().url())
        let old = try Self.engine(folder)
        try old.commitTick(BadDayTests.firstTick)
        let session = try #require(try Self.database(of: old).fence?.session)
        let other = try PostgresDatabase(try #require(folder.database), role: .command, busyTimeout: .zero, operation: "depose")
        try other.execute("SELECT pg_terminate_backend(\(session), 5000)")
        let new = try Self.engine(folder)
        let error = try #require(failure { try old.commitTick(BadDayTests.big(10)) })
        #expect(error.cause == .deposed && !error.isRetryable, "\(error)")
        try new.commitTick(BadDayTests.big(10))
    }

    // MARK: A server that hangs

    @Test func patienceDoublesForASlowServerAndEndsWithAQuickOne() {
        var patience = PostgresPatience(longest: .seconds(35))
        var spans = [patience.span]
        for _ in 0..<4 {
            patience.waitedInVain()
            spans.append(patience.span)
        }
        #expect(spans == [.seconds(5), .seconds(10), .seconds(20), .seconds(35), .seconds(35)])
        patience.wasDone(in: .seconds(6))
        #expect(patience.span == .seconds(35), "slow it is still")
        patience.wasDone(in: TimeSpan(milliseconds: 20))
        #expect(patience.span == .seconds(5))
        #expect(PostgresPatience(longest: .seconds(2)).span == .seconds(2))
    }

    @Test func whoIsToEndWaitsAMomentMoreAndNoLonger() {
        let ending = PostgresEnding()
        let now = PostgresDatabase.now()
        #expect(ending.deadline(now, .seconds(35)) == now + 35_000_000_000)
        ending.tell()
        #expect(ending.isTold)
        let told = PostgresDatabase.now()
        #expect(ending.deadline(now, .seconds(35)) <= told + 2_000_000_000)
        #expect(ending.deadline(now, TimeSpan(milliseconds: 1)) == now + 1_000_000, "never longer than without")
    }

    @Test func aStopEndsTheWaitForAServerThatDoesNotAnswer() throws {
        let folder = try Self.folder(try Self.server().url())
        let engine = try Self.engine(folder)
        engine.answerPromptly()
        let database = try Self.database(of: engine)
        // An answer that never comes; the tests' time limit would end it.
        folder.hurry()
        let error = try #require(
            failure {
                try engine.reading("wait") { database throws(JournalError) in
                    try database.row("SELECT 1::bigint FROM pg_sleep(30)") { row throws(JournalError) in row.int(0) }
                }
            })
        #expect(error.cause == .unreachable && error.isRetryable, "\(error)")
        #expect(database.connection?.isLost != false)
        // And nothing is asked of it again.
        #expect(cause { try engine.commitTick(BadDayTests.firstTick) } == .unreachable)
        #expect(database.connection?.isLost != false)
    }

    /// A server that takes connections and says nothing.
    @Test func aStopEndsTheWaitForAConnection() throws {
        let port = try Loopback.MutePort()
        let name = StateName(port.database)
        let folder = try StateFolder(creating: name)
        let guests = Mutex<[Loopback.MutePort.Guest]>([])
        DispatchQueue(label: "whoever stops it").async {
            let guest = port.waitForGuest()
            guests.withLock { $0.append(guest) }
            name.hurry()
        }
        let error = try #require(failure { try EngineLock(folder: folder, now: at(0)) })
        #expect(error.cause == .unreachable && error.isRetryable, "\(error)")
        #expect(error.detail == "no answer, and this process is to end")
        // Whoever begins only now, with a folder of its own, ends as well.
        let other = try StateFolder(creating: name)
        #expect(cause { try Journal.open(other, mode: .reader) } == .unreachable)
        #expect(guests.withLock { $0.count } == 1)
        withExtendedLifetime(port) {}
    }

    @Test func whoIsToEndWaitsLessForAConnection() {
        let ending = PostgresEnding()
        let began = PostgresDatabase.now()
        ending.tell()
        let told = PostgresDatabase.now()
        #expect(ending.deadline(began, .seconds(35), grace: PostgresEnding.connectGrace) <= told + 1_000_000_000)
    }

    @Test func anEngineThatPollsHasItsSessionAnew() throws {
        let folder = try Self.folder(try Self.server().url())
        let engine = try Self.engine(folder)
        engine.answerPromptly()
        try engine.commitTick(CrashTests.tick(1, size: 10))
        let session = try #require(try Self.database(of: engine).fence?.session)
        let other = try PostgresDatabase(try #require(folder.database), role: .command, busyTimeout: .zero, operation: "end it")
        try other.execute("SELECT pg_terminate_backend(\(session), 5000)")
        try engine.commitTick(CrashTests.tick(2, size: 10))
        #expect(try Self.database(of: engine).fence?.session != session)
        #expect(try CrashTests.wholeTicks(in: engine, "had anew") == 2)
    }

    // MARK: Schemas

    @Test(arguments: ["user", "default", "order", "check"]) func aNameMayBeAWordOfSQL(name: String) throws {
        let server = try Self.server()
        let folder = try Self.folder(server.url(schema: name))
        let engine = try Self.engine(folder)
        try engine.commitTick(BadDayTests.firstTick)
        try BadDayTests.expectOnlyTheFirstTick(try Journal.open(folder, mode: .reader))
        let backup = TemporaryFolder()
        let copied = try Journal.backUp(folder, to: backup.path("b"), now: at(20))
        engine.close()
        let sizes = try Journal.compact(folder, now: at(30))
        #expect(sizes.after > 0)
        #expect(try Journal.open(folder, mode: .reader).contents() == copied)
    }

    @Test func whoOwnsTheSchemaNeedsNoRightToMakeOne() throws {
        let server = try Self.server()
        let admin = try Self.engine(try Self.folder(server.url()))
        let role = "owner_\(getpid())"
        try admin.reading("make a user") { database throws(JournalError) in
            try database.execute(
                "CREATE ROLE \(role) LOGIN PASSWORD '\(PostgresServer.secret)'; CREATE SCHEMA of_\(role) AUTHORIZATION \(role)")
        }
        let engine = try Self.engine(try Self.folder(server.url(schema: "of_\(role)", user: role)))
        try engine.commitTick(BadDayTests.firstTick)
        try BadDayTests.expectOnlyTheFirstTick(engine)
    }

    // MARK: What no further try mends

    static let setUp: [(words: String, cause: JournalError.Cause)] = [
        ("server certificate for \"db-1\" does not match host name \"db\"", .cannotOpen),
        ("SSL error: certificate verify failed", .cannotOpen),
        ("FATAL:  connection requires a valid client certificate", .denied),
        ("FATAL:  pg_hba.conf rejects connection for host \"10.0.0.7\", user \"ops\", database \"ops\", no encryption", .denied),
        ("private key file \"/k.pem\" has group or world access; file must have permissions u=rw (0600) or less", .cannotOpen),
        ("certificate present, but not private key file \"/k.pem\"", .cannotOpen),
        ("could not read certificate file \"/c.pem\": no start line", .cannotOpen),
        ("root certificate file \"/ca.pem\" does not exist", .cannotOpen),
        ("SSL error: tlsv13 alert certificate required", .cannotOpen),
        ("SSL error: tlsv1 alert unknown ca", .cannotOpen),
        ("server does not support SSL, but SSL was required", .cannotOpen),
        ("definition of service \"ops\" not found", .cannotOpen),
        ("requirepeer specifies \"postgres\", but actual peer user name is \"eve\"", .denied),
        ("channel binding is required, but server did not offer an authentication method that supports channel binding", .cannotOpen),
        ("connection to server at \"10.0.0.7\", port 5432 failed: Connection refused", .unreachable),
        ("connection to server at \"10.0.0.7\", port 5432 failed: timeout expired", .unreachable),
        ("FATAL:  the database system is starting up", .unreachable),
        ("FATAL:  sorry, too many clients already", .unreachable),
    ]

    @Test(arguments: setUp) func aFaultOfTheSetUpIsNotTriedAgain(words: String, cause: JournalError.Cause) {
        #expect(JournalError.Cause(connecting: words) == cause)
        let error = JournalError(operation: "o", path: "postgres://ops@db/ops", cause: .init(connecting: words), detail: words)
        #expect(error.isRetryable == (cause == .unreachable))
        #expect(error.hint?.contains("it is tried again") == error.isRetryable)
    }

    @Test func aCommandThatHoldsTheLockIsCalledThat() throws {
        let temporary = TemporaryFolder()
        for folder in [try Self.folder(try Self.server().url()), try StateFolder(creating: temporary.path("state"))] {
            let lock = try EngineLock(folder: folder, now: at(0), isKeeping: true)
            let holder = try #require(EngineLock.holder(of: folder))
            #expect(holder.isKeeping && holder.pid == getpid())
            let error = try #require(failure { try Self.engine(folder) })
            #expect(!error.description.contains("another engine") && error.description.contains("command on the journal"), "\(error)")
            withExtendedLifetime(lock) {}
        }
        let folder = try Self.folder(try Self.server().url())
        let engine = try Self.engine(folder)
        #expect(EngineLock.holder(of: folder)?.isKeeping == false)
        engine.close()
    }
}
