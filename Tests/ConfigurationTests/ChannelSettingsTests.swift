import Actions
import Ambient
import Foundation
import Model
import Notify
import TestKit
import Testing
@testable import Configuration

/// Channels, each with what is its own.
@Suite struct ChannelSettingsTests {
    private func load(_ text: String) throws -> Configuration { try ConfigurationTests().load(text) }
    private func faults(_ text: String) -> String { ConfigurationTests().faults(text) }

    @Test func readsEmailChannels() throws {
        let configuration = try load(
            """
            schema: mozaiks.ops/config/v1
            channels:
              mail:
                email:
                  smtp: smtps://Mail.example.com/monitor.example.com
                  from: Operations <ops@example.com>
                  to: [dana@example.com, oncall@example.com, dana@Example.com]
                  username: ops
                  password_file: /run/secrets/smtp
                  ca_file: /etc/ssl/own.pem
              relay: {email: {smtp: "smtp://127.0.0.1:25", from: a@b.c, to: [d@e.f], starttls: never}}
            """)
        let settings = configuration.channels.map { $0.kind as? EmailChannel.Settings }
        let mail = try #require(settings[0])
        #expect(mail.server.description == "smtps://mail.example.com:465" && mail.server.greeting == "monitor.example.com")
        #expect(mail.from.description == "Operations <ops@example.com>")
        #expect(mail.to.map(\.address) == ["dana@example.com", "oncall@example.com"])
        #expect(mail.login?.user == "ops" && mail.login?.password == .file("/run/secrets/smtp"))
        #expect(mail.isEncrypted && mail.caFile == "/etc/ssl/own.pem")
        #expect(try #require(settings[1]).isEncrypted == false)
        #expect(
            configuration.text.contains(
                "channels.mail.email: smtps://mail.example.com:465 to dana@example.com, oncall@example.com, login ops with the "
                    + "password from file /run/secrets/smtp"))
    }

    static let emailFaults: [(keys: String, says: String)] = [
        ("smtp: http://x", "error[url]: 'smtp' is not the URL of a mail server"),
        ("smtp: smtps://u:s3cret@x", "error[url]: credentials do not stand in a URL"),
        ("smtp: smtp://x, starttls: never, username: u, password_env: P", "error[email]: a password is not sent unencrypted"),
        ("smtp: smtps://x, starttls: never", "error[email]: 'starttls' says nothing beside smtps"),
        ("smtp: smtp://x, starttls: maybe", "error[value]"),
        ("smtp: smtp://x, username: u", "error[missing-key]: 'email' needs 'password_file'"),
        ("smtp: smtp://x, password_env: P", "error[missing-key]: 'email' has a password and no 'username'"),
        ("smtp: smtp://x, username: u, password: s3cret", "error[secret]"),
    ]

    @Test(arguments: emailFaults.map(\.keys)) func saysWhatIsWrongWithAnEmailChannel(_ keys: String) throws {
        let says = try #require(Self.emailFaults.first { $0.keys == keys }).says
        let text = "schema: mozaiks.ops/config/v1\nchannels: {m: {email: {from: a@b.c, to: [d@e.f], \(keys)}}}\n"
        let report = faults(text)
        #expect(report.contains(says) && !report.contains("s3cret"), "\(report)")
    }

    static let channelKinds = """
        schema: mozaiks.ops/config/v1
        channels:
          chat: {slack: {token_file: secrets/slack, channel: C0123456789}}
          hook: {webhook: {url: "https://ops.example.com/hooks/s3cret?x=1", secret_file: /run/secrets/hook}}
          hidden: {webhook: {url_file: /run/secrets/url, secret: "${HOOK_SECRET}"}}
          page: {pagerduty: {routing_key_credential: pager, url: https://events.eu.pagerduty.com/, link: "https://ops.example.com/{incident}"}}
          alerts: {alertmanager: {url: http://127.0.0.1:9093, resend: 30s, token_env: AM_TOKEN}}
          quiet: {alertmanager: {url: http://127.0.0.1:9093}}
          tickets: {github_issue: {repository: acme/ops, token_file: /run/secrets/github, labels: [incident, ops]}}
        """

    @Test func everyKindOfChannelIsRead() throws {
        let configuration = try load(ChannelSettingsTests.channelKinds)
        #expect(configuration.warnings.isEmpty)
        #expect(!configuration.text.contains("s3cret") && !String(describing: configuration).contains("s3cret"))
        let lines = configuration.text.split(separator: "\n").filter { $0.hasPrefix("channels.") }
        #expect(
            lines.map { $0.split(separator: "  #")[0].description } == [
                "channels.chat.slack: bot in C0123456789, token from file conf/secrets/slack",
                "channels.hook.webhook: URL from a literal value, signed with the secret from file /run/secrets/hook",
                "channels.hidden.webhook: URL from file /run/secrets/url, signed with the secret from environment variable HOOK_SECRET",
                "channels.page.pagerduty: routing key from systemd credential pager",
                "channels.alerts.alertmanager: http://127.0.0.1:9093 every 30s, token from environment variable AM_TOKEN",
                "channels.quiet.alertmanager: http://127.0.0.1:9093 every 1m",
                "channels.tickets.github_issue: issues of acme/ops, token from file /run/secrets/github",
            ])
        guard let pager = configuration.channels[3].kind as? PagerDuty.Settings,
            let issue = configuration.channels[6].kind as? GitHubIssue.Settings
        else {
            Issue.record("PagerDuty and GitHub")
            return
        }
        #expect(pager.url == "https://events.eu.pagerduty.com" && pager.link == "https://ops.example.com/{incident}")
        #expect(issue.labels == ["incident", "ops"] && issue.url == "https://api.github.com")
    }

    static let channelFaults: [(line: String, says: String)] = [
        ("slack: {token_file: a, channel: '#ops'}", "must be the id of a Slack channel"),
        ("slack: {token_file: a}", "'slack' needs 'channel'"),
        ("slack: {channel: C0123}", "needs 'token_file'"),
        ("slack: {token_file: a, channel: C0123, webhook_url_file: b}", "a webhook stands beside a bot"),
        ("slack: {token: xoxb-s3cret, channel: C0123}", "'token' must not stand in the file"),
        ("webhook: {url: https://x.example}", "needs 'secret_file'"),
        ("webhook: {secret_file: a}", "needs 'url_file'"),
        ("webhook: {url: 'https://u:s3cret@x.example', secret_file: a}", "credentials do not stand in a URL"),
        ("webhook: {url: https://x.example, secret: s3cret}", "'secret' must not stand in the file"),
        ("pagerduty: {routing_key: s3cret}", "'routing_key' must not stand in the file"),
        ("pagerduty: {routing_key_file: a, url: nowhere}", "this is not an http or https URL"),
        ("pagerduty: {routing_key_file: a, link: 'javascript:x'}", "'link' must be a web address"),
        ("alertmanager: {}", "'alertmanager' needs 'url'"),
        ("alertmanager: {url: 'http://x:99999'}", "the URL's port is not one"),
        ("alertmanager: {url: 'http://[::1]:0'}", "the URL's port is not one"),
        ("alertmanager: {url: 'http://x:80a/api'}", "the URL's port is not one"),
        ("alertmanager: {url: http://x, resend: 1s}", "'resend' must be at least 5s"),
        ("github_issue: {repository: acme, token_file: a}", "must be an owner and a name"),
        ("github_issue: {repository: acme/../x, token_file: a}", "must be an owner and a name"),
        ("github_issue: {repository: acme/.., token_file: a}", "must be an owner and a name"),
        ("github_issue: {repository: acme/ops, token_file: a, labels: []}", "'labels' must be names"),
        ("github_issue: {repository: acme/ops, token_file: a, labels: ['a,b']}", "'labels' must be names"),
        ("github_issue: {repository: acme/ops, token: s3cret}", "'token' must not stand in the file"),
        ("alertmanager: {url: http://x}, pagerduty: {routing_key_file: a}", "a channel is of one kind"),
        ("pagerduti: {routing_key_file: a}", "did you mean 'pagerduty'?"),
    ]

    @Test(arguments: channelFaults.map(\.line)) func whatIsWrongWithAChannel(_ line: String) throws {
        let says = try #require(ChannelSettingsTests.channelFaults.first { $0.line == line }).says
        let report = faults("schema: mozaiks.ops/config/v1\nchannels:\n  ops: {\(line)}\n")
        #expect(report.contains(says) && !report.contains("s3cret"), "\(report)")
    }
}
