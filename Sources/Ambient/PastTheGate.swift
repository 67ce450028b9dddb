import Glibc

/// Whether what listens on this machine's loopback can be reached from elsewhere, and so past a proxy in front of it.
public enum PastTheGate {
    /// An address of this machine: four bytes, or sixteen, as the network has them.
    struct Address: Hashable {
        let bytes: [UInt8]

        /// `10.0.0.7`, `[2001:db8::7]`, as they stand before a port.
        var text: String {
            var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            let written = bytes.withUnsafeBytes {
                inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, $0.baseAddress!, &buffer, socklen_t(buffer.count))
            }
            guard written != nil else { return "?" }
            let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return bytes.count == 4 ? text : "[\(text)]"
        }

        /// Loopback, and what is of one link only, where a name of the link would have to stand beside it.
        var isOfNoUse: Bool {
            if bytes.count == 4 { return bytes[0] == 127 }
            return bytes.dropLast().allSatisfy { $0 == 0 } || (bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80)
        }
    }

    /// The machine's own addresses besides loopback, at which the port takes connections and is not something else: a proxy may
    /// listen on the same port of one address, in front of a runtime on loopback. As they stand before a port: `10.0.0.7`,
    /// `[2001:db8::7]`. Takes up to half a second for an address that answers nothing.
    /// - Parameter host: as the monitor reaches it: loopback or all addresses, of which every address is looked at, or one of this
    ///   machine's own. Of another machine nothing is known.
    public static func openings(host: String, port: Int) -> [String] {
        guard let port = UInt16(exactly: port) else { return [] }
        guard isLoopback(host) else { return addresses().filter { $0.text == host && connects($0, port) }.map(\.text) }
        let others = specificListeners(ofTable: read("/proc/net/tcp"), port: port).union(
            specificListeners(ofTable: read("/proc/net/tcp6"), port: port))
        return addresses().filter { !others.contains($0) && connects($0, port) }.map(\.text)
    }

    /// Whether a host leads to this machine's loopback; "all addresses" as a place to connect to does.
    static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host.hasPrefix("127.") || ["[::1]", "0.0.0.0", "[::]"].contains(host)
    }

    /// The addresses that sockets listen at on this port alone, neither all addresses nor loopback, of a table as
    /// `/proc/net/tcp` and `/proc/net/tcp6` are.
    static func specificListeners(ofTable table: String, port: UInt16) -> Set<Address> {
        var found: Set<Address> = []
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            // `0A` is LISTEN.
            guard fields.count > 3, fields[3] == "0A" else { continue }
            let parts = fields[1].split(separator: ":")
            guard parts.count == 2, UInt16(parts[1], radix: 16) == port, let address = address(ofKernel: parts[0]) else { continue }
            found.insert(address)
        }
        return found
    }

    /// Words of 32 bits as this machine holds them, in hex. Nil for all addresses, and for what is none.
    private static func address(ofKernel digits: Substring) -> Address? {
        let digits = Array(digits)
        guard digits.count == 8 || digits.count == 32 else { return nil }
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: digits.count, by: 8) {
            guard let word = UInt32(String(digits[start..<start + 8]), radix: 16) else { return nil }
            withUnsafeBytes(of: word) { bytes += $0 }
        }
        // An IPv4 address of a socket for both.
        if bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]) { bytes.removeFirst(12) }
        return bytes.allSatisfy { $0 == 0 } ? nil : Address(bytes: bytes)
    }

    static func addresses() -> [Address] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: [Address] = []
        var next = first
        while let entry = next {
            next = entry.pointee.ifa_next
            guard let given = entry.pointee.ifa_addr else { continue }
            let bytes: [UInt8]
            switch given.pointee.sa_family {
            case sa_family_t(AF_INET):
                bytes = given.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                    withUnsafeBytes(of: address.pointee.sin_addr) { Array($0) }
                }
            case sa_family_t(AF_INET6):
                bytes = given.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                    withUnsafeBytes(of: address.pointee.sin6_addr) { Array($0) }
                }
            default: continue
            }
            let address = Address(bytes: bytes)
            if !address.isOfNoUse, !found.contains(address) { found.append(address) }
        }
        return found
    }

    /// Waits for half a second: it is this machine.
    private static func connects(_ address: Address, _ port: UInt16) -> Bool {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.bytes.count == 4 ? AF_INET : AF_INET6, type, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard begin(descriptor, address, port) != 0 else { return true }
        guard errno == EINPROGRESS else { return false }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&waiting, 1, 500) == 1 else { return false }
        var fault: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &fault, &size) == 0 && fault == 0
    }

    private static func begin(_ descriptor: Int32, _ address: Address, _ port: UInt16) -> Int32 {
        func connect<Target>(_ target: Target) -> Int32 {
            withUnsafePointer(to: target) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<Target>.size)) }
            }
        }
        if address.bytes.count == 4 {
            var target = sockaddr_in()
            target.sin_family = sa_family_t(AF_INET)
            target.sin_port = port.bigEndian
            withUnsafeMutableBytes(of: &target.sin_addr) { $0.copyBytes(from: address.bytes) }
            return connect(target)
        }
        var target = sockaddr_in6()
        target.sin6_family = sa_family_t(AF_INET6)
        target.sin6_port = port.bigEndian
        withUnsafeMutableBytes(of: &target.sin6_addr) { $0.copyBytes(from: address.bytes) }
        return connect(target)
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
