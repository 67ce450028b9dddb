import Model

/// What one look at a service came to, as far as it is kept.
struct ProbeFigures: EndpointFigures {
    /// In the order of `gauges`.
    var readings: [Evidence]

    static let gauges: [Signal] = [
        .up, .latency, .latencyResolve, .latencyConnect, .latencyTLS, .latencyProcessing, .latencyTransfer, .status, .certificateDays,
    ]

    init(_ view: ProbeView) {
        func phase(_ phase: ProbeView.Phase) -> Double? { view.phases[phase] }
        readings = ProbeFigures.gauges.map { signal in
            let value: Double? =
                switch signal {
                case .up: view.isUp ? 1 : 0
                case .latency: view.latency
                case .latencyResolve: phase(.resolve)
                case .latencyConnect: phase(.connect)
                case .latencyTLS: phase(.tls)
                case .latencyProcessing: phase(.processing)
                case .latencyTransfer: phase(.transfer)
                case .status: view.status.map { Double($0) }
                // What has run out has no days left, however long ago that was.
                default: view.certificateDays.map { max(0, $0) }
                }
            // Of one that is down nothing else can be told: that is no statement that it has no such figure.
            return value.map { .value($0) } ?? .missing(view.isUp ? .notTracked : .noTraffic)
        }
    }

    func reading(_ signal: Signal) -> Evidence? {
        ProbeFigures.gauges.firstIndex(of: signal).flatMap { readings.indices.contains($0) ? readings[$0] : nil }
    }

    func encode(to writer: inout StateWriter) { writer.put(each: readings) { $0.put($1) } }

    init(from reader: inout StateReader) throws(SignalStateError) {
        readings = try reader.each { (reader) throws(SignalStateError) in try reader.evidence() }
    }

    func say(in summary: inout RuntimeSummary.Replica, of replica: ReplicaState, _ evaluation: Evaluation) {
        let isUp = reading(.up)?.value == 1
        summary.isHealthy = isUp
        var parts = [isUp ? "up" : "down"]
        if let status = reading(.status)?.value { parts.append("status \(Int(status))") }
        if let latency = reading(.latency)?.value { parts.append("\(Int((latency * 1_000).rounded())) ms") }
        if let days = reading(.certificateDays)?.value { parts.append("certificate for \(Int(days)) days") }
        summary.said[.probe] = parts.joined(separator: ", ")
    }
}
