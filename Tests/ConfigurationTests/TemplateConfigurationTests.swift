import Ambient
import Model
import Notify
import TestKit
import Testing
import YAML

@testable import Configuration

/// `template` and `template_file` of channels.
@Suite struct TemplateConfigurationTests {
    private func load(_ template: String, kind: String = "slack: {webhook_url: \"${HOOK}\"}") throws -> Configuration {
        let text = "schema: mozaiks.ops/config/v1\nchannels:\n  ops:\n    \(kind)\n    \(template)\n"
        return try ConfigurationLoader(in: Environment(["HOOK": "https://hooks.slack.com/services/s3cret"])).read(
            ("m.yaml", Array(text.utf8)))
    }

    private func faults(_ template: String, kind: String = "slack: {webhook_url: \"${HOOK}\"}") -> [Diagnostic] {
        do {
            _ = try load(template, kind: kind)
            return []
        } catch let error as ConfigurationErrors {
            return error.diagnostics
        } catch {
            return []
        }
    }

    @Test func `texts of a channel`() throws {
        let configuration = try load(#"template: {headline: "{rule} on {runtime}", footer: "on call: <@U123>"}"#)
        let template = try #require(configuration.channels.first).template
        #expect(template.headline == (try MessageTemplate.Text("{rule} on {runtime}")))
        #expect(template.footer?.pieces == [.literal("on call: <@U123>")])
        #expect(template.what == nil && template.note == nil)
    }

    static let bad: [(template: String, column: Int, says: String, hint: String)] = [
        (#"template: {headline: "{rule} {sevrity}"}"#, 34, "no placeholder '{sevrity}'", "did you mean 'severity'?"),
        (#"template: {headline: "{secret}"}"#, 27, "no placeholder '{secret}'", "known: rule, severity"),
        (#"template: {footer: "${HOOK}"}"#, 26, "no placeholder '{HOOK}'", "known: "),
        (#"template: {headlin: x}"#, 16, "has no key 'headlin'", "did you mean 'headline'?"),
        (#"template: {subject: x}"#, 16, "has no key 'subject'", ""),
        (#"template: {what: [x]}"#, 22, "must be text", ""),
        ("template: hello", 15, "must be a mapping", ""),
        ("template_file: /no/such/file", 20, "cannot read /no/such/file", ""),
    ]

    @Test("faults, with their places", arguments: bad.map(\.template))
    func faults(template: String) throws {
        let expected = try #require(Self.bad.first { $0.template == template })
        let fault = try #require(faults(template).first)
        #expect(fault.message.contains(expected.says), "\(fault)")
        #expect(expected.hint.isEmpty || fault.hint?.contains(expected.hint) == true, "\(fault)")
        #expect(fault.line == 5 && fault.column == expected.column, "\(fault)")
    }

    @Test func `a webhook has no texts, and a subject no changing parts`() {
        let hook = "webhook: {url: https://ops.example.com/x, secret: \"${HOOK}\"}"
        #expect(faults("template: {what: x}", kind: hook).first?.message.contains("sends data") == true)
        let mail = "email: {smtp: \"smtp://mail.example.com\", from: a@example.com, to: [b@example.com]}"
        #expect(faults("template: {subject: \"{rule}\"}", kind: mail).isEmpty)
        #expect(faults("template: {subject: \"{state} {rule}\"}", kind: mail).first?.message.contains("{state}") == true)
    }

    @Test func `a file of texts, and nothing shown of one that is none`() throws {
        let folder = TemporaryFolder()
        let good = folder.write("headline: '{rule}'\nnote: |\n  Who is on call:\n  https://ops.example.com\n", to: "t.yaml")
        let template = try #require(try load("template_file: \(good)").channels.first).template
        #expect(template.note?.pieces == [.literal("Who is on call:\nhttps://ops.example.com")])
        let wrong = folder.write("headline: '{rul}'\n", to: "w.yaml")
        let fault = try #require(faults("template_file: \(wrong)").first)
        #expect(fault.file == wrong && fault.line == 1 && fault.column == 12 && fault.sourceLine != nil, "\(fault)")
        for secret in ["xoxb-s3cretToken", "s3cretToken: [", "{a: s3cretToken}", "key: s3cretToken\n"] {
            let path = folder.write(secret, to: "secret")
            let faults = faults("template_file: \(path)")
            #expect(!faults.isEmpty)
            for fault in faults { #expect(!"\(fault)".contains("s3cretToken"), "\(fault)") }
        }
    }
}
