import Ambient
import HTTP
import Model
import Synchronization
import Testing

@testable import Notify

/// The channel against real mail servers, and what Python's email package makes of what it sent.
@Suite struct EmailDeliveryTests {
    private static let message = Sample.messages[0].message

    // MARK: - TLS and login

    static let ways: [(kind: String, tls: Bool, user: String?)] = [
        ("plain", false, nil), ("starttls", true, "ops"), ("smtps", true, "ops"),
    ]

    @Test("each way to a server", arguments: ways.map(\.kind))
    func way(kind: String) async throws {
        let way = try #require(Self.ways.first { $0.kind == kind })
        let peers = try MailPeers.shared.get()
        let address = "way.\(kind)@example.com"
        let channel = try peers.channel(kind, to: [address])
        #expect(await channel.deliver(Self.message) == .delivered)
        let mail = try #require(try peers.mails(to: address).first)
        #expect(mail.document["tls"]?.bool == way.tls)
        #expect(mail.text("user") == way.user)
        #expect(mail.text("from") == "ops@example.com")
        #expect(mail.text("name") == "tests.example.com")
        let from = try #require(MailAddress("Operations <ops@example.com>"))
        let to = try #require(MailAddress(address))
        #expect(mail.bytes == EmailMessage.bytes(Self.message, from: from, to: [to], channel: "ops"))
    }

    static let untrusted: [(name: String, kind: String, caFile: String??, says: String)] = [
        ("wrong name", "smtps, wrong name", nil, "matches target host name"),
        ("wrong name after STARTTLS", "starttls, wrong name", nil, "matches target host name"),
        ("unknown authority", "smtps", .some(nil), "certificate"),
        ("unknown authority after STARTTLS", "starttls", .some(nil), "certificate"),
        ("no STARTTLS where it is required", "plain", nil, "offers no STARTTLS"),
        ("no such file", "smtps", "/nonexistent/ca.pem", "ca.pem"),
    ]

    @Test("nothing is sent to a server that is not surely the right one", arguments: untrusted.map(\.name))
    func refuses(name: String) async throws {
        let entry = try #require(Self.untrusted.first { $0.name == name })
        let peers = try MailPeers.shared.get()
        let channel = try peers.channel(
            entry.kind, to: ["untrusted@example.com"], encryption: .required, caFile: entry.caFile)
        let delivery = await channel.deliver(Self.message)
        #expect(Kind(delivery) == .retry)
        #expect(delivery.reason.contains("TLS failed") && delivery.reason.contains(entry.says), "\(delivery)")
        delivery.expectFitForLogs()
        #expect(try peers.mails(to: "untrusted@example.com").isEmpty)
    }

    // MARK: - Several recipients

    @Test func `who refuses for good does not keep the others from it`() async throws {
        let peers = try MailPeers.shared.get()
        let notices = Mutex<[String]>([])
        let channel = try peers.channel(
            "plain", to: ["gone@example.com", "partly@example.com"],
            notice: { text in notices.withLock { $0.append(text) } })
        #expect(await channel.deliver(Self.message) == .delivered)
        #expect(try peers.mails(to: "partly@example.com").count == 1)
        #expect(
            notices.withLock { $0 } == [
                "email channel ops: gone@example.com refused with 550 5.1.1: No such user here"
            ])
    }

    @Test func `who takes it later gets it alone`() async throws {
        let peers = try MailPeers.shared.get()
        let channel = try peers.channel("plain", to: ["first@example.com", "grey+later@example.com"])
        let delivery = await channel.deliver(Self.message)
        #expect(Kind(delivery) == .retry && delivery.after == .seconds(30), "\(delivery)")
        #expect(delivery.reason.contains("grey+later@example.com refused with 451 4.7.1: Greylisted"), "\(delivery)")
        #expect(await channel.deliver(Self.message) == .delivered)
        #expect(try peers.mails(to: "first@example.com").count == 1)
        let mail = try #require(try peers.mails(to: "grey+later@example.com").first)
        #expect(mail.list("to") == ["grey+later@example.com"])
        #expect(mail.header("to") == "first@example.com, grey+later@example.com")
    }

    @Test func `refused for good by one, for now by the other`() async throws {
        let peers = try MailPeers.shared.get()
        let channel = try peers.channel("plain", to: ["gone@example.com", "grey+mixed@example.com"])
        #expect(Kind(await channel.deliver(Self.message)) == .retry)
        #expect(await channel.deliver(Self.message) == .delivered)
        #expect(try peers.mails(to: "grey+mixed@example.com").count == 1)
    }

    @Test func `refused by all for good`() async throws {
        let channel = try MailPeers.shared.get().channel("plain", to: ["gone@example.com", "gone@example.org"])
        #expect(
            await channel.deliver(Self.message)
                == .rejected(
                    reason: "email channel ops: gone@example.com refused with 550 5.1.1: No such user here, and 1 more")
        )
    }

    @Test func `forbidden to some, unknown to others: each for itself; forbidden to all => tried again, for all`() async throws {
        let peers = try MailPeers.shared.get()
        let mixed = try peers.channel("plain", to: ["gone@example.com", "echo@example.com"])
        #expect(Kind(await mixed.deliver(Self.message)) == .rejected)
        let all = try peers.channel("plain", to: ["echo@example.com", "echo+2@example.com"])
        for _ in 0..<2 { #expect(Kind(await all.deliver(Self.message)) == .blocked) }
    }

    // MARK: - What arrives

    @Test("as Python's email package reads it", arguments: Sample.messages.map(\.name))
    func structure(name: String) async throws {
        let message = try #require(Sample.messages.first { $0.name == name }).message
        let peers = try MailPeers.shared.get()
        let address = "structure.\(name)@example.com"
        #expect(await (try peers.channel("plain", to: [address])).deliver(message) == .delivered)
        let mail = try #require(try peers.mails(to: address).first)
        #expect(mail.list("defects") == [])
        #expect(mail.list("types") == ["multipart/alternative", "text/plain", "text/html"])
        #expect(mail.document["ascii"]?.bool == true && mail.number("bare") == 0)
        #expect(try #require(mail.number("longest")) <= 78)
        #expect(mail.header("auto-submitted") == "auto-generated")
        #expect(mail.header("list-id") == "<ops.mozaiks-ops.example.com>")
        #expect(mail.header("mime-version") == "1.0")
        let subject = try #require(mail.header("subject"))
        #expect(subject.unicodeScalars.count <= 70)
        let names = mail.list("names").map { $0.lowercased() }
        #expect(Set(names).count == names.count, "no header stands twice")
        let wording = Wording(message)
        #expect(mail.header("from") == "\"Operations: \(wording.state)\" <ops@example.com>")
        for part in ["text/plain", "text/html"] {
            let part = try #require(mail.part(part))
            #expect(part["charset"]?.string == "utf-8")
        }
        let text = try #require(mail.part("text/plain")?["text"]?.string)
        #expect(text == EmailText.render(Outline(message)))
        #expect(
            try #require(mail.part("text/html")?["text"]?.string) == EmailHTML.render(Outline(message), message))
        for tenant in wording.tenantTexts { #expect(text.contains("\n\(tenant)\n")) }
        for command in wording.undo { #expect(text.contains("\n    \(command)\n")) }
    }

    @Test func `an incident's mails are one thread`() async throws {
        let peers = try MailPeers.shared.get()
        let names = ["noisy-throttled", "noisy-extended", "noisy-again", "noisy-resolved-lease-over"]
        let channel = try peers.channel("plain", to: ["thread@example.com"])
        for name in names {
            let message = try #require(Sample.messages.first { $0.name == name }).message
            #expect(await channel.deliver(message) == .delivered)
        }
        let mails = try peers.mails(to: "thread@example.com")
        let ids = mails.compactMap { $0.header("message-id") }
        #expect(ids.first == "<5f2c9a7b1d3e4f60-1795230305000@example.com>")
        #expect(Set(ids).count == names.count)
        #expect(mails.map { $0.header("references") } == [nil, ids[0], ids[0], ids[0]])
        #expect(mails.map { $0.header("in-reply-to") } == [nil, ids[0], ids[0], ids[0]])
        let subject = "Warning: noisy-neighbor, app-clinic on shared"
        #expect(mails.map { $0.header("subject") } == [subject, "Re: " + subject, "Re: " + subject, "Re: " + subject])
        #expect(mails.compactMap { $0.text("date") }.first == "2026-11-21T03:05:05+00:00")
    }

    @Test func `hostile texts arrive as texts`() async throws {
        let peers = try MailPeers.shared.get()
        let channel = try peers.channel("plain", to: ["hostile@example.com"])
        for (name, text) in Hostile.texts {
            #expect(await channel.deliver(Hostile.message(text)) == .delivered, "\(name)")
        }
        let mails = try peers.mails(to: "hostile@example.com")
        #expect(mails.count == Hostile.texts.count)
        let usual = [
            "from", "to", "subject", "date", "message-id", "auto-submitted", "x-auto-response-suppress", "list-id",
            "x-mozaiks-ops", "importance", "mime-version", "content-type", "in-reply-to", "references",
        ]
        for mail in mails {
            #expect(mail.list("defects") == [])
            #expect(mail.list("types") == ["multipart/alternative", "text/plain", "text/html"])
            #expect(Set(mail.list("names").map { $0.lowercased() }).isSubset(of: usual))
            #expect(mail.header("to") == "hostile@example.com")
            #expect(try #require(mail.number("longest")) <= 998)
        }
    }
}
