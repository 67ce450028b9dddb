import Ambient
import Collector
import Glibc
import Model
import Monitor
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

    init(path: String, settings: MonitorSettings) throws {
        let header = TapeHeader(
            interval: settings.interval,
            runtimes: settings.runtimes.map { TapeHeader.Runtime(name: $0.name, replicas: $0.replicas) })
        state = Mutex(State(writer: try TapeWriter(path: path, header: header)))
    }

    /// One poll of one runtime, and the tick that follows it.
    func write(_ observations: [Observation]) {
        guard let last = observations.last else { return }
        state.withLock { state in
            guard state.writer != nil else { return }
            do {
                for observation in observations { try state.writer?.write(.exchange(observation)) }
                let count = (state.ticks[last.runtime] ?? 0) + 1
                state.ticks[last.runtime] = count
                state.exchanges += observations.count
                let at = observations.map(\.at).max() ?? last.at
                try state.writer?.write(.tick(at: at, runtime: last.runtime, count: count))
            } catch {
                state.failure = "\(error)"
                state.writer = nil
                complain("the tape ends here: \(error)", hint: nil)
            }
        }
    }

    var exchanges: Int { state.withLock { $0.exchanges } }
    var failure: String? { state.withLock { $0.failure } }
}
