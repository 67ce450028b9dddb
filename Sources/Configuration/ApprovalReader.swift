import Guard
import Model
import Settings
import YAML

/// How people say yes or no to an action besides the command line. From the configuration's `approvals` part.
public struct ApprovalSettings: Sendable {
    /// Reactions in Slack, polled outbound with the bot's token.
    public struct Slack: Sendable {
        /// Name of a `slack_bot` channel: on the messages that it posts a reaction counts.
        public let channel: String
        /// Slack's ids of those whose reaction counts: `U012AB3CD`. Nobody else's does.
        public let users: [String]
        /// Names of the two emoji, without colons.
        public var approve = "white_check_mark"
        public var deny = "no_entry"
    }

    public let slack: Slack?
}

extension ApprovalSettings {
    /// For `config show`: key and value in the order of the file's keys.
    var entries: [(String, String)] {
        guard let slack else { return [] }
        return [
            ("approvals.slack.channel", slack.channel),
            ("approvals.slack.users", "[" + slack.users.joined(separator: ", ") + "]"),
            ("approvals.slack.approve", slack.approve), ("approvals.slack.deny", slack.deny),
        ]
    }
}

extension ConfigurationReader {
    /// Reads `approvals`. The channel that it names goes to `named`, to be checked against those that exist.
    func approvals(
        _ fields: Fields, _ limits: inout GuardOptions, named: (String, YAMLNode) -> Void
    ) -> ApprovalSettings? {
        guard let inner = fields.section(Keys.approvals) else { return nil }
        if let span = reader.span(inner, ApprovalKeys.expire) { limits.approvalExpiry = span }
        var slack: ApprovalSettings.Slack?
        if let entry = inner.entry(ApprovalKeys.slack), let fields = Fields(entry.value, "'slack'", reporter, place: entry.key.start) {
            let channel = fields.node(SlackApprovalKeys.channel).flatMap { node -> String? in
                guard let name = reporter.string(node, "'channel'") else { return nil }
                named(name, node)
                return name
            }
            let users = fields.node(SlackApprovalKeys.users).flatMap { reporter.list($0, "'users'") }?.compactMap(slackUser)
            if let list = fields.node(SlackApprovalKeys.users.name), list.items?.isEmpty == true {
                reporter.report("type", "'users' is empty: nobody could approve", at: list, hint: "users: [U012AB3CD]")
            }
            let approve = fields.node(SlackApprovalKeys.approve).flatMap(emoji)
            let deny = fields.node(SlackApprovalKeys.deny).flatMap(emoji)
            fields.finish()
            if let channel, let users, !users.isEmpty {
                slack = ApprovalSettings.Slack(channel: channel, users: users)
                if let approve { slack?.approve = approve }
                if let deny { slack?.deny = deny }
                if slack?.approve == slack?.deny {
                    reporter.report("approvals", "'approve' and 'deny' are the same reaction", at: entry.key)
                }
            }
        }
        inner.finish()
        return ApprovalSettings(slack: slack)
    }

    private func slackUser(_ node: YAMLNode) -> String? {
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

    private func emoji(_ node: YAMLNode) -> String? {
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
