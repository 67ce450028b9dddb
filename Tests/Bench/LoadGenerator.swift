import BenchReference

/// Asks a gate at a fixed rate and reports how long decisions took, in seconds.
enum LoadGenerator {
    static func run(_ words: ArraySlice<String>) throws {
        let words = Array(words)
        guard words.count == 4, let port = UInt16(words[0]), let rate = Double(words[1]),
            let seconds = Double(words[2]),
            let connections = Int(words[3]), rate > 0, seconds > 0, connections > 0
        else { throw BenchFailure("load needs PORT RATE SECONDS CONNECTIONS") }
        benchreference_pin(1)
        _ = latencies(port, rate: rate, count: 250, connections)
        let (sorted, failures) = latencies(port, rate: rate, count: Int(rate * seconds), connections)
        guard !sorted.isEmpty else { throw BenchFailure("no answers") }
        func quantile(_ q: Double) -> Double { sorted[min(sorted.count - 1, Int(Double(sorted.count) * q))] }
        report("answers", Double(sorted.count))
        report("failures", Double(failures))
        report("p50", quantile(0.50))
        report("p99", quantile(0.99))
        report("p999", quantile(0.999))
        report("max", sorted[sorted.count - 1])
    }

    /// In ascending order.
    private static func latencies(
        _ port: UInt16, rate: Double, count: Int, _ connections: Int
    ) -> (sorted: [Double], failures: Int) {
        var failures = 0
        let latencies = [Double](unsafeUninitializedCapacity: count) { buffer, written in
            written = benchreference_load(port, rate, count, connections, buffer.baseAddress, &failures)
        }
        return (latencies.sorted(), failures)
    }
}
