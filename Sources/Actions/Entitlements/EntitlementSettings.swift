import Ambient
import Model
import Settings

/// mozaiks-core's entitlements, and how the adapter may write them.
public struct EntitlementSettings: Sendable {
    /// What the control plane does not give back when asked, so that it must be known here.
    public enum Tenant: Hashable, Sendable {
        case id(String)
        /// Declared: this app has none.
        case none
    }

    /// Apps in the order in which they were named, each once.
    public struct Apps: Sendable, ExpressibleByDictionaryLiteral {
        public private(set) var entries: [(id: AppID, tenant: Tenant)] = []

        public init(dictionaryLiteral elements: (AppID, Tenant)...) {
            for (app, tenant) in elements { self[app] = tenant }
        }

        /// Nil: it may not be written. The first one that is named holds.
        public subscript(_ app: AppID) -> Tenant? {
            get { entries.first { $0.id == app }?.tenant }
            set {
                let place = entries.firstIndex { $0.id == app }
                switch (place, newValue) {
                case (let place?, let tenant?): entries[place].tenant = tenant
                case (let place?, nil): entries.remove(at: place)
                case (nil, let tenant?): entries.append((app, tenant))
                case (nil, nil): break
                }
            }
        }
    }

    /// How a pause is put.
    public enum Pause: String, Hashable, Sendable, CaseIterable {
        case off
        /// `features.workflow_execution: false`.
        case feature
        /// A hard token budget that is used up. Today's builds enforce it, and tell end users that their budget is exhausted.
        case budget
    }

    /// Base URL of the control plane, without a trailing slash.
    public var url: String
    /// The runtime whose apps these are; nil: of whatever runtime. With two runtimes on one control plane two leases would share
    /// one value, so that the configuration wants it named then.
    public var runtime: String?
    /// The apps that may be written. No other is: its `tenant_id` would be lost.
    public var apps: Apps
    /// Whether apps may be written that the platform never synced. Their document cannot be taken away again.
    public var allowsUnsynced = false
    /// Whether a finite token budget may be written back. The document carries `used`: what is used between reading and writing is
    /// forgotten.
    public var acceptsUsageReset = false
    /// The feature that stands for a workflow; a workflow without one cannot be disabled here.
    public var features: [PackID: String] = [:]
    public var pause = Pause.feature
    /// Whether a person must say yes to each pause.
    public var pauseNeedsApproval = true
    public var authentication = Authentication.none
    public var origin = SettingOrigin.builtIn
    public var tls = TLSFiles()

    public init(url: String, apps: Apps = [:]) {
        self.url = url
        self.apps = apps
    }
}

extension EntitlementSettings {
    /// Why a pause asks a person; nil where it does not.
    public var pauseApproval: String? {
        guard pauseNeedsApproval else { return nil }
        return pause == .budget
            ? "its users would be told that their token budget is exhausted"
            : "if the monitor dies, nothing else ends the pause"
    }

    /// What is known of the control planes seen in the field: which of the keys that we write they enforce themselves. For people:
    /// setup, `doctor`, documentation.
    public static let enforcement: [(keys: String, enforced: String)] = [
        (
            "rate_limits.requests_per_minute, rate_limits.concurrent_workflows",
            "advice: kept and handed out, enforced only where the hosting application reads it"
        ),
        ("features.*, features.workflow_execution included", "advice: as above; a feature that is not listed counts as on"),
        (
            "token_budget.total_tokens with enforcement: hard and used >= limit",
            "enforced: new runs are refused, and end users are told that their token budget is exhausted"
        ),
    ]
}
