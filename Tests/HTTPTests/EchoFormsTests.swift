import Ambient
import TestKit
import Testing

@testable import HTTP

/// A secret is found in an answer in whatever form an encoder gave it.
@Suite struct EchoFormsTests {
    /// Secret, what the server writes for it.
    static let forms: [(secret: String, written: String)] = [
        ("secret-token-5c1d", #"\u0073ecret-token-5c1d"#), ("c2VjcmV0LXRva2Vu==", #"c2VjcmV0LXRva2Vu\u003d\u003D"#),
        ("ab/cd/efgh/5c1d", #"ab\/cd\/efgh\/5c1d"#), ("ab&cd&efgh&5c1d", #"ab\u0026cd\u0026efgh\u00265c1d"#),
        ("ab&cd&efgh&5c1d", "ab&amp;cd&#38;efgh&#x26;5c1d"), ("ab/cd/efgh/5c1d", "ab%2fcd%2Fefgh%2f5c1d"),
        ("ab&cd&efgh&5c1d", #"ab\u0026amp;cd\\u0026efgh%265c1d"#), ("ab/cd/efgh/5c1d", "ab%252Fcd%252fefgh/5c1d"),
        ("pass wörd ✓ 😀 5c1d", #"pass w\u00f6rd \u2713 \ud83d\ude00 5c1d"#), ("pass wörd 5c1d", "pass+w%C3%B6rd+5c1d"),
        ("pass wörd 5c1d", "pass&#32;w&#246;rd%205c1d"), (#"a\b"c"d-5c1d-x"#, #"a\\b\"c\"d-5c1d-x"#),
        (#"a\b"c"d-5c1d-x"#, #"a\b"c"d-5c1d-x"#),
        ("ab%2Fcd/ef-5c1d", #"ab%2Fcd\/ef-5c1d"#), ("ab%2Fcd/ef-5c1d", "ab%252Fcd%2Fef-5c1d"),
        ("héllo-wörld-5c1d", #"h\xc3\xa9llo-w\xc3\xb6rld-5c1d"#),
        ("tail\\", #"tail\\"#), ("100%25-of-5c1d", #"100%25-of-\u0035c1d"#),
    ]

    private func places(_ secret: String, _ text: String) -> [String] {
        Array(text.utf8).withUnsafeBytes { bytes in
            EchoSearch(Array(secret.utf8), in: bytes).places.map { String(decoding: bytes[$0], as: UTF8.self) }
        }
    }

    @Test("found whole, and nothing beside it", arguments: forms.indices) func found(index: Int) {
        let (secret, written) = Self.forms[index]
        #expect(places(secret, #"{"detail": "\u00abbad\u00bb "# + written + #" \n& 100%", "x": 1}"#) == [written])
    }

    @Test func `a beginning is enough, another text is not`() {
        #expect(places("secret-token-5c1dabcd", #"\u0073ecret-token-5c…"#) == [#"\u0073ecret-token-5c"#])
        #expect(places("secret-token-5c1dabcd", #"\u0073ecret-tok"#) == [])
        for text in ["", "%", "\\", "&", "\\u", "\\u00", "&#", "&#x;", "&#99999999;", "%4", "\\ud83d", "\\ud83d\\u0041", "&amp"] {
            #expect(places("secret", text) == [], "\(text)")
        }
    }

    private func answer(_ request: HTTPRequest, _ status: Int, _ body: String, proxy: Secret? = nil) -> String {
        let answer = HTTPResponse(
            status: status, headers: HTTPHeaders(), body: ResponseBody(bytes: body.utf8), elapsedMs: 0, reusedConnection: false,
            staleRetries: 0, remoteAddress: "", effectiveURL: "")
        return Echo.hidden(in: answer, of: request, proxy: proxy).body.text
    }

    @Test("of basic auth the password, too", arguments: [401, 500, 200]) func password(status: Int) {
        let request = HTTPRequest(.get, "http://rt.example/x", headers: [.basic(user: "ops", password: Secret("pass/word-5c1d"))])
        for echo in ["pass/word-5c1d", #"pass\/word-5c1d"#, "Basic b3BzOnBhc3Mvd29yZC01YzFk"] {
            let text = answer(request, status, #"{"detail":"bad: \#(echo)"}"#)
            #expect(!text.contains("5c1d") && !text.contains("b3Bz") && text.hasPrefix(#"{"detail":"bad: "#), "\(text)")
        }
    }

    @Test func `what a URL, a body and a proxy's address hold is hidden`() {
        var request = HTTPRequest(.post, "https://ops:pw-in%2Furl-1@rt.example/hooks/T0123456789abc?token=abc%26def-2&state=open")
        request.hidesPath = true
        request.secrets = [Secret("routing-key-3")]
        let text = answer(
            request, 403, "pw-in/url-1 abc&amp;def-2 routing-key-3 T0123456789abc open proxy-pw-4 hooks",
            proxy: Secret("http://us:proxy-pw-4@proxy:1"))
        #expect(!["url-1", "def-2", "key-3", "T0123", "pw-4"].contains { text.contains($0) }, "\(text)")
        #expect(text.contains("open") && text.hasSuffix("hooks"), "\(text)")
        request.hidesPath = false
        #expect(answer(request, 403, "T0123456789abc mozaiks").contains("T0123456789abc"), "a path that is no secret is shown")
    }

    @Test func `a short secret is hidden as a word of its own, where the request was refused`() {
        let request = HTTPRequest(.get, "http://rt.example/x", headers: [.bearer(Secret("ab"))])
        #expect(answer(request, 401, #"{"detail":"bad token ab, about absolute"}"#) == #"{"detail":"bad token **, about absolute"}"#)
        #expect(answer(request, 200, #"{"ab":1}"#) == #"{"ab":1}"#)
    }

    @Test func `what was JSON stays JSON`() {
        for (secret, body, hidden) in [
            ("nothing-5c1d", #"{"a":"\nothing-5c1d"}"#, #"{"a":"*************"}"#),
            (#"secret-5c1d\"#, #"{"a":"secret-5c1d\\"}"#, #"{"a":"*************"}"#),
        ] {
            let request = HTTPRequest(.get, "http://rt.example/x", headers: [.bearer(Secret(secret))])
            #expect(answer(request, 401, body) == hidden)
        }
    }
}
