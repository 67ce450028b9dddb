import Configuration
import Guard
import JSONParsing
import Journal
import Model
import Monitor
import Notify
import Telling

/// `status`: one screen about what an engine sees and does, read from its journal.
enum StatusCommand {
    static let command = Command(
        ["status"], "One screen beside the daemon: is anything wrong, where, since when, what is done, what waits for you",
        discussion: "Read from the journal alone: nothing is polled, written or sent, no secret is read, and no runtime need be "
            + "configured. A running daemon writes what it saw at least every 10 seconds; a pass of check when it ends.\n\n"
            + "Exit code: 0 ok, 1 a warning is open, 2 a critical incident is open, 3 unknown: no evidence, no journal, or nobody "
            + "has polled for too long (--max-age). With --brief or --perfdata, as a monitoring plugin, nothing but these.",
        options: [
            Option("brief", "the one line only"), Option("perfdata", "append performance data, as monitoring plugins do"),
            Option(
                "max-age", value: "SPAN",
                "older polls tell nothing of now (default: 6 intervals, at least 2m of a daemon and 10m of passes of check)"),
            MonitorOptions.state,
        ],
        examples: [
            ("mozaiks-ops status", "the first thing to run at night"),
            ("mozaiks-ops status --brief --perfdata", "as a plugin of Nagios or Icinga, beside the daemon"),
            ("mozaiks-ops status -o json | jq -r '.incidents[].short_id'", "for a script"),
        ]
    ) { invocation in
        let overview = try StatusOverview(invocation)
        let arguments = invocation.arguments
        let verdict = overview.verdict
        invocation.print(
            text: {
                let data = arguments.has("perfdata") && !verdict.perfdata.isEmpty ? " | \(verdict.perfdata)" : ""
                let line = verdict.line + data + "\n"
                return arguments.has("brief") ? line : line + "\n" + overview.text(invocation.terminal)
            }(),
            json: overview.document)
        return verdict.code
    }
}

/// How things stand by a journal, at one moment.
struct StatusOverview {
    static let schema = "mozaiks.ops/status/v1"

    let now: Timestamp
    let folder: StateFolder
    /// Who watches at this moment; nil: nobody does.
    let holder: EngineHolder?
    let sights: [RuntimeSight]
    /// The weightiest first, then the oldest.
    let open: [Incident]
    let shortIDs: [String: String]
    /// By incident: why nobody is told of it, or nothing is done.
    let circumstances: [String: [String]]
    let leases: [Lease]
    /// By lease: whether anything was seen to hold the app to it.
    let leaseSights: [String: LeaseSight]
    let approvals: [Approval]
    let silences: [Silence]
    /// Hours of maintenance that hold now.
    let maintenance: [String]
    let channels: [ChannelCounts]
    let troubles: [ChannelTrouble]
    /// What people asked for and no engine has taken yet.
    let waiting: [CommandRow]
    /// What could not be read, or is not known without the configuration.
    let notes: [String]
    let zone: Zone
    let maxAge: TimeSpan?

    init(_ invocation: Invocation) throws {
        now = invocation.clock.now()
        maxAge = try invocation.span("max-age")
        folder = try invocation.stateFolderToLookInto()
        let journal = try invocation.journal(in: folder)
        holder = EngineLock.holder(of: folder)
        var notes: [String] = []
        sights = try RuntimeSight.all(in: journal) { notes.append("what was seen of \($0) cannot be read") }
        // Errors of the configuration were shown; it only adds what the journal does not know.
        let configuration = try? invocation.loadConfiguration()
        let telling = configuration?.telling ?? TellingSettings()
        zone = telling.zone
        let kept = try? KeptDecisions(journal)
        if kept == nil { notes.append("what was decided cannot be read: silences are not shown") }
        var damaged = 0
        let rows = try journal.incidents(IncidentFilter(statuses: [.open, .acknowledged], limit: 10_000)) { _ in damaged += 1 }
        let incidents = rows.compactMap { row -> Incident? in
            if let incident = (try? JSON(parsing: Array(row.document.utf8))).flatMap({ try? Incident(document: $0) }) { return incident }
            damaged += 1
            return nil
        }
        if damaged > 0 { notes.append("\(damaged) open incident\(damaged == 1 ? "" : "s") in the journal cannot be read") }
        open = incidents.sorted { a, b in
            a.severity != b.severity ? a.severity > b.severity : a.openedAt != b.openedAt ? a.openedAt < b.openedAt : a.id < b.id
        }
        shortIDs = ShortNames.of(open, in: journal)
        let environment = configuration?.environment.value ?? sights.first?.environment ?? TellingSettings.production
        let moment = now
        circumstances = Dictionary(
            open.map { ($0.id, kept?.circumstances(of: $0, environment: environment, telling, now: moment) ?? []) }
        ) { first, _ in first }
        leases = try journal.leases(states: [.intended, .inForce, .reverting]).compactMap { row in
            (try? JSON(parsing: Array(row.document.utf8))).flatMap { try? Lease(document: $0) }
        }.filter { !$0.shadow }
        leaseSights = LeaseSight.of(leases, in: journal, known: incidents)
        let guardState = try? Pipeline.guardState(in: journal)
        if guardState == nil { notes.append("what the guard remembers cannot be read: approvals are not shown") }
        approvals = guardState?.waitingApprovals(at: now) ?? []
        silences = (kept?.telling.silences ?? []).filter { $0.isActive(moment) }
        maintenance = telling.maintenance.enumerated().filter { $1.hours.holds(moment, in: telling.zone) }.map { index, window in
            "maintenance[\(index)], \(window.hours) \(telling.zone): \(window.match)" + (window.comment.isEmpty ? "" : ", \(window.comment)")
        }
        troubles = try journal.channelTroubles()
        let counted = try journal.channelCounts()
        let unused = (configuration?.channels.map(\.name) ?? []).filter { name in
            !counted.contains { $0.channel.utf8.elementsEqual(name.utf8) }
        }
        channels = (counted + unused.map { ChannelCounts(unused: $0) }).sorted { $0.channel.utf8.lexicographicallyPrecedes($1.channel.utf8) }
        waiting = try journal.waitingCommands()
        self.notes = notes
    }

    var isStopped: Bool { folder.isKillSwitchOn }

    /// Since when nobody has polled, in words, where that is too long ago to know how things are.
    private var stale: String? {
        guard let oldest = sights.min(by: { $0.polledAt < $1.polledAt }) else {
            return holder == nil ? "nothing was polled yet, and no engine runs" : "the engine (\(holder?.description ?? "")) has polled nothing yet"
        }
        // A clock that was set back is no reason to know nothing.
        let late = sights.filter { sight in
            // A daemon writes what it sees every ten seconds, or as often as it polls: where nothing comes, what is there is old.
            let limit = holder == nil ? max(sight.isOfDaemon ? .minutes(2) : .minutes(10), sight.interval * 6)
                : max(.minutes(1), sight.interval * 4)
            return now - sight.polledAt > maxAge ?? limit
        }
        guard !late.isEmpty else { return nil }
        let who = holder == nil ? "no engine runs" : "an engine runs (\(holder?.description ?? "")) and does not poll, or cannot write its journal"
        let what = late.count == sights.count ? "" : " \(late.map { Shown.id($0.summary.runtime) }.joined(separator: ", "))"
        return "\(who): the last poll\(what) was \((now - oldest.polledAt).brief) ago"
    }

    var verdict: Verdict { Verdict(summaries: sights.map(\.summary), at: now, open: open, stale: stale) }

    func leases(of incident: Incident) -> [Lease] { leases.filter { $0.holders.contains { $0.incident == incident.id } } }
    func approvals(of incident: Incident) -> [Approval] { approvals.filter { $0.incident == incident.id } }
}

extension ChannelCounts {
    /// A channel that nothing was ever sent to.
    fileprivate init(unused name: String) { self.init(channel: name, pending: 0, dead: 0, sent: 0, lastSent: nil) }
}

// MARK: - As text

extension StatusOverview {
    private static let most = 10

    func text(_ terminal: Terminal) -> String {
        var rendering = Rendering(terminal: terminal)
        rendering.zone = zone
        return [
            engineText(rendering), runtimesText(rendering), incidentsText(rendering), doneText(rendering), waitingText(rendering),
            quietText(rendering), channelsText(rendering), notes.map { "note: \(Shown.code($0))\n" }.joined(),
        ].filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private func engineText(_ rendering: Rendering) -> String {
        let mode = sights.map(\.mode).min().map { ", mode \($0.rawValue)" } ?? ""
        var text = holder.map { "Engine: running (\($0))\(mode)\n" }
            ?? "\(rendering.terminal.paint("Engine: none runs", .yellow))\(mode); what follows is what the last one left\n"
        text += "State:  \(Shown.id(folder.path)), looked at \(rendering.moment(now))\n"
        if isStopped { text += rendering.terminal.paint("Actions are stopped: none until 'mozaiks-ops actions resume'", .red) + "\n" }
        return text
    }

    private func runtimesText(_ rendering: Rendering) -> String {
        guard !sights.isEmpty else { return "Runtimes: none was polled yet\n" }
        return rendering.terminal.paint("Runtimes", .bold) + "\n"
            + sights.map { sight in
                let age = max(now - sight.polledAt, .zero)
                let dead = sight.summary.deadCounters.map(\.name).joined(separator: ", ")
                return "  \(Shown.id(sight.summary.runtime)), polled \(age < .seconds(1) ? "just now" : "\(age.brief) ago"), every \(sight.interval)\n"
                    + sight.summary.replicas.map { replica in
                        let silent = [Endpoint.health, .perf, .events].filter { replica.missing[$0] != nil || $0 == .health }
                        let why = silent.lazy.compactMap { replica.detail[$0] }.first.map { " (\(Shown.line($0)))" } ?? ""
                        let several = replica.answersForSeveralProcesses
                            ? rendering.terminal.paint(" · answers for several processes, nothing can be counted", .red) : ""
                        return "    \(Shown.id(replica.url))  \(rendering.figures(replica))\(several)\(why)\n"
                    }.joined()
                    + (dead.isEmpty ? "" : "    counters that never move here: \(dead) (what needs them is missing, not 0)\n")
            }.joined()
    }

    private func incidentsText(_ rendering: Rendering) -> String {
        guard !open.isEmpty else { return "Open incidents: none\n" }
        let terminal = rendering.terminal
        var text = terminal.paint("Open incidents", .bold) + "\n"
        for incident in open.prefix(StatusOverview.most) {
            let seen = incident.acknowledged.map { ", acknowledged by \(Shown.id($0.by))" } ?? ""
            text += "  \(terminal.paint(shortIDs[incident.id] ?? incident.id, .bold))  \(rendering.severity(incident.severity))  "
                + "\(Shown.id(incident.rule)) on \(incident.subject), since \(rendering.moment(incident.openedAt)) "
                + "(\(max(now - incident.openedAt, .zero).brief))\(seen)\n"
            text += ([incident.summary].filter { !$0.isEmpty } + handling(incident, rendering)).map {
                "        \(Shown.code(rendering.readable($0)))\n"
            }.joined()
        }
        if open.count > StatusOverview.most {
            text += "  and \(open.count - StatusOverview.most) more: mozaiks-ops incidents list --status open\n"
        }
        return text + "  The whole story: mozaiks-ops incidents show \(shortIDs[open[0].id] ?? open[0].id)\n"
    }

    /// What is done about it, what is not and why, in sentences.
    private func handling(_ incident: Incident, _ rendering: Rendering) -> [String] {
        var lines = leases(of: incident).map { lease in
            "\(leaseSights[lease.id]?.remark(lease.key.app) ?? "done"): \(StatusOverview.words(lease, rendering))"
        }
        lines += approvals(of: incident).map { "waits for you: \($0.effect) for \($0.key.app), \($0.ttl)" }
        var newest: [LeaseKey: ActionDecision] = [:]
        for decision in incident.decisions { newest[decision.key] = decision }
        for decision in incident.decisions where newest[decision.key] == decision {
            switch decision.verdict {
            case .refused(let refusal): lines.append("not done: \(decision.effect) for \(decision.key.app): \(refusal.text)")
            case .wouldHave: lines.append("would have done (mode observe): \(decision.effect) for \(decision.key.app)")
            case .act, .needsApproval, .alreadyInForce: break
            }
        }
        lines += circumstances[incident.id] ?? []
        return lines.isEmpty ? ["nothing is done about it by itself"] : lines
    }

    private static func words(_ lease: Lease, _ rendering: Rendering) -> String {
        let what = "\(lease.effect) for \(lease.key.app)"
        return switch lease.state {
        case .intended: "\(what), not there yet"
        case .inForce: "\(what), until \(rendering.moment(lease.expiresAt))"
        case .reverting, .ended: "\(what), being undone"
        }
    }

    private func doneText(_ rendering: Rendering) -> String {
        guard !leases.isEmpty else { return "Actions in force: none\n" }
        return rendering.terminal.paint("Actions in force", .bold) + "\n"
            + leases.prefix(StatusOverview.most).map { lease in
                let remark = leaseSights[lease.id]?.remark(lease.key.app).map { ": \($0)" } ?? ""
                return "  \(StatusOverview.words(lease, rendering))\(remark)\n        mozaiks-ops actions revert \(lease.id)\n"
            }.joined()
            + (leases.count > StatusOverview.most ? "  and \(leases.count - StatusOverview.most) more: mozaiks-ops actions list\n" : "")
            + (holder == nil ? "  no engine runs: what adapters do not end by themselves stays until one does\n" : "")
            + sights.compactMap(\.gateRemark).map { "  \($0)\n" }.joined()
    }

    private func waitingText(_ rendering: Rendering) -> String {
        guard !approvals.isEmpty || !waiting.isEmpty else { return "Waiting for you: nothing\n" }
        var text = rendering.terminal.paint("Waiting for you", .bold) + "\n"
        for approval in approvals.prefix(StatusOverview.most) {
            text += "  \(approval.effect) for \(approval.key.app), \(approval.ttl); the offer ends \(rendering.moment(approval.expiresAt))\n"
                + "        \(Shown.code(rendering.readable(approval.reason.text)))\n"
                + "        mozaiks-ops actions approve \(approval.id)   or   mozaiks-ops actions deny \(approval.id)\n"
        }
        if approvals.count > StatusOverview.most { text += "  and \(approvals.count - StatusOverview.most) more: mozaiks-ops actions approvals\n" }
        if !waiting.isEmpty {
            let what = waiting.map { $0.kind.replacing(bytesOf: "_", with: " ") }
            text += "  \(waiting.count) command\(waiting.count == 1 ? "" : "s") that no engine has taken yet: \(Shown.line(what.joined(separator: ", ")))"
                + (holder == nil ? "; start one\n" : "\n")
        }
        return text
    }

    private func quietText(_ rendering: Rendering) -> String {
        guard !silences.isEmpty || !maintenance.isEmpty else { return "Silences: none\n" }
        return rendering.terminal.paint("Silences", .bold) + "\n"
            + silences.map { silence in
                let end = silence.until.map { "until \(rendering.moment($0))" } ?? "until it resolves"
                let comment = silence.comment.isEmpty ? "" : ": \(Shown.line(silence.comment))"
                return "  \(silence.id) by \(Shown.id(silence.by)), \(end): \(silence.match)\(comment)\n"
            }.joined()
            + maintenance.map { "  \(Shown.line($0))\n" }.joined()
    }

    private func channelsText(_ rendering: Rendering) -> String {
        guard !channels.isEmpty else { return "Channels: none is known, nobody is told\n" }
        return rendering.terminal.paint("Channels", .bold) + "\n"
            + channels.map { channel in
                var parts = [channel.lastSent.map { "\(channel.sent) sent, the last \(max(now - $0, .zero).brief) ago" } ?? "nothing sent yet"]
                if channel.pending > 0 { parts.append("\(channel.pending) wait\(channel.pending == 1 ? "s" : "")") }
                if channel.dead > 0 { parts.append("\(channel.dead) given up (mozaiks-ops notify history --status dead)") }
                let trouble = troubles.first { $0.channel.utf8.elementsEqual(channel.channel.utf8) }
                let words = trouble.map { rendering.terminal.paint("; does not deliver: \(Shown.code($0.reason))", .red) } ?? ""
                return "  \(Shown.id(channel.channel)): \(parts.joined(separator: ", "))\(words)\n"
            }.joined()
    }
}

// MARK: - As a document

extension StatusOverview {
    var document: JSON {
        let engine: JSON = [
            "running": .bool(holder != nil), "pid": holder?.pid.map { .int(Int64($0)) } ?? .null, "since": .moment(holder?.since),
        ]
        return [
            "schema": .string(StatusOverview.schema), "status": .string(verdict.word.lowercased()), "line": .string(verdict.line),
            "at": .moment(now), "engine": engine, "state": .string(folder.path), "actions_stopped": .bool(isStopped),
            "runtimes": .array(
                sights.map { sight in
                    guard var object = sight.document.object else { return sight.document }
                    object.append("age_ms", .int(max(now - sight.polledAt, .zero).milliseconds))
                    return .object(object)
                }),
            "incidents": .array(
                open.map { incident in
                    guard var object = incident.document.object else { return incident.document }
                    object.append("short_id", .optional(shortIDs[incident.id]))
                    object.append("circumstances", .array((circumstances[incident.id] ?? []).map(JSON.string)))
                    return .object(object)
                }),
            "leases": .array(
                leases.map { lease in
                    guard var object = lease.document.object else { return lease.document }
                    object.append("seen", .optional(leaseSights[lease.id]?.rawValue))
                    return .object(object)
                }),
            "approvals": .array(approvals.map(\.document)),
            "silences": .array(silences.map(\.document)), "maintenance": .array(maintenance.map(JSON.string)),
            "channels": .array(
                channels.map { channel in
                    let trouble = troubles.first { $0.channel.utf8.elementsEqual(channel.channel.utf8) }
                    return [
                        "name": .string(channel.channel), "sent": .int(Int64(channel.sent)), "pending": .int(Int64(channel.pending)),
                        "dead": .int(Int64(channel.dead)), "last_sent": .moment(channel.lastSent),
                        "trouble": .optional(trouble?.reason),
                    ]
                }),
            "commands_waiting": .array(
                waiting.map { ["id": .int($0.id), "at": .moment($0.at), "by": .string($0.actor), "kind": .string($0.kind)] }),
            "notes": .array(notes.map(JSON.string)),
        ]
    }
}
