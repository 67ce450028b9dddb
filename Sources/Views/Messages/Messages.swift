import Journal
import Model

extension Incident {
    /// Ids of the digests in which it was told, as its handling has them.
    public var digests: [String] {
        var found: [String] = []
        for note in handling where note.kind == .message {
            guard let word = note.text.split(separator: " ").last, word.hasPrefix("digest-") else { continue }
            if !found.contains(String(word)) { found.append(String(word)) }
        }
        return found
    }
}

extension OutboxRow {
    /// Schema of the list around it: `mozaiks.ops/notify-history/v1`.
    public var document: JSON {
        [
            "id": .int(id), "incident": .string(message.incident), "channel": .string(message.channel),
            "event": .string(message.event.rawValue), "state": .string(state.rawValue),
            "created_at": .string("\(message.createdAt)"),
            "due_at": state == .pending ? .string("\(dueAt)") : .null,
            "settled_at": settledAt.map { .string("\($0)") } ?? .null, "attempts": .int(Int64(attempts)),
            "merged_into": mergedInto.map { .int($0) } ?? .null, "error": .optional(lastError),
        ]
    }
}
