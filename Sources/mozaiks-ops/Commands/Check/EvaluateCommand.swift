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
        let run =
            invocation.arguments.has("tape")
            ? try fromTape(invocation) : try await fromRuntimes(invocation)
        let evaluations = run.evaluations(app: invocation.arguments.value("app").map { AppID($0) })
        let verdict = StatusVerdict(reports: run.reports, open: run.open, journalError: nil)
        let rendering = Rendering(terminal: invocation.terminal)
        invocation.print(
            text: {
                var text = policySummary(run, invocation.terminal)
                for (report, evaluation) in zip(run.reports, evaluations) {
                    text += "\n" + rendering.runtime(report) + "\n" + evaluation.text(rendering, wantsAll: invocation.arguments.has("app"))
                }
                if !run.open.isEmpty {
                    text += "\n" + invocation.terminal.paint("Would be open now", .bold) + "\n" + rendering.incidents(run.open)
                    for incident in run.open {
                        for decision in incident.decisions { text += "  \(rendering.decision(decision, of: incident))\n" }
                    }
                }
                return text
            }(),
            json: run.document(evaluations))
        return verdict.code
    }

    private static func fromTape(_ invocation: Invocation) throws -> DryRun {
        let outcome = try Replay.run(tape: invocation.arguments.value("tape") ?? "", invocation: invocation)
        for warning in outcome.warnings { complain(warning, hint: nil) }
        let open = outcome.incidents.filter { $0.resolvedAt == nil }
        return DryRun(
            reports: outcome.reports, open: open, policies: outcome.pipeline.policies, mode: outcome.pipeline.settings.mode)
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
                await core.cycle(target.runtime, await core.look(at: target) { await poller.poll($0, $1) })
            }
        }
        let open = await core.openIncidents
        await assembly.client.shutdown()
        return DryRun(reports: reports.all, open: open, policies: assembly.policies, mode: configuration.mode.value)
    }

    private static func policySummary(_ run: DryRun, _ terminal: Terminal) -> String {
        let (policies, mode) = (run.policies, run.mode)
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
}

extension RuleEvaluation {
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
            text += "  \(Shown.id(line.rule)) on \(rendering.shown(line.subject)): \(terminal.paint(state, style(line.truth)))"
            text += line.suppressedBy.map { ", kept quiet by \($0)" } ?? ""
            text += "\n      " + terminal.paint(Shown.code(line.explanation.withValues), .dim) + "\n"
        }
        for group in quiet {
            guard let first = group.lines.first else { continue }
            let isOne = group.lines.count == 1
            let noun = "\(first.subject.kind.rawValue)s"
            text += "  \(group.rule) on \(isOne ? rendering.shown(first.subject) : "\(group.lines.count) \(noun)"): "
            text += terminal.paint("\(group.truth)", style(group.truth)) + "\n      "
            text += isOne ? "" : "\(first.subject.idShown): "
            text += terminal.paint(Shown.code(first.explanation.withValues), .dim) + "\n"
        }
        return lines.isEmpty ? text + "  the runtime shows no such app\n" : text
    }

    private func style(_ truth: Truth) -> Terminal.Style {
        truth == .yes ? .red : truth == .no ? .green : .yellow
    }
}
