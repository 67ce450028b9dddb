import Ambient
import Model
import Settings
import YAML

extension SignedWebhook {
    /// An operator's own endpoint for leases.
    public struct Settings: AdapterKind {
        /// May hold a token.
        public var url: SecretSource
        /// The key of both signatures.
        public var secret: SecretSource
        /// Whose leases these are; nil: as the monitor is called.
        public var owner: String?
        public var actions = AdapterKeys.kinds
        /// Who ends a lease: the receiver by `expires_at`, or the monitor by a `revert`. The monitor unless the operator says otherwise.
        public var expiry = Capability.Expiry.monitor
        public var origin = SettingOrigin.builtIn
        public var tls = TLSFiles()

        public init(url: SecretSource, secret: SecretSource, owner: String? = nil) {
            self.url = url
            self.secret = secret
            self.owner = owner
        }

        private static let url = SettingKey(
            "url", .secret, isRequired: true, "Where it is told; an address that is no secret may stand here as it is")
        private static let secret = SettingKey("secret", .secret, isRequired: true, "Key of the signature")
        private static let expiry = SettingKey(
            "expiry", .choice([Capability.Expiry.monitor, .receiver].map(\.rawValue)), fallback: Capability.Expiry.monitor.rawValue,
            "Who ends a lease that is over: `receiver` if it keeps time itself")
        public static let key = SettingKey(
            "webhook", .section(SettingSection([url, secret, AdapterKeys.owner, AdapterKeys.actions, expiry] + TLSReader.keys)),
            "Any receiver that enforces what it is told")

        public init?(_ fields: Fields, at place: YAMLNode, runtimes: [String], _ reader: SettingReader) {
            let url = reader.address(fields, Settings.url)
            let secret = reader.secret(fields, Settings.secret)
            owner = reader.owner(fields)
            expiry = reader.word(fields, Settings.expiry).flatMap { Capability.Expiry(rawValue: $0) } ?? .monitor
            guard let actions = reader.actions(fields), let url, let secret else { return nil }
            self.url = url
            self.secret = secret
            self.actions = actions
        }

        public var shown: [(key: String, value: String)] {
            [("url", "from \(url.location)"), ("secret", "from \(secret.location)"), ("actions", "[\(actions.names)]")]
        }
        public var secrets: [SecretUse] {
            [SecretUse(url, "the URL of the action webhook"), SecretUse(secret, "the secret of the action webhook")]
        }
        public var words: (landing: String, notes: [String]) {
            let end = expiry == .receiver ? "which ends leases by itself" : "which is told when to end them"
            return ("\(actions.names) would land at the action webhook, \(end)", [])
        }
        public func landings(on runtimes: [String]) -> Landings { Landings(everywhere: Set(actions)) }
        public func adapter(_ means: Means, owner: String) -> any ActionAdapter { SignedWebhook(self, means, owner: owner) }
    }
}
