import Glibc
import Model

@testable import Simulator

/// Waits for what another thread is about to do; false when it did not within 20 s.
func waitFor(_ condition: () -> Bool) -> Bool {
    for _ in 0..<20_000 {
        if condition() { return true }
        usleep(1_000)
    }
    return false
}

/// What tests see on the wire: raw bytes, and why none came.
struct Wire {
    enum Outcome: Equatable {
        case bytes([UInt8])
        case refused
    }

    /// Sends `text` on a fresh connection and reads until the other side closes.
    static func exchange(_ text: String, port: UInt16) -> Outcome {
        guard let connection = Connection(port: port) else { return .refused }
        connection.send(text)
        return .bytes(connection.readToEnd())
    }

    static func get(_ path: String, port: UInt16) throws -> LoopbackClient.Reply {
        try LoopbackClient(port: port, timeoutMilliseconds: 20_000).send("GET", Array(path.utf8))
    }

    /// A connection that is kept; reads give up after 20 s, so that a broken server fails a test and hangs nothing.
    final class Connection {
        let descriptor: Int32

        init?(port: UInt16) {
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var limit = timeval(tv_sec: 20, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let outcome = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if outcome != 0 { return nil }
        }

        deinit { close(descriptor) }

        func send(_ text: String) {
            let bytes = Array(text.utf8)
            _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }

        /// Nil: nothing came for 20 s.
        func read(_ count: Int) -> [UInt8]? {
            var all: [UInt8] = []
            var byte: UInt8 = 0
            while all.count < count {
                let got = recv(descriptor, &byte, 1, 0)
                if got == 0 { return all }
                guard got == 1 else { return nil }
                all.append(byte)
            }
            return all
        }

        func readToEnd() -> [UInt8] {
            var all: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { return all }
                all += buffer[..<count]
            }
        }

        /// Up to and with the empty line, as text.
        func readHead() -> String {
            var all: [UInt8] = []
            while !all.suffix(4).elementsEqual([13, 10, 13, 10]), let next = read(1), !next.isEmpty { all += next }
            return String(decoding: all, as: UTF8.self)
        }
    }
}
