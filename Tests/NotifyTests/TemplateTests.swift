import HTTP
import Model
import Simulator
import Testing

@testable import Notify

/// An operator's own texts: what they may name, and that no value in them is markup.
@Suite struct TemplateTests {
    private func text(_ text: String) throws -> MessageTemplate.Text { try MessageTemplate.Text(text) }

    private func template(
        headline: String? = nil, what: String? = nil, note: String? = nil, footer: String? = nil, subject: String? = nil
    ) throws -> MessageTemplate {
        var template = MessageTemplate()
        template.headline = try headline.map(text)
        template.what = try what.map(text)
        template.note = try note.map(text)
        template.footer = try footer.map(text)
        template.subject = try subject.map(text)
        return template
    }

    private func message(_ name: String) throws -> Message {
        try #require(Sample.messages.first { $0.name == name }).message
    }

    static let fills: [(text: String, shows: String)] = [
        ("{rule} on {runtime}", "noisy-neighbor on shared"), ("{where}", "app-clinic on shared"),
        ("{severity}, {app}, {summary}", "warning, app-clinic, One app takes most of the runtime."),
        ("{since}", "03:00:05 UTC on 2026-11-21"), ("{duration}", "5m"), ("{environment} {mode}", "production enforce"),
        ("{state}", "Warning"), ("{playbook}", "noisy-neighbor"), ("{origin}", "built-in ops_policy.default.yaml:88"),
        ("{incident}", "5f2c9a7b1d3e4f60-1795230305000"), ("{labels.topology}/{labels.team}", "shared/none"),
        ("{replica}", "none"), ("{{rule}} }}{{", "{rule} }{"), ("no place at all", "no place at all"), ("", ""),
        ("https://ops/{labels.team}/{app}?x={summary}", "https://ops//app-clinic?x=One%20app%20takes%20most%20of%20the%20runtime."),
    ]

    @Test("placeholders", arguments: fills.map(\.text))
    func fill(template: String) throws {
        let expected = try #require(Self.fills.first { $0.text == template }).shows
        #expect(Wording(try message("noisy-throttled")).filled(try text(template)).plain == expected)
    }

    static let faults: [(text: String, says: String, offset: Int)] = [
        ("{ap}", "no placeholder '{ap}'", 0), ("x {password}", "no placeholder '{password}'", 2), ("{", "without its '}'", 0),
        ("a}", "closes nothing", 1), ("{Rule}", "no placeholder '{Rule}'", 0), ("{labels.}", "no placeholder", 0),
        ("${HOME}", "no placeholder '{HOME}'", 1), ("<{app}>", "within <…>", 1), ("<!subteam^{app}>", "within <…>", 10),
        ("<@{labels.oncall}|x>", "within <…>", 2), ("a\u{1}b", "control character", 1),
        (String(repeating: "x", count: 501), "longer than 500", 0),
        (String(repeating: "{app}", count: 21), "more than 20", 0),
    ]

    @Test("what is wrong is said, with its place", arguments: faults.map(\.text))
    func fault(template: String) throws {
        let expected = try #require(Self.faults.first { $0.text == template })
        let fault = try #require(throws: TemplateFault.self) { try MessageTemplate.Text(template) }
        #expect(fault.message.contains(expected.says) && fault.offset == expected.offset, "\(fault)")
    }

    @Test func `a headline is one line`() {
        #expect(throws: TemplateFault.self) { try MessageTemplate.Text("a\nb", isOneLine: true) }
        #expect(throws: Never.self) { try MessageTemplate.Text("a\nb") }
    }

    static let headlines: [(name: String, text: String, headline: String)] = [
        ("noisy-throttled", "{rule} at {app}", "noisy-neighbor at app-clinic"),
        ("noisy-resolved-lease-over", "{rule} at {app}", "Resolved after 26m20s: noisy-neighbor at app-clinic"),
        ("noisy-again", "{rule}", "Warning, again: noisy-neighbor"),
        ("reminder", "{state} | {rule}", "Warning, still open after 3h | noisy-neighbor"),
        ("drill", "{state} | {rule}", "Drill, nothing to do: Drill, nothing to do | noisy-neighbor"),
        ("runtime-down-staging", "{rule}", "[staging] runtime-down"),
        ("runtime-down-staging", "{rule} in {environment}", "runtime-down in staging"),
        ("digest-storm", "{rule}", "Critical: storm of 34 incidents"),
    ]

    @Test("a headline never hides how it stands, or where", arguments: headlines.indices)
    func headline(index: Int) throws {
        let (name, text, headline) = Self.headlines[index]
        #expect(Wording(try message(name), try template(headline: text)).headline == headline)
    }

    @Test("no value is markup, in any channel's", arguments: Hostile.texts.map(\.name))
    func hostile(name: String) throws {
        let text = try #require(Hostile.texts.first { $0.name == name }).text
        let template = try template(
            headline: "{rule} {app}", what: "Look: {app}, {summary}", note: "<https://ops.example.com/{app}|the app {app}>",
            footer: "{runtime} · {labels.x}", subject: "{app}")
        let message = Hostile.message(text)
        // Slack: of the operator's own markup one link, and nothing else that could be one.
        let payload = SlackBlocks.payload(message, template)
        var angles = 0
        for block in payload["blocks"]?.array ?? [] {
            guard let words = block["text"]?["text"]?.string, block["text"]?["type"] == "mrkdwn" else { continue }
            angles += words.filter { $0 == "<" }.count
            #expect(!words.contains("<!") && !words.contains("<@") && !words.contains("<#"))
        }
        #expect(angles == 1)
        // GitHub, mail: no tag, and no mention.
        let from = try #require(MailAddress("ops@example.com"))
        let mail = EmailMessage.bytes(message, from: from, to: [from], channel: "ops", template: template)
        #expect(mail.allSatisfy { $0 == 13 || $0 == 10 || (32..<127).contains($0) })
        let html = EmailHTML.render(Outline(message, template), message)
        #expect(html.split(separator: "<a ").count == 2, "the operator's link, and no other")
        for tag in ["<script", "<img", "<!channel", "<@U012"] { #expect(!html.contains(tag)) }
    }

    @Test func `an operator's addresses become links, wherever they stand`() throws {
        let message = try message("noisy-throttled")
        let template = try template(note: "See https://ops.example.com/i/{incident}.")
        let address = "https://ops.example.com/i/5f2c9a7b1d3e4f60-1795230305000"
        let slack = SlackBlocks.payload(message, template).serialized()
        #expect(slack.contains("See <\(address)>."))
        #expect(EmailHTML.render(Outline(message, template), message).contains("<a href=\"\(address)\""))
        #expect(EmailText.render(Outline(message, template)).contains("\nSee \(address).\n"))
        #expect(PlainDetails.text(Wording(message, template)).contains("note: See \(address)."))
        #expect(GitHubText.body(message, mark: "", template).contains("See \(address)."))
    }

    @Test func `a mail's subject holds its conversation together`() throws {
        let template = try template(subject: "{environment}: {rule} at {app}")
        let names = ["noisy-throttled", "noisy-extended", "noisy-resolved-lease-over", "noisy-again"]
        let subjects = try names.map { EmailMessage.subject(Wording(try message($0), template)) }
        let subject = "production: noisy-neighbor at app-clinic"
        #expect(subjects == [subject] + Array(repeating: "Re: " + subject, count: 3))
    }

    @Test("the largest texts fit every service", arguments: ["&", "<", "x", "\u{1F469}"])
    func largest(letter: String) throws {
        let values = String(repeating: letter, count: 30_000)
        let own = String(repeating: "w", count: 380) + String(repeating: "{app}", count: 20)
        let template = try template(headline: own, what: own, note: own, footer: own)
        let payload = SlackPayload(
            body: SlackBlocks.payload(Hostile.message(values), template).serializedBytes())
        #expect(payload.remarks.isEmpty, "\(payload.remarks)")
    }

    @Test func `a template can name nothing but facts of the incident`() {
        // Whoever adds a fact here: it must be one that everybody may read who hears of an incident.
        let known: Set<String> = [
            "rule", "severity", "environment", "runtime", "app", "workflow", "replica", "summary", "condition", "playbook", "incident",
            "mode", "state", "where", "since", "duration", "origin",
        ]
        #expect(Set(MessageTemplate.Fact.allCases.map(\.rawValue)) == known)
    }
}
