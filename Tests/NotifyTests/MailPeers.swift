import Ambient
import Glibc
import HTTP
import JSONParsing
import Model
import Settings
import TestKit

@testable import Notify

/// Real mail servers on loopback (`mail/server.py`: aiosmtpd with TLS and logins, and some that misbehave), one process
/// for all tests. It ends with the test process.
final class MailPeers: Sendable {
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// A mail as Python's email package read it.
    struct Received: Sendable {
        let document: JSON
        let bytes: [UInt8]

        func header(_ name: String) -> String? { document["headers"]?[name]?.string }
        func text(_ key: String) -> String? { document[key]?.string }
        func list(_ key: String) -> [String] { document[key]?.array?.compactMap(\.string) ?? [] }
        func number(_ key: String) -> Double? { document[key]?.double }
        /// The decoded body of that type.
        func part(_ type: String) -> JSON? { document["parts"]?.array?.first { $0["type"]?.string == type } }
    }

    static let shared = Result { try MailPeers() }
    static let password = "hunter2password"

    private let folder = TemporaryFolder()
    private let program: RunningProgram
    private let ports: JSON

    private init() throws {
        let repository = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
            .joined(separator: "/")
        let python = repository + "/.build/venv/bin/python"
        guard access(python, X_OK) == 0 else { throw Missing(description: "no \(python): run 'make setup'") }
        program = try RunningProgram(
            python, [repository + "/Tests/NotifyTests/mail/server.py", folder.path, Self.password],
            environment: ["PATH": "/usr/bin:/bin"], in: folder.path, atMost: 3_600)
        guard program.waits(until: { output, _ in output.contains("\n") }) else {
            throw Missing(description: "the mail servers did not start: \(program.errors)")
        }
        ports = try Self.parse(Array(program.output.prefix { $0 != "\n" }.utf8))
    }

    private static func parse(_ bytes: [UInt8]) throws -> JSON {
        try bytes.withUnsafeBytes { try JSONParser().parse($0).value }
    }

    /// The authority that signed the servers' certificates.
    var caFile: String { folder.path("ca.pem") }

    func server(_ kind: String) throws -> MailServer {
        let scheme = kind.hasPrefix("smtps") ? "smtps" : "smtp"
        guard let port = ports[kind]?.int,
            let server = MailServer("\(scheme)://127.0.0.1:\(Int(port))/tests.example.com")
        else { throw Missing(description: "no mail server '\(kind)'") }
        return server
    }

    /// The mails that reached an address, oldest first.
    func mails(to address: String) throws -> [Received] {
        try folder.names.filter { $0.hasSuffix(".json") }.compactMap { name in
            let document = try Self.parse(folder.read(name) ?? [])
            guard document["to"]?.array?.contains(where: { $0.string == address }) == true else { return nil }
            return Received(document: document, bytes: folder.read(String(name.dropLast(5)) + ".eml") ?? [])
        }
    }

    /// Mail does not go through it; whatever is made of settings gets one.
    static let client = Result { try HTTPClient() }

    /// A channel `ops` to one of the servers.
    func channel(
        _ kind: String, to: [String], login: Bool? = nil, encryption: Mail.Encryption? = nil, timeoutMs: Int = 20_000,
        acceptanceTimeoutMs: Int? = nil, caFile: String?? = nil, from: String = "Operations <ops@example.com>",
        clock: any Clock = SystemClock(),
        notice: @escaping @Sendable (String) -> Void = { _ in },
        password: @escaping @Sendable () throws -> Secret = { Secret(MailPeers.password) }
    ) throws -> EmailChannel {
        let isScripted = !["starttls", "smtps"].contains { kind.hasPrefix($0) }
        var settings = EmailChannel.Settings(
            server: try server(kind), from: MailAddress(from)!,  // A literal of a test.
            to: to.map { MailAddress($0)! })
        if login ?? !isScripted { settings.login = .init(user: "ops", password: .environment("PASSWORD")) }
        settings.isEncrypted = (encryption ?? (isScripted ? .none : .required)) == .required
        settings.caFile = caFile ?? self.caFile
        let means = Means(client: try MailPeers.client.get(), clock: clock) { _, _ in try password() }
        var channel = EmailChannel("ops", settings, means, notice: notice)
        channel.timeoutMs = timeoutMs
        channel.acceptanceTimeoutMs = acceptanceTimeoutMs ?? timeoutMs
        return channel
    }
}
