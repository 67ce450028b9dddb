import Digest
import JSONParsing
import Journal
import Model

extension AuditRow {
    /// The row for other programs, schema `mozaiks.ops/audit/v1`.
    public var document: JSON {
        let parsed = try? JSON(parsing: Array(entry.document.utf8))
        // As an object only where that loses nothing: the digest is over the text.
        let isSame = parsed.map { $0.serialized().isSame(as: entry.document) } ?? false
        return [
            "schema": "mozaiks.ops/audit/v1", "seq": .int(seq), "at": .moment(entry.at), "actor": .string(entry.actor),
            "kind": .string(entry.kind), "reason": .string(entry.reason),
            "document": isSame ? parsed ?? .null : .string(entry.document), "previous": .string(Hex.encode(previous)),
            "digest": .string(Hex.encode(digest)),
        ]
    }
}
