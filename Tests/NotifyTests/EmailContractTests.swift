import Ambient
import HTTP
import Model
import Settings
import TestKit
import Testing

@testable import Notify

/// What `ChannelContractTests` asks of channels over HTTP, asked of mail: the retry table, broken and hung services,
/// cancellation, secrets, size.
@Suite struct EmailContractTests {
    private static let message = Sample.messages[0].message

    private func deliver(_ kind: String, login: Bool? = nil, timeoutMs: Int = 20_000) async throws -> Delivery {
        let channel = try MailPeers.shared.get().channel(
            kind, to: ["contract@example.com"], login: login, timeoutMs: timeoutMs)
        let delivery = await channel.deliver(Self.message)
        delivery.expectFitForLogs()
        return delivery
    }

    // MARK: - The retry table

    static let answers: [(kind: String, login: Bool, result: Kind, after: TimeSpan?, says: String)] = [
        ("greets 421", false, .retry, .seconds(30), "answered the connection with 421 4.3.2: Shutting down"),
        ("greets 554", false, .blocked, .minutes(5), "answered the connection with 554 5.7.1: Not from there"),
        ("login 454", true, .retry, .seconds(30), "answered the login with 454 4.7.0; it cannot check"),
        ("login 534", true, .blocked, .minutes(5), "answered the login with 534 5.7.9; check user and password"),
        ("login 535", true, .blocked, .minutes(5), "answered the login with 535 5.7.8; check user and password"),
        ("no login", true, .retry, nil, "offers no login with user and password"),
        ("sender 421", false, .retry, .seconds(30), "answered the sender with 421 4.7.0: Too many connections"),
        ("sender 451", false, .retry, .seconds(30), "451 4.3.0: Try later"),
        ("sender 452", false, .retry, .seconds(30), "452 4.3.1: Full"),
        ("sender 530", false, .blocked, .minutes(5), "530 5.7.0; it wants a login: set 'username'"),
        ("sender 550", false, .blocked, .minutes(5), "answered the sender with 550 5.7.1: Not you; may this machine"),
        ("sender 552", false, .rejected, nil, "answered the sender with 552 5.3.4: Too big"),
        ("sender 553", false, .blocked, .minutes(5), "answered the sender with 553 5.1.8: No such domain"),
        ("recipient 421", false, .retry, .seconds(30), "contract@example.com refused with 421 4.7.0: Enough"),
        ("recipient 450", false, .retry, .seconds(30), "contract@example.com refused with 450 4.2.1: Busy"),
        ("recipient 452", false, .retry, .seconds(30), "refused with 452 4.5.3: Too many"),
        ("recipient 550", false, .rejected, nil, "contract@example.com refused with 550 5.1.1: Unknown"),
        ("recipient 551", false, .rejected, nil, "551 5.1.6: Moved"),
        ("recipient 553", false, .rejected, nil, "553 5.1.3: Bad address"),
        (
            "recipient 554", false, .blocked, .minutes(5),
            "refused with 554 5.7.1: Relay access denied; does it take mail from this machine"
        ),
        ("data 451", false, .retry, .seconds(30), "answered the announcement of the message with 451 4.3.0: Not now"),
        ("data 554", false, .rejected, nil, "with 554 5.5.1: No valid recipients"),
        ("message 421", false, .retry, .seconds(30), "answered the message with 421 4.3.2: Going down"),
        ("message 451", false, .retry, .seconds(30), "451 4.3.0: Scanner is down"),
        ("message 452", false, .retry, .seconds(30), "452 4.3.1: Disk full"),
        ("message 550", false, .rejected, nil, "answered the message with 550 5.7.1: First line second line"),
        ("message 552", false, .rejected, nil, "552 5.3.4: Too big"),
        ("message 554", false, .rejected, nil, "554 5.6.0: No"),
    ]

    @Test("each answer", arguments: answers.map(\.kind))
    func answer(kind: String) async throws {
        let entry = try #require(Self.answers.first { $0.kind == kind })
        let delivery = try await deliver(kind, login: entry.login)
        #expect(Kind(delivery) == entry.result, "\(delivery)")
        #expect(delivery.after == entry.after)
        #expect(delivery.reason.contains(entry.says), "\(delivery.reason)")
        #expect(delivery.reason.hasPrefix("email channel ops: "), "\(delivery.reason)")
    }

    // MARK: - No answer, or none that can be read

    static let failures: [(kind: String, says: String)] = [
        ("closes", "ended before an answer to the connection"),
        ("hangs", "no answer to"),
        ("hangs at the greeting", "no answer to"),
        ("hangs at the message", "no answer to"),
        ("drops at the sender", "ended before an answer to the sender"),
        ("drops halfway", "ended before an answer to the message"),
        ("drops at the message", "ended before an answer to the message"),
        ("no mail server", "no mail server"), ("web server", "no mail server"),
        ("endless reply", ""), ("endless line", ""),
    ]

    @Test("a broken service is tried again", arguments: failures.map(\.kind))
    func failure(kind: String) async throws {
        let entry = try #require(Self.failures.first { $0.kind == kind })
        let delivery = try await deliver(kind, timeoutMs: kind.hasPrefix("hangs") ? 400 : 20_000)
        #expect(Kind(delivery) == .retry)
        #expect(delivery.after == nil)
        #expect(delivery.reason.contains("email channel ops") && delivery.reason.contains(entry.says), "\(delivery)")
    }

    @Test("nobody there is tried again")
    func nobody() async throws {
        let closed = try Loopback.closedPort()
        let deaf = try Loopback.DeafPort()
        let label = String(repeating: "x", count: 64)
        for place in ["127.0.0.1:\(closed)", "127.0.0.1:\(deaf.port)", "\(label).invalid:25"] {
            let settings = EmailChannel.Settings(
                server: try #require(MailServer("smtp://\(place)")), from: try #require(MailAddress("a@example.com")),
                to: [try #require(MailAddress("b@example.com"))])
            var channel = EmailChannel("ops", settings, Means(client: try MailPeers.client.get()))
            channel.timeoutMs = 400
            let delivery = await channel.deliver(Self.message)
            #expect(Kind(delivery) == .retry, "\(place)")
            delivery.expectFitForLogs()
        }
        withExtendedLifetime(deaf) {}
    }

    @Test("cancelling ends an attempt", arguments: ["hangs", "hangs at the message"])
    func cancellation(kind: String) async throws {
        let channel = try MailPeers.shared.get().channel(kind, to: ["contract@example.com"], timeoutMs: 600_000)
        let task = Task { await channel.deliver(Self.message) }
        task.cancel()
        let delivery = await task.value
        #expect(Kind(delivery) == .retry && delivery.reason.contains("cancelled"), "\(delivery)")
    }

    @Test func `a farewell is not waited for`() async throws {
        #expect(try await deliver("hangs at the farewell", timeoutMs: 600_000) == .delivered)
    }

    @Test func `what is neither yes nor no is no yes`() async throws {
        let delivery = try await deliver("message 354", login: false)
        #expect(delivery != .delivered && "\(delivery)".contains("354"), "\(delivery)")
    }

    @Test func `a server that looks through a message for longer than all the rest may take is waited for`() async throws {
        let peers = try MailPeers.shared.get()
        let channel = try peers.channel(
            "takes its time", to: ["contract@example.com"], timeoutMs: 2_500, acceptanceTimeoutMs: 60_000)
        #expect(await channel.deliver(Self.message) == .delivered)
    }

    // MARK: - Secrets

    @Test("a server that echoes the login finds no listener", arguments: ["echoes", "shouts", "login 535"])
    func echo(kind: String) async throws {
        let delivery = try await deliver(kind, login: true)
        #expect(Kind(delivery) != .delivered)
        if kind != "login 535" { #expect(delivery.reason.contains("not shown"), "\(delivery)") }
    }

    @Test("a secret that cannot be read")
    func noSecret() async throws {
        struct Leaky: Error { let secret = "s3cretToken9876543" }
        let peers = try MailPeers.shared.get()
        let folder = TemporaryFolder()
        let path = folder.path("password")
        let missing = try peers.channel(
            "smtps", to: ["contract@example.com"],
            password: { try SecretSource.file(path).read("the password", in: Environment([:])) })
        let delivery = await missing.deliver(Self.message)
        #expect(Kind(delivery) == .blocked && delivery.reason.contains(path), "\(delivery)")
        let leaky = try peers.channel("smtps", to: ["contract@example.com"], password: { throw Leaky() })
        let other = await leaky.deliver(Self.message)
        #expect(Kind(other) == .blocked)
        other.expectFitForLogs()
    }

    @Test func `a wrong password is held back, a new one used at once, and none is printed`() async throws {
        let folder = TemporaryFolder()
        let path = folder.write("wrong-s3cretToken9876543\n", to: "password")
        let peers = try MailPeers.shared.get()
        let channel = try peers.channel(
            "starttls", to: ["rotated@example.com"],
            password: { try SecretSource.file(path).read("the password", in: Environment([:])) })
        let refused = await channel.deliver(Self.message)
        #expect(refused.after == .minutes(5) && refused.reason.contains("535"), "\(refused)")
        let held = await channel.deliver(Self.message)
        #expect(Kind(held) == .blocked && held.reason.contains("a while ago"), "\(held)")
        #expect((held.after ?? .zero) > .minutes(4))
        folder.write(MailPeers.password + "\n", to: "password")
        #expect(await channel.deliver(Self.message) == .delivered)
        for text in [refused.reason, held.reason] { #expect(!text.contains("s3cretToken")) }
        var dumped = "\(channel)"
        dump(channel, to: &dumped)
        #expect(!dumped.contains("s3cretToken") && !dumped.contains(MailPeers.password))
        #expect(try peers.mails(to: "rotated@example.com").count == 1)
    }

    @Test func `no password goes over an unencrypted connection to another machine`() async throws {
        var settings = EmailChannel.Settings(
            server: try #require(MailServer("smtp://mail.invalid:25")),
            from: try #require(MailAddress("a@example.com")),
            to: [try #require(MailAddress("b@example.com"))])
        settings.login = .init(user: "ops", password: .literal(Secret(MailPeers.password)))
        settings.isEncrypted = false
        let channel = EmailChannel("ops", settings, Means(client: try MailPeers.client.get()))
        let delivery = await channel.deliver(Self.message)
        #expect(Kind(delivery) == .retry && delivery.reason.contains("not sent unencrypted"), "\(delivery)")
    }

    // MARK: - What is sent

    @Test func `hostile texts stay small, ASCII, in short lines, and arrive as they were`() throws {
        let from = try #require(MailAddress("Operations <ops@example.com>"))
        for (name, message) in Hostile.messages {
            let bytes = EmailMessage.bytes(message, from: from, to: [from], channel: "ops")
            // Two alternatives, encoded; texts from outside are cut long before they could make a mail of megabytes.
            #expect(bytes.count <= 128 << 10, "\(name): \(bytes.count)")
            #expect(bytes.allSatisfy { $0 < 128 && ($0 >= 32 || $0 == 13 || $0 == 10) }, "\(name)")
            let lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
            #expect(lines.dropLast().allSatisfy { $0.last == 13 && $0.count <= 100 }, "\(name)")
            #expect(lines.allSatisfy { $0.dropLast().allSatisfy { $0 != 13 } }, "\(name)")
        }
    }
}
