import Ambient
import HTTP
import TestKit
import Testing

@Suite struct RequestTests {
    @Test(arguments: [HTTPMethod.get, .head, .post, .put, .patch, .delete])
    func `each method goes out under its name with its body`(method: HTTPMethod) async throws {
        let hasBody = method != .get && method != .head
        try await withServer { request, peer in
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: \(request.method == "HEAD" ? 5_000_000_000 : 0)\r\n\r\n")
        } asking: { client, server in
            let request = HTTPRequest(
                method, server.url + "/p?q=1", headers: [HTTPField("Content-Type", "application/json")],
                body: hasBody ? Array("{\0}".utf8) : [])
            let response = try await client.send(request)
            #expect(response.body.isEmpty)
            let seen = try #require(server.requests.first)
            #expect(seen.method == method.rawValue)
            #expect(seen.path == "/p?q=1")
            #expect(seen.body == (hasBody ? Array("{\0}".utf8) : []))
        }
    }

    @Test func `what every request says about itself`() async throws {
        try await withServer(options: .init(userAgent: "mozaiks-ops/1.2.3")) { _, peer in
            peer.answer(200, "")
        } asking: { client, server in
            _ = try await client.send(
                HTTPRequest(
                    .post, server.url, headers: [.bearer(Secret("t0ken")), HTTPField("X-Empty", "")],
                    body: [UInt8](repeating: 65, count: 2_000_000)))
            let lines = Set(try #require(server.requests.first).head.split(separator: "\r\n").map(String.init))
            #expect(lines.contains("User-Agent: mozaiks-ops/1.2.3"))
            #expect(lines.contains("Authorization: Bearer t0ken"))
            #expect(lines.contains("X-Empty:"))
            for unwanted in ["Accept-Encoding", "Cookie", "Expect", "Content-Type"] {
                #expect(!lines.contains { $0.hasPrefix(unwanted + ":") }, "\(unwanted)")
            }
        }
    }
}

@Suite struct RefusedRequestTests {
    @Test(arguments: [
        "", "localhost:8000/x", "/api/health", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://", "http://a b/",
        "http://h/\r\nX-Injected: 1", "http://h:99999/", "http://h/\0x",
    ])
    func `what is no usable URL never reaches the network`(url: String) async throws {
        let client = try HTTPClient()
        let kind = await failure(client, HTTPRequest(.get, url))
        guard case .invalidURL = kind else {
            Issue.record("\(String(describing: kind))")
            return
        }
        await client.shutdown()
    }

    @Test(arguments: [
        ("line break in a value", HTTPField("X-A", "1\r\nX-B: 2")),
        ("line break in a name", HTTPField("X-A\r\nX-B", "2")),
        ("no name", HTTPField("", "2")),
        ("colon in a name", HTTPField("X:", "2")),
        ("NUL in a secret", HTTPField.bearer(Secret("top\0secret"))),
    ])
    func `header fields that would break the request are refused`(name: String, field: HTTPField) async throws {
        try await withServer { _, peer in
            peer.answer(200, "")
        } asking: { client, server in
            let kind = await failure(client, HTTPRequest(.get, server.url, headers: [field]))
            guard case .invalidRequest(let reason) = kind else {
                Issue.record("\(name): \(String(describing: kind))")
                return
            }
            #expect(!reason.contains("secret"))
            #expect(server.requests.isEmpty)
        }
    }

    @Test(arguments: [
        HTTPRequest(.get, "http://127.0.0.1:1/", timeoutMs: 0),
        HTTPRequest(.get, "http://127.0.0.1:1/", timeoutMs: .max),
        HTTPRequest(.get, "http://127.0.0.1:1/", connectTimeoutMs: -1),
        HTTPRequest(.get, "http://127.0.0.1:1/", bodyLimit: -1),
    ])
    func `limits outside their range are refused`(request: HTTPRequest) async throws {
        let client = try HTTPClient()
        guard case .invalidRequest = await failure(client, request) else {
            Issue.record("sent")
            return
        }
        await client.shutdown()
    }

    @Test func `no printed form of a request, an answer or an error shows a secret`() async throws {
        let port = try Loopback.closedPort()
        let client = try HTTPClient()
        var request = HTTPRequest(
            .post, "http://user:s3cret@127.0.0.1:\(port)/hook/s3cret?token=s3cret&s3cret",
            headers: [.bearer(Secret("s3cret"))], body: Array("s3cret".utf8))
        request.hidesPath = true
        var texts = ["\(request)", String(reflecting: request), "\(request.headers)"]
        var dumped = ""
        dump(request, to: &dumped)
        texts.append(dumped)
        do throws(HTTPError) {
            _ = try await client.send(request)
            Issue.record("answered")
        } catch {
            texts += ["\(error)", String(reflecting: error), error.why, error.location]
            #expect(error.location == "http://127.0.0.1:\(port)/…")
        }
        for text in texts { #expect(!text.contains("s3cret"), "\(text)") }
        request.hidesPath = false
        request.url = "https://user:pw@Example.COM/a/b?x=1&y&z=2"
        #expect("\(request)" == "POST https://example.com/a/b?x=***&***&z=***")
        await client.shutdown()
    }
}
