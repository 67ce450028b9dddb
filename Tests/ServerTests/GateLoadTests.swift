import Actions
import GateKit
import Glibc
import JSONParsing
import Model
import Synchronization
import TestKit
import Testing

@testable import Server

/// Load through the documented nginx and through the runtime extension, with the real gate behind both: what runs is never
/// cut, no other tenant is refused a single start, and the noisy one is held at its limit exactly. Bounded by a number of
/// rounds, not by a clock: the gate's time is the test's.
@Suite("gate under load") struct GateLoadTests {
    static let limit = 4

    /// The gate of one runtime on which `noisy` may run so many at once, told what runs as the monitor tells it.
    final class Monitor: Sendable {
        let gate: Gate
        private let clock: Clock
        private let server: HTTPServer

        final class Clock: Sendable {
            private let moment = Mutex(GateSample.t0)
            var now: Timestamp { moment.withLock { $0 } }
            func pass(_ span: TimeSpan) { moment.withLock { $0 = $0 + span } }
        }

        init() throws {
            let clock = Clock()
            // Figures from before the lease do not count.
            clock.pass(.seconds(10))
            let gate = Gate(table: Monitor.table([:], [:], clock.now)) { clock.now }
            (self.clock, self.gate) = (clock, gate)
            let endpoints = MonitorEndpoints(gate: gate, health: { DaemonHealth(isCycling: true) })
            server = HTTPServer { request in
                guard request.path == "/_runs" else { return endpoints.answer(request) }
                Monitor.take(request, gate, clock)
                return .text("ok")
            }
            try server.start()
        }

        var port: UInt16 { server.port }

        private static func table(_ running: [AppID: Set<String>], _ starts: [AppID: Int64], _ now: Timestamp) -> GateTable {
            let lease = GateSample.lease(
                GateSample.throttle(runs: limit), app: AppID("noisy"), ttl: .hours(24))
            var apps: [AppID: OpenRuns.App] = [:]
            for app in Set(running.keys).union(starts.keys) {
                let chats = running[app] ?? []
                apps[app] = .init(
                    active: chats.count, starts: starts[app], chats: Set(chats.map { StableHash(of: Array($0.utf8)) }))
            }
            return GateTable(runtimes: ["shared"], leases: [lease], openRuns: ["shared": OpenRuns(at: now, apps: apps)])
        }

        /// A poll: ten seconds later, what runs and how many starts there were.
        func poll(_ running: [AppID: Set<String>], _ starts: [AppID: Int64]) {
            clock.pass(.seconds(10))
            gate.install(Monitor.table(running, starts, clock.now))
        }

        private static func take(_ request: ServerRequest, _ gate: Gate, _ clock: Clock) {
            guard let document = try? JSON(parsing: request.body) else { return }
            var running: [AppID: Set<String>] = [:]
            for member in document["running"]?.object?.members ?? [] {
                running[AppID(member.key)] = Set((member.value.array ?? []).compactMap(\.string))
            }
            var starts: [AppID: Int64] = [:]
            for member in document["starts"]?.object?.members ?? [] { starts[AppID(member.key)] = member.value.int ?? 0 }
            clock.pass(.seconds(10))
            gate.install(table(running, starts, clock.now))
        }

        func stop() { server.stop() }
    }

    /// A websocket that stays.
    final class Client {
        let app: String
        let chat: String
        private let wire: RawClient

        /// Nil where it was refused.
        init?(_ port: UInt16, app: String, chat: String) throws {
            (self.app, self.chat) = (app, chat)
            wire = try RawClient(port: port)
            try wire.send(
                "GET /ws/wf/\(app)/\(chat)/u HTTP/1.1\r\nHost: t\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(WebsocketPeer.key)\r\n\r\n")
            let reply = try wire.readReply()
            guard reply.status == 101 else {
                wire.end()
                #expect(reply.status == 429, "\(reply.status)")
                return nil
            }
        }

        /// Whether what is said comes back: nobody cut it.
        func isAlive() -> Bool {
            let mask: [UInt8] = [1, 2, 3, 4]
            let text = Array("runs".utf8)
            guard (try? wire.send([0x81, 0x80 | 4] + mask + text.enumerated().map { $0.element ^ mask[$0.offset % 4] })) != nil
            else { return false }
            return (try? WebsocketPeer.frame(from: wire)) == text
        }

        func end() { wire.end() }
    }

    @Test func `through nginx what runs is never cut, nobody else is refused, the noisy one is held at its limit`() throws {
        let peer = try WebsocketPeer()
        defer { peer.end() }
        let monitor = try Monitor()
        defer { monitor.stop() }
        let nginx = try Nginx(runtime: peer.port, gate: monitor.port, patient: true)
        defer { nginx.stop() }
        var numbers = SystemNumbers(seed: 11)
        var running: [Client] = []
        defer { for client in running { client.end() } }
        var starts: [AppID: Int64] = [:]
        var (serial, refused, again) = (0, 0, 0)

        func poll() {
            monitor.poll(Dictionary(grouping: running) { AppID($0.app) }.mapValues { Set($0.map(\.chat)) }, starts)
        }

        for round in 0..<20 {
            for app in (Array(repeating: "noisy", count: 10) + ["clinic", "shop", "bank"]).shuffled(using: &numbers) {
                let reply = try RawClient.ask(nginx.port, "POST", "/api/chats/\(app)/wf/start")
                guard reply.status == 200 else {
                    #expect(app == "noisy" && reply.status == 429, "round \(round): a start of \(app) was answered \(reply.status)")
                    refused += 1
                    continue
                }
                serial += 1
                starts[AppID(app), default: 0] += 1
                let client = try Client(nginx.port, app: app, chat: "chat-\(serial)")
                #expect(client != nil, "round \(round): the websocket of an allowed start of \(app) was refused")
                if let client { running.append(client) }
            }
            // No way around: an invented id, while the limit is reached.
            #expect(try Client(nginx.port, app: "noisy", chat: "invented-\(round)") == nil, "round \(round)")
            #expect(running.count { $0.app == "noisy" } == GateLoadTests.limit, "round \(round)")
            poll()
            // What runs goes on: sockets drop and come again, people speak, whatever the limit says.
            for index in running.indices where Bool.random(using: &numbers) {
                let (app, chat) = (running[index].app, running[index].chat)
                running[index].end()
                let back = try Client(nginx.port, app: app, chat: chat)
                #expect(back != nil, "round \(round): a running chat of \(app) could not come again")
                if let back { running[index] = back }
                #expect(try RawClient.ask(nginx.port, "POST", "/chat/\(app)/\(chat)/u/input").status == 200)
                again += 1
            }
            for client in running { #expect(client.isAlive(), "round \(round): a run of \(client.app) was cut") }
            // Some end.
            running.shuffle(using: &numbers)
            for _ in 0..<running.count / 3 { running.removeLast().end() }
            poll()
        }
        #expect(refused >= 100 && again >= 50, "\(refused) refused, \(again) came again: too little for a load")
        #expect(monitor.gate.counters.failedOpen.isEmpty, "\(monitor.gate.counters.failedOpen)")
    }

    @Test func `through the extension, with the real gate`() throws {
        let monitor = try Monitor()
        defer { monitor.stop() }
        let ending = try RuntimeExtensionTests.run("load_test.py", atMost: 240, environment: ["GATE": "127.0.0.1:\(monitor.port)"])
        #expect(ending.code == 0, "\(ending.errors)")
        #expect(ending.output.contains("most noisy runs at once: 4 of 4"), "\(ending.output)")
        #expect(monitor.gate.counters.refused > 100 && monitor.gate.counters.failedOpen.isEmpty, "\(monitor.gate.counters)")
    }
}

/// A stream of numbers that is the same on every machine.
private struct SystemNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
