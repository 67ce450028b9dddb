import Glibc
import JSONParsing
import Journal
import Model
import Views

/// `audit verify` and `audit export`: the log of every decision and who took it.
enum AuditCommand {
    static let verify = Command(
        ["audit", "verify"], "Check that no row of the audit log was changed, taken out, put in or cut off",
        discussion: "Each row's digest covers the row before it, and the end of the log is recorded apart from it. Whoever can "
            + "write the journal could still write all of that anew: a head kept elsewhere shows it. The daemon logs the head "
            + "once a day and shows it at /healthz; give it back with --head.\n\n"
            + "Exit code 1 and the first row that does not fit when something is wrong.",
        options: [
            Option("head", value: "SEQ:DIGEST", "a head that was kept elsewhere: the log must still contain it"), MonitorOptions.state,
        ],
        examples: [
            ("mozaiks-ops audit verify", "walks the whole chain and prints its head"),
            ("mozaiks-ops audit verify --head 1042:9f86d081…", "also finds a log that was written anew"),
        ]
    ) { invocation in
        let anchor = try invocation.arguments.value("head").map { text in
            guard let head = AuditHead(text) else {
                throw UsageError(
                    "--head '\(text)' is not a head", hint: "SEQ:DIGEST with 64 hexadecimal digits, as 'audit verify' prints it")
            }
            return head
        }
        let journal = try invocation.journalToLookInto()
        let check = try AuditCheck(journal, anchor: anchor)
        switch check.finding {
        case .intact(let rows):
            invocation.print(
                text: rows == 0
                    ? "intact: the log is empty\n"
                    : "intact: \(rows) row\(rows == 1 ? "" : "s"), head \(check.head?.description ?? "-")\n",
                json: check.document)
            return .ok
        case .broken(let row, let why):
            invocation.print(text: "BROKEN at row \(row): \(Shown.code(why))\n", json: check.document)
            return .failure
        }
    }

    static let export = Command(
        ["audit", "export"], "Write the audit log as JSON Lines, oldest first",
        discussion: "One object a line, schema mozaiks.ops/audit/v1: seq, at, actor, kind, reason, document, previous, digest. "
            + "The digest is SHA-256 over the previous digest, seq and the time in milliseconds (8 bytes each, most significant "
            + "first), and actor, kind, reason and document, each behind its length in bytes (8 bytes).",
        options: [
            Option("since", value: "SPAN|TIME", "only from then on: 24h, 7d, or 2026-11-21T09:00:00Z"), MonitorOptions.state,
        ],
        examples: [
            ("mozaiks-ops audit export --since 24h > audit.jsonl", "the last day, for the archive"),
            ("mozaiks-ops audit export | jq 'select(.kind | startswith(\"decision.\"))'", "every decision of the guard"),
        ]
    ) { invocation in
        let since = try invocation.moment("since")
        let journal = try invocation.journalToLookInto()
        var last: Int64 = 0
        if let since {
            guard let first = try journal.firstAuditRow(since: since) else { return .ok }
            last = first - 1
        }
        while true {
            let rows = try journal.audit(after: last, limit: 500)
            guard let end = rows.last else { return .ok }
            last = end.seq
            write(rows.map { Shown.json($0.document.serialized()) + "\n" }.joined())
        }
    }
}

extension Invocation {
    /// A moment given on the command line: RFC 3339, or a span before now.
    func moment(_ option: String) throws(UsageError) -> Timestamp? {
        guard let text = arguments.value(option) else { return nil }
        if let moment = WrittenMoment.read(text, zone: zone, now: clock.now(), .past) { return moment }
        if let span = TimeSpan(text), span > .zero { return clock.now() - span }
        throw UsageError("--\(option) '\(text)' is neither a span nor a time", hint: "write 24h, 7d or 2026-11-21T09:00:00Z")
    }
}
