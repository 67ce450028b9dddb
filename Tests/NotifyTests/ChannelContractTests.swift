import Ambient
import HTTP
import Model
import TestKit
import Testing

@testable import Notify

/// What every channel over HTTP keeps to, whatever the service does.
@Suite struct ChannelContractTests {
    private static let message = Sample.messages[0].message

    private func deliver(
        _ channel: ChannelUnderContract, timeoutMs: Int = 10_000, _ behave: @escaping MisbehavingServer.Behaviour
    ) async throws -> (delivery: Delivery, requests: [MisbehavingServer.Request]) {
        let server = try MisbehavingServer(behave)
        defer { server.stop() }
        let delivery = try await withClient { client in
            await channel.make(client, timeoutMs: timeoutMs, base: server.url).deliver(Self.message)
        }
        delivery.expectFitForLogs()
        return (delivery, server.requests)
    }

    // MARK: - The retry table

    static let statuses: [(status: Int, kind: Kind)] = [
        (200, .delivered), (201, .delivered), (202, .delivered), (204, .delivered),
        (300, .blocked), (301, .blocked), (302, .blocked), (303, .blocked), (307, .blocked), (308, .blocked),
        (400, .rejected), (401, .blocked), (403, .blocked), (404, .blocked), (405, .blocked), (407, .blocked),
        (409, .rejected), (410, .blocked), (411, .blocked), (413, .rejected), (415, .blocked), (451, .blocked), (418, .rejected),
        (422, .rejected),
        (408, .retry), (425, .retry), (429, .retry),
        (500, .retry), (501, .retry), (502, .retry), (503, .retry), (504, .retry), (529, .retry), (599, .retry),
    ]

    @Test("each status", arguments: ChannelUnderContract.allCases)
    func status(channel: ChannelUnderContract) async throws {
        for (status, kind) in Self.statuses {
            if status == 204, channel.needsBody { continue }
            let (delivery, requests) = try await deliver(channel) { request, peer in
                peer.answer(
                    status, kind == .delivered && status != 204 ? channel.confirmation(request) : "",
                    headers: ["Location: http://127.0.0.1:1\(ChannelUnderContract.secretPath)"])
            }
            #expect(Kind(delivery) == kind, "\(status): \(delivery)")
            let expected = kind == .delivered ? channel.requestsOfOpening : 1
            #expect(requests.count == expected, "\(status): one attempt asks no more than once")
            if kind != .delivered { #expect(delivery.reason.contains("\(status)"), "\(delivery)") }
        }
    }

    @Test("a redirect is not followed", arguments: ChannelUnderContract.allCases)
    func redirect(channel: ChannelUnderContract) async throws {
        let elsewhere = try MisbehavingServer(always: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        defer { elsewhere.stop() }
        let target = elsewhere.url
        let (delivery, _) = try await deliver(channel) { _, peer in
            peer.answer(307, "", headers: ["Location: \(target)/x"])
        }
        #expect(Kind(delivery) == .blocked)
        #expect(elsewhere.requests.isEmpty)
    }

    @Test("a web page is no confirmation", arguments: ChannelUnderContract.allCases)
    func page(channel: ChannelUnderContract) async throws {
        let (delivery, _) = try await deliver(channel) { _, peer in
            peer.answer(200, "\r\n <!DOCTYPE html><h1>Sign in</h1>")
        }
        #expect(Kind(delivery) == .retry)
    }

    // MARK: - Retry-After

    static let waits: [(name: String, headers: [String], wait: TimeSpan?)] = [
        ("none", [], nil),
        ("seconds", ["Retry-After: 30"], .seconds(30)),
        ("zero", ["Retry-After: 0"], .zero),
        ("blanks around it", ["Retry-After:   7  "], .seconds(7)),
        ("far too long", ["Retry-After: 99999999999999999999999"], .seconds(999_999_999)),
        ("negative", ["Retry-After: -5"], nil),
        ("a fraction", ["Retry-After: 1.5"], .seconds(2)),
        ("nonsense", ["Retry-After: soon"], nil),
        ("empty", ["Retry-After:"], nil),
        (
            "a date, seen from the answer's own",
            ["Date: Sat, 21 Nov 2026 09:00:00 GMT", "Retry-After: Sat, 21 Nov 2026 09:01:30 GMT"], .seconds(90)
        ),
        (
            "a date that has passed",
            ["Date: Sat, 21 Nov 2026 09:00:00 GMT", "Retry-After: Sat, 21 Nov 2026 08:00:00 GMT"], .zero
        ),
        ("a date that is none", ["Retry-After: Sat, 31 Feb 2026 09:00:00 GMT"], nil),
    ]

    @Test("Retry-After", arguments: ChannelUnderContract.allCases, waits.map(\.name))
    func retryAfter(channel: ChannelUnderContract, name: String) async throws {
        let entry = try #require(Self.waits.first { $0.name == name })
        for status in [429, 503] {
            let (delivery, _) = try await deliver(channel) { _, peer in peer.answer(status, "", headers: entry.headers)
            }
            #expect(Kind(delivery) == .retry)
            #expect(delivery.after == entry.wait, "\(status)")
        }
    }

    // MARK: - No answer, or none that can be read

    static let failures: [(name: String, behave: MisbehavingServer.Behaviour)] = [
        ("closes at once", { _, peer in peer.close() }),
        ("resets", { _, peer in peer.reset() }),
        ("hangs", { _, peer in peer.waitUntilClosed() }),
        (
            "half a head",
            { _, peer in
                peer.write("HTTP/1.1 200 OK\r\nContent-")
                peer.close()
            }
        ),
        (
            "half a body",
            { _, peer in
                peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok")
                peer.close()
            }
        ),
        (
            "half a body, then hangs",
            { _, peer in
                peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok")
                peer.waitUntilClosed()
            }
        ),
        (
            "not HTTP",
            { _, peer in
                peer.write("SSH-2.0-OpenSSH_9.2 s3cretToken9876543\r\n")
                peer.close()
            }
        ),
        (
            "a body without end",
            { _, peer in
                peer.write("HTTP/1.1 200 OK\r\n\r\n")
                // Ends when the client hangs up: writes fail from then on.
                for _ in 0..<64 { peer.write([UInt8](repeating: 120, count: 65_536)) }
                peer.close()
            }
        ),
    ]

    @Test("a broken service is tried again", arguments: ChannelUnderContract.allCases, failures.map(\.name))
    func failure(channel: ChannelUnderContract, name: String) async throws {
        let entry = try #require(Self.failures.first { $0.name == name })
        let timeout = name.contains("hangs") ? 250 : 10_000
        let (delivery, _) = try await deliver(channel, timeoutMs: timeout, entry.behave)
        #expect(Kind(delivery) == .retry)
        #expect(delivery.after == nil)
        #expect(delivery.reason.contains("ops"), "names its channel: \(delivery.reason)")
    }

    @Test("nobody there is tried again", arguments: ChannelUnderContract.allCases)
    func nobody(channel: ChannelUnderContract) async throws {
        let closed = try Loopback.closedPort()
        let deaf = try Loopback.DeafPort()
        // A label of 64 characters is refused by the resolver itself: no name server is asked.
        let unresolvable = "http://\(String(repeating: "x", count: 64)).invalid"
        for base in ["http://127.0.0.1:\(closed)", "http://127.0.0.1:\(deaf.port)", unresolvable] {
            let delivery = try await withClient { client in
                await channel.make(client, timeoutMs: 400, base: base).deliver(Self.message)
            }
            #expect(Kind(delivery) == .retry, "\(base)")
            delivery.expectFitForLogs()
        }
        withExtendedLifetime(deaf) {}
    }

    @Test("cancelling ends an attempt", arguments: ChannelUnderContract.allCases)
    func cancellation(channel: ChannelUnderContract) async throws {
        let (asked, signal) = AsyncStream<Void>.makeStream()
        let server = try MisbehavingServer { _, peer in
            signal.yield()
            peer.waitUntilClosed()
        }
        defer { server.stop() }
        let delivery = try await withClient { client in
            let ops = channel.make(client, timeoutMs: 600_000, base: server.url)
            let task = Task { await ops.deliver(Self.message) }
            var requests = asked.makeAsyncIterator()
            _ = await requests.next()
            task.cancel()
            return await task.value
        }
        #expect(Kind(delivery) == .retry)
        delivery.expectFitForLogs()
    }

    // MARK: - Secrets

    @Test("a service that echoes the secret finds no listener", arguments: ChannelUnderContract.allCases)
    func echo(channel: ChannelUnderContract) async throws {
        for status in [200, 400, 401, 403, 404, 410, 418, 429, 500, 503] {
            _ = try await deliver(channel) { request, peer in
                let body = request.path + "\n" + request.head + "\n" + String(decoding: request.body, as: UTF8.self)
                let words = "\(request.path) \(ChannelUnderContract.token)"
                peer.write(
                    "HTTP/1.1 \(status) \(words)\r\nX-Path: \(words)\r\nRetry-After: \(words)\r\n"
                        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
            }
        }
    }

    static let unusableURLs = [
        "", "s3cretToken9876543", "s3cretToken9876543://x", "ftp://127.0.0.1/s3cretToken9876543",
        "http://user:hunter2password@127.0.0.1:1/s3cretToken9876543", "http://[::1/s3cretToken9876543",
        "http://127.0.0.1:99999/s3cretToken9876543", "http:///s3cretToken9876543", "https:/s3cretToken9876543",
        "HTTPS:////s3cretToken9876543/x",
        "http://127.0.0.1:1/s3cretToken9876543\u{0}",
        "http://127.0.0.1:1/s3cret Token9876543",
    ]

    @Test("a URL that is none", arguments: ChannelUnderContract.secretURLs, unusableURLs)
    func unusable(channel: ChannelUnderContract, url: String) async throws {
        let delivery = try await withClient { client in
            await channel.make(client, secret: { Secret(url) }).deliver(Self.message)
        }
        #expect([.blocked, .retry].contains(Kind(delivery)), "it may be mended before the message is too old")
        delivery.expectFitForLogs()
    }

    @Test("a secret that cannot be read", arguments: ChannelUnderContract.allCases)
    func noSecret(channel: ChannelUnderContract) async throws {
        struct Leaky: Error { let secret = "s3cretToken9876543" }
        let folder = TemporaryFolder()
        let path = folder.path("slack")
        try await withClient { client in
            let missing = channel.make(
                client, secret: { try SecretSource.file(path).read("the secret", in: Environment([:])) })
            let delivery = await missing.deliver(Self.message)
            #expect(Kind(delivery) == .blocked && delivery.reason.contains(path), "\(delivery)")
            let leaky = await channel.make(client, secret: { throw Leaky() }).deliver(Self.message)
            #expect(Kind(leaky) == .blocked)
            leaky.expectFitForLogs()
        }
    }

    @Test("a rotated secret is used at once, and none is printed", arguments: ChannelUnderContract.allCases)
    func rotated(channel: ChannelUnderContract) async throws {
        let server = try MisbehavingServer { request, peer in peer.answer(200, channel.confirmation(request)) }
        defer { server.stop() }
        let start = channel.hasSecretURL ? "\(server.url)/" : ""
        let folder = TemporaryFolder()
        let path = folder.write("\(start)first-s3cretToken9876543\n", to: "slack")
        try await withClient { client in
            let ops = channel.make(
                client, base: server.url,
                secret: { try SecretSource.file(path).read("the secret", in: Environment([:])) })
            #expect(await ops.deliver(Self.message).isDelivered)
            folder.write("\(start)second-s3cretToken9876543\n", to: "slack")
            #expect(await ops.deliver(Self.message).isDelivered)
            var dumped = "\(ops)"
            dump(ops, to: &dumped)
            #expect(!dumped.contains("s3cretToken"))
        }
        let shown = server.requests.map { request in
            let text = request.path + request.head + String(decoding: request.body, as: UTF8.self)
            return ["first", "second"].filter { text.contains($0 + "-s3cretToken9876543") }
        }
        let each = channel.requestsOfOpening
        #expect(shown == Array(repeating: ["first"], count: each) + Array(repeating: ["second"], count: each))
    }

    @Test("a token that would begin another header", arguments: ChannelUnderContract.allCases)
    func injection(channel: ChannelUnderContract) async throws {
        guard !channel.hasSecretURL else { return }
        let server = try MisbehavingServer { request, peer in peer.answer(200, channel.confirmation(request)) }
        defer { server.stop() }
        try await withClient { client in
            let token = "s3cretToken9876543\r\nX-Forged: 1"
            let delivery = await channel.make(client, base: server.url, secret: { Secret(token) }).deliver(Self.message)
            delivery.expectFitForLogs()
        }
        for request in server.requests { #expect(!request.head.lowercased().contains("\r\nx-forged")) }
    }

    // MARK: - What is sent

    @Test("no message is larger than the service takes", arguments: ChannelUnderContract.allCases)
    func size(channel: ChannelUnderContract) async throws {
        let server = try MisbehavingServer { request, peer in peer.answer(200, channel.confirmation(request)) }
        defer { server.stop() }
        try await withClient { client in
            let ops = channel.make(client, base: server.url)
            for (name, message) in Hostile.messages {
                #expect(await ops.deliver(message).isDelivered, "\(name)")
            }
        }
        #expect(server.requests.filter { $0.method == "POST" }.count >= Hostile.messages.count)
        for request in server.requests {
            #expect((request.method == "GET") == request.body.isEmpty)
            #expect(request.body.count <= channel.bodyLimit)
            #expect(request.path.utf8.count < 400)
        }
    }
}
