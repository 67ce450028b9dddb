import Ambient
import HTTP
import Model
import Settings

/// mozaiks-core's entitlements: one document for each app, which is read and replaced as a whole.
///
/// The document has no version to compare, so that what someone else writes between our reading and our writing is lost; the time
/// between is one request long, and what can be seen of it afterwards is looked for. The other way round nothing is lost: a key is
/// put back only while it holds what we set. Nothing ends by itself here: the monitor must revert.
public struct Entitlements: ActionAdapter {
    public let name = EntitlementSettings.key.name
    let settings: EntitlementSettings
    private let plan: EntitlementPlan
    private var receiver: Receiver
    private let turns = AppTurns()
    /// For one request. Milliseconds.
    var timeoutMs: Int {
        get { receiver.timeoutMs }
        set { receiver.timeoutMs = newValue }
    }

    public init(_ settings: EntitlementSettings, _ means: Means) {
        self.settings = settings
        plan = EntitlementPlan(settings: settings)
        receiver = Receiver(
            label: "the entitlements", client: means.client, clock: means.clock,
            authenticator: means.authenticator(settings.authentication, "the entitlements"))
    }

    public func capability(for key: LeaseKey) -> Capability? {
        guard settings.runtime.map({ $0.isSame(as: key.runtime) }) ?? true, settings.apps[key.app] != nil,
            Entitlements.isAddressable(key.app)
        else { return nil }
        switch key.kind {
        case .notify: return nil
        case .throttle: return Capability(expiry: .monitor)
        case .disablePack:
            return key.pack.flatMap { settings.features[$0] } == nil ? nil : Capability(expiry: .monitor)
        case .pause:
            guard settings.pause != .off else { return nil }
            return Capability(expiry: .monitor, approval: settings.pauseApproval)
        }
    }

    /// The path takes no slash, encoded or not, and only text.
    public static func isAddressable(_ app: AppID) -> Bool {
        !app.bytes.isEmpty && !app.bytes.contains(UInt8(ascii: "/")) && app.text.utf8.elementsEqual(app.bytes)
            && !["." as String, ".."].contains(app.text)
    }

    // MARK: - The steps

    public func prepare(_ order: LeaseOrder) async -> Preparation {
        do throws(Setback) {
            let tenant = try tenant(order)
            return try await inTurn(order) { () throws(Setback) in
                let old = try memo(order)
                let document = try await read(order.key.app)
                try check(document, order)
                guard var memo = try plan.memo(order.effect, in: document, before: old) else {
                    return .noop(reason: "it is as strict already")
                }
                memo.tenant = tenant
                return .ready(memo.memo)
            }
        } catch {
            return Preparation(error)
        }
    }

    public func put(_ order: LeaseOrder) async -> Landing {
        do throws(Setback) {
            let tenant = try tenant(order)
            return try await inTurn(order) { () throws(Setback) in
                guard let memo = try memo(order) else { throw .refused("the entitlements were not looked at first") }
                return .landed(try await put(memo, order, tenant).memo)
            }
        } catch {
            return Landing(error)
        }
    }

    public func revert(_ order: LeaseOrder) async -> Undoing {
        do throws(Setback) {
            guard let memo = try memo(order) else { return .alreadyGone }
            // Whatever the configuration says by now: what was put is taken back.
            return await inTurn(order) {
                do throws(Setback) {
                    guard let tenant = settings.apps[order.key.app] ?? memo.tenant else {
                        throw .refused("the configuration names no tenant for \(order.key.app) any more")
                    }
                    return try await revert(memo, order, tenant)
                } catch {
                    switch error {
                    case .retry(let after, let reason): return .retry(after: after, reason: reason)
                    // Someone may mend it: the configuration, the document. Until then people are told what to do.
                    case .refused(let reason): return .retry(after: nil, reason: "\(reason); a person has to \(memo.steps)")
                    }
                }
            }
        } catch {
            return Undoing(error)
        }
    }

    public func held(_ orders: [LeaseOrder]) async -> Holding {
        var inForce: Set<String> = []
        for order in orders {
            guard let memo = order.memo.flatMap({ try? EntitlementMemo($0) }) else { continue }
            do throws(Setback) {
                let document = try await read(order.key.app)
                let isThere = memo.keys.allSatisfy { document[$0.path] == $0.target }
                if isThere, memo.isConfirmed { inForce.insert(order.id) }
            } catch {
                return Holding(error)
            }
        }
        return .known(inForce: inForce, strangers: [])
    }

    // MARK: - Putting

    private func put(
        _ memo: EntitlementMemo, _ order: LeaseOrder, _ tenant: EntitlementSettings.Tenant
    ) async throws(Setback) -> EntitlementMemo {
        if let reason = capability(for: order.key)?.approval, !order.isApproved {
            throw .refused("a person must approve this: \(reason)")
        }
        let before = try await read(order.key.app)
        try check(before, order)
        if memo.wasSynced, before.syncedAt == nil { throw .refused(Entitlements.forgotten) }
        for key in memo.keys {
            let current = before[key.path]
            guard current == key.prior || key.isOurs(current) else {
                throw .refused("someone else set \(key.path) to \(current) since it was looked at: theirs stays")
            }
        }
        if memo.isConfirmed, memo.keys.allSatisfy({ before[$0.path] == $0.target }) { return memo }
        var wanted = before
        for key in memo.keys { wanted.set(key.path, to: key.target) }
        try await post(wanted, restoring: memo, order, tenant)
        let after = try await read(order.key.app)
        for key in memo.keys where after[key.path] != key.target {
            let isUntouched = after[key.path] == before[key.path]
            throw .refused(
                isUntouched
                    ? "the entitlements answered 200 but \(key.path) is still \(after[key.path])"
                    : "someone else set \(key.path) to \(after[key.path]) at the same moment: theirs stays")
        }
        guard after.syncedAt != nil else { throw .refused("the entitlements answered 200 but were not kept") }
        guard EntitlementDocument.holds(after.rest(without: memo.paths), wanted.rest(without: memo.paths)) else {
            throw .refused("other entitlements of the app changed in between")
        }
        var memo = memo
        memo.isConfirmed = true
        return memo
    }

    /// Posts; where the control plane says that it failed, it may have changed half of its state: then what stood there before is put
    /// back at once. An answer that was lost is another matter: the next attempt posts the same again.
    private func post(
        _ document: EntitlementDocument, restoring memo: EntitlementMemo, _ order: LeaseOrder,
        _ tenant: EntitlementSettings.Tenant
    ) async throws(Setback) {
        guard let failure = try await post(document, order, tenant) else { return }
        let seen = try await read(order.key.app)
        let changed = memo.keys.filter { seen[$0.path] != $0.prior && $0.isOurs(seen[$0.path]) }
        guard !changed.isEmpty else { throw .retry(failure) }
        var restored = seen
        for key in changed { restored.set(key.path, to: key.prior) }
        if (try? await post(restored, order, tenant)) == .some(.none) {
            throw .retry("\(failure); half of the change was there, and was put back")
        }
        throw .retry("\(failure); half of the change may be there, and could not be put back yet")
    }

    // MARK: - Reverting

    private func revert(
        _ memo: EntitlementMemo, _ order: LeaseOrder, _ tenant: EntitlementSettings.Tenant
    ) async throws(Setback) -> Undoing {
        let before = try await read(order.key.app)
        if memo.wasSynced, before.syncedAt == nil { return .alreadyGone }
        let ours = memo.keys.filter { before[$0.path] != $0.prior && $0.isOurs(before[$0.path]) }
        let others = memo.keys.filter { before[$0.path] != $0.prior && !$0.isOurs(before[$0.path]) }
        let overwritten = others.map { "someone else set \($0.path) to \(before[$0.path])" }.joined(separator: "; ")
        guard !ours.isEmpty || others.isEmpty else { return .overwritten(reason: "\(overwritten): theirs stays") }
        do throws(Setback) {
            try check(before, order, isUndoing: true)
        } catch {
            if ours.isEmpty { return .alreadyGone }
            throw error
        }
        // Where nothing of ours is to be seen it is posted all the same: after a 500 the document may show what was there before,
        // while the control plane still goes by ours.
        var wanted = before
        for key in ours { wanted.set(key.path, to: key.prior) }
        do throws(Setback) {
            if let failure = try await post(wanted, order, tenant) { throw .retry(failure) }
        } catch {
            // Undoing is not given up because a proxy was in the way once.
            guard case .refused(let reason) = error else { throw error }
            throw .retry(reason)
        }
        let after = try await read(order.key.app)
        if let key = ours.first(where: { $0.isOurs(after[$0.path]) && after[$0.path] != $0.prior }) {
            throw .retry("the entitlements answered 200 but \(key.path) is still \(after[key.path])")
        }
        return others.isEmpty ? .undone : .overwritten(reason: "\(overwritten): theirs stays; the others were put back")
    }

    // MARK: - Reading and writing

    static let forgotten = "the control plane has forgotten the app's entitlements, as after a restart: nothing to act on"
    /// Anything else is answered 500 after half of the state was changed.
    private static let enforcements = ["hard", "soft", "warn", "none"]

    /// What must hold of a document before it is written.
    private func check(_ document: EntitlementDocument, _ order: LeaseOrder, isUndoing: Bool = false) throws(Setback) {
        if document.syncedAt == nil, !settings.allowsUnsynced, !isUndoing {
            throw .refused("the platform never synced this app's entitlements (allow_unsynced is not set)")
        }
        if let enforcement = document.enforcement, !Entitlements.enforcements.contains(enforcement) {
            throw .refused("its token budget has an enforcement that the control plane itself cannot take")
        }
        for key in ["plan", "token_budget", "features", "rate_limits"] where document[EntitlementPath(key)].json?.object == nil {
            throw .refused("its '\(key)' is no object: this is not the document that we know")
        }
        if document.hasFiniteBudget, !settings.acceptsUsageReset {
            throw .refused(
                "its token budget is finite, and writing it back would forget what is used meanwhile (usage_reset is not accepted)")
        }
    }

    private func memo(_ order: LeaseOrder) throws(Setback) -> EntitlementMemo? {
        guard let memo = order.memo else { return nil }
        do {
            return try EntitlementMemo(memo)
        } catch {
            throw .refused("what was kept of this lease cannot be read: \(error)")
        }
    }

    /// Whose document it is, for what is to be put.
    private func tenant(_ order: LeaseOrder) throws(Setback) -> EntitlementSettings.Tenant {
        guard capability(for: order.key) != nil, let tenant = settings.apps[order.key.app] else {
            throw .refused("the configuration names no tenant for \(order.key.app): its entitlements cannot be kept whole")
        }
        return tenant
    }

    private func inTurn<R: Sendable, E: Error>(_ order: LeaseOrder, _ work: () async throws(E) -> R) async throws(E) -> R {
        await turns.enter(order.key.app)
        let result: Result<R, E>
        do throws(E) {
            result = .success(try await work())
        } catch {
            result = .failure(error)
        }
        await turns.leave(order.key.app)
        return try result.get()
    }

    private func place(_ app: AppID) -> String { "\(settings.url)/api/v1/entitlements/\(PercentEncoding.encode(app.bytes))" }

    private func read(_ app: AppID) async throws(Setback) -> EntitlementDocument {
        let reply: Receiver.Reply
        do throws(Setback) {
            reply = try await receiver.send(.get, place(app), accepting: [200])
        } catch {
            // Every app has a document: a 404 is a path or a proxy that is wrong.
            guard case .refused(let reason) = error else { throw error }
            throw .retry(reason)
        }
        guard let document = EntitlementDocument(reply.document), let id = document.appID else {
            throw .retry("the entitlements' answer cannot be read: does a proxy stand in between?")
        }
        guard id.utf8.elementsEqual(app.bytes) else { throw .refused("the entitlements answered about another app") }
        return document
    }

    /// Nil when the control plane said yes; when it said 500, why: part of the document may be in force then.
    private func post(
        _ document: EntitlementDocument, _ order: LeaseOrder, _ tenant: EntitlementSettings.Tenant
    ) async throws(Setback) -> String? {
        let body = document.posted(tenant: tenant, correlation: order.id).serializedBytes()
        let reply = try await receiver.send(.post, place(order.key.app) + "/sync", body: body, accepting: [200, 500])
        guard reply.status == 200 else { return "the entitlements answered 500" }
        guard reply.document?["status"]?.string == "synced" else {
            throw .retry("the entitlements answered 200 without saying that they were synced")
        }
        return nil
    }
}
