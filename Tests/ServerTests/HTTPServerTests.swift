import Dispatch
import Glibc
import Server
import Testing

@Suite("HTTP server")
struct HTTPServerTests {
    /// Answers with what it saw, one fact a line.
    private static let echo: HTTPServer.Handler = { request in
        .text(
            """
            method=\(request.method)
            target=\(String(decoding: request.target, as: UTF8.self))
            path=\(request.path)
            query=\(request.rawQuery.map { String(decoding: $0, as: UTF8.self) } ?? "none")
            x=\(request.headerValues("x-test").map { String(decoding: $0, as: UTF8.self) }.joined(separator: ","))
            body=\(String(decoding: request.body, as: UTF8.self))
            from=\(request.remoteAddress)
            """)
    }

    private static let modes: [HTTPServer.Mode] = [.epoll(threads: 1), .epoll(threads: 3), .threadPerConnection]

    @Test("a request reaches the handler as it was on the wire", arguments: modes)
    func request(mode: HTTPServer.Mode) throws {
        let server = HTTPServer(mode: mode, handler: Self.echo)
        try server.start()
        defer { server.stop() }
        let reply = try RawClient.ask(
            server.port, "POST", "/a%2Fb//../c?x=%41&y", headers: ["X-Test: 1", "x-TEST: 2"], body: "hello")
        #expect(reply.status == 200)
        #expect(
            reply.body == """
                method=POST
                target=/a%2Fb//../c?x=%41&y
                path=/a%2Fb//../c
                query=x=%41&y
                x=1,2
                body=hello
                from=127.0.0.1
                """)
    }

    @Test(
        "targets are not touched",
        arguments: [
            "/", "/%", "/%zz", "/%00", "/a+b", "/a?b?c", "/?", "//", "/%2e%2e/", "/a;b", "http://other/path", "*",
            "/" + String(repeating: "x", count: 12_000),
        ])
    func target(raw: String) throws {
        let server = HTTPServer { .text(String(decoding: $0.target, as: UTF8.self)) }
        try server.start()
        defer { server.stop() }
        #expect(try RawClient.ask(server.port, "GET", raw).body == raw)
    }

    @Test("several requests share a connection")
    func keepAlive() throws {
        let server = HTTPServer(handler: Self.echo)
        try server.start()
        defer { server.stop() }
        let client = try RawClient(port: server.port)
        defer { client.end() }
        for number in 1...3 {
            try client.send("GET /\(number) HTTP/1.1\r\nHost: test\r\n\r\n")
            #expect(try client.readReply().body.contains("path=/\(number)\n"))
        }
    }

    @Test("a body at the limit passes, one byte more is 413, announced or chunked")
    func bodyLimit() throws {
        var options = HTTPServer.Options()
        options.maxBodyBytes = 1_000
        let server = HTTPServer(options: options) { .text("\($0.body.count)") }
        try server.start()
        defer { server.stop() }
        let full = String(repeating: "b", count: 1_000)
        #expect(try RawClient.ask(server.port, "POST", "/", body: full).body == "1000")
        #expect(try RawClient.ask(server.port, "POST", "/", body: full + "b").status == 413)
        for (extra, status) in [(0, 200), (1, 413)] {
            let client = try RawClient(port: server.port)
            defer { client.end() }
            let size = String(1_000 + extra, radix: 16)
            let chunk = full + String(repeating: "b", count: extra)
            try client.send(
                "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n\(size)\r\n\(chunk)\r\n0\r\n\r\n")
            #expect(try client.readReply().status == status)
        }
    }

    @Test("a 304 has no body, and tells no other length than the answer that it stands for", arguments: modes)
    func notModified(mode: HTTPServer.Mode) throws {
        let server = HTTPServer(mode: mode) { request in
            request.path == "/same"
                ? ServerResponse(status: 304, headers: [("ETag", "\"x\"")], ending: .unsent(length: 1_234)) : .text("after")
        }
        try server.start()
        defer { server.stop() }
        let client = try RawClient(port: server.port)
        defer { client.end() }
        try client.send("GET /same HTTP/1.1\r\nHost: test\r\n\r\n")
        let head = try client.read(through: "\r\n\r\n")
        #expect(head.hasPrefix("HTTP/1.1 304 ") && head.contains("Content-Length: 1234\r\n"), "\(head)")
        // What follows at once is the next answer: nothing of a body was sent.
        try client.send("GET /next HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try client.readReply().body == "after")
    }

    @Test("a large answer arrives whole", arguments: modes)
    func largeAnswer(mode: HTTPServer.Mode) throws {
        let page = Array("0123456789abcdefghijklmnopqrstuvwxyz-".utf8)
        let large = Array(repeatElement(page, count: 40_000).joined())
        let server = HTTPServer(mode: mode) { _ in ServerResponse(status: 200, body: large) }
        try server.start()
        defer { server.stop() }
        #expect(Array(try RawClient.ask(server.port, "GET", "/").body.utf8) == large)
    }

    @Test("the date is the server's, the handler's or absent")
    func date() throws {
        let fixed = "Sat, 21 Nov 2026 09:00:00 GMT"
        var silent = HTTPServer.Options()
        silent.sendsDate = false
        let cases: [(HTTPServer.Options, [(String, String)], (String?) -> Bool)] = [
            (.init(), [], { $0 != nil && $0 != fixed }),
            (.init(), [("Date", fixed)], { $0 == fixed }),
            (silent, [], { $0 == nil }),
            (silent, [("Date", fixed)], { $0 == fixed }),
        ]
        for (options, headers, expected) in cases {
            let server = HTTPServer(options: options) { _ in
                ServerResponse(status: 200, headers: headers.map { (name: $0.0, value: $0.1) })
            }
            try server.start()
            defer { server.stop() }
            let dates = try RawClient.ask(server.port, "GET", "/").headers.filter { $0.lowercased().hasPrefix("date:") }
            #expect(dates.count <= 1)
            #expect(expected(dates.first.map { String($0.dropFirst(6)) }))
        }
    }

    @Test("threads of connections stand back where that is wanted, and nobody else's do")
    func niceness() throws {
        func own() -> Int32 { getpriority(Int32(PRIO_PROCESS.rawValue), 0) }
        let before = own()
        for (mode, wanted) in [(HTTPServer.Mode.threadPerConnection, max(before, 7)), (.epoll(threads: 1), before)] {
            var options = HTTPServer.Options()
            (options.mode, options.niceness) = (mode, 7)
            let server = HTTPServer(options: options) { _ in .text("\(getpriority(Int32(PRIO_PROCESS.rawValue), 0))") }
            try server.start()
            defer { server.stop() }
            let reply = try RawClient.ask(server.port, "GET", "/")
            #expect(reply.body == "\(wanted)", "\(reply)")
        }
        #expect(own() == before)
    }

    @Test("a header field with a line break becomes a 500, not two fields")
    func badHeader() throws {
        let server = HTTPServer { _ in ServerResponse(status: 200, headers: [("X-A", "1\r\nX-B: 2")]) }
        try server.start()
        defer { server.stop() }
        let reply = try RawClient.ask(server.port, "GET", "/")
        #expect(reply.status == 500)
        #expect(reply.header("X-B") == nil)
    }

    @Test("misbehaviour: cut off, dropped, stalled until the stop")
    func misbehaviour() throws {
        let server = HTTPServer(mode: .threadPerConnection) { request in
            switch request.path {
            case "/cut": ServerResponse(status: 200, body: Array("half".utf8), ending: .cutOff(length: 1_000))
            case "/drop": ServerResponse(status: 200, ending: .dropped)
            default: ServerResponse(status: 200, body: Array("half".utf8), ending: .stalled(length: 1_000))
            }
        }
        try server.start()
        let cut = try RawClient(port: server.port)
        defer { cut.end() }
        try cut.send("GET /cut HTTP/1.1\r\nHost: test\r\n\r\n")
        let text = String(decoding: try cut.readToEnd(), as: UTF8.self)
        #expect(text.contains("Content-Length: 1000\r\n"))
        #expect(text.hasSuffix("half"))
        let dropped = try RawClient(port: server.port)
        defer { dropped.end() }
        try dropped.send("GET /drop HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try dropped.readToEnd().isEmpty)
        let stalled = try RawClient(port: server.port)
        defer { stalled.end() }
        try stalled.send("GET /stall HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try stalled.read(through: "half").hasPrefix("HTTP/1.1 200"))
        server.stop()
        #expect(try stalled.readToEnd().isEmpty)
    }

    @Test("stop: a blocked handler is told, its answer still arrives, and nobody listens afterwards")
    func stop() throws {
        let running = DispatchSemaphore(value: 0)
        let server = HTTPServer(mode: .threadPerConnection) { request in
            running.signal()
            return .text(request.waitUntilStopped(atMost: 600) ? "stopped" : "timed out")
        }
        try server.start()
        let port = server.port
        let client = try RawClient(port: port)
        defer { client.end() }
        try client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        running.wait()
        server.stop()
        #expect(String(decoding: try client.readToEnd(), as: UTF8.self).hasSuffix("stopped"))
        #expect(throws: RawClient.Failure.self) { try RawClient(port: port) }
        server.stop()
    }

    @Test("an address in use is named, with how to find its holder")
    func addressInUse() throws {
        let first = HTTPServer(handler: Self.echo)
        try first.start()
        defer { first.stop() }
        let second = HTTPServer(port: first.port, handler: Self.echo)
        let error = #expect(throws: ServerError.self) { try second.start() }
        #expect(error?.address == "127.0.0.1:\(first.port)")
        #expect(error?.cause == "address already in use")
        #expect(error?.hint == "`ss -ltnp 'sport = :\(first.port)'` shows which process holds the port")
        #expect(error?.retryable == true)
    }

    @Test("a host that is no address is refused", arguments: ["example.org", "", "127.0.0.1:80", "1.2.3"])
    func badHost(host: String) throws {
        let error = #expect(throws: ServerError.self) { try HTTPServer(listen: host, handler: Self.echo).start() }
        #expect(error?.cause == "not a numeric address")
        #expect(error?.retryable == false)
    }

    @Test("nonsense on the wire is answered or closed, and the next client is served")
    func nonsense() throws {
        let server = HTTPServer(handler: Self.echo)
        try server.start()
        defer { server.stop() }
        let inputs = [
            "\r\n\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n",
            "GET /" + String(repeating: "x", count: 100_000) + " HTTP/1.1\r\nHost: t\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\nConnection: close\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999999999999\r\nConnection: close\r\n\r\n",
        ]
        for input in inputs {
            let client = try RawClient(port: server.port)
            try? client.send(input)
            client.end()
            #expect(try RawClient.ask(server.port, "GET", "/next").status == 200)
        }
    }
}
