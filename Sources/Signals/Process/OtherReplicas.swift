import Model

extension ReplicaState {
    /// Whether it is one process under two names: created at the same moment, and with the same chats. A creation mark without a
    /// fraction of a second may be several processes'; a few chats at the proxy's whim are no sign of it.
    func isSameProcess(as other: ReplicaState) -> Bool {
        guard let mark = identity.answering.mark, mark == other.identity.answering.mark, chats.count > 0, other.chats.count > 0,
            let point = mark.firstIndex(of: UInt8(ascii: ".")),
            mark[(point + 1)...].prefix(while: { (48...57).contains($0) }).contains(where: { $0 != 48 })
        else { return false }
        return (0..<min(chats.count, 8)).allSatisfy { other.chats.find(chats[$0].key, hint: $0) != nil }
    }
}

/// The chats that a runtime's other replicas show.
///
/// Behind a proxy without sticky sessions one process answers the start and another the websocket: both list the chat, and in
/// the one that only made it, it stands open for ever. A chat's id is its own, so it is one run, counted where it is at work.
struct OtherReplicas {
    /// Those named before this one, and those after it.
    let before: [ChatTable]
    let after: [ChatTable]

    init(of index: Int, among replicas: [ReplicaState]) {
        before = replicas[..<index].map(\.chats)
        after = replicas[(index + 1)...].map(\.chats)
    }

    var isEmpty: Bool { before.isEmpty && after.isEmpty }

    func knows(_ key: StableHash) -> Bool {
        before.contains { $0.find(key, hint: .max) != nil } || after.contains { $0.find(key, hint: .max) != nil }
    }

    /// Whether another replica shows this open chat as well; and whether it is that one's run.
    func claim(_ own: ChatRecord) -> (isShared: Bool, isTheirs: Bool) {
        var isShared = false
        for (tables, isBefore) in [(before, true), (after, false)] {
            for table in tables {
                guard let index = table.find(own.key, hint: .max) else { continue }
                isShared = true
                if OtherReplicas.isTheirs(own, table[index], isBefore: isBefore) { return (true, true) }
            }
        }
        return (isShared, false)
    }

    private static func isTheirs(_ own: ChatRecord, _ other: ChatRecord, isBefore: Bool) -> Bool {
        // Where work was seen, and last.
        let (ownMoved, otherMoved) = (own.flags.contains(.progressed), other.flags.contains(.progressed))
        if ownMoved != otherMoved { return otherMoved }
        if ownMoved, own.quietSince != other.quietSince { return other.quietSince > own.quietSince }
        // The start makes it, the websocket that comes later runs it.
        if own.flags.contains(.started), other.flags.contains(.started), own.startedAt != other.startedAt {
            return other.startedAt > own.startedAt
        }
        return other.flags.contains(.open) ? isBefore : true
    }
}
