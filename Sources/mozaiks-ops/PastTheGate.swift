import Glibc

/// Whether what listens on this machine's loopback can be reached from elsewhere, and so past a proxy in front of it.
enum PastTheGate {
    /// The machine's own addresses besides loopback, at which the port takes connections and is not something else: a proxy may
    /// listen on the same port of one address, in front of a runtime on loopback.
    static func openings(port: Int) -> [String] {
        guard let port = UInt16(exactly: port) else { return [] }
        let others = specificListeners(ofTable: read("/proc/net/tcp"), port: port)
        return addresses().filter { !others.contains($0.s_addr) && connects($0, port) }.map(text)
    }

    /// Whether a host is this machine's loopback.
    static func isLoopback(_ host: String) -> Bool { host == "localhost" || host.hasPrefix("127.") || host == "[::1]" }

    /// The addresses, as the kernel holds them, that sockets listen at on this port alone: neither all addresses nor loopback.
    static func specificListeners(ofTable table: String, port: UInt16) -> Set<UInt32> {
        var found: Set<UInt32> = []
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            // `0A` is LISTEN.
            guard fields.count > 3, fields[3] == "0A" else { continue }
            let parts = fields[1].split(separator: ":")
            guard parts.count == 2, UInt16(parts[1], radix: 16) == port, let address = UInt32(parts[0], radix: 16), address != 0
            else { continue }
            found.insert(address)
        }
        return found
    }

    private static func addresses() -> [in_addr] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: [in_addr] = []
        var next = first
        while let entry = next {
            next = entry.pointee.ifa_next
            guard let address = entry.pointee.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET) else { continue }
            let four = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr }
            if UInt32(bigEndian: four.s_addr) >> 24 != 127, !found.contains(where: { $0.s_addr == four.s_addr }) { found.append(four) }
        }
        return found
    }

    /// Waits for half a second: it is this machine.
    private static func connects(_ address: in_addr, _ port: UInt16) -> Bool {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_INET, type, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr = address
        let code = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        if code == 0 { return true }
        guard errno == EINPROGRESS else { return false }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&waiting, 1, 500) == 1 else { return false }
        var fault: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &fault, &size) == 0 && fault == 0
    }

    private static func text(_ address: in_addr) -> String {
        let bytes = UInt32(bigEndian: address.s_addr)
        return [24, 16, 8, 0].map { String(bytes >> UInt32($0) & 0xFF) }.joined(separator: ".")
    }

    private static func read(_ path: String) -> String {
        guard let file = fopen(path, "re") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}

/// Host and port of a URL that was checked when the configuration was read.
struct Authority {
    let host: String
    let port: Int

    init?(url: String) {
        guard let scheme = url.firstRange("://") else { return nil }
        let rest = url[scheme...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let place = rest.split(separator: "@", omittingEmptySubsequences: false).last ?? rest
        let isSecure = url.lowercased().hasPrefix("https")
        if let colon = place.lastIndex(of: ":"), !place[colon...].contains("]") {
            guard let port = Int(place[place.index(after: colon)...]) else { return nil }
            (host, self.port) = (place[..<colon].lowercased(), port)
        } else {
            (host, port) = (place.lowercased(), isSecure ? 443 : 80)
        }
    }
}

extension String {
    /// The index behind the first occurrence of a text.
    fileprivate func firstRange(_ text: String) -> Index? {
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(text) { return rest.dropFirst(text.count).startIndex }
            rest = rest.dropFirst()
        }
        return nil
    }
}
