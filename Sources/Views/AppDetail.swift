import Cycle
import Guard
import Model
import Policy
import Signals

/// One app: what each runtime shows of it, what its runs are of, its month, what is open, done and waiting about it.
public struct AppDetail {
    public static let schema = "mozaiks.ops/app/v1"

    /// What one runtime shows.
    public struct Part {
        public let runtime: String
        /// When the newest answer came that the readings are made of.
        public let at: Timestamp
        public let readings: [(series: SeriesRef, evidence: Evidence)]
        /// What its open runs were of when that was last looked at; nil where nobody looked, or others have more runs.
        public let weight: (at: Timestamp, app: AppWeights.App)?
        /// When it was last looked and the app had no open run; nil otherwise.
        public let idleAt: Timestamp?
        /// Nil where the history cannot be read.
        public let month: MonthLedger.Month?
        /// All apps of the runtime together.
        public let whole: MonthLedger.Month?
    }

    public let app: AppID
    public let parts: [Part]
    public let open: [Incident]
    public let leases: [Lease]
    public let approvals: [Approval]
    public let policy: EffectivePolicy

    /// - Parameters:
    ///   - weights: of a runtime; nil where nobody looked.
    ///   - months: of a runtime; nil where it cannot be read.
    public init(
        _ app: AppID, _ situation: Situation, _ overview: Overview, weights: (String) -> AppWeights?, months: (String) -> MonthLedger?
    ) {
        self.app = app
        open = overview.open.filter { $0.subject.app == app }
        leases = overview.leases.filter { $0.key.app == app }
        approvals = overview.approvals.filter { $0.key.app == app }
        policy = situation.pipeline.policies.policy(for: app)
        parts = situation.ticks.compactMap { tick in
            guard let index = tick.readings.index(of: app), let report = situation.pipeline.report(tick) else { return nil }
            let found = weights(tick.runtime)
            let weight = found.flatMap { found in found.app(app).map { (at: found.at, app: $0) } }
            let ledger = months(tick.runtime)
            return Part(
                runtime: tick.runtime, at: situation.answered[tick.runtime]?.values.max() ?? tick.now,
                readings: report.appReadings(index), weight: weight,
                idleAt: weight == nil ? found.flatMap { $0.isWhole ? $0.at : nil } : nil, month: ledger?.month(of: app),
                whole: ledger?.whole)
        }
    }

    /// Schema `mozaiks.ops/app/v1`.
    public var document: JSON {
        [
            "schema": .string(AppDetail.schema), "app_id": .string(app.text),
            "runtimes": .array(parts.map(\.document)), "incidents": .array(open.map(\.document)),
            "leases": .array(leases.map(\.document)), "approvals": .array(approvals.map(\.document)),
            "policy": ["file": .string(policy.file), "own": .bool(policy.app != nil), "mode": .string(policy.mode.rawValue)],
        ]
    }
}

extension AppDetail.Part {
    fileprivate var document: JSON {
        var weighed: JSON = .null
        if let weight, var object = weight.app.document.object {
            object.append("at", .moment(weight.at))
            weighed = .object(object)
        }
        return [
            "runtime": .string(runtime), "answered_at": .moment(at),
            "readings": .array(
                readings.map { series, evidence in
                    ComparedReading(series: series.description, unit: series.resultUnit, evidence: evidence).document
                }),
            "open_runs_of": weighed, "no_open_run_at": .moment(idleAt), "month": month?.document ?? .null,
            "runtime_month": whole?.document ?? .null,
        ]
    }
}
