import Ambient
import HTTP
import JSONParsing
import Model
import Settings

/// Slack through an incoming webhook. The URL is the credential: it is never shown.
public struct SlackWebhook: WordedChannel, Serviced {
    public let name: String
    private let url: @Sendable () throws -> Secret
    /// Whom it asks, and how.
    public var service: Service

    /// - Parameter url: the secret of the webhook.
    public init(_ name: String, url: SecretSource, _ means: Means) {
        self.name = name
        self.url = means.secret(url, "the webhook URL of channel \(name)")
        service = Service("Slack", name: name, client: means.client, clock: means.clock)
    }

    public func draft(_ message: Message) -> Draft { SlackBlocks.draft(message, template) }

    public func deliver(_ message: Message) async -> Delivery {
        let (what, form) = ("webhook URL", "https://hooks.slack.com/services/…")
        do throws(Undelivered) {
            let url = try service.url(what, form: form, url)
            let response = try await service.send(
                .post, url.reveal(), body: SlackBlocks.payload(message, template).serializedBytes(), hiding: [url],
                hiddenURL: (what, form))
            return SlackWebhook.verdict.judge(response, now: service.clock.now())
        } catch {
            return error.delivery
        }
    }

    static let verdict = HTTPVerdict(
        service: "Slack", isSetup: { setupWords.contains($0.trimmedWord) }, refusal: refusal
    ) { status, body in
        explanation(word: body, status: status)
    }

    /// `{"ok": false, "error": "invalid_auth"}`, as Slack's methods and gateways before it answer with a 200.
    @Sendable private static func refusal(_ body: String) -> String? {
        guard body.utf8.first(where: { $0 > 0x20 }) == UInt8(ascii: "{"), let document = try? JSON(parsing: Array(body.utf8)),
            document["ok"]?.bool == false
        else { return nil }
        return document["error"]?.string ?? ""
    }

    /// What no other message would hear anything else than.
    private static let setupWords: Set = [
        "no_service", "no_service_id", "no_active_hooks", "invalid_token", "no_team", "team_disabled", "channel_not_found",
        "channel_is_archived", "action_prohibited", "posting_to_general_channel_denied", "user_not_found", "account_inactive",
        "token_revoked", "token_expired", "invalid_auth", "not_authed", "not_in_channel", "is_archived", "restricted_action",
        "accesslimited", "access_denied", "missing_scope", "org_login_required", "ekm_access_denied", "team_access_not_granted",
    ]

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
        case let word where setupWords.contains(word): return "\(word): the webhook may not post any more; \(newHook)"
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

extension String {
    /// A short answer without the blanks and line ends around it.
    fileprivate var trimmedWord: String {
        guard utf8.count <= 64 else { return "" }
        return String(decoding: utf8.filter { $0 > 0x20 }, as: UTF8.self)
    }
}
