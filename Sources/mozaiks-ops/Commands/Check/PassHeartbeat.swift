import Ambient
import Daemon
import Notify
import Synchronization

/// The heartbeats of one pass: what was begun is ended, once, whatever ends the pass. A service that heard a start and no end
/// would call a pass that somebody stopped one that hangs.
final class PassHeartbeat: Sendable {
    private let pulse: Pulse
    private let began: Task<Void, Never>
    private let ending = Mutex<Task<Void, Never>?>(nil)

    /// Says that a pass begins, beside the pass: a heartbeat delays nothing. From here on a signal that ends the process first
    /// says that it does.
    static func begin(_ pulse: Pulse) async -> PassHeartbeat {
        let signals = await ProcessSignal.listen(for: ProcessSignal.allCases.filter { !$0.isIgnored })
        let heartbeat = PassHeartbeat(pulse)
        Task {
            var isSecond = false
            for await signal in signals {
                // Whoever asks twice does not wait for a service that does not answer.
                if isSecond { signal.endProcess() }
                isSecond = true
                Task {
                    await heartbeat.end(.exit(128 + signal.rawValue))
                    signal.endProcess()
                }
            }
        }
        return heartbeat
    }

    private init(_ pulse: Pulse) {
        self.pulse = pulse
        began = Task { await pulse.beat(.start) }
    }

    /// Says how it ended. What is said first counts; everybody waits until it was said.
    func end(_ beat: Heartbeat.Beat) async {
        let task = ending.withLock { task in
            if let task { return task }
            let said = Task { [pulse, began] in
                await began.value
                await pulse.beat(beat)
            }
            task = said
            return said
        }
        await task.value
    }
}
