import Ambient
import Digest
import Glibc
import Journal
import Model
import Monitor
import Synchronization
import Views

/// `top`: the first screen, live, in a terminal.
enum TopCommand {
    static let command = Command(
        ["top"], "The first screen, live, in a terminal; keys acknowledge, silence and approve",
        discussion: "Read from the journal alone, once a second, beside a running daemon: nothing is polled. Fits 80 columns and 24 "
            + "lines, follows the terminal's size, draws sparklines of the last hour with a dot where there was no evidence. A key that "
            + "changes something asks first, and says what came of it. With --plain, or where the output is no terminal, a line is "
            + "printed when something changed and nothing is drawn over: for a screen reader, or a log. NO_COLOR is respected.",
        options: [
            Option("plain", "lines one below the other, when something changed"), Option("once", "one screen, and done"),
            MonitorOptions.state,
        ],
        examples: [
            ("mozaiks-ops top", "at night, over ssh"), ("mozaiks-ops top --plain", "with a screen reader"),
            ("mozaiks-ops top --once", "one screen of 80 columns and 24 lines"),
        ]
    ) { invocation in
        let folder = try invocation.stateFolderToLookInto()
        let source = TopSource(invocation, folder)
        if invocation.arguments.has("once") {
            let size = TerminalScreen.size ?? (80, 24)
            let frame = try source.frame(columns: size.columns, rows: size.rows)
            write(Shown.screen(frame.lines.map { $0 + "\n" }.joined(), styles: invocation.terminal.color))
            return .ok
        }
        let isScreen = isatty(STDOUT_FILENO) == 1 && isatty(STDIN_FILENO) == 1
            && invocation.environment["TERM"].map { $0 != "dumb" && !$0.isEmpty } == true
        if invocation.arguments.has("plain") || !isScreen { return try await plain(source, invocation) }
        var screen = TopScreen(source, invocation)
        return try await screen.run()
    }

    /// A block of lines each time that something else is so. Ages alone are nothing new.
    private static func plain(_ source: TopSource, _ invocation: Invocation) async throws -> ExitCode {
        var last: [String] = []
        while true {
            let overview = try source.read()
            var lines = [overview.verdict.line]
            if overview.isStopped { lines.append("actions are stopped") }
            lines += overview.approvals.map { "waits for you, \($0.id): \($0.effect) for \($0.key.app), \($0.ttl)" }
            lines += overview.open.map { incident in
                let seen = incident.acknowledged.map { ", acknowledged by \(Shown.id($0.by))" } ?? ""
                return "open, \(ShortNames.shown(incident.id, overview.shortIDs)): \(incident.severity.rawValue), \(Shown.id(incident.rule)) on \(incident.subject)\(seen)"
            }
            lines += overview.leases.map { "in force: " + Overview.words($0, overview.zone.clock) }
            // The line holds how long ago things were; what it is about stands below it.
            let essence = [overview.verdict.word] + lines.dropFirst()
            if essence != last {
                last = essence
                write(Shown.screen("\(overview.zone.clock(overview.now))\n" + lines.map { "  \(Shown.line($0))\n" }.joined()))
            }
            guard !Output.isLost else { return .ok }
            do { try await invocation.clock.sleep(for: .seconds(1)) } catch { return .ok }
        }
    }
}

/// What `top` reads and asks for.
struct TopSource {
    let folder: StateFolder
    private let invocation: Invocation
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
            try? RuntimeHistory(journal, runtime: $0.summary.runtime, now: overview.now)
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

/// The terminal in its own hands: no echo, a key at a time, another screen; as it was when that ends.
final class TerminalScreen {
    private var before = termios()
    /// Pressed and not yet taken.
    private var pending: [UInt8] = []

    /// Nil where the output is no terminal.
    static var size: (columns: Int, rows: Int)? {
        var size = winsize()
        guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
        else { return nil }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    init() {
        tcgetattr(STDIN_FILENO, &before)
        var raw = before
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
        raw.c_iflag &= ~tcflag_t(IXON | ICRNL)
        tcsetattr(STDIN_FILENO, TCSANOW, &raw)
        write("\u{1B}[?1049h\u{1B}[?25l")
    }

    func leave() {
        write("\u{1B}[?25h\u{1B}[?1049l")
        tcsetattr(STDIN_FILENO, TCSANOW, &before)
    }

    /// Draws over what is there, line by line, so that nothing flickers.
    func draw(_ lines: [String], styles: Bool) {
        let text = lines.map { Shown.cell($0, styles: styles) + "\u{1B}[K" }.joined(separator: "\n")
        write("\u{1B}[?2026h\u{1B}[H" + text + "\u{1B}[J\u{1B}[?2026l")
    }

    /// What was pressed within that time: a letter, or `up`, `down`, `enter`, `escape`; nil: nothing.
    func key(within milliseconds: Int32) -> String? {
        if pending.isEmpty {
            var question = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            guard poll(&question, 1, milliseconds) > 0 else { return nil }
            var bytes = [UInt8](repeating: 0, count: 64)
            let count = read(STDIN_FILENO, &bytes, bytes.count)
            guard count > 0 else { return "q" }
            pending = Array(bytes.prefix(count))
        }
        // Several come at once where somebody types fast, or the line is slow.
        let first = pending.removeFirst()
        switch first {
        case 0x1B:
            guard let second = pending.first, second == 0x5B || second == 0x4F, pending.count > 1 else { return "escape" }
            let last = pending[1]
            pending.removeFirst(2)
            return last == 0x41 ? "up" : last == 0x42 ? "down" : "?"
        case 13, 10: return "enter"
        case 3, 4: return "q"
        default: return String(decoding: [first], as: UTF8.self)
        }
    }
}

/// The live screen with its keys.
private struct TopScreen {
    /// Something that a key wants done, once it was said yes to.
    private struct Wish {
        let question: String
        let kind: String
        let arguments: JSON
    }

    private let source: TopSource
    private let invocation: Invocation
    private var selected: TopFrame.Item?
    private var wish: Wish?
    private var asked: Int64?
    private var message: String?
    private var detail: [String]?

    init(_ source: TopSource, _ invocation: Invocation) {
        self.source = source
        self.invocation = invocation
    }

    /// Blocks its thread between keys: there is nothing else that it could be needed for.
    mutating func run() async throws -> ExitCode {
        var overview = try source.read()
        var histories = source.histories(overview)
        let stop = Stop()
        let signals = await ProcessSignal.listen(for: [.terminate, .hangUp])
        let listening = Task { for await _ in signals { stop.isAsked.store(true, ordering: .relaxed) } }
        defer { listening.cancel() }
        let screen = TerminalScreen()
        defer { screen.leave() }
        var minute = overview.now.minute
        while !stop.isAsked.load(ordering: .relaxed) {
            if let asked, let result = source.result(asked) { (message, self.asked) = (result, nil) }
            let size = TerminalScreen.size ?? (80, 24)
            var frame = TopFrame(
                overview: overview, histories: histories, terminal: invocation.terminal, columns: size.columns,
                rows: size.rows)
            frame.selected = selected
            frame.message = wish.map { $0.question + "  y yes, any other key no" } ?? message
            screen.draw(detail.map { Array($0.prefix(size.rows)) } ?? frame.lines, styles: invocation.terminal.color)
            if let key = screen.key(within: 1_000), !press(key, overview) { break }
            // A journal that cannot be read for a moment leaves what stands there, and says so.
            do {
                overview = try source.read()
                if overview.now.minute != minute { (minute, histories) = (overview.now.minute, source.histories(overview)) }
            } catch {
                message = "cannot read the journal: \((error as? CommandFailure)?.text ?? "\(error)")"
            }
            let items = TopFrame.items(overview)
            if let chosen = selected, !items.contains(chosen) { selected = items.first }
        }
        return .ok
    }

    private final class Stop: Sendable {
        let isAsked = Atomic<Bool>(false)
    }

    /// False: to end.
    private mutating func press(_ key: String, _ overview: Overview) -> Bool {
        if detail != nil {
            detail = nil
            return true
        }
        if let wish {
            self.wish = nil
            message = nil
            guard key == "y" else { return true }
            do {
                asked = try source.ask(wish.kind, wish.arguments)
                message = "asked; the engine takes it at its next poll"
            } catch {
                message = (error as? CommandFailure)?.text ?? (error as? JournalError)?.message ?? "\(error)"
            }
            return true
        }
        message = nil
        let items = TopFrame.items(overview)
        let place = selected.flatMap { items.firstIndex(of: $0) }
        switch key {
        case "q", "escape": return false
        case "down", "j": selected = items.isEmpty ? nil : items[min(items.count - 1, (place ?? -1) + 1)]
        case "up", "k": selected = items.isEmpty ? nil : items[max(0, (place ?? 1) - 1)]
        case "?": detail = TopScreen.help
        case "a", "s": onIncident(key, overview)
        case "y", "n": onApproval(key, overview)
        case "enter": open(overview)
        default: message = "'\(Shown.id(key))' is no key here: ? lists them"
        }
        return true
    }

    /// The chosen incident, or the only one.
    private func incident(_ overview: Overview) -> Incident? {
        if case .incident(let id)? = selected { return overview.open.first { $0.id.isSame(as: id) } }
        return overview.open.count == 1 ? overview.open[0] : nil
    }

    private mutating func onIncident(_ key: String, _ overview: Overview) {
        guard let incident = incident(overview) else {
            message = overview.open.isEmpty ? "nothing is open" : "choose an incident with ↑ and ↓"
            return
        }
        let what = "\(ShortNames.shown(incident.id, overview.shortIDs)) \(Shown.id(incident.rule))"
        if key == "a" {
            wish = Wish(
                question: "Acknowledge \(what)?", kind: Commands.acknowledge,
                arguments: ["incident": .string(incident.id), "until": .null, "comment": ""])
            return
        }
        let until = overview.now + .hours(1)
        let match = IncidentMatch(incident: incident.id)
        let words = ["\(match)", "\(until.milliseconds)", invocation.user, "\(overview.now.milliseconds)"]
        wish = Wish(
            question: "Silence \(what) for an hour?", kind: Commands.addSilence,
            arguments: [
                "id": .string("silence-" + SHA256.hex(Array(words.joined(separator: "\0").utf8)).prefix(16)),
                "match": match.document, "until": .moment(until), "comment": "",
            ])
    }

    private mutating func onApproval(_ key: String, _ overview: Overview) {
        var found = overview.approvals.count == 1 ? overview.approvals[0] : nil
        if case .approval(let id)? = selected { found = overview.approvals.first { $0.id.isSame(as: id) } }
        guard let approval = found else {
            message = overview.approvals.isEmpty ? "nothing waits for a yes or no" : "choose what waits with ↑ and ↓"
            return
        }
        wish = Wish(
            question: "\(key == "y" ? "Approve" : "Deny") \(approval.effect) for \(approval.key.app), \(approval.ttl)?",
            kind: key == "y" ? Commands.approve : Commands.deny,
            arguments: ["approval": .string(approval.id), "digest": .string(approval.digest)])
    }

    private mutating func open(_ overview: Overview) {
        guard let incident = incident(overview) else {
            message = "choose an incident with ↑ and ↓"
            return
        }
        let handled = overview.handling(of: incident, overview.zone.clock)
        detail =
            [
                "\(ShortNames.shown(incident.id, overview.shortIDs))  \(incident.severity.rawValue)  \(Shown.id(incident.rule)) on \(incident.subject)",
                "", Shown.line(incident.summary), "",
            ] + (handled.isEmpty ? ["nothing is done about it by itself"] : handled.map(Shown.line)) + [""]
            + Timeline(incident).entries.suffix(10).map { "\(overview.zone.clock($0.at))  \(Shown.line($0.document["text"]?.string ?? ""))" }
            + ["", "any key: back   the whole story: mozaiks-ops incidents show \(ShortNames.shown(incident.id, overview.shortIDs))"]
    }

    private static let help = [
        "Keys", "", "  ↑ ↓  k j   choose", "  enter      what happened to the chosen incident",
        "  a          acknowledge it", "  s          silence it for an hour", "  y  n       yes or no to the action that waits",
        "  q          end", "", "Whatever changes something asks first. Any key: back",
    ]
}
