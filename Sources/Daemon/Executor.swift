import Actions
import Ambient
import Model
import Synchronization

/// Carries out what is due at one adapter: looks, puts, undoes, and asks now and then what is there. One for each adapter,
/// so that one that hangs delays no other; of one app at an adapter one step at a time, of different apps several.
public struct Executor: Sendable {
    private let adapter: any ActionAdapter
    private let core: Core
    private let clock: any Clock
    private let logger: Logger

    /// Steps under way at once.
    private static let width = 8
    /// An adapter promises to answer within a minute; one that does not is no longer waited for.
    private static let patience = TimeSpan.seconds(75)
    /// How often an adapter is asked what it holds.
    private static let roundTime = TimeSpan.minutes(5)

    public init(adapter: any ActionAdapter, core: Core, clock: any Clock, logger: Logger) {
        self.adapter = adapter
        self.core = core
        self.clock = clock
        self.logger = logger
    }

    /// Until the task is cancelled. What is under way then is broken off; the journal knows how far it was.
    public func run(bell: Bell) async {
        await withDiscardingTaskGroup { group in
            let rounds = Rounds()
            while !Task.isCancelled {
                let now = clock.monotonicNanoseconds()
                if rounds.isDue(now, every: Executor.roundTime) {
                    group.addTask {
                        await reconcile()
                        rounds.end()
                        bell.ring()
                    }
                }
                // Of what was left by another process nothing is tried before it was asked about.
                if rounds.isFirstOver {
                    for errand in await core.errands(of: adapter.name, limit: Executor.width) {
                        group.addTask {
                            await perform(errand)
                            bell.ring()
                        }
                    }
                }
                await bell.wait(atMost: await restTime(), clock: clock)
            }
        }
    }

    /// One round for a process that ends soon: what is due now, with everything that follows from it, but no longer than
    /// `span`.
    public func performDue(within span: TimeSpan) async {
        await withTaskGroup(of: Bool.self) { race in
            race.addTask {
                await reconcile()
                while !Task.isCancelled {
                    let errands = await core.errands(of: adapter.name, limit: Executor.width)
                    guard !errands.isEmpty else { return true }
                    await withTaskGroup(of: Void.self) { group in
                        for errand in errands { group.addTask { await perform(errand) } }
                    }
                }
                return false
            }
            race.addTask {
                try? await clock.sleep(for: span)
                return false
            }
            _ = await race.next()
            race.cancelAll()
        }
    }

    private func restTime() async -> TimeSpan {
        guard let due = await core.nextErrand(of: adapter.name) else { return .seconds(30) }
        return min(max(due - clock.now(), .seconds(0.02)), .seconds(30))
    }

    /// Asks what is there.
    func reconcile() async {
        let orders = await core.ordersHeld(adapter.name)
        let holding = await limited { await adapter.held(orders) }
        await core.reconcile(adapter.name, holding ?? .unknown(reason: Executor.tooLate), asked: orders)
    }

    private func perform(_ errand: PlacementBook.Errand) async {
        let answer: PlacementBook.Answer
        switch errand.step {
        case .prepare:
            answer = .preparation(
                await limited { await adapter.prepare(errand.order) } ?? .retry(after: nil, reason: Executor.tooLate))
        case .put:
            // Looked at again at the last moment: between the intent and here may lie a restart or a long wait.
            if await core.isStopped {
                answer = .withheld
            } else {
                answer = .landing(
                    await limited { await adapter.put(errand.order) } ?? .retry(after: nil, reason: Executor.tooLate))
            }
        case .revert:
            answer = .undoing(
                await limited { await adapter.revert(errand.order) } ?? .retry(after: nil, reason: Executor.tooLate))
        }
        await core.settle(errand, answer)
    }

    private static let tooLate = "no answer for \(patience.brief)"

    /// The result of a call, or nil when it takes too long: then it is cancelled.
    private func limited<R: Sendable>(_ body: @escaping @Sendable () async -> R) async -> R? {
        await withTaskGroup(of: R?.self) { race in
            race.addTask { await body() }
            race.addTask {
                try? await clock.sleep(for: Executor.patience)
                return nil
            }
            let first = await race.next() ?? nil
            race.cancelAll()
            return first
        }
    }
}

/// When an adapter was asked last what it holds.
private final class Rounds: Sendable {
    private let state = Mutex<(last: UInt64?, isUnderWay: Bool, isFirstOver: Bool)>((nil, false, false))

    /// Whether a round begins now; if so, it counts as under way.
    func isDue(_ now: UInt64, every span: TimeSpan) -> Bool {
        state.withLock { state in
            let isDue = state.last.map { now &- $0 >= UInt64(span.milliseconds) * 1_000_000 } ?? true
            guard isDue, !state.isUnderWay else { return false }
            (state.last, state.isUnderWay) = (now, true)
            return true
        }
    }

    func end() {
        state.withLock { ($0.isUnderWay, $0.isFirstOver) = (false, true) }
    }

    var isFirstOver: Bool { state.withLock { $0.isFirstOver } }
}
