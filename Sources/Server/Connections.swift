import CMicroHTTPD
import Glibc
import Synchronization

/// The open connections of a server: which of them have had their time, and that all are gone before the library is stopped.
///
/// libmicrohttpd answers a malformed request by itself; one that does so while it is being stopped crashes. And its timeout
/// counts from the last byte, so that a byte now and then holds a connection for ever.
///
/// Sockets are shut down, never closed, and only with the lock held that the library must take before it closes one: a
/// descriptor is never another's.
final class Connections: Sendable {
    private struct Connection {
        let socket: Int32
        /// When it is shut down, ms of the monotonic clock; `Int64.max` for never.
        var deadline: Int64
        /// A whole request is with the handler, or its answer on the way.
        var isAnswering = false
        /// It had an answer, and waits for its next request.
        var isIdle = false
        let peer: PeerAddress?
        /// When the connection came, or the request on it began, ms of the monotonic clock.
        var since: Int64
        var isShut = false
        /// It had to make room: its place is another's already, though the library has not let go of it yet.
        var isGone = false

        /// Whether it holds a place and has not said what it wants.
        func isHalf(at now: Int64) -> Bool { !isAnswering && !isIdle && !isShut && now - since >= Connections.grace }
    }

    private struct State {
        var all: [UInt: Connection] = [:]
        /// Taken, and not yet told of.
        var coming = 0
        /// Connections that made room.
        var gone = 0
        var isClosing = false
        var byPeer: [PeerAddress: Int] = [:]
    }

    private let state = Mutex(State())
    private let requestLimit: Int64?
    private let idleLimit: Int64?
    private let most: Int
    private let mostOfOne: Int
    /// So long a connection holds its place with no whole request, ms, while others want it: who has a question sends it at once.
    private static let grace: Int64 = 1_000
    /// Connections that may be on their way out at a time: the library takes so many more than there are places, and some.
    private static let mostGone = 48
    let tally = ConnectionTally()

    /// - Parameters:
    ///   - most: connections at a time; those above are closed at once, so that whoever asks knows. 0 for no limit.
    ///   - mostOfOne: the same of one address.
    ///   - requestSeconds: how long a request may take to arrive; 0 for no limit.
    ///   - idleSeconds: how long a connection may wait for its next; 0 for no limit.
    init(most: Int, mostOfOne: Int, requestSeconds: Int, idleSeconds: Int) {
        self.most = most
        self.mostOfOne = mostOfOne
        requestLimit = requestSeconds > 0 ? Int64(requestSeconds) * 1_000 : nil
        idleLimit = idleSeconds > 0 ? Int64(idleSeconds) * 1_000 : nil
    }

    /// Whether a connection may be taken.
    ///
    /// Where there is no place left, the one who has said longest what is no whole request gives its own: whoever opens many and says
    /// nothing must not keep others, and a look at the health, from being answered.
    func accepts(_ peer: PeerAddress?) -> Bool {
        let now = Self.now()
        let refusal = state.withLock { state -> RefusedConnections.Reason?? in
            guard !state.isClosing else { return .some(nil) }
            if mostOfOne > 0, let peer, state.byPeer[peer] ?? 0 >= mostOfOne, !makeRoom(&state, of: peer, now) { return .address }
            if most > 0, state.all.count - state.gone >= most, !makeRoom(&state, of: nil, now) { return .full }
            state.coming += 1
            return nil
        }
        if case .some(.some(let reason)) = refusal { tally.add(reason) }
        return refusal == nil
    }

    /// - Parameter peer: of this address; nil: of any.
    private func makeRoom(_ state: inout State, of peer: PeerAddress?, _ now: Int64) -> Bool {
        guard state.gone < Self.mostGone else { return false }
        let half = state.all.filter { $1.isHalf(at: now) && (peer == nil || $1.peer == peer) }
        guard let (id, connection) = half.min(by: { $0.value.since < $1.value.since }) else { return false }
        Self.shut(connection.socket)
        if Self.heard(connection) { tally.add(.late) }
        state.all[id]?.isShut = true
        state.all[id]?.isGone = true
        state.gone += 1
        giveBack(connection.peer, &state)
        return true
    }

    private func giveBack(_ peer: PeerAddress?, _ state: inout State) {
        guard let peer, let count = state.byPeer[peer] else { return }
        state.byPeer[peer] = count > 1 ? count - 1 : nil
    }

    func began(_ id: UInt, socket: Int32, peer: PeerAddress?) {
        let now = Self.now()
        state.withLock { state in
            state.coming -= 1
            state.all[id] = Connection(socket: socket, deadline: requestLimit.map { now + $0 } ?? .max, peer: peer, since: now)
            if let peer { state.byPeer[peer, default: 0] += 1 }
            if state.isClosing { Self.shut(socket) }
        }
    }

    func ended(_ id: UInt) {
        let now = Self.now()
        state.withLock { state in
            guard let connection = state.all.removeValue(forKey: id) else { return }
            // Cut off by the library, whose own clock was faster.
            if !connection.isShut, !connection.isIdle, !connection.isAnswering, connection.deadline <= now, Self.heard(connection) {
                tally.add(.late)
            }
            guard !connection.isGone else { return state.gone -= 1 }
            giveBack(connection.peer, &state)
        }
    }

    /// The first line of a request is here: the rest has its time.
    func requestBegan(_ id: UInt) {
        let now = Self.now()
        state.withLock { state in
            guard let connection = state.all[id] else { return }
            if let requestLimit { state.all[id]?.deadline = min(connection.deadline, now + requestLimit) }
            if connection.isIdle { state.all[id]?.since = now }
            state.all[id]?.isIdle = false
        }
    }

    /// A whole request is here.
    func answers(_ id: UInt) {
        state.withLock { $0.all[id]?.isAnswering = true }
    }

    func requestEnded(_ id: UInt) {
        let now = Self.now()
        state.withLock { state in
            state.all[id]?.isAnswering = false
            state.all[id]?.isIdle = true
            if requestLimit != nil { state.all[id]?.deadline = idleLimit.map { now + $0 } ?? .max }
        }
    }

    /// Shuts down the connections that have had their time.
    func shutOverdue() {
        let now = Self.now()
        state.withLock { state in
            for (id, connection) in state.all where !connection.isAnswering && connection.deadline < now {
                Self.shut(connection.socket)
                // One that only waited for a further request took nothing from anybody.
                if !connection.isShut, !connection.isIdle, Self.heard(connection) { tally.add(.late) }
                state.all[id]?.isShut = true
            }
        }
    }

    /// What was turned away since it was last told, once in a minute at most.
    var news: RefusedConnections? { tally.news(at: Self.now()) }

    /// Takes no further connection.
    func refuse() { state.withLock { $0.isClosing = true } }

    /// Shuts down every connection, and waits until the library has let go of all; false when it did not in time.
    func shutAll(atMost seconds: Double) -> Bool {
        let end = Self.now() + Int64(seconds * 1_000)
        while true {
            let isEmpty = state.withLock { state in
                for connection in state.all.values { Self.shut(connection.socket) }
                return state.all.isEmpty && state.coming <= 0
            }
            if isEmpty { return true }
            if Self.now() >= end { return false }
            poll(nil, 0, 2)
        }
    }

    /// Whether anything of a request came. Browsers open a connection for later and may never need it: that is no slow request.
    private static func heard(_ connection: Connection) -> Bool { cmicrohttpd_heard(connection.socket) != 0 }

    private static func shut(_ socket: Int32) { shutdown(socket, Int32(SHUT_RDWR)) }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
