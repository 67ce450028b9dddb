import Ambient
import Composition
import Cycle
import Digest
import Glibc
import Journal
import Model
import Synchronization
import Views

/// `top`: the first screen, live, in a terminal.
enum TopCommand {
    static let command = Command(
        ["top"], "The first screen, live, in a terminal; keys acknowledge, silence and approve",
        discussion: "Read from the journal alone, once a second, beside a running daemon: nothing is polled. Fits 80 columns and 24 "
            + "lines, follows the terminal's size, draws sparklines of the last hour with a dot where there was no evidence. A key that "
            + "changes something asks first, and says what came of it. With --plain, or where the output is no terminal, a line is "
            + "printed when something changed and nothing is drawn over: for a screen reader, or a log. NO_COLOR is respected. "
            + "With -o json it is the document of 'status -o json', once.",
        options: [
            Option("plain", "lines one below the other, when something changed"),
            Option("once", "one screen, or with --plain its lines, and done"),
            MonitorOptions.state,
        ],
        examples: [
            ("mozaiks-ops top", "at night, over ssh"), ("mozaiks-ops top --plain", "with a screen reader"),
            ("mozaiks-ops top --once", "one screen of 80 columns and 24 lines"),
        ]
    ) { invocation in
        let folder = try invocation.stateFolderToLookInto()
        let source = TopSource(invocation, folder)
        // For programs it is the document of `status`, once: what is drawn is for eyes.
        if invocation.wantsJSON {
            let overview = try source.read()
            invocation.print(text: "", json: overview.document)
            return .ok
        }
        let isOnce = invocation.arguments.has("once")
        if isOnce, !invocation.arguments.has("plain") {
            let size = TerminalScreen.size ?? (80, 24)
            let frame = try source.frame(columns: size.columns, rows: size.rows)
            write(Shown.screen(frame.lines.map { $0 + "\n" }.joined(), styles: invocation.terminal.color))
            return .ok
        }
        let isScreen =
            isatty(STDOUT_FILENO) == 1 && isatty(STDIN_FILENO) == 1
            && invocation.environment["TERM"].map { $0 != "dumb" && !$0.isEmpty } == true
        if invocation.arguments.has("plain") || !isScreen { return try await plain(source, invocation, isOnce: isOnce) }
        var screen = TopScreen(source, invocation)
        return try await screen.run()
    }

    /// A block of lines each time that something else is so, or one. Ages alone are nothing new.
    private static func plain(_ source: TopSource, _ invocation: Invocation, isOnce: Bool) async throws -> ExitCode {
        var last: [String] = []
        while true {
            let overview = try source.read()
            var lines = [overview.verdict.line]
            if let left = overview.leftBehind { lines.append(left) }
            if let stop = overview.stop { lines.append(stop) }
            lines += overview.approvals.map { "waits for you, \($0.id): \($0.effect) for \($0.key.app), \($0.ttl)" }
            lines += overview.open.map { incident in
                let seen = incident.acknowledged.map { ", acknowledged by \(Shown.id($0.by))" } ?? ""
                return
                    "open, \(ShortNames.shown(incident.id, overview.shortIDs)): \(incident.severity.rawValue), \(Shown.id(incident.rule)) on \(incident.subject)\(seen)"
            }
            lines += overview.open.flatMap { incident in
                (overview.circumstances[incident.id] ?? []).map { why in
                    "\(ShortNames.shown(incident.id, overview.shortIDs)): \(Shown.line(why).replacingMoments(by: overview.clock))"
                }
            }
            lines += overview.leases.map { lease in
                let sight = overview.leaseSights[lease.id]
                return "in force: " + Overview.words(lease, sight, overview.clock) + (sight?.remark(lease.key.app).map { ": \($0)" } ?? "")
            }
            // The line holds how long ago things were; what it is about stands below it.
            let essence =
                [overview.verdict.word, overview.verdict.begun ?? "", overview.verdict.unjudged == nil ? "" : "so far"] + lines.dropFirst()
            if essence != last {
                last = essence
                write(
                    Shown.screen(
                        "\(overview.zone.clock(overview.now)) \(overview.zone.mark(overview.now))\n"
                            + lines.map { "  \(Shown.line($0))\n" }.joined()))
            }
            guard !isOnce, !Output.isLost else { return .ok }
            do { try await invocation.clock.sleep(for: .seconds(1)) } catch { return .ok }
        }
    }
}

/// What `top` reads and asks for.
struct TopSource {
    let folder: StateFolder
    let invocation: Invocation
    private let surroundings: Overview.Surroundings

    init(_ invocation: Invocation, _ folder: StateFolder) {
        self.invocation = invocation
        self.folder = folder
        surroundings = (try? invocation.loadConfiguration()).map { Overview.Surroundings($0) } ?? Overview.Surroundings()
    }

    func read() throws -> Overview {
        let journal = try invocation.journal(in: folder)
        defer { journal.close() }
        return try Overview(folder, journal, surroundings, now: invocation.clock.now())
    }

    func histories(_ overview: Overview) -> [RuntimeHistory] {
        guard let journal = try? invocation.journal(in: folder) else { return [] }
        defer { journal.close() }
        return overview.sights.prefix(3).compactMap {
            try? RuntimeHistory(
                journal, runtime: $0.summary.runtime, RuntimeHistory.signals(of: $0.summary.kind), now: overview.now)
        }
    }

    func frame(columns: Int, rows: Int) throws -> TopFrame {
        let overview = try read()
        return TopFrame(
            overview: overview, histories: histories(overview), terminal: invocation.terminal, columns: columns, rows: rows)
    }

    /// Leaves a command; its number, to look for the result.
    func ask(_ kind: String, _ arguments: JSON) throws -> Int64 {
        let journal = try invocation.journal(in: folder, mode: .command)
        defer { journal.close() }
        return try journal.appendCommand(
            at: invocation.clock.now(), actor: "cli:\(invocation.user)", kind: kind, arguments: arguments.serialized())
    }

    func result(_ command: Int64) -> String? {
        guard let journal = try? invocation.journal(in: folder) else { return nil }
        defer { journal.close() }
        return (try? journal.command(command))??.result
    }
}
