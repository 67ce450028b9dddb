import Actions
import JSONParsing
import Model
import Server
import Synchronization
import Testing

@testable import Simulator

/// The stand-in for nginx.
@Suite struct FrontDoorTests {
    /// A gate that answers as told and remembers what it was asked.
    private final class FakeGate: Sendable {
        private final class Log: Sendable {
            let asked = Mutex<[[String?]]>([])
        }

        private let log: Log
        private let server: HTTPServer

        init(_ answer: @escaping @Sendable (ServerRequest) -> ServerResponse) throws {
            let log = Log()
            self.log = log
            server = HTTPServer(mode: .threadPerConnection) { request in
                log.asked.withLock {
                    $0.append([
                        request.method, request.path, request.queryValue("refuse"), request.header("X-Original-URI"),
                        request.header("X-Original-Method"),
                    ])
                }
                return answer(request)
            }
            try server.start()
        }

        var asked: [[String?]] { log.asked.withLock { $0 } }
        var port: UInt16 { server.port }
        func stop() { server.stop() }
    }

    private static let start = "/api/chats/app-shop/HelloWorld/start"

    private static func post(_ port: UInt16, _ path: String = start) throws -> LoopbackClient.Reply {
        try LoopbackClient(port: port, timeoutMilliseconds: 20_000).send(
            "POST", Array(path.utf8), headers: [(name: "Content-Type", value: Array("application/json".utf8))],
            body: Array(#"{"user_id": "u1", "force_new": true}"#.utf8))
    }

    private func withDoor(
        gate: FakeGate?, gatePort: UInt16? = nil, _ body: (FrontDoor, SimulatorServer) throws -> Void
    ) throws {
        var settings = SimulatorServer.Options()
        settings.clock = SimulationClock(base: ManualClock())
        settings.tickMilliseconds = nil
        let runtime = SimulatorServer(.quiet, options: settings)
        try runtime.start()
        var options = FrontDoor.Options(runtimePort: runtime.ports[0])
        options.gatePort = gatePort ?? gate?.port ?? 0
        let door = FrontDoor(options)
        try door.start()
        defer {
            door.stop()
            runtime.stop()
            gate?.stop()
        }
        try body(door, runtime)
    }

    @Test func anAllowedStartReachesTheRuntime() throws {
        let gate = try FakeGate { _ in ServerResponse(status: 204) }
        try withDoor(gate: gate) { door, runtime throws in
            let before = runtime.tally.apps[AppID("app-shop")]?.accepted ?? 0
            let reply = try Self.post(door.port)
            #expect(reply.status == 200)
            #expect(try JSON(parsing: reply.body)["success"] == true)
            #expect(reply.header("server") == "uvicorn")
            #expect(runtime.tally.apps[AppID("app-shop")]?.accepted == before + 1)
            #expect(gate.asked == [["GET", "/gate", "403", Self.start, "POST"]])
            #expect(door.counts == FrontDoor.Counts(allowed: 1))
        }
    }

    @Test func aRefusedStartIsA429WithTheGatesWords() throws {
        let gate = try FakeGate { _ in
            ServerResponse(
                status: 403,
                headers: [
                    (name: "X-Mozaiks-Gate", value: "refused"), (name: "X-Mozaiks-Retry-After", value: "7"),
                    (name: "X-Mozaiks-Body", value: #"{"detail":"later"}"#),
                ])
        }
        try withDoor(gate: gate) { door, runtime throws in
            let before = runtime.tally.apps
            let reply = try Self.post(door.port)
            #expect(reply.status == 429)
            #expect(reply.header("retry-after") == "7")
            #expect(String(decoding: reply.body, as: UTF8.self) == #"{"detail":"later"}"#)
            #expect(runtime.tally.apps == before)
            #expect(door.counts == FrontDoor.Counts(refused: 1))
        }
    }

    @Test("it fails open", arguments: ["error", "forbidden", "slow", "garbage", "absent", "doubt"])
    func failsOpen(gateIs: String) throws {
        let gate = try FakeGate { request in
            switch gateIs {
            case "error": return ServerResponse(status: 500)
            case "forbidden": return ServerResponse(status: 403)
            case "doubt":
                return ServerResponse(status: 204, headers: [(name: "X-Mozaiks-Gate", value: "failed-open; stale")])
            case "slow": request.waitUntilStopped()
            default: break
            }
            return ServerResponse(status: 200, ending: .dropped)
        }
        let port = gate.port
        if gateIs == "absent" { gate.stop() }
        try withDoor(gate: gate, gatePort: port) { door, _ throws in
            #expect(try Self.post(door.port).status == 200)
            #expect(door.counts == FrontDoor.Counts(failedOpen: 1))
        }
    }

    @Test func theRealGatesRefusalArrivesWhole() throws {
        let app = AppID("app-shop")
        let pause = Effect.pause
        let lease = Lease(
            id: "lease-0000000000000001", key: LeaseKey(kind: .pause, runtime: "shared", app: app), effect: pause,
            holders: [.init(incident: "i-1", effect: pause, ttl: .minutes(10))], createdAt: origin,
            expiresAt: origin + .seconds(90), state: .inForce, shadow: false)
        let gate = Gate(table: GateTable(runtimes: ["shared"], leases: [lease])) { origin }
        let monitor = HTTPServer(
            mode: .threadPerConnection,
            handler: MonitorEndpoints(gate: gate, health: { DaemonHealth(isCycling: true) }).answer)
        try monitor.start()
        defer { monitor.stop() }
        try withDoor(gate: nil, gatePort: monitor.port) { door, runtime throws in
            let reply = try Self.post(door.port)
            #expect(reply.status == 429)
            #expect(reply.header("retry-after") == "90")
            #expect(try JSON(parsing: reply.body)["retry_after"] == 90)
            #expect(try Self.post(door.port, "/api/chats/app-clinic/HelloWorld/start").status == 200)
            #expect(door.counts == FrontDoor.Counts(allowed: 1, refused: 1))
        }
    }

    @Test func otherRequestsPassWithoutAQuestion() throws {
        let gate = try FakeGate { _ in
            ServerResponse(status: 403, headers: [(name: "X-Mozaiks-Gate", value: "refused")])
        }
        try withDoor(gate: gate) { door, _ throws in
            #expect(try Wire.get("/api/health", port: door.port).status == 200)
            #expect(try Wire.get("/nope", port: door.port).status == 404)
            #expect(gate.asked.isEmpty)
        }
    }

    @Test func aRuntimeThatIsGoneIsABadGateway() throws {
        try withDoor(gate: nil) { door, runtime throws in
            runtime.stop()
            #expect(try Wire.get("/api/health", port: door.port).status == 502)
        }
    }

    @Test func theDemosClientsGoThroughTheDoorAndRetry() throws {
        let gate = try FakeGate { request in
            (request.header("X-Original-URI") ?? "").contains("/app-shop/")
                ? ServerResponse(status: 403, headers: [(name: "X-Mozaiks-Gate", value: "refused")])
                : ServerResponse(status: 204)
        }
        let clock = ManualClock()
        var doorOptions = FrontDoor.Options()
        doorOptions.gatePort = gate.port
        var options = SimulatorServer.Options()
        options.clock = SimulationClock(base: clock)
        options.tickMilliseconds = nil
        options.clients = .throughFrontDoor(doorOptions)
        let runtime = SimulatorServer(.demo, options: options)
        try runtime.start()
        defer {
            runtime.stop()
            gate.stop()
        }
        let door = try #require(runtime.frontDoor)
        let warm = runtime.tally.apps
        for _ in 0..<80 {
            clock.advance(by: TimeSpan(milliseconds: 100))
            runtime.tick()
        }
        let shop = AppID("app-shop")
        #expect(waitFor { door.counts.refused > 5 && door.counts.allowed > 2 })
        #expect(waitFor { runtime.tally.apps[shop]?.refused == door.counts.refused })
        #expect(runtime.tally.apps[shop]?.accepted == warm[shop]?.accepted)
        func others(_ apps: [AppID: Tally.App]) -> Int { apps.filter { $0.key != shop }.values.reduce(0) { $0 + $1.accepted } }
        // The door has counted what its client has not heard of yet.
        #expect(waitFor { others(runtime.tally.apps) - others(warm) == door.counts.allowed })
    }
}
