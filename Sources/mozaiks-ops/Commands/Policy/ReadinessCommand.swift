import JSONParsing
import Journal
import Model
import Policy
import Views

/// `policy readiness`: whether rules may act by themselves.
enum ReadinessCommand {
    static let command = Command(
        ["policy", "readiness"], "Tell per rule what observe would have done: whether it may act",
        discussion: "Reads the incidents and leases of the state folder: how often a rule would have acted or did, on whom and "
            + "for how long, and what held it back.\n\nA lease that only pretended changes nothing, so its effect cannot be "
            + "known from observe. What can: how often the condition went away by itself before the lease would have been "
            + "over. 'effective' and 'no effect' count what was done in earnest and then verified.",
        positionals: [Positional("RULE", required: false, "this rule alone")],
        options: [
            Option("since", value: "SPAN", "incidents opened within the last so long (default 7d)"), MonitorOptions.policies,
            MonitorOptions.state,
        ],
        examples: [
            ("mozaiks-ops policy readiness", "the last seven days, all rules with actions"),
            ("mozaiks-ops policy readiness noisy-neighbor --since 30d -o json", "one rule's last month, for a script"),
        ]
    ) { invocation in
        let configuration = try invocation.configuration()
        let policies = try invocation.policies(configuration)
        let now = invocation.clock.now()
        let since = now - (try invocation.span("since") ?? .hours(7 * 24))
        let rules = policies.allRules
        var names = Set(rules.filter { rule in rule.actions.contains { $0.kind != .notify } }.map(\.name))
        if let rule = invocation.arguments.positional("RULE") {
            guard names.contains(rule) else {
                let known = names.sorted()
                let near = UnknownName.near(rule, in: known).first.map { "did you mean '\(Shown.id($0))'?" }
                throw CommandFailure(
                    "no rule '\(Shown.id(rule))' asks for actions", hint: near ?? "there are: \(known.joined(separator: ", "))")
            }
            names = [rule]
        }
        let journal = try invocation.journalForReading(configuration)
        let incidents = try journal.incidents(IncidentFilter(since: since, limit: 100_000)).map {
            try Incident(document: JSON(parsing: Array($0.document.utf8)))
        }
        let leases = try journal.leases(states: []).map { try Lease(document: JSON(parsing: Array($0.document.utf8))) }
        let readiness = Readiness(rules: Array(names), incidents: incidents, leases: leases, since: since, now: now)
        invocation.print(text: text(readiness, invocation.terminal), json: readiness.document)
        return .ok
    }

    private static func text(_ readiness: Readiness, _ terminal: Terminal) -> String {
        guard !readiness.rows.isEmpty else { return "no rule asks for actions\n" }
        let table = terminal.table(
            ["rule", "incidents", "would have", "done", "for", "apps", "cleared alone", "effective", "no effect"],
            readiness.rows.map { row in
                [
                    row.rule, "\(row.incidents)", "\(row.wouldHave)", "\(row.done)",
                    row.length == .zero ? "-" : row.length.brief, "\(row.apps.count)",
                    row.wouldHave == 0 ? "-" : "\(row.clearedAlone) of \(row.wouldHave)",
                    row.done == 0 ? "-" : "\(row.effective) of \(row.done)",
                    row.done == 0 ? "-" : "\(row.noEffect) of \(row.done)",
                ]
            })
        let lines = readiness.rows.map { row in
            var line = "\(row.rule): \(row.advice)"
            let held = counts(row.refused) + counts(row.needsApproval).map { "\($0) (asked a person)" }
            if !held.isEmpty { line += "; held back: \(held.joined(separator: ", "))" }
            if !row.apps.isEmpty {
                line +=
                    "; on \(row.apps.sorted().prefix(8).map { Rendering(terminal: terminal).shownID($0) }.joined(separator: ", "))"
                    + (row.apps.count > 8 ? " and \(row.apps.count - 8) more" : "")
            }
            return line
        }
        return "since \(readiness.since)\n" + table + "\n" + lines.joined(separator: "\n")
            + "\n\nObserve changes nothing, so it cannot tell whether an action would have helped; 'cleared alone' counts "
            + "conditions that went\naway without help before the lease would have been over.\n"
    }

    private static func counts(_ steps: [Refusal.Step: Int]) -> [String] {
        Refusal.Step.allCases.compactMap { step in steps[step].map { "\(step.rawValue) \($0)" } }
    }
}
