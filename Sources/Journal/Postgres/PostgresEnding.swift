import Dispatch
import Model
import Synchronization

/// Whether the process is to end: whoever waits for the server then waits a moment more and no longer. One for all sessions
/// of a place.
final class PostgresEnding: Sendable {
    /// When it was told, of the monotonic clock in nanoseconds; 0 before.
    private let toldAt = Atomic<UInt64>(0)

    /// How much longer a wait may go on.
    static let grace = TimeSpan.seconds(2)
    /// How much longer a connection may take to come: what is not there yet has nothing of ours under way.
    static let connectGrace = TimeSpan.seconds(1)
    /// How often a wait looks, in milliseconds.
    static let look: UInt64 = 100

    func tell() { _ = toldAt.compareExchange(expected: 0, desired: PostgresDatabase.now(), ordering: .relaxed) }
    var isTold: Bool { toldAt.load(ordering: .relaxed) != 0 }

    /// When a wait that began then and may take so long is over.
    func deadline(_ began: UInt64, _ patience: TimeSpan, grace: TimeSpan = PostgresEnding.grace) -> UInt64 {
        let own = began + PostgresEnding.nanoseconds(patience)
        let told = toldAt.load(ordering: .relaxed)
        return told == 0 ? own : min(own, max(began, told) + PostgresEnding.nanoseconds(grace))
    }

    private static func nanoseconds(_ span: TimeSpan) -> UInt64 { UInt64(max(1, span.milliseconds)) * 1_000_000 }
}

/// How long a session of an engine that polls waits for an answer. A server that hangs must not keep it from polling, and one
/// that is slow must get its work done: each wait in vain doubles the next one, up to what a statement may take.
struct PostgresPatience {
    private let longest: TimeSpan
    private var waitsInVain = 0

    static let first = TimeSpan.seconds(5)

    init(longest: TimeSpan) { self.longest = longest }

    var span: TimeSpan { min(longest, PostgresPatience.first * Int64(1 << min(waitsInVain, 12))) }

    mutating func waitedInVain() { waitsInVain += 1 }

    /// Something that took so long was done: only what was quick says that the server is.
    mutating func wasDone(in span: TimeSpan) {
        if span < PostgresPatience.first { waitsInVain = 0 }
    }
}

/// A connection that is being made on a thread of its own: a server that takes no notice, a name that nobody resolves and
/// several hosts in a row hold up nobody who polls, nor a process that is to end.
final class PostgresAttempt: Sendable {
    private let isOver = DispatchSemaphore(value: 0)
    private let outcome = Mutex<Result<Handover<PostgresConnection>, PostgresFailure>?>(nil)
    /// How long its maker waits for it. Who comes again only looks.
    static let patience = TimeSpan.seconds(2)

    init(_ place: PostgresPlace, _ role: PostgresDatabase.Role, _ busyTimeout: TimeSpan) {
        DispatchQueue(label: "postgres").async {
            let result: Result<Handover<PostgresConnection>, PostgresFailure>
            do throws(PostgresFailure) {
                result = .success(Handover(try PostgresDatabase.connected(place, role, busyTimeout)))
            } catch {
                result = .failure(error)
            }
            self.outcome.withLock { $0 = result }
            self.isOver.signal()
        }
    }

    /// Nil while it goes on.
    /// - Parameters:
    ///   - span: nil: until it is over, for which libpq has time limits of its own.
    ///   - ending: cuts the wait short.
    func wait(atMost span: TimeSpan?, _ ending: PostgresEnding) -> Result<Handover<PostgresConnection>, PostgresFailure>? {
        let began = PostgresDatabase.now()
        while true {
            let deadline = ending.deadline(began, span ?? .hours(24 * 365), grace: PostgresEnding.connectGrace)
            let now = PostgresDatabase.now()
            let left = deadline > now ? (deadline - now) / 1_000_000 : 0
            if isOver.wait(timeout: .now() + .milliseconds(Int(min(left, PostgresEnding.look)))) == .success {
                return outcome.withLock { $0 }
            }
            if left == 0 { return nil }
        }
    }
}
