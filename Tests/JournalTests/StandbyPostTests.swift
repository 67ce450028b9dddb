import Glibc
import Model
import TestKit
import Testing

@testable import Journal

/// Two monitors of one database: who waits, who takes over, and from whom nothing is taken.
extension PostgresTests {
    /// A post on the same schema, as another process has it.
    private static func post(_ folder: StateFolder, monotonic: @escaping () -> UInt64 = PostgresDatabase.now) throws -> StandbyPost {
        try StandbyPost(folder: folder, now: at(7), monotonic: monotonic)
    }

    private static func look(_ post: StandbyPost, _ document: String = "{}") throws -> StandbyPost.Sight {
        try post.look(at: at(8), patience: .seconds(20), document)
    }

    private static func held(_ sight: StandbyPost.Sight) throws -> StandbyPost.Held {
        guard case .held(let held) = sight else {
            throw JournalError(operation: "look", path: "", cause: .notPermitted, detail: "it is free")
        }
        return held
    }

    /// The lock, once it is free: a session that was ended goes in its own time. The tests' limit ends what never comes.
    private static func lock(_ post: StandbyPost) throws -> EngineLock {
        while true {
            if case .free(let lock) = try look(post) { return lock }
        }
    }

    /// Makes every word of the others a minute old.
    private static func age(_ folder: StateFolder) throws {
        let other = try PostgresDatabase(try #require(folder.database), role: .command, busyTimeout: .zero, operation: "wait")
        try other.execute("UPDATE monitors SET beat_ms = beat_ms - 60000")
    }

    @Test func aPostHasTheLockOnceItIsFree() throws {
        let folder = try Self.folder(try Self.server().url())
        let old = try Self.engine(folder)
        try old.commitTick(BadDayTests.firstTick)
        let post = try Self.post(folder)
        let held = try Self.held(try Self.look(post))
        #expect(held.holder == EngineLock.holder(of: folder) && held.engine == nil && !held.wasDeposed)
        old.close()
        let lock = try Self.lock(post)
        #expect(EngineLock.holder(of: folder)?.since == at(8), "whoever asks is told who it is now")
        let new = try Journal.open(folder, mode: .engine(lock))
        try new.commitTick(BadDayTests.big(10))
        #expect(cause { try Self.engine(folder) } == EngineLock.holder(of: folder).map { .heldBy($0) })
    }

    @Test func aLockThatNobodyTakesUpIsFreeAgain() throws {
        let folder = try Self.folder(try Self.server().url())
        try Self.engine(folder).close()
        do { _ = try Self.lock(try Self.post(folder)) }
        #expect(EngineLock.holder(of: folder) == nil)
    }

    @Test func monitorsHearOfEachOther() throws {
        let folder = try Self.folder(try Self.server().url())
        let engine = try Self.engine(folder)
        let post = try Self.post(folder)
        _ = try Self.look(post, #"{"first":1}"#)
        #expect(try engine.beat(patience: .seconds(20), #"{"engine":1}"#) == [], "there was no table yet")
        let held = try Self.held(try Self.look(post, #"{"second":1}"#))
        let heard = try #require(held.engine)
        #expect(heard.document == #"{"engine":1}"# && heard.who.pid == getpid() && heard.isEngine && !heard.isSilent)
        let others = try engine.beat(patience: .seconds(20), "{}")
        #expect(others.map(\.document) == [#"{"second":1}"#] && others.map(\.isEngine) == [false] && others.map(\.wasEngine) == [false])
        #expect(try Journal.open(folder, mode: .reader).monitors().map(\.isEngine).filter { $0 }.count == 1)
        post.leave()
        #expect(try engine.beat(patience: .seconds(20), "{}") == [])
        #expect(cause { try Journal.open(folder, mode: .reader).beat(patience: .zero, "") } == .notPermitted)
    }

    @Test func anEngineThatIsSilentLosesItsSessionAndCommitsNothingMore() throws {
        let folder = try Self.folder(try Self.server().url())
        let old = try Self.engine(folder)
        _ = try old.beat(patience: .seconds(20), "{}")
        let post = try Self.post(folder)
        #expect(try !Self.held(try Self.look(post)).wasDeposed)
        try Self.age(folder)
        #expect(try Self.held(try Self.look(post)).wasDeposed)
        let new = try Journal.open(folder, mode: .engine(try Self.lock(post)))
        #expect(cause { try old.commitTick(BadDayTests.firstTick) } == .deposed)
        #expect(cause { try old.beat(patience: .seconds(20), "{}") } == .deposed)
        try new.commitTick(BadDayTests.big(10))
        let others = try new.beat(patience: .seconds(20), "{}")
        #expect(others.allSatisfy { !$0.isEngine }, "what the old one said is of an epoch that is over")
        #expect(others.filter(\.wasEngine).count == 1, "and it stands by for nobody")
    }

    @Test func anEngineOfAVersionThatSaysNothingIsLeftAlone() throws {
        let folder = try Self.folder(try Self.server().url())
        let before = try Self.engine(folder)
        _ = try before.beat(patience: .seconds(20), "{}")
        before.close()
        // The same table, an epoch later.
        let engine = try Self.engine(folder)
        try Self.age(folder)
        let post = try Self.post(folder)
        for _ in 0..<3 { #expect(try !Self.held(try Self.look(post)).wasDeposed) }
        try engine.commitTick(BadDayTests.firstTick)
    }

    @Test(arguments: [true, false]) func aLockThatWasJustTakenIsNobodysSilence(isKeeping: Bool) throws {
        let folder = try Self.folder(try Self.server().url())
        let engine = try Self.engine(folder)
        _ = try engine.beat(patience: .seconds(20), "{}")
        engine.close()
        try Self.age(folder)
        // Of an epoch before its own, which it has not begun: a copy never does.
        let lock = try EngineLock(folder: folder, now: at(5), isKeeping: isKeeping)
        let post = try Self.post(folder)
        for _ in 0..<3 { #expect(try !Self.held(try Self.look(post)).wasDeposed) }
        withExtendedLifetime(lock) {}
    }

    @Test func aServerThatComesBackFindsItsEngineFirst() throws {
        let server = try PostgresServer()
        let folder = try Self.folder(server.url())
        let engine = try Self.engine(folder)
        _ = try engine.beat(patience: .seconds(20), "{}")
        let now: UInt64 = 1_000_000_000_000
        let post = try Self.post(folder) { now }
        _ = try Self.look(post)
        server.kill()
        #expect(cause { try Self.look(post) } == .unreachable)
        try server.start()
        var sight: StandbyPost.Sight?
        while sight == nil { sight = try? Self.look(post) }
        #expect(try Self.held(try #require(sight)).holder == nil, "the lock is free, and left to whoever remembers what is not on record")
        try engine.commitTick(BadDayTests.firstTick)
        #expect(try Self.held(try Self.look(post)).holder?.pid == getpid())
        // It was back, and nobody is waited for any more.
        engine.close()
        let new = try Journal.open(folder, mode: .engine(try Self.lock(post)))
        try new.commitTick(BadDayTests.big(10))
    }

    @Test func anEngineThatDoesNotComeBackWithItsServerIsNotWaitedForLong() throws {
        let server = try PostgresServer()
        let folder = try Self.folder(server.url())
        let engine = try Self.engine(folder)
        var now: UInt64 = 1_000_000_000_000
        let post = try Self.post(folder) { now }
        server.kill()
        try server.start()
        var sight: StandbyPost.Sight?
        while sight == nil { sight = try? Self.look(post) }
        #expect(try Self.held(try #require(sight)).holder == nil)
        now += UInt64(StandbyPost.grace.milliseconds) * 1_000_000
        let new = try Journal.open(folder, mode: .engine(try Self.lock(post)))
        #expect(cause { try engine.commitTick(BadDayTests.big(10)) } == .deposed)
        try new.commitTick(BadDayTests.firstTick)
    }

    @Test func aFolderHasNothingToWaitFor() throws {
        let temporary = TemporaryFolder()
        #expect(cause { try StandbyPost(folder: try StateFolder(creating: temporary.path("state")), now: at(0)) } == .notPermitted)
    }
}
