import Ambient
import Model

/// Where leases land besides the gate.
public struct AdapterSettings: Sendable {
    public var leaseAPI: LeaseAPISettings?
    public var entitlements: EntitlementsSettings?
    public var webhook: ActionWebhookSettings?

    public init() {}
}

/// A control plane that takes leases.
public struct LeaseAPISettings: Sendable {
    /// Base URL without a trailing slash.
    public let url: String
    public let authentication: RuntimeSettings.Authentication
    /// Whose leases they are; nil: the environment's name.
    public let owner: String?
    /// What it takes: never `notify`, at least one.
    public let actions: [ActionKind]
    public let origin: SettingOrigin
    public var tls = TLSFiles()
}

/// mozaiks-core's entitlements.
public struct EntitlementsSettings: Sendable {
    public enum Pause: String, Sendable, CaseIterable {
        case feature, budget, off
    }

    public struct App: Sendable {
        public let id: AppID
        /// Nil: declared to have none.
        public let tenant: String?
    }

    public struct Feature: Sendable {
        public let workflow: PackID
        public let name: String
    }

    /// Base URL without a trailing slash.
    public let url: String
    public let authentication: RuntimeSettings.Authentication
    /// Nil where only one is configured.
    public let runtime: String?
    /// At least one.
    public let apps: [App]
    public let allowsUnsynced: Bool
    public let acceptsUsageReset: Bool
    public let features: [Feature]
    public let pause: Pause
    public let pauseNeedsApproval: Bool
    public let origin: SettingOrigin
    public var tls = TLSFiles()
}

/// An operator's own endpoint for leases.
public struct ActionWebhookSettings: Sendable {
    /// May hold a token.
    public let url: SecretSource
    /// The key of both signatures.
    public let secret: SecretSource
    /// Whose leases they are; nil: the environment's name.
    public let owner: String?
    public let actions: [ActionKind]
    /// Whether it ends leases by itself; otherwise the monitor asks it to.
    public let enforcesEnd: Bool
    public let origin: SettingOrigin
    public var tls = TLSFiles()
}

extension AdapterSettings {
    /// For `config show`.
    var entries: [Configuration.Entry] {
        var entries: [Configuration.Entry] = []
        func names(_ actions: [ActionKind]) -> String { "[" + actions.map(\.rawValue).joined(separator: ", ") + "]" }
        if let api = leaseAPI {
            entries += [
                .init(key: "actions.lease_api.url", value: api.url, origin: api.origin),
                .init(key: "actions.lease_api.auth", value: api.authentication.shown, origin: api.origin),
                .init(key: "actions.lease_api.actions", value: names(api.actions), origin: api.origin),
            ]
        }
        if let core = entitlements {
            let apps = core.apps.map { "\($0.id)\($0.tenant == nil ? " (no tenant)" : "")" }.joined(separator: ", ")
            entries += [
                .init(key: "actions.entitlements.url", value: core.url, origin: core.origin),
                .init(key: "actions.entitlements.auth", value: core.authentication.shown, origin: core.origin),
                .init(key: "actions.entitlements.apps", value: "[\(apps)]", origin: core.origin),
                .init(
                    key: "actions.entitlements.pause",
                    value: core.pause.rawValue + (core.pauseNeedsApproval && core.pause != .off ? ", on approval" : ""),
                    origin: core.origin),
            ]
        }
        if let hook = webhook {
            entries += [
                .init(key: "actions.webhook.url", value: "from \(hook.url.location)", origin: hook.origin),
                .init(key: "actions.webhook.secret", value: "from \(hook.secret.location)", origin: hook.origin),
                .init(key: "actions.webhook.actions", value: names(hook.actions), origin: hook.origin),
            ]
        }
        let files = [
            leaseAPI.map { $0.tls.entries("actions.lease_api", $0.origin) },
            entitlements.map { $0.tls.entries("actions.entitlements", $0.origin) },
            webhook.map { $0.tls.entries("actions.webhook", $0.origin) },
        ]
        return entries + files.flatMap { $0 ?? [] }
    }
}

extension RuntimeSettings.Authentication {
    /// Where it comes from, without it.
    var shown: String {
        switch self {
        case .none: "none"
        case .basic(let user, let password): "user \(user), password from \(password.location)"
        case .bearer(let source): "bearer token from \(source.location)"
        case .clientCredentials(let client):
            "client \(client.clientID) at \(client.issuer ?? client.tokenURL ?? ""), secret from \(client.clientSecret.location)"
        }
    }
}
