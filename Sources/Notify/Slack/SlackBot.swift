import Ambient
import HTTP
import JSONParsing
import Model
import Settings

/// Slack through a bot: one message an incident, which always shows how things stand, and a thread below it with what
/// happened. The bot's token is the credential.
///
/// Where the thread is (`CHANNEL/TS`) is kept with the delivery.
public struct SlackBot: WordedChannel, Serviced {
    public let name: String
    private let settings: SlackSettings.Bot
    private let token: @Sendable () throws -> Secret
    /// Whom it asks, and how.
    public var service: Service

    public init(_ name: String, _ settings: SlackSettings.Bot, _ means: Means) {
        self.name = name
        self.settings = settings
        token = means.secret(settings.token, "the token of channel \(name)")
        service = Service("Slack", name: name, client: means.client, clock: means.clock)
    }

    public func draft(_ message: Message) -> Draft { SlackBlocks.draft(message, template) }

    public func deliver(_ message: Message) async -> Delivery { await deliver(message, knownAs: nil) }

    public func deliver(_ message: Message, knownAs reference: String?) async -> Delivery {
        do throws(Undelivered) {
            let token = try service.secret("token", token)
            let payload = SlackBlocks.payload(message, template)
            guard message.event != .drill else {
                _ = try await post(payload, in: settings.channel, token)
                return .delivered
            }
            guard let thread = reference.flatMap(Thread.init), isHere(thread), try await edit(payload, at: thread, token) else {
                return .deliveredAs(try await post(payload, in: settings.channel, token).text)
            }
            // Last, because it alone may not be said twice: the edit may.
            let reply = SlackBlocks.reply(message, template)
            _ = try await post(reply, in: thread.channel, under: thread, isNews: Wording(message).isForEverybody, token)
            return .deliveredAs(thread.text)
        } catch {
            return error.delivery
        }
    }

    /// The place of a message: that of an incident's thread.
    struct Thread: Equatable {
        let channel: String
        /// Slack's id of a message within its conversation: `1795230305.000100`.
        let ts: String

        var text: String { "\(channel)/\(ts)" }

        init?(_ text: String) {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { return nil }
            self.init(channel: parts[0], ts: parts[1])
        }

        /// Nil for what is no place.
        init?(channel: String?, ts: String?) {
            guard let channel, let ts, (2...40).contains(channel.utf8.count), (3...40).contains(ts.utf8.count),
                channel.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) }),
                ts.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") })
            else { return nil }
            (self.channel, self.ts) = (channel, ts)
        }
    }

    /// Whether a thread is in the conversation that is configured now: one elsewhere is left as it is, for nothing is known
    /// of that place any more, and nobody looks for us there. A person's id stands for a conversation with an id of its own.
    private func isHere(_ thread: Thread) -> Bool {
        let isPerson = settings.channel.utf8.first == UInt8(ascii: "U") || settings.channel.utf8.first == UInt8(ascii: "W")
        return thread.channel == settings.channel || (isPerson && thread.channel.utf8.first == UInt8(ascii: "D"))
    }

    // MARK: - Steps

    private func post(
        _ payload: JSON, in channel: String, under thread: Thread? = nil, isNews: Bool = false, _ token: Secret
    ) async throws(Undelivered) -> Thread {
        var document = payload.object ?? JSONObject()
        document["channel"] = .string(channel)
        if let thread {
            document["thread_ts"] = .string(thread.ts)
            if isNews { document["reply_broadcast"] = true }
        }
        switch try await ask("chat.postMessage", document, token) {
        case .said(let answer):
            guard let place = Thread(channel: answer["channel"]?.string, ts: answer["ts"]?.string) else {
                throw service.unreadable
            }
            return place
        case .refused(let word): throw Undelivered(SlackAPI.delivery(word))
        }
    }

    /// False when the message is gone and a new one is wanted. One that may not be edited any more stays as it is: its
    /// thread goes on.
    private func edit(_ payload: JSON, at thread: Thread, _ token: Secret) async throws(Undelivered) -> Bool {
        var document = payload.object ?? JSONObject()
        document["channel"] = .string(thread.channel)
        document["ts"] = .string(thread.ts)
        switch try await ask("chat.update", document, token) {
        case .said: return true
        case .refused("message_not_found"), .refused("thread_not_found"): return false
        case .refused("edit_window_closed"), .refused("cant_update_message"), .refused("update_failed"): return true
        case .refused(let word): throw Undelivered(SlackAPI.delivery(word))
        }
    }

    private enum Answer {
        case said(JSON)
        /// Slack's word for it.
        case refused(String)
    }

    /// Slack says most of what is wrong with status 200.
    private func ask(
        _ method: String, _ document: JSONObject, _ token: Secret
    ) async throws(Undelivered) -> Answer {
        let response = try await service.send(
            .post, "\(settings.url)/\(method)", headers: [.bearer(token)],
            body: JSON.object(document).serializedBytes(),
            bodyLimit: 1 << 20, hiding: [token])
        let now = service.clock.now()
        let answer = try? JSON(parsing: response.body.bytes)
        if response.status == 200, answer?["ok"]?.bool == false, let word = answer?["error"]?.string {
            let limits = ["ratelimited", "rate_limited", "message_limit_exceeded"]
            guard limits.contains(word) else { return .refused(word) }
            let wait = response.headers.retryAfter(now: now)
            throw Undelivered(.retry(after: wait, reason: "Slack answered \(word): too many messages"))
        }
        try SlackAPI.verdict.require(response, now: now)
        guard let answer, answer["ok"]?.bool == true else { throw service.unreadable }
        return .said(answer)
    }

}

/// What the words of Slack's Web API mean (docs.slack.dev, chat.postMessage and chat.update). Only words that are known are
/// shown: an answer may echo what was sent.
enum SlackAPI {
    static func delivery(_ word: String) -> Delivery {
        if let fault = messageFault(word) { return .rejected(reason: "Slack answered \(word): \(fault)") }
        if let explanation = explanation(word) { return .blocked(reason: "Slack answered \(word): \(explanation)") }
        switch word {
        case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org",
            "org_login_required", "ekm_access_denied":
            return .retry(after: nil, reason: "Slack answered \(word): something is wrong on its side")
        // It may pass; a message too many is better than one that nobody sees.
        default: return .retry(after: nil, reason: "Slack answered with a word that is not known here")
        }
    }

    /// What is wrong with this message alone; nil for all other words.
    private static func messageFault(_ word: String) -> String? {
        switch word {
        case "invalid_blocks", "invalid_blocks_format", "msg_too_long", "no_text", "invalid_arguments",
            "invalid_json", "json_not_object", "invalid_arg_name", "invalid_post_type", "as_user_not_supported":
            "it cannot read this message; please report this as a bug"
        case "cannot_reply_to_message", "thread_not_found": "the thread is gone"
        default: nil
        }
    }

    /// What is wrong with the set-up; nil for all other words.
    private static func explanation(_ word: String) -> String? {
        switch word {
        case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive":
            "the token is not valid any more; install the app again and put its token in the token file"
        case "not_allowed_token_type": "this is not a bot's token; use the one that begins with xoxb-"
        case "missing_scope", "no_permission": "the bot lacks the scope chat:write; add it and install the app again"
        case "channel_not_found", "not_in_channel", "user_not_found", "user_disabled", "cannot_dm_bot", "messages_tab_disabled":
            "the bot is not in that channel; invite it there, and write the channel's id"
        case "is_archived": "the channel is archived; bring it back"
        case "restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
            "access_denied", "accesslimited", "two_factor_setup_required", "action_prohibited", "posting_to_general_channel_denied",
            "team_access_not_granted", "external_channel_migrating", "user_is_restricted", "user_not_in_channel", "method_deprecated",
            "deprecated_endpoint", "enterprise_is_restricted", "is_inactive", "no_team", "team_disabled",
            "restricted_action_non_threadable_channel":
            "a rule of the workspace forbids the bot to post there; ask its owner"
        default: nil
        }
    }

    static let verdict = HTTPVerdict(service: "Slack") { status, _ in
        switch status {
        case 401, 403: "the bot may not do this; check its token and scopes"
        case 404: "there is no such method; check the URL"
        case 413: "the message is too long for it; please report this as a bug"
        case 400...499: "it will not take this message"
        default: nil
        }
    }
}
