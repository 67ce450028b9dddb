import Model

/// What one look at a service came to, as far as it is kept.
struct ProbeFigures: EndpointFigures {
    /// In the order of `gauges`.
    var readings: [Evidence]
    /// How many days ago the certificate ran out. For people, and not kept over a restart: the first look tells it again.
    var expiredDays: Double?

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
        expiredDays = view.certificateDays.flatMap { $0 < 0 ? -$0 : nil }
    }

    func reading(_ signal: Signal) -> Evidence? {
        ProbeFigures.gauges.firstIndex(of: signal).flatMap { readings.indices.contains($0) ? readings[$0] : nil }
    }

    func encode(to writer: inout StateWriter) { writer.put(each: readings) { $0.put($1) } }

    init(from reader: inout StateReader) throws(SignalStateError) {
        readings = try reader.each { (reader) throws(SignalStateError) in try reader.evidence() }
    }

    func say(in summary: inout RuntimeSummary.Replica, of replica: ReplicaState, _ evaluation: Evaluation) {
        for signal in [Signal.up, .latency, .certificateDays] { summary.figures[signal] = reading(signal)?.value }
        let isUp = reading(.up)?.value == 1
        summary.isHealthy = isUp
        var parts = [isUp ? "up" : "down"]
        if let status = reading(.status)?.value { parts.append("status \(Int(status))") }
        if let latency = reading(.latency)?.value { parts.append("\(Int((latency * 1_000).rounded())) ms") }
        if let days = reading(.certificateDays)?.value { parts.append("certificate " + certificate(days)) }
        summary.said[.probe] = parts.joined(separator: ", ")
    }

    private func certificate(_ days: Double) -> String {
        func count(_ days: Double) -> String { days < 1 ? "less than a day" : days < 2 ? "a day" : "\(Int(days)) days" }
        if let expiredDays { return "expired \(count(expiredDays)) ago" }
        return days > 0 ? "for \(count(days))" : "expired"
    }
}
