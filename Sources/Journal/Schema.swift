/// The tables and their history. A released migration never changes; a new need is a new one at the end.
enum Schema {
    /// "MZOP": marks the file as a journal of this program.
    static let applicationID: Int64 = 0x4D5A_4F50

    /// The version that this program writes: the number of migrations.
    static var version: Int { migrations.count }

    /// Migration n brings version n to n + 1.
    static let migrations = [first, references, placements, adviceSpending, dueMessages, hours, patience]

    /// What is at which adapter of each lease. `over`: nothing of it is to be done any more.
    private static let placements = """
        CREATE TABLE placements (
            lease TEXT NOT NULL, adapter TEXT NOT NULL, over INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
            document TEXT NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (lease, adapter)) STRICT;
        CREATE INDEX placements_unfinished ON placements (over) WHERE over = 0;
        CREATE INDEX placements_over ON placements (updated_ms) WHERE over = 1;
        """

    /// History by the hour: minutes that closed lately stay in `minutes` until their hour is over, and so do those of
    /// earlier versions until the engine has come to them.
    private static let hours = """
        CREATE TABLE hours (
            runtime TEXT NOT NULL, hour INTEGER NOT NULL, bytes BLOB NOT NULL, checksum INTEGER NOT NULL,
            PRIMARY KEY (runtime, hour)) STRICT;
        CREATE INDEX hours_by_age ON hours (hour);
        """

    /// What a service calls an incident, kept with the message that it answered; and the way to an incident's messages.
    private static let references = """
        ALTER TABLE outbox ADD COLUMN reference TEXT;
        CREATE INDEX outbox_of_incident ON outbox (incident, channel, id);
        """

    /// What questions to a model took: written before each is asked, so that no restart refills a budget. While `tokens`
    /// is NULL what was reserved counts.
    private static let adviceSpending = """
        CREATE TABLE advice_spending (
            id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, incident TEXT NOT NULL, asked_by TEXT NOT NULL,
            model TEXT NOT NULL, reserved_tokens INTEGER NOT NULL, reserved_micro_usd INTEGER NOT NULL, tokens INTEGER,
            micro_usd INTEGER, outcome TEXT) STRICT;
        CREATE INDEX advice_spending_by_age ON advice_spending (at_ms);
        CREATE INDEX advice_spending_of_incident ON advice_spending (incident);
        """

    /// A channel's waiting messages by when they are due, so that ten thousand of them cost a sender no more than eight.
    private static let dueMessages = """
        CREATE INDEX outbox_due ON outbox (channel, due_ms, id) WHERE state = 'pending';
        """

    /// What an update is told for, so that one that takes the place of others is told for the weightiest of them; and how
    /// long a message was tried, apart from how long it waited for a person to mend its channel: when its second attempt
    /// was due, milliseconds that it waited so, and since when it does.
    private static let patience = """
        ALTER TABLE outbox ADD COLUMN news TEXT;
        ALTER TABLE outbox ADD COLUMN failed_ms INTEGER;
        ALTER TABLE outbox ADD COLUMN blocked_ms INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE outbox ADD COLUMN blocked_since_ms INTEGER;
        """

    /// Times are milliseconds since 1970. `checksum` is over the bytes or the document of its row (of
    /// a state and a chat also over the key). Ids that stand for
    /// tenants are BLOBs, because they are compared by their bytes.
    private static let first = """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE state (key TEXT PRIMARY KEY, bytes BLOB NOT NULL, checksum INTEGER NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE sources (
            id INTEGER PRIMARY KEY, runtime TEXT NOT NULL, replica TEXT NOT NULL, UNIQUE (runtime, replica)) STRICT;
        CREATE TABLE chats (
            source INTEGER NOT NULL REFERENCES sources (id), key BLOB NOT NULL, record BLOB NOT NULL,
            checksum INTEGER NOT NULL, PRIMARY KEY (source, key)) STRICT, WITHOUT ROWID;

        CREATE TABLE minutes (
            runtime TEXT NOT NULL, minute INTEGER NOT NULL, bytes BLOB NOT NULL, checksum INTEGER NOT NULL,
            PRIMARY KEY (runtime, minute)) STRICT;
        CREATE INDEX minutes_by_age ON minutes (minute);

        CREATE TABLE incidents (
            id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, rule TEXT NOT NULL, subject_kind TEXT NOT NULL,
            runtime TEXT NOT NULL, subject BLOB NOT NULL, severity TEXT NOT NULL, status TEXT NOT NULL,
            opened_ms INTEGER NOT NULL, resolved_ms INTEGER, updated_ms INTEGER NOT NULL,
            document TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT;
        CREATE INDEX incidents_newest ON incidents (opened_ms DESC, id);
        CREATE INDEX incidents_of_subject ON incidents (subject_kind, subject);
        CREATE INDEX incidents_resolved ON incidents (resolved_ms) WHERE resolved_ms IS NOT NULL;
        CREATE INDEX incidents_unresolved ON incidents (status) WHERE status <> 'resolved';

        CREATE TABLE leases (
            id TEXT PRIMARY KEY, kind TEXT NOT NULL, runtime TEXT NOT NULL, app BLOB NOT NULL, pack BLOB,
            state TEXT NOT NULL, shadow INTEGER NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
            ended_ms INTEGER, document TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT;
        CREATE INDEX leases_newest ON leases (created_ms DESC, id);
        CREATE INDEX leases_ended ON leases (ended_ms) WHERE ended_ms IS NOT NULL;
        CREATE INDEX leases_unfinished ON leases (state) WHERE state <> 'ended';

        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT, incident TEXT NOT NULL, channel TEXT NOT NULL, event TEXT NOT NULL,
            created_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
            state TEXT NOT NULL DEFAULT 'pending', document TEXT NOT NULL, checksum INTEGER NOT NULL,
            carries_opening INTEGER NOT NULL DEFAULT 0, merged_into INTEGER, last_error TEXT,
            settled_ms INTEGER) STRICT;
        CREATE INDEX outbox_pending ON outbox (incident, channel, id) WHERE state = 'pending';
        CREATE INDEX outbox_settled ON outbox (settled_ms) WHERE settled_ms IS NOT NULL;

        CREATE TABLE commands (
            id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, actor TEXT NOT NULL, kind TEXT NOT NULL,
            arguments TEXT NOT NULL, taken_ms INTEGER, result TEXT) STRICT;
        CREATE INDEX commands_waiting ON commands (id) WHERE taken_ms IS NULL;

        CREATE TABLE audit (
            seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, actor TEXT NOT NULL, kind TEXT NOT NULL,
            reason TEXT NOT NULL, document TEXT NOT NULL, previous BLOB NOT NULL, digest BLOB NOT NULL) STRICT;
        CREATE TRIGGER audit_keeps_its_rows BEFORE DELETE ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
        CREATE TRIGGER audit_keeps_its_values BEFORE UPDATE ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
        """
}
