import Ambient
import Model
import Notify
import Synchronization

/// A daemon's senders, one for each channel, and the tasks that they run in. They change as the configuration is read
/// anew: the sender of a channel that stays as it was goes on, others come and go.
public final class SenderCrew: Sendable {
    private struct Member {
        let sender: Sender
        let bell = Bell()
        let isEnding = Flag()
        /// What its channel was made of; nil where nothing was read.
        let settings: ChannelSettings?
        var task: Task<Void, Never>?

        /// From now on it sends what is due.
        mutating func start() {
            task = Task { [sender, bell, isEnding] in await sender.run(bell: bell) { isEnding.isUp } }
        }
    }

    private enum Phase {
        case waiting, running, ending
    }

    private let state = Mutex<(phase: Phase, members: [Member])>((.waiting, []))

    public init(_ senders: [Sender] = []) {
        for sender in senders { add(sender) }
    }

    /// In the order of the configuration.
    public var senders: [Sender] { state.withLock { $0.members.map(\.sender) } }

    public func add(_ sender: Sender, of settings: ChannelSettings? = nil) {
        state.withLock { state in
            var member = Member(sender: sender, settings: settings)
            if state.phase == .running { member.start() }
            state.members.append(member)
        }
    }

    /// There are messages: wakes all of them.
    public func ring() {
        for member in state.withLock({ $0.members }) { member.bell.ring() }
    }

    func start() {
        state.withLock { state in
            guard state.phase == .waiting else { return }
            state.phase = .running
            for index in state.members.indices { state.members[index].start() }
        }
    }

    /// Comes to have a sender for each of these channels and no other. What a sender that goes was about to deliver waits
    /// in the outbox, for the channel's next one. Returns the names of channels that came, changed or went, sorted.
    public func follow(_ channels: [ChannelSettings], _ make: @Sendable (ChannelSettings) -> Sender) async -> [String] {
        let leaving = state.withLock { state -> [Member] in
            guard state.phase != .ending else { return [] }
            return state.members.filter { member in !channels.contains { member.settings?.isSame($0) == true } }
        }
        for member in leaving { member.task?.cancel() }
        // Two senders of one channel would not know of each other how fast they may go.
        for member in leaving { await member.task?.value }
        return state.withLock { state in
            guard state.phase != .ending else { return [] }
            var changed = Set(leaving.map(\.sender.name))
            let gone = Set(leaving.map { ObjectIdentifier($0.bell) })
            state.members.removeAll { gone.contains(ObjectIdentifier($0.bell)) }
            state.members = channels.map { settings in
                if let known = state.members.first(where: { $0.settings?.isSame(settings) == true }) { return known }
                changed.insert(settings.name)
                var member = Member(sender: make(settings), settings: settings)
                if state.phase == .running { member.start() }
                return member
            }
            return changed.inByteOrder()
        }
    }

    /// Sends what is due and ends, after so long at the latest: the rest waits in the journal.
    func end(within span: TimeSpan, clock: any Clock) async {
        let members = state.withLock { state in
            state.phase = .ending
            return state.members
        }
        for member in members {
            member.isEnding.raise()
            member.bell.ring()
        }
        await withTaskGroup(of: Bool.self) { group in
            for member in members {
                group.addTask {
                    await member.task?.value
                    return true
                }
            }
            group.addTask {
                try? await clock.sleep(for: span)
                return false
            }
            var open = members.count
            while open > 0, await group.next() == true { open -= 1 }
            group.cancelAll()
            for member in members { member.task?.cancel() }
        }
        // They hold the core, which holds this crew to ring it.
        state.withLock { $0.members = [] }
    }
}

/// Goes up once and stays up.
private final class Flag: Sendable {
    private let state = Atomic<Bool>(false)

    var isUp: Bool { state.load(ordering: .acquiring) }
    func raise() { state.store(true, ordering: .releasing) }
}
