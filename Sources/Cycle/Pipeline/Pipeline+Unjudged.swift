import Engine
import Model
import Policy
import Signals

extension Pipeline {
    /// The critical rules of which nothing can be said of any of their subjects, since too little was watched or what was seen is
    /// too old: none of them would tell of what it is about. A rule on apps can be judged where it can be of one of them, for new
    /// ones come every day. Those that ask a page of metrics or a machine for what it does not show are among them: nobody else
    /// says that they see nothing.
    func unjudged(_ readings: ReadingTable) -> [RuntimeSummary.Unjudged] {
        var found: [RuntimeSummary.Unjudged] = []
        let hasPage = signals[readings.runtime]?.newestObservation(of: .metrics) != nil
        for rule in policies.wideRules where rule.severity == .critical {
            var verdicts: [RuntimeSummary.Unjudged?] = []
            for subject in readings.subjects(rule.subject) {
                guard let row = readings.view(of: subject) else { continue }
                verdicts.append(Pipeline.unjudged(rule, row, hasPage: hasPage))
            }
            // Of a replica that is new the others say nothing.
            if let worst = verdicts.compactMap({ $0 }).max(by: { ($0.wanting ?? .zero) < ($1.wanting ?? .zero) }) { found.append(worst) }
        }
        return found + unjudgedOfApps(readings, hasPage: hasPage)
    }

    private func unjudgedOfApps(_ readings: ReadingTable, hasPage: Bool) -> [RuntimeSummary.Unjudged] {
        let critical = policies.policies.map { policy in policy.appRules.filter { $0.severity == .critical } }
        let names = Set(critical.joined().map(\.name))
        guard !names.isEmpty else { return [] }
        var judged: Set<String> = []
        var found: [RuntimeSummary.Unjudged] = []
        for (index, app) in readings.apps.enumerated() where judged.count < names.count {
            for rule in critical[policies.index(for: app)] where !judged.contains(rule.name) {
                // Of an app that runs no workflow a rule on workflows says nothing, and lacks nothing.
                guard let place = rule.subject == .workflow ? readings.workflows(of: index).first : index else { continue }
                let row = TableRow(readings, kind: rule.subject, row: place)
                guard let one = Pipeline.unjudged(rule, row, hasPage: hasPage) else {
                    judged.insert(rule.name)
                    found.removeAll { $0.rule.isSame(as: rule.name) }
                    continue
                }
                // The first one stands for all: they were watched for as long as the monitor was.
                if !found.contains(where: { $0.rule.isSame(as: rule.name) }) { found.append(one) }
            }
        }
        return found
    }

    /// Nil for a rule that is true or false of it, that has nothing to measure, or that lacks what is not there to be watched.
    private static func unjudged(_ rule: Rule, _ row: TableRow, hasPage: Bool) -> RuntimeSummary.Unjudged? {
        guard rule.when.evaluate(row) == .unknown else { return nil }
        var (isWanting, isBlind) = (false, false)
        var longest: TimeSpan?
        for (slot, series) in rule.when.readings {
            guard let reason = row.reading(slot).reason else { continue }
            guard reason == .tooLittleData || reason == .stale else {
                isBlind = isBlind || Pipeline.isHidden(series, reason, on: row.kind, hasPage: hasPage)
                continue
            }
            isWanting = true
            guard reason == .tooLittleData else { continue }
            let rest = row.kind == .replica ? nil : row.table.wanting(row.appRow, slot)
            if let span = rest ?? ReadingTable.watchedForWindow(of: series) { longest = max(longest ?? .zero, span) }
        }
        if isBlind { return RuntimeSummary.Unjudged(rule: rule.name, wanting: nil, isBlind: true) }
        return isWanting ? RuntimeSummary.Unjudged(rule: rule.name, wanting: longest) : nil
    }

    /// Whether something that is looked at keeps to itself what is asked of it. A kernel that does not count it, a certificate
    /// of a service without TLS and a page that nobody names are nothing to be told.
    private static func isHidden(_ series: SeriesRef, _ reason: MissingReason, on kind: SubjectKind, hasPage: Bool) -> Bool {
        switch reason {
        case .notTracked, .ambiguous, .contradictory: series.signal == .metric && hasPage
        case .malformed, .unauthorized, .error, .unreachable: kind == .host || series.signal == .metric && hasPage
        default: false
        }
    }
}
