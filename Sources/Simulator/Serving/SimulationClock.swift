import Ambient
import Model

/// Simulated time: begins at `origin` when the clock is made and runs `speed` times as fast as the base clock.
public struct SimulationClock: Sendable {
    public let origin: Timestamp
    /// Simulated seconds per second; above 0.
    public let speed: Double
    private let base: any Clock
    private let begin: UInt64

    /// - Parameter origin: nil takes the base clock's present, so that a monitor's clock agrees at speed 1.
    public init(speed: Double = 1, origin: Timestamp? = nil, base: any Clock = SystemClock()) {
        precondition(speed > 0 && speed.isFinite, "time runs forward")
        self.speed = speed
        self.base = base
        self.origin = origin ?? base.now()
        begin = base.monotonicNanoseconds()
    }

    public func now() -> Timestamp {
        let elapsed = Double(base.monotonicNanoseconds() &- begin) / 1e6
        return origin + TimeSpan(milliseconds: Int64(elapsed * speed))
    }
}
