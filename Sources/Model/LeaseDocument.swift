extension Lease {
    public static let schema = "mozaiks.ops/lease/v1"

    /// The lease as a document, schema `mozaiks.ops/lease/v1`. Members stand in a fixed order.
    public var document: JSON {
        var object: JSONObject = ["schema": .string(Lease.schema), "id": .string(id)]
        key.append(to: &object)
        if let limits = effect.limits { object.append("limits", limits.document) }
        object.append("state", .string(state.rawValue))
        object.append("shadow", .bool(shadow))
        object.append("created_at", .moment(createdAt))
        object.append("expires_at", .moment(expiresAt))
        object.append("extensions", .int(Int64(extensions)))
        if !tightenings.isEmpty { object.append("tightenings", .array(tightenings.map(JSON.moment))) }
        object.append("holders", .array(holders.map(\.document)))
        object.append("end_reason", .optional(endReason))
        object.append("ended_at", .moment(endedAt))
        return .object(object)
    }

    /// Reads a document. Throws when a member is missing or holds something else.
    public init(document: JSON) throws(DocumentError) {
        try self.init(DocumentReader(document, document: "lease"))
    }

    public init(_ reader: DocumentReader) throws(DocumentError) {
        try reader.expectSchema(Lease.schema)
        let key = try LeaseKey(reader)
        self.init(
            id: try reader.member("id").string(), key: key, effect: try key.effect(reader),
            holders: try reader.member("holders").map { holder throws(DocumentError) in try Holder(holder, key: key) },
            createdAt: try reader.member("created_at").timestamp(),
            expiresAt: try reader.member("expires_at").timestamp(),
            state: try reader.member("state").choice(State.self), shadow: try reader.member("shadow").bool(),
            extensions: try reader.member("extensions").count(),
            tightenings: try reader.optional("tightenings")?.map { moment throws(DocumentError) in
                try moment.timestamp()
            } ?? [],
            endReason: try reader.optional("end_reason")?.string(),
            endedAt: try reader.optional("ended_at")?.timestamp())
    }
}

extension Lease.Holder {
    /// The action, the app and the pack are the lease's own; only limits and ttl are the holder's.
    var document: JSON {
        var object: JSONObject = ["incident": .string(incident)]
        if let limits = effect.limits { object.append("limits", limits.document) }
        object.append("ttl", .span(ttl))
        if let approvedBy { object.append("approved_by", .string(approvedBy)) }
        if let until { object.append("until", .moment(until)) }
        return .object(object)
    }

    init(_ reader: DocumentReader, key: LeaseKey) throws(DocumentError) {
        self.init(
            incident: try reader.member("incident").string(), effect: try key.effect(reader),
            ttl: try reader.member("ttl").span(), approvedBy: try reader.optional("approved_by")?.string(),
            until: try reader.optional("until")?.timestamp())
    }
}
