import Ambient
import HTTP
import TestKit
import Settings
import Testing

@testable import Notify

/// Answers that tell of a wrong set-up with a status that usually tells of the message: they wait, and say what to do.
@Suite struct SetupFaultTests {
    static let answers: [(status: Int, body: String, says: String)] = [
        (400, "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>", "write https://"),
        (400, "Client sent an HTTP request to an HTTPS server.\n", "write https://"),
        (400, "Reason: You're speaking plain HTTP to an SSL-enabled server port.", "write https://"),
        (400, "Bad Request\nThis combination of host and port requires TLS.\n", "write https://"),
        (426, "Upgrade Required", "write https://"), (497, "", "write https://"),
        (400, "<html><center><h1>400 Bad Request</h1>No required SSL certificate was sent</center></html>", "client certificate"),
        (421, "Misdirected Request", "no such host"), (400, "Invalid Host header", "no such host"),
        (400, "HTTP request sent to HTTPS port", "write https://"), (400, "SSL_REQUIRED", "write https://"),
        (400, "invalid request: HTTP request on a TLS port", "write https://"), (400, "This port speaks TLS only", "write https://"),
        (400, "{\"error\":\"tls_required\"}", "write https://"), (400, "Must be accessed via HTTPS", "write https://"),
        (400, "This web server is running in SSL mode. Try the URL instead.", "write https://"),
        (400, "mutual TLS required", "client certificate"), (403, "forbidden: missing TLS client cert", "client certificate"),
        (400, "Blocked host: hooks.example.com", "no such host"), (400, "Host not allowed", "no such host"),
        (418, "<!DOCTYPE html><title>Blocked</title>", "with a web page"), (402, "", "402"),
        (407, "", "proxy"), (400, "user_not_found", "user_not_found"), (400, "invalid_token", "invalid_token"),
        (400, "no_team\n", "no_team"), (400, "channel_is_archived", "channel_is_archived"),
        (413, "<html><title>413 Request Entity Too Large</title></html>", "only short messages"), (411, "Length required", "in this form"),
        (406, "", "in this form"), (415, "{}", "in this form"), (431, "<html>x</html>", "with a web page"), (451, "", "451"),
        (422, "posting_to_general_channel_denied", "ask its owner"), (400, "token_revoked", "token_revoked"),
    ]

    private func deliver(_ status: Int, _ body: String, headers: [String] = []) async throws -> Delivery {
        let server = try MisbehavingServer { _, peer in peer.answer(status, body, headers: headers) }
        defer { server.stop() }
        let url = "\(server.url)/services/T1/B1/s3cretPath"
        return try await withClient { client in
            await SlackWebhook("ops", url: .literal(Secret(url)), Means(client: client)).deliver(Sample.messages[0].message)
        }
    }

    @Test("a set-up fault waits", arguments: answers.indices) func waits(index: Int) async throws {
        let (status, body, says) = Self.answers[index]
        let delivery = try await deliver(status, body)
        guard case .blocked(_, let reason) = delivery else {
            Issue.record("\(status) \(body): \(delivery)")
            return
        }
        #expect(reason.contains(says) && !reason.contains("s3cret"), "\(reason)")
    }

    @Test("a fault of the message is final", arguments: [(400, "invalid_blocks"), (400, "no_text"), (413, "too large"), (409, "")])
    func isFinal(status: Int, body: String) async throws {
        guard case .rejected = try await deliver(status, body) else {
            Issue.record("\(status) \(body)")
            return
        }
    }

    @Test("a redirect to TLS says so, and shows nothing of where it points")
    func redirect() async throws {
        let delivery = try await deliver(301, "", headers: ["Location: https://127.0.0.1/services/s3cretPath"])
        guard case .blocked(_, let reason) = delivery else {
            Issue.record("\(delivery)")
            return
        }
        #expect(reason.contains("a redirect to https: write https://") && !reason.contains("s3cret"), "\(reason)")
    }

    @Test("a 200 with Slack's word for an error was no delivery")
    func refusalWithSuccess() async throws {
        for word in ["invalid_auth", "channel_not_found", "user_not_found"] {
            guard case .blocked(_, let reason) = try await deliver(200, #" {"ok":false,"error":"\#(word)"}"#) else {
                Issue.record("\(word) counts as delivered, or is tried at once")
                continue
            }
            #expect(reason.hasPrefix("Slack answered 200 with an error: \(word): "), "\(reason)")
        }
        for body in [#"{"ok":false,"error":"ratelimited"}"#, #"{"ok":false}"#, #"{"ok":false,"error":{"s3cret":1}}"#] {
            guard case .retry(_, let reason) = try await deliver(200, body) else {
                Issue.record("\(body) counts as delivered")
                continue
            }
            #expect(reason.isSame(as: "Slack answered 200 with an error"), "\(reason)")
        }
        // Services that speak as Slack does answer in their own way where they took it.
        for body in ["ok", "", #"{"ok":true}"#, #"{"success":true}"#, "{", "{}"] {
            #expect(try await deliver(200, body) == .delivered, "\(body)")
        }
    }

    @Test("a 408 is no refusal of the message, nor told as one")
    func timedOut() async throws {
        #expect(try await deliver(408, "") == .retry(after: nil, reason: "Slack answered 408"))
    }
}
