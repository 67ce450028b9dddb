import Actions
import Ambient
import Configuration
import HTTP
import Model

/// Where leases land besides the gate, as the configuration says.
extension Assembly {
    /// In the order in which they stand in the documentation. Their secrets are read when they are needed.
    static func adapters(
        _ configuration: Configuration, client: HTTPClient, clock: any Clock, _ environment: Environment
    ) -> [any ActionAdapter] {
        let settings = configuration.adapters
        let owner = configuration.environment.value
        func authenticator(_ authentication: RuntimeSettings.Authentication, _ what: String) -> Authenticator? {
            if case .none = authentication { return nil }
            return Authenticator(method(authentication, what, environment), client: client, clock: clock)
        }
        func secret(_ source: SecretSource, _ what: String) -> @Sendable () throws -> Secret {
            let secret = CachedSecret(source, what: what, in: environment)
            return { try secret.value() }
        }
        var adapters: [any ActionAdapter] = []
        if let api = settings.leaseAPI {
            var leases = LeaseAPI.Settings(url: api.url, owner: api.owner ?? owner)
            leases.actions = Set(api.actions)
            adapters.append(
                LeaseAPI(
                    leases, authenticator: authenticator(api.authentication, "the lease API"), client: client.using(api.tls), clock: clock))
        }
        if let core = settings.entitlements {
            adapters.append(
                Entitlements(
                    EntitlementSettings(core), authenticator: authenticator(core.authentication, "the entitlements"),
                    client: client.using(core.tls), clock: clock))
        }
        if let hook = settings.webhook {
            var webhook = SignedWebhook.Settings(owner: hook.owner ?? owner)
            webhook.actions = Set(hook.actions)
            webhook.expiry = hook.enforcesEnd ? .receiver : .monitor
            adapters.append(
                SignedWebhook(
                    webhook, url: secret(hook.url, "the URL of the action webhook"),
                    secret: secret(hook.secret, "the secret of the action webhook"), client: client.using(hook.tls), clock: clock))
        }
        return adapters
    }

    /// The actions that land somewhere, whatever the app.
    /// - Parameter withGate: false for `check`, between whose passes no gate runs.
    static func landable(_ configuration: Configuration, withGate: Bool = true) -> Set<ActionKind> {
        if withGate, configuration.gate != nil { return [.throttle, .pause, .disablePack] }
        let settings = configuration.adapters
        return Set((settings.leaseAPI?.actions ?? []) + (settings.webhook?.actions ?? []))
    }

    /// Whether leases land at the gate and nowhere else.
    static func landsAtGateOnly(_ configuration: Configuration) -> Bool {
        let settings = configuration.adapters
        return configuration.gate != nil && settings.leaseAPI == nil && settings.entitlements == nil && settings.webhook == nil
    }

    /// What lands on some apps only, without a person: entitlements name their apps, and the workflows that a feature stands for.
    static func landableKeys(_ configuration: Configuration) -> Set<LeaseKey> {
        guard let core = configuration.adapters.entitlements else { return [] }
        var keys: Set<LeaseKey> = []
        for runtime in core.runtime.map({ [$0] }) ?? configuration.runtimes.map(\.name) {
            for app in core.apps {
                keys.insert(LeaseKey(kind: .throttle, runtime: runtime, app: app.id))
                for feature in core.features {
                    keys.insert(LeaseKey(kind: .disablePack, runtime: runtime, app: app.id, pack: feature.workflow))
                }
                if core.pause != .off, !core.pauseNeedsApproval {
                    keys.insert(LeaseKey(kind: .pause, runtime: runtime, app: app.id))
                }
            }
        }
        return keys
    }

    /// What lands only after a person said yes, and why: a pause in entitlements, unless the configuration says otherwise.
    static func landableOnApproval(_ configuration: Configuration) -> [LeaseKey: String] {
        guard let core = configuration.adapters.entitlements, core.pause != .off, core.pauseNeedsApproval else { return [:] }
        let settings = EntitlementSettings(core)
        var keys: [LeaseKey: String] = [:]
        for runtime in core.runtime.map({ [$0] }) ?? configuration.runtimes.map(\.name) {
            for app in core.apps {
                keys[LeaseKey(kind: .pause, runtime: runtime, app: app.id)] = settings.pauseApproval
            }
        }
        return keys
    }

    /// The secrets of adapters, each with what it is for.
    static func adapterSecrets(_ configuration: Configuration) -> [(source: SecretSource, what: String)] {
        let settings = configuration.adapters
        func secrets(_ authentication: RuntimeSettings.Authentication?, _ what: String) -> [(SecretSource, String)] {
            Assembly.secrets(of: authentication ?? RuntimeSettings.Authentication.none).map { ($0, "\($1) of \(what)") }
        }
        return secrets(settings.leaseAPI?.authentication, "the lease API")
            + secrets(settings.entitlements?.authentication, "the entitlements")
            + (settings.webhook.map {
                [($0.url, "the URL of the action webhook"), ($0.secret, "the secret of the action webhook")]
            } ?? [])
    }
}

extension EntitlementSettings {
    init(_ core: EntitlementsSettings) {
        self.init(
            url: core.url,
            apps: Dictionary(
                core.apps.map { ($0.id, $0.tenant.map { .id($0) } ?? Tenant.none) }, uniquingKeysWith: { first, _ in first }))
        runtime = core.runtime
        allowsUnsynced = core.allowsUnsynced
        acceptsUsageReset = core.acceptsUsageReset
        features = Dictionary(core.features.map { ($0.workflow, $0.name) }, uniquingKeysWith: { first, _ in first })
        pause =
            switch core.pause {
            case .feature: .feature
            case .budget: .budget
            case .off: .off
            }
        pauseNeedsApproval = core.pauseNeedsApproval
    }
}
