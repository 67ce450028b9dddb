import Cycle
import Engine
import Model
import Policy
import Signals

/// A host or a service, as looks at it showed it: what it tells, what it does not and why, and which rules see what they need.
public struct BesideExamination: Sendable {
    public let report: CycleReport
    public let policies: PolicySet

    public init(report: CycleReport, policies: PolicySet) {
        self.report = report
        self.policies = policies
    }

    /// Adds a section.
    public func run(_ findings: inout Findings) {
        let table = report.result.readings
        for replica in report.summary.replicas {
            findings.begin("\(table.kind == .host ? "Host" : "Service") \(Shown.id(table.runtime)), \(replica.url)")
            for endpoint in [Endpoint.host, .probe] { tell(endpoint, replica, &findings) }
        }
        let untracked = report.runtimeReadings.filter { $0.evidence == .missing(.notTracked) }.map(\.series.signal.name)
        if !untracked.isEmpty { findings.add(.note, "not to be had here: " + untracked.joined(separator: ", ")) }
        guard let row = table.subjects(table.kind.subject).first.flatMap(table.view(of:)) else { return }
        let rules = policies.wideRules.filter { $0.subject.watched == table.kind }
        // What only needs time, or has no traffic, is no lack.
        let blind = rules.filter { rule in
            rule.when.evaluate(row) == .unknown
                && rule.when.missing(row).contains { $0.reason != .tooLittleData && $0.reason != .noTraffic }
        }.map(\.name)
        let seeing = rules.map(\.name).filter { !blind.contains($0) }
        if !seeing.isEmpty { findings.add(.ok, "can see what they need: " + seeing.joined(separator: ", ")) }
        if !blind.isEmpty { findings.add(.note, "cannot see what they need: " + blind.joined(separator: ", ")) }
    }

    private func tell(_ endpoint: Endpoint, _ replica: RuntimeSummary.Replica, _ findings: inout Findings) {
        let why = replica.detail[endpoint].map { ": \(Shown.line($0))" } ?? ""
        if let reason = replica.missing[endpoint] { return findings.add(.broken, "\(reason)\(why)") }
        guard let said = replica.said[endpoint] else { return }
        // What it has but could not be read, or why it is down.
        findings.add(replica.isHealthy == false ? .broken : why.isEmpty ? .ok : .note, said + why)
    }
}
