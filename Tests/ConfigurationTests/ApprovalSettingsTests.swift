import Ambient
import Model
import Testing

@testable import Configuration
@testable import Policy

/// `approvals` of the configuration, and what a rule's list of actions may not say.
@Suite struct ApprovalSettingsTests {
    private func load(_ approvals: String) -> Result<Configuration, ConfigurationErrors> {
        let text = """
            schema: mozaiks.ops/config/v1
            channels:
              chat: {slack: {token: "${T}", channel: C0123456789}}
              hook: {slack: {webhook_url: "${T}"}}
            approvals: \(approvals)
            """
        let loader = ConfigurationLoader(ConfigurationFlags(), in: Environment(["T": "https://x.example.com"]), isRoot: true)
        do throws(ConfigurationErrors) {
            return .success(try loader.read(("mozaiks-ops.yaml", Array(text.utf8))))
        } catch {
            return .failure(error)
        }
    }

    @Test func isRead() throws {
        let configuration = try load("{expire: 2h, slack: {channel: chat, users: [U012AB3CD, WZ9], deny: x}}").get()
        #expect(configuration.actionLimits.approvalExpiry == .hours(2))
        let slack = try #require(configuration.slackApprovals)
        #expect(slack.channel == "chat" && slack.users == ["U012AB3CD", "WZ9"])
        #expect(slack.approve == "white_check_mark" && slack.deny == "x")
    }

    @Test("`config show` says who may say yes, where, and which line says so")
    func isShown() throws {
        let shown = try load("{slack: {channel: chat, users: [U012AB3CD, WZ9], deny: x}}").get().entries
        func line(_ key: String) -> String? { shown.first { $0.key == key }.map { "\($0.value) \($0.origin)" } }
        #expect(line("approvals.slack.channel") == "chat mozaiks-ops.yaml:5")
        #expect(line("approvals.slack.users") == "[U012AB3CD, WZ9] mozaiks-ops.yaml:5")
        #expect(line("approvals.slack.approve") == "white_check_mark \(SettingOrigin.builtIn)")
        #expect(line("approvals.slack.deny") == "x mozaiks-ops.yaml:5")
        #expect(try load("{expire: 2h}").get().entries.allSatisfy { !$0.key.hasPrefix("approvals.slack") })
    }

    @Test(
        "what is wrong is said, with what was meant",
        arguments: [
            ("{expire: soon}", "'expire' must be a length of time"), ("{expire: 200h}", "at most 3d"),
            ("{expires: 2h}", "did you mean 'expire'?"), ("{slack: {users: [U012AB3CD]}}", "'channel'"),
            ("{slack: {channel: chat}}", "'users'"), ("{slack: {channel: chat, users: []}}", "nobody could approve"),
            ("{slack: {channel: chat, users: [ann]}}", "'ann' is no user's id in Slack"),
            ("{slack: {channel: chatt, users: [U012AB3CD]}}", "did you mean 'chat'?"),
            ("{slack: {channel: hook, users: [U012AB3CD]}}", "'hook' is no Slack bot's"),
            ("{slack: {channel: chat, users: [U012AB3CD], approve: ':ok:'}}", "is no emoji's name"),
            ("{slack: {channel: chat, users: [U012AB3CD], approve: x, deny: x}}", "the same reaction"),
        ])
    func faults(text: String, expected: String) {
        guard case .failure(let errors) = load(text) else {
            Issue.record("\(text) should not load")
            return
        }
        #expect(errors.description.contains(expected), "\(errors.description)")
    }

    @Test func twoMessagesInOneListAreOneTooMany() {
        let text = """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            rules:
              r: {subject: app, when: active_runs > 5, severity: info, summary: s,
                  actions: [notify: {channels: [a]}, notify: {channels: [b]}]}
            """
        let result = PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))])
        guard case .failure(let errors) = result else {
            Issue.record("should not load")
            return
        }
        #expect(errors.description.contains("'notify' stands twice"))
        #expect(errors.description.contains("channels: [ops, mail]"))
    }

    @Test("every known suggestion has steps, and an unknown one is shown by its words")
    func suggestions() {
        for known in Suggestion.known { #expect(!known.steps.isEmpty && !known.title.isEmpty) }
        #expect(Set(Suggestion.known.map(\.name)).count == Suggestion.known.count)
        #expect(Suggestion.named("scale_out") != nil && Suggestion.named("dance") == nil)
    }
}
