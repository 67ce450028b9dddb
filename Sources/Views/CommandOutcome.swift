import Cycle
import JSONParsing
import Journal
import Model

/// What became of something that a person asked for.
public struct CommandOutcome: Sendable {
    public static let schema = "mozaiks.ops/command/v1"

    public let row: CommandRow
    /// What of it may be meant otherwise, for whoever looks at it.
    public var warnings: [String] = []

    /// Of a yes what the guard then said to the action; nil while it has not looked again.
    public private(set) var decision: ActionDecision?

    public init(_ row: CommandRow) { self.row = row }

    /// Whether it was done as asked; nil while no engine has taken it.
    public var isDone: Bool? {
        guard let result = row.result else { return nil }
        func begins(_ word: String) -> Bool { result.utf8.starts(with: word.utf8) }
        return switch row.kind {
        case Commands.approve: begins("approved ")
        case Commands.deny: begins("denied ")
        case Commands.mark: begins("marked ")
        case Commands.revert, Commands.revertAll: begins("reverted ")
        case Commands.expireSilence: result.hasSuffix(" is over")
        case Commands.unacknowledge: result.hasSuffix("reminders go on")
        default: !begins("not ")
        }
    }

    /// Of a yes that was taken: to which offer.
    public var approved: String? {
        guard row.kind == Commands.approve, isDone == true else { return nil }
        return (try? JSON(parsing: Array(row.arguments.utf8)))?["approval"]?.string
    }

    /// Finds what came of a yes.
    /// - Parameter decisions: of the incident that the offer was made for.
    public mutating func follow(_ decisions: [ActionDecision]) {
        guard let approved, let takenAt = row.takenAt else { return }
        // An id may come again after days, and an offer itself is a decision of its id, too.
        decision = decisions.last { made in
            if case .needsApproval = made.verdict { return false }
            return made.at >= takenAt && made.approval?.isSame(as: approved) == true
        }
    }

    /// Of a silence that is made: what it is about.
    public var match: IncidentMatch? {
        guard row.kind == Commands.addSilence, let document = try? JSON(parsing: Array(row.arguments.utf8)) else { return nil }
        return document["match"].flatMap { try? IncidentMatch(DocumentReader($0, document: "silence")) }
    }

    /// Schema `mozaiks.ops/command/v1`.
    public var document: JSON {
        [
            "schema": .string(CommandOutcome.schema), "id": .int(row.id), "at": .moment(row.at), "by": .string(row.actor),
            "kind": .string(row.kind), "taken_at": .moment(row.takenAt), "result": .optional(row.result),
            "done": isDone.map(JSON.bool) ?? .null,
        ]
    }
}
