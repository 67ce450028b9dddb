import Ambient
import Model
import Synchronization
import TestKit
import Testing

@testable import HTTP

/// Identity tokens from a metadata server: how they are asked for, how long they are kept, and what of a server that
/// misbehaves reaches a person.
@Suite struct IdentityTokenTests {
    /// Moves when told.
    private final class HandClock: Clock {
        private let passed = Mutex<Int64>(0)
        static let start: Int64 = 1_795_251_600_000

        func pass(_ span: TimeSpan) { passed.withLock { $0 += span.milliseconds } }
        func now() -> Timestamp { Timestamp(milliseconds: HandClock.start + passed.withLock { $0 }) }
        func monotonicNanoseconds() -> UInt64 { UInt64(passed.withLock { $0 } + 1_000) * 1_000_000 }
        func sleep(for span: TimeSpan) async throws(CancellationError) {}
    }

    private static let flavor = ["Metadata-Flavor: Google"]

    private static func part(_ json: String) -> String {
        String(Base64.encode(json.utf8).compactMap { $0 == "=" ? nil : $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }

    /// - Parameter seconds: until its end, from the clock's start.
    private static func token(_ name: String, endsIn seconds: Int64) -> String {
        "\(part(#"{"alg":"RS256"}"#)).\(part(#"{"aud":"\#(name)ÿÿÿ","exp":\#(HandClock.start / 1_000 + seconds)}"#)).c2lnbmF0dXJl"
    }

    private func authenticator(_ server: MisbehavingServer, _ client: HTTPClient, _ clock: HandClock) -> Authenticator {
        let host = String(server.url.dropFirst("http://".count))
        let tokens = IdentityTokens(audience: "https://runtime-x.a.run.app", environment: Environment(["GCE_METADATA_HOST": host]))
        return Authenticator(.identity(tokens), client: client, clock: clock)
    }

    @Test func `it is asked for once, for the audience, and kept until shortly before its end`() async throws {
        let clock = HandClock()
        let asked = Mutex(0)
        try await withServer { _, peer in
            let count = asked.withLock { asked -> Int64 in
                asked += 1
                return Int64(asked)
            }
            peer.answer(200, Self.token("t\(count)", endsIn: 3_600 * count) + "\n", headers: Self.flavor)
        } asking: { client, server in
            let authenticator = authenticator(server, client, clock)
            let first = try #require(try await authenticator.bearer())
            clock.pass(.minutes(59))
            #expect(try await authenticator.bearer() == first)
            #expect(server.requests.count == 1)
            let request = try #require(server.requests.first)
            #expect(
                request.path
                    == "/computeMetadata/v1/instance/service-accounts/default/identity?audience=https%3A%2F%2Fruntime-x.a.run.app&format=full"
            )
            #expect(request.head.lowercased().contains("\r\nmetadata-flavor: google"))
            clock.pass(.seconds(40))
            let second = try #require(try await authenticator.bearer())
            #expect(second != first && second.reveal() == Self.token("t2", endsIn: 7_200))
            #expect(authenticator.canRefresh, "a refused one is asked for anew")
        }
    }

    @Test(
        "a server that misbehaves is named, and nothing of its answer is shown",
        arguments: [
            (200, "", [], "is no metadata server"), (200, "SECRET", [], "lacks 'Metadata-Flavor: Google'"),
            (302, "SECRET", [], "is no metadata server"), (404, "SECRET", flavor, "no service account"),
            (403, "SECRET", flavor, "gives no identity token (403)"), (500, "SECRET", flavor, "answered 500 instead of a token"),
            (429, "SECRET", flavor, "answered 429 instead"), (200, "SECRET", flavor, "something else than an identity token"),
            (200, "", flavor, "something else than an identity token"), (200, "SECRET.SECRET.SECRET", flavor, "something else"),
            (200, "a.\(part("[]")).c\r\nX-Forged: 1", flavor, "something else"),
            (200, "a.\(part(#"{"aud":"SECRET"}"#)).c", flavor, "does not say when it ends"),
            (200, "a.\(part(#"{"exp":"soon"}"#)).c", flavor, "does not say when it ends"),
            (200, "a.\(part(#"{"exp":1e300}"#)).c", flavor, "does not say when it ends"),
            (200, token("SECRET", endsIn: -5), flavor, "ended at 2026-11-21T08:59:55.000Z, and this machine's clock says"),
            (200, String(repeating: "SECRET", count: 4_000), flavor, "cannot reach the metadata server"),
        ])
    func misbehaviour(status: Int, body: String, headers: [String], says: String) async throws {
        try await withServer { _, peer in
            peer.answer(status, body, headers: headers)
        } asking: { client, server in
            do throws(Authenticator.Failure) {
                _ = try await authenticator(server, client, HandClock()).bearer()
                Issue.record("there is no token")
            } catch {
                #expect(error.description.contains(says), "\(error)")
                #expect(!error.description.contains("SECRET"), "\(error)")
            }
            #expect(server.requests.count == (status >= 429 ? 2 : 1), "asked again where it may be busy, and only there")
        }
    }

    @Test func `one that hangs up is not reached`() async throws {
        try await withServer { _, peer in
            peer.close()
        } asking: { client, server in
            do throws(Authenticator.Failure) {
                _ = try await authenticator(server, client, HandClock()).bearer()
                Issue.record("there is no token")
            } catch {
                #expect(error.description.contains("cannot reach the metadata server 127.0.0.1:"), "\(error)")
                #expect(error.description.contains("on Google Cloud only"), "\(error)")
            }
        }
    }

    @Test func `one that was busy for a moment gives it all the same`() async throws {
        try await withServer { request, peer in
            request.ordinal + request.connection == 2
                ? peer.answer(503, "busy", headers: Self.flavor) : peer.answer(200, Self.token("t", endsIn: 3_600), headers: Self.flavor)
        } asking: { client, server in
            let token = try await authenticator(server, client, HandClock()).bearer()
            #expect(token != nil)
        }
    }

    @Test func `while it fails to renew, the old one serves to its end and no longer`() async throws {
        let clock = HandClock()
        let works = Mutex(true)
        try await withServer { _, peer in
            works.withLock { $0 }
                ? peer.answer(200, Self.token("t", endsIn: 3_600), headers: Self.flavor) : peer.answer(500, "", headers: Self.flavor)
        } asking: { client, server in
            let authenticator = authenticator(server, client, clock)
            let first = try await authenticator.bearer()
            works.withLock { $0 = false }
            clock.pass(.seconds(3_580))
            let still = try await authenticator.bearer()
            #expect(still == first)
            clock.pass(.seconds(21))
            await #expect(throws: Authenticator.Failure.self) { try await authenticator.bearer() }
        }
    }

    @Test(arguments: [
        ("https://runtime-x.a.run.app/base/path", "https://runtime-x.a.run.app"), ("https://h.example:8443", "https://h.example:8443"),
        ("no url", nil),
    ])
    func `the audience of a URL is its origin`(url: String, audience: String?) {
        #expect(IdentityTokens.audience(of: url) == audience)
    }
}
