import Model

extension Placement {
    public static let schema = "mozaiks.ops/placement/v1"

    /// The placement as a document, schema `mozaiks.ops/placement/v1`. Members stand in a fixed order.
    public var document: JSON {
        var object: JSONObject = [
            "schema": .string(Placement.schema), "lease": .string(lease), "adapter": .string(adapter),
            "key": key.document, "created_at": .moment(createdAt), "reason": .string(reason),
            "approved": .bool(isApproved), "expiry": .string(expiry.rawValue),
            "hears_of_extensions": .bool(hearsOfExtensions), "phase": .string(phase.rawValue), "wanted": wanted.document,
        ]
        if let asked { object.append("asked", asked.document) }
        if let placed { object.append("placed", placed.document) }
        if let memo { object.append("memo", memo.document) }
        object.append("attempts", .int(Int64(attempts)))
        object.append("due_at", .moment(dueAt))
        object.append("since", .moment(since))
        object.append("last_error", .optional(lastError))
        object.append("outcome", .optional(outcome?.rawValue))
        object.append("escalated", .bool(isEscalated))
        if let refusal { object.append("refusal", .string(refusal)) }
        return .object(object)
    }

    /// Reads a document. Throws when a member is missing or holds something else.
    public init(document: JSON) throws(DocumentError) {
        let reader = DocumentReader(document, document: "placement")
        try reader.expectSchema(Placement.schema)
        let key = try LeaseKey(try reader.member("key"))
        func terms(_ name: String) throws(DocumentError) -> Terms? {
            guard let member = try reader.optional(name) else { return nil }
            return try Terms(member, key: key)
        }
        guard let wanted = try terms("wanted") else { throw reader.error("has no 'wanted'") }
        let expiry = try reader.member("expiry").choice(Capability.Expiry.self)
        self.init(
            lease: try reader.member("lease").string(), adapter: try reader.member("adapter").string(), key: key,
            createdAt: try reader.member("created_at").timestamp(), reason: try reader.member("reason").string(),
            isApproved: try reader.member("approved").bool(),
            expiry: expiry,
            // Earlier versions told receivers that end leases themselves, and nobody else.
            hearsOfExtensions: try reader.optional("hears_of_extensions")?.bool() ?? (expiry == .receiver), wanted: wanted,
            phase: try reader.member("phase").choice(Phase.self), dueAt: try reader.member("due_at").timestamp(),
            since: try reader.member("since").timestamp())
        asked = try terms("asked")
        placed = try terms("placed")
        memo = try reader.optional("memo").map { AdapterMemo($0.value) }
        attempts = try reader.member("attempts").count()
        lastError = try reader.optional("last_error")?.string()
        outcome = try reader.optional("outcome").map { outcome throws(DocumentError) in try outcome.choice(Outcome.self) }
        isEscalated = try reader.member("escalated").bool()
        // What earlier versions did not write.
        refusal = try reader.optional("refusal")?.string()
    }
}

extension Placement.Terms {
    fileprivate var document: JSON {
        var object = JSONObject()
        if let limits = effect.limits { object.append("limits", limits.document) }
        object.append("expires_at", .moment(expiresAt))
        return .object(object)
    }

    fileprivate init(_ reader: DocumentReader, key: LeaseKey) throws(DocumentError) {
        let effect: Effect
        switch key.kind {
        // A stranger's limits are not known.
        case .throttle:
            effect = .throttle(
                try reader.optional("limits").map { limits throws(DocumentError) in
                    limits.value.object?.isEmpty == true ? Limits() : try Limits(limits)
                } ?? Limits())
        case .pause: effect = .pause
        case .disablePack: effect = .disablePack(key.pack ?? PackID(bytes: []))
        case .notify: throw reader.error("belongs to a message, which lands nowhere")
        }
        self.init(effect: effect, expiresAt: try reader.member("expires_at").timestamp())
    }
}
