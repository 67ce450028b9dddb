import Journal
import Model
import Testing
import Views

/// What looks at a journal and its audit log say to programs.
@Suite("Checks of a journal")
struct JournalChecksTests {
    private static func kept() throws -> Kept {
        try Kept(
            TickRecord(
                messages: [
                    OutboxMessage(incident: "a-1", channel: "ops", event: .opened, createdAt: Kept.now, dueAt: Kept.now, document: "{}")
                ],
                audit: [AuditEntry(at: Kept.now, actor: "engine", kind: "decision.done", reason: "", document: "{}")]))
    }

    @Test("a whole journal: every table with its rows and a digest over them")
    func check() throws {
        let kept = try Self.kept()
        let reader = try Journal.open(kept.folder, mode: .reader)
        defer { reader.close() }
        let json = try JournalCheck(reader).document.json
        #expect(json.object?.map(\.key) == ["schema", "status", "journal", "tables"])
        #expect(json["schema"]?.string == "mozaiks.ops/journal-check/v1" && json["status"]?.string == "whole")
        let outbox = try #require(json["tables"]?.array?.first { $0["table"]?.string == "outbox" })
        #expect(outbox["rows"]?.int == 1 && outbox["digest"]?.string?.utf8.count == 64)
        let copied = JournalCopied(try reader.contents(), from: "a", to: "b").document.json
        #expect(copied["schema"]?.string == "mozaiks.ops/copy/v1" && copied["tables"] == json["tables"])
    }

    @Test("an audit log: intact with its head, and broken where it does not hold one that was kept")
    func audit() throws {
        let kept = try Self.kept()
        let head = try kept.journal.auditHead()
        let intact = try AuditCheck(kept.journal, anchor: head).document.json
        #expect(intact.object?.map(\.key) == ["schema", "status", "rows", "head"])
        #expect(intact["status"]?.string == "intact" && intact["head"]?.string == head?.description && head != nil)
        let later = try #require(AuditHead("99:" + String(repeating: "0", count: 64)))
        let broken = try AuditCheck(kept.journal, anchor: later).document.json
        #expect(broken.object?.map(\.key) == ["schema", "status", "row", "why"])
        #expect(broken["status"]?.string == "broken" && broken["why"]?.string?.contains("row 99") == true)
        #expect(broken["row"]?.int == (intact["rows"]?.int ?? 0) + 1, "the first row that is not there")
    }
}
