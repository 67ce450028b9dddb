import Model
import Settings
import YAML

/// Who says yes or no to an action by reacting in Slack: reactions are polled outbound with the bot's token.
public struct SlackApprovals: Sendable {
    /// Name of a `slack_bot` channel: on the messages that it posts a reaction counts.
    public let channel: String
    /// Slack's ids of those whose reaction counts: `U012AB3CD`. Nobody else's does.
    public let users: [String]
    /// Names of the two emoji, without colons.
    public var approve = "white_check_mark"
    public var deny = "no_entry"

    public init(channel: String, users: [String]) {
        self.channel = channel
        self.users = users
    }

    private static let usual = SlackApprovals(channel: "", users: [])
    private static let channel = SettingKey(
        "channel", .text(), isRequired: true, "Name of a channel of `channels` that is a Slack bot's")
    private static let users = SettingKey(
        "users", .list(.text(example: "U012AB3CD")), isRequired: true, "Slack's ids of those whose reaction counts; nobody else's does")
    private static let approve = SettingKey("approve", .text(), fallback: usual.approve, "Emoji that says yes, without colons")
    private static let deny = SettingKey("deny", .text(), fallback: usual.deny, "Emoji that says no")
    public static let key = SettingKey(
        "slack", .section(SettingSection([channel, users, approve, deny])), "Reactions on the messages of a Slack bot")

    /// Nil where it is absent, or reported.
    /// - Parameters:
    ///   - approvals: the section that it stands in.
    ///   - named: hears the channel's name, to be checked against those that exist.
    public init?(_ approvals: Fields, _ reader: SettingReader, named: (String, YAMLNode) -> Void) {
        let reporter = reader.reporter
        guard let entry = approvals.entry(SlackApprovals.key),
            let fields = Fields(entry.value, "'slack'", reporter, place: entry.key.start)
        else { return nil }
        let channel = fields.node(SlackApprovals.channel).flatMap { node -> String? in
            guard let name = reporter.string(node, "'channel'") else { return nil }
            named(name, node)
            return name
        }
        let users = fields.node(SlackApprovals.users).flatMap { reporter.list($0, "'users'") }?
            .compactMap { SlackApprovals.user($0, reporter) }
        if let list = fields.node(SlackApprovals.users.name), list.items?.isEmpty == true {
            reporter.report("type", "'users' is empty: nobody could approve", at: list, hint: "users: [U012AB3CD]")
        }
        let approve = fields.node(SlackApprovals.approve).flatMap { SlackApprovals.emoji($0, reporter) }
        let deny = fields.node(SlackApprovals.deny).flatMap { SlackApprovals.emoji($0, reporter) }
        fields.finish()
        guard let channel, let users, !users.isEmpty else { return nil }
        self.init(channel: channel, users: users)
        if let approve { self.approve = approve }
        if let deny { self.deny = deny }
        if self.approve == self.deny {
            reporter.report("approvals", "'approve' and 'deny' are the same reaction", at: entry.key)
        }
    }

    /// For `config show`: key and value in the order of the file's keys.
    public var shown: [(key: String, value: String)] {
        [
            ("approvals.slack.channel", channel), ("approvals.slack.users", "[" + users.joined(separator: ", ") + "]"),
            ("approvals.slack.approve", approve), ("approvals.slack.deny", deny),
        ]
    }

    private static func user(_ node: YAMLNode, _ reporter: Reporter) -> String? {
        guard let id = reporter.string(node, "a user's id") else { return nil }
        let isID =
            (3...30).contains(id.utf8.count) && (id.hasPrefix("U") || id.hasPrefix("W"))
            && id.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
        guard isID else {
            reporter.report(
                "approvals", "'\(id)' is no user's id in Slack", at: node,
                hint: "such as U012AB3CD: in Slack, profile, ⋮, 'Copy member ID'")
            return nil
        }
        return id
    }

    private static func emoji(_ node: YAMLNode, _ reporter: Reporter) -> String? {
        guard let name = reporter.string(node, "an emoji's name") else { return nil }
        let isName =
            (1...100).contains(name.utf8.count)
            && name.utf8.allSatisfy { (48...57).contains($0) || (97...122).contains($0) || [39, 43, 45, 95].contains($0) }
        guard isName else {
            reporter.report("approvals", "'\(name)' is no emoji's name", at: node, hint: "without colons: white_check_mark")
            return nil
        }
        return name
    }
}
