import Cycle
import Journal
import Model
import Notify
import Telling
import Views

/// Messages and where they go, as people read them.
extension Rendering {
    /// `12 sent, 1 pending since 2026-11-21T09:00:00.000Z, 2 dead letters`
    static func outbox(_ counts: OutboxCounts) -> String {
        var parts = ["\(counts.sent) sent"]
        let since = counts.oldestPending.map { " (the oldest since \($0))" } ?? ""
        parts.append("\(counts.pending) pending\(counts.pending > 0 ? since : "")")
        parts.append("\(counts.dead) dead letter\(counts.dead == 1 ? "" : "s")")
        if counts.merged > 0 { parts.append("\(counts.merged) said by a later one") }
        return parts.joined(separator: ", ")
    }

    /// `ops does not work: 3 messages wait since 2026-11-21T09:00:00.000Z: Slack answered invalid_auth: …`
    static func trouble(_ trouble: ChannelTrouble) -> String {
        let waiting = trouble.waiting == 1 ? "1 message waits" : "\(trouble.waiting) messages wait"
        return "\(Shown.id(trouble.channel)) does not deliver: \(waiting), the oldest since \(trouble.since): \(Shown.code(trouble.reason))"
    }

    /// `pager is not configured: 3 messages wait for it, the oldest since …; they are given up after 72h`
    static func stranded(_ stranded: StrandedMessages) -> String {
        let waiting = stranded.count == 1 ? "1 message waits" : "\(stranded.count) messages wait"
        return "\(Shown.id(stranded.channel)) is not configured: \(waiting) for it, the oldest since \(stranded.since); "
            + "given up after \(Outbox.lifetimeOfBlocked) unless it comes back"
    }

    func messages(_ history: MessageHistory, now: Timestamp) -> String {
        let backlog = history.backlog
        var head = Rendering.outbox(backlog.counts) + "\n"
        for one in backlog.stranded { head += terminal.paint(Rendering.stranded(one), .red) + "\n" }
        for trouble in backlog.troubles { head += terminal.paint(Rendering.trouble(trouble), .red) + "\n" }
        let messages = history.messages.map { row in
            (
                row.message.createdAt,
                [
                    "\(row.message.createdAt)", row.message.channel, row.message.event.rawValue, state(row),
                    row.message.incident, outcome(row, now: now),
                ]
            )
        }
        let tests = history.drills.map { drill in
            let state = drill.isDelivered ? terminal.paint("sent", .green) : terminal.paint("failed", .red)
            return (drill.at, ["\(drill.at)", drill.channel, "drill", state, "-", drill.reason ?? "somebody ran notify test"])
        }
        let all = tests.isEmpty ? messages : (messages + tests).sorted { $0.0 > $1.0 }
        guard !all.isEmpty else { return head }
        return head + "\n"
            + terminal.table(["decided", "channel", "event", "state", "incident", "what came of it"], all.map(\.1))
    }

    private func state(_ row: OutboxRow) -> String {
        switch row.state {
        case .pending: terminal.paint(row.state.rawValue, .yellow)
        case .sent: terminal.paint(row.state.rawValue, .green)
        case .dead: terminal.paint(row.state.rawValue, .red)
        case .merged: terminal.paint(row.state.rawValue, .dim)
        }
    }

    private func outcome(_ row: OutboxRow, now: Timestamp) -> String {
        let tries = row.attempts == 1 ? "1 attempt" : "\(row.attempts) attempts"
        let error = row.lastError.map { ": \($0)" } ?? ""
        switch row.state {
        case .sent: return row.attempts > 1 ? "after \(tries)" : row.carriesOpening ? "the opening with it" : "-"
        case .merged: return row.mergedInto.map { "said by message \($0)" } ?? "-"
        case .dead: return "given up after \(tries)\(error)"
        case .pending:
            guard row.attempts > 0 else { return "not tried yet" }
            let next = row.dueAt > now ? "again in \((row.dueAt - now).brief)" : "again now"
            return "\(tries), \(next)\(error)"
        }
    }

    /// - Parameter unpaged: channels that no incident of this environment reaches.
    func drill(_ drills: DrillResults, unpaged: [String], environment: String) -> String {
        drills.results.map { result in
            let outcome =
                result.delivery.failure.map { terminal.paint("NOT delivered", .red) + ": \(Shown.code($0))" }
                ?? terminal.paint("delivered", .green)
            let isUnpaged = unpaged.contains { $0.isSame(as: result.channel) }
            return "\(result.channel): \(outcome)\n"
                + (isUnpaged
                    ? terminal.paint("  a drill only: it pages, and nobody is paged for environment '\(Shown.id(environment))'", .yellow)
                        + "\n"
                    : "")
        }.joined()
    }

    func routing(_ route: IncidentRoute) -> String {
        let (incident, explanation, why) = (route.incident, route.explanation, route.circumstances)
        let routing = explanation.routing
        var text = "\(severity(incident.severity)) \(terminal.paint(Shown.id(incident.rule), .bold)): \(incident.subject)\n\n"
        for line in why { text += "\(Shown.code(line))\n" }
        if let silence = routing.silence { text += "Nobody would hear of it: \(Shown.code(silence))\n" }
        if !explanation.lines.isEmpty {
            text += (why.isEmpty ? "" : "\n")
            text += terminal.table(
                ["channel", "sent", "why"],
                explanation.lines.map {
                    [$0.channel, $0.isSent ? terminal.paint("yes", .green) : terminal.paint("no", .dim), $0.reason]
                })
        }
        for line in explanation.lines { text += line.heard.map { "\(Shown.id(line.channel)): \(Shown.code($0))\n" } ?? "" }
        for name in routing.unknown { text += "named, but not configured: \(name)\n" }
        text += "\n" + terminal.paint("Told so far", .bold) + "\n"
        guard !route.told.isEmpty else { return text + "  nobody\n" }
        for row in route.told.reversed() {
            let when = row.settledAt ?? row.message.createdAt
            let thread = row.message.incident == incident.id ? "" : "  in \(row.message.incident)"
            text += "  \(when)  \(row.message.channel)  \(row.message.event.rawValue)  \(state(row))\(thread)\n"
        }
        return text
    }
}
