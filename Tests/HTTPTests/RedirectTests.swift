import Ambient
import Testing

@testable import HTTP

/// Where answers send whoever follows them, and what may go there.
@Suite struct RedirectTests {
    private func response(_ status: Int, _ location: String?) -> HTTPResponse {
        var headers = HTTPHeaders()
        if let location { headers.append(name: "Location", value: location) }
        return HTTPResponse(
            status: status, headers: headers, body: ResponseBody(bytes: []), elapsedMs: 1, reusedConnection: false,
            staleRetries: 0,
            remoteAddress: "", effectiveURL: "")
    }

    private func next(_ url: String, _ location: String?, status: Int = 302) throws(Redirect.Refusal) -> HTTPRequest? {
        var request = HTTPRequest(.get, url, headers: [.bearer(Secret("t0ken"))])
        request.tls = TLSFiles(caFile: "/ca.pem", certificateFile: "/own.pem", keyFile: "/own.key")
        request.pinnedAddress = "10.0.0.1"
        return try Redirect.next(request, response(status, location))
    }

    static let targets: [(from: String, location: String, to: String, isSame: Bool)] = [
        ("https://a.example/x/y", "z", "https://a.example/x/z", true),
        ("https://a.example/x", "/z?q=1#part", "https://a.example/z?q=1", true),
        ("https://a.example/", "https://a.example:443/z", "https://a.example:443/z", true),
        ("http://a.example/", "https://a.example/z", "https://a.example/z", false),
        ("https://a.example/", "//b.example/z", "https://b.example/z", false),
        ("https://a.example/", "https://a.example:8443/", "https://a.example:8443/", false),
    ]

    @Test("where it goes, and whether what was sent goes along", arguments: targets.indices)
    func target(index: Int) throws {
        let given = Self.targets[index]
        let request = try #require(try next(given.from, given.location))
        #expect(request.url == given.to)
        #expect(request.headers.isEmpty == !given.isSame && (request.tls.certificateFile == nil) == !given.isSame)
        #expect((request.pinnedAddress == nil) == !given.isSame && request.tls.caFile == "/ca.pem")
    }

    @Test func `what is not followed`() throws {
        #expect(throws: Redirect.Refusal.leavesTLS) { try next("https://a.example/", "http://a.example/") }
        for location in [
            "ftp://a.example/", "https://user:pass@b.example/", "mailto:a@b.example", "http://", String(repeating: "x", count: 9_000),
        ] {
            #expect(throws: Redirect.Refusal.unreadable, "\(location)") { try next("http://a.example/", location) }
        }
        #expect(try next("http://a.example/", nil) == nil)
        for status in [200, 300, 304, 404] { #expect(try next("http://a.example/", "/x", status: status) == nil) }
    }
}
