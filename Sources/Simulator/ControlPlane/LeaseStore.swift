import Model

/// The receiving side of `/ops/v1/leases`, as docs/control-plane-api.yaml describes it: it ends leases by itself.
struct LeaseStore: Sendable {
    struct Kept: Sendable {
        var document: JSONObject
        var key: LeaseKey
        var owner: String
        var expiresAt: Timestamp
        /// False: only handed out when asked for, as after half a change.
        var isInForce = true
    }

    struct Change: Sendable {
        let status: Int
        let body: JSON?
        var event = ControlPlaneEvent.Kind.none
        var app: String?
    }

    private(set) var leases: [String: Kept] = [:]
    /// Leases that were undone, until their end: a request that was under way must not bring one back.
    private var undone: [String: Timestamp] = [:]

    mutating func forget() { self = LeaseStore() }

    /// Ends what is over, and says what was.
    mutating func expire(now: Timestamp) -> [(id: String, app: String)] {
        undone = undone.filter { $0.value > now }
        let over = leases.filter { $0.value.expiresAt <= now }.sorted { $0.key < $1.key }
        for (id, _) in over { leases[id] = nil }
        return over.filter(\.value.isInForce).map { ($0.key, $0.value.key.app.text) }
    }

    /// - Parameters:
    ///   - isInForce: false for a change that stops half-way.
    ///   - extra: how much longer than asked.
    mutating func put(
        _ id: String, _ document: JSON, now: Timestamp, isInForce: Bool = true, longerBy extra: TimeSpan = .zero
    ) -> Change {
        let reader = DocumentReader(document, document: "lease")
        let key: LeaseKey
        let owner: String
        let expiresAt: Timestamp
        do throws(DocumentError) {
            try reader.expectSchema("mozaiks.ops/lease-order/v1")
            key = try LeaseKey(reader)
            owner = try reader.member("owner").string()
            expiresAt = try reader.member("expires_at").timestamp() + extra
            _ = try reader.member("created_at").timestamp()
            if key.kind == .throttle { _ = try Limits(reader.member("limits")) }
            guard try reader.member("id").string().isSame(as: id) else {
                throw reader.error("has another id than its place")
            }
        } catch {
            return LeaseStore.problem(422, "not a lease order", "\(error)")
        }
        if undone[id] != nil { return LeaseStore.problem(410, "gone", "this lease was undone") }
        guard expiresAt > now else { return LeaseStore.problem(410, "gone", "this lease is over") }
        if let kept = leases[id], kept.key != key || !kept.owner.isSame(as: owner) {
            return LeaseStore.problem(409, "conflict", "this id is another lease's")
        }
        guard var object = document.object else { return LeaseStore.problem(422, "not a lease order", "not an object") }
        object["expires_at"] = .moment(expiresAt)
        object["state"] = "in_force"
        let old = leases[id]
        leases[id] = Kept(document: object, key: key, owner: owner, expiresAt: expiresAt, isInForce: isInForce)
        var event = ControlPlaneEvent.Kind.none
        if isInForce { event = old?.isInForce != true ? .began : (old?.document == object ? .repeated : .changed) }
        return Change(status: old == nil ? 201 : 200, body: .object(object), event: event, app: key.app.text)
    }

    mutating func delete(_ id: String) -> Change {
        guard let kept = leases.removeValue(forKey: id) else {
            return LeaseStore.problem(undone[id] == nil ? 404 : 410, "not found", "there is no such lease")
        }
        undone[id] = kept.expiresAt
        return Change(status: 204, body: nil, event: kept.isInForce ? .ended : .none, app: kept.key.app.text)
    }

    func get(_ id: String) -> Change {
        guard let kept = leases[id] else { return LeaseStore.problem(404, "not found", "there is no such lease") }
        return Change(status: 200, body: .object(kept.document), app: kept.key.app.text)
    }

    /// Sorted by id.
    func list(owner: String?) -> JSON {
        let wanted = leases.sorted { $0.key < $1.key }
            .filter { kept in owner.map { kept.value.owner.isSame(as: $0) } ?? true }
        return ["leases": .array(wanted.map { .object($0.value.document) })]
    }

    /// RFC 9457.
    static func problem(_ status: Int, _ title: String, _ detail: String) -> Change {
        Change(
            status: status,
            body: ["title": .string(title), "status": .int(Int64(status)), "detail": .string(detail)])
    }
}
