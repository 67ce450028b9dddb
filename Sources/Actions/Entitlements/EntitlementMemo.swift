import Model

/// What the entitlements adapter must know to undo a lease: of each key that it writes what stood there before, what it wants, and
/// every value that it ever set. A revert restores a key only while it still holds one of those.
struct EntitlementMemo: Equatable, Sendable {
    static let schema = "mozaiks.ops/entitlements-memo/v1"

    struct Key: Equatable, Sendable {
        let path: EntitlementPath
        /// What stood there before the lease.
        let prior: EntitlementValue
        /// What shall stand there now; `prior` for a key that the lease no longer wants.
        var target: EntitlementValue
        /// What we set, or may have set, oldest first.
        var ours: [EntitlementValue]

        func isOurs(_ value: EntitlementValue) -> Bool { ours.contains(value) }
    }

    var keys: [Key]
    /// Whose document it is, as the configuration had it when the lease was put: what is undone must not hang on what it says by
    /// then. Nil in what earlier versions wrote.
    var tenant: EntitlementSettings.Tenant?
    /// Whether the newest targets were found in the document after a post that succeeded. Until then the document may show them while
    /// the control plane does not go by them: it answers 500 after changing half of its state.
    var isConfirmed: Bool
    /// Whether the document had been synced when it was looked at.
    var wasSynced: Bool

    init(keys: [Key], tenant: EntitlementSettings.Tenant? = nil, isConfirmed: Bool = false, wasSynced: Bool) {
        self.keys = keys
        self.tenant = tenant
        self.isConfirmed = isConfirmed
        self.wasSynced = wasSynced
    }

    var paths: [EntitlementPath] { keys.map(\.path) }

    /// What a person does who undoes it: `set rate_limits.concurrent_workflows back to 5`.
    var steps: String {
        "set " + keys.map { "\($0.path) back to \($0.prior)" }.joined(separator: ", ")
    }

    // MARK: - As a document

    var memo: AdapterMemo {
        var object: JSONObject = [
            "schema": .string(EntitlementMemo.schema), "confirmed": .bool(isConfirmed), "synced": .bool(wasSynced),
            "keys": .array(
                keys.map { key in
                    [
                        "path": .strings(key.path.keys), "prior": EntitlementMemo.document(key.prior),
                        "target": EntitlementMemo.document(key.target), "ours": .array(key.ours.map(EntitlementMemo.document)),
                    ]
                }),
        ]
        switch tenant {
        case .id(let id)?: object.append("tenant", .string(id))
        case EntitlementSettings.Tenant.none?: object.append("tenant", .null)
        case nil: break
        }
        return AdapterMemo(.object(object))
    }

    /// Throws when the journal holds something else.
    init(_ memo: AdapterMemo) throws(DocumentError) {
        let reader = DocumentReader(memo.document, document: "entitlements memo")
        try reader.expectSchema(EntitlementMemo.schema)
        isConfirmed = try reader.member("confirmed").bool()
        wasSynced = try reader.member("synced").bool()
        if let kept = memo.document["tenant"] {
            tenant = kept.isNull ? EntitlementSettings.Tenant.none : .id(try reader.member("tenant").string())
        }
        keys = try reader.member("keys").map { key throws(DocumentError) in
            let path = try key.member("path").map { name throws(DocumentError) in try name.string() }
            guard !path.isEmpty else { throw key.error("names no key") }
            return Key(
                path: EntitlementPath(path), prior: try EntitlementMemo.value(key.member("prior")),
                target: try EntitlementMemo.value(key.member("target")),
                ours: try key.member("ours").map { value throws(DocumentError) in try EntitlementMemo.value(value) })
        }
    }

    /// `[]` for nothing, `[value]` for a value, null included.
    private static func document(_ value: EntitlementValue) -> JSON { .array(value.json.map { [$0] } ?? []) }

    private static func value(_ reader: DocumentReader) throws(DocumentError) -> EntitlementValue {
        let elements = try reader.elements()
        guard elements.count < 2 else { throw reader.error("holds more than one value") }
        return elements.first.map { .present($0.value) } ?? .absent
    }
}

extension Placement {
    /// What a person does who undoes it, where this adapter cannot; nil where that is not known.
    public var stepsByHand: String? { memo.flatMap { try? EntitlementMemo($0) }?.steps }
}
