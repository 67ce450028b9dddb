import Digest
import Journal
import Model
import Server
import Synchronization
import Views

/// Takes orders and leaves them where the command line does: as a row for the engine, or as the kill switch. An order that
/// comes again with the same key is the same order: nobody acts twice because a finger or a network did.
final class Desk: Sendable {
    private static let mostKept = 1_000
    private static let keptFor: UInt64 = 600_000_000_000

    private struct Taken {
        let at: UInt64
        let request: [UInt8]
        let answer: Answer
    }

    enum Answer: Sendable {
        case command(Int64, about: (key: String, id: String)?, warnings: [String])
        case stopped(Bool)
    }

    private let taken = Mutex<[String: Taken]>([:])

    /// - Parameters:
    ///   - key: of the client's choice; nil: each time is another order.
    ///   - request: what else must be the same for it to be the same order.
    func take(
        key: String?, by visitor: Visitor, request: [UInt8], monotonic: UInt64, _ reading: Reading, _ folder: StateFolder,
        _ order: (_ seed: String) throws -> Order
    ) throws -> Answer {
        guard let key else { return try leave(order(""), visitor, reading, folder) }
        let whole = visitor.actor + "\0" + key
        let digest = SHA256.digest(request)
        // Held while it writes: two that come at once are one.
        return try taken.withLock { taken in
            taken = taken.filter { monotonic &- $0.value.at < Desk.keptFor }
            if let known = taken[whole] {
                guard known.request == digest else {
                    throw Problem(
                        status: 422, title: "Another order",
                        detail: "this Idempotency-Key was used for something else within ten minutes: take a new one")
                }
                return known.answer
            }
            let answer = try leave(order(key), visitor, reading, folder)
            if taken.count >= Desk.mostKept, let oldest = taken.min(by: { $0.value.at < $1.value.at }) {
                taken[oldest.key] = nil
            }
            taken[whole] = Taken(at: monotonic, request: digest, answer: answer)
            return answer
        }
    }

    private func leave(
        _ order: Order, _ visitor: Visitor, _ reading: Reading, _ folder: StateFolder
    ) throws -> Answer {
        switch order.deed {
        case .command(let kind, let arguments):
            let id = try reading.journal.appendCommand(
                at: reading.now, actor: visitor.actor, kind: kind, arguments: arguments.serialized())
            return .command(id, about: order.about, warnings: order.warnings)
        case .stop:
            try folder.turnKillSwitchOn(by: visitor.actor)
            return .stopped(true)
        case .resume:
            try folder.turnKillSwitchOff(by: visitor.actor)
            return .stopped(false)
        }
    }
}
