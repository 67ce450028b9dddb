import Glibc

/// Tells systemd how the service is, as sd_notify(3) does: datagrams to the socket in `$NOTIFY_SOCKET`.
///
/// Without that variable every call does nothing. What systemd does not take is not worth failing for: the calls
/// return whether it was sent, and that is all.
public struct SystemdNotifier: Sendable {
    public enum Message: Sendable, Equatable {
        /// Started, and after `reloading` finished with that too.
        case ready
        /// Needs the monotonic time, by which systemd tells this reload from an earlier one.
        case reloading(monotonicNanoseconds: UInt64)
        case stopping
        case watchdog
        /// From now on `watchdog` comes at least this often, whatever the unit says.
        case watchdogTime(microseconds: UInt64)
        /// One line for `systemctl status`.
        case status(String)

        var text: String {
            switch self {
            case .ready: "READY=1"
            case .reloading(let nanoseconds): "RELOADING=1\nMONOTONIC_USEC=\(nanoseconds / 1_000)"
            case .stopping: "STOPPING=1"
            case .watchdog: "WATCHDOG=1"
            case .watchdogTime(let microseconds): "WATCHDOG_USEC=\(microseconds)"
            case .status(let line):
                // A line break would start another assignment.
                "STATUS=" + String(line.map { $0.isNewline ? " " : $0 })
            }
        }
    }

    private let socketPath: String?
    /// How often `watchdog` must come at the latest, in microseconds; nil when systemd does not watch this process.
    public let watchdogMicroseconds: UInt64?

    public init(environment: Environment) {
        socketPath = environment.nonEmpty("NOTIFY_SOCKET")
        // WATCHDOG_PID keeps children that inherited the variables from believing that they are meant.
        let isForUs = environment.nonEmpty("WATCHDOG_PID").map { $0 == String(getpid()) } ?? true
        watchdogMicroseconds = isForUs ? environment.nonEmpty("WATCHDOG_USEC").flatMap(UInt64.init) : nil
    }

    public var isActive: Bool { socketPath != nil }

    /// Sends the messages in one datagram. True when it was sent.
    @discardableResult
    public func notify(_ messages: Message...) -> Bool {
        guard let socketPath, var address = Self.address(socketPath) else { return false }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let payload = Array(messages.map(\.text).joined(separator: "\n").utf8)
        let sent = withUnsafePointer(to: &address.value) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                sendto(descriptor, payload, payload.count, Int32(MSG_NOSIGNAL), pointer, address.length)
            }
        }
        return sent == payload.count
    }

    /// Nil when the path is neither absolute nor abstract (`@name`), or longer than a socket's name can be.
    private static func address(_ path: String) -> (value: sockaddr_un, length: socklen_t)? {
        var bytes = Array(path.utf8)
        guard bytes.first == UInt8(ascii: "/") || bytes.first == UInt8(ascii: "@"), bytes.count > 1 else { return nil }
        // The abstract namespace is marked by a leading NUL, and its names end by length, not by NUL.
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < capacity else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? MemoryLayout<sa_family_t>.size
        return (address, socklen_t(offset + bytes.count))
    }
}
