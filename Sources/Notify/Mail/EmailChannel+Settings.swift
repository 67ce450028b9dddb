import Ambient
import HTTP
import Model
import Settings
import YAML

extension EmailChannel {
    /// A mail server and who hears from it.
    public struct Settings: ChannelKind {
        public var server: MailServer
        public var from: MailAddress
        /// At least one, each once.
        public var to: [MailAddress]
        /// Nil: nobody logs in.
        public var login: Login?
        /// Off: nothing is encrypted, and nobody logs in except on this machine.
        public var isEncrypted = true
        /// A PEM file of accepted authorities; nil: those that are accepted elsewhere.
        public var caFile: String?

        public struct Login: Sendable, Equatable {
            public let user: String
            public let password: SecretSource

            public init(user: String, password: SecretSource) {
                self.user = user
                self.password = password
            }
        }

        public init(server: MailServer, from: MailAddress, to: [MailAddress]) {
            self.server = server
            self.from = from
            self.to = to
        }

        /// Whether the way to a mail server must be encrypted.
        private enum EncryptionChoice: String, CaseIterable { case required, never }

        private static let smtp = SettingKey(
            "smtp", .text(example: "smtps://mail.example.com:465"), isRequired: true,
            "The mail server; `smtp://` begins plain and is encrypted by STARTTLS")
        private static let from = SettingKey("from", .text(example: "Operations <ops@example.com>"), isRequired: true, "Sender")
        private static let to = SettingKey("to", .list(.text(example: "ops@example.com")), isRequired: true, "Recipients, at most 50")
        private static let username = SettingKey("username", .text(), fallback: "nobody logs in", "Login at the server")
        private static let password = SettingKey("password", .secret, "Its password")
        private static let starttls = SettingKey(
            "starttls", .choice(of: EncryptionChoice.self), fallback: "required",
            "`never` sends plainly, and then without a login except on this machine")
        public static let key = SettingKey(
            "email", .section(SettingSection([smtp, from, to, username, password, starttls, TLSReader.caFile])), "Mail")
        public static let pace: Pace? = Pace(30, in: .minutes(1))
        public static let wording = ChannelWording.wordsAndSubject
        /// It shows no certificate of its own, and does not go through the HTTP client.
        public static let hasTLSFiles = false

        public init?(_ fields: Fields, _ reader: SettingReader) {
            let server = fields.node(Settings.smtp).flatMap { Settings.server($0, reader) }
            let from = fields.node(Settings.from).flatMap { Settings.address($0, "'from'", reader) }
            let to = fields.node(Settings.to).flatMap { Settings.recipients($0, reader) }
            let user = reader.text(fields, Settings.username)
            let password = reader.secret(fields, Settings.password, isRequired: user != nil)
            if user == nil, password != nil {
                reader.reporter.report("missing-key", "'email' has a password and no 'username'", at: fields.place)
            }
            isEncrypted = Settings.starttls(fields, server, reader)
            caFile = reader.path(fields, TLSReader.caFile)
            if user != nil, !isEncrypted, let server, !server.isThisMachine {
                reader.reporter.report(
                    "email", "a password is not sent unencrypted to another machine", at: fields.place,
                    hint: "leave 'starttls' out, or use smtps://")
            }
            guard let server, let from, let to, !to.isEmpty, (user == nil) == (password == nil) else { return nil }
            (self.server, self.from, self.to) = (server, from, to)
            login = user.flatMap { user in password.map { Login(user: user, password: $0) } }
        }

        public var summary: String {
            let login = self.login.map { ", login \($0.user) with the password from \($0.password.location)" } ?? ""
            let plain = isEncrypted ? "" : ", not encrypted"
            return "\(server) to \(to.map(\.address).joined(separator: ", "))\(login)\(plain)"
        }
        public var secrets: [SecretUse] { login.map { [SecretUse($0.password, "the password")] } ?? [] }
        public func channel(_ name: String, _ means: Means) -> any Channel { EmailChannel(name, self, means) }

        private static func server(_ node: YAMLNode, _ reader: SettingReader) -> MailServer? {
            guard let text = reader.text(node, "'smtp'") else { return nil }
            if text.contains("@") {
                reader.reporter.report(
                    "url", "credentials do not stand in a URL", at: node, hint: "use 'username' and 'password_file'")
                return nil
            }
            guard let server = MailServer(text) else {
                reader.reporter.report(
                    "url", "'smtp' is not the URL of a mail server", at: node,
                    hint: "such as smtps://mail.example.com:465 or smtp://mail.example.com:587")
                return nil
            }
            return server
        }

        private static func address(_ node: YAMLNode, _ what: String, _ reader: SettingReader) -> MailAddress? {
            guard let text = reader.text(node, what) else { return nil }
            guard let address = MailAddress(text) else {
                reader.reporter.report(
                    "address", "\(what) is not a mail address", at: node,
                    hint: "such as ops@example.com or Operations <ops@example.com>; ASCII only")
                return nil
            }
            return address
        }

        /// Most recipients; more belong on a mailing list.
        private static let recipientLimit = 50

        private static func recipients(_ node: YAMLNode, _ reader: SettingReader) -> [MailAddress]? {
            guard let items = reader.reporter.list(node, "'to'") else { return nil }
            guard !items.isEmpty, items.count <= Settings.recipientLimit else {
                let fault = items.isEmpty ? "'to' is empty" : "'to' has more than \(Settings.recipientLimit) addresses"
                reader.reporter.report("type", fault, at: node, hint: "[ops@example.com]")
                return nil
            }
            var seen: [MailAddress] = []
            for item in items {
                guard let address = address(item, "a recipient", reader) else { continue }
                let isKnown = seen.contains { $0.address.isSame(as: address.address) }
                if !isKnown { seen.append(address) }
            }
            return seen
        }

        /// Whether the way to the server is encrypted: unless `starttls: never` says that it need not be.
        private static func starttls(_ fields: Fields, _ server: MailServer?, _ reader: SettingReader) -> Bool {
            guard let node = fields.node(Settings.starttls), let choice: EncryptionChoice = reader.reporter.choice(node, "starttls") else {
                return true
            }
            if server?.isEncrypted == true {
                reader.reporter.report(
                    "email", "'starttls' says nothing beside smtps, which is encrypted from the first byte", at: node)
            }
            return choice == .required
        }
    }
}
