import HTTP
import TestKit
import Testing

@Suite struct AnswerTests {
    @Test func `an answer carries status, headers, body and times`() async throws {
        try await withServer { _, peer in
            peer.answer(200, #"{"ok":true}"#, headers: ["Date: Sat, 21 Nov 2026 09:00:00 GMT", "X-Empty:"])
        } asking: { client, server in
            let response = try await client.send(HTTPRequest(.get, server.url + "/api/health"))
            #expect(response.status == 200)
            #expect(response.date == "Sat, 21 Nov 2026 09:00:00 GMT")
            #expect(response.headers["DATE"] == response.date)
            #expect(response.headers["x-empty"] == "")
            #expect(response.headers["absent"] == nil)
            #expect(response.body.text == #"{"ok":true}"#)
            #expect(response.elapsedMs > 0)
            #expect(response.remoteAddress == "127.0.0.1")
            #expect(response.effectiveURL == server.url + "/api/health")
            #expect(!response.reusedConnection)
        }
    }

    @Test(arguments: [301, 307, 401, 403, 404, 405, 429, 500, 503])
    func `a status is an answer, not an error`(status: Int) async throws {
        try await withServer { _, peer in
            peer.answer(status, #"{"detail":"no"}"#, headers: ["Location: /elsewhere"])
        } asking: { client, server in
            let response = try await client.send(HTTPRequest(.get, server.url + "/x"))
            #expect(response.status == status)
            #expect(response.body.text == #"{"detail":"no"}"#)
            #expect(server.requests.count == 1)
        }
    }

    @Test func `redirects are followed when asked to`() async throws {
        try await withServer { request, peer in
            if request.path == "/a" {
                peer.answer(307, "old", headers: ["Location: /b?token=x"])
            } else {
                peer.answer(200, "new")
            }
        } asking: { client, server in
            var request = HTTPRequest(.get, server.url + "/a")
            request.followRedirects = true
            let response = try await client.send(request)
            #expect(response.status == 200)
            #expect(response.body.text == "new")
            #expect(response.effectiveURL == server.url + "/b?token=***")
            #expect(response.staleRetries == 0)
        }
    }

    @Test func `a chunked body is put together`() async throws {
        try await withServer { _, peer in
            peer.write(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Trailer: 1\r\n\r\n"
            )
        } asking: { client, server in
            let response = try await client.send(HTTPRequest(.get, server.url))
            #expect(response.body.text == "abcdefg")
            #expect(response.headers["X-Trailer"] == nil)
        }
    }

    @Test func `an interim answer gives way to the final one`() async throws {
        try await withServer { _, peer in
            peer.write("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
            peer.answer(200, "final")
        } asking: { client, server in
            let response = try await client.send(HTTPRequest(.get, server.url))
            #expect(response.status == 200)
            #expect(response.headers["Link"] == nil)
            #expect(response.body.text == "final")
        }
    }

    @Test func `a large body arrives whole, with zeroed padding behind it`() async throws {
        let text = String(repeating: "0123456789abcdef", count: 200_000)
        try await withServer { _, peer in
            peer.answer(200, text)
        } asking: { client, server in
            let response = try await client.send(HTTPRequest(.get, server.url, bodyLimit: 4 << 20))
            #expect(response.body.count == text.utf8.count)
            #expect(response.body.withUnsafeBytes { $0.elementsEqual(text.utf8) })
            response.body.withUnsafeBytes { bytes in
                let behind = bytes.baseAddress.map {
                    UnsafeRawBufferPointer(start: $0 + bytes.count, count: ResponseBody.padding)
                }
                #expect(behind?.allSatisfy { $0 == 0 } == true)
            }
        }
    }
}
