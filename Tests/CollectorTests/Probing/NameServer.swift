import Ambient
import Glibc
import Synchronization
import TestKit

@testable import Collector

/// A name server on a free port of 127.0.0.1 that says what a test wants it to.
final class NameServer: Sendable {
    typealias Behaviour = @Sendable (_ question: [UInt8], _ ordinal: Int) -> [[UInt8]]

    let port: UInt16
    private let descriptor: Int32
    private let asked = Mutex(0)

    /// How many questions came in.
    var questions: Int { asked.withLock { $0 } }

    /// - Parameter answers: what is sent to a question, one datagram each.
    init(_ answers: @escaping Behaviour) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 ? getsockname(descriptor, pointer, &length) : -1
            }
        }
        guard descriptor >= 0, code == 0 else { throw SocketFault(code: errno) }
        self.descriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
        // Not by the pool, which other tests may keep busy.
        guard LooseThread.start({ self.serve(answers) }) else { throw SocketFault(code: EAGAIN) }
    }

    private func serve(_ answers: Behaviour) {
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            var peer = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let count = withUnsafeMutablePointer(to: &peer) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { recvfrom(descriptor, &chunk, chunk.count, 0, $0, &length) }
            }
            // An empty one is the test's own.
            guard count > 0 else { break }
            let ordinal = asked.withLock { asked in
                asked += 1
                return asked
            }
            for answer in answers(Array(chunk[..<count]), ordinal) {
                withUnsafePointer(to: &peer) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                        _ = answer.withUnsafeBytes { sendto(descriptor, $0.baseAddress, $0.count, 0, pointer, length) }
                    }
                }
            }
        }
        close(descriptor)
    }

    /// Ends it; call once.
    func stop() {
        guard case .success(let found) = NamedAddress.find("127.0.0.1", port: port, family: AF_INET), let address = found.first,
            let socket = try? DatagramSocket(address)
        else { return }
        try? socket.send([])
    }
}
