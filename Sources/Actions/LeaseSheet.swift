import Model

/// A lease as receivers get it: schema `mozaiks.ops/lease-order/v1`.
enum LeaseSheet {
    static let schema = "mozaiks.ops/lease-order/v1"
    /// Scalars of a reason that are sent.
    static let reasonLimit = 300

    /// Members in a fixed order.
    /// - Parameter owner: who puts it: leases of other owners are none of our business.
    static func document(_ order: LeaseOrder, owner: String) -> JSON {
        guard case .object(let key) = order.key.document else { return .null }
        var object: JSONObject = ["schema": .string(schema), "id": .string(order.id), "owner": .string(owner)]
        for member in key { object.append(member.key, member.value) }
        if let limits = order.effect.limits { object.append("limits", limits.document) }
        object.append("created_at", .moment(order.createdAt))
        object.append("expires_at", .moment(order.expiresAt))
        object.append("reason", .string(Receiver.plain(order.reason, limit: reasonLimit)))
        return .object(object)
    }

    /// What a receiver says that it holds.
    struct Held: Equatable {
        let id: String
        let owner: String
        let key: LeaseKey
        let limits: Limits?
        let expiresAt: Timestamp

        /// Nil for what is no lease of this schema.
        init?(_ document: JSON) {
            let reader = DocumentReader(document, document: "held lease")
            do throws(DocumentError) {
                try reader.expectSchema(LeaseSheet.schema)
                id = try reader.member("id").string()
                owner = try reader.member("owner").string()
                key = try LeaseKey(reader)
                limits = try reader.optional("limits").map { limits throws(DocumentError) in try Limits(limits) }
                expiresAt = try reader.member("expires_at").timestamp()
            } catch {
                return nil
            }
        }

        /// What differs from an order, for people; nil where nothing does. An end may be kept in whole seconds.
        func difference(from order: LeaseOrder, owner: String) -> String? {
            if !id.isSame(as: order.id) { return "its id" }
            if !self.owner.isSame(as: owner) { return "its owner" }
            if key != order.key { return "what it is about" }
            if limits != order.effect.limits { return "its limits" }
            if (expiresAt - order.expiresAt).milliseconds.magnitude > 1_000 { return "its end, \(expiresAt)" }
            return nil
        }
    }
}
