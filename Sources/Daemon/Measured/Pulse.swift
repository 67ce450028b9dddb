import Ambient
import Model
import Notify
import Synchronization

/// Sends the heartbeats of one process: that it began, at intervals that it is well or not, and how it ended. Beside the
/// cycles, never between them. A service that does not hear is logged once, until it hears again.
public final class Pulse: Sendable {
    private let heartbeat: Heartbeat
    private let interval: TimeSpan
    private let clock: any Clock
    private let logger: Logger
    /// The last ping was not heard.
    private let isUnheard = Mutex(false)

    public init(heartbeat: Heartbeat, interval: TimeSpan, clock: any Clock, logger: Logger) {
        self.heartbeat = heartbeat
        self.interval = interval
        self.clock = clock
        self.logger = logger
    }

    /// A daemon's: `start`, then one ping an interval, until the task is cancelled.
    ///
    /// - Parameter isWell: whether cycles complete and are kept. A monitor that stands but does not work says so.
    public func run(isWell: @Sendable () async -> Bool) async {
        await beat(.start)
        while !Task.isCancelled {
            do { try await clock.sleep(for: interval) } catch { return }
            await beat(await isWell() ? .success : .failure)
        }
    }

    /// Sends one ping and logs when that fails for the first time, and when it works again.
    public func beat(_ beat: Heartbeat.Beat) async {
        let fault = await heartbeat.send(beat)
        // Whoever broke it off knows.
        if fault != nil, Task.isCancelled { return }
        let was = isUnheard.withLock { state in
            defer { state = fault != nil }
            return state
        }
        if let fault, !was {
            logger.warning(
                "the heartbeat is not heard; said once, until it is heard again", ["why": .text(fault)])
        } else if fault == nil, was {
            logger.info("the heartbeat is heard again")
        }
    }
}
