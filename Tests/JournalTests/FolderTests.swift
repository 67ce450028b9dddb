import Glibc
import Journal
import Model
import TestKit
import Testing

@Suite struct FolderTests {
    @Test func aFolderIsMadeForItsOwnerOnly() throws {
        let temporary = TemporaryFolder()
        for path in ["new", "deep/er/new", "slash/new///"] {
            let folder = try StateFolder(creating: temporary.path(path))
            var status = stat()
            #expect(stat(folder.path, &status) == 0 && status.st_mode & 0o777 == 0o700)
            #expect(try StateFolder(creating: temporary.path(path)) == folder, "it may be there already")
        }
    }

    @Test func aLinkIsFollowedToTheFolderItself() throws {
        let temporary = TemporaryFolder()
        let folder = try StateFolder(creating: temporary.path("real"))
        #expect(symlink("real", temporary.path("link")) == 0)
        #expect(try StateFolder(creating: temporary.path("link")) == folder)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let prepare: @Sendable (TemporaryFolder) -> String
    }

    static let unusable = [
        Case(testDescription: "a file") { $0.write("text", to: "file") },
        Case(testDescription: "below a file") {
            $0.write("text", to: "file")
            return $0.path("file/state")
        },
        Case(testDescription: "a link to nowhere") {
            symlink("nowhere", $0.path("link"))
            return $0.path("link")
        },
        Case(testDescription: "a link to itself") {
            symlink("link", $0.path("link"))
            return $0.path("link")
        },
        Case(testDescription: "every user may write") {
            chmod($0.path, 0o777)
            return $0.path
        },
        Case(testDescription: "where nothing can be made") { _ in "/proc/mozaiks" },
        Case(testDescription: "no name") { _ in "" },
    ]

    @Test(arguments: unusable) func whatCannotBeUsedIsRefused(_ test: Case) throws {
        let temporary = TemporaryFolder()
        let path = test.prepare(temporary)
        let error = try #require(failure { try StateFolder(creating: path) })
        #expect(error.cause == .unusableFolder)
        #expect(error.hint != nil && !error.isRetryable)
    }

    @Test(
        "a URL is no folder, and its password is not shown",
        arguments: [
            "postgres://ann:s3cret@db/ops", "postgresql:///ops", "s3://bucket/state", "gs://bucket", "file:///var/lib/ops",
            "/etc/ops/postgres://ann:s3cret@db/ops",
        ])
    func urls(path: String) throws {
        for error in [failure { try StateFolder(creating: path) }, failure { try StateFolder(existing: path) }] {
            let error = try #require(error)
            #expect(
                error.cause == .unusableFolder && error.message.contains("it is a URL") && !error.message.contains("s3cret"),
                "\(error.message)")
        }
    }

    @Test func aReaderMakesNoFolder() {
        let temporary = TemporaryFolder()
        #expect(cause { try StateFolder(existing: temporary.path("none")) } == .missing)
        #expect(temporary.names == [])
    }

    // MARK: Lock

    @Test func theSecondEngineIsRefusedWithThePidOfTheFirst() throws {
        let place = try Place()
        let first = try EngineLock(folder: place.folder, now: at(0))
        let holder = EngineHolder(pid: getpid(), since: at(0))
        #expect(EngineLock.holder(of: place.folder) == holder)
        let error = try #require(failure { try EngineLock(folder: place.folder, now: at(1)) })
        #expect(error.cause == .heldBy(holder) && error.isRetryable)
        #expect(error.description.contains("pid \(getpid()) since 2026-"))
        #expect(EngineLock.holder(of: place.folder) == holder, "the refused one changed nothing")
        withExtendedLifetime(first) {}
    }

    @Test func theLockGoesWithItsHolderNotWithTheFile() throws {
        let place = try Place()
        place.temporary.write("pid 1\nsince 2020-01-01T00:00:00.000Z\n", to: "engine.lock")
        #expect(EngineLock.holder(of: place.folder) == nil, "a file that was left over locks nobody out")
        do {
            let lock = try EngineLock(folder: place.folder, now: at(0))
            withExtendedLifetime(lock) {}
        }
        #expect(EngineLock.holder(of: place.folder) == nil)
        let again = try EngineLock(folder: place.folder, now: at(5))
        #expect(EngineLock.holder(of: place.folder)?.since == at(5))
        withExtendedLifetime(again) {}
    }

    @Test("a lock that was let go of is free, though a child that is just being started has the file open too")
    func heldByADescriptorThatWasCopied() throws {
        let place = try Place()
        var copies: [Int32] = []
        defer { for copy in copies { close(copy) } }
        do {
            let lock = try EngineLock(folder: place.folder, now: at(0))
            var path = [CChar](repeating: 0, count: 4_096)
            for descriptor in Int32(3)..<1_024 where copies.isEmpty {
                let length = readlink("/proc/self/fd/\(descriptor)", &path, path.count)
                let name = String(decoding: path.prefix(max(length, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
                if length > 0, name == place.folder.lockPath { copies.append(dup(descriptor)) }
            }
            withExtendedLifetime(lock) {}
        }
        #expect(copies.count == 1)
        #expect(EngineLock.holder(of: place.folder) == nil)
        withExtendedLifetime(try EngineLock(folder: place.folder, now: at(1))) {}
    }

    @Test func aHolderThatWroteNoPidIsStillAHolder() throws {
        let place = try Place()
        let lock = try EngineLock(folder: place.folder, now: at(0))
        for text in ["", "pid x\nsince never\n", "\u{0}\u{FF}", String(repeating: "pid ", count: 1_000)] {
            place.temporary.write(text, to: "engine.lock")
            #expect(cause { try EngineLock(folder: place.folder, now: at(1)) } == .heldBy(.init(pid: nil, since: nil)))
        }
        withExtendedLifetime(lock) {}
    }

    @Test func theEngineTakesTheLockOfItsOwnFolder() throws {
        let place = try Place()
        let other = try Place()
        let lock = try EngineLock(folder: other.folder, now: at(0))
        #expect(cause { try Journal.open(place.folder, mode: .engine(lock)) } == .notPermitted)
        #expect(place.temporary.names == [])
    }

    @Test func theJournalKeepsTheLock() throws {
        let place = try Place()
        let engine = try place.engine()
        #expect(cause { try place.engine() } == .heldBy(EngineHolder(pid: getpid(), since: at(0))))
        engine.close()
        try place.engine().close()
    }

    // MARK: Kill switch

    @Test("what root switches is the folder's owner's", .enabled(if: geteuid() == 0))
    func killFileOfRoot() throws {
        let temporary = TemporaryFolder()
        let folder = try StateFolder(creating: temporary.path("state"))
        #expect(chown(folder.path, 4_321, 4_322) == 0)
        try folder.turnKillSwitchOn(by: "cli:ann")
        var status = stat()
        #expect(stat(folder.killFilePath, &status) == 0 && status.st_uid == 4_321 && status.st_gid == 4_322)
        try folder.turnKillSwitchOff(by: "cli:bob")
        #expect(stat(folder.path + "/actions.resumed", &status) == 0 && status.st_uid == 4_321)
        #expect(folder.killSwitchActor(isOn: false) == "cli:bob")
    }

    /// A journal that root copies back, or one pass that root types: the daemon goes on from it as another user.
    @Test("what root makes in somebody's folder is the folder's owner's", .enabled(if: geteuid() == 0))
    func journalOfRoot() throws {
        let temporary = TemporaryFolder()
        let folder = try StateFolder(creating: temporary.path("state"))
        #expect(chown(folder.path, 4_321, 4_322) == 0)
        let engine = try Journal.open(folder, mode: .engine(EngineLock(folder: folder, now: at(0))))
        try engine.commitTick(CrashTests.tick(1, size: 1))
        for name in ["journal.db", "journal.db-wal", "journal.db-shm", "engine.lock"] {
            var status = stat()
            #expect(stat(folder.path + "/" + name, &status) == 0 && status.st_uid == 4_321 && status.st_gid == 4_322, "\(name)")
        }
        engine.close()
    }

    @Test func theKillSwitchIsAFile() throws {
        let place = try Place()
        #expect(!place.folder.isKillSwitchOn)
        try place.folder.turnKillSwitchOff()
        try place.folder.turnKillSwitchOn()
        try place.folder.turnKillSwitchOn()
        #expect(place.folder.isKillSwitchOn)
        #expect(place.temporary.names == ["actions.stop"])
        try place.folder.turnKillSwitchOff()
        #expect(!place.folder.isKillSwitchOn)
        place.temporary.write("why", to: "actions.stop")
        #expect(place.folder.isKillSwitchOn, "also when a person made it")
    }

    @Test func theKillSwitchSaysWho() throws {
        let place = try Place()
        try place.folder.turnKillSwitchOn(by: "cli:ann")
        try place.folder.turnKillSwitchOn(by: "cli:bob")
        #expect(place.folder.killSwitchActor(isOn: true) == "cli:ann", "the first who did it")
        try place.folder.turnKillSwitchOff(by: "cli:bob")
        #expect(place.folder.killSwitchActor(isOn: true) == nil && place.folder.killSwitchActor(isOn: false) == "cli:bob")
        place.folder.forgetKillSwitchActor()
        #expect(place.temporary.names.isEmpty)
        try place.folder.turnKillSwitchOff(by: "cli:bob")
        #expect(place.temporary.names.isEmpty, "it was not on")
        for text in ["", "\n", "a\u{1B}[2Jb", String(repeating: "\u{0}", count: 300)] {
            place.temporary.write(text, to: "actions.stop")
            #expect(place.folder.isKillSwitchOn && place.folder.killSwitchActor(isOn: true) == nil)
        }
    }

    @Test func aKillSwitchThatCannotBeReadIsOn() throws {
        let temporary = TemporaryFolder()
        let folder = try StateFolder(creating: temporary.path("state"))
        #expect(rmdir(folder.path) == 0)
        temporary.write("not a folder any more", to: "state")
        #expect(folder.isKillSwitchOn)
        #expect(folder.killSwitch == nil, "nobody turned it on: that is not known")
    }

    @Test("a lock that is a link empties nothing", arguments: [true, false]) func lockIsALink(isSymbolic: Bool) throws {
        let temporary = TemporaryFolder()
        let folder = try StateFolder(creating: temporary.path("state"))
        let target = temporary.write("precious", to: "target")
        #expect((isSymbolic ? symlink(target, folder.lockPath) : link(target, folder.lockPath)) == 0)
        let error = try #require(failure { try EngineLock(folder: folder, now: Timestamp(milliseconds: 0)) })
        #expect(error.cause == .cannotOpen)
        #expect(temporary.read("target") == Array("precious".utf8))
        #expect(EngineLock.holder(of: folder) == nil)
    }

    @Test func theKillSwitchFollowsNoLink() throws {
        let temporary = TemporaryFolder()
        let folder = try StateFolder(creating: temporary.path("state"))
        #expect(symlink(temporary.path("made"), folder.killFilePath) == 0)
        try folder.turnKillSwitchOn(by: "somebody")
        #expect(folder.isKillSwitchOn)
        #expect(access(temporary.path("made"), F_OK) != 0, "nothing is made where a link leads")
        let target = temporary.write("precious", to: "target")
        #expect(link(target, folder.path + "/actions.resumed") == 0)
        try folder.turnKillSwitchOff(by: "somebody")
        #expect(!folder.isKillSwitchOn)
        #expect(temporary.read("target") == Array("precious".utf8))
        #expect(folder.killSwitchActor(isOn: false) == "somebody")
    }

    @Test func aGroupThatMayWriteIsNamed() throws {
        let folder = try StateFolder(creating: TemporaryFolder().path + "-state")
        defer { rmdir(folder.path) }
        #expect(folder.exposure == nil)
        chmod(folder.path, 0o770)
        #expect(folder.exposure?.contains("chmod g-w") == true)
    }
}
