import Ambient
import Glibc
import HTTP
import JSONParsing
import Model
import TestKit
import Testing

@testable import Collector

// Databases and what is like them: who is up, and who says why it does not serve.
extension ProberTests {
    @Test func `a member of MongoDB says what it is`() async throws {
        let secondary = Talk.message(Talk.hello([("secondary", .bool(true))]))
        try await with({ peer, _ in
            _ = peer.read()
            peer.write(secondary)
            peer.waitUntilClosed()
        }) { place in
            let result = try await look(.mongodb(place, .init()))
            #expect(result.standing == .up && result.seen.map(\.key) == ["role", "wire_version"])
            #expect(result.seen[0].value == "secondary" && result.seen[1].value == 21 && result.latency != nil)
            let wanted = try await look(.mongodb(place, .init(role: .primary)))
            #expect(wanted.standing == .down(.role, "it is a secondary, not primary"))
        }
    }

    @Test func `an old server of MongoDB is asked again in its own way`() async throws {
        let answer = Talk.message(Talk.hello([("ismaster", .bool(true))]), kind: 1)
        try await with({ peer, connection in
            let heard = peer.read() ?? []
            // It ends what it does not understand.
            guard connection > 1, heard.count > 16, heard[12] == 0xD4 else { return }
            peer.write(answer)
            peer.waitUntilClosed()
        }) { place in
            let result = try await look(.mongodb(place, .init(role: .primary)))
            #expect(result.standing == .up && result.seen.first?.value == "primary")
        }
    }

    @Test func `PostgreSQL itself is up, whoever comes`() async throws {
        guard let server = PostgresServer.shared else { return }
        let path = server.socketPath
        // It listens to no network: what is said to a port goes on to its socket, word by word.
        try await with({ peer, _ in
            guard let inner = UnixPeer(path) else { return }
            while let question = peer.read(), let answer = inner.ask(question) { peer.write(answer) }
        }) { place in
            let result = try await look(.postgres(place, .init(user: "nobody-here", database: "postgres")))
            #expect(result.standing == .up && result.seen.first?.key == "offers_tls" && result.seen.first?.value == false)
            #expect(result.phases.processing != nil)
        }
    }

    @Test func `PostgreSQL that wants TLS, starts or is full`() async throws {
        let answers: [(String, ProbeResult.Fault?)] = [("28000", nil), ("57P03", .notReady), ("53300", .full)]
        for (state, expected) in answers {
            try await with({ peer, connection in
                guard let first = peer.read() else { return }
                // It speaks TLS; on another connection it is asked in plain, and refuses.
                peer.write(first.count == 8 ? Array("S".utf8) : Talk.postgresError(state))
                peer.waitUntilClosed()
            }) { place in
                let result = try await look(.postgres(place, .init()))
                #expect(fault(result) == expected && result.seen.first?.value == true, "\(state)")
                #expect((result.standing == .up) == (expected == nil))
            }
        }
    }

    @Test func `Redis that wants a login is up, one that loads is not`() async throws {
        let answers: [(String, ProbeResult.Fault?)] = [
            ("+PONG\r\n", nil), ("-NOAUTH Authentication required.\r\n", nil), ("-LOADING x\r\n", .notReady),
            ("-DENIED Redis is running in protected mode\r\n", .rejected),
            ("-BUSY Redis is busy running a script.\r\n", .notReady), ("-CLUSTERDOWN The cluster is down\r\n", .notReady),
            ("-OOM command not allowed\r\n", .rejected), ("-ERR unknown command 'PING'\r\n", .rejected),
            ("-WRONGPASS invalid username-password pair\r\n", nil),
        ]
        for (answer, expected) in answers {
            try await with({ peer, _ in
                guard peer.read() == Array("*1\r\n$4\r\nPING\r\n".utf8) else { return }
                peer.write(answer)
                peer.waitUntilClosed()
            }) { place in
                let result = try await look(.redis(place, nil))
                #expect(fault(result) == expected && (result.standing == .up) == (expected == nil), "\(answer)")
                #expect(result.latency != nil, "a refusal is an answer: \(answer)")
            }
        }
    }
}

/// A connection to a socket in a folder.
private final class UnixPeer {
    private let descriptor: Int32

    init?(_ path: String) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isShort = withUnsafeMutableBytes(of: &address.sun_path) { place in
            guard path.utf8.count < place.count else { return false }
            place.copyBytes(from: path.utf8)
            return true
        }
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard descriptor >= 0, isShort, code == 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// Says it, and hears what comes next; nil where the other side is gone.
    func ask(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.withUnsafeBytes({ send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }) == bytes.count else { return nil }
        var chunk = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        return count > 0 ? Array(chunk[..<count]) : nil
    }
}
