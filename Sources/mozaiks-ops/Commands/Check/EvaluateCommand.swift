import Ambient
import Collector
import Composition
import Configuration
import Cycle
import Daemon
import Engine
import HTTP
import Model
import Policy
import Signals
import Views

/// `evaluate`: a dry run. Nothing written, nothing sent, nothing done.
enum EvaluateCommand {
    static let command = Command(
        ["evaluate"], "Dry run: the policy that holds, the readings, what would happen and why",
        discussion: "Against a runtime (configured, --url) or a tape. Nothing is written, sent or done. A single poll has no "
            + "history; a rate shows once a fifth of its window was watched (1m of 5m)."
            + "\n\n"
            + "Exit code: 0 ok, 1 a warning would be open, 2 a critical incident would be open, 3 no evidence.",
        options: MonitorOptions.all + [
            Option("tape", value: "FILE", "a recorded past instead of a runtime"),
            Option("app", value: "APP_ID", "only this app's rules"),
            Option("polls", value: "N", "poll so many times, an interval apart (default 1)"),
            Option("guard-as-configured", "with --tape: take guard limits, labels and prices from the configuration"),
        ],
        examples: [
            ("mozaiks-ops evaluate --url http://localhost:8000", "a runtime, now"),
            ("mozaiks-ops evaluate --tape friday.tape --policies drafts/ --app app_clinic", "a draft on a recorded past"),
        ]
    ) { invocation in
        let (reports, open, policies, mode) =
            invocation.arguments.has("tape")
            ? try fromTape(invocation) : try await fromRuntimes(invocation)
        let evaluations = reports.map { Evaluation($0, policies, app: invocation.arguments.value("app").map { AppID($0) }) }
        let verdict = StatusVerdict(reports: reports, open: open, journalError: nil)
        let rendering = Rendering(terminal: invocation.terminal)
        invocation.print(
            text: {
                var text = policySummary(policies, mode, invocation.terminal)
                for (report, evaluation) in zip(reports, evaluations) {
                    text += "\n" + rendering.runtime(report) + "\n" + evaluation.text(rendering, wantsAll: invocation.arguments.has("app"))
                }
                if !open.isEmpty {
                    text += "\n" + invocation.terminal.paint("Would be open now", .bold) + "\n" + rendering.incidents(open)
                    for incident in open {
                        for decision in incident.decisions { text += "  \(rendering.decision(decision, of: incident))\n" }
                    }
                }
                return text
            }(),
            as: .evaluation,
            json: [
                "policy": PolicyRendering(policies).json,
                "reports": .array(reports.map(\.document)), "rules": .array(evaluations.map(\.json)),
                "incidents": .array(open.map(\.replayedDocument)),
            ])
        return verdict.code
    }

    private static func fromTape(_ invocation: Invocation) throws -> DryRun {
        let outcome = try Replay.run(tape: invocation.arguments.value("tape") ?? "", invocation: invocation)
        for warning in outcome.warnings { complain(warning, hint: nil) }
        let open = outcome.incidents.filter { $0.resolvedAt == nil }
        return (outcome.reports, open, outcome.pipeline.policies, outcome.pipeline.settings.mode)
    }

    private static func fromRuntimes(_ invocation: Invocation) async throws -> DryRun {
        let configuration = try invocation.watchingConfiguration()
        let assembly = try invocation.assembly(configuration)
        let polls = try invocation.number("polls", in: 1...10_000) ?? 1
        let reports = ReportBox()
        let core = Core(
            pipeline: Pipeline(settings: assembly.settings, policies: assembly.policies), journal: nil, folder: nil, gate: nil,
            clock: invocation.clock, logger: .silent, onReport: { reports.add($0) })
        let poller = assembly.poller(clock: invocation.clock, logger: invocation.logger)
        for poll in 0..<polls {
            if poll > 0 { try await invocation.clock.sleep(for: configuration.interval.value) }
            for target in assembly.targets {
                await core.cycle(target.runtime, await poller.poll(target, await core.due(target.runtime)))
            }
        }
        let open = await core.openIncidents
        await assembly.client.shutdown()
        return (reports.all, open, assembly.policies, configuration.mode.value)
    }

    /// What a dry run saw, and what it held to: the policies, and the mode outside of them.
    private typealias DryRun = (reports: [CycleReport], open: [Incident], policies: PolicySet, mode: Mode)

    private static func policySummary(_ policies: PolicySet, _ mode: Mode, _ terminal: Terminal) -> String {
        let policy = policies.defaultPolicy
        var text =
            terminal.paint("Policy", .bold) + " \(policy.file), mode \(min(mode, policy.mode).rawValue)"
            + (mode == policy.mode ? "" : " (the stricter of the policy's \(policy.mode.rawValue) and \(mode.rawValue))")
            + ", allowed: " + policy.allowedActions.map(\.rawValue).joined(separator: ", ") + "\n"
        text += "  " + policy.thresholds.map { "\($0.name) \($0.text)" }.joined(separator: ", ") + "\n"
        let own = policies.policies.compactMap(\.app)
        if !own.isEmpty { text += "  own policies: " + own.map(\.text).joined(separator: ", ") + "\n" }
        return text
    }

    /// Every rule on every subject of one runtime, as of its newest tick.
    struct Evaluation {
        struct Line {
            let rule: String
            let subject: Subject
            let truth: Truth
            let phase: Phase
            let explanation: Explanation
            let suppressedBy: String?
        }

        let runtime: String
        let lines: [Line]

        init(_ report: CycleReport, _ policies: PolicySet, app: AppID?) {
            let table = report.result.readings
            runtime = table.runtime
            var lines: [Line] = []
            let standings = report.result.outcome.standings
            func add(_ rule: Rule, _ subject: Subject) {
                guard let row = table.view(of: subject) else { return }
                let explanation = rule.when.explain(row)
                let standing = standings.first { $0.rule == rule.name && $0.subject == subject }
                lines.append(
                    Line(
                        rule: rule.name, subject: subject, truth: explanation.truth, phase: standing?.phase ?? .inactive,
                        explanation: explanation, suppressedBy: standing?.suppressedBy))
            }
            if app == nil {
                for rule in policies.wideRules {
                    for subject in table.subjects(rule.subject) { add(rule, subject) }
                }
            }
            for subject in table.subjects(.app) {
                guard let id = subject.app, app == nil || app == id else { continue }
                for rule in policies.policy(for: id).appRules { add(rule, subject) }
            }
            self.lines = lines
        }

        /// Rules on the runtime, and those on apps that are true or under way, in full; the others one line a rule.
        func text(_ rendering: Rendering, wantsAll: Bool) -> String {
            let terminal = rendering.terminal
            var text = terminal.paint("Rules", .bold) + "\n"
            var quiet: [(rule: String, truth: Truth, lines: [Line])] = []
            for line in lines {
                if !wantsAll, line.subject.app != nil, line.truth != .yes, line.phase == .inactive {
                    let group = quiet.firstIndex { $0.rule == line.rule && $0.truth == line.truth }
                    if let group { quiet[group].lines.append(line) } else { quiet.append((line.rule, line.truth, [line])) }
                    continue
                }
                let state = line.phase == .inactive ? "\(line.truth)" : "\(line.phase.rawValue), \(line.truth)"
                let subject = line.subject.app.map { "app \(rendering.shownID($0))" } ?? "\(line.subject)"
                text += "  \(Shown.id(line.rule)) on \(subject): \(terminal.paint(state, style(line.truth)))"
                text += line.suppressedBy.map { ", kept quiet by \($0)" } ?? ""
                text += "\n      " + terminal.paint(Shown.code(line.explanation.withValues), .dim) + "\n"
            }
            for group in quiet {
                guard let first = group.lines.first, let app = first.subject.app else { continue }
                let isOne = group.lines.count == 1
                text += "  \(group.rule) on \(isOne ? "app \(rendering.shownID(app))" : "\(group.lines.count) apps"): "
                text += terminal.paint("\(group.truth)", style(group.truth)) + "\n      "
                text += isOne ? "" : "\(rendering.shownID(app)): "
                text += terminal.paint(Shown.code(first.explanation.withValues), .dim) + "\n"
            }
            return lines.isEmpty ? text + "  the runtime shows no such app\n" : text
        }

        private func style(_ truth: Truth) -> Terminal.Style {
            truth == .yes ? .red : truth == .no ? .green : .yellow
        }

        var json: JSON {
            [
                "runtime": .string(runtime),
                "rules": .array(
                    lines.map { line in
                        [
                            "rule": .string(line.rule), "subject": .string(line.subject.idText),
                            "kind": .string(line.subject.kind.rawValue), "truth": .string("\(line.truth)"),
                            "phase": .string(line.phase.rawValue), "condition": .string(line.explanation.written),
                            "with_values": .string(line.explanation.withValues),
                            "suppressed_by": .optional(line.suppressedBy),
                        ]
                    }),
            ]
        }
    }
}
