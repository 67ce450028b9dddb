import Actions
import Dispatch
import GateKit
import Glibc
import Model
import Synchronization
import Testing

@testable import Server

/// A runtime's websockets: answers the handshake of RFC 6455's own example, and then each text frame with the same text.
final class WebsocketPeer: Sendable {
    static let key = "dGhlIHNhbXBsZSBub25jZQ=="
    static let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    let port: UInt16
    private let listener: Int32
    private let targets = Mutex<[String]>([])

    init() throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        port = try Loopback.bind(listener)
        listen(listener, 64)
        let listener = listener
        Thread.run { [self] in
            while true {
                let client = Glibc.accept(listener, nil, nil)
                guard client >= 0 else { return }
                Thread.run { self.serve(client) }
            }
        }
    }

    /// What was asked for, in order.
    var opened: [String] { targets.withLock { $0 } }

    func end() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func serve(_ client: Int32) {
        defer { close(client) }
        let wire = RawClient(descriptor: client)
        guard let head = try? wire.read(through: "\r\n\r\n") else { return }
        targets.withLock { $0.append(head.split(separator: " ").dropFirst().first.map(String.init) ?? "") }
        guard head.lowercased().contains("upgrade: websocket\r\n"), head.contains(Self.key) else {
            try? wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            return
        }
        let fields = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \(Self.accept)"
        try? wire.send("HTTP/1.1 101 Switching Protocols\r\n\(fields)\r\n\r\n")
        while let text = try? Self.frame(from: wire) { try? wire.send([0x81, UInt8(text.count)] + text) }
    }

    /// The text of one frame of at most 125 bytes.
    static func frame(from wire: RawClient) throws -> [UInt8] {
        let head = try wire.read(count: 2)
        guard head[0] == 0x81 else { throw RawClient.Failure(what: "a frame of type \(head[0])") }
        let mask = head[1] & 0x80 == 0 ? [0, 0, 0, 0] : try wire.read(count: 4)
        return try wire.read(count: Int(head[1] & 0x7F)).enumerated().map { $0.element ^ mask[$0.offset % 4] }
    }

    /// What a websocket to `target` is answered: `101` and an echo, or the reply that refuses it.
    static func open(_ port: UInt16, _ target: String) throws -> RawClient.Reply {
        let client = try RawClient(port: port)
        defer { client.end() }
        try client.send(
            "GET \(target) HTTP/1.1\r\nHost: t\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(key)\r\n\r\n")
        var reply = try client.readReply()
        guard reply.status == 101 else { return reply }
        let mask: [UInt8] = [7, 8, 9, 10]
        for text in ["hello", "again"] {
            try client.send([0x81, 0x80 | 5] + mask + text.utf8.enumerated().map { $0.element ^ mask[$0.offset % 4] })
            reply.body += String(decoding: try frame(from: client), as: UTF8.self)
        }
        return reply
    }
}

/// A thread of its own: what blocks must not use up a pool.
enum Thread {
    static func run(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body))
        pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        pthread_detach(thread)
    }

    private final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}

extension WebsocketPeer {
    /// What every proxy has to do with a paused app's websockets and inputs, whichever it is: the sockets of the chat `runs`
    /// and those of other apps are opened, all others are refused with the reason and never reach this peer.
    func expectWhatRunsGoesOn(behind port: UInt16, _ gate: Gate) throws {
        let figures = OpenRuns(
            at: GateSample.t0 + GateTable.settling,
            apps: [AppID("app"): .init(active: 1, chats: [StableHash(of: Array("runs".utf8))])])
        gate.install(
            GateTable(
                runtimes: ["shared"], leases: [GateSample.lease(.pause, app: AppID("app"))], openRuns: ["shared": figures]))
        for target in ["/ws/wf/app/runs/u", "/ws/wf/other/new/u?token=t", "/ws/wf/app/r%75ns/u"] {
            let reply = try Self.open(port, target)
            #expect(reply.status == 101 && reply.header("Sec-WebSocket-Accept") == Self.accept, "\(target)")
            #expect(reply.body == "helloagain", "\(target)")
        }
        #expect(try RawClient.ask(port, "POST", "/chat/app/runs/u/input", body: "{}").status == 200)
        #expect(try RawClient.ask(port, "POST", "/chat/other/ended/u/input", body: "{}").status == 200)
        let passed = opened
        #expect(passed.count == 5)
        for target in [
            "/ws/wf/app/new/u", "/ws/../app/new/u", "/w%73/wf/a%70p/new/u", "/ws/wf/x/../app/new/u",
            "/ws%2Fwf/app/new/u?x=/ws/wf/app/runs/u",
        ] {
            let reply = try Self.open(port, target)
            #expect(reply.status == 429 && reply.header("Retry-After") == "900", "\(target)")
            #expect(reply.body.contains("New runs of this app are paused"), "\(target)")
        }
        let input = try RawClient.ask(port, "POST", "/chat/app/ended/u/input", body: "{}")
        #expect(input.status == 429 && input.header("Retry-After") == "900")
        #expect(opened == passed)
    }
}
