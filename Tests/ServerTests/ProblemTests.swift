import JSONParsing
import Model
import Testing

@testable import Server

/// What the server says of itself is a problem document (RFC 9457), so that a program reads one kind of error.
@Suite struct ProblemTests {
    private static func expectProblem(_ reply: RawClient.Reply, _ status: Int, _ words: String) throws {
        #expect(reply.status == status && reply.header("Content-Type") == "application/problem+json", "\(reply)")
        let document = try JSON(parsing: Array(reply.body.utf8))
        #expect(document["status"]?.int == Int64(status) && document["type"]?.string == "about:blank", "\(reply.body)")
        #expect(document["title"]?.string?.isEmpty == false && document["detail"]?.string?.contains(words) == true, "\(reply.body)")
    }

    private static func serving(_ options: HTTPServer.Options, _ body: (UInt16) throws -> Void) throws {
        let endpoints = MonitorEndpoints(gate: nil, health: { DaemonHealth(isCycling: true) })
        let server = HTTPServer(options: options, handler: endpoints.answer)
        try server.start()
        defer { server.stop() }
        try body(server.port)
    }

    @Test("a body that is too large, announced or not") func bodies() throws {
        var options = HTTPServer.Options()
        options.maxBodyBytes = 100
        try Self.serving(options) { port in
            let body = String(repeating: "b", count: 101)
            try Self.expectProblem(RawClient.ask(port, "POST", "/x", body: body), 413, "more than 100 bytes")
            let client = try RawClient(port: port)
            defer { client.end() }
            try client.send("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n\(body)\r\n0\r\n\r\n")
            try Self.expectProblem(client.readReply(), 413, "more than 100 bytes")
        }
    }

    @Test("an address and header fields that are too long, and at the limit they pass") func longHeads() throws {
        var options = HTTPServer.Options()
        (options.maxTargetBytes, options.maxHeaderBytes) = (1_000, 2_000)
        try Self.serving(options) { port in
            let path = "/healthz?" + String(repeating: "a", count: 991)
            #expect(try RawClient.ask(port, "GET", path).status == 200)
            try Self.expectProblem(RawClient.ask(port, "GET", path + "a"), 414, "1000 bytes")
            #expect(try RawClient.ask(port, "GET", "/healthz", headers: ["Cookie: " + String(repeating: "c", count: 1_900)]).status == 200)
            try Self.expectProblem(
                RawClient.ask(port, "GET", "/healthz", headers: ["Cookie: " + String(repeating: "c", count: 2_000)]), 431, "2000 bytes")
            let many = (0..<200).map { "X-\($0): some" }
            try Self.expectProblem(RawClient.ask(port, "GET", "/healthz", headers: many), 431, "2000 bytes")
        }
    }

    @Test(
        "what a proxy before us may read otherwise is refused, in one answer",
        arguments: [
            ("GET /healthz HTTP/1.1\r\nX: y\r\n\r\n", 400, "there is no 'Host'"),
            ("GET /hea lthz HTTP/1.1\r\nHost: x\r\n\r\n", 400, "a space in the address"),
            (
                "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", 400,
                "more than one 'Content-Length'"
            ),
            (
                "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
                "exclude each other"
            ),
            ("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "'chunked' is the only"),
        ])
    func malformed(request: String, status: Int, words: String) throws {
        try Self.serving(HTTPServer.Options()) { port in
            let client = try RawClient(port: port)
            defer { client.end() }
            try client.send(request)
            try Self.expectProblem(client.readReply(), status, words)
        }
    }

    @Test("HTTP/1.0 needs no 'Host'") func old() throws {
        try Self.serving(HTTPServer.Options()) { port in
            let client = try RawClient(port: port)
            defer { client.end() }
            try client.send("GET /healthz HTTP/1.0\r\n\r\n")
            #expect(try client.readReply().status == 200)
        }
    }

    @Test("a path that is not there, and another method") func paths() throws {
        try Self.serving(.questions) { port in
            try Self.expectProblem(RawClient.ask(port, "GET", "/nothing"), 404, "nothing at this path")
            let reply = try RawClient.ask(port, "DELETE", "/healthz")
            try Self.expectProblem(reply, 405, "GET or HEAD")
            #expect(reply.header("Allow") == "GET, HEAD")
        }
    }

    @Test("an answer that cannot be sent") func badField() throws {
        let server = HTTPServer { _ in ServerResponse(status: 200, headers: [("X-Split", "a\r\nb: c")]) }
        try server.start()
        defer { server.stop() }
        try Self.expectProblem(RawClient.ask(server.port, "GET", "/"), 500, "header field")
    }
}
