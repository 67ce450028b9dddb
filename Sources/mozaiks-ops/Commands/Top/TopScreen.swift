import Ambient
import Cycle
import Digest
import Glibc
import Journal
import Model
import Synchronization
import Views

/// The live screen with its keys.
struct TopScreen {
    /// Something that a key wants done, once it was said yes to.
    private struct Wish {
        let question: String
        let kind: String
        let arguments: JSON
    }

    let source: TopSource
    let invocation: Invocation
    private var selected: TopFrame.Item?
    private var wish: Wish?
    private var asked: Int64?
    private var message: String?
    private var detail: TopFrame.Page?

    init(_ source: TopSource, _ invocation: Invocation) {
        self.source = source
        self.invocation = invocation
    }

    /// Blocks its thread between keys: there is nothing else that it could be needed for.
    mutating func run() async throws -> ExitCode {
        let stop = Stop()
        let signals = await ProcessSignal.listen(for: [.terminate, .hangUp])
        let folder = source.folder
        let listening = Task {
            for await _ in signals {
                stop.isAsked.store(true, ordering: .relaxed)
                // What it reads may be a database that does not answer.
                folder.hurry()
            }
        }
        defer { listening.cancel() }
        let screen = TerminalScreen()
        defer { screen.leave() }
        screen.draw(["Reading the journal: q ends"], styles: false)
        var overview: Overview
        do {
            overview = try screen.waiting { try source.read() }
        } catch {
            if stop.isAsked.load(ordering: .relaxed) { return .ok }
            throw error
        }
        var histories = screen.waiting { source.histories(overview) }
        var minute = overview.now.minute
        while !stop.isAsked.load(ordering: .relaxed) {
            if let asked, let result = screen.waiting(for: { source.result(asked) }) { (message, self.asked) = (result, nil) }
            let size = TerminalScreen.size ?? (80, 24)
            var frame = TopFrame(
                overview: overview, histories: histories, terminal: invocation.terminal, columns: size.columns,
                rows: size.rows)
            frame.selected = selected
            frame.message = wish.map { $0.question + "  y yes, any other key no" } ?? message
            screen.draw(detail.map(frame.page) ?? frame.lines, styles: invocation.terminal.color)
            if let key = screen.key(within: 1_000), !screen.waiting(for: { press(key, overview) }) { break }
            // A journal that cannot be read for a moment leaves what stands there, and says so.
            do {
                overview = try screen.waiting { try source.read() }
                if overview.now.minute != minute {
                    (minute, histories) = (overview.now.minute, screen.waiting { source.histories(overview) })
                }
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
                message =
                    overview.holder == nil
                    ? "noted, and it waits: no engine runs; the next 'run' or 'check' takes it"
                    : "asked; the engine takes it at its next poll"
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
        case "?": detail = TopFrame.Page(head: TopScreen.help.dropLast(), foot: TopScreen.help.last)
        case "a", "s": onIncident(key, overview)
        case "y", "n": onApproval(key, overview)
        case "enter": open(overview)
        default: message = "'\(Shown.id(key))' is no key here: ? lists them"
        }
        return true
    }

    /// The chosen incident, or the only one.
    func incident(_ overview: Overview) -> Incident? {
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

    mutating func open(_ overview: Overview) {
        guard let incident = incident(overview) else {
            message = "choose an incident with ↑ and ↓"
            return
        }
        // By the clocks of the screen, with the day where it is not today; what was written down is in UTC.
        func local(_ text: String) -> String { Shown.line(text).replacingMoments(by: overview.clock) }
        let id = ShortNames.shown(incident.id, overview.shortIDs)
        let handled = overview.handled(incident, overview.clock)
        detail = TopFrame.Page(
            head: [
                "\(id)  \(incident.severity.rawValue)  \(Shown.id(incident.rule)) on \(incident.subject)", "",
                Shown.line(incident.summary), "",
            ] + handled.map(local) + [""],
            story: Timeline(incident).entries.map { "\(overview.clock($0.at))  \(local($0.document["text"]?.string ?? ""))" },
            foot: "any key: back   the whole story: mozaiks-ops incidents show \(id)")
    }

    private static let help = [
        "Keys", "", "  ↑ ↓  k j   choose", "  enter      what happened to the chosen incident",
        "  a          acknowledge it", "  s          silence it for an hour", "  y  n       yes or no to the action that waits",
        "  q          end", "", "Whatever changes something asks first. Any key: back",
    ]
}
