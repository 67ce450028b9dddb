import Ambient
import Journal
import Model
import Notify
import Synchronization

/// Takes one channel's messages from the outbox, hands them over and settles them. At least once: a message is settled
/// only after the service took it, so a kill in between sends it again.
public struct Sender: Sendable {
    private let channel: any Channel
    private let core: Core
    private let schedule: RetrySchedule
    private let clock: any Clock
    private let logger: Logger
    private let jitter: @Sendable () -> Double
    /// Nil: as fast as the service takes them.
    private let pacer: Pacer?
    private let standing = Standing()

    public init(
        channel: any Channel, core: Core, pace: Pace? = nil, schedule: RetrySchedule = RetrySchedule(),
        clock: any Clock, logger: Logger,
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.channel = channel
        self.core = core
        self.schedule = schedule
        self.clock = clock
        self.logger = logger
        self.jitter = jitter
        pacer = pace.map { Pacer($0) }
    }

    /// Sends what is due whenever there is something, until the task is cancelled or `isEnding` says yes (ring the bell
    /// then). What is due at that moment is still sent, and what is under way is not broken off.
    public func run(bell: Bell, isEnding: @Sendable () -> Bool = { false }) async {
        await core.bringForward(schedule.longestAsked + schedule.longest)
        // At the start, too: the service may have forgotten everything while nobody was here.
        var repeatAt = clock.now()
        while !Task.isCancelled {
            let isLast = isEnding()
            await sendDue()
            if isLast { return }
            var rest = await restTime()
            if let interval = channel.keepAlive {
                let now = clock.now()
                // A clock that was set back must not silence it.
                if now >= repeatAt || repeatAt - now > interval {
                    let isDone = await repeatStanding() != nil
                    repeatAt = now + (isDone ? interval : min(interval, .seconds(10)))
                    rest = await restTime()
                }
                rest = max(min(rest, repeatAt - clock.now()), .seconds(0.05))
            }
            await bell.wait(atMost: rest, clock: clock)
        }
    }

    /// How long there is nothing to do for this channel, as far as one can tell now: at most half a minute.
    func restTime() async -> TimeSpan {
        guard let due = (try? await core.nextDueTime(channel: channel.name)) ?? nil else { return .seconds(30) }
        let next = max(due, standing.restsUntil ?? due, pacer?.wait(clock.now()) ?? due)
        return min(max(next - clock.now(), .seconds(0.05)), .seconds(30))
    }

    /// Why the channel does not work now and since when, for those who ask how the program is; nil while it does.
    public var trouble: (reason: String, since: Timestamp)? { standing.trouble }
    /// The channel's name.
    public var name: String { channel.name }

    /// One round: everything of this channel that is due now. Returns how many were delivered. A service that asks for a
    /// wait, fails again and again, or refuses us altogether gets a rest from the whole channel: the others stay due.
    @discardableResult
    public func sendDue() async -> Int {
        var delivered = 0
        while !Task.isCancelled, pacer?.wait(clock.now()) == nil, !isResting {
            let rows: [OutboxRow]
            do {
                rows = try await core.nextDue(channel: channel.name)
            } catch {
                logger.error("cannot read the outbox", ["cause": .text("\(error)")])
                return delivered
            }
            guard !rows.isEmpty else { return delivered }
            for (index, row) in rows.enumerated() {
                pacer?.note(clock.now())
                if await send(row) { delivered += 1 }
                guard isResting || Task.isCancelled || pacer?.wait(clock.now()) != nil else { continue }
                for later in rows.dropFirst(index + 1) { await core.release(later.id) }
                return delivered
            }
        }
        return delivered
    }

    /// Sends what is due, at the channel's pace, until nothing is due any more or the task is cancelled: for a process that
    /// ends after it.
    public func sendAll() async {
        while true {
            await sendDue()
            guard !Task.isCancelled, let next = pacer?.wait(clock.now()) else { return }
            do { try await clock.sleep(for: next - clock.now()) } catch { return }
        }
    }

    private var isResting: Bool { standing.restsUntil.map { $0 > clock.now() } ?? false }

    /// Tells the service again of each open incident that it heard of, for services that forget. It follows from the
    /// journal alone, so a restart takes it up where it was. Returns how many. One that the service will never take is
    /// passed over; nil when it does not work now: then the others are left for the next round, because it would not take
    /// those either.
    @discardableResult
    func repeatStanding() async -> Int? {
        var (count, last) = (0, Int64(0))
        while !Task.isCancelled {
            let rows: [OutboxRow]
            do {
                rows = try await core.standing(channel: channel.name, after: last)
            } catch {
                logger.error("cannot read the outbox", ["cause": .text("\(error)")])
                return nil
            }
            guard let end = rows.last else { return count }
            last = end.id
            for row in rows {
                switch await deliver(row) {
                case .delivered, .deliveredAs:
                    _ = standing.works()
                    count += 1
                case .rejected(let reason):
                    guard standing.isNewlyRefused(row.id) else { continue }
                    logger.warning(
                        "an open incident is not told again",
                        [
                            "channel": .text(channel.name), "incident": .text(row.message.incident), "why": .text(reason),
                        ])
                case .retry(_, let reason), .blocked(_, let reason):
                    guard !Task.isCancelled else { return nil }
                    let isNew = standing.isNew(reason)
                    _ = standing.fails(reason, at: clock.now())
                    // Said once: it is tried again every few seconds.
                    guard isNew else { return nil }
                    logger.warning(
                        "open incidents not told again", ["channel": .text(channel.name), "why": .text(reason)])
                    return nil
                }
            }
        }
        return nil
    }

    private func deliver(_ row: OutboxRow) async -> Delivery {
        let message: Message
        do {
            message = try MessageDocument.decode(row.message.document).told(for: row.message.news)
        } catch {
            return .rejected(reason: "cannot read the stored message: \(error)")
        }
        do {
            let reference = try await core.reference(incident: row.message.incident, channel: channel.name)
            return await channel.deliver(message, knownAs: reference)
        } catch {
            // Without it a thread would begin anew.
            return .retry(after: nil, reason: "\(error)")
        }
    }

    private func send(_ row: OutboxRow) async -> Bool {
        let delivery = await deliver(row)
        // Whoever broke it off knows: the message is due as before.
        if !delivery.isDelivered, Task.isCancelled {
            await core.release(row.id)
            return false
        }
        let outcome = note(delivery, of: row)
        do {
            try await core.settle(row.id, outcome)
        } catch {
            logger.error(
                "cannot record what came of a message, will be tried again",
                ["channel": .text(channel.name), "incident": .text(row.message.incident), "cause": .text("\(error)")])
        }
        return delivery.isDelivered
    }

    /// What comes of an attempt for its message; how the channel stands follows, and the log has it.
    private func note(_ delivery: Delivery, of row: OutboxRow) -> OutboxOutcome {
        let now = clock.now()
        switch delivery {
        case .delivered, .deliveredAs:
            logger.info(
                "message delivered",
                [
                    "channel": .text(channel.name), "incident": .text(row.message.incident), "event": .text(row.message.event.rawValue),
                    "news": .text(row.message.news?.rawValue ?? "-"), "attempts": .integer(Int64(row.attempts + 1)),
                    "after": .text(max(now - row.message.createdAt, .zero).brief),
                ])
            if let since = standing.works() {
                logger.info("channel works again", ["channel": .text(channel.name), "after": .text((now - since).brief)])
            }
            return .sent(at: now, reference: delivery.reference)
        case .retry(let after, let reason):
            let wait = schedule.wait(attempts: row.attempts + 1, jitter: jitter(), asked: after)
            let failures = standing.fails(reason, at: now)
            // What the service asked for, else more and more the longer it fails.
            if let rest = after.map({ min(max($0, .zero), schedule.longestAsked) })
                ?? schedule.rest(failures: failures, jitter: jitter())
            {
                standing.rest(until: now + max(rest, after == nil ? .zero : wait))
            }
            logger.warning(
                "message not delivered, will be tried again",
                [
                    "channel": .text(channel.name), "incident": .text(row.message.incident), "in": .text(wait.brief),
                    "why": .text(reason),
                ])
            return .retry(at: now + wait, error: reason)
        case .blocked(let after, let reason):
            let wait = max(schedule.blocked, min(after ?? .zero, schedule.longestAsked))
            standing.rest(until: now + wait)
            if standing.isNew(reason) {
                logger.error(
                    "channel does not work: its messages wait until its set-up is mended",
                    ["channel": .text(channel.name), "retry_every": .text(wait.brief), "why": .text(reason)])
            }
            _ = standing.fails(reason, at: now)
            return .retry(at: now + wait, error: reason, isBlocked: true)
        case .rejected(let reason):
            logger.error(
                "message refused for good",
                ["channel": .text(channel.name), "incident": .text(row.message.incident), "why": .text(reason)])
            return .dead(at: now, error: reason)
        }
    }
}

/// How a channel stands: whether it works, since when not, and until when it rests.
private final class Standing: Sendable {
    private struct State {
        var restsUntil: Timestamp?
        var failures = 0
        var trouble: (reason: String, since: Timestamp)?
        /// Messages that the service would not take again, of which that was said; not more than a log bears.
        var refused: Set<Int64> = []
    }

    private let state = Mutex(State())

    var restsUntil: Timestamp? { state.withLock { $0.restsUntil } }
    var trouble: (reason: String, since: Timestamp)? { state.withLock { $0.trouble } }

    func rest(until moment: Timestamp) {
        state.withLock { $0.restsUntil = moment }
    }

    /// Whether it was not said of this message yet.
    func isNewlyRefused(_ id: Int64) -> Bool {
        state.withLock { $0.refused.count < 1_000 && $0.refused.insert(id).inserted }
    }

    func isNew(_ reason: String) -> Bool {
        state.withLock { $0.trouble.map { !$0.reason.isSame(as: reason) } ?? true }
    }

    /// Returns how many attempts failed in a row.
    func fails(_ reason: String, at moment: Timestamp) -> Int {
        state.withLock { state in
            state.failures += 1
            state.trouble = (reason, state.trouble?.since ?? moment)
            return state.failures
        }
    }

    /// Since when it had not worked; nil where it had.
    func works() -> Timestamp? {
        state.withLock { state in
            defer { state = State(refused: state.refused) }
            return state.trouble?.since
        }
    }
}

extension Message {
    /// The same for another occasion: an update that took the place of others is told for the weightiest of theirs. Nil: as
    /// it is.
    fileprivate func told(for news: News?) -> Message {
        guard event == .updated, let news else { return self }
        return Message(
            event: event, incident: incident, environment: environment, mode: mode, at: at, news: news, digest: digest)
    }
}

extension Delivery {
    /// What the service calls the incident, where it said so.
    fileprivate var reference: String? {
        if case .deliveredAs(let reference) = self { reference } else { nil }
    }
}
