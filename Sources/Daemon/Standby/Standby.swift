import Actions
import Ambient
import Cycle
import JSONParsing
import Journal
import Model
import Server

/// A monitor that is not the engine of its database: it waits for the engine's lock, looks after the engine, and has its gate enforce
/// what the engine committed. It polls nobody, decides nothing and tells nobody anything.
///
/// On a queue of its own, because a look waits for the database.
public actor Standby {
    /// How it ended.
    public enum Ending: Sendable {
        /// The lock was free: this process is the engine now.
        case engine(EngineLock)
        /// The process is to end.
        case stopped
        /// It must not wait here.
        case failed(JournalError)
        /// The engine watches nothing of what this one would: somebody gave two monitors one database.
        case misplaced(String)
        /// The engine is another shard: each has a schema of its own.
        case otherShard(engine: Shard, own: Shard)
    }

    /// Between two looks. A look is what finds a free lock, so an engine that was killed is missed for no longer.
    public static let interval = TimeSpan.seconds(1)
    /// After so long without a look this one counts as gone, for the engine and for whoever asks.
    public static let patience = TimeSpan.seconds(20)

    private let executor = QueueExecutor(label: "standby")
    private let post: StandbyPost
    private let folder: StateFolder
    private var journal: Journal?
    private let gate: Gate?
    private let texts: GateTexts
    private var settings: MonitorSettings
    private let version: String
    private let clock: any Clock
    private let logger: Logger
    public nonisolated let state: StandbyState

    private var publication = GatePublication()
    /// The engine's cycles and commits as they were last seen.
    private var cycles: Int?
    private var commit: Int64?
    /// What was said last of each kind, so that it is said once.
    private var said: [String: String] = [:]

    nonisolated public var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    public init(
        post: sending StandbyPost, folder: StateFolder, gate: Gate?, texts: GateTexts, settings: MonitorSettings, version: String,
        state: StandbyState, clock: any Clock, logger: Logger
    ) {
        self.post = post
        self.folder = folder
        self.gate = gate
        self.texts = texts
        self.settings = settings
        self.version = version
        self.state = state
        self.clock = clock
        self.logger = logger
    }

    /// Looks until the lock is had or the task is cancelled.
    /// - Parameter looked: called after each look, for whoever tells others that this process lives.
    public func run(looked: @Sendable () -> Void = {}) async -> Ending {
        while !Task.isCancelled {
            if let ending = look() { return ending }
            looked()
            do { try await clock.sleep(for: Standby.interval) } catch { break }
        }
        post.leave()
        return .stopped
    }

    /// No wait for the database goes on for longer than two seconds more.
    nonisolated public func hurry() { folder.hurry() }

    /// After a reload: what it would watch, and what it says at the gate.
    public func follow(_ settings: MonitorSettings) { self.settings = settings }

    /// One look; how it ends, or nil.
    public func look() -> Ending? {
        let own = MonitorWord(
            version: version, environment: settings.environment, shard: settings.shard, runtimes: settings.runtimes,
            gate: gate?.report(counting: settings.runtimes.map(\.name)))
        countRefusals()
        defer { state.change { $0.lookedAt = clock.monotonicNanoseconds() } }
        do {
            switch try post.look(at: clock.now(), patience: Standby.patience, own.text) {
            case .free(let lock): return .engine(lock)
            case .held(let held):
                state.change { state in
                    state.holder = held.holder
                    state.silence = held.engine?.age
                    state.hasSeen = true
                    state.fault = nil
                }
                sayOfDatabase(nil)
                report(held)
                let engine = held.engine.flatMap { MonitorWord($0.document) }
                let difference = engine.map { own.difference(to: $0) } ?? .none
                switch difference {
                case .all:
                    return .misplaced((engine?.runtimes ?? []).map { Shown.id($0.name) }.inByteOrder().joined(separator: ", "))
                case .shard(let other, let own): return .otherShard(engine: other, own: own)
                case .some, .none: report(difference)
                }
                return follow(held, engine)
            }
        } catch {
            if !error.isRetryable, error.cause != .deposed { return .failed(error) }
            state.change { $0.fault = error.message }
            sayOfDatabase(error.message)
        }
        return nil
    }

    // MARK: The gate

    /// Has the gate enforce what is on record, as long as the engine works on it: what nobody looks after opens.
    private func follow(_ held: StandbyPost.Held, _ engine: MonitorWord?) -> Ending? {
        guard let gate else { return nil }
        gate.hear(held.others.filter { !$0.isSilent }.compactMap { MonitorWord($0.document)?.gate })
        // One that says nothing of its cycles is of a version before this: its commits stand for them.
        let isAtWork = engine.map { $0.cycles != cycles } ?? (held.commit != commit)
        guard held.commit != commit || isAtWork else { return nil }
        do {
            let journal = try reader()
            let rows = try journal.unfinishedLeases()
            let leases = rows.compactMap { row in (try? JSON(parsing: row.document)).flatMap { try? Lease(document: $0) } }
            var runs: [String: OpenRuns] = [:]
            for runtime in settings.runtimes.map(\.name) {
                runs[runtime] = try journal.state(GateSheet.runsPrefix + runtime).flatMap { GateSheet.runs($0) }
                if let apps = try journal.state(GateSheet.appsPrefix + runtime).flatMap({ GateSheet.apps($0) }) {
                    gate.follow(apps, of: runtime)
                }
            }
            let wanted = publication.publish(leases, isStopped: journal.killSwitch ?? true)
            gate.install(GateTable(settings, leases: wanted, openRuns: runs, texts: texts), attends: isAtWork)
            (commit, cycles) = (held.commit, engine?.cycles)
            state.change { $0.lag = nil }
            sayOfGate(nil)
        } catch {
            journal = nil
            if case .newerSchema = error.cause { return .failed(error) }
            state.change { $0.lag = "the gate here does not follow: \(error.message)" }
            sayOfGate(error.message)
        }
        return nil
    }

    private func reader() throws(JournalError) -> Journal {
        if let journal { return journal }
        let fresh = try Journal.open(folder, mode: .reader)
        fresh.answerPromptly()
        journal = fresh
        return fresh
    }

    /// For the log; for incidents the engine counts them.
    private func countRefusals() {
        for batch in gate?.drainRefusals() ?? [] {
            guard let last = batch.samples.last else { continue }
            logger.info(
                "starts refused",
                [
                    "lease": .text(batch.lease), "app": .text("\(last.app)"), "count": .integer(Int64(batch.count)),
                    "last_at": .text(batch.lastAt.description), "runtime": .text(last.runtime),
                ])
        }
    }

    // MARK: Words

    private func report(_ held: StandbyPost.Held) {
        guard let holder = held.holder else { return }
        if isNews("engine", "\(holder)") { logger.info("standing by", ["engine": .text("\(holder)"), "state": .text(folder.path)]) }
        if held.wasDeposed {
            logger.warning(
                "nothing was heard of the engine for too long: its session was ended, and this one takes over",
                ["engine": .text("\(holder)"), "silent_seconds": .integer((held.engine?.age.milliseconds ?? 0) / 1_000)])
        }
        if isNews("depose", held.fault), let fault = held.fault {
            logger.error(
                "nothing is heard of the engine, and its session cannot be ended: no other can take over",
                ["engine": .text("\(holder)"), "why": .text(fault), "hint": "let both log in as one user, or stop that process"])
        }
    }

    private func report(_ difference: MonitorWord.Difference) {
        var names: String?
        if case .some(let others) = difference { names = others }
        guard isNews("difference", names), let names else { return }
        logger.warning(
            "the engine watches other runtimes, or others of their addresses, than this one would",
            ["runtimes": .text(names), "hint": "give both the same configuration"])
    }

    private func sayOfDatabase(_ fault: String?) {
        guard isNews("database", fault) else { return }
        guard let fault else { return logger.info("the database answers again") }
        logger.warning("the database cannot be asked: nobody takes over meanwhile", ["why": .text(fault)])
    }

    private func sayOfGate(_ fault: String?) {
        guard isNews("gate", fault) else { return }
        guard let fault else { return logger.info("the gate here follows again") }
        logger.warning("the gate here does not follow what is committed", ["why": .text(fault)])
    }

    /// Whether it was something else, or nothing, that was said of a kind last; nil: there is nothing to say any more.
    private func isNews(_ kind: String, _ text: String?) -> Bool {
        defer { said[kind] = text }
        return said[kind] != text
    }
}
