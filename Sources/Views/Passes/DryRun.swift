import Cycle
import Engine
import Model
import Policy

/// What policies would do about runtimes or a tape, with nothing written, sent or done.
public struct DryRun: Sendable {
    /// The newest of each runtime.
    public let reports: [CycleReport]
    /// What would be open.
    public let open: [Incident]
    public let policies: PolicySet
    /// The mode outside of the policies; the stricter one holds.
    public let mode: Mode

    public init(reports: [CycleReport], open: [Incident], policies: PolicySet, mode: Mode) {
        self.reports = reports
        self.open = open
        self.policies = policies
        self.mode = mode
    }

    /// Where every rule stands, a value for each report.
    public func evaluations(app: AppID?) -> [RuleEvaluation] { reports.map { RuleEvaluation($0, policies, app: app) } }

    /// `evaluate -o json`.
    public func document(_ evaluations: [RuleEvaluation]) -> OutputDocument {
        OutputDocument(
            .evaluation,
            [
                "policy": PolicyRendering(policies).json,
                "reports": .array(reports.map(\.document)), "rules": .array(evaluations.map(\.document)),
                "incidents": .array(open.map(\.replayedDocument)),
            ])
    }
}

/// Every rule on every subject of one runtime, as of its newest tick.
public struct RuleEvaluation: Sendable {
    public struct Line: Sendable {
        public let rule: String
        public let subject: Subject
        public let truth: Truth
        public let phase: Phase
        public let explanation: Explanation
        public let suppressedBy: String?
    }

    public let runtime: String
    public let lines: [Line]

    /// - Parameter app: only the rules of this one; nil: all rules on everything.
    public init(_ report: CycleReport, _ policies: PolicySet, app: AppID?) {
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
        for id in table.apps where app == nil || app == id {
            for rule in policies.policy(for: id).appRules {
                for subject in table.subjects(rule.subject, of: id) { add(rule, subject) }
            }
        }
        self.lines = lines
    }

    fileprivate var document: JSON {
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
