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
    /// Chats whose websocket, or input, was asked about, and when last.
    private var sockets: [StableHash: Timestamp] = [:]
    /// The chats that the last figures show as standing, and of those that came since the first: when they were first there.
    private var standing: Set<StableHash>?
    private var came: [StableHash: Timestamp] = [:]
    /// When starts were let through that no websocket of a chat of its own followed. What a run starts by itself has none either, and
    /// runs.
    private var unclaimed: [Timestamp] = []

    /// A start whose websocket did not come for so long runs nothing.
    static let claim = TimeSpan.seconds(30)

    /// Since when websockets of this app are listened to.
    private let since: Timestamp

    public init(since: Timestamp = Timestamp(milliseconds: 0)) {
        self.since = since
    }

    /// Somebody asked about a chat: it has a websocket, or its user speaks to it.
    public mutating func heard(_ chat: StableHash, _ now: Timestamp) {
        guard sockets[chat] == nil else { return sockets[chat] = now }
        guard sockets.count < Self.most else { return }
        sockets[chat] = now
        let isOld = came[chat] == nil && standing?.contains(chat) ?? false
        if !isOld, !unclaimed.isEmpty { unclaimed.removeFirst() }
    }

    /// How many of the runs that stand in the last figures can be running: those that came after the gate began to watch, and whose
    /// websocket did not come, are none. For a gate that is asked about websockets. Nil when that is not known.
    public func most(_ now: Timestamp) -> Int? {
        guard let standing, sockets.count < Self.most else { return nil }
        let silent = came.count { now - $0.value >= Self.claim && sockets[$0.key] == nil }
        return standing.count - min(silent, unclaimed.count { now - $0 >= Self.claim })
    }

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
        guard let chat else {
            if unclaimed.count == Self.most { unclaimed.removeFirst() }
            return unclaimed.append(now)
        }
        admit(chat, now)
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

    private mutating func stand(_ now: Set<StableHash>?, _ at: Timestamp) {
        // Of what may have had its websocket before anybody listened nothing can be told.
        guard let now, now.count <= Self.most, let before = standing, at >= since + GateTable.settling, let last = asOf,
            last >= since + GateTable.settling
        else {
            standing = now.flatMap { $0.count <= Self.most ? $0 : nil }
            came = [:]
            return
        }
        came = came.filter { now.contains($0.key) }
        for chat in now where !before.contains(chat) { came[chat] = at }
        sockets = sockets.filter { now.contains($0.key) || at - $0.value <= .hours(1) }
        standing = now
    }

    private mutating func admit(_ chat: StableHash, _ now: Timestamp) {
        guard admitted.count < Self.most else { return }
        admitted[chat] = now
    }

    /// New figures are here: starts that they show, or would show by now, are no longer pending.
    /// - Parameters:
    ///   - at: when they were asked for.
    ///   - seen: the app's starts that were ever seen, if that is known.
    ///   - standing: the chats that may be among those that run, see ``OpenRuns/App/standing``.
    public mutating func figures(at: Timestamp, seen: Int64?, standing: Set<StableHash>? = nil) {
        guard asOf.map({ at > $0 }) ?? true else { return }
        stand(standing, at)
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
