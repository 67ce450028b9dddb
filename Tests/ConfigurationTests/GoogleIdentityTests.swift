import Ambient
import Settings
import Testing

@testable import Configuration

/// `auth: {google_identity: …}`: for whom the token is.
@Suite struct GoogleIdentityTests {
    private func read(_ runtime: String, _ more: String = "", _ environment: [String: String] = [:]) -> (
        login: Authentication?, text: String
    ) {
        let text = "schema: mozaiks.ops/config/v1\nruntimes: {a: {\(runtime)}}\n\(more)\n"
        do throws(ConfigurationErrors) {
            let found = try ConfigurationLoader(in: Environment(environment), isRoot: true).read(("mozaiks-ops.yaml", Array(text.utf8)))
            return (found.runtimes.first?.authentication, found.warnings.map(\.description).joined())
        } catch {
            return (nil, error.description)
        }
    }

    @Test(arguments: [
        (#"replicas: ["https://x.run.app/base"], auth: {google_identity: {}}"#, "https://x.run.app"),
        (#"replicas: ["https://x.run.app/a", "https://x.run.app/b"], auth: {google_identity: {}}"#, "https://x.run.app"),
        (#"replicas: ["https://x.run.app"], auth: {google_identity: {audience: mine}}"#, "mine"),
        (#"replicas: ["https://x.run.app", "https://y.run.app"], auth: {google_identity: {audience: mine}}"#, "mine"),
    ])
    func theAudienceIsTheURLsOriginUnlessItIsNamed(runtime: String, audience: String) {
        let found = read(runtime)
        #expect(found.login == .googleIdentity(audience: audience), "\(found.text)")
    }

    @Test(arguments: [
        (#"replicas: ["https://x.run.app", "https://y.run.app"], auth: {google_identity: {}}"#, "", "its replicas have several addresses"),
        (#"replicas: ["https://x.run.app"], auth: {google_identity: {}, bearer_env: T}"#, "", "only one can be used"),
        (#"replicas: ["https://x.run.app"], auth: {google_identity: {}, oauth2: {}}"#, "", "only one can be used"),
        (#"replicas: ["https://x.run.app"], auth: {google_identity: {audiense: x}}"#, "", "did you mean 'audience'?"),
        (
            #"replicas: ["https://x.run.app"]"#, "channels: {w: {webhook: {url: \"https://h\", auth: {google_identity: {}}}}}",
            "needs 'audience' here"
        ),
    ])
    func whatCannotBeToldIsAnError(runtime: String, more: String, says: String) {
        let found = read(runtime, more)
        #expect(found.login == nil && found.text.contains(says), "\(found.text)")
    }

    @Test func aVariableIsEnoughWhereThereIsNoFile() throws {
        func load(_ environment: [String: String]) throws(ConfigurationErrors) -> Authentication? {
            try ConfigurationLoader(in: Environment(environment), workingFolder: "/nonexistent", systemFolder: "/nonexistent").load()
                .runtimes.first?.authentication
        }
        let google = ["MOZAIKS_RUNTIME_URL": "https://x.run.app/", "MOZAIKS_RUNTIME_AUTH": "google-identity"]
        let found = try load(google)
        #expect(found == .googleIdentity(audience: "https://x.run.app"))
        for (name, value) in [
            ("MOZAIKS_RUNTIME_AUTH", "google"), ("MOZAIKS_RUNTIME_TOKEN", "t"), ("MOZAIKS_RUNTIME_URL", "https://x,https://y"),
        ] {
            #expect(throws: ConfigurationErrors.self, "\(name)") { try load(google.merging([name: value]) { _, new in new }) }
        }
    }
}
