import Ambient
import Cycle
import Guard
import JSONParsing
import Journal
import Model
import Views

/// `actions approvals|approve|deny`.
enum ApprovalCommand {
    private static let id = Positional("ID", "the offer's id, as messages and 'actions approvals' show it")
    private static let comment = Option("comment", value: "TEXT", "why, for the incident's timeline and the audit")

    static let list = Command(
        ["actions", "approvals"], "List actions that wait for a person's yes",
        options: [Option("all", "also those of the last day that wait no more"), MonitorOptions.state],
        examples: [
            ("mozaiks-ops actions approvals", "what waits, why, and until when"),
            ("mozaiks-ops actions approvals --all -o json", "with what became of the others, for a script"),
        ]
    ) { invocation in
        let now = invocation.clock.now()
        let journal = try invocation.journalToLookInto()
        let state = try Pipeline.guardState(in: journal)
        let approvals = invocation.arguments.has("all") ? state.approvals : state.waitingApprovals(at: now)
        invocation.print(
            text: text(approvals, invocation.rendering(approvals.map(\.incident), in: journal), now),
            json: ApprovalList(approvals).document())
        return .ok
    }

    static let approve = Command(
        ["actions", "approve"], "Say yes to an action that waits for a person",
        discussion: "The yes is for exactly what is shown: the app, the limits, the length, the incident. The guard looks again "
            + "before anything is done: the kill switch, missing evidence, a cool-down and all else still hold it back. "
            + "What was approved is not extended.",
        positionals: [id], options: [comment, MonitorOptions.state],
        examples: [
            ("mozaiks-ops actions approve a3f2", "does what was offered as a3f2, if the guard still agrees"),
            ("mozaiks-ops actions approve a3f2 --comment 'agreed with the tenant'", "with a reason"),
        ]
    ) { try await answer($0, Commands.approve) }

    static let deny = Command(
        ["actions", "deny"], "Say no to an action that waits for a person",
        discussion: "It is not offered again while its incident is open.",
        positionals: [id], options: [comment, MonitorOptions.state],
        examples: [("mozaiks-ops actions deny a3f2", "leaves it undone")]
    ) { try await answer($0, Commands.deny) }

    private static func answer(_ invocation: Invocation, _ kind: String) async throws -> ExitCode {
        let arguments = invocation.arguments
        let folder = try invocation.stateFolderToLookInto()
        let journal = try invocation.journal(in: folder, mode: .command)
        let now = invocation.clock.now()
        // What is shown here is what the yes is for: the digest goes along.
        let named = NamedIncident.written(arguments.positional("ID") ?? "").lowercased()
        let all = try Pipeline.guardState(in: journal).approvals
        guard
            let approval = all.last(where: {
                $0.id.isSame(as: named) || ($0.digest.hasPrefix(named) && named.utf8.count > $0.id.utf8.count)
            })
        else {
            // People copy what stands next to it, too.
            let mine = (try? journal.incident(named)).map { row in all.filter { $0.incident == row.id && $0.isWaiting(at: now) }.map(\.id) }
            let hint = mine.map { ids in
                "that is an incident; " + (ids.isEmpty ? "nothing of it waits for approval" : "of it waits \(ids.joined(separator: ", "))")
            }
            if let hint { throw CommandFailure("there is no approval '\(Shown.id(named))'", hint: hint) }
            throw CommandFailure.unknown("approval", named, known: all.map(\.id), list: "mozaiks-ops actions approvals --all")
        }
        var document: JSONObject = ["approval": .string(approval.id), "digest": .string(approval.digest)]
        if let comment = invocation.comment { document.append("comment", .string(comment)) }
        let id = try journal.appendCommand(
            at: now, actor: "cli:\(invocation.user)", kind: kind, arguments: JSON.object(document).serialized())
        let result = try await invocation.result(of: id, in: journal, folder: folder)
        let isTaken = result?.hasPrefix("approved ") == true || result?.hasPrefix("denied ") == true
        let decision = isTaken ? try await outcome(of: approval, since: now, journal, invocation) : nil
        var text = result ?? invocation.noted(by: folder)
        if EngineLock.holder(of: folder) == nil {
            text += "\nno engine runs: start one before \(invocation.zone.text(approval.expiresAt)), or the offer is over"
        }
        if let decision { text += "\n" + invocation.rendering().decision(decision, of: try? journal.incidentDocument(approval.incident)) }
        invocation.print(
            text: text + "\n",
            json: AskedCommand(id, result: result, decision: decision).document)
        // Too late, changed or unknown: nothing will be done.
        return result == nil || isTaken ? .ok : .failure
    }

    /// What the guard said when it looked again; nil where no engine runs, or it takes longer than a person waits.
    private static func outcome(
        of approval: Approval, since: Timestamp, _ journal: Journal, _ invocation: Invocation
    ) async throws -> ActionDecision? {
        for _ in 0..<60 {
            let row = try journal.incident(approval.incident)
            let incident = try Incident(document: JSON(parsing: Array(row.document.utf8)))
            let decision = incident.decisions.last { decision in
                decision.approvedBy != nil && decision.approval.map { $0.isSame(as: approval.id) } ?? false
            }
            if let decision { return decision }
            let state = try Pipeline.guardState(in: journal).approvals.last { $0.digest.isSame(as: approval.digest) }
            if let state, state.state == .denied { return nil }
            try await invocation.clock.sleep(for: .seconds(0.25))
        }
        return nil
    }

    private static func text(_ approvals: [Approval], _ rendering: Rendering, _ now: Timestamp) -> String {
        let terminal = rendering.terminal
        guard !approvals.isEmpty else { return "nothing waits for approval\n" }
        let table = terminal.table(
            ["id", "state", "app", "action", "for", "runtime", "expires", "incident"],
            approvals.map { approval in
                let state = approval.state == .waiting && !approval.isWaiting(at: now) ? .expired : approval.state
                return [
                    approval.id, state.rawValue + (approval.by.map { " by \($0)" } ?? ""), rendering.shownID(approval.key.app),
                    "\(approval.effect)", "\(approval.ttl)", approval.key.runtime,
                    approval.isWaiting(at: now) ? "in \((approval.expiresAt - now).brief), \(rendering.moment(approval.expiresAt))" : "-",
                    ShortNames.shown(approval.incident, rendering.shortIDs),
                ]
            })
        let waiting = approvals.filter { $0.isWaiting(at: now) }
        let lines = waiting.map { approval in
            let obstacle =
                approval.obstacle.map { "\n    a yes would be refused now: \(Shown.code(rendering.readable($0.text)))" } ?? ""
            return
                "\(approval.id): \(Shown.code(rendering.readable(approval.reason.text)))\(obstacle)\n    mozaiks-ops actions approve \(approval.id)   or   mozaiks-ops actions deny \(approval.id)"
        }
        return table + (lines.isEmpty ? "" : "\n" + lines.joined(separator: "\n") + "\n")
    }
}
