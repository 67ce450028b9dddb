import Ambient
import HTTP
import Model

/// Slack through an incoming webhook. The URL is the credential: it is never shown.
public struct SlackWebhook: Channel {
    public let name: String
    private let url: @Sendable () throws -> Secret
    private let client: HTTPClient
    private let clock: any Clock
    /// For one attempt. Milliseconds.
    var timeoutMs = 10_000

    /// - Parameters:
    ///   - url: asked before each post, so that a rotated secret is used without a restart.
    ///   - clock: for a `Retry-After` that is a date, in an answer without one.
    public init(
        name: String, url: @escaping @Sendable () throws -> Secret, client: HTTPClient, clock: any Clock = SystemClock()
    ) {
        self.name = name
        self.url = url
        self.client = client
        self.clock = clock
    }

    public func deliver(_ message: Message) async -> Delivery {
        let secret: Secret
        do {
            secret = try url()
        } catch let failure as SecretSource.Failure {
            // A file that is missing or empty now may be back before the message is a day old.
            return .retry(after: nil, reason: failure.description)
        } catch {
            return .retry(after: nil, reason: "cannot read the webhook URL")
        }
        guard secret.isWebURL else { return unusable }
        var request = HTTPRequest(
            .post, secret.reveal(), headers: [HTTPField("Content-Type", "application/json; charset=utf-8")],
            body: SlackBlocks.payload(message).serializedBytes(), timeoutMs: timeoutMs, bodyLimit: 64 << 10,
            label: "Slack channel \(name)")
        request.hidesPath = true
        do {
            return SlackWebhook.verdict.judge(try await client.send(request), now: clock.now())
        } catch {
            if case .invalidURL = error.kind { return unusable }
            return .retry(after: nil, reason: Redaction(url: secret).clean("\(error)"))
        }
    }

    /// Nothing of the secret, nor what a library said about it: where it cannot be taken apart, any part may be secret.
    /// Tried again, because it may be mended before the message is a day old.
    private var unusable: Delivery {
        let form = "https://hooks.slack.com/services/…"
        return .retry(
            after: nil, reason: "the secret of Slack channel \(name) is not a webhook URL; it should read \(form)")
    }

    static let verdict = HTTPVerdict(service: "Slack") { status, body in
        explanation(word: body, status: status)
    }

    /// Slack's words in answer to a webhook (docs.slack.dev, "Sending messages using incoming webhooks"). Nothing else of
    /// an answer is shown: it may echo what was sent.
    private static func explanation(word: String, status: Int) -> String? {
        let newHook = "make a new webhook and put its URL in the secret file"
        switch word.trimmedWord {
        case "invalid_payload", "invalid_blocks", "no_text", "msg_too_long", "too_many_attachments":
            return "\(word.trimmedWord): it cannot read this message; please report this as a bug"
        case "no_service", "no_service_id", "no_active_hooks", "invalid_token":
            return "\(word.trimmedWord): the webhook is gone or switched off; \(newHook)"
        case "no_team", "team_disabled": return "\(word.trimmedWord): the workspace is gone or switched off"
        case "channel_not_found": return "channel_not_found: the webhook's channel is gone; \(newHook)"
        case "channel_is_archived": return "channel_is_archived: bring the channel back, or \(newHook)"
        case "action_prohibited", "posting_to_general_channel_denied", "user_not_found":
            return "\(word.trimmedWord): a rule of the workspace forbids the webhook to post there; ask its owner"
        case "rollup_error": return "rollup_error: something is wrong on its side"
        default: break
        }
        switch status {
        case 401, 403: return "the webhook may not post there; ask the workspace's owner, or \(newHook)"
        case 404, 410: return "the webhook or its channel is gone; \(newHook)"
        case 413: return "the message is too long for it; please report this as a bug"
        case 400...499: return "it will not take this message"
        default: return nil
        }
    }
}

extension Secret {
    /// Whether scheme and host stand where they should. Libraries are lenient and would take a path for a host, which
    /// is shown.
    fileprivate var isWebURL: Bool {
        let text = reveal().lowercased()
        guard let scheme = ["https://", "http://"].first(where: { text.hasPrefix($0) }) else { return false }
        return text.utf8.dropFirst(scheme.utf8.count).first.map {
            (48...57).contains($0) || (97...122).contains($0) || $0 == UInt8(ascii: "[")
        } ?? false
    }
}

extension String {
    /// A short answer without the blanks and line ends around it.
    fileprivate var trimmedWord: String {
        guard utf8.count <= 64 else { return "" }
        return String(decoding: utf8.filter { $0 > 0x20 }, as: UTF8.self)
    }
}
