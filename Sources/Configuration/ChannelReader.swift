import Ambient
import Model
import YAML

/// Reads what kind a channel is of, and what that kind needs.
struct ChannelReader {
    let reader: ConfigurationReader

    private var reporter: Reporter { reader.reporter }

    /// The kind that a channel names; nil (reported, unless it names none) where it cannot be read.
    func read(_ channel: Fields) -> ChannelSettings.Kind? {
        let kinds: [(name: String, read: (YAMLNode.Entry) -> ChannelSettings.Kind?)] = [
            (ChannelKeys.slack.name, slack), (ChannelKeys.email.name, email), (ChannelKeys.webhook.name, webhook),
            (ChannelKeys.pagerDuty.name, pagerDuty), (ChannelKeys.alertmanager.name, alertmanager),
            (ChannelKeys.gitHubIssue.name, gitHubIssue),
        ]
        var found: (name: String, kind: ChannelSettings.Kind?)?
        for (name, read) in kinds {
            guard let entry = channel.entry(name) else { continue }
            if let found {
                reporter.report(
                    "kind", "'\(name)' stands beside '\(found.name)': a channel is of one kind", at: entry.key,
                    hint: "make two channels, and name both in 'routes:'")
                continue
            }
            found = (name, read(entry))
        }
        return found?.kind
    }

    private func fields(_ entry: YAMLNode.Entry) -> Fields? {
        let fields = Fields(entry.value, "'\(entry.name)'", reporter, place: entry.key.start)
        if let fields { found.tls = NetworkReader(reader: reader).tls(fields) }
        return fields
    }

    /// Of the kind that was read last; mail has its own.
    var tls: TLSFiles { found.tls }

    private let found = Found()
    private final class Found {
        var tls = TLSFiles()
    }

    init(reader: ConfigurationReader) {
        self.reader = reader
    }

    private func email(_ entry: YAMLNode.Entry) -> ChannelSettings.Kind? {
        EmailReader(reader: reader).read(entry).map { .email($0) }
    }

    /// A webhook, or a bot with its token.
    private func slack(_ entry: YAMLNode.Entry) -> ChannelSettings.Kind? {
        guard let fields = fields(entry) else { return nil }
        defer { fields.finish() }
        let token = reader.secret(fields, SlackKeys.token)
        let channel = fields.entry(SlackKeys.channel)
        guard token != nil || channel != nil else {
            return reader.secret(fields, SlackKeys.webhookURL, isRequired: true).map { .slack(webhookURL: $0) }
        }
        for name in ["webhook_url", "webhook_url_file", "webhook_url_env", "webhook_url_credential"] {
            guard let entry = fields.entry(name) else { continue }
            reporter.report("kind", "a webhook stands beside a bot: only one can be used", at: entry.key)
        }
        if token == nil { _ = reader.secret(fields, SlackKeys.token, isRequired: true) }
        let id = fields.required(SlackKeys.channel.name).flatMap { node -> String? in
            guard let id = reader.text(node, "'channel'") else { return nil }
            let isID =
                (2...40).contains(id.utf8.count)
                && id.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
            if isID { return id }
            reporter.report(
                "value", "'channel' must be the id of a Slack channel", at: node,
                hint: "such as C0123456789: at the end of the channel's details in Slack")
            return nil
        }
        let url = reader.url(fields, SlackKeys.apiURL)
        guard let token, let id else { return nil }
        return .slackBot(SlackBotSettings(token: token, channel: id, url: url))
    }

    private func webhook(_ entry: YAMLNode.Entry) -> ChannelSettings.Kind? {
        guard let fields = fields(entry) else { return nil }
        defer { fields.finish() }
        let url: SecretSource?
        if let node = fields.node(WebhookKeys.url.name), let text = node.text, BaseURL.trimmed(text).lowercased().hasPrefix("http") {
            url = address(node, text)
        } else {
            url = reader.secret(fields, WebhookKeys.url)
        }
        let secret = reader.secret(fields, WebhookKeys.secret)
        let authentication = AuthenticationReader(reader: reader).read(fields)
        guard let url, let secret else { return nil }
        return .webhook(WebhookSettings(url: url, secret: secret, authentication: authentication))
    }

    /// An address in the file itself: allowed, because not every one is secret; shown no more than if it were.
    func address(_ node: YAMLNode, _ raw: String) -> SecretSource? {
        // Its slash at the end may mean something to a webhook.
        guard let text = reader.text(node, "'url'").map(SecretSource.trim) else { return nil }
        // A query is allowed here, other than in a base URL.
        if let fault = BaseURL.fault(String(text.prefix { $0 != "?" })) {
            reporter.report("url", "'url': \(fault.message)", at: node.start, hint: fault.hint)
            return nil
        }
        guard text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            reporter.report("url", "'url': the URL has characters that must be encoded", at: node.start)
            return nil
        }
        return .literal(Secret(text))
    }

    private func pagerDuty(_ entry: YAMLNode.Entry) -> ChannelSettings.Kind? {
        guard let fields = fields(entry) else { return nil }
        defer { fields.finish() }
        let key = reader.secret(fields, PagerDutyKeys.routingKey)
        let url = reader.url(fields, PagerDutyKeys.url)
        let link = fields.node(PagerDutyKeys.link).flatMap { node -> String? in
            guard let text = reader.text(node, "'link'").map(SecretSource.trim) else { return nil }
            if text.lowercased().hasPrefix("https://") || text.lowercased().hasPrefix("http://") { return text }
            reporter.report(
                "url", "'link' must be a web address", at: node, hint: "such as https://ops.example.com/{incident}")
            return nil
        }
        return key.map { .pagerDuty(PagerDutySettings(routingKey: $0, url: url, link: link)) }
    }

    private func alertmanager(_ entry: YAMLNode.Entry) -> ChannelSettings.Kind? {
        guard let fields = fields(entry) else { return nil }
        defer { fields.finish() }
        let url = reader.url(fields, AlertmanagerKeys.url, hasAuth: true)
        let authentication = AuthenticationReader(reader: reader).read(fields)
        let token = reader.secret(fields, AlertmanagerKeys.token)
        let resend = reader.span(fields, AlertmanagerKeys.resend)
        if token != nil, authentication != .none, let entry = fields.entry(AuthenticationReader.key) {
            reporter.report("auth", "'auth' stands beside a token: only one can be used", at: entry.key)
        }
        return url.map {
            .alertmanager(
                AlertmanagerSettings(url: $0, token: token, resend: resend ?? .minutes(1), authentication: authentication))
        }
    }

    private func gitHubIssue(_ entry: YAMLNode.Entry) -> ChannelSettings.Kind? {
        guard let fields = fields(entry) else { return nil }
        defer { fields.finish() }
        let repository = fields.node(GitHubKeys.repository).flatMap { node -> String? in
            guard let text = reader.text(node, "'repository'") else { return nil }
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            if parts.count == 2, parts.allSatisfy({ reader.isName($0) && $0 != "." && $0 != ".." }) { return text }
            reporter.report("value", "'repository' must be an owner and a name", at: node, hint: "such as acme/ops")
            return nil
        }
        let token = reader.secret(fields, GitHubKeys.token)
        let labels = fields.node(GitHubKeys.labels).flatMap { node -> [String]? in
            let labels = reporter.strings(node, "'labels'") ?? []
            // It separates labels by commas where it is asked for them.
            if !labels.isEmpty, labels.allSatisfy({ (1...50).contains($0.count) && !$0.contains(",") }) {
                return labels
            }
            reporter.report(
                "value", "'labels' must be names of at most 50 characters, without commas", at: node,
                hint: "tickets are found again by the first of them")
            return nil
        }
        let url = reader.url(fields, GitHubKeys.apiURL)
        guard let repository, let token else { return nil }
        return .gitHubIssue(
            GitHubIssueSettings(repository: repository, token: token, labels: labels ?? ["mozaiks-ops"], url: url))
    }
}

extension ChannelSettings {
    /// For `config show`: the kind, and what it is without anything secret.
    var summary: (key: String, value: String) {
        switch kind {
        case .slack(let url): ("slack", "webhook from \(url.location)")
        case .email(let email): ("email", email.text)
        case .slackBot(let bot): ("slack", "bot in \(bot.channel), token from \(bot.token.location)")
        case .webhook(let hook):
            (
                "webhook",
                "URL from \(hook.url.location), signed with the secret from \(hook.secret.location)"
                    + (hook.authentication == .none ? "" : ", \(hook.authentication.shown)")
            )
        case .pagerDuty(let pager): ("pagerduty", "routing key from \(pager.routingKey.location)")
        case .alertmanager(let manager):
            (
                "alertmanager",
                "\(manager.url) every \(manager.resend)" + (manager.token.map { ", token from \($0.location)" } ?? "")
                    + (manager.authentication == .none ? "" : ", \(manager.authentication.shown)")
            )
        case .gitHubIssue(let issue):
            ("github_issue", "issues of \(issue.repository), token from \(issue.token.location)")
        }
    }
}
