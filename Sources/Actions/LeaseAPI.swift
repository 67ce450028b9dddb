import Ambient
import HTTP
import Model
import Settings
import YAML

/// A control plane that takes leases: `PUT`, `GET` and `DELETE /ops/v1/leases/{id}`, as docs/control-plane-api.yaml has them.
///
/// It enforces the end by itself, so that a dead monitor leaves nothing behind. A lease counts as landed only once it was read
/// back: a receiver that says yes and does nothing is found out.
public struct LeaseAPI: ActionAdapter {
    public let name = Settings.key.name
    private let settings: Settings
    /// Whose leases these are.
    private let owner: String
    private var receiver: Receiver
    /// For one request. Milliseconds.
    var timeoutMs: Int {
        get { receiver.timeoutMs }
        set { receiver.timeoutMs = newValue }
    }

    public init(_ settings: Settings, _ means: Means, owner: String) {
        self.settings = settings
        self.owner = settings.owner ?? owner
        receiver = Receiver(
            label: "the lease API", client: means.client, clock: means.clock,
            authenticator: means.authenticator(settings.authentication, "the lease API"))
        // A page of leases is longer than one.
        receiver.bodyLimit = 8 << 20
    }

    public func capability(for key: LeaseKey) -> Capability? {
        key.kind != .notify && settings.actions.contains(key.kind) ? Capability(expiry: .receiver) : nil
    }

    public func put(_ order: LeaseOrder) async -> Landing {
        do throws(Setback) {
            let body = LeaseSheet.document(order, owner: owner).serializedBytes()
            let reply = try await receiver.send(.put, place(order.id), body: body, accepting: [200, 201])
            guard let held = try await read(order.id) else {
                return .refused(reason: "the lease API answered \(reply.status) but does not have the lease")
            }
            guard let difference = held.difference(from: order, owner: owner) else { return .landed(nil) }
            return .refused(
                reason: "the lease API answered \(reply.status) but holds something else: \(difference) differs")
        } catch {
            return Landing(error)
        }
    }

    public func revert(_ order: LeaseOrder) async -> Undoing {
        do throws(Setback) {
            let reply = try await receiver.send(.delete, place(order.id), accepting: [200, 204, 404, 410])
            guard reply.status < 300 else { return .alreadyGone }
            guard try await read(order.id) == nil else {
                return .retry(after: nil, reason: "the lease API answered \(reply.status) but still has the lease")
            }
            return .undone
        } catch {
            // A wrong path or method is mended by someone; until then the receiver ends the lease by itself.
            return Undoing(trying: error)
        }
    }

    public func held(_ orders: [LeaseOrder]) async -> Holding {
        do throws(Setback) {
            let url = "\(settings.url)/ops/v1/leases?owner=\(PercentEncoding.encode(owner.utf8))"
            let reply = try await receiver.send(.get, url, accepting: [200])
            guard let list = reply.document?["leases"]?.array else {
                throw .retry("the lease API's list of leases cannot be read")
            }
            // Another owner's that came along are left alone.
            let held = list.compactMap(LeaseSheet.Held.init).filter { $0.owner.isSame(as: owner) }
            let asked = Dictionary(orders.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            var inForce: Set<String> = []
            var strangers: [Holding.Stranger] = []
            for lease in held {
                if let order = asked[lease.id] {
                    if lease.difference(from: order, owner: owner) == nil { inForce.insert(lease.id) }
                } else {
                    strangers.append(.init(id: lease.id, key: lease.key, expiresAt: lease.expiresAt))
                }
            }
            return .known(inForce: inForce, strangers: strangers)
        } catch {
            return Holding(error)
        }
    }

    private func place(_ id: String) -> String { "\(settings.url)/ops/v1/leases/\(PercentEncoding.encode(id.utf8))" }

    /// The lease as the receiver has it; nil when it has none.
    private func read(_ id: String) async throws(Setback) -> LeaseSheet.Held? {
        let reply = try await receiver.send(.get, place(id), accepting: [200, 404, 410])
        guard reply.status == 200 else { return nil }
        guard let held = reply.document.flatMap(LeaseSheet.Held.init) else {
            throw .retry("the lease API's answer about \(id) cannot be read")
        }
        return held
    }
}

// MARK: - Its settings

extension LeaseAPI {
    /// A control plane that takes leases.
    public struct Settings: AdapterKind {
        /// Base URL without a trailing slash.
        public var url: String
        public var authentication = Authentication.none
        /// Whose leases these are; nil: as the monitor is called. Two monitors on one control plane have two names, or each
        /// undoes the other's leases.
        public var owner: String?
        /// What it takes: never `notify`, at least one.
        public var actions = AdapterKeys.kinds
        public var origin = SettingOrigin.builtIn
        public var tls = TLSFiles()

        public init(url: String, owner: String? = nil) {
            self.url = url
            self.owner = owner
        }

        public static let key = SettingKey(
            "lease_api",
            .section(SettingSection([AdapterKeys.url, AuthenticationReader.key, AdapterKeys.owner, AdapterKeys.actions] + TLSReader.keys)),
            "A control plane with leases")

        public init?(_ fields: Fields, at place: YAMLNode, runtimes: [String], _ reader: SettingReader) {
            let url = reader.url(fields, AdapterKeys.url, hasAuth: true)
            authentication = AuthenticationReader(reader: reader).read(fields)
            owner = reader.owner(fields)
            guard let actions = reader.actions(fields), let url else { return nil }
            self.actions = actions
            self.url = url
        }

        public var shown: [(key: String, value: String)] {
            [("url", url), ("auth", authentication.shown), ("actions", "[\(actions.names)]")]
        }
        public var secrets: [SecretUse] {
            authentication.secrets.map { SecretUse($0.source, "\($0.what) of the lease API") }
        }
        public var words: (landing: String, notes: [String]) {
            ("\(actions.names) would land at the lease API \(url), which ends leases by itself", [])
        }
        public func landings(on runtimes: [String]) -> Landings { Landings(everywhere: Set(actions)) }
        public func adapter(_ means: Means, owner: String) -> any ActionAdapter { LeaseAPI(self, means, owner: owner) }
    }
}
