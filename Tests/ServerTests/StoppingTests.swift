import Dispatch
import Glibc
import Server
import Synchronization
import Testing

/// Servers that are attacked by whoever can connect.
@Suite("HTTP server under attack")
struct StoppingTests {
    /// libmicrohttpd crashes when it answers a malformed request while it is being stopped: a crash here ends the whole test run.
    @Test("stops under fire of malformed requests, again and again")
    func stopUnderFire() throws {
        let port = Mutex<UInt16>(0)
        let isOver = Atomic<Bool>(false)
        let sent = Atomic<Int>(0)
        let group = DispatchGroup()
        for _ in 0..<4 {
            group.enter()
            Thread.run {
                defer { group.leave() }
                while !isOver.load(ordering: .acquiring) {
                    guard let client = try? RawClient(port: port.withLock { $0 }) else { continue }
                    for _ in 0..<3 {
                        guard (try? client.send("GET /gate HTTP/1.1\r\nHost: x\r\nnot a header\r\n\r\n")) != nil else { break }
                        guard (try? client.read(through: "\r\n\r\n")) != nil else { break }
                        sent.add(1, ordering: .relaxed)
                    }
                    client.end()
                }
            }
        }
        for _ in 0..<60 {
            let server = HTTPServer(options: .questions) { _ in .text("") }
            try server.start()
            port.withLock { $0 = server.port }
            let before = sent.load(ordering: .relaxed)
            while sent.load(ordering: .relaxed) < before + 20 { sched_yield() }
            server.stop()
        }
        isOver.store(true, ordering: .releasing)
        group.wait()
        #expect(sent.load(ordering: .relaxed) >= 1_200)
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
