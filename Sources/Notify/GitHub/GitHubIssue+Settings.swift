import Ambient
import Model
import Settings
import YAML

extension GitHubIssue {
    /// A repository whose issues are the tickets.
    public struct Settings: ChannelKind {
        /// `owner/name`.
        public var repository: String
        /// May read and write issues of the repository.
        public var token: SecretSource
        /// `https://api.github.com`; of an own server `https://HOST/api/v3`.
        public var url = "https://api.github.com"
        /// What each issue is labelled with; the first is what it is looked for by.
        public var labels = ["mozaiks-ops"]

        public init(repository: String, token: SecretSource) {
            self.repository = repository
            self.token = token
        }

        private static let repository = SettingKey("repository", .text(example: "acme/ops"), isRequired: true, "Owner and name")
        private static let token = SettingKey("token", .secret, isRequired: true, "A token that may write issues there")
        private static let labels = SettingKey(
            "labels", .list(.text()), fallback: "[mozaiks-ops]", "Labels of the tickets; they are found again by the first")
        private static let apiURL = SettingKey("api_url", .url, fallback: "GitHub's own", "Where the API answers")
        public static let key = SettingKey(
            "github_issue", .section(SettingSection([repository, token, labels, apiURL] + TLSReader.keys)),
            "Tickets in a repository on GitHub")
        /// 80 a minute create content; comments and closings count too.
        public static let pace: Pace? = Pace(40, in: .minutes(1))

        public init?(_ fields: Fields, _ reader: SettingReader) {
            let repository = fields.node(Settings.repository).flatMap { node -> String? in
                guard let text = reader.text(node, "'repository'") else { return nil }
                let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
                if parts.count == 2, parts.allSatisfy({ reader.isName($0) && $0 != "." && $0 != ".." }) { return text }
                reader.reporter.report("value", "'repository' must be an owner and a name", at: node, hint: "such as acme/ops")
                return nil
            }
            let token = reader.secret(fields, Settings.token)
            let labels = fields.node(Settings.labels).flatMap { node -> [String]? in
                let labels = reader.reporter.strings(node, "'labels'") ?? []
                // It separates labels by commas where it is asked for them.
                if !labels.isEmpty, labels.allSatisfy({ (1...50).contains($0.count) && !$0.contains(",") }) { return labels }
                reader.reporter.report(
                    "value", "'labels' must be names of at most 50 characters, without commas", at: node,
                    hint: "tickets are found again by the first of them")
                return nil
            }
            let url = reader.url(fields, Settings.apiURL)
            guard let repository, let token else { return nil }
            self.init(repository: repository, token: token)
            if let url { self.url = url }
            if let labels { self.labels = labels }
        }

        public var summary: String { "issues of \(repository), token from \(token.location)" }
        public var secrets: [SecretUse] { [SecretUse(token, "the token")] }
        public func channel(_ name: String, _ means: Means) -> any Channel { GitHubIssue(name, self, means) }
    }
}
