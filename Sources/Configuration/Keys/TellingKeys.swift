import Model
import Telling

/// A channel of `channels`.
enum ChannelKeys {
    static let slack = SettingKey("slack", .section(SlackKeys.section), "A Slack webhook, or a bot with a token, which can also thread and read reactions")
    static let email = SettingKey("email", .section(EmailKeys.section), "Mail")
    static let webhook = SettingKey("webhook", .section(WebhookKeys.section), "Any receiver of signed JSON")
    static let pagerDuty = SettingKey("pagerduty", .section(PagerDutyKeys.section), "PagerDuty, by its Events API")
    static let alertmanager = SettingKey("alertmanager", .section(AlertmanagerKeys.section), "An Alertmanager")
    static let gitHubIssue = SettingKey("github_issue", .section(GitHubKeys.section), "Tickets in a repository on GitHub")
    static let pages = SettingKey(
        "pages", .flag, fallback: "true for pagerduty, false for others", "Whether it wakes people: it then has a budget, and is used in production only")
    static let rate = SettingKey("rate", .pace, fallback: "what such a service takes", "So many messages in so long at most")
    static let template = SettingKey("template", .section(TemplateKeys.section), "Words of your own for its messages")
    static let templateFile = SettingKey("template_file", .path, "A file with the same keys, instead")
    static let section = SettingSection(
        [slack, email, webhook, pagerDuty, alertmanager, gitHubIssue, pages, rate, template, templateFile],
        isOneOf: [slack, email, webhook, pagerDuty, alertmanager, gitHubIssue])
}

enum SlackKeys {
    static let webhookURL = SettingKey("webhook_url", .secret, "An incoming webhook; this, or the bot's `token` and `channel`")
    static let token = SettingKey("token", .secret, "The bot's token, `xoxb-…`")
    static let channel = SettingKey("channel", .text(example: "C0123456789"), "The id of the channel that the bot writes to")
    static let apiURL = SettingKey("api_url", .url, fallback: "Slack's own", "Where the API answers")
    static let section = SettingSection([webhookURL, token, channel, apiURL] + NetworkReader.tlsKeys)
}

/// Whether the way to a mail server must be encrypted.
enum EncryptionChoice: String, CaseIterable { case required, never }

enum EmailKeys {
    static let smtp = SettingKey(
        "smtp", .text(example: "smtps://mail.example.com:465"), isRequired: true, "The mail server; `smtp://` begins plain and is encrypted by STARTTLS")
    static let from = SettingKey("from", .text(example: "Operations <ops@example.com>"), isRequired: true, "Sender")
    static let to = SettingKey("to", .list(.text(example: "ops@example.com")), isRequired: true, "Recipients, at most 50")
    static let username = SettingKey("username", .text(), fallback: "nobody logs in", "Login at the server")
    static let password = SettingKey("password", .secret, "Its password")
    static let starttls = SettingKey(
        "starttls", .choice(of: EncryptionChoice.self), fallback: "required", "`never` sends plainly, and then without a login except on this machine")
    static let section = SettingSection([smtp, from, to, username, password, starttls, NetworkReader.caFile])
}

enum WebhookKeys {
    static let url = SettingKey("url", .secret, isRequired: true, "Where it is sent; an address that is no secret may stand here as it is")
    static let secret = SettingKey("secret", .secret, isRequired: true, "Key of the signature")
    static let section = SettingSection([url, secret, AuthenticationReader.key] + NetworkReader.tlsKeys)
}

enum PagerDutyKeys {
    static let routingKey = SettingKey("routing_key", .secret, isRequired: true, "Integration key of the service (Events API v2)")
    static let url = SettingKey("url", .url, fallback: "PagerDuty's own", "Where events go")
    static let link = SettingKey(
        "link", .text(example: "https://ops.example.com/{incident}"), fallback: "the incident below `server.public_url`", "A page about the incident")
    static let section = SettingSection([routingKey, url, link] + NetworkReader.tlsKeys)
}

enum AlertmanagerKeys {
    static let url = SettingKey("url", .url, isRequired: true, "Its base URL")
    static let token = SettingKey("token", .secret, "A bearer token for a proxy in front of it; this or `auth`")
    static let resend = SettingKey(
        "resend", .span(.seconds(5)...TimeSpan.hours(1)), fallback: "1m", "How often an open alert is sent again, so that it does not end there")
    static let section = SettingSection([url, token, AuthenticationReader.key, resend] + NetworkReader.tlsKeys)
}

enum GitHubKeys {
    static let repository = SettingKey("repository", .text(example: "acme/ops"), isRequired: true, "Owner and name")
    static let token = SettingKey("token", .secret, isRequired: true, "A token that may write issues there")
    static let labels = SettingKey(
        "labels", .list(.text()), fallback: "[mozaiks-ops]", "Labels of the tickets; they are found again by the first")
    static let apiURL = SettingKey("api_url", .url, fallback: "GitHub's own", "Where the API answers")
    static let section = SettingSection([repository, token, labels, apiURL] + NetworkReader.tlsKeys)
}

enum TemplateKeys {
    static let headline = SettingKey("headline", .text(example: "{severity}: {app}"), "First line")
    static let what = SettingKey("what", .text(), "What happened")
    static let note = SettingKey("note", .text(), "A text of your own below it")
    static let footer = SettingKey("footer", .text(), "Last line")
    static let subject = SettingKey("subject", .text(), "Subject of a mail: with what stays the same while an incident lasts")
    static let section = SettingSection([headline, what, note, footer, subject])
}

/// By which incidents are picked; each one text or several, `*` and `?` stand for anything.
enum MatchKeys {
    static let severity = SettingKey("severity", .list(.choice(of: Severity.self)), fallback: "all", "Severities")
    static let app = SettingKey("app", .list(.text(example: "app-*")), fallback: "all", "Apps")
    static let rule = SettingKey("rule", .list(.text()), fallback: "all", "Rules")
    static let runtime = SettingKey("runtime", .list(.text()), fallback: "all", "Runtimes")
    static let environment = SettingKey("environment", .list(.text()), fallback: "all", "Environments")
    static let labels = SettingKey("labels", .named("LABEL", .list(.text())), fallback: "all", "Labels of runtimes and rules")
    static let keys = [severity, app, rule, runtime, environment, labels]
    static let section = SettingSection(keys)
}

enum HoursKeys {
    static let hours = SettingKey("hours", .text(example: "22:00-07:00"), fallback: "the whole day", "Time of the day, in `timezone`")
    static let days = SettingKey("days", .list(.text(example: "mon-fri")), fallback: "all", "Days of the week on which it begins")
    static let keys = [hours, days]
}

enum RouteKeys {
    static let to = SettingKey("to", .list(.text()), isRequired: true, "Names of channels")
    static let stop = SettingKey("stop", .flag, fallback: "false", "Whether later routes are not asked once this one has sent something")
    static let pageOutsideProduction = SettingKey(
        "page_outside_production", .flag, fallback: "false", "Whether its channels may page in other environments")
    static let section = SettingSection(MatchKeys.keys + HoursKeys.keys + [to, stop, pageOutsideProduction])
}

enum MaintenanceKeys {
    static let match = SettingKey("match", .section(MatchKeys.section), fallback: "all incidents", "Which incidents it is about")
    static let comment = SettingKey("comment", .text(), "Why, for whoever reads it later")
    static let section = SettingSection(HoursKeys.keys + [match, comment])
}

enum ReminderKeys {
    static let range = TimeSpan.minutes(1)...TimeSpan.hours(7 * 24)
    static let section = SettingSection(
        Severity.allCases.reversed().map { severity in
            SettingKey(
                severity.rawValue, .word("never", or: .span(range)),
                fallback: TellingSettings().reminders[severity].map { "\($0)" } ?? "never", "For incidents that are \(severity.rawValue)")
        })
}

enum GroupingKeys {
    private static let usual = TellingSettings().grouping
    static let wait = SettingKey(
        "wait", .span(TimeSpan.zero...TimeSpan.minutes(30)), fallback: "\(usual.wait)", "How long others are waited for")
    static let from = SettingKey("from", .whole(2...1_000), fallback: "\(usual.from)", "So many at once become one message")
    static let limit = SettingKey("limit", .pace, fallback: "\(usual.limit)", "So many messages in so long, then a digest")
    static let section = SettingSection([wait, from, limit])
}

enum PageBudgetKeys {
    private static let usual = TellingSettings.PageBudget()
    static let pages = SettingKey(
        "pages", .whole(0...10_000), fallback: "\(usual.pages)", "So many openings page within the hours, then a digest; a critical one about a whole runtime pages all the same")
    static let hours = SettingKey("hours", .text(example: "22:00-07:00"), fallback: "\(usual.hours)", "The hours that it counts in")
    static let section = SettingSection([pages, hours, HoursKeys.days])
}
