import Actions
import Ambient
import CycleKit
import Model
import Server
import TestKit
import Testing

@testable import Cycle
@testable import Daemon
@testable import Journal

/// A monitor that stands by: when it takes over, and when never. Server and clock are the test's.
@Suite struct StandbyTests {
    /// A monitor at its post, as its process makes it.
    private struct Outpost {
        static let name = "mozaiks-ops 97 0 ops-b"

        let clock = ManualClock()
        let server: PretendServer
        let folder: StateFolder
        let lines = Lines()
        let state = StandbyState()
        let gate: Gate?
        let standby: Standby
        private let temporary = TemporaryFolder()

        init(hasGate: Bool = false, shard: String? = nil) throws {
            let (clock, lines) = (clock, lines)
            server = PretendServer(clock)
            folder = try StateFolder(creating: temporary.path("state"))
            gate = hasGate ? Gate(table: GateTable(runtimes: ["shared"])) { clock.now() } : nil
            var settings = MonitorSettings()
            settings.runtimes = [WatchedRuntime(name: "shared", replicas: ["http://a:8000"])]
            settings.shard = shard.flatMap { Shard($0) }
            standby = Standby(
                post: StandbyPost(folder: folder, session: try PretendSession(server, Outpost.name)) { clock.monotonicNanoseconds() },
                folder: folder, gate: gate, texts: GateTexts(), settings: settings, version: "1", state: state, clock: clock,
                logger: Logger(level: .debug, writesTime: false, clock: clock) { lines.add($0) })
        }

        /// One that stands by, beside an engine that spoke just now.
        static func standingBy() async throws -> Outpost {
            let post = try Outpost()
            post.server.engage()
            post.server.speak(word())
            #expect(await post.look() == "stands by")
            return post
        }

        /// What the engine says of itself.
        static func word(_ runtime: String = "shared", shard: String? = nil, cycles: Int = 1) -> String {
            MonitorWord(
                version: "1", environment: "production", shard: shard.flatMap { Shard($0) },
                runtimes: [WatchedRuntime(name: runtime, replicas: ["http://a:8000"])], cycles: cycles
            ).text
        }

        /// One look, in a word.
        func look() async -> String { StandbyTests.word(await standby.look()) }

        /// Looks once a second for so long; what the looks came to, each once.
        func looks(for seconds: Int, _ each: (Int) -> Void = { _ in }) async -> Set<String> {
            var seen: Set<String> = []
            for second in 1...seconds {
                clock.advance(by: .seconds(1))
                each(second)
                seen.insert(await look())
            }
            return seen
        }
    }

    private static func word(_ ending: Standby.Ending?) -> String {
        switch ending {
        case nil: "stands by"
        case .engine: "is the engine"
        case .stopped: "stopped"
        case .failed(let error): "failed: \(error.cause)"
        case .misplaced(let runtimes): "misplaced: \(runtimes)"
        case .otherShard(let engine, let own): "shard \(own) at \(engine)'s"
        }
    }

    // MARK: The lock

    @Test func aLockThatIsLostIsTakenWithTheNextLook() async throws {
        let post = try await Outpost.standingBy()
        #expect(post.state.now.holder?.pid == 812 && post.state.now.holder?.host == "ops-a" && post.state.now.hasSeen)
        #expect(post.server.speakers == [PretendServer.engine, Outpost.name], "the engine can see that somebody stands by")
        post.clock.advance(by: Standby.interval)
        post.server.disengage()
        #expect(await post.look() == "is the engine")
        #expect(post.server.speakers == [PretendServer.engine], "one that is the engine stands by no more")
        #expect(post.server.ended.isEmpty)
    }

    @Test func aSessionThatWasLostIsNoReasonToTakeTheLockOfAnEngineThatIsThere() async throws {
        let post = try Outpost()
        post.server.stop()
        post.server.start()
        post.server.engage()
        post.server.speak(Outpost.word())
        #expect(await post.look() == "stands by")
        #expect(await post.looks(for: 19) == ["stands by"])
    }

    // MARK: Silence

    @Test func twentySecondsOfSilenceEndTheEnginesSession() async throws {
        let post = try Outpost()
        let session = post.server.engage()
        post.server.speak(Outpost.word())
        #expect(await post.looks(for: 20) == ["stands by"])
        #expect(post.server.ended.isEmpty && post.state.now.silence == .seconds(20))
        post.clock.advance(by: TimeSpan(milliseconds: 1))
        #expect(await post.look() == "stands by", "the lock is free only once the session is gone")
        #expect(post.server.ended == [session])
        #expect(post.lines.containing("its session was ended, and this one takes over").count == 1)
        post.clock.advance(by: Standby.interval)
        #expect(await post.look() == "is the engine")
    }

    @Test("never while the engine speaks", arguments: [2, 10, 20]) func neverWhileTheEngineSpeaks(every seconds: Int) async throws {
        let post = try Outpost()
        post.server.engage()
        post.server.speak(Outpost.word())
        let seen = await post.looks(for: 600) { if $0 % seconds == 0 { post.server.speak(Outpost.word()) } }
        #expect(seen == ["stands by"] && post.server.ended.isEmpty)
    }

    /// A lock that was just taken and a command on the journal have said nothing yet; what another said before is not their silence.
    @Test("nobody is silent who never spoke", arguments: ["mozaiks-ops 813 0 ops-c", "mozaiks-ops/journal 813 0 ops-c"])
    func neverSpoke(holder: String) async throws {
        let post = try Outpost()
        post.server.engage()
        post.server.speak(Outpost.word())
        post.server.disengage()
        post.server.engage(holder)
        #expect(await post.looks(for: 120) == ["stands by"])
        #expect(post.server.ended.isEmpty && post.state.now.holder?.pid == 813)
    }

    @Test func whoeverMayNotEndASessionSaysSoOnceAndWaits() async throws {
        let post = try Outpost()
        post.server.engage()
        post.server.speak(Outpost.word())
        post.server.deny()
        #expect(await post.looks(for: 60) == ["stands by"])
        #expect(post.lines.containing("its session cannot be ended: no other can take over").count == 1)
    }

    // MARK: The server

    @Test func afterTheServerCameBackItsEngineComesFirstForTwelveSeconds() async throws {
        let post = try await Outpost.standingBy()
        post.server.stop()
        post.server.start()
        let tries = post.server.tries
        #expect(await post.looks(for: 12) == ["stands by"])
        #expect(post.server.tries == tries && post.state.words == "standing by: no engine is known")
        post.clock.advance(by: Standby.interval)
        #expect(await post.look() == "is the engine")
    }

    @Test func anEngineThatIsBackIsWaitedForNoMore() async throws {
        let post = try await Outpost.standingBy()
        post.server.stop()
        post.server.start()
        #expect(await post.looks(for: 3) == ["stands by"])
        post.server.engage()
        post.server.speak(Outpost.word())
        #expect(await post.looks(for: 1) == ["stands by"])
        post.server.disengage()
        #expect(await post.look() == "is the engine", "it had come back, and went for another reason")
    }

    @Test func whileTheServerIsAwayNobodyTakesOver() async throws {
        let post = try await Outpost.standingBy()
        post.server.stop()
        #expect(await post.looks(for: 300) == ["stands by"])
        #expect(post.state.now.fault?.contains("cannot be reached") == true)
        #expect(post.lines.containing("the database cannot be asked: nobody takes over meanwhile").count == 1)
        post.server.start()
        post.server.engage()
        post.server.speak(Outpost.word())
        #expect(await post.look() == "stands by")
        #expect(post.state.now.fault == nil && post.lines.containing("the database answers again").count == 1)
    }

    // MARK: Mistakes

    @Test(
        arguments: [
            (nil, Outpost.word("other"), "misplaced: other"), ("2/5", Outpost.word("other", shard: "1/5"), "shard 2/5 at 1/5's"),
            ("2/5", Outpost.word(shard: "1/5"), "shard 2/5 at 1/5's"), ("2/5", Outpost.word(shard: "2/4"), "stands by"),
            ("2/5", Outpost.word(), "stands by"), (nil, "{}", "stands by"),
        ] as [(String?, String, String)]) func whoWatchesSomethingElseDoesNotWaitHere(shard: String?, engine: String, ending: String)
        async throws
    {
        let post = try Outpost(shard: shard)
        post.server.engage()
        post.server.speak(engine)
        #expect(await post.look() == ending)
    }

    // MARK: The loop

    /// Lets the loop come to its next sleep.
    private func settle(_ clock: ManualClock) async { while clock.sleepers == 0 { await Task.yield() } }

    @Test func itLooksOnceASecondUntilItIsTheEngine() async throws {
        let post = try Outpost()
        post.server.engage()
        let looked = Lines()
        let task = Task { await post.standby.run { looked.add("look\n") } }
        for _ in 0..<3 {
            await settle(post.clock)
            post.server.speak(Outpost.word())
            post.clock.advance(by: Standby.interval)
        }
        await settle(post.clock)
        #expect(looked.containing("look").count == 4)
        post.server.disengage()
        post.clock.advance(by: Standby.interval)
        #expect(Self.word(await task.value) == "is the engine")
        #expect(looked.containing("look").count == 4)
    }

    @Test func oneThatIsToldToEndTakesItsWordBack() async throws {
        let post = try Outpost()
        post.server.engage()
        let task = Task { await post.standby.run() }
        await settle(post.clock)
        #expect(post.server.speakers == [Outpost.name])
        task.cancel()
        #expect(Self.word(await task.value) == "stopped")
        #expect(post.server.speakers.isEmpty)
    }

    // MARK: The gate

    @Test func itsGateHoldsWhatIsOnRecordForAsLongAsTheEngineWorks() async throws {
        let post = try Outpost(hasGate: true)
        let gate = try #require(post.gate)
        func start() -> Bool {
            let target = Array("/api/chats/app_noisy/Generator/start".utf8)
            if case .start(.allow) = gate.ask(method: "POST", target: target, runtime: nil) { return true }
            return false
        }
        let journal = try Journal.open(post.folder, mode: .engine(try EngineLock(folder: post.folder, now: post.clock.now())))
        let lease = Lease(
            id: "lease-1", key: LeaseKey(kind: .pause, runtime: "shared", app: AppID("app_noisy"), pack: nil), effect: .pause, holders: [],
            createdAt: post.clock.now(), expiresAt: post.clock.now() + .hours(1), state: .inForce, shadow: false)
        post.server.engage()
        post.server.speak(Outpost.word(cycles: 1))
        #expect(await post.look() == "stands by")
        #expect(start(), "nothing is on record")
        try journal.commitTick(TickRecord(leases: [LeaseRow(lease)]))
        post.server.speak(Outpost.word(cycles: 2), commits: 1)
        #expect(await post.look() == "stands by")
        #expect(!start())
        // It says that it lives, and completes no cycle: what nobody looks after opens.
        _ = await post.looks(for: 121) { _ in post.server.speak(Outpost.word(cycles: 2)) }
        #expect(start())
        post.server.speak(Outpost.word(cycles: 3))
        #expect(await post.look() == "stands by")
        #expect(!start())
        #expect(post.state.now.lag == nil)
    }
}
