import Journal
import Model

/// What a look at every row of a journal found.
public struct JournalCheck: Sendable {
    public let finding: AuditFinding
    public let contents: [TableContents]
    public let path: String

    public init(_ journal: Journal) throws(JournalError) {
        finding = try journal.check()
        contents = try journal.contents()
        path = journal.path
    }

    /// `journal check -o json`.
    public var document: OutputDocument {
        switch finding {
        case .intact:
            OutputDocument(.journalCheck, ["status": "whole", "journal": .string(path), "tables": contents.document])
        case .broken(let row, let why):
            OutputDocument(.journalCheck, ["status": "broken", "row": .int(row), "why": .string(why)])
        }
    }
}

/// A journal that was copied, and compared with what it was copied from.
public struct JournalCopied: Sendable {
    public let contents: [TableContents]
    public let from: String
    public let to: String

    public init(_ contents: [TableContents], from: String, to: String) {
        self.contents = contents
        self.from = from
        self.to = to
    }

    /// `journal copy -o json` and `journal backup -o json`.
    public var document: OutputDocument {
        OutputDocument(.copy, ["from": .string(from), "to": .string(to), "tables": contents.document])
    }
}

extension [TableContents] {
    fileprivate var document: JSON {
        .array(map { ["table": .string($0.name), "rows": .int(Int64($0.rows)), "digest": .string(Hex.encode($0.digest))] })
    }
}

/// A journal that was made as small as what is in it.
public struct JournalCompacted: Sendable {
    public let path: String
    /// Bytes.
    public let before: Int64
    /// Bytes.
    public let after: Int64

    public init(path: String, before: Int64, after: Int64) {
        self.path = path
        self.before = before
        self.after = after
    }

    /// `journal compact -o json`.
    public var document: OutputDocument {
        OutputDocument(.compaction, ["journal": .string(path), "bytes_before": .int(before), "bytes": .int(after)])
    }
}

/// Whether the audit log is as it was written.
public struct AuditCheck: Sendable {
    public let finding: AuditFinding
    /// Where the log ends; nil while it is empty.
    public let head: AuditHead?

    /// - Parameter anchor: a head that was kept elsewhere; the log must still contain it.
    public init(_ journal: Journal, anchor: AuditHead?) throws(JournalError) {
        finding = try journal.verifyAudit(anchor: anchor)
        head = try journal.auditHead()
    }

    /// `audit verify -o json`.
    public var document: OutputDocument {
        switch finding {
        case .intact(let rows):
            OutputDocument(
                .auditVerification, ["status": "intact", "rows": .int(rows), "head": .optional(head?.description)])
        case .broken(let row, let why):
            OutputDocument(.auditVerification, ["status": "broken", "row": .int(row), "why": .string(why)])
        }
    }
}
