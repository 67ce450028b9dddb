import Dispatch
import Glibc
import Synchronization
import Testing

@testable import Server

/// Servers that are attacked by whoever can connect.
@Suite("HTTP server under attack")
struct StoppingTests {
    /// Servers that are started and stopped one after the other while four threads go on asking whichever there is.
    /// - Parameters:
    ///   - answers: so many must have come from a server before it is stopped.
    ///   - ask: what a client does with its connection, and how often it was answered.
    ///   - stopped: a look at each server after its stop.
    /// - Returns: how many answers came in all.
    @discardableResult
    private static func stop(
        times: Int, eachAfter answers: Int, stopped: (HTTPServer) -> Void = { _ in }, ask: @escaping @Sendable (RawClient) -> Int
    ) throws -> Int {
        let port = Mutex<UInt16>(0)
        let isOver = Atomic<Bool>(false)
        let answered = Atomic<Int>(0)
        let group = DispatchGroup()
        for _ in 0..<4 {
            group.enter()
            Thread.run {
                defer { group.leave() }
                while !isOver.load(ordering: .acquiring) {
                    guard let client = try? RawClient(port: port.withLock { $0 }) else { continue }
                    answered.add(ask(client), ordering: .relaxed)
                    client.end()
                }
            }
        }
        defer {
            isOver.store(true, ordering: .releasing)
            group.wait()
        }
        for _ in 0..<times {
            let server = HTTPServer(options: .questions) { _ in .text(Self.mark) }
            try server.start()
            port.withLock { $0 = server.port }
            let before = answered.load(ordering: .relaxed)
            while answered.load(ordering: .relaxed) < before + answers { sched_yield() }
            server.stop()
            stopped(server)
        }
        return answered.load(ordering: .relaxed)
    }

    /// libmicrohttpd crashes when it answers a malformed request while it is being stopped: a crash here ends the whole test run.
    @Test("stops under fire of malformed requests, again and again")
    func stopUnderFire() throws {
        let answers = try Self.stop(times: 60, eachAfter: 20) { client in
            for count in 0..<3 {
                guard (try? client.send("GET /gate HTTP/1.1\r\nHost: x\r\nnot a header\r\n\r\n")) != nil,
                    (try? client.read(through: "\r\n\r\n")) != nil
                else { return count }
            }
            return 3
        }
        #expect(answers >= 1_200)
    }

    private static let mark = "one of those that are stopped"

    /// It answers nobody there any more. A connection may still come about: with itself, with a server of another test that was
    /// given the same port, and with a listener that a child of another test holds until it has become its program.
    private static func isGone(_ server: HTTPServer) {
        #expect((try? RawClient.ask(server.port, "GET", "/gate"))?.body != Self.mark)
    }

    /// A thread that takes connections and one that stops the server must not both take the listening socket out of one set: the
    /// library ends the process then, in one of some twenty stops here.
    @Test("stops while connections come, again and again, and nothing comes in behind the stop")
    func stopWhileConnectionsCome() throws {
        try Self.stop(times: 250, eachAfter: 4, stopped: Self.isGone) { client in
            let isAnswered =
                (try? client.send("GET /gate HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) != nil
                && (try? client.readReply())?.status == 200
            return isAnswered ? 1 : 0
        }
    }

    @Test("a stop closes connections that wait, in the middle of a request too")
    func stopWithWaiting() throws {
        var options = HTTPServer.Options.questions
        options.drainSeconds = 0.05
        let server = HTTPServer(options: options) { _ in .text("") }
        try server.start()
        let idle = try RawClient(port: server.port)
        let halfway = try RawClient(port: server.port)
        defer {
            idle.end()
            halfway.end()
        }
        try idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = try idle.readReply()
        try halfway.send("GET / HTTP/1.1\r\nHo")
        _ = try RawClient.ask(server.port, "GET", "/")
        server.stop()
        #expect(try idle.readToEnd().isEmpty)
        #expect(try halfway.readToEnd().isEmpty)
    }

    @Test("a request that trickles in is cut off; one that waits for its answer is not")
    func trickle() throws {
        var options = HTTPServer.Options()
        options.mode = .threadPerConnection
        options.requestTimeoutSeconds = 1
        let server = HTTPServer(options: options) { request in
            if request.path == "/slow" { request.waitUntilStopped(atMost: 4) }
            return .text("answered")
        }
        try server.start()
        defer { server.stop() }
        let slow = try RawClient(port: server.port)
        defer { slow.end() }
        try slow.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        let trickling = try RawClient(port: server.port)
        defer { trickling.end() }
        try trickling.send("GET / HTTP/1.1\r\nHost: x\r\nX: ")
        // A byte each 20 ms, until the server has had enough: without a deadline this goes on, and the test times out.
        while (try? trickling.send("a")) != nil { poll(nil, 0, 20) }
        #expect(try slow.readReply().body == "answered")
    }

    @Test("connections of one address are bounded, those above are closed at once, and places are given back")
    func perAddress() throws {
        var options = HTTPServer.Options.questions
        options.maxConnectionsPerAddress = 3
        let server = HTTPServer(options: options) { _ in .text("") }
        try server.start()
        defer { server.stop() }
        var held: [RawClient] = []
        for _ in 0..<3 {
            let client = try RawClient(port: server.port)
            try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try client.readReply()
            held.append(client)
        }
        let above = try RawClient(port: server.port)
        #expect((try? above.readToEnd())?.isEmpty ?? true)
        above.end()
        held[0].end()
        // The server notices in its own time.
        while (try? RawClient.ask(server.port, "GET", "/"))?.status != 200 { sched_yield() }
        for client in held.dropFirst() { client.end() }
    }

    @Test("what is turned away is counted by its reason, and the places are given back")
    func counted() throws {
        var options = HTTPServer.Options.questions
        (options.maxConnectionsPerAddress, options.maxConnections) = (2, 3)
        let server = HTTPServer(options: options) { _ in .text("") }
        try server.start()
        defer { server.stop() }
        func held(from address: String) throws -> RawClient {
            let client = try RawClient(port: server.port, from: address)
            try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try client.readReply()
            return client
        }
        func turnedAway(from address: String) throws {
            let client = try RawClient(port: server.port, from: address)
            defer { client.end() }
            #expect((try? client.readToEnd())?.isEmpty ?? true)
        }
        let first = [try held(from: "127.0.0.1"), try held(from: "127.0.0.1")]
        try turnedAway(from: "127.0.0.1")
        #expect(server.tally.refused.counts == [.address: 1])
        let other = try held(from: "127.0.0.2")
        try turnedAway(from: "127.0.0.3")
        try turnedAway(from: "127.0.0.2")
        #expect(server.tally.refused.counts == [.address: 1, .full: 2])
        for client in first + [other] { client.end() }
        while (try? held(from: "127.0.0.1").end()) == nil { sched_yield() }
    }

    @Test("whoever opens many connections and sends half a request keeps nobody from being answered, of that address or of all")
    func halves() throws {
        for (ofOne, ofAll) in [(4, 512), (512, 4)] {
            var options = HTTPServer.Options.questions
            (options.maxConnectionsPerAddress, options.maxConnections) = (ofOne, ofAll)
            // Without giving way each half would hold its place for as long as this test may take.
            (options.requestTimeoutSeconds, options.idleTimeoutSeconds) = (3_600, 0)
            let server = HTTPServer(options: options) { _ in .text("well") }
            try server.start()
            defer { server.stop() }
            // One that had an answer and waits for its next question is no half, and keeps its place.
            let kept = try RawClient(port: server.port)
            defer { kept.end() }
            try kept.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try kept.readReply()
            var halves: [RawClient] = []
            for _ in 0..<3 {
                let half = try RawClient(port: server.port)
                try half.send("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Rest: ")
                halves.append(half)
            }
            while (try? RawClient.ask(server.port, "GET", "/healthz"))?.body != "well" { sched_yield() }
            try kept.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try kept.readReply().body == "well")
            #expect(server.tally.refused[.late] > 0)
            for half in halves { half.end() }
        }
    }

    @Test("a request that does not come is counted as late; a connection that only waits is not, nor one that never said anything")
    func late() throws {
        var options = HTTPServer.Options.questions
        (options.requestTimeoutSeconds, options.idleTimeoutSeconds) = (1, 2)
        let told = Mutex<[RefusedConnections]>([])
        options.onRefused = { news in told.withLock { $0.append(news) } }
        let server = HTTPServer(options: options) { _ in .text("") }
        try server.start()
        defer { server.stop() }
        let idle = try RawClient(port: server.port)
        try idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = try idle.readReply()
        let slow = try RawClient(port: server.port)
        try slow.send("GET / HT")
        // As browsers open one for later.
        let silent = try RawClient(port: server.port)
        _ = try? slow.readToEnd()
        _ = try? silent.readToEnd()
        _ = try? idle.readToEnd()
        silent.end()
        idle.end()
        slow.end()
        // Told by the thread that cut it off, in its own time.
        while told.withLock({ $0.isEmpty }) { sched_yield() }
        #expect(server.tally.refused.counts == [.late: 1])
        #expect(told.withLock { $0.map(\.counts) } == [[.late: 1]])
    }

    @Test("a flood is told at once, and then once in a minute with what came since")
    func flood() {
        let tally = ConnectionTally()
        #expect(tally.news(at: 0) == nil)
        for _ in 0..<3 { tally.add(.address) }
        #expect(tally.news(at: 1_000)?.counts == [.address: 3])
        for _ in 0..<1_000 { tally.add(.address) }
        tally.add(.full)
        for moment in stride(from: Int64(2_000), to: 61_000, by: 1_000) { #expect(tally.news(at: moment) == nil) }
        #expect(tally.news(at: 61_000)?.counts == [.address: 1_000, .full: 1])
        #expect(tally.news(at: 200_000) == nil && tally.refused.total == 1_004)
    }

    @Test("no body is taken where none is wanted", arguments: ["Content-Length: 1048576", "Content-Length: 1"])
    func bodies(field: String) throws {
        let server = HTTPServer(options: .questions) { _ in .text("handled") }
        try server.start()
        defer { server.stop() }
        let client = try RawClient(port: server.port)
        defer { client.end() }
        // Answered before any of it came.
        try client.send("GET /gate HTTP/1.1\r\nHost: x\r\n\(field)\r\n\r\n")
        #expect(try client.readReply().status == 413)
    }
}
