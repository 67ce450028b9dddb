import Ambient
import HTTP
import Model
import TestKit
import Testing

@testable import Notify

/// Reading reactions from a service that misbehaves: what cannot be read whole approves nothing.
@Suite struct SlackReactionsTests {
    static let place = "C0123/1795230305.000100"

    static func good(_ reactions: String) -> String {
        #"{"ok":true,"type":"message","channel":"C0123","message":{"ts":"1795230305.000100","text":"x"\#(reactions)}}"#
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var status = 200
        let body: String
        /// Nil: later.
        let expected: SlackReactions.Answer?
        var testDescription: String { name }
    }

    private static func found(_ pairs: [(String, String)]) -> SlackReactions.Answer {
        .reactions(Set(pairs.map { SlackReactions.Reaction(emoji: $0.0, user: $0.1) }))
    }

    static let cases = [
        Case(name: "none", body: good(""), expected: found([])),
        Case(
            name: "two people, one with a skin tone",
            body: good(#","reactions":[{"name":"white_check_mark","users":["U1"],"count":1},{"name":"+1::skin-tone-2","users":["U2"]}]"#),
            expected: found([("white_check_mark", "U1"), ("+1", "U2")])),
        Case(name: "gone", body: #"{"ok":false,"error":"message_not_found"}"#, expected: .gone),
        Case(
            name: "another channel's message", body: good("").replacing("C0123", with: "C9999"), expected: nil),
        Case(
            name: "another message", body: good("").replacing("000100", with: "000200"), expected: nil),
        Case(name: "a file, no message", body: good("").replacing("\"message\",", with: "\"file\","), expected: nil),
        Case(name: "reactions of another shape", body: good(#","reactions":{"white_check_mark":["U1"]}"#), expected: nil),
        Case(
            name: "one entry that cannot be read spoils all",
            body: good(#","reactions":[{"name":"white_check_mark","users":["U1"]},{"name":"x","users":[7]}]"#), expected: nil),
        Case(name: "no name", body: good(#","reactions":[{"users":["U1"]}]"#), expected: nil),
        Case(name: "no JSON", body: "<html>login</html>", expected: nil),
        Case(name: "ok is a text", body: good("").replacing("true", with: "\"true\""), expected: nil),
        Case(name: "empty", body: "", expected: nil),
        Case(name: "limited", body: #"{"ok":false,"error":"ratelimited"}"#, expected: nil),
        Case(name: "no scope", body: #"{"ok":false,"error":"missing_scope"}"#, expected: nil),
        Case(name: "an error that echoes the token", body: #"{"ok":false,"error":"xoxb-token-1"}"#, expected: nil),
        Case(name: "busy", status: 503, body: "", expected: nil),
        Case(
            name: "yes with status 500", status: 500, body: good(#","reactions":[{"name":"white_check_mark","users":["U1"]}]"#),
            expected: nil),
    ]

    @Test("answers", arguments: cases)
    func answers(_ given: Case) async throws {
        let server = try MisbehavingServer { _, peer in peer.answer(given.status, given.body) }
        defer { server.stop() }
        let answer = try await withClient { client in
            await SlackReactions(
                name: "chat", url: server.url + "/api", token: { Secret("xoxb-token-1") }, client: client
            ).read(SlackReactionsTests.place)
        }
        if let expected = given.expected {
            #expect(answer == expected)
        } else if case .later(_, let reason) = answer {
            #expect(!reason.contains("xoxb-token-1"), "\(reason)")
        } else {
            Issue.record("\(answer)")
        }
    }

    @Test("a reference that is none asks nobody")
    func noReference() async throws {
        let answers = try await withClient { client in
            let reader = SlackReactions(name: "chat", url: "http://127.0.0.1:1", token: { Secret("t") }, client: client)
            var answers: [SlackReactions.Answer] = []
            for odd in ["", "C0123", "C0123/../x", "c0123/1.1", "C0123/1&x=2"] { answers.append(await reader.read(odd)) }
            return answers
        }
        #expect(answers.allSatisfy { $0 == .gone })
    }
}
