import Model

extension PostgresDatabase {
    /// What a server's answer means here.
    func journalError(_ failure: PostgresFailure) -> JournalError {
        var cause = JournalError.Cause(sqlState: failure.state)
        if failure.state.isEmpty { cause = .init(connecting: failure.text) }
        var text = failure.text
        // With its words the server's code, for who looks it up.
        if !failure.state.isEmpty, !failure.state.hasPrefix("MZ") { text += " [\(Shown.id(failure.state))]" }
        return error(cause, text)
    }
}

extension JournalError.Cause {
    /// What an SQLSTATE means here.
    init(sqlState state: String) {
        switch state {
        case "MZ001": self = .deposed
        case "MZ002", "MZ004": self = .cannotOpen
        case "3D000": self = .noDatabase
        case "25006": self = .readOnly
        case "42501": self = .denied
        // A lock that was not had in time, a deadlock, a statement that took too long.
        case "55P03", "40P01", "40001", "57014": self = .busy
        case "53100", "53400": self = .full
        case "53200", "53300": self = .unreachable
        case "XX001", "XX002": self = .corrupt
        case "42P01", "42703", "42883", "3F000": self = .corrupt
        case "54000", "22001": self = .tooLarge
        default:
            switch state.prefix(2) {
            case "08", "57", "25": self = .unreachable
            case "28": self = .denied
            case "53": self = .full
            default: self = .refused(state: state)
            }
        }
    }

    /// What it means that no connection was had: there is nothing but words, the server's own in its language. What is not
    /// known is taken for something that passes.
    init(connecting text: String) {
        let denied = [
            "password authentication failed", "no password supplied", "authentication failed", "no pg_hba.conf entry", "role \"",
            "permission denied for database", "pg_hba.conf rejects", "requires a valid client certificate", "requirepeer",
            "is not permitted to log in",
        ]
        // Files, names and modes that somebody wrote: as they stand, no further try comes to anything else.
        let wrong = [
            "libpq.so.5", "invalid ", "certificate verify failed", "does not match host name", "does not support SSL", "certificate file",
            "private key", "certificate required", "unknown ca", "could not get server's host name from server certificate",
            "certificate present", "definition of service", "service file", "channel binding", "authentication method",
            "certificate revocation list",
            "could not load", "not currently accepting connections", "must be specified for a verified SSL", "GSSAPI",
            "not supported by this build", "certificate authority",
        ]
        if text.contains(bytesOf: "database \""), text.contains(bytesOf: "does not exist") {
            self = .noDatabase
        } else if denied.contains(where: { text.contains(bytesOf: $0) }) {
            self = .denied
        } else if wrong.contains(where: { text.contains(bytesOf: $0) }) {
            self = .cannotOpen
        } else {
            self = .unreachable
        }
    }
}

extension JournalError {
    /// Whether it is about a database and not a file.
    var isOfDatabase: Bool { PostgresPlace.isMeant(by: path) }

    private var isAboutTLS: Bool { ["certificate", "SSL", "private key"].contains { detail.contains(bytesOf: $0) } }

    /// What a person can do about it where the journal lies in a database.
    var databaseHint: String? {
        switch cause {
        case .missing: "start `mozaiks-ops run` or `mozaiks-ops check` once with this state, or name another one (`?schema=`)"
        case .heldBy(let holder) where holder.isKeeping: "wait until it is done"
        case .heldBy: "stop that process, or give this one another schema (`?schema=`)"
        case .cannotOpen where isAboutTLS:
            "check `sslmode`, `sslrootcert`, `sslcert` and `sslkey` of the URL, the files that they name, and the name in the server's "
                + "certificate (docs/postgresql.md)"
        case .cannotOpen: "see docs/postgresql.md for what the URL and the server must have"
        case .readOnly:
            "it is a standby, or its transactions are read-only by default: name the primary (`target_session_attrs=read-write`)"
        case .busy: "another transaction was under way for long; it is tried again"
        case .full: "free some space on the database's disk; nothing that was committed is lost, and it is tried again"
        case .corrupt:
            "nothing was changed. Restore the schema from a backup (`mozaiks-ops journal copy`), or name another one (`?schema=`)"
        case .notAJournal: "name another schema (`?schema=`), or one that does not exist yet"
        case .newerSchema: "a newer mozaiks-ops wrote it: run that version, or name another schema (`?schema=`)"
        case .unreachable: "it is tried again; nothing that was committed is lost"
        case .denied:
            "check user, password (`state_password_file`, PGPASSFILE or PGPASSWORD) and rights: the user needs to make the schema "
                + "once, or to own it (docs/postgresql.md)"
        case .noDatabase: "make it (`createdb`), or name another one in the URL"
        default: nil
        }
    }
}
