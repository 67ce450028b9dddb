import Ambient
import Testing

@testable import Composition
@testable import Configuration

/// Whom a page on this machine is open to, where a proxy stands before it: said at the start and by `doctor`.
@Suite struct ReadingByProxyTests {
    private func words(_ server: String) throws -> String? {
        let text = """
            schema: mozaiks.ops/config/v1
            runtimes: {shared: {replicas: [http://127.0.0.1:1]}}
            server: {\(server)}
            """
        return try ConfigurationLoader(ConfigurationFlags(), in: Environment([:]), isRoot: true)
            .read(("conf/mozaiks-ops.yaml", Array(text.utf8))).readingByProxy
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
}
