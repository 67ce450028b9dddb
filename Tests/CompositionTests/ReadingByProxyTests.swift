import Ambient
import Model
import Testing

@testable import Composition
@testable import Configuration
@testable import Web

/// Whom a page on this machine is open to, where a proxy stands before it: said at the start and by `doctor`.
@Suite struct ReadingByProxyTests {
    private func words(_ server: String) throws -> String? { try configuration(server).readingByProxy }

    private func configuration(_ server: String) throws -> Configuration {
        let text = """
            schema: mozaiks.ops/config/v1
            runtimes: {shared: {replicas: [http://127.0.0.1:1]}}
            server: {\(server)}
            """
        return try ConfigurationLoader(ConfigurationFlags(), in: Environment([:]), isRoot: true)
            .read(("conf/mozaiks-ops.yaml", Array(text.utf8)))
    }

    @Test("with a public address and no read_token it names the token that whoever comes by it needs")
    func named() throws {
        let said = try #require(try words("listen: 127.0.0.1:9464, public_url: https://ops.example.com"))
        #expect(said.contains("https://ops.example.com") && said.contains("needs a token"), "\(said)")
    }

    @Test("where no proxy is named, or everybody needs a token, there is nothing to say")
    func nothing() throws {
        #expect(try words("listen: 127.0.0.1:9464") == nil)
        #expect(try words("listen: 127.0.0.1:9464, public_url: https://ops.example.com, read_token_file: /x") == nil)
        // By its own name nobody comes from elsewhere, and the page asks nobody for a token.
        for own in ["http://127.0.0.1:9464", "http://localhost:9464", "http://[::1]:9464", "https://LOCALHOST"] {
            #expect(try words("listen: 127.0.0.1:9464, public_url: '\(own)'") == nil, "\(own)")
        }
        for foreign in ["https://127.0.0.1.example.com", "https://localhost.example.com"] {
            #expect(try words("listen: 127.0.0.1:9464, public_url: '\(foreign)'") != nil, "\(foreign)")
        }
        #expect(try words("listen: 0.0.0.0:9464, public_url: https://ops.example.com") == nil)
    }

    @Test("a page that others reach is closed to everybody where nobody has a token and no proxy names people, and only there")
    func closed() throws {
        let (far, near) = ("listen: 0.0.0.0:9464", "listen: 127.0.0.1:9464")
        let now = Timestamp(milliseconds: 1_000_000)
        var book = TokenBook()
        #expect(try configuration(far).closesPage(to: book, at: now))
        #expect(try configuration(far).closesPage(to: nil, at: now), "what cannot be read opens nothing")
        for open in [near, far + ", read_token_file: /x", far + ", trusted_proxies: [10.0.0.5], trusted_user_header: X-User"] {
            #expect(try !configuration(open).closesPage(to: book, at: now), "\(open)")
        }
        book.tokens = [
            AccessToken(
                name: "maria", role: .viewer, digest: [UInt8](repeating: 7, count: 32), createdAt: now, createdBy: "cli:uid 0",
                expiresAt: now + .hours(1))
        ]
        #expect(try !configuration(far).closesPage(to: book, at: now))
        #expect(try configuration(far).closesPage(to: book, at: now + .hours(2)), "a token that has ended opens nothing")
    }
}
