import Glibc
import Synchronization

/// Connections that a server did not take, or cut off, since it was made.
public struct RefusedConnections: Hashable, Sendable {
    /// Why a connection was turned away.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// Its address had as many as one address may have.
        case address
        /// All had as many as the server takes.
        case full
        /// Its request was not whole in time.
        case late
    }

    public private(set) var counts: [Reason: Int] = [:]

    public init() {}

    public subscript(_ reason: Reason) -> Int { counts[reason] ?? 0 }
    public var total: Int { counts.values.reduce(0, +) }

    mutating func add(_ reason: Reason, _ count: Int = 1) { counts[reason, default: 0] += count }

    static func - (a: RefusedConnections, b: RefusedConnections) -> RefusedConnections {
        var difference = RefusedConnections()
        for (reason, count) in a.counts where count > b[reason] { difference.add(reason, count - b[reason]) }
        return difference
    }
}

/// Counts what a server turns away, and says when that is to be told: at once, and then once in a minute at most.
public final class ConnectionTally: Sendable {
    private struct State {
        var refused = RefusedConnections()
        var told = RefusedConnections()
        var toldAt: Int64?
    }

    private let state = Mutex(State())
    /// Between two tellings, ms.
    static let pause: Int64 = 60_000

    public init() {}

    public var refused: RefusedConnections { state.withLock { $0.refused } }

    func add(_ reason: RefusedConnections.Reason) { state.withLock { $0.refused.add(reason) } }

    /// What came since it was last told; nil when there is nothing, or it was told less than a minute ago.
    ///
    /// - Parameter now: ms of the monotonic clock.
    func news(at now: Int64) -> RefusedConnections? {
        state.withLock { state in
            if let toldAt = state.toldAt, now - toldAt < Self.pause { return nil }
            let news = state.refused - state.told
            guard news.total > 0 else { return nil }
            (state.told, state.toldAt) = (state.refused, now)
            return news
        }
    }
}

/// The address of whoever connects, without its port.
struct PeerAddress: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    /// Nil for other families than IPv4 and IPv6. An IPv4 address is the same in an IPv6 one.
    init?(_ address: UnsafePointer<sockaddr>?) {
        guard let address else { return nil }
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            let four = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr
            (high, low) = (0, 0xFFFF_0000_0000 | UInt64(UInt32(bigEndian: four)))
        case AF_INET6:
            var six = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self).sin6_addr
            (high, low) = withUnsafeBytes(of: &six) { bytes in
                (
                    UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
        default: return nil
        }
    }
}
