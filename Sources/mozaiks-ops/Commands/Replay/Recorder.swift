import Ambient
import Collector
import Cycle
import Glibc
import Model
import Synchronization

/// Writes exchanges and ticks to a tape as they happen. A tape that cannot be written any more ends, and says so once.
final class Recorder: Sendable {
    private struct State: ~Copyable {
        var writer: TapeWriter?
        var ticks: [String: Int64] = [:]
        var exchanges = 0
        var failure: String?
    }

    private let state: Mutex<State>

    /// - Parameter beginning: what went before, for a tape that begins in the middle of things.
    init(path: String, settings: MonitorSettings, beginning: JSON? = nil) throws {
        let header = TapeHeader(interval: settings.interval, runtimes: settings.runtimes)
        state = Mutex(State(writer: try TapeWriter(path: path, header: header, state: beginning)))
    }

    /// A part of a cycle: what was polled, what people did, the tick.
    func write(_ step: TapeStep) {
        state.withLock { state in
            guard state.writer != nil else { return }
            do {
                switch step {
                case .polled(let observations):
                    for observation in observations { try state.writer?.write(.exchange(observation)) }
                    state.exchanges += observations.count
                case .event(let event, let at): try state.writer?.write(.event(at: at, event))
                case .judged(let runtime, let at):
                    let count = (state.ticks[runtime] ?? 0) + 1
                    state.ticks[runtime] = count
                    try state.writer?.write(.tick(at: at, runtime: runtime, count: count))
                }
            } catch {
                state.failure = "\(error)"
                state.writer = nil
                complain("the tape ends here: \(error)", hint: nil)
            }
        }
    }

    /// For whoever has steps to write.
    var sink: @Sendable (TapeStep) -> Void { { step in self.write(step) } }

    var exchanges: Int { state.withLock { $0.exchanges } }
    var failure: String? { state.withLock { $0.failure } }
}
