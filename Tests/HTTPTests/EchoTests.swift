import Ambient
import HTTP
import TestKit
import Testing

/// What a server writes of our own secrets into its answer is gone before anybody sees the answer.
@Suite struct EchoTests {
    static let token = "eyJhbGciOi/S3CRET+0123456789=="

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var status = 401
        let body: String
        var kept = ""
    }

    static let cases = [
        Case(testDescription: "whole", body: #"{"detail":"Invalid token \#(token)."}"#, kept: #"{"detail":"Invalid token "#),
        Case(testDescription: "twice", body: "\(token) and \(token)", kept: " and "),
        Case(testDescription: "with the word before it", body: #"{"detail":"Bearer \#(token)"}"#),
        Case(testDescription: "as JSON writes it", body: #"{"detail":"eyJhbGciOi\/S3CRET+0123456789=="}"#),
        Case(testDescription: "as a URL writes it", body: "at /login?token=eyJhbGciOi%2FS3CRET%2B0123456789%3D%3D&x=1", kept: "&x=1"),
        Case(testDescription: "cut", body: "no such token: eyJhbGciOi/S3CRET…", kept: "…"),
        Case(testDescription: "in an answer that is granted", status: 200, body: #"{"status":"unhealthy","detail":"\#(token)"}"#),
    ]

    @Test(arguments: cases) func isHidden(_ test: Case) async throws {
        let server = try MisbehavingServer { _, peer in
            peer.answer(test.status, test.body, headers: ["X-Heard: \(EchoTests.token)"])
        }
        defer { server.stop() }
        let client = try HTTPClient()
        let response = try await client.send(HTTPRequest(.get, server.url + "/x", headers: [.bearer(Secret(EchoTests.token))]))
        await client.shutdown()
        #expect(!response.body.text.contains("S3CRET"), "\(response.body.text)")
        #expect(response.body.count == test.body.utf8.count, "byte for byte")
        #expect(response.body.text.contains(test.kept), "\(response.body.text)")
        #expect(response.headers["x-heard"] == "***")
    }

    @Test("an ordinary word that is somebody's token changes no answer that is granted") func word() async throws {
        let server = try MisbehavingServer { _, peer in peer.answer(200, #"{"status":"status"}"#) }
        defer { server.stop() }
        let client = try HTTPClient()
        let response = try await client.send(HTTPRequest(.get, server.url + "/x", headers: [.bearer(Secret("status"))]))
        await client.shutdown()
        #expect(response.body.text == #"{"status":"status"}"#)
    }
}
