import Ambient
import HTTP
import JSONParsing
import Model
import Simulator
import Synchronization
import TestKit
import Settings
import Testing

@testable import Notify

/// The bot against a Web API that keeps messages and threads as Slack does, and says what is wrong with status 200.
@Suite struct SlackBotTests {
    final class Service: Sendable {
        struct Post: Equatable {
            var ts: String
            var text: String
            var thread: String?
            var isBroadcast: Bool
            var edits = 0
        }

        enum Mishap {
            case word(String, headers: [String] = [])
            case status(Int, headers: [String])
            /// Does what it was asked, and answers nothing.
            case lost
        }

        struct State {
            var posts: [Post] = []
            /// Met by the next calls, one each.
            var mishaps: [Mishap] = []
            var calls: [String] = []
            var remarks: [String] = []
        }

        static let token = "xoxb-1-s3cretToken9876543"
        static let channel = "C0123456789"
        let state = Mutex(State())

        var posts: [Post] { state.withLock { $0.posts } }

        func answer(_ request: MisbehavingServer.Request, _ peer: Peer) {
            let method = String(request.path.drop { $0 == "/" }.split(separator: "/").last ?? "")
            state.withLock { $0.calls.append(method) }
            let mishap = state.withLock { $0.mishaps.isEmpty ? nil : $0.mishaps.removeFirst() }
            switch mishap {
            case .word(let word, let headers):
                return peer.answer(200, #"{"ok":false,"error":"\#(word)"}"#, headers: headers)
            case .status(let status, let headers): return peer.answer(status, "", headers: headers)
            case .lost, nil: break
            }
            let answer = act(method, request)
            if case .lost? = mishap { return peer.close() }
            peer.answer(200, answer.serialized(), headers: ["Content-Type: application/json; charset=utf-8"])
        }

        private func act(_ method: String, _ request: MisbehavingServer.Request) -> JSON {
            func no(_ word: String) -> JSON { ["ok": false, "error": .string(word)] }
            guard request.head.contains("Authorization: Bearer \(Self.token)\r\n") else { return no("invalid_auth") }
            guard let document = try? JSON(parsing: request.body) else { return no("invalid_json") }
            guard document["channel"]?.string == Self.channel else { return no("channel_not_found") }
            let payload = SlackPayload(body: request.body)
            guard payload.verdict == .ok else { return no("invalid_blocks") }
            return state.withLock { state in
                state.remarks += payload.remarks
                let text = document["text"]?.string ?? ""
                switch method {
                case "chat.postMessage":
                    let thread = document["thread_ts"]?.string
                    if let thread, !state.posts.contains(where: { $0.ts == thread }) { return no("thread_not_found") }
                    let ts = "1795230305.\(String(state.posts.count + 1_000_100).dropFirst())"
                    state.posts.append(
                        Post(
                            ts: ts, text: text, thread: thread, isBroadcast: document["reply_broadcast"]?.bool == true))
                    return ["ok": true, "channel": .string(Self.channel), "ts": .string(ts)]
                case "chat.update":
                    let ts = document["ts"]?.string ?? ""
                    guard let index = state.posts.firstIndex(where: { $0.ts == ts }) else {
                        return no("message_not_found")
                    }
                    state.posts[index].text = text
                    state.posts[index].edits += 1
                    return ["ok": true, "channel": .string(Self.channel), "ts": .string(ts)]
                default: return no("unknown_method")
                }
            }
        }
    }

    private static func sample(_ name: String) -> Message {
        // A name that is none ends the test process: it stands in this file.
        Sample.messages.first { $0.name == name }!.message
    }

    /// Delivers one after the other; the reference that one leaves is given to the next, as the outbox does.
    private func deliver(
        _ messages: [Message], to slack: Service, knownAs first: String? = nil, token: String = Service.token
    ) async throws -> [Delivery] {
        let server = try MisbehavingServer { slack.answer($0, $1) }
        defer { server.stop() }
        var settings = SlackSettings.Bot(token: .literal(Secret(token)), channel: Service.channel)
        settings.url = server.url + "/api"
        let deliveries = try await withClient { [settings] client in
            let channel = SlackBot("chat", settings, Means(client: client))
            var reference = first
            var deliveries: [Delivery] = []
            for message in messages {
                let delivery = await channel.deliver(message, knownAs: reference)
                if case .deliveredAs(let known) = delivery { reference = known }
                deliveries.append(delivery)
            }
            return deliveries
        }
        for delivery in deliveries { delivery.expectFitForLogs() }
        return deliveries
    }

    @Test func `opened => edited and told in the thread => resolved`() async throws {
        let slack = Service()
        let names = ["noisy-throttled", "noisy-extended", "noisy-resolved-lease-over"]
        let deliveries = try await deliver(names.map(Self.sample), to: slack)
        let place = "C0123456789/1795230305.000100"
        #expect(deliveries == [.deliveredAs(place), .deliveredAs(place), .deliveredAs(place)])
        let posts = slack.posts
        #expect(posts.count == 3 && posts[0].edits == 2 && posts[0].thread == nil)
        #expect(posts[0].text.hasPrefix("Resolved after"))
        #expect(posts[1].text.hasPrefix("Warning, action extended") && posts[1].thread == posts[0].ts)
        #expect(posts[2].text.hasPrefix("Resolved after") && posts[2].thread == posts[0].ts)
        #expect(posts.allSatisfy { !$0.isBroadcast })
        #expect(slack.state.withLock { $0.remarks }.isEmpty)
    }

    @Test func `opened again => in the thread, and for everybody`() async throws {
        let slack = Service()
        let names = ["noisy-throttled", "noisy-resolved-lease-over", "noisy-again"]
        _ = try await deliver(names.map(Self.sample), to: slack)
        #expect(slack.posts.map(\.isBroadcast) == [false, false, true])
        #expect(slack.posts[0].text.hasPrefix("Warning, again"))
    }

    @Test func `needs a person => in the thread, and for everybody`() async throws {
        let slack = Service()
        _ = try await deliver([Self.sample("noisy-throttled"), Self.sample("noisy-max-lease")], to: slack)
        #expect(slack.posts.map(\.isBroadcast) == [false, true])
    }

    @Test func `without a thread, an update or a resolution begins one`() async throws {
        for name in ["noisy-extended", "noisy-resolved-lease-over"] {
            let slack = Service()
            #expect(try await deliver([Self.sample(name)], to: slack).map { Kind($0) } == [.delivered])
            #expect(slack.posts.map(\.thread) == [nil])
        }
    }

    @Test func `a drill begins no thread and joins none`() async throws {
        let slack = Service()
        let messages = [Self.sample("noisy-throttled"), Self.sample("drill")]
        #expect(try await deliver(messages, to: slack).last == .delivered)
        #expect(slack.posts.map(\.thread) == [nil, nil] && slack.posts[0].edits == 0)
    }

    @Test func `an edit whose answer is lost is made again, and the thread tells it once`() async throws {
        let slack = Service()
        let messages = [Self.sample("noisy-throttled"), Self.sample("noisy-extended"), Self.sample("noisy-extended")]
        _ = try await deliver([messages[0]], to: slack)
        slack.state.withLock { $0.mishaps = [.lost] }
        let place = "C0123456789/1795230305.000100"
        let deliveries = try await deliver(Array(messages[1...]), to: slack, knownAs: place)
        #expect(deliveries.map { Kind($0) } == [.retry, .delivered])
        #expect(slack.posts.count == 2 && slack.posts[0].edits == 2)
    }

    @Test func `a message that somebody deleted is posted anew`() async throws {
        let slack = Service()
        let deliveries = try await deliver(
            [Self.sample("noisy-extended")], to: slack, knownAs: "C0123456789/1700000000.000001")
        #expect(deliveries == [.deliveredAs("C0123456789/1795230305.000100")])
        #expect(slack.posts.count == 1)
    }

    @Test func `a thread in a conversation that is no longer the configured one is left; a new one begins`() async throws {
        let slack = Service()
        let messages = [Self.sample("noisy-extended"), Self.sample("noisy-resolved-lease-over")]
        let deliveries = try await deliver(messages, to: slack, knownAs: "C0000000001/1700000000.000001")
        let place = "C0123456789/1795230305.000100"
        #expect(deliveries == [.deliveredAs(place), .deliveredAs(place)])
        #expect(slack.posts.map(\.thread) == [nil, slack.posts[0].ts])
        #expect(slack.state.withLock { $0.calls } == ["chat.postMessage", "chat.update", "chat.postMessage"])
    }

    @Test(
        "a message that may not be edited any more keeps its thread",
        arguments: ["edit_window_closed", "cant_update_message"])
    func uneditable(word: String) async throws {
        let slack = Service()
        _ = try await deliver([Self.sample("noisy-throttled")], to: slack)
        slack.state.withLock { $0.mishaps = [.word(word)] }
        let place = "C0123456789/1795230305.000100"
        let deliveries = try await deliver([Self.sample("noisy-extended")], to: slack, knownAs: place)
        #expect(deliveries == [.deliveredAs(place)])
        #expect(slack.posts.map(\.thread) == [nil, slack.posts[0].ts])
    }

    static let words: [(word: String, kind: Kind, says: String)] = [
        ("invalid_auth", .blocked, "install the app again"), ("token_revoked", .blocked, "install the app again"),
        ("missing_scope", .blocked, "chat:write"), ("channel_not_found", .blocked, "invite it there"),
        ("not_in_channel", .blocked, "invite it there"), ("is_archived", .blocked, "bring it back"),
        ("msg_too_long", .rejected, "report this as a bug"), ("invalid_blocks", .rejected, "report this as a bug"),
        ("restricted_action", .blocked, "ask its owner"), ("internal_error", .retry, "on its side"),
        ("fatal_error", .retry, "on its side"), ("service_unavailable", .retry, "on its side"),
        ("ratelimited", .retry, "too many messages"), ("rate_limited", .retry, "too many messages"),
        ("xoxb-1-s3cretToken9876543", .retry, "not known here"), ("", .retry, "not known here"),
    ]

    @Test("each of Slack's words", arguments: words.map(\.word))
    func word(word: String) async throws {
        let entry = try #require(Self.words.first { $0.word == word })
        let slack = Service()
        slack.state.withLock { $0.mishaps = [.word(word)] }
        let delivery = try #require(try await deliver([Self.sample("noisy-throttled")], to: slack).first)
        #expect(Kind(delivery) == entry.kind && delivery.reason.contains(entry.says), "\(delivery)")
    }

    @Test func `limited with a wait => not before, whichever way it says so`() async throws {
        let slack = Service()
        slack.state.withLock {
            $0.mishaps = [
                .word("ratelimited", headers: ["Retry-After: 30"]), .status(429, headers: ["Retry-After: 7"]),
            ]
        }
        let opened = Self.sample("noisy-throttled")
        let deliveries = try await deliver([opened, opened, opened], to: slack)
        #expect(deliveries.map(\.after) == [.seconds(30), .seconds(7), nil])
        #expect(deliveries.last?.isDelivered == true && slack.posts.count == 1)
    }

    static let yesses = [
        "", "ok", "[]", "{}", #"{"ok":"true"}"#, #"{"ok":true}"#, #"{"ok":true,"channel":"C0OPS"}"#,
        #"{"ok":true,"channel":"<!channel>","ts":"1.2"}"#, #"{"ok":true,"channel":"C0OPS","ts":"now"}"#,
        #"{"ok":true,"channel":"C0OPS","ts":1795230305.0001}"#, #"{"ok":false}"#,
    ]

    @Test("a yes that says nothing is none", arguments: yesses)
    func unreadable(body: String) async throws {
        let server = try MisbehavingServer { _, peer in peer.answer(200, body) }
        defer { server.stop() }
        var settings = SlackSettings.Bot(token: .literal(Secret(Service.token)), channel: Service.channel)
        settings.url = server.url
        let delivery = try await withClient { [settings] client in
            let channel = SlackBot("chat", settings, Means(client: client))
            return await channel.deliver(Self.sample("noisy-throttled"))
        }
        #expect(Kind(delivery) == .retry)
        delivery.expectFitForLogs()
    }

    static let places: [(text: String, isOne: Bool)] = [
        ("C0123456789/1795230305.000100", true), ("", false), ("C0", false), ("C0/", false), ("/1.2", false),
        ("C0/1.2/3", false), ("c0/1.2", false), ("C0/1.2 ", false), ("C0/<!here>", false),
    ]

    @Test("references", arguments: places.map(\.text))
    func place(text: String) {
        let place = SlackBot.Thread(text)
        #expect((place != nil) == Self.places.first { $0.text == text }?.isOne)
        #expect(place.map(\.text) ?? text == text)
    }
}
