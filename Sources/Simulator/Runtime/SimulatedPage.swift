import Model

/// What one process counts for its page of Prometheus metrics, as some builds of the runtime have one. It counts by itself: which
/// of the perf counters move says nothing of it.
struct SimulatedPage: Sendable {
    private var workflowErrors: Int64 = 0
    private var modelCalls = Histogram([0.1, 0.5, 1, 2.5, 5, 10, 20, 60])
    private var mongoCalls = Histogram([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5])
    /// Seconds of cpu that runs took.
    private var cpu = 0.0

    /// Cumulative only when it is written.
    private struct Histogram: Sendable {
        let bounds: [Double]
        var counts: [Int64]
        var sum = 0.0

        init(_ bounds: [Double]) {
            self.bounds = bounds
            counts = Array(repeating: 0, count: bounds.count + 1)
        }

        mutating func observe(_ seconds: Double) {
            counts[bounds.firstIndex { seconds <= $0 } ?? bounds.count] += 1
            sum += seconds
        }
    }

    /// One turn of a run, in which a model was called and MongoDB asked.
    mutating func count(turnSeconds: Double, modelCalls calls: Int64, mongoSeconds: Double, fails: Bool) {
        for _ in 0..<max(0, calls) { modelCalls.observe(turnSeconds / Double(max(1, calls))) }
        mongoCalls.observe(mongoSeconds)
        if fails { workflowErrors += 1 }
        cpu += 0.02 + turnSeconds * 0.01
    }

    mutating func countFailedWorkflow() { workflowErrors += 1 }

    /// The page, in Prometheus' text format as Python's client writes it.
    /// - Parameters:
    ///   - connections: websockets that are open now.
    ///   - chats: that the process holds.
    ///   - age: of the process, s.
    func text(connections: Int, chats: Int, created: Instant, age: Double) -> [UInt8] {
        var out = ""
        func family(_ name: String, _ kind: String, _ help: String) { out += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n" }
        func line(_ name: String, _ value: Double) { out += "\(name) \(value)\n" }
        func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
            family(name, "histogram", help)
            var count: Int64 = 0
            for (bound, more) in zip(histogram.bounds.map { "\($0)" } + ["+Inf"], histogram.counts) {
                count += more
                line("\(name)_bucket{le=\"\(bound)\"}", Double(count))
            }
            line("\(name)_count", Double(count))
            line("\(name)_sum", histogram.sum)
        }
        family("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.")
        line("process_resident_memory_bytes", Double(92_274_688 + chats * 4_096))
        family("process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.")
        line("process_start_time_seconds", Double(created.microseconds / 10_000) / 100)
        family("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.")
        line("process_cpu_seconds_total", ((cpu + age * 0.004) * 100).rounded() / 100)
        family("mozaiks_active_connections", "gauge", "Open websocket connections")
        line("mozaiks_active_connections", Double(connections))
        family("mozaiks_workflow_errors_total", "counter", "Workflow errors")
        line("mozaiks_workflow_errors_total", Double(workflowErrors))
        histogram("mozaiks_llm_latency_seconds", "LLM call latency", modelCalls)
        histogram("mozaiks_mongodb_latency_seconds", "MongoDB latency", mongoCalls)
        return Array(out.utf8)
    }
}
