import Model

/// Which process answers behind a replica's URL: one and the same, one after the other (restarts), or several in turn.
///
/// - A creation mark that changed to a moment before the previous answer, or back to an earlier mark, is another
///   process that was alive all along: a load balancer. Any other change is a restart.
/// - Where the events endpoint gives no mark, a chat that vanished is a restart; a vanished chat that comes back with the
///   start it had is a load balancer. Where the mark stayed the same meanwhile it is one process, whose list was not whole.
struct ProcessIdentity {
    /// For how long a URL that answered for several processes stays marked so after the last sign of it.
    static let memory: Int64 = 30 * 60_000
    private static let mostMarks = 8
    private static let mostVanished = 4_096

    struct Vanished: Hashable {
        var key: StableHash
        var startedAt: Int64
    }

    /// Creation marks seen, newest last, as bytes.
    private var marks: [[UInt8]] = []
    /// The runtime's clock at the newest answer with a mark, ms.
    private var lastMarkDate: Int64?
    /// The monitor's clock at it.
    private(set) var lastMarkAt: Int64?
    /// A vanished chat has already counted as the restart that the next change of the mark will show.
    private var hasCountedVanish = false
    /// Chats that vanished, newest last.
    private var vanished: [Vanished] = []
    private var vanishedSet: Set<Vanished> = []
    /// When restarts were seen, ms, oldest first.
    private(set) var restarts: [Int64] = []
    /// When several processes last showed, ms.
    private(set) var severalAt: Int64?
    /// Whether the events endpoint tells of the process that answers, as of the newest perf body. Not kept: the next body
    /// says it anew.
    var isMarked = false
    /// A restart so long ago does not explain that chats come back.
    private static let afterRestart: Int64 = 10 * 60_000

    func isSeveral(asOf moment: Int64) -> Bool {
        guard let severalAt else { return false }
        return moment - severalAt <= ProcessIdentity.memory
    }

    /// The process that answers, as far as it was told apart.
    struct Answering: Hashable {
        let mark: [UInt8]?
        let restart: Int64?
    }

    /// Another value than before once a process is seen for the first time, or restarts. Of several that answer in turn
    /// none is the newest.
    var answering: Answering { Answering(mark: severalAt == nil ? marks.last : nil, restart: restarts.last) }

    enum Change: Hashable {
        case same
        /// A new process, created at that moment by its own clock if it says so.
        case restart(createdAt: Int64?)
        case otherProcess
    }

    /// Takes in a creation mark. `date` is the runtime's clock at the answer; nil where it is not known, and then only a
    /// mark that comes back is another process.
    mutating func observe(mark: [UInt8], createdAt: Int64?, date: Int64?, at moment: Int64) -> Change {
        defer {
            lastMarkDate = date
            lastMarkAt = moment
            hasCountedVanish = false
        }
        guard let current = marks.last else {
            marks = [mark]
            return .same
        }
        guard mark != current else { return .same }
        let isKnown = marks.contains(mark)
        marks.removeAll { $0 == mark }
        marks.append(mark)
        if marks.count > ProcessIdentity.mostMarks { marks.removeFirst() }
        let wasAlive = createdAt.flatMap { created in lastMarkDate.map { created < $0 } } ?? false
        if isKnown || wasAlive {
            severalAt = moment
            return .otherProcess
        }
        if !hasCountedVanish { restarts.append(moment) }
        return .restart(createdAt: createdAt)
    }

    /// Takes in that chats vanished from the perf body. `hasMark`: the events endpoint tells restarts by itself.
    mutating func observe(vanished chats: [Vanished], hasMark: Bool, at moment: Int64) {
        guard !chats.isEmpty else { return }
        for chat in chats.suffix(ProcessIdentity.mostVanished) where vanishedSet.insert(chat).inserted {
            vanished.append(chat)
        }
        if vanished.count > ProcessIdentity.mostVanished {
            let surplus = vanished.count - ProcessIdentity.mostVanished
            for chat in vanished.prefix(surplus) { vanishedSet.remove(chat) }
            vanished.removeFirst(surplus)
        }
        if !hasMark, !isSeveral(asOf: moment) {
            restarts.append(moment)
            hasCountedVanish = true
        }
    }

    /// Takes in a chat that the table does not know. Whether it is one that vanished before.
    mutating func observe(returned chat: Vanished, at moment: Int64) -> Bool {
        guard !vanishedSet.isEmpty, vanishedSet.contains(chat) else { return false }
        // A process with a mark that did not change is the same one: its list lacked some chats for a while.
        let hasRestarted = restarts.last.map { moment - $0 <= ProcessIdentity.afterRestart } ?? false
        if isMarked, !hasRestarted, !isSeveral(asOf: moment) { return true }
        severalAt = moment
        return true
    }

    mutating func trim(before moment: Int64) { restarts.removeAll { $0 < moment } }

    func restarts(from start: Int64, to end: Int64) -> Int { restarts.count { $0 > start && $0 <= end } }

    func encode(to writer: inout StateWriter) {
        writer.put(each: marks) { $0.put($1) }
        writer.put(optional: lastMarkDate) { $0.put($1) }
        writer.put(optional: lastMarkAt) { $0.put($1) }
        writer.put(hasCountedVanish)
        writer.put(each: vanished) { writer, chat in
            writer.put(bits: chat.key.high)
            writer.put(bits: chat.key.low)
            writer.put(chat.startedAt)
        }
        writer.put(each: restarts) { $0.put($1) }
        writer.put(optional: severalAt) { $0.put($1) }
    }

    init() {}

    init(from reader: inout StateReader) throws(SignalStateError) {
        marks = try reader.each { (reader) throws(SignalStateError) in try reader.data() }
        lastMarkDate = try reader.optional { (reader) throws(SignalStateError) in try reader.moment() }
        lastMarkAt = try reader.optional { (reader) throws(SignalStateError) in try reader.moment() }
        hasCountedVanish = try reader.flag()
        vanished = try reader.each { (reader) throws(SignalStateError) in
            Vanished(
                key: StableHash(high: try reader.bits(), low: try reader.bits()), startedAt: try reader.integer())
        }
        vanishedSet = Set(vanished)
        restarts = try reader.each { (reader) throws(SignalStateError) in try reader.moment() }
        severalAt = try reader.optional { (reader) throws(SignalStateError) in try reader.moment() }
    }
}
