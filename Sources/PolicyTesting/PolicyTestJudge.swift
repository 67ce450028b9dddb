import Engine
import Guard
import Model
import Policy
import YAML

/// Holds what was decided against what was expected.
struct PolicyTestJudge {
    let test: PolicyTest
    let story: Story

    func result(_ file: String) -> PolicyTestResult {
        PolicyTestResult(
            file: file, name: test.name, origin: test.origin, lines: test.expectations.flatMap(lines),
            ticks: story.frames.count, fired: story.fired,
            quiet: Set(test.expectations.map(\.rule)).subtracting(story.fired)
                .inByteOrder())
    }

    /// One line for each subject that the expectation is about.
    private func lines(_ expectation: Expectation) -> [PolicyTestResult.Line] {
        let subjects = subjects(of: expectation)
        guard !subjects.isEmpty else {
            return [
                PolicyTestResult.Line(
                    origin: expectation.origin, expected: "\(when(expectation.when))  \(expectation.rule): something to judge",
                    got:
                        "\(when(expectation.when))  \(expectation.rule): nothing, \(misfit(expectation) ?? "the test has no such subject")",
                    why: nil)
            ]
        }
        return subjects.map { line(expectation, $0) }
    }

    /// What a rule is never judged for: an expectation that names it would be held against others, and pass for them.
    private func misfit(_ expectation: Expectation) -> String? {
        let kind = story.policies.subjects(ofRule: expectation.rule) ?? .app
        let asked: SubjectKind? =
            expectation.workflow != nil && kind != .workflow
            ? .workflow : expectation.replica != nil && kind != .replica ? .replica : nil
        return asked.map { "a rule on \(kind.rawValue)s is judged for no \($0.rawValue)" }
    }

    private func subjects(of expectation: Expectation) -> [Subject] {
        if misfit(expectation) != nil { return [] }
        // Of an app or replica that the test lacks nothing can be said, whatever the rule is on: a slip in the id would pass.
        if let app = expectation.app, !story.subjects(.app).contains(where: { $0.app == app }) { return [] }
        if let replica = expectation.replica,
            !story.subjects(.replica).contains(where: { $0.replica.map { $0.isSame(as: replica) } ?? false })
        {
            return []
        }
        if let workflow = expectation.workflow, !story.subjects(.workflow).contains(where: { $0.workflow == workflow }) { return [] }
        let kind = story.policies.subjects(ofRule: expectation.rule) ?? .app
        return story.subjects(kind).filter { subject in
            let isApp = expectation.app.map { wanted in subject.app.map { $0 == wanted } ?? true } ?? true
            let isWorkflow = expectation.workflow.map { wanted in subject.workflow.map { $0 == wanted } ?? true } ?? true
            return isApp && isWorkflow
                && expectation.replica.map { wanted in subject.replica.map { $0.isSame(as: wanted) } ?? true } ?? true
        }
    }

    private func line(_ expectation: Expectation, _ subject: Subject) -> PolicyTestResult.Line {
        let indices: ClosedRange<Int> =
            switch expectation.when {
            case .at(let moment): story.index(at: moment)...story.index(at: moment)
            case .during(let from, let to): story.index(at: from)...story.index(at: to)
            case .always: 0...max(0, story.frames.count - 1)
            }
        if let end = end(before: expectation.when) {
            return PolicyTestResult.Line(
                origin: expectation.origin, expected: "\(when(expectation.when))  \(expectation.rule): something to judge",
                got: "\(when(expectation.when))  \(expectation.rule): nothing, the test ends at \(end)", why: nil)
        }
        let wanted = words(expectation.what)
        let who = "\(expectation.rule) on \(shown(subject))" + actionApp(expectation, subject)
        for index in indices {
            let (isMet, got) = look(expectation, subject, index)
            guard !isMet else { continue }
            let moment = (story.frames[index].at - story.begin).description
            let isOne = if case .at = expectation.when { true } else { false }
            return PolicyTestResult.Line(
                origin: expectation.origin, expected: "\(when(expectation.when))  \(who): \(wanted)",
                got: "\(when(expectation.when))  \(who): \(got)" + (isOne ? "" : " (at \(moment))"),
                why: why(expectation.rule, subject, index))
        }
        return PolicyTestResult.Line(
            origin: expectation.origin, expected: "\(when(expectation.when))  \(who): \(wanted)", got: nil, why: nil)
    }

    /// When the test ends, where that is more than a step before anything that the expectation is about.
    private func end(before when: Expectation.When) -> TimeSpan? {
        let first: TimeSpan
        switch when {
        case .at(let moment): first = moment
        case .during(let from, _): first = from
        case .always: return nil
        }
        let frames = story.frames
        guard let last = frames.last else { return .zero }
        let step = frames.count > 1 ? last.at - frames[frames.count - 2].at : .zero
        let end = last.at - story.begin
        return first > end + max(step, .minutes(1)) ? end : nil
    }

    // MARK: - Looking

    /// Whether it is so at one tick, and what is.
    private func look(_ expectation: Expectation, _ subject: Subject, _ index: Int) -> (isMet: Bool, got: String) {
        switch expectation.what {
        case .state(let phases, let isWanted):
            let phase = story.standing(expectation.rule, subject, index)?.phase ?? .inactive
            return (phases.contains(phase) == isWanted, phase.rawValue)
        case .incident(let wanted):
            let state = story.incident(expectation.rule, subject, index)
            return (state == wanted, words(.incident(state)))
        case .suppressedBy(let wanted):
            let cause = story.standing(expectation.rule, subject, index)?.suppressedBy
            return (cause == wanted, words(.suppressedBy(cause)))
        case .action(let kind, let wanted, let because):
            let app = subject.app ?? expectation.app
            let verdict = story.verdict(expectation.rule, subject, kind, app: app, index)
            let (name, refusal) = PolicyTestJudge.name(verdict)
            let isMet = name == wanted && (because == nil || refusal?.step == because)
            let got = words(.action(kind, verdict: name, because: refusal?.step)) + (refusal.map { ": \($0.text)" } ?? "")
            return (isMet, got)
        }
    }

    private static func name(_ verdict: Verdict?) -> (Expectation.VerdictName, Refusal?) {
        switch verdict {
        case nil: (.none, nil)
        case .act: (.act, nil)
        case .wouldHave: (.wouldHave, nil)
        case .wouldAsk(let refusal): (.wouldHave, refusal)
        case .needsApproval(let refusal): (.needsApproval, refusal)
        case .refused(let refusal): (.refused, refusal)
        case .alreadyInForce: (.alreadyInForce, nil)
        }
    }

    // MARK: - Wording

    private func when(_ when: Expectation.When) -> String {
        switch when {
        case .at(let moment): moment.description
        case .during(let from, let to): "\(from)..\(to)"
        case .always: "always"
        }
    }

    private func shown(_ subject: Subject) -> String {
        if subject.kind.link == nil, subject.runtime.isSame(as: GivenSeries.runtimeName) { return "the \(subject.kind.rawValue)" }
        if let workflow = subject.workflow, let app = subject.app { return "workflow \(workflow) of app \(app)" }
        return "\(subject.kind.rawValue) \(subject.idShown)"
    }

    /// For actions of a rule on a runtime: the app that they are done to.
    private func actionApp(_ expectation: Expectation, _ subject: Subject) -> String {
        guard !subject.kind.isOfApp, case .action = expectation.what, let app = expectation.app else { return "" }
        return ", app \(app)"
    }

    private func words(_ what: Expectation.What) -> String {
        switch what {
        case .state(let phases, let isWanted):
            return (isWanted ? "" : "not ") + phases.map(\.rawValue).joined(separator: " or ")
        case .incident(let state): return state == .none ? "no incident" : "incident \(state.rawValue)"
        case .suppressedBy(let rule): return rule.map { "kept quiet by \($0)" } ?? "not kept quiet"
        case .action(let kind, let verdict, let because):
            return "\(kind.rawValue) \(verdict.rawValue)" + (because.map { " (\($0.rawValue))" } ?? "")
        }
    }

    /// The condition with the values of the moment, and the timer.
    private func why(_ rule: String, _ subject: Subject, _ index: Int) -> String? {
        guard let explanation = story.explanation(rule, subject, index) else { return nil }
        var text = "\(explanation.truth): \(explanation.withValues)"
        if let standing = story.standing(rule, subject, index), let found = story.policies.rule(rule, for: subject) {
            if standing.phase == .pending {
                text += "; true for \((standing.observed - standing.since).brief) of \(found.hold)"
            }
            if let cause = standing.suppressedBy { text += "; kept quiet by \(cause)" }
        }
        return text
    }
}

extension PolicyTest {
    /// Judges what was decided in the frames of this test.
    public func judge(_ frames: [Frame], _ policies: PolicySet, file: String) -> PolicyTestResult {
        PolicyTestJudge(test: self, story: Story(frames, policies)).result(file)
    }

    /// Expectations about rules that the policies do not have.
    public func unknownRules(_ policies: PolicySet) -> [Diagnostic] {
        let known = Set(policies.allRules.map(\.name)).inByteOrder()
        return expectations.compactMap { expectation in
            let names =
                if case .suppressedBy(let cause?) = expectation.what { [expectation.rule, cause] } else {
                    [expectation.rule]
                }
            guard let name = names.first(where: { !known.contains($0) }) else { return nil }
            return Diagnostic(
                "unknown-rule", "the policies under test have no rule '\(name)'", file: expectation.origin.file,
                line: expectation.origin.line, hint: Nearest.hint(to: name, among: known))
        }
    }

    /// A warning for each series that a test gives and nothing reads: of a rule that reads another window, or another name, it
    /// says nothing, and the rule keeps quiet for want of evidence.
    public func unreadSeries(_ policies: PolicySet) -> [Diagnostic] {
        guard case .series(let given) = source else { return [] }
        let demand = policies.demand.map(\.series) + GuardReadings.demand
        // The line ahead of a metric is drawn through the metric's own values.
        let lines = demand.filter { $0.ahead != nil }.compactMap(\.metric).map { SeriesRef(metric: $0).description }
        let read = Set(demand.map(\.ofSubject.description) + lines)
        let signals = Set(demand.map(\.signal))
        var told: Set<String> = []
        let parts = given.apps.flatMap(\.series) + given.replicas.flatMap(\.series) + given.workflows.flatMap(\.series)
        return (given.runtime + parts).compactMap { one in
            let series = one.name.series
            let isRead = one.name.isBare && series.metric == nil ? signals.contains(series.signal) : read.contains(series.description)
            guard !isRead, told.insert(series.description).inserted else { return nil }
            let name = one.name.isBare && series.metric == nil ? series.signal.name : series.description
            let others = Set(
                demand.filter { $0.signal == series.signal && $0.metric?.name == series.metric?.name }.map(\.ofSubject.description)
            ).inByteOrder()
            return one.place.saying(
                "unread-series", "'\(self.name)' gives '\(name)', and no rule reads it",
                hint: others.isEmpty ? nil : "rules read " + others.prefix(5).joined(separator: ", "), severity: .warning)
        }
    }
}
