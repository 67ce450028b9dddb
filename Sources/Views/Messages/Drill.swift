import Cycle
import JSONParsing
import Journal
import Model
import Notify

/// A test message that somebody sent, as the journal remembers it.
public struct Drill: Sendable {
    public let at: Timestamp
    public let channel: String
    public let isDelivered: Bool
    /// Why it was not delivered.
    public let reason: String?

    /// The newest first.
    /// - Parameter channel: of this one alone; nil: of all.
    static func all(in journal: Journal, of channel: String?, limit: Int) throws(JournalError) -> [Drill] {
        try journal.commands(kind: Commands.drill, limit: limit).compactMap { row in
            guard let arguments = try? JSON(parsing: Array(row.arguments.utf8)), let name = arguments["channel"]?.string,
                channel == nil || channel == name
            else { return nil }
            return Drill(
                at: row.at, channel: name, isDelivered: arguments["delivered"]?.bool ?? false,
                reason: arguments["reason"]?.string)
        }
    }

    var document: JSON {
        [
            "at": .moment(at), "channel": .string(channel), "delivered": .bool(isDelivered),
            "reason": .optional(reason),
        ]
    }
}

/// What came of drills just now.
public struct DrillResults: Sendable {
    public struct Result: Sendable {
        public let channel: String
        public let delivery: Delivery

        public init(channel: String, delivery: Delivery) {
            self.channel = channel
            self.delivery = delivery
        }

        /// As the journal keeps it, for the history.
        public var document: JSON {
            [
                "channel": .string(channel), "delivered": .bool(delivery.isDelivered),
                "reason": .optional(delivery.failure),
            ]
        }
    }

    public let results: [Result]

    public init(_ results: [Result]) { self.results = results }

    /// Whether every channel took its own.
    public var areDelivered: Bool { results.allSatisfy { $0.delivery.isDelivered } }

    /// `notify test -o json`.
    public var document: OutputDocument { OutputDocument(.drills, ["drills": .array(results.map(\.document))]) }
}

extension Delivery {
    /// Why it was not delivered; nil when it was.
    public var failure: String? {
        switch self {
        case .delivered, .deliveredAs: nil
        case .retry(_, let reason), .blocked(_, let reason), .rejected(let reason): reason
        }
    }
}
