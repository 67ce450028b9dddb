import Glibc
import TestKit
import Testing

@testable import Ambient

/// Whether what listens on loopback can be reached from elsewhere.
@Suite struct PastTheGateTests {
    private static let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

    @Test(
        "what listens at one address alone is something else than what listens at all or at loopback",
        arguments: [
            // 10.0.0.7:8000 listens; all addresses, another port, a connection and a torn line do not count.
            ("0: 0700000A:1F40 00000000:0000 0A 0 0 0", ["10.0.0.7"]), ("0: 00000000:1F40 00000000:0000 0A 0 0 0", []),
            ("0: 0700000A:1F41 00000000:0000 0A 0 0 0", []), ("0: 0700000A:1F40 00000000:0000 01 0 0 0", []), ("0: 0700000A", []),
            ("0: zzzzzzzz:1F40 00000000:0000 0A 0 0 0", []), ("0: B80D0120000000000000000007000000:1F40 0:0 0A 0 0 0", ["[2001:db8::7]"]),
            ("0: 00000000000000000000000000000000:1F40 0:0 0A 0 0 0", []),
            ("0: 0000000000000000FFFF00000700000A:1F40 0:0 0A 0 0 0", ["10.0.0.7"]),
            ("0: B80D01:1F40 0:0 0A 0 0 0", []),
        ])
    func listeners(line: String, found: [String]) {
        #expect(PastTheGate.specificListeners(ofTable: Self.head + line + "\n", port: 8_000).map(\.text) == found)
    }

    @Test(
        "loopback, and what a name of a link must stand beside, is not tried",
        arguments: [
            ([127, 0, 0, 1], true), ([127, 9, 9, 9], true), ([10, 0, 0, 7], false), ([UInt8](repeating: 0, count: 15) + [1], true),
            ([0xFE, 0x80] + [UInt8](repeating: 0, count: 13) + [1], true), ([0xFD, 0] + [UInt8](repeating: 0, count: 13) + [1], false),
        ] as [([UInt8], Bool)])
    func tried(bytes: [UInt8], isOfNoUse: Bool) {
        #expect(PastTheGate.Address(bytes: bytes).isOfNoUse == isOfNoUse)
    }

    @Test("a port that is bound to loopback alone has no opening; one at all addresses has one for each of them")
    func openings() throws {
        let all = try Listener(INADDR_ANY)
        let here = try Listener(INADDR_LOOPBACK)
        let own = PastTheGate.addresses().filter { $0.bytes.count == 4 }.map(\.text)
        for host in ["127.0.0.1", "localhost", "0.0.0.0"] {
            #expect(PastTheGate.openings(host: host, port: here.port).isEmpty)
            #expect(PastTheGate.openings(host: host, port: all.port) == own)
            #expect(PastTheGate.openings(host: host, port: 70_000).isEmpty && PastTheGate.openings(host: host, port: -1).isEmpty)
        }
        // Named by an address of this machine it can be reached there by others, too; of other machines nothing is said.
        for host in own {
            #expect(PastTheGate.openings(host: host, port: all.port) == [host])
            #expect(PastTheGate.openings(host: host, port: here.port).isEmpty)
        }
        #expect(PastTheGate.openings(host: "192.0.2.7", port: all.port).isEmpty)
    }

    private final class Listener {
        let descriptor: Int32
        let port: Int

        init(_ host: UInt32) throws {
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = host.bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let descriptor = descriptor
            let isBound = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, size) == 0 && listen(descriptor, 8) == 0 && getsockname(descriptor, $0, &size) == 0
                }
            }
            try #require(isBound)
            port = Int(address.sin_port.bigEndian)
        }

        deinit { close(descriptor) }
    }
}
