import Model

/// Reads a sync's body as the router's models do: what is missing falls to its default, what is nearly of the right type is turned
/// into it, and the rest is listed in a 422.
struct EntitlementForm {
    private let document: JSON
    private var faults: [JSON] = []

    init(_ document: JSON) {
        self.document = document
    }

    /// The answer to a body that cannot be taken; nil when it can.
    var refusal: JSON? { faults.isEmpty ? nil : ["detail": .array(faults)] }

    /// 422 for a body that is not JSON.
    static func notJSON(at offset: Int) -> JSON {
        [
            "detail": [
                [
                    "type": "json_invalid", "loc": ["body", .int(Int64(offset))], "msg": "JSON decode error", "input": [:],
                    "ctx": ["error": "Expecting property name enclosed in double quotes"],
                ]
            ]
        ]
    }

    /// Meaningless when `refusal` is not nil afterwards.
    mutating func entry(syncedAt: String) -> EntitlementStore.Entry {
        let version = text(document["version"], "1.0", ["version"])
        if document["app_id"] == nil { fault("missing", ["app_id"], "Field required", document) }
        let tenant = optionalText(document["tenant_id"], ["tenant_id"])
        let plan = object("plan")
        var budget = EntitlementStore.Budget()
        let shape: JSONObject = [
            "id": optionalText(plan["id"], ["plan", "id"]), "name": optionalText(plan["name"], ["plan", "name"]),
            "tier": text(plan["tier"], "free", ["plan", "tier"]),
            "billing_period": text(plan["billing_period"], "monthly", ["plan", "billing_period"]),
            "expires_at": moment(plan["expires_at"]),
        ]
        let tokens = object("token_budget")
        budget.period = text(tokens["period"], "monthly", ["token_budget", "period"]).string ?? ""
        if let total = tokens["total_tokens"] {
            let place = ["token_budget", "total_tokens"]
            if total.object == nil { dictionary(total, place) }
            budget.limit = number(total["limit"], place + ["limit"], default: -1)
            budget.used = number(total["used"], place + ["used"], default: 0)
            budget.enforcement = text(total["enforcement"], "soft", place + ["enforcement"]).string ?? ""
        }
        var features = JSONObject()
        for member in object("features") {
            features[member.key] = .bool(flag(member.value, ["features", member.key]))
        }
        var limits = JSONObject()
        for member in object("rate_limits") {
            limits[member.key] = .int(number(member.value, ["rate_limits", member.key], default: 0))
        }
        let correlation = optionalText(document["correlation_id"], ["correlation_id"])
        return EntitlementStore.Entry(
            version: version, tenant: tenant, correlation: correlation, plan: shape, budget: budget, features: features,
            rateLimits: limits, syncedAt: syncedAt)
    }

    // MARK: - Types, as they are coerced

    private mutating func object(_ key: String) -> JSONObject {
        guard let value = document[key] else { return JSONObject() }
        if let object = value.object { return object }
        dictionary(value, [key])
        return JSONObject()
    }

    private mutating func dictionary(_ value: JSON, _ place: [String]) {
        fault(
            "model_attributes_type", place, "Input should be a valid dictionary or object to extract fields from", value)
    }

    private mutating func text(_ value: JSON?, _ otherwise: String, _ place: [String]) -> JSON {
        guard let value else { return .string(otherwise) }
        if value.string == nil { fault("string_type", place, "Input should be a valid string", value) }
        return value
    }

    private mutating func optionalText(_ value: JSON?, _ place: [String]) -> JSON {
        guard let value, !value.isNull else { return .null }
        return text(value, "", place)
    }

    private mutating func number(_ value: JSON?, _ place: [String], default otherwise: Int64) -> Int64 {
        guard let value else { return otherwise }
        switch value {
        case .int(let number): return number
        case .bool(let flag): return flag ? 1 : 0
        case .double:
            if let number = value.int { return number }
            fault(
                "int_from_float", place, "Input should be a valid integer, got a number with a fractional part", value)
        case .string(let text):
            if let number = Int64(text) { return number }
            fault(
                "int_parsing", place, "Input should be a valid integer, unable to parse string as an integer", value)
        default: fault("int_type", place, "Input should be a valid integer", value)
        }
        return otherwise
    }

    private mutating func flag(_ value: JSON, _ place: [String]) -> Bool {
        if let flag = value.bool { return flag }
        if let number = value.double, number == 0 || number == 1 { return number == 1 }
        let word = value.string?.lowercased() ?? ""
        if ["1", "true", "t", "yes", "y", "on"].contains(word) { return true }
        if ["0", "false", "f", "no", "n", "off"].contains(word) { return false }
        fault("bool_parsing", place, "Input should be a valid boolean, unable to interpret input", value)
        return false
    }

    /// What is no date is nothing, without a word.
    private mutating func moment(_ value: JSON?) -> JSON {
        guard let text = optionalText(value, ["plan", "expires_at"]).string, Timestamp(rfc3339: text) != nil else {
            return .null
        }
        return .string(text.hasSuffix("Z") ? text.dropLast() + "+00:00" : text)
    }

    private mutating func fault(_ type: String, _ place: [String], _ message: String, _ input: JSON) {
        faults.append([
            "type": .string(type), "loc": .array([.string("body")] + place.map(JSON.string)), "msg": .string(message),
            "input": input,
        ])
    }
}
