import Cycle
import JSONParsing
import Journal
import Model
import Policy
import Views

/// `policy explain`, `explain --why-not` and `incidents explain`: one rule on one subject, with everything that decided.
enum ExplainCommand {
    private static let about = """
        Shows the condition with the values put in, the timers, what evidence is missing and why, what the guard said to its \
        actions, which incident keeps it quiet, and the file and line of each value.

        It looks at the journal, also beside a running daemon, and changes nothing; with --tape at a recorded past; with --url \
        at one poll of a runtime. Rates and history need more than one poll.
        """
    private static let who = [
        Option("app", value: "APP_ID", "the app, for a rule on apps or on workflows"),
        Option("workflow", value: "NAME", mayBeEmpty: true, "its workflow, for a rule on workflows"),
        Option("replica", value: "URL", "the replica, for a rule on replicas"),
        Option("runtime", value: "NAME", "the runtime, where there are several"),
    ]

    static let policy = Command(
        ["policy", "explain"], "Explain where a rule stands: values, timers, missing evidence, and where each value is written",
        discussion: about, positionals: [Positional("RULE", "the rule's name")], options: who + Situation.options,
        examples: [
            ("mozaiks-ops policy explain noisy-neighbor --app app_clinic", "by the journal"),
            ("mozaiks-ops policy explain runtime-saturated --tape friday.tape --at 2026-11-20T14:05:00Z", "as it was then"),
            ("mozaiks-ops policy explain runtime-down --url http://localhost:8000", "by one poll, now"),
        ]
    ) { invocation in
        try await show(invocation.arguments.positional("RULE") ?? "", invocation, whyNot: false)
    }

    static let whyNot = Command(
        ["explain"], "Explain why a rule does not fire",
        discussion: about,
        options: [Option("why-not", value: "RULE", "the rule's name")] + who + Situation.options,
        examples: [
            ("mozaiks-ops explain --why-not noisy-neighbor --app app_clinic", "why nothing happens to this app")
        ]
    ) { invocation in
        guard let rule = invocation.arguments.value("why-not") else {
            throw UsageError("name a rule: --why-not RULE", hint: "mozaiks-ops policy show lists the rules")
        }
        return try await show(rule, invocation, whyNot: true)
    }

    static let incident = Command(
        ["incidents", "explain"], "Explain an incident: its rule as it stands now, with everything that decided",
        discussion: about, positionals: [Positional("ID", "the incident's short id, or enough of its whole one")],
        options: [MonitorOptions.state, MonitorOptions.policies],
        examples: [("mozaiks-ops incidents explain a3f2", "the incident that lists and messages call a3f2")]
    ) { invocation in
        let journal = try invocation.journalForReading(invocation.configuration())
        let incident = try invocation.incident(invocation.arguments.positional("ID") ?? "", in: journal)
        let rendering = invocation.rendering([incident.id], in: journal)
        var explanation: RuleExplanation?
        var why = ""
        do {
            explanation = try find(incident.rule, incident.subject, try await Situation.of(invocation), invocation)
        } catch let failure as CommandFailure {
            // The rule may be gone; the incident says what was decided all the same.
            why = failure.text
        }
        invocation.print(
            text: rendering.incident(incident) + "\n" + invocation.terminal.paint("The rule now", .bold) + "\n"
                + (explanation?.text(rendering, whyNot: false) ?? "  \(why)\n"),
            json: RuleExplanation.document(of: incident, now: explanation))
        return .ok
    }

    private static func show(_ rule: String, _ invocation: Invocation, whyNot: Bool) async throws -> ExitCode {
        let situation = try await Situation.of(invocation)
        let arguments = invocation.arguments
        let policies = situation.pipeline.policies
        let (app, workflow) = (arguments.value("app"), arguments.value("workflow"))
        if workflow != nil, app == nil { throw UsageError("a workflow is one of an app: name that with --app") }
        let kind = app == nil ? policies.subjects(ofRule: rule) : .app
        let runtime = try runtime(arguments.value("runtime"), kind, situation)
        let subject: Subject
        switch (app, policies.subjects(ofRule: rule)) {
        case (let app?, let kind):
            subject = try ofApp(AppID(app), workflow.map { PackID($0) }, rule, kind, runtime, situation)
        case (nil, .replica):
            let known = situation.ticks.first { $0.runtime == runtime }?.readings.replicas ?? []
            guard let url = arguments.value("replica") ?? (known.count == 1 ? known[0] : nil) else {
                throw UsageError("'\(rule)' is a rule on replicas: name one with --replica", hint: known.joined(separator: ", "))
            }
            subject = .replica(url, runtime: runtime)
        case (nil, .app?), (nil, .workflow?):
            let known = situation.ticks.first { $0.runtime == runtime }?.readings.apps.prefix(5).map(\.text) ?? []
            let whom = kind == .workflow ? "workflows: name the app with --app, its workflow with --workflow" : "apps: name one with --app"
            throw UsageError(
                "'\(rule)' is a rule on \(whom)",
                hint: known.isEmpty ? nil : "seen: " + known.joined(separator: ", "))
        case (nil, .host): subject = .host(runtime)
        case (nil, .service): subject = .service(runtime)
        case (nil, .runtime), (nil, nil):
            // Also of a rule that nobody knows, for what is said of such.
            subject = .runtime(runtime)
        }
        let explanation = try find(rule, subject, situation, invocation)
        if let app = subject.app, let tick = situation.ticks.first(where: { $0.runtime == runtime }) {
            if let hint = meant(app.text, among: tick.readings.apps.map(\.text)) {
                complain("nothing was seen of app '\(app)' on \(Shown.id(runtime))", hint: hint)
            } else if let workflow = subject.workflow {
                let known = tick.readings.subjects(.workflow, of: app).compactMap(\.workflow?.text)
                if let hint = meant(workflow.text, among: known) {
                    complain("nothing was seen of workflow '\(workflow)' of app '\(app)' on \(Shown.id(runtime))", hint: hint)
                }
            }
        }
        invocation.print(
            text: explanation.text(invocation.rendering(), whyNot: whyNot), json: explanation.document)
        return .ok
    }

    /// The app or workflow that was meant by one of which nothing was seen: its name in another case, or with a slip. Nil where it
    /// was seen, or none is near.
    private static func meant(_ name: String, among names: [String]) -> String? {
        guard !names.contains(where: { $0.isSame(as: name) }) else { return nil }
        let written = name.lowercased()
        let same = names.first { $0.lowercased().isSame(as: written) }
        return (same ?? nearest(written, in: names.filter { !$0.isEmpty })).map { "did you mean '\(Shown.id($0))'?" }
    }

    /// What is meant of that which was judged and bears subjects of such a kind.
    private static func runtime(_ named: String?, _ kind: SubjectKind?, _ situation: Situation) throws -> String {
        let wanted = kind?.watched ?? .runtime
        let known = situation.ticks.filter { $0.readings.kind == wanted }.map(\.runtime)
        guard !known.isEmpty else {
            throw CommandFailure(
                "no \(wanted.rawValue) was judged yet: \(situation.source) knows none",
                hint: "start 'mozaiks-ops run' or 'check', or look with --url or --tape")
        }
        if let named {
            guard known.contains(named) else {
                throw CommandFailure.unknown(wanted.rawValue, named, known: known, list: "mozaiks-ops status")
            }
            return named
        }
        // Of several the one that is configured: the others are gone.
        let current = situation.configured.map { configured in known.filter(configured.contains) } ?? known
        guard let only = current.count == 1 ? current[0] : known.count == 1 ? known[0] : nil else {
            throw UsageError("there are several \(wanted.rawValue)s: name one with --runtime", hint: known.joined(separator: ", "))
        }
        return only
    }

    /// The app, or the workflow of it that is named; the only one that was seen where none is.
    private static func ofApp(
        _ app: AppID, _ workflow: PackID?, _ rule: String, _ kind: SubjectKind?, _ runtime: String, _ situation: Situation
    ) throws -> Subject {
        if let workflow { return .workflow(workflow, app: app, runtime: runtime) }
        guard kind == .workflow else { return .app(app, runtime: runtime) }
        let known = situation.ticks.first { $0.runtime == runtime }?.readings.subjects(.workflow, of: app) ?? []
        guard known.count == 1, let only = known.first else {
            let names = known.prefix(5).compactMap { $0.workflow.map { Shown.id($0.text) } }.joined(separator: ", ")
            throw UsageError(
                "'\(rule)' is a rule on workflows: name one with --workflow", hint: names.isEmpty ? nil : "seen: " + names)
        }
        return only
    }

    private static func find(
        _ name: String, _ subject: Subject, _ situation: Situation, _ invocation: Invocation
    ) throws -> RuleExplanation {
        let policies = situation.pipeline.policies
        let position = subject.app.map { policies.index(for: $0) } ?? 0
        let rules = policies.rules(for: subject.kind, policy: position)
        guard let rule = rules.first(where: { $0.name == name }) else {
            if let off = policies.policies[position].disabled.first(where: { $0.rule == name }) {
                throw CommandFailure("'\(name)' is switched off for \(subject) (\(off.origin))")
            }
            let all = policies.allRules.map(\.name)
            if all.contains(name) { throw UsageError("'\(name)' is not a rule on \(subject.kind.rawValue)s") }
            throw CommandFailure(
                "there is no rule '\(name)'",
                hint: nearest(name, in: all).map { "did you mean '\($0)'?" }
                    ?? "mozaiks-ops policy show lists them")
        }
        guard let tick = situation.ticks.first(where: { $0.runtime == subject.runtime }) else {
            throw CommandFailure("nothing was judged on \(subject.kind.watched.rawValue) \(subject.runtime) yet")
        }
        return RuleExplanation(rule, subject, tick, situation)
    }
}
