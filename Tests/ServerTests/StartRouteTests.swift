import Model
import Testing

@testable import Server

@Suite("start route")
struct StartRouteTests {
    /// What a target means: `app workflow`, with a `~` in front when only a normalising proxy makes it a start;
    /// nil for no start. Every direct one and every nil was confirmed on uvicorn with Starlette.
    struct Case: CustomTestStringConvertible, Sendable {
        let target: String
        let meaning: String?
        let why: String
        var testDescription: String { "\(why): \(target.prefix(60))" }

        init(_ target: String, _ meaning: String?, _ why: String) {
            (self.target, self.meaning, self.why) = (target, meaning, why)
        }
    }

    static let cases: [Case] = [
        Case("/api/chats/app/wf/start", "app wf", "plain"),
        Case("/api/chats/app/wf/start?x=/y", "app wf", "query"),
        Case("/api/chats/app/wf/start?", "app wf", "empty query"),
        Case("/api/chats/app/wf/start?/../../../../other", "app wf", "dots in the query"),
        Case("/api/chats/app/wf/start#x", "app wf", "fragment, which httptools cuts"),
        Case("/api/chats/app/wf/start#?x", "app wf", "fragment before a question mark"),
        Case("/api/chats/app#x/wf/start", "app#x wf", "fragment inside an id, which h11 keeps"),
        Case("http://host:80/api/chats/app/wf/start", "app wf", "absolute form"),
        Case("HTTPS://host/api/chats/app/wf/start?x", "app wf", "absolute form, other case"),
        Case("http://host/api/chats/app/wf", nil, "absolute form of something else"),
        Case("http://host", nil, "absolute form without a path"),
        Case("/%61pi/ch%61ts/%61pp/wf/st%61rt", "app wf", "encoded letters"),
        Case("/api/chats/a%70p/w%66/start", "app wf", "encoded letters in ids"),
        Case("/api%2Fchats%2fapp%2Fwf%2Fstart", "app wf", "encoded slashes are slashes"),
        Case("/api/chats/a%2Fb/wf/start", nil, "an encoded slash in an id makes a segment"),
        Case("/api/chats/app%2Fwf/start", "app wf", "an encoded slash between ids"),
        Case("/api/chats/a%252Fb/wf/start", "a%2Fb wf", "decoded once, not twice"),
        Case("/api/chats/%2561pp/wf/start", "%61pp wf", "decoded once"),
        Case("/api/chats/app/wf/start%0A", "app wf", "a dollar matches before a final line feed"),
        Case("/api/chats/app/wf/start%0A%0A", nil, "but only before one"),
        Case("/api/chats/app/wf/start%0D", nil, "and before no carriage return"),
        Case("/api/chats/a%0Ab/wf/start", "a\nb wf", "a line feed in an id"),
        Case("/api/chats/app/wf/start%3Fx", nil, "an encoded question mark is part of the path"),
        Case("/api/chats/app/wf/start%23x", nil, "an encoded fragment sign is part of the path"),
        Case("/api/chats/app/wf/start%00", nil, "NUL at the end"),
        Case("/api/chats/a%00b/wf/start", "a\u{0}b wf", "NUL in an id"),
        Case("/api/chats/a%zz%4/wf/start", "a%zz%4 wf", "invalid percent-encodings stay"),
        Case("/api/chats/%%41/wf/start", "%A wf", "a percent sign before an encoding"),
        Case("/api/chats/a+b/wf/start", "a+b wf", "a plus is a plus"),
        Case("/api/chats/a%20b/wf/start", "a b wf", "a space"),
        Case("/api/chats/%C3%A9/wf/start", "\u{E9} wf", "UTF-8"),
        Case("/api/chats/e%CC%81/wf/start", "e\u{301} wf", "the same letter, other bytes"),
        Case("/api/chats/A%FF/wf/start", "A\u{FFFD} wf", "not UTF-8"),
        Case("/api/chats/%C0%AF/wf/start", "\u{FFFD}\u{FFFD} wf", "an overlong slash is none"),
        Case("/api/chats/%E2%82/wf/start", "\u{FFFD} wf", "a cut-off sequence is one replacement"),
        Case("/api/chats/%F0%80%80/wf/start", "\u{FFFD}\u{FFFD}\u{FFFD} wf", "an impossible one is three"),
        Case("/api/chats/%ED%A0%80/wf/start", "\u{FFFD}\u{FFFD}\u{FFFD} wf", "a surrogate"),
        Case("/api/chats/%F4%90%80%80/wf/start", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD} wf", "beyond Unicode"),
        Case("/api/chats/app/../start", "app ..", "dots are a workflow's name"),
        Case("/api/chats/app/%2e%2E/start", "app ..", "encoded dots are, too"),
        Case("/api/chats/../wf/start", ".. wf", "and an app's"),
        Case("/api/chats/./wf/start", ". wf", "one dot"),
        Case("/api/chats/app/wf/start/", nil, "a trailing slash is a redirect"),
        Case("/api/chats/app/wf/start/.", nil, "the same, spelled with a dot"),
        Case("/api/chats/app/wf/start/..", nil, "leaves the route"),
        Case("/api/chats/app/wf/START", nil, "case counts"),
        Case("/API/chats/app/wf/start", nil, "case counts everywhere"),
        Case("/api/chats/APP/wf/start", "APP wf", "and in ids"),
        Case("/api/chats/app/start", nil, "a segment too few"),
        Case("/api/chats/app/wf/x/start", nil, "a segment too many"),
        Case("/api/chats//wf/start", nil, "an empty app"),
        Case("/api/chats/app%20/wf/start", "app wf", "white space around an app's id is none of it"),
        Case("/api/chats/%09%C2%A0app%E2%80%83%1F/wf/start", "app wf", "whatever white space"),
        Case("/api/chats/a%20pp/wf/start", "a pp wf", "within it is"),
        Case("/api/chats/app/wf%20/start", "app wf ", "and of a workflow's"),
        Case("/api/chats/%20/wf/start", "  wf", "nothing but white space stays"),
        Case("/api/chats/app//start", nil, "an empty workflow"),
        Case("/api/chats/app/wf/startx", nil, "more after start"),
        Case("/x/api/chats/app/wf/start", nil, "more before api"),
        Case("api/chats/app/wf/start", nil, "no slash in front"),
        Case("*", nil, "asterisk form"),
        Case("", nil, "empty"),
        Case("/", nil, "root"),
        Case("/api/chats/meta/app/wf", nil, "another endpoint"),
        Case("/ws/wf/app/chat/user", nil, "a websocket"),
        Case("//api/chats/app/wf/start", "~app wf", "a double slash in front"),
        Case("/api//chats/app/wf/start", "~app wf", "a double slash inside"),
        Case("/api/chats/app/wf//start", "~app wf", "a double slash before the end"),
        Case("/x/../api/chats/app/wf/start", "~app wf", "dots before api"),
        Case("/api/./chats/app/wf/start", "~app wf", "a dot segment"),
        Case("/api/chats/victim/../app/wf/start", "~app wf", "dots between ids name the app they lead to"),
        Case("/api/chats/victim/wf/start/../../../app/wf/start", "~app wf", "dots after a start"),
        Case("/api/chats/%2e%2e/chats/app/wf/start", "~app wf", "encoded dots"),
        Case("/api/chats/x%2F..%2Fapp/wf/start", "~app wf", "encoded slashes and dots"),
        Case("/../../api/chats/app/wf/start", "~app wf", "dots above the root"),
        Case("/%2Fapi/chats/app/wf/start", "~app wf", "an encoded double slash"),
    ]

    @Test("targets mean what the runtime takes them for", arguments: cases)
    func meaning(of wanted: Case) {
        let route = StartRoute(method: "POST", target: Array(wanted.target.utf8))
        let meaning = route.map { route in
            (route.spelling == .normalised ? "~".utf8.map { $0 } : []) + route.app.bytes + [0x20] + (route.pack?.bytes ?? [])
        }
        #expect(meaning == wanted.meaning.map { Array($0.utf8) }, "\(String(describing: route))")
    }

    /// Method, target, and `app workflow chat`.
    @Test(
        "websockets and inputs",
        arguments: [
            ("GET", "/ws/wf/app/chat/user", "app wf chat"), ("GET", "/ws/wf/%20app%0B/chat/user", "app wf chat"),
            ("GET", "/ws/wf/app/chat/user?token=/x", "app wf chat"),
            ("GET", "/%77s/w%66/a%70p/ch%61t/user", "app wf chat"), ("GET", "/ws%2Fwf%2Fapp%2Fchat%2Fuser", "app wf chat"),
            ("GET", "/ws/wf/app/chat/user%0A", "app wf chat"), ("GET", "/ws/../app/chat/user", "app .. chat"),
            ("GET", "http://h/ws/wf/app/chat/user", "app wf chat"), ("GET", "/ws/wf/app/chat/user#x", "app wf chat"),
            ("GET", "/x/../ws/wf/app/chat/user", "~app wf chat"), ("GET", "//ws/wf/app/chat/user", "~app wf chat"),
            ("GET", "/ws/wf/app/chat", nil), ("GET", "/ws/wf/app/chat/user/", nil), ("GET", "/ws/wf/app//user", nil),
            ("GET", "/WS/wf/app/chat/user", nil), ("GET", "/api/chats/app/wf/start", nil), ("POST", "/ws/wf/app/chat/user", nil),
            ("POST", "/chat/app/chat/user/input", "app - chat"), ("POST", "/ch%61t/app/%63hat/user/input?x", "app - chat"),
            ("POST", "/chat/app/chat/user/input%0A", "app - chat"), ("POST", "/chat/x/../app/chat/user/input", "~app - chat"),
            ("POST", "/chat/../chat/user/input", ".. - chat"), ("POST", "/chat/app/chat/user/inputs", nil),
            ("POST", "/chat/app/chat/input", nil), ("GET", "/chat/app/chat/user/input", nil),
            ("CONNECT", "/ws/wf/app/chat/user", "app wf chat"), ("CONNECT", "/api/chats/app/wf/start", nil),
            ("CONNECT", "/chat/app/chat/user/input", nil), ("CONNECT", "h:80", nil),
            ("post", "/chat/app/chat/user/input", nil), ("PUT", "/chat/app/chat/user/input", nil),
        ] as [(String, String, String?)])
    func chats(method: String, target: String, wanted: String?) {
        let meaning = StartRoute(method: method, target: Array(target.utf8)).map { route in
            func text(_ bytes: [UInt8]?) -> String { bytes.map { String(decoding: $0, as: UTF8.self) } ?? "-" }
            let mark = route.spelling == .normalised ? "~" : ""
            return "\(mark)\(text(route.app.bytes)) \(text(route.pack?.bytes)) \(text(route.chat))"
        }
        #expect(meaning == wanted)
    }

    @Test("an id of 4 kB is an id, encoded or not")
    func longIDs() throws {
        let id = String(repeating: "k", count: 4_096)
        let plain = try #require(StartRoute(method: "POST", target: Array("/api/chats/\(id)/wf/start".utf8)))
        #expect(plain.app == AppID(id))
        let encoded = String(repeating: "%6B", count: 4_096)
        #expect(StartRoute(method: "POST", target: Array("/api/chats/\(encoded)/wf/start".utf8)) == plain)
    }

    @Test("raw bytes that are no ASCII name the app they spell")
    func rawBytes() {
        let route = StartRoute(method: "POST", target: Array("/api/chats/".utf8) + [0xC3, 0xA9] + Array("/wf/start".utf8))
        #expect(route?.app == AppID("\u{E9}"))
    }
}
