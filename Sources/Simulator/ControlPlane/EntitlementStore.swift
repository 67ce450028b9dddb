import Model

/// mozaiks-core's entitlement router as it was observed: a full replace, kept in memory, handed out without what was said of the
/// tenant; and beside it what is really enforced, which follows a moment later and not always.
struct EntitlementStore: Sendable {
    /// What one app was synced to, with every member.
    struct Entry: Sendable, Equatable {
        var version: JSON
        var tenant: JSON
        var correlation: JSON
        var plan: JSONObject
        var budget: Budget
        var features: JSONObject
        var rateLimits: JSONObject
        var syncedAt: String
    }

    struct Budget: Sendable, Equatable {
        var period = "monthly"
        var limit: Int64 = -1
        var used: Int64 = 0
        var enforcement = "soft"

        var document: JSON {
            [
                "period": .string(period),
                "total_tokens": ["limit": .int(limit), "used": .int(used), "enforcement": .string(enforcement)],
            ]
        }
    }

    /// What a sync came to.
    enum Outcome: Sendable {
        case synced(status: Int, body: JSON)
        /// 500 in plain text, with the handler's copy replaced and enforcement as it was.
        case half
        case refused(status: Int, body: JSON)
    }

    private(set) var handedOut: [String: Entry] = [:]
    /// What the enforcing half goes by.
    private(set) var enforced: [String: Entry] = [:]
    /// In the order of the first sync.
    private(set) var order: [String] = []

    private static let enforcements = ["hard", "soft", "warn", "none"]

    mutating func forget() { self = EntitlementStore() }

    // MARK: - Reading

    var list: JSON { ["apps": .array(order.map(JSON.string)), "count": .int(Int64(order.count))] }

    func get(_ app: String) -> JSON {
        guard let entry = handedOut[app] else {
            return [
                "app_id": .string(app), "plan": ["tier": "unlimited", "name": "Open Source"],
                "token_budget": [
                    "period": "unlimited", "total_tokens": ["limit": -1, "used": 0, "enforcement": "none"],
                ],
                "features": [:], "rate_limits": [:], "synced_at": nil,
            ]
        }
        return [
            "app_id": .string(app), "plan": .object(entry.plan), "token_budget": entry.budget.document,
            "features": .object(entry.features), "rate_limits": .object(entry.rateLimits), "synced_at": .string(entry.syncedAt),
        ]
    }

    /// Both halves whole, for whoever checks.
    func view(_ app: String) -> JSON {
        func document(_ entry: Entry?) -> JSON {
            guard let entry else { return .null }
            return [
                "version": entry.version, "tenant_id": entry.tenant, "correlation_id": entry.correlation,
                "plan": .object(entry.plan), "token_budget": entry.budget.document, "features": .object(entry.features),
                "rate_limits": .object(entry.rateLimits), "synced_at": .string(entry.syncedAt),
            ]
        }
        return [
            "stored": document(handedOut[app]), "enforced": document(enforced[app]),
            "workflow_start_allowed": .bool(isStartAllowed(app)),
        ]
    }

    /// The only thing that is enforced by itself: a hard budget that is used up.
    func isStartAllowed(_ app: String) -> Bool {
        guard let budget = enforced[app]?.budget else { return true }
        return !(budget.enforcement == "hard" && budget.limit >= 0 && budget.used >= budget.limit)
    }

    // MARK: - Writing

    /// Tokens are used while nobody looks.
    mutating func spend(_ app: String, _ tokens: Int64) {
        handedOut[app]?.budget.used += tokens
        enforced[app]?.budget.used += tokens
    }

    /// - Parameters:
    ///   - failsHalfWay: as a bad `enforcement` does.
    ///   - extra: added to each rate limit.
    mutating func sync(
        _ app: String, _ document: JSON, now: String, failsHalfWay: Bool = false, distortedBy extra: Int64 = 0
    ) -> Outcome {
        var reader = EntitlementForm(document)
        var entry = reader.entry(syncedAt: now)
        if let refusal = reader.refusal { return .refused(status: 422, body: refusal) }
        guard let said = document["app_id"]?.string, said.isSame(as: app) else {
            let said = document["app_id"]?.string ?? ""
            return .refused(
                status: 400, body: ["detail": .string("app_id mismatch: URL has '\(app)', body has '\(said)'")])
        }
        for member in entry.rateLimits where extra != 0 {
            entry.rateLimits[member.key] = .int((member.value.int ?? 0) + extra)
        }
        if handedOut[app] == nil { order.append(app) }
        handedOut[app] = entry
        guard !failsHalfWay, EntitlementStore.enforcements.contains(entry.budget.enforcement) else { return .half }
        enforced[app] = entry
        return .synced(
            status: 200,
            body: [
                "status": "synced", "app_id": .string(app), "synced_at": .string(now + "Z"), "previous_tier": nil,
                "new_tier": entry.plan["tier"] ?? .null, "error": nil,
            ])
    }
}
