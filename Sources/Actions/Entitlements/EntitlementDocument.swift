import Model

/// A place in an entitlement document: `rate_limits.requests_per_minute`. Keys may hold dots, so that it is a list.
struct EntitlementPath: Hashable, Sendable, CustomStringConvertible {
    let keys: [String]

    init(_ keys: String...) {
        self.keys = keys
    }

    init(_ keys: [String]) {
        self.keys = keys
    }

    static func rateLimit(_ name: String) -> EntitlementPath { EntitlementPath("rate_limits", name) }
    static func feature(_ name: String) -> EntitlementPath { EntitlementPath("features", name) }
    static let budgetLimit = EntitlementPath("token_budget", "total_tokens", "limit")
    static let budgetEnforcement = EntitlementPath("token_budget", "total_tokens", "enforcement")

    var description: String { keys.map { Receiver.plain($0, limit: 80) }.joined(separator: ".") }
}

/// What stands at a place: a value, or nothing at all, which is something else than null.
enum EntitlementValue: Equatable, Sendable, CustomStringConvertible {
    case absent
    case present(JSON)

    /// Numbers by their value: a control plane may turn 6 into 6.0, or back.
    static func == (a: EntitlementValue, b: EntitlementValue) -> Bool {
        switch (a, b) {
        case (.absent, .absent): true
        case (.present(let x), .present(let y)): x == y || (x.double != nil && x.double == y.double)
        default: false
        }
    }

    var json: JSON? {
        if case .present(let value) = self { value } else { nil }
    }

    var description: String {
        switch self {
        case .absent: "nothing"
        case .present(let value): Receiver.plain(value.serialized(), limit: 60)
        }
    }
}

/// One app's entitlements as the control plane hands them out, with every member that it has, known here or not.
struct EntitlementDocument: Equatable, Sendable {
    private(set) var object: JSONObject

    /// Nil for what is no object.
    init?(_ document: JSON?) {
        guard let object = document?.object else { return nil }
        self.object = object
    }

    var appID: String? { object["app_id"]?.string }
    /// Nil for an app that was never synced, or that a restart of the control plane forgot.
    var syncedAt: String? { object["synced_at"]?.string }
    private var budget: JSON? { object["token_budget"]?["total_tokens"] }
    /// `-1` stands for no limit.
    var tokenLimit: Int64? { budget?["limit"]?.int }
    var tokensUsed: Int64? { budget?["used"]?.int }
    var enforcement: String? { budget?["enforcement"]?.string }
    var hasFiniteBudget: Bool { (tokenLimit ?? -1) >= 0 }

    subscript(path: EntitlementPath) -> EntitlementValue {
        var value = JSON.object(object)
        for key in path.keys {
            guard let next = value[key] else { return .absent }
            value = next
        }
        return .present(value)
    }

    /// Sets or removes the value at a place. Objects on the way are made where they are missing.
    mutating func set(_ path: EntitlementPath, to value: EntitlementValue) {
        object = EntitlementDocument.setting(object, path.keys[...], value)
    }

    private static func setting(_ object: JSONObject, _ keys: ArraySlice<String>, _ value: EntitlementValue) -> JSONObject {
        guard let key = keys.first else { return object }
        var object = object
        if keys.count == 1 {
            object[key] = value.json
        } else if value != .absent || object[key]?.object != nil {
            object[key] = .object(setting(object[key]?.object ?? JSONObject(), keys.dropFirst(), value))
        }
        return object
    }

    /// The whole document as it is posted: everything that was read, and what is not given back when read.
    func posted(tenant: EntitlementSettings.Tenant, correlation: String) -> JSON {
        var out = JSONObject()
        out.append("version", object["version"] ?? "1.0")
        for member in object where !["version", "synced_at", "tenant_id", "correlation_id"].contains(member.key) {
            out.append(member.key, member.value)
            guard member.key == "app_id" else { continue }
            switch tenant {
            case .id(let id): out.append("tenant_id", .string(id))
            case .none: out.append("tenant_id", .null)
            }
        }
        out.append("correlation_id", .string(correlation))
        return .object(out)
    }

    /// The same but for our own places and for what changes by itself: what nobody else changed meanwhile is as it was. Null members and absent ones are the same here: reading fills in what was never set.
    func rest(without paths: [EntitlementPath]) -> JSON {
        var copy = self
        for path in paths + [EntitlementPath("token_budget", "total_tokens", "used"), EntitlementPath("synced_at")] {
            copy.set(path, to: .absent)
        }
        for key in ["version", "tenant_id", "correlation_id"] { copy.object[key] = nil }
        return EntitlementDocument.canonical(.object(copy.object))
    }

    /// Whether a document has every member of another, with its value. What it has besides are defaults that were filled in.
    static func holds(_ whole: JSON, _ part: JSON) -> Bool {
        guard let members = part.object, let object = whole.object else { return whole == part }
        return members.allSatisfy { member in object[member.key].map { holds($0, member.value) } ?? false }
    }

    private static func canonical(_ value: JSON) -> JSON {
        switch value {
        case .object(let object):
            let members = object.members.filter { !$0.value.isNull }
                .map { JSONObject.Member(key: $0.key, value: canonical($0.value)) }
                // An object of nothing and no object are the same, as are members in another order.
                .filter { $0.value.object?.members.isEmpty != true }
                .inByteOrder(of: \.key)
            return .object(JSONObject(uniqueMembers: members))
        case .array(let elements): return .array(elements.map(canonical))
        case .double(let number): return Int64(exactly: number).map { .int($0) } ?? value
        default: return value
        }
    }
}
