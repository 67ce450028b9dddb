import Model

/// What the gate remembers of one throttled app between two polls: the starts that it let through, and which of them the
/// runtime's figures do not show yet.
public struct GateMemory: Hashable, Sendable {
    /// So many starts that have not shown up, and as many chats, are known one by one: nobody fills the memory, and no limit that
    /// holds anybody back is that high.
    public static let most = 4_096

    /// The allowed starts: what a limit per minute counts.
    public private(set) var window = StartWindow()

    private struct Start: Hashable, Sendable {
        var at: Timestamp
        /// Nil for one that was itself about a chat.
        var unclaimed: PackID?
    }

    /// Those that have not shown up, in order.
    private var starts: [Start] = []
    /// Chats let in by themselves, and when.
    private var admitted: [StableHash: Timestamp] = [:]
    private var asOf: Timestamp?
    private var seen: Int64?

    public init() {}

    /// How many starts were let through and are not in the runtime's figures yet.
    public var pending: Int { starts.count }

    /// A start was let through.
    /// - Parameters:
    ///   - pack: of a start that is followed by a websocket; its chat has no name yet.
    ///   - chat: of a websocket, or an input, that starts a run by itself.
    public mutating func start(_ now: Timestamp, pack: PackID?, chat: StableHash?, memory: TimeSpan) {
        window.forget(through: now - memory)
        window.add(now)
        if starts.count == Self.most { starts.removeFirst() }
        starts.append(Start(at: now, unclaimed: chat == nil ? pack : nil))
        if let chat { admit(chat, now) }
    }

    /// Whether a chat that the figures do not show goes with a start that was let through: it was let in before, or is the
    /// first to come after the start of such a run.
    public mutating func goesOn(_ chat: StableHash, pack: PackID?, now: Timestamp) -> Bool {
        if admitted[chat] != nil { return true }
        guard let pack, let index = starts.firstIndex(where: { $0.unclaimed == pack }) else { return false }
        starts[index].unclaimed = nil
        admit(chat, now)
        return true
    }

    private mutating func admit(_ chat: StableHash, _ now: Timestamp) {
        guard admitted.count < Self.most else { return }
        admitted[chat] = now
    }

    /// New figures are here: starts that they show, or would show by now, are no longer pending.
    /// - Parameters:
    ///   - at: when they were asked for.
    ///   - seen: the app's starts that were ever seen, if that is known.
    public mutating func figures(at: Timestamp, seen: Int64?) {
        guard asOf.map({ at > $0 }) ?? true else { return }
        if let seen, let last = self.seen, seen > last {
            var shown = seen - last
            starts.removeAll { start in
                guard shown > 0, start.at <= at else { return false }
                shown -= 1
                return true
            }
        }
        // A start that is not there by now never came to be: the runtime refused it, or it is the rerun of a chat.
        starts.removeAll { $0.at <= at - GateTable.settling }
        admitted = admitted.filter { $0.value > at - GateTable.settling }
        asOf = at
        self.seen = seen
    }
}
