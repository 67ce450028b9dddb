import Ambient
import Model
import Settings
import YAML

/// Slack: a webhook that posts, or a bot that also edits, threads and reads reactions.
public enum SlackSettings: ChannelKind {
    case webhook(url: SecretSource)
    case bot(Bot)

    public struct Bot: Sendable, Equatable {
        /// `xoxb-…` with the scope `chat:write`.
        public var token: SecretSource
        /// The conversation's id, `C0123456789`.
        public var channel: String
        /// Without the method.
        public var url = "https://slack.com/api"

        public init(token: SecretSource, channel: String) {
            self.token = token
            self.channel = channel
        }
    }

    private static let webhookURL = SettingKey("webhook_url", .secret, "An incoming webhook; this, or the bot's `token` and `channel`")
    private static let token = SettingKey("token", .secret, "The bot's token, `xoxb-…`")
    private static let channel = SettingKey("channel", .text(example: "C0123456789"), "The id of the channel that the bot writes to")
    private static let apiURL = SettingKey("api_url", .url, fallback: "Slack's own", "Where the API answers")
    public static let key = SettingKey(
        "slack", .section(SettingSection([webhookURL, token, channel, apiURL] + TLSReader.keys)),
        "A Slack webhook, or a bot with a token, which can also thread and read reactions")
    /// One a second; short bursts are allowed.
    public static let pace: Pace? = Pace(10, in: .seconds(10))

    public init?(_ fields: Fields, _ reader: SettingReader) {
        let token = reader.secret(fields, SlackSettings.token)
        guard token != nil || fields.entry(SlackSettings.channel) != nil else {
            guard let url = reader.secret(fields, SlackSettings.webhookURL, isRequired: true) else { return nil }
            self = .webhook(url: url)
            return
        }
        for form in SecretReader.forms {
            guard let entry = fields.entry(SlackSettings.webhookURL.name + form.suffix) else { continue }
            reader.reporter.report("kind", "a webhook stands beside a bot: only one can be used", at: entry.key)
        }
        if token == nil { _ = reader.secret(fields, SlackSettings.token, isRequired: true) }
        let id = fields.required(SlackSettings.channel.name).flatMap { SlackSettings.id($0, reader) }
        let url = reader.url(fields, SlackSettings.apiURL)
        guard let token, let id else { return nil }
        var bot = Bot(token: token, channel: id)
        if let url { bot.url = url }
        self = .bot(bot)
    }

    private static func id(_ node: YAMLNode, _ reader: SettingReader) -> String? {
        guard let id = reader.text(node, "'channel'") else { return nil }
        let isID = (2...40).contains(id.utf8.count) && id.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
        if isID { return id }
        reader.reporter.report(
            "value", "'channel' must be the id of a Slack channel", at: node,
            hint: "such as C0123456789: at the end of the channel's details in Slack")
        return nil
    }

    public var summary: String {
        switch self {
        case .webhook(let url): "webhook from \(url.location)"
        case .bot(let bot): "bot in \(bot.channel), token from \(bot.token.location)"
        }
    }

    public var secrets: [SecretUse] {
        switch self {
        case .webhook(let url): [SecretUse(url, "the webhook URL")]
        case .bot(let bot): [SecretUse(bot.token, "the token")]
        }
    }

    public func channel(_ name: String, _ means: Means) -> any Channel {
        switch self {
        case .webhook(let url): SlackWebhook(name, url: url, means)
        case .bot(let bot): SlackBot(name, bot, means)
        }
    }
}
