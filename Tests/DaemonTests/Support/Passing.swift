import CycleKit
import Model

@testable import Daemon

extension Core {
    /// Moves the clock on by ten seconds and lives through a poll that finds these open runs.
    @discardableResult
    nonisolated func pass(_ open: [String: Int], _ clock: ManualClock, by step: TimeSpan = .seconds(10)) async -> Bool {
        clock.advance(by: step)
        return await cycle(Crowd.runtime, Crowd.poll(open, at: clock.now()))
    }
}
