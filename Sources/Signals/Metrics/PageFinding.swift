import Model

/// What a query finds on one page.
enum PageFinding: Equatable {
    /// The page has no such family.
    case absent
    /// The family is there, and no series of it is as the labels ask for.
    case unmatched
    /// A value of this moment.
    case number(Evidence)
    /// Series that only grow: a counter's, or a histogram's by their upper bounds.
    case counted([Counted], bounds: [Double])
    /// It is there and says nothing.
    case unreadable(MissingReason)

    /// One series that only grows.
    struct Counted: Equatable {
        /// What tells it from others.
        let key: UInt64
        let value: Double
        /// When it began, s since 1970, where the page says so.
        var created: Double?
        /// Position in `bounds`; 0 for a counter.
        let bound: Int
    }
}

/// A page on which several queries are looked up.
struct PageSearch {
    let page: MetricsPage
    /// Of the page as a whole: ms.
    let at: Int64
    private var names: [String: Int] = [:]
    private var families: [String: Int] = [:]
    /// Positions in `page.samples`, by the position of their name; only of names that are asked for.
    private var places: [Int: [Int]] = [:]

    /// So many series of one query are looked at.
    static let mostSeries = 4_096
    /// A line that names a moment so long ago is no statement of now: as far as Prometheus looks back.
    private static let oldest: Int64 = 300_000

    init(_ page: MetricsPage, at: Int64, for queries: [MetricQuery]) {
        self.page = page
        self.at = at
        names = Dictionary(page.names.enumerated().map { ($1.text, $0) }, uniquingKeysWith: { first, _ in first })
        families = Dictionary(page.families.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        var wanted = [Bool](repeating: false, count: page.names.count)
        for query in queries {
            for name in PageSearch.names(of: query) { if let index = names[name] { wanted[index] = true } }
        }
        for (place, sample) in page.samples.enumerated() where wanted[Int(sample.name)] {
            places[Int(sample.name), default: []].append(place)
        }
    }

    /// All names of samples that have to do with a query.
    private static func names(of query: MetricQuery) -> [String] {
        [query.name, query.name + "_total", query.name + "_bucket", base(query.name) + "_created"]
    }

    /// What stands before the part that says which of a family's figures it is.
    private static func base(_ name: String) -> String {
        for suffix in ["_total", "_bucket", "_count", "_sum"] where name.hasSuffix(suffix) {
            return String(name.dropLast(suffix.utf8.count))
        }
        return name
    }

    /// The samples of that name, and their family's kind; nil: there are none.
    private func samples(_ name: String) -> (places: [Int], kind: MetricsPage.Kind)? {
        guard let index = names[name], let places = places[index] else { return nil }
        return (places, page.families[page.names[index].family].kind)
    }

    /// Whether the page names that family, also where it shows no series of it. OpenMetrics calls that of `requests_total` `requests`.
    private func hasFamily(_ name: String) -> Bool {
        families[name] != nil || name.hasSuffix("_total") && families[PageSearch.base(name)] != nil
    }

    func find(_ query: MetricQuery) -> PageFinding {
        if case .quantile(let percent) = query.reading { return quantile(query, percent) }
        guard let (places, kind) = samples(query.name) ?? samples(query.name + "_total") else {
            return hasFamily(query.name) ? .unmatched : .absent
        }
        switch query.reading {
        case .rate, .increase:
            // What may fall again has no rate.
            guard kind != .gauge, kind != .info, kind != .stateSet, kind != .gaugeHistogram else { return .unreadable(.notTracked) }
            return counters(query, places)
        default: return number(query, places)
        }
    }

    // MARK: Values of now

    private func number(_ query: MetricQuery, _ places: [Int]) -> PageFinding {
        let series: [UInt64: Evidence]
        switch gather(query, places) {
        case .failure(let gap): return .unreadable(gap.reason)
        case .success(let found): series = found.mapValues(\.evidence)
        }
        guard !series.isEmpty else { return .unmatched }
        if case .value = query.reading, series.count > 1 { return .number(.missing(.ambiguous)) }
        var values: [Double] = []
        for evidence in series.sorted(by: { $0.key < $1.key }).map(\.value) {
            switch evidence {
            case .value(let value): values.append(value)
            case .missing: return .number(evidence)
            }
        }
        let result: Double? =
            switch query.reading {
            case .max: values.max()
            case .min: values.min()
            default: values.reduce(0, +)
            }
        guard let result, result.isFinite else { return .number(.missing(.malformed)) }
        return .number(.value(result))
    }

    private struct Gap: Error {
        let reason: MissingReason
    }

    /// A series as the page has it.
    private struct Found {
        var value: Double
        var timestamp: Timestamp?
        var place: Int

        var evidence: Evidence {
            if value.isNaN { return .missing(.noTraffic) }
            return value.isFinite ? .value(value) : .missing(.malformed)
        }
    }

    /// The series that match, each once: of two lines of one the later by its timestamp; two that differ contradict each other.
    private func gather(_ query: MetricQuery, _ places: [Int]) -> Result<[UInt64: Found], Gap> {
        var found: [UInt64: Found] = [:]
        for place in places {
            let sample = page.samples[place]
            guard matches(query, sample) else { continue }
            if let moment = sample.timestamp, at - moment.milliseconds > PageSearch.oldest { return .failure(Gap(reason: .stale)) }
            let key = PageSearch.key(page.labels(of: sample))
            let own = Found(value: sample.value, timestamp: sample.timestamp, place: place)
            if let other = found[key] {
                let (old, new) = (other.timestamp?.milliseconds ?? .min, own.timestamp?.milliseconds ?? .min)
                if new == old {
                    guard other.value == own.value || other.value.isNaN && own.value.isNaN else {
                        return .failure(Gap(reason: .contradictory))
                    }
                }
                if new <= old { continue }
            } else if found.count >= PageSearch.mostSeries {
                return .failure(Gap(reason: .malformed))
            }
            found[key] = own
        }
        return .success(found)
    }

    private func matches(_ query: MetricQuery, _ sample: MetricsPage.Sample) -> Bool {
        let labels = page.labels(of: sample)
        return query.matchers.allSatisfy { matcher in
            matcher.matches(labels.first { $0.name.isSame(as: matcher.label) }?.value ?? "")
        }
    }

    /// What tells a series from others of its name, whatever the order of its labels.
    static func key(_ labels: some Collection<MetricsPage.Label>, without left: String? = nil) -> UInt64 {
        var sum: UInt64 = 0
        for label in labels where left.map({ !label.name.isSame(as: $0) }) ?? true {
            // FNV-1a; a byte that no UTF-8 has parts name and value.
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for byte in label.name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0xff) &* 0x100_0000_01b3
            for byte in label.value.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            // Spread, so that sums of several tell them apart.
            hash ^= hash >> 33
            hash = hash &* 0xff51_afd7_ed55_8ccd
            hash ^= hash >> 33
            sum = sum &+ hash
        }
        return sum
    }

    // MARK: What grows

    private func counters(_ query: MetricQuery, _ places: [Int]) -> PageFinding {
        switch gather(query, places) {
        case .failure(let gap): return .unreadable(gap.reason)
        case .success(let found):
            guard !found.isEmpty else { return .unmatched }
            let began = created(query)
            var counted: [PageFinding.Counted] = []
            for (key, series) in found.sorted(by: { $0.key < $1.key }) where !series.value.isNaN {
                guard series.value.isFinite, series.value >= 0 else { return .unreadable(.malformed) }
                counted.append(PageFinding.Counted(key: key, value: series.value, created: began[key], bound: 0))
            }
            return counted.isEmpty ? .unreadable(.noTraffic) : .counted(counted, bounds: [])
        }
    }

    /// When series began, by their keys.
    private func created(_ query: MetricQuery) -> [UInt64: Double] {
        guard let (places, _) = samples(PageSearch.base(query.name) + "_created") else { return [:] }
        var began: [UInt64: Double] = [:]
        for place in places.prefix(PageSearch.mostSeries) where page.samples[place].value.isFinite {
            began[PageSearch.key(page.labels(of: page.samples[place]))] = page.samples[place].value
        }
        return began
    }

    // MARK: Quantiles

    private func quantile(_ query: MetricQuery, _ percent: Int) -> PageFinding {
        if let (places, kind) = samples(query.name + "_bucket"), kind != .gaugeHistogram { return buckets(query, places) }
        if let (places, _) = samples(query.name) { return summary(query, percent, places) }
        return hasFamily(query.name) ? .unmatched : .absent
    }

    private func buckets(_ query: MetricQuery, _ places: [Int]) -> PageFinding {
        let found: [UInt64: Found]
        switch gather(query, places) {
        case .failure(let gap): return .unreadable(gap.reason)
        case .success(let series): found = series
        }
        guard !found.isEmpty else { return .unmatched }
        // By series, the bounds that it has.
        var series: [UInt64: [(bound: Double, key: UInt64, value: Double)]] = [:]
        for (key, bucket) in found {
            let labels = page.labels(of: page.samples[bucket.place])
            guard let le = labels.first(where: { $0.name.isSame(as: "le") })?.value, let bound = PageSearch.bound(le),
                bucket.value.isFinite, bucket.value >= 0
            else { return .unreadable(.malformed) }
            series[PageSearch.key(labels, without: "le"), default: []].append((bound, key, bucket.value))
        }
        let all = series.sorted { $0.key < $1.key }.map { (key: $0.key, buckets: $0.value.sorted { $0.bound < $1.bound }) }
        let bounds = all[0].buckets.map(\.bound)
        guard bounds.count > 1, bounds.last == .infinity, zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }) else {
            return .unreadable(.malformed)
        }
        // What is counted by different bounds cannot be added up.
        guard all.allSatisfy({ $0.buckets.map(\.bound) == bounds }) else { return .unreadable(.ambiguous) }
        let began = created(query)
        return .counted(
            all.flatMap { series in
                series.buckets.enumerated().map { place, bucket in
                    PageFinding.Counted(key: bucket.key, value: bucket.value, created: began[series.key], bound: place)
                }
            }.sorted { $0.key < $1.key }, bounds: bounds)
    }

    /// The upper bound of a bucket; nil for what is none.
    private static func bound(_ text: String) -> Double? {
        if text == "+Inf" || text == "Inf" { return .infinity }
        return Double(text).flatMap { $0.isNaN ? nil : $0 }
    }

    /// A summary says itself what its quantiles are: over a time of its own, and of one process.
    private func summary(_ query: MetricQuery, _ percent: Int, _ places: [Int]) -> PageFinding {
        let own = places.filter { place in
            page.labels(of: page.samples[place]).first { $0.name.isSame(as: "quantile") }.flatMap { Double($0.value) }.map {
                abs($0 * 100 - Double(percent)) < 1e-6
            } ?? false
        }
        let plain = MetricQuery(query.name, query.matchers, .value)
        return own.isEmpty ? .unmatched : number(plain, own)
    }
}
