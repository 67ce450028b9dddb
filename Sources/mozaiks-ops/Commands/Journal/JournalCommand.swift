import Configuration
import Journal
import Model
import Views

/// `journal check|copy|backup|compact`.
enum JournalCommand {
    static let check = Command(
        ["journal", "check"], "Look at every row of the journal: nothing damaged, the audit log whole",
        discussion: "Reads everything, also while an engine runs: what SQLite can tell of its pages (those of PostgreSQL are its "
            + "server's, which checks them only where it was made with data checksums), every document against its checksum, and the chain "
            + "of the audit log. What was changed beside a document, such as a message's state, it does not see. Exit code 1 and the first "
            + "finding when something is wrong.",
        options: [MonitorOptions.state],
        examples: [
            ("mozaiks-ops journal check", "this machine's journal"),
            ("mozaiks-ops journal check --state postgres://ops@db.example/ops", "one in PostgreSQL"),
        ]
    ) { invocation in
        let journal = try invocation.journalToLookInto()
        let check = try invocation.told { () throws(JournalError) in try JournalCheck(journal) }
        if case .broken(let row, let why) = check.finding {
            invocation.print(text: "BROKEN: the audit log at row \(row): \(Shown.code(why))\n", json: check.document)
            return .failure
        }
        invocation.print(
            text: table(check.contents) + "whole, as far as checksums and the audit log tell: \(check.path)\n", json: check.document)
        return .ok
    }

    static let copy = Command(
        ["journal", "copy"], "Copy the journal from one place to another: a folder, or a database of PostgreSQL",
        discussion: "Both are written as in --state: the path of a folder or a postgres:// URL; the first may also be a file that "
            + "'journal backup' wrote. There must be no engine at the first, and no journal at the second: nothing is written over. "
            + "Everything is copied in one transaction, read again and compared value by value; the audit log goes on where it ended, and "
            + "'audit verify --head' knows it there too. A kill switch that is set is set there before. "
            + "Tokens are not copied. The first stays as it is: point 'state' at the second, and put the first away.",
        positionals: [Positional("FROM", "where the journal is"), Positional("TO", "where it is to be")],
        examples: [
            ("mozaiks-ops journal copy /var/lib/mozaiks-ops postgres://ops@db.example/ops", "from this machine into PostgreSQL"),
            ("mozaiks-ops journal copy postgres://ops@db.example/ops /var/lib/mozaiks-ops", "and back"),
            ("mozaiks-ops journal copy /backup/journal-2026-11-30.db /var/lib/mozaiks-ops", "a backup, to where there is no journal now"),
        ]
    ) { invocation in
        let names = try ["FROM", "TO"].map { try invocation.place(invocation.arguments.positional($0) ?? "") }
        let now = invocation.clock.now()
        if let backup = names[0].file {
            let to = try invocation.told { () throws(JournalError) in try StateFolder(creating: names[1]) }
            let contents = try invocation.told { () throws(JournalError) in try Journal.copy(fromBackup: backup, to: to, now: now) }
            return invocation.reportCopy(contents, from: backup, to: to.path)
        }
        let (from, to) = try invocation.told { () throws(JournalError) in
            (try StateFolder(existing: names[0]), try StateFolder(creating: names[1]))
        }
        let contents = try invocation.told { () throws(JournalError) in try Journal.copy(from: from, to: to, now: now) }
        return invocation.reportCopy(contents, from: from.path, to: to.path)
    }

    static let backup = Command(
        ["journal", "backup"], "Write the journal as it is now into a file, also while an engine runs",
        discussion:
            "The file is a journal as a folder holds it, wherever this one lies. To go back to it, stop the engine, put the journal "
            + "that is there away, and bring it back with 'journal copy FILE TO', into a folder or a database.",
        positionals: [Positional("FILE", "must not be there yet")], options: [MonitorOptions.state],
        examples: [("mozaiks-ops journal backup /backup/journal-$(date +%F).db", "tonight's; in a crontab it is \\%F")]
    ) { invocation in
        let folder = try invocation.stateFolderToLookInto()
        let (path, now) = (invocation.arguments.positional("FILE") ?? "", invocation.clock.now())
        let contents = try invocation.told { () throws(JournalError) in try Journal.backUp(folder, to: path, now: now) }
        return invocation.reportCopy(contents, from: folder.path, to: path)
    }

    static let compact = Command(
        ["journal", "compact"], "Make the journal as small as what is in it",
        discussion: "There must be no engine. A file needs as much free space again as it has while that goes on, and so does a database.",
        options: [MonitorOptions.state], examples: [("mozaiks-ops journal compact", "after 'history: {retain: …}' was made shorter")]
    ) { invocation in
        let folder = try invocation.stateFolderToLookInto()
        let now = invocation.clock.now()
        let sizes = try invocation.told { () throws(JournalError) in try Journal.compact(folder, now: now) }
        invocation.print(
            text: "\(sizes.before) bytes before, \(sizes.after) now: \(folder.path)\n",
            json: JournalCompacted(path: folder.path, before: sizes.before, after: sizes.after).document)
        return .ok
    }

    fileprivate static func table(_ contents: [TableContents]) -> String {
        contents.map { table in
            let name = table.name + String(repeating: " ", count: max(1, 18 - table.name.utf8.count))
            return "  \(name)\(table.rows) row\(table.rows == 1 ? "" : "s"), \(Hex.encode(table.digest.prefix(8)))\n"
        }.joined()
    }
}

extension Invocation {
    /// A place as it is written on the command line. A database's password comes from the configuration where that names the same
    /// place, else from where libpq looks.
    fileprivate func place(_ text: String) throws -> StateName {
        let name = StateName(text)
        if let fault = name.fault { throw UsageError("this is no URL of a database: \(fault.message)", hint: fault.hint) }
        guard name.isDatabase, let configured = try? loadConfiguration().state.value else { return name }
        return name.with(configured.password)
    }

    /// Runs what a journal does, with its errors as the command's.
    fileprivate func told<R>(_ body: () throws(JournalError) -> R) throws -> R {
        do throws(JournalError) { return try body() } catch { throw CommandFailure(error.message, hint: error.hint) }
    }

    fileprivate func reportCopy(_ contents: [TableContents], from: String, to: String) -> ExitCode {
        print(
            text: JournalCommand.table(contents) + "copied and compared: \(from) to \(to)\n",
            json: JournalCopied(contents, from: from, to: to).document)
        return .ok
    }
}
