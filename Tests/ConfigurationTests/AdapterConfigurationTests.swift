import Actions
import Ambient
import Model
import Testing

@testable import Configuration

/// Where leases land besides the gate: what is read, and what is refused.
@Suite struct AdapterConfigurationTests {
    private func load(_ actions: String, runtimes: String = "shared: {replicas: [http://127.0.0.1:8000]}") throws(ConfigurationErrors)
        -> Configuration
    {
        let text = """
            schema: mozaiks.ops/config/v1
            runtimes: {\(runtimes)}
            actions:
            \(actions.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
            """
        return try ConfigurationLoader(ConfigurationFlags(), in: Environment([:]), isRoot: true)
            .read(("conf/mozaiks-ops.yaml", Array(text.utf8)))
    }

    static let full = """
        lease_api:
          url: https://core.internal/
          auth: {bearer_file: /run/secrets/core}
          owner: ops-eu
          actions: [throttle, pause]
        entitlements:
          url: https://core.internal
          auth: {oauth2: {token_url: https://id.example.com/token, client_id: ops, client_secret_env: CORE}}
          apps:
            app_clinic: {tenant_id: t_1}
            app_solo: {no_tenant: true}
          allow_unsynced: true
          usage_reset: accepted
          features: {Generator: code_execution}
          pause: budget
          pause_approval: not_required
        webhook: {url: "https://ops.example.com/hook?key=s3cret", secret_file: /run/secrets/hook, actions: [disable_pack], expiry: receiver}
        """

    @Test func everyKeyIsRead() throws {
        let configuration = try load(Self.full)
        let api = try #require(configuration.adapters.first as? LeaseAPI.Settings)
        #expect(api.url == "https://core.internal" && api.owner == "ops-eu" && api.actions == [.throttle, .pause])
        let core = try #require(configuration.adapters[1] as? EntitlementSettings)
        #expect(
            core.apps.entries.map(\.tenant) == [.id("t_1"), EntitlementSettings.Tenant.none]
                && core.apps.entries.map(\.id) == [AppID("app_clinic"), AppID("app_solo")])
        #expect(core.allowsUnsynced && core.acceptsUsageReset && core.pause == .budget && !core.pauseNeedsApproval)
        #expect(core.features.values.sorted() == ["code_execution"] && core.runtime == nil)
        guard case .clientCredentials(let client) = core.authentication else { return #expect(Bool(false)) }
        #expect(client.clientSecret == .environment("CORE"))
        let hook = try #require(configuration.adapters[2] as? SignedWebhook.Settings)
        #expect(hook.actions == [.disablePack] && hook.expiry == .receiver && hook.secret == .file("/run/secrets/hook"))
        #expect(!configuration.text.contains("s3cret") && configuration.text.contains("actions.entitlements.apps"))
    }

    @Test func theSafeDefaults() throws {
        let core = try #require(
            try load("entitlements: {url: https://core, apps: {a: {tenant_id: t}}}").adapters.first as? EntitlementSettings)
        #expect(!core.allowsUnsynced && !core.acceptsUsageReset && core.pause == .feature && core.pauseNeedsApproval)
        let hook = try #require(try load("webhook: {url_file: /u, secret_file: /s}").adapters.first as? SignedWebhook.Settings)
        #expect(hook.expiry == .monitor && hook.actions == [.throttle, .pause, .disablePack])
    }

    static let two = "a: {replicas: [http://h:1]}, b: {replicas: [http://h:2]}"

    @Test(arguments: [
        ("lease_api: {}", "needs 'url'"), ("lease_api: {url: x}", "not an http or https URL"),
        ("lease_api: {url: https://core, actions: [notify]}", "none of throttle, pause, disable_pack"),
        ("lease_api: {url: https://core, actions: []}", "'actions' is empty"),
        ("lease_api: {url: https://core, ownr: x}", "has no key 'ownr'"),
        ("lease_api: {url: https://core, owner: a b}", "'owner' must be a name"),
        ("lease_api: {url: https://core, auth: {bearer: s3cret}}", "must not stand in the file"),
        ("entitlements: {url: https://core}", "needs 'apps'"),
        ("entitlements: {url: https://core, apps: {}}", "'apps' is empty"),
        ("entitlements: {url: https://core, apps: {a: {}}}", "needs 'tenant_id', or 'no_tenant: true'"),
        ("entitlements: {url: https://core, apps: {a: {tenant_id: t, no_tenant: true}}}", "one of them"),
        ("entitlements: {url: https://core, apps: {a/b: {tenant_id: t}}}", "no place for an app 'a/b'"),
        ("entitlements: {url: https://core, apps: {a: {tenant_id: t}}, usage_reset: yes}", "none of refused, accepted"),
        ("entitlements: {url: https://core, apps: {a: {tenant_id: t}}, pause: hard}", "none of feature, budget, off"),
        ("entitlements: {url: https://core, apps: {a: {tenant_id: t}}, runtime: shred}", "no runtime 'shred'"),
        ("entitlements: {url: https://core, apps: {a: {tenant_id: t}}, features: {A: f, B: f}}", "another workflow has it"),
        (
            "entitlements: {url: https://core, apps: {a: {tenant_id: t}}, features: {A: workflow_execution}}",
            "stands for all of them"
        ),
        ("webhook: {url_file: /u}", "needs 'secret_file'"), ("webhook: {secret_file: /s}", "needs 'url_file'"),
        ("webhook: {url: https://h, secret: s3cret}", "must not stand in the file"),
        ("webhook: {url: https://h, secret_file: /s, expiry: never}", "none of monitor, receiver"),
    ])
    func refused(text: String, word: String) {
        #expect {
            _ = try load(text)
        } throws: { error in
            "\(error)".contains(word) && !"\(error)".contains("s3cret")
        }
    }

    @Test func ofSeveralRuntimesOneIsNamed() throws {
        let text = "entitlements: {url: https://core, apps: {a: {tenant_id: t}}}"
        #expect(throws: ConfigurationErrors.self) { try load(text, runtimes: Self.two) }
        let named = try load("entitlements: {url: https://core, runtime: b, apps: {a: {tenant_id: t}}}", runtimes: Self.two)
        #expect((named.adapters.first as? EntitlementSettings)?.runtime == "b")
    }
}
