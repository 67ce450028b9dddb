import Ambient
import Model
import YAML

/// A mail server and who hears from it.
public struct EmailSettings: Sendable, Equatable {
    public let server: MailServer
    public let from: MailAddress
    /// At least one, each once.
    public let to: [MailAddress]
    public struct Login: Sendable, Equatable {
        public let user: String
        public let password: SecretSource
    }

    /// Nil: nobody logs in.
    public let login: Login?
    /// Off: nothing is encrypted, and nobody logs in except on this machine.
    public let isEncrypted: Bool
    public let caFile: String?

    /// For `config show`.
    var text: String {
        let login = self.login.map { ", login \($0.user) with the password from \($0.password.location)" } ?? ""
        let plain = isEncrypted ? "" : ", not encrypted"
        return "\(server) to \(to.map(\.address).joined(separator: ", "))\(login)\(plain)"
    }
}

/// Reads the `email` of a channel.
struct EmailReader {
    let reader: ConfigurationReader
    private var reporter: Reporter { reader.reporter }

    init(reader: ConfigurationReader) {
        self.reader = reader
    }

    func read(_ entry: YAMLNode.Entry) -> EmailSettings? {
        guard let fields = Fields(entry.value, "'email'", reporter, place: entry.key.start) else { return nil }
        let server = fields.node(EmailKeys.smtp).flatMap(server)
        let from = fields.node(EmailKeys.from).flatMap { address($0, "'from'") }
        let to = fields.node(EmailKeys.to).flatMap(recipients)
        let user = reader.text(fields, EmailKeys.username)
        let password = reader.secret(fields, EmailKeys.password, isRequired: user != nil)
        if user == nil, password != nil {
            reporter.report("missing-key", "'email' has a password and no 'username'", at: fields.place)
        }
        let isEncrypted = starttls(fields, server)
        let caFile = reader.path(fields, NetworkReader.caFile)
        if user != nil, !isEncrypted, let server, !server.isThisMachine {
            reporter.report(
                "email", "a password is not sent unencrypted to another machine", at: fields.place,
                hint: "leave 'starttls' out, or use smtps://")
        }
        fields.finish()
        guard let server, let from, let to, !to.isEmpty, (user == nil) == (password == nil) else { return nil }
        let login = user.flatMap { user in password.map { EmailSettings.Login(user: user, password: $0) } }
        return EmailSettings(server: server, from: from, to: to, login: login, isEncrypted: isEncrypted, caFile: caFile)
    }

    private func server(_ node: YAMLNode) -> MailServer? {
        guard let text = reader.text(node, "'smtp'") else { return nil }
        if text.contains("@") {
            reporter.report(
                "url", "credentials do not stand in a URL", at: node, hint: "use 'username' and 'password_file'")
            return nil
        }
        guard let server = MailServer(text) else {
            reporter.report(
                "url", "'smtp' is not the URL of a mail server", at: node,
                hint: "such as smtps://mail.example.com:465 or smtp://mail.example.com:587")
            return nil
        }
        return server
    }

    private func address(_ node: YAMLNode, _ what: String) -> MailAddress? {
        guard let text = reader.text(node, what) else { return nil }
        guard let address = MailAddress(text) else {
            reporter.report(
                "address", "\(what) is not a mail address", at: node,
                hint: "such as ops@example.com or Operations <ops@example.com>; ASCII only")
            return nil
        }
        return address
    }

    /// Most recipients; more belong on a mailing list.
    private static let recipientLimit = 50

    private func recipients(_ node: YAMLNode) -> [MailAddress]? {
        guard let items = reporter.list(node, "'to'") else { return nil }
        guard !items.isEmpty, items.count <= EmailReader.recipientLimit else {
            let fault = items.isEmpty ? "'to' is empty" : "'to' has more than \(EmailReader.recipientLimit) addresses"
            reporter.report("type", fault, at: node, hint: "[ops@example.com]")
            return nil
        }
        var seen: [MailAddress] = []
        for item in items {
            guard let address = address(item, "a recipient") else { continue }
            let isKnown = seen.contains { $0.address.utf8.elementsEqual(address.address.utf8) }
            if !isKnown { seen.append(address) }
        }
        return seen
    }

    /// Whether the way to the server is encrypted: unless `starttls: never` says that it need not be.
    private func starttls(_ fields: Fields, _ server: MailServer?) -> Bool {
        guard let node = fields.node(EmailKeys.starttls), let choice: EncryptionChoice = reporter.choice(node, "starttls") else {
            return true
        }
        if server?.isEncrypted == true {
            reporter.report(
                "email", "'starttls' says nothing beside smtps, which is encrypted from the first byte", at: node)
        }
        return choice == .required
    }
}
