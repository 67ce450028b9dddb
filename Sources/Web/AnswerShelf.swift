import Model
import Server
import Synchronization

/// Answers that were just made. Whoever asks the same within a second gets the same; whoever asks while it is being made waits for
/// it. What takes long stands in a line of its own, so that it keeps nobody waiting who asks for something else.
final class AnswerShelf: Sendable {
    /// How long an answer serves whoever asks the same.
    static let freshness: UInt64 = 1_000_000_000
    /// Bytes of answers that are kept; an answer beyond that is made anew each time.
    private static let mostKept = 4 << 20

    /// What is being made of one kind of question.
    private final class Making: Sendable {
        let answer = Mutex<ServerResponse?>(nil)
    }

    private struct State {
        var kept: [String: (at: UInt64, response: ServerResponse)] = [:]
        var making: [String: Making] = [:]
        var slow = 0
        /// Of what was there when an answer was begun: what people asked for since is not in it.
        var age = 0
    }

    private let mostSlow: Int
    private let state = Mutex(State())
    /// One at a time reads for what is quick, and one for what is slow.
    private let quick = Mutex(())
    private let slow = Mutex(())

    /// - Parameter mostSlow: different slow answers that are asked for at once; each holds a thread.
    init(mostSlow: Int = 16) { self.mostSlow = mostSlow }

    /// - Parameters:
    ///   - key: whatever is the same for the same answer.
    ///   - now: of the monotonic clock, nanoseconds.
    func answer(
        _ key: String, isSlow: Bool, now: UInt64, _ make: () throws -> ServerResponse
    ) throws -> ServerResponse {
        enum Found {
            case kept(ServerResponse)
            case making(Making, age: Int)
            case tooMany
        }
        let found = state.withLock { state -> Found in
            if let known = state.kept[key], now &- known.at < AnswerShelf.freshness { return .kept(known.response) }
            if let making = state.making[key] { return .making(making, age: state.age) }
            if isSlow {
                guard state.slow < mostSlow else { return .tooMany }
                state.slow += 1
            }
            let making = Making()
            state.making[key] = making
            return .making(making, age: state.age)
        }
        switch found {
        case .kept(let response): return response
        case .tooMany:
            throw Problem(
                status: 503, title: "Busy", detail: "too much that takes long is asked for at once: try again in a moment",
                headers: [("Retry-After", "5")])
        case .making(let making, let age):
            // Held while it is made: whoever comes second finds it.
            return try making.answer.withLock { answer in
                if let answer { return answer }
                defer { settle(key, making, isSlow) }
                let response = try isSlow ? slow.withLock { _ in try make() } : quick.withLock { _ in try make() }
                answer = response
                keep(key, response, age, now)
                return response
            }
        }
    }

    /// It is made, or cannot be: whoever asks from here on asks anew.
    private func settle(_ key: String, _ making: Making, _ isSlow: Bool) {
        state.withLock { state in
            guard state.making[key] === making else { return }
            state.making[key] = nil
            if isSlow { state.slow -= 1 }
        }
    }

    private func keep(_ key: String, _ response: ServerResponse, _ age: Int, _ now: UInt64) {
        state.withLock { state in
            guard state.age == age else { return }
            state.kept = state.kept.filter { now &- $0.value.at < AnswerShelf.freshness }
            let size = state.kept.reduce(response.body.count + key.utf8.count) {
                $0 + $1.value.response.body.count + $1.key.utf8.count
            }
            if size <= AnswerShelf.mostKept { state.kept[key] = (now, response) }
        }
    }

    /// Whoever asks from here on sees what is so now.
    func forget() {
        state.withLock { state in
            state.kept = [:]
            state.age += 1
            // Those in the making are for whoever asked before; their slots come back once they are made.
            state.making = [:]
            state.slow = 0
        }
    }
}
