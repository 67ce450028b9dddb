import Model

/// A moment of the simulated runtime: microseconds since 1970, because Python's datetime counts them.
struct Instant: Hashable, Comparable, Sendable {
    var microseconds: Int64

    init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    init(_ timestamp: Timestamp) {
        microseconds = timestamp.milliseconds * 1_000
    }

    /// Cut to milliseconds.
    var timestamp: Timestamp {
        let quotient = microseconds / 1_000
        return Timestamp(milliseconds: microseconds % 1_000 < 0 ? quotient - 1 : quotient)
    }

    static func < (a: Instant, b: Instant) -> Bool { a.microseconds < b.microseconds }
    static func - (a: Instant, b: Instant) -> Int64 { a.microseconds - b.microseconds }
    static func + (a: Instant, b: TimeSpan) -> Instant { .init(microseconds: a.microseconds + b.milliseconds * 1_000) }

    func advanced(bySeconds seconds: Double) -> Instant {
        Instant(microseconds: microseconds + Int64((seconds * 1e6).rounded()))
    }
}
