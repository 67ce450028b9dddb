import Collector
import Composition
import Configuration
import Cycle
import Model
import Policy
import Signals
import Views
import YAML

/// `policy check`: everything that is wrong with policy files, and what can never happen with them.
enum PolicyCheckCommand {
    static let command = Command(
        ["policy", "check"], "Check policy files: every error and warning of all files at once",
        discussion: """
            Errors keep the files from being used. Warnings are about what is allowed and cannot be meant: conditions that \
            no readings make true, a 'for' shorter than the interval of polls, actions that no policy allows. With --against \
            a real runtime is asked once, and rules that it can never make fire are named. Where the configuration names no \
            gate, so are rules that see nothing without one; channels and playbooks that rules name and that are not there; and \
            a policy of one's own without a rule that sees an outage ('extends: builtin' keeps the built-in rules). The files that \
            were read stand first.

            Exit code 0: no errors; 1: warnings, with --strict, or the runtime could not be asked; 78: errors.
            """,
        positionals: [PolicyCommand.folder],
        options: [
            MonitorOptions.policies, MonitorOptions.interval,
            Option("against", value: "URL", "ask this runtime which of its counters are dead"),
            Option("strict", "warnings end with exit code 1"),
        ],
        examples: [
            ("mozaiks-ops policy check policies/", "checks a folder"),
            ("mozaiks-ops policy check", "checks what the configuration names"),
            ("mozaiks-ops policy check policies/ --against http://localhost:8000", "and whether your runtime can make them fire"),
            ("mozaiks-ops policy check policies/ --strict -o json", "for a build, with a place for each finding"),
        ]
    ) { invocation in
        if let url = invocation.arguments.value("against"), !url.hasPrefix("http://"), !url.hasPrefix("https://") {
            throw UsageError("--against '\(url)' is no URL", hint: "write --against http://\(url.contains("://") ? "HOST:PORT" : url)")
        }
        var result: PolicyFindings
        do {
            let policies = try load(invocation)
            result = PolicyFindings(policies)
            if lacksGate(invocation) { result.diagnostics += Sight.warningsWithoutGate(policies) }
            if lacksPage(invocation) { result.diagnostics += Sight.warningsWithoutPage(policies) }
            result.diagnostics += strangers(policies, invocation)
            result.diagnostics.sort()
            if invocation.arguments.has("against") {
                result.diagnostics += try await Sight.warnings(of: policies, invocation)
                result.diagnostics.sort()
            }
        } catch let errors as PolicyErrors {
            result = PolicyFindings(diagnostics: errors.diagnostics)
        }
        return result.show(invocation)
    }

    private static func load(_ invocation: Invocation) throws -> PolicySet {
        let interval = try invocation.span("interval")
        if let folder = invocation.arguments.positional("DIR") ?? invocation.arguments.value("policies") {
            // Of a configuration only the interval is wanted here; what else may be wrong with it is not asked.
            let configured = try? invocation.loadConfiguration().interval.value
            return try Assembly.loadPolicies(folder: folder, interval: interval ?? configured)
        }
        return try Assembly.loadPolicies(invocation.configuration(), checksInterval: true)
    }

    /// Channels and playbooks that rules name and nobody has: a message to such a channel reaches nobody.
    private static func strangers(_ policies: PolicySet, _ invocation: Invocation) -> [Diagnostic] {
        guard let configuration = try? invocation.loadConfiguration() else { return [] }
        let pages = (try? PlaybooksCommand.pages(invocation, configured: configuration.playbooks.value)) ?? .builtIn
        let channels = configuration.channels.map(\.name)
        // What routes and maintenance name is the configured policies' business, not a folder's under test.
        let isConfigured = invocation.arguments.positional("DIR") == nil && invocation.arguments.value("policies") == nil
        var found: [Diagnostic] = isConfigured ? Strangers(configuration, policies).warnings : []
        for rule in policies.allRules {
            if let id = rule.playbook, pages.playbook(id) == nil {
                found.append(
                    policies.warning(
                        "unknown-playbook", "there is no playbook '\(id)'", at: rule.origin(of: "playbook"),
                        hint: Nearest.hint(to: id, among: pages.playbooks.map(\.id)) ?? "mozaiks-ops playbooks list"))
            }
            // Without a configuration file it is not known which channels there will be.
            guard configuration.file != nil else { continue }
            for case .notify(let names) in rule.actions {
                for name in names where !channels.contains(name) {
                    found.append(
                        policies.warning(
                            "unknown-channel", "no channel '\(name)' is configured: nobody hears of '\(rule.name)' there",
                            at: rule.origin(of: "actions"),
                            hint: Nearest.hint(to: name, among: channels)
                                ?? (channels.isEmpty
                                    ? "the configuration has no channels" : "there are: " + channels.joined(separator: ", "))))
                }
            }
        }
        var seen: Set<String> = []
        return found.filter { seen.insert("\($0)").inserted }
    }

    /// Whether it is known that there is no gate. Of a folder alone, without any configuration, it is not.
    private static func lacksGate(_ invocation: Invocation) -> Bool {
        guard let configuration = try? invocation.loadConfiguration(), configuration.gate == nil else { return false }
        return configuration.file != nil || invocation.arguments.has("against")
    }

    /// Whether it is known that no runtime has a page of metrics: a configuration names runtimes, and no page of any.
    private static func lacksPage(_ invocation: Invocation) -> Bool {
        guard !invocation.arguments.has("against"), let configuration = try? invocation.loadConfiguration(), configuration.file != nil
        else { return false }
        let watched = configuration.runtimes.map(\.watched) + configuration.elsewhere.map(\.watched)
        return watched.contains { $0.kind == .runtime } && watched.allSatisfy { $0.metrics == nil }
    }
}

extension PolicyFindings {
    fileprivate func show(_ invocation: Invocation) -> ExitCode {
        let (errors, warnings) = (count(.error), count(.warning))
        if invocation.wantsJSON {
            write(document)
        } else if errors > 0 {
            _ = invocation.diagnosed(diagnostics)
            complain(
                Self.counted(errors, "error") + (warnings > 0 ? " and " + Self.counted(warnings, "warning") : "")
                    + ", see above", hint: nil)
        } else {
            for path in read { write("read \(Shown.cell(path))\n") }
            for warning in diagnostics { write(Shown.screen("\(warning)\n\n")) }
            write(
                "ok: \(files.count) polic\(files.count == 1 ? "y" : "ies"), " + Self.counted(rules, "rule")
                    + (warnings > 0 ? ", " + Self.counted(warnings, "warning") : "") + "\n")
        }
        if errors > 0 { return .configuration }
        return warnings > 0 && invocation.arguments.has("strict") ? .failure : .ok
    }

    private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

/// What a runtime lets rules see.
enum Sight {
    /// For each rule that this runtime can never make fire, a warning at its condition.
    static func warnings(of policies: PolicySet, _ invocation: Invocation) async throws -> [Diagnostic] {
        let configuration = try invocation.configuration()
        let assembly = try Assembly(
            configuration, policies: policies, environment: invocation.environment, clock: invocation.clock,
            version: Version.text, logger: invocation.logger)
        var pipeline = Pipeline(settings: assembly.settings, policies: policies)
        let poller = assembly.poller(clock: invocation.clock, logger: invocation.logger)
        var found: [Diagnostic] = []
        for target in assembly.targets where target.kind == .runtime {
            let seen = await poller.look(at: target, target.whole)
            for observation in seen { pipeline.take(observation) }
            guard var signals = pipeline.signals[target.runtime] else { continue }
            // What the gate counts is not the runtime's to show, and where its page of metrics is a URL alone does not say.
            let dead = signals.deadSignals(at: invocation.clock.now()).filter { !$0.key.isOfGate && !$0.key.isOfPage }
            let summary = signals.summary
            guard summary.replicas.contains(where: { $0.trackedChats != nil }) else {
                await assembly.client.shutdown()
                let why = summary.replicas.first.flatMap { $0.detail[.perf] ?? $0.missing[.perf]?.explanation }
                throw CommandFailure(
                    "the runtime's performance figures could not be read: \(why ?? "no answer")",
                    hint: "mozaiks-ops doctor --url \(invocation.arguments.value("against") ?? "URL")")
            }
            if dead.isEmpty, summary.endedRuns < Int64(RuntimeSignals.endedRunsToJudge) {
                complain(
                    "only \(summary.endedRuns) runs ended on \(target.runtime) so far; "
                        + "\(RuntimeSignals.endedRunsToJudge) are needed to tell which counters are dead", hint: nil)
            }
            found += warnings(of: policies, dead: dead, url: summary.replicas.first?.url ?? target.runtime)
        }
        await assembly.client.shutdown()
        return Array(Set(found))
    }

    /// The same for signals known to be missing for good.
    static func warnings(of policies: PolicySet, dead: [Signal: MissingReason], url: String) -> [Diagnostic] {
        blind(policies, dead).map { rule, lacks in
            let names = lacks.map { "\($0.name) (\(dead[$0] ?? .notTracked))" }.joined(separator: ", ")
            return policies.warning(
                "blind", "'\(rule.name)' can never fire on \(url): it lacks \(names)", at: rule.when.origin,
                hint: "docs/policies.md lists which rule can see what on which runtime")
        }
    }

    /// A warning for each rule that sees nothing where there is no gate.
    static func warningsWithoutGate(_ policies: PolicySet) -> [Diagnostic] {
        warnings(
            policies, without: "a gate", Signal.allCases.filter(\.isOfGate),
            hint: "'actions: {gate: …}' in the configuration, and a proxy that asks it: docs/deploy/gate.md")
    }

    /// The same where no runtime has a page of metrics.
    static func warningsWithoutPage(_ policies: PolicySet) -> [Diagnostic] {
        warnings(
            // Not the one that tells of a page that cannot be read: without a page it has nothing to tell.
            policies, without: "a page of metrics", [.metric],
            hint: "'metrics: /metrics' beside the runtime's 'replicas' in the configuration: docs/prometheus.md")
    }

    private static func warnings(_ policies: PolicySet, without what: String, _ signals: [Signal], hint: String) -> [Diagnostic] {
        blind(policies, Dictionary(uniqueKeysWithValues: signals.map { ($0, MissingReason.notTracked) })).map { rule, lacks in
            policies.warning(
                "blind", "'\(rule.name)' can never fire without \(what): it lacks \(lacks.map(\.name).joined(separator: ", "))",
                at: rule.when.origin, hint: hint)
        }
    }

    /// The rules that can never fire where these signals are missing for good, with those of them that they read.
    private static func blind(_ policies: PolicySet, _ dead: [Signal: MissingReason]) -> [(rule: Rule, lacks: [Signal])] {
        // What is read of hosts and services no runtime has to show.
        policies.allRules.filter { !$0.subject.isBesideRuntimes }.compactMap { rule in
            guard !rule.when.canBeTrue(lacking: { dead[$0.signal] }) else { return nil }
            var lacks: [Signal] = []
            for (_, series) in rule.when.readings + rule.when.appReadings where dead[series.signal] != nil && !lacks.contains(series.signal)
            {
                lacks.append(series.signal)
            }
            // What is never true by itself is told with the condition: nothing is lacking.
            return lacks.isEmpty ? nil : (rule, lacks)
        }
    }
}
