import Ambient

/// Tells blocked handlers that their server stops, and the stopping server when the last request has ended.
final class StopSignal: Sendable {
    private struct State {
        var isStopping = false
        var inFlight = 0
    }

    private let state = ConditionLock(State())

    var isStopping: Bool { state.locked { $0.isStopping } }

    func requestBegan() { state.locked { $0.inFlight += 1 } }

    func requestEnded() { state.change { $0.inFlight -= 1 } }

    func stop() { state.change { $0.isStopping = true } }

    /// Waits until the server stops; true when it does, false when `seconds` passed before.
    func wait(atMost seconds: Double) -> Bool { wait(atMost: seconds) { $0.isStopping } }

    /// Waits until no request is in flight; false when `seconds` passed before.
    func waitForLastRequest(atMost seconds: Double) -> Bool { wait(atMost: seconds) { $0.inFlight == 0 } }

    private func wait(atMost seconds: Double, until condition: (State) -> Bool) -> Bool {
        state.wait(atMost: seconds) { condition($0) ? true : nil } ?? false
    }
}
