import Model

/// What one gate tells the other monitors of itself: what it was asked, what it refused, and what it has let in lately under a
/// limit. Numbers since its process began, so that a word that was lost is made up for by the next.
public struct GateReport: Hashable, Sendable {
    /// Starts that were let in of one app with a limit.
    public struct Starts: Hashable, Sendable {
        public let subject: GateSubject
        /// In order, the latest ones.
        public let at: [Timestamp]

        public init(_ subject: GateSubject, at: [Timestamp]) {
            self.subject = subject
            self.at = at
        }
    }

    /// By runtime, what is told at all of it.
    public var counts: [String: GateCounts]
    /// By lease.
    public var refusals: [String: Int]
    public var starts: [Starts]

    /// So many starts of an app are told one by one.
    static let mostStarts = 1_000
    /// So many leases are remembered of which something was refused.
    static let mostLeases = 1_000

    public init(counts: [String: GateCounts] = [:], refusals: [String: Int] = [:], starts: [Starts] = []) {
        self.counts = counts
        self.refusals = refusals
        self.starts = starts
    }

    /// Members stand in a fixed order.
    public var document: JSON {
        [
            "counts": .object(JSONObject(counts.inByteOrder(of: \.key).map { (key: $0.key, value: $0.value.document) })),
            "refusals": .object(JSONObject(refusals.inByteOrder(of: \.key).map { (key: $0.key, value: .int(Int64($0.value))) })),
            "starts": .array(
                starts.map { row in
                    [
                        "runtime": .string(row.subject.runtime), "app_id": .string(row.subject.app.text),
                        "at_ms": .array(row.at.map { .int($0.milliseconds) }),
                    ]
                }),
        ]
    }

    /// Reads what another version may have written: what is not understood is left out.
    public init(_ document: JSON) {
        var report = GateReport()
        for member in (document["counts"]?.object ?? JSONObject()).members {
            if let counts = GateCounts(told: member.value) { report.counts[member.key] = counts }
        }
        for member in (document["refusals"]?.object ?? JSONObject()).members.prefix(GateReport.mostLeases) {
            report.refusals[member.key] = member.value.int.map { Int(clamping: max(0, $0)) }
        }
        for value in document["starts"]?.array ?? [] {
            guard let runtime = value["runtime"]?.string, let app = value["app_id"]?.string else { continue }
            let moments = (value["at_ms"]?.array ?? []).prefix(GateReport.mostStarts).compactMap(\.int)
            report.starts.append(
                Starts(GateSubject(runtime: runtime, app: AppID(app).stored), at: moments.sorted().map(Timestamp.init(milliseconds:))))
        }
        self = report
    }
}

extension GateCounts {
    /// Of a document as ``document`` makes it; nil where the process that counts is not named.
    fileprivate init?(told document: JSON) {
        guard let since = document["since"]?.string, !since.isEmpty else { return nil }
        func starts(_ value: JSON?) -> Starts {
            func count(_ key: String) -> Int64 { min(max(0, value?[key]?.int ?? 0), GateCounts.most) }
            return Starts(allowed: count("allowed"), refused: count("refused"))
        }
        self.init(since: since, others: starts(document["others"]))
        for value in (document["apps"]?.array ?? []).prefix(GateCounts.mostApps) {
            guard let id = value["app_id"]?.string else { continue }
            apps.append(App(app: AppID(id), starts: starts(value)))
        }
    }
}
