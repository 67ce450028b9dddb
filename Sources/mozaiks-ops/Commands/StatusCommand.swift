import Composition
import Configuration
import Cycle
import Guard
import JSONParsing
import Journal
import Model
import Telling
import Views

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
        let folder = try invocation.stateFolderToLookInto()
        let maxAge = try invocation.span("max-age")
        let journal = try invocation.journal(in: folder)
        // Errors of the configuration were shown; it only adds what the journal does not know.
        var surroundings = (try? invocation.loadConfiguration()).map { Overview.Surroundings($0) } ?? Overview.Surroundings()
        surroundings.maxAge = maxAge
        let overview = try Overview(folder, journal, surroundings, now: invocation.clock.now())
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

// MARK: - As text

extension Overview {
    private static let most = 10

    func text(_ terminal: Terminal) -> String {
        var rendering = Rendering(terminal: terminal)
        rendering.zone = zone
        return [
            engineText(rendering), runtimesText(rendering), incidentsText(rendering), begunText(rendering), doneText(rendering),
            waitingText(rendering),
            quietText(rendering), channelsText(rendering), notes.map { "note: \(Shown.code($0))\n" }.joined(),
        ].filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private func engineText(_ rendering: Rendering) -> String {
        let mode = mode.map { ", mode \($0.rawValue)" } ?? ""
        var text =
            holder.map {
                $0.isKeeping ? "Engine: none runs while a command is at the journal (\($0))\(mode)\n" : "Engine: running (\($0))\(mode)\n"
            }
            ?? "\(rendering.terminal.paint("Engine: none runs", .yellow))\(mode); what follows is what the last one left\n"
        for standby in standbys { text += "        standing by: \(standby)\n" }
        if let shard {
            let others = shard.elsewhere.map { "\(Shown.id($0.name)) (\($0.shard))" }.joined(separator: ", ")
            text += "Shard:  \(shard.own), watches \(shard.watches.map { Shown.id($0) }.joined(separator: ", "))"
            text += (others.isEmpty ? "" : "; not watched here: \(others)") + "\n"
        }
        text += "State:  \(Shown.id(folder.path)), looked at \(rendering.moment(now))\n"
        if let mode = self.mode, let modePlace { text += "Mode:   \(mode.rawValue); \(Shown.line(modePlace))\n" }
        if let stop { text += rendering.terminal.paint(stop, .red) + "\n" }
        return text
    }

    private func runtimesText(_ rendering: Rendering) -> String {
        guard !sights.isEmpty else { return "Runtimes: none was polled yet\n" }
        let waiting = holder == nil ? "never looked at, and no engine runs" : "its first look is not over yet"
        return WatchedKind.allCases.map { kind in
            let own = sights.filter { $0.summary.kind == kind }
            let others = unseen.filter { $0.kind == kind }.map { "  \(Shown.id($0.name)), \(waiting)\n" }
            guard !own.isEmpty || !others.isEmpty else { return "" }
            return rendering.terminal.paint(kind.title, .bold) + "\n" + own.map { text($0, rendering) }.joined() + others.joined()
        }.joined()
    }

    private func text(_ sight: RuntimeSight, _ rendering: Rendering) -> String {
        let dead = sight.summary.deadCounters.map(\.name).joined(separator: ", ")
        let perf = sight.summary.replicas.map(\.perfInterval).max() ?? sight.interval
        let stretched =
            perf >= sight.interval + .seconds(1)
            ? ", the figures of tenants every \(perf.brief) (stretched by what they cost it)" : ""
        let moment = "\(clock(sight.polledAt)) \(zone.mark(sight.polledAt))"
        return
            "  \(Shown.id(sight.summary.runtime)), as of \(moment), polled every \(sight.interval)\(stretched)\n"
            + sight.summary.replicas.map { replica in
                let silent = Endpoint.essential.filter { replica.missing[$0] != nil || $0 == .health || $0 == .host || $0 == .probe }
                let why = silent.lazy.compactMap { replica.detail[$0] }.first.map { " (\(Shown.line($0)))" } ?? ""
                let several =
                    replica.answersForSeveralProcesses
                    ? rendering.terminal.paint(" · answers for several processes, nothing can be counted", .red) : ""
                return "    \(Shown.id(replica.url))  \(rendering.figures(replica))\(several)\(why)\n"
            }.joined()
            + (sight.summary.finding?.trouble.map { "    who its replicas are is not sure: \(Shown.line($0))\n" } ?? "")
            + (dead.isEmpty ? "" : "    counters that never move here: \(dead) (what needs them is missing, not 0)\n")
    }

    private func incidentsText(_ rendering: Rendering) -> String {
        guard !open.isEmpty else { return "Open incidents: none\n" }
        let terminal = rendering.terminal
        var text = terminal.paint("Open incidents", .bold) + "\n"
        for incident in open.prefix(Overview.most) {
            let seen = incident.acknowledged.map { ", acknowledged by \(Shown.id($0.by))" } ?? ""
            text +=
                "  \(terminal.paint(shortIDs[incident.id] ?? incident.id, .bold))  \(rendering.severity(incident.severity))  "
                + "\(Shown.id(incident.rule)) on \(incident.subject), since \(rendering.moment(incident.since)) "
                + "(\(max(now - incident.since, .zero).brief))\(incident.interrupted(rendering.moment).map { ", \($0)" } ?? "")\(seen)\n"
            if let quiet = incident.quietSince {
                text += "        not true any more since \(rendering.moment(quiet)); \(end(of: incident, rendering.moment))\n"
            }
            text += ([incident.summary].filter { !$0.isEmpty } + handled(incident, rendering.moment)).map {
                "        \(Shown.code(rendering.readable($0)))\n"
            }.joined()
        }
        if open.count > Overview.most {
            text += "  and \(open.count - Overview.most) more: mozaiks-ops incidents list --status open\n"
        }
        return text + "  The whole story: mozaiks-ops incidents show \(shortIDs[open[0].id] ?? open[0].id)\n"
    }

    private func begunText(_ rendering: Rendering) -> String {
        guard !begun.isEmpty else { return "" }
        var text = rendering.terminal.paint("Has begun", .bold) + " (true already; nobody is told yet)\n"
        for one in begun.prefix(Overview.most) {
            let weight = one.severity.map { rendering.severity($0) + "  " } ?? ""
            text += "  \(weight)\(one.name), since \(clock(one.since)); \(one.outlook(at: now, clock))\n"
        }
        return text + (begun.count > Overview.most ? "  and \(begun.count - Overview.most) more\n" : "")
    }

    private func doneText(_ rendering: Rendering) -> String {
        guard !leases.isEmpty else { return "Actions in force: none\n" }
        return rendering.terminal.paint("Actions in force", .bold) + "\n"
            + leases.prefix(Overview.most).map { lease in
                "  \(words(ofGroup: [lease], rendering.moment))\n        mozaiks-ops actions revert \(lease.id)\n"
            }.joined()
            + (leases.count > Overview.most ? "  and \(leases.count - Overview.most) more: mozaiks-ops actions list\n" : "")
            + (holder == nil ? "  no engine runs: what adapters do not end by themselves stays until one does\n" : "")
            + sights.compactMap(\.gateRemark).map { "  \($0)\n" }.joined()
    }

    private func waitingText(_ rendering: Rendering) -> String {
        guard !approvals.isEmpty || !waiting.isEmpty else { return "Waiting for you: nothing\n" }
        var text = rendering.terminal.paint("Waiting for you", .bold) + "\n"
        for approval in approvals.prefix(Overview.most) {
            text +=
                "  \(approval.effect) for \(approval.key.app), \(approval.ttl); the offer ends \(rendering.moment(approval.expiresAt))\n"
                + "        \(Shown.code(rendering.readable(approval.reason.text)))\n"
                + "        mozaiks-ops actions approve \(approval.id)   or   mozaiks-ops actions deny \(approval.id)\n"
        }
        if approvals.count > Overview.most { text += "  and \(approvals.count - Overview.most) more: mozaiks-ops actions approvals\n" }
        if !waiting.isEmpty {
            let what = waiting.map { $0.kind.replacing(bytesOf: "_", with: " ") }
            text +=
                "  \(waiting.count) command\(waiting.count == 1 ? "" : "s") that no engine has taken yet: \(Shown.line(what.joined(separator: ", ")))"
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
        guard !channels.isEmpty else {
            return "Channels: none known here: the configuration that was read names none, and no message was ever written down\n"
        }
        return rendering.terminal.paint("Channels", .bold) + "\n"
            + channels.map { channel in
                var parts = [
                    channel.lastSent.map { "\(channel.sent) sent, the last \(max(now - $0, .zero).brief) ago" } ?? "nothing sent yet"
                ]
                if channel.pending > 0 { parts.append("\(channel.pending) wait\(channel.pending == 1 ? "s" : "")") }
                if channel.dead > 0 { parts.append("\(channel.dead) given up (mozaiks-ops notify history --status dead)") }
                let trouble = troubles.first { $0.channel.isSame(as: channel.channel) }
                let words = trouble.map { rendering.terminal.paint("; does not deliver: \(Shown.code($0.reason))", .red) } ?? ""
                return "  \(Shown.id(channel.channel)): \(parts.joined(separator: ", "))\(words)\n"
            }.joined()
    }
}

extension StatusVerdict {
    /// As a monitoring plugin ends.
    var code: ExitCode {
        switch state {
        case .ok: .ok
        case .warning: .warning
        case .critical: .critical
        case .unknown: .unknown
        }
    }
}
