import Model

/// Readings of pages of metrics.
extension Evaluation {
    /// What one page says to a query.
    private enum PageReading {
        case missing(MissingReason)
        /// The family without a series that matches.
        case lacking
        case value(Double)
        /// A histogram's observations up to each bound.
        case buckets([Double], bounds: [Double])

        var reason: MissingReason? { if case .missing(let reason) = self { reason } else { nil } }
        var isLacking: Bool { if case .lacking = self { true } else { false } }
    }

    /// The runtime's reading: of the page that is of all of it, or of its replicas' together.
    func metric(_ ref: SeriesRef, _ query: MetricQuery) -> Evidence {
        let start = at - (ref.window ?? options.window).milliseconds
        if state.page.newestAt != nil {
            return Evaluation.folded([reading(state.page, ref, query, from: start, maxGap: state.pageMaxGap)], query)
        }
        return Evaluation.folded(present.map { reading($0, ref, query, from: start) }, query)
    }

    func metric(_ ref: SeriesRef, _ query: MetricQuery, of replica: ReplicaState) -> Evidence {
        let start = at - (ref.window ?? options.window).milliseconds
        return Evaluation.folded([reading(replica, ref, query, from: start)], query)
    }

    private func reading(_ replica: ReplicaState, _ ref: SeriesRef, _ query: MetricQuery, from start: Int64) -> PageReading {
        if replica.metrics.newestAt != nil, replica.identity.isSeveral(asOf: at) { return .missing(.partial) }
        return reading(replica.metrics, ref, query, from: start, maxGap: replica.maxGap(.metrics, options))
    }

    private func reading(_ log: MetricLog, _ ref: SeriesRef, _ query: MetricQuery, from start: Int64, maxGap: Int64) -> PageReading {
        // Nobody asks for a page there.
        guard log.newestAt != nil else { return .missing(.notTracked) }
        if let reason = log.missing(asOf: at, maxGap: maxGap) { return .missing(reason) }
        guard let track = log.track(query) else { return .missing(.tooLittleData) }
        switch track.standing {
        case .absent: return .missing(.notTracked)
        case .unmatched: return .lacking
        case .unreadable(let reason), .number(.missing(let reason)): return .missing(reason)
        case .number(.value(let value)):
            guard let range = ref.range, let ahead = ref.ahead else { return .value(value) }
            return track.predicted(range: range, ahead: ahead, at: at).map { .value($0) } ?? .missing(.tooLittleData)
        case .counting: break
        }
        guard let (sums, covered) = track.growth(from: start, to: at) else { return .missing(.tooLittleData) }
        switch query.reading {
        case .rate: return .value((sums.first ?? 0) * 1_000 / covered)
        case .increase: return .value(sums.first ?? 0)
        default: return .buckets(sums, bounds: track.bounds)
        }
    }

    /// One reading of several pages'. A replica that shows the family and no such label yet has counted nothing for it, where
    /// another one shows that there is such a label; where none does nothing is known of it.
    private static func folded(_ readings: [PageReading], _ query: MetricQuery) -> Evidence {
        guard !readings.isEmpty else { return .missing(.tooLittleData) }
        let hasSome = readings.contains { $0.reason == nil && !$0.isLacking }
        let mayLack = query.reading.isWindowed && hasSome
        let reasons = readings.map { $0.isLacking ? (mayLack ? nil : MissingReason.notTracked) : $0.reason }
        if let reason = combine(reasons) { return .missing(reason) }
        var values: [Double] = []
        var histogram: (counts: [Double], bounds: [Double])?
        for reading in readings {
            switch reading {
            case .missing, .lacking: continue
            case .value(let value): values.append(value)
            case .buckets(let counts, let bounds):
                guard let known = histogram else {
                    histogram = (counts, bounds)
                    continue
                }
                guard known.bounds == bounds else { return .missing(.ambiguous) }
                histogram = (zip(known.counts, counts).map { $0 + $1 }, bounds)
            }
        }
        if let histogram {
            guard values.isEmpty else { return .missing(.ambiguous) }
            guard case .quantile(let percent) = query.reading else { return .missing(.notTracked) }
            return HistogramQuantile.of(Double(percent) / 100, histogram.counts, histogram.bounds)
        }
        let result: Double
        switch query.reading {
        // Quantiles of several processes are no quantile of all.
        case .quantile where values.count > 1: return .missing(.ambiguous)
        case .max: result = values.max() ?? 0
        case .min: result = values.min() ?? 0
        default: result = values.reduce(0, +)
        }
        return result.isFinite ? .value(result) : .missing(.malformed)
    }
}

/// Where a share of observations lies below, by the counts of a histogram: as Prometheus' `histogram_quantile` has it, linear
/// within a bucket, from 0 in the first, and the last finite bound for what lies beyond it.
enum HistogramQuantile {
    /// Of what rounding loses, relative to the count.
    private static let tolerance = 1e-9

    /// - Parameters:
    ///   - counts: observations up to each bound.
    ///   - bounds: ascending; the last is infinite.
    static func of(_ quantile: Double, _ counts: [Double], _ bounds: [Double]) -> Evidence {
        guard counts.count == bounds.count, counts.count > 1, bounds.last == .infinity else { return .missing(.malformed) }
        // Buckets that were read a moment apart, or lose their place in rounding, may fall from one to the next.
        var most = 0.0
        let rising = counts.map { count -> Double in
            most = max(most, count)
            return most
        }
        guard most > 0 else { return .missing(.noTraffic) }
        let rank = quantile * most
        // A rank that meets a bucket's bound meets it however sums and shares were rounded.
        let place = rising.dropLast().firstIndex { $0 >= rank * (1 - tolerance) } ?? counts.count - 1
        if place == counts.count - 1 { return .value(bounds[place - 1]) }
        if place == 0, bounds[0] <= 0 { return .value(bounds[0]) }
        let (low, below) = place == 0 ? (0, 0) : (bounds[place - 1], rising[place - 1])
        let count = rising[place] - below
        guard count > 0, rank < rising[place] * (1 - tolerance) else { return .value(bounds[place]) }
        return .value(low + (bounds[place] - low) * (rank - below) / count)
    }
}
