import Engine
import Model
import Policy
import Signals

// What a runtime can tell, and what rules make of that.
extension RuntimeExamination {
    func counters(_ findings: inout Findings) {
        findings.begin("Counters of \(runtime)")
        let summary = report.summary
        guard summary.replicas.contains(where: { $0.trackedChats != nil }) else {
            findings.add(.note, "nothing is known of them: no performance figures could be read")
            return
        }
        let names: [Counter: String] = [
            .errors: "errors, error rate", .tokens: "tokens", .cost: "cost", .turns: "turns, turn latency", .tools: "tool calls",
        ]
        for counter in Counter.allCases {
            let what = names[counter] ?? counter.name
            if summary.deadCounters.contains(counter) {
                findings.add(
                    .note,
                    "\(counter.name): dead. \(summary.endedRuns) runs ended and it stayed 0, so \(what) will read as missing, "
                        + "not as 0, until it moves")
            } else if summary.liveCounters.contains(counter) {
                findings.add(.ok, "\(counter.name): alive")
            } else {
                findings.add(.note, "\(counter.name): not known yet (\(summary.endedRuns) runs ended; five are needed to tell)")
            }
        }
    }

    /// Which rules see what they need: in one line those that do, the others each with what they lack.
    func rules(_ findings: inout Findings) {
        findings.begin("Rules on \(runtime)")
        let table = report.result.readings
        var seeing: [String] = []
        var lacking: [(rule: String, what: String)] = []
        for rule in policies.wideRules where rule.subject.watched == table.kind {
            // One replica speaks for all.
            let row = table.subjects(rule.subject).first.flatMap(table.view(of:))
            let lack = row.flatMap { self.lack(rule.when, $0) }
            if let lack { lacking.append((rule.name, lack)) } else { seeing.append(rule.name) }
        }
        for rule in policies.defaultPolicy.appRules where table.kind == .runtime {
            // Counters are dead, and endpoints silent, for all apps alike: one of them speaks for all.
            let isOfWorkflow = rule.subject == .workflow
            let row = TableRow(table, kind: table.apps.isEmpty ? .runtime : isOfWorkflow ? .workflow : .app)
            if isOfWorkflow, table.workflows.isEmpty, !table.apps.isEmpty {
                lacking.append((rule.name, "sees no workflows: no chat of the perf answer names one"))
            } else if table.apps.isEmpty, let reason = report.summary.replicas.first?.missing[.perf] {
                lacking.append((rule.name, "sees no apps (\(reason))"))
            } else if let lack = lack(rule.when, row) {
                lacking.append((rule.name, lack))
            } else {
                seeing.append(rule.name)
            }
        }
        if !seeing.isEmpty { findings.add(.ok, "can see what they need: " + seeing.joined(separator: ", ")) }
        for (rule, what) in lacking { findings.add(.note, "\(rule): \(what)") }
    }

    /// What a condition cannot see here; nil when it sees enough. History that only needs time is no lack.
    private func lack(_ condition: CompiledCondition, _ row: TableRow) -> String? {
        let dead = Set(report.summary.deadCounters)
        var names: [String] = []
        for (_, series) in condition.readings + condition.appReadings where !Set(series.signal.info.counters).isDisjoint(with: dead) {
            if !names.contains(series.signal.name) { names.append(series.signal.name) }
        }
        if !names.isEmpty { return "lacks \(names.joined(separator: ", ")) here (dead counters)" }
        guard condition.evaluate(row) == .unknown else { return nil }
        let missing = condition.missing(row).filter { $0.reason != .tooLittleData && $0.reason != .noTraffic }
        guard let reason = missing.first?.reason else { return nil }
        for entry in missing where !names.contains(entry.series.signal.name) { names.append(entry.series.signal.name) }
        return "lacks \(names.joined(separator: ", ")) now (\(reason))"
    }
}
