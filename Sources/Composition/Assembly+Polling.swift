import Ambient
import Collector
import Model
import Synchronization

extension Assembly {
    /// Asks runtimes; says once why there is no token for one, and again when the reason is another.
    package func poller(clock: any Clock, logger: Logger) -> Poller {
        let said = Reasons()
        return Poller(client: client, clock: clock) { runtime, text in
            guard said.isNew(text, of: runtime) else { return }
            logger.warning("no token", ["runtime": .text(runtime), "why": .text(text)])
        }
    }
}

/// What was said last of each runtime, so that a fault that stays is not said at each poll.
private final class Reasons: Sendable {
    private let last = Mutex<[String: String]>([:])

    func isNew(_ text: String, of runtime: String) -> Bool {
        last.withLock { $0.updateValue(text, forKey: runtime) != text }
    }
}
