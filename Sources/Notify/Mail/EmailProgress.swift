import HTTP
import Ambient
import Model
import Synchronization

/// What a mail channel remembers between attempts, in memory only: after a restart a mail may come twice, with the same
/// id.
final class EmailProgress: Sendable {
    private struct Memory {
        /// Recipients who need the message no more (taken, or refused for good), and whether any has it.
        var settled: [String: (recipients: Set<MailAddress>, isTaken: Bool)] = [:]
        /// The ids of these, oldest first.
        var order: [String] = []
        /// A password that was refused, and until when (monotonic nanoseconds) it is not tried again.
        var refused: (password: Secret, until: UInt64)?
    }

    /// Messages remembered at once.
    private static let limit = 1_000
    private let memory = Mutex(Memory())

    func settled(_ message: String) -> (recipients: Set<MailAddress>, isTaken: Bool) {
        memory.withLock { $0.settled[message] ?? ([], false) }
    }

    func settle(_ message: String, _ recipients: [MailAddress], isTaken: Bool) {
        memory.withLock { memory in
            if memory.settled[message] == nil { memory.order.append(message) }
            var entry = memory.settled[message] ?? ([], false)
            entry.recipients.formUnion(recipients)
            entry.isTaken = entry.isTaken || isTaken
            memory.settled[message] = entry
            if memory.order.count > EmailProgress.limit { memory.settled[memory.order.removeFirst()] = nil }
        }
    }

    func forget(_ message: String) {
        memory.withLock { memory in
            guard memory.settled.removeValue(forKey: message) != nil else { return }
            memory.order.removeAll { $0.isSame(as: message) }
        }
    }

    /// How long this very password is not to be tried; nil when it may be.
    func hold(_ password: Secret, now: UInt64) -> TimeSpan? {
        memory.withLock { memory in
            guard let refused = memory.refused, refused.password == password, refused.until > now else { return nil }
            return TimeSpan(milliseconds: Int64((refused.until - now) / 1_000_000) + 1)
        }
    }

    func refuse(_ password: Secret, until: UInt64) {
        memory.withLock { $0.refused = (password, until) }
    }
}
