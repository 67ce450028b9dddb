/// What one metric is: the same row makes the exposition, the page `docs/metrics.md` and the tests of both.
public struct MetricInfo: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        case counter, gauge, histogram
        /// Facts in labels, always 1.
        case info
    }

    /// As it is queried, a counter's with its `_total`; a histogram's without `_bucket`, `_sum`, `_count`.
    public let name: String
    public let kind: Kind
    /// One sentence for people.
    public let help: String
    /// Names of its labels, in the order in which they are written.
    public let labels: [String]
    /// So many of the first of them stand for each other: a sample has the one whose value is not empty.
    public let alternatives: Int

    public init(_ name: String, _ kind: Kind, _ help: String, labels: [String] = [], alternatives: Int = 0) {
        self.name = name
        self.kind = kind
        self.help = help
        self.labels = labels
        self.alternatives = alternatives
    }

    /// The name that OpenMetrics gives the family: without `_total` and `_info`.
    var family: String {
        switch kind {
        case .counter: name.hasSuffix("_total") ? String(name.dropLast(6)) : name
        case .info: name.hasSuffix("_info") ? String(name.dropLast(5)) : name
        case .gauge, .histogram: name
        }
    }
}

/// A metric with what was measured. Without samples it is not written at all: missing is never zero.
public struct MetricFamily: Hashable, Sendable {
    /// One measurement.
    public struct Sample: Hashable, Sendable {
        public enum Value: Hashable, Sendable {
            case number(Double)
            case histogram(DurationHistogram)
        }

        /// Values of the family's labels, in their order.
        public let labels: [String]
        public let value: Value

        public init(_ labels: [String] = [], _ number: Double) {
            self.labels = labels
            value = .number(number)
        }

        public init(_ labels: [String] = [], _ histogram: DurationHistogram) {
            self.labels = labels
            value = .histogram(histogram)
        }
    }

    public let info: MetricInfo
    public let samples: [Sample]

    public init(_ info: MetricInfo, _ samples: [Sample]) {
        self.info = info
        self.samples = samples
    }
}

/// How long something took, counted in buckets. A value: cheap to copy, two with the same bounds can be compared.
public struct DurationHistogram: Hashable, Sendable {
    /// Upper bounds in seconds, ascending; what is longer counts under `+Inf`.
    public let bounds: [Double]
    /// One more than bounds; each for itself, not cumulative.
    public private(set) var counts: [UInt64]
    /// Seconds.
    public private(set) var sum = 0.0

    public init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    public var count: UInt64 { counts.reduce(0, &+) }

    /// Takes in one duration in seconds. What is no duration (negative, not finite) is left out.
    public mutating func observe(_ seconds: Double) {
        guard seconds.isFinite, seconds >= 0 else { return }
        counts[bounds.firstIndex { seconds <= $0 } ?? bounds.count] &+= 1
        sum += seconds
    }
}

/// Metrics as text, for whoever scrapes. Pure.
public enum Exposition {
    public enum Format: Hashable, Sendable {
        /// Prometheus' text format 0.0.4.
        case prometheus
        /// OpenMetrics 1.0.0.
        case openMetrics

        public var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }

        /// What the client asked for in `Accept`: OpenMetrics where it is named and not liked less than plain text,
        /// otherwise Prometheus' own format, which every client reads.
        public init(accept: String?) {
            var (open, plain) = (0.0, 0.0)
            for range in (accept ?? "").split(separator: ",") {
                let parts = range.split(separator: ";").map { $0.trimmed.lowercased() }
                let quality =
                    parts.dropFirst().lazy.compactMap { parameter -> Double? in
                        parameter.hasPrefix("q=") ? Double(parameter.dropFirst(2)) : nil
                    }.first ?? 1
                switch parts.first {
                case "application/openmetrics-text": open = max(open, quality)
                case "text/plain", "text/*", "*/*": plain = max(plain, quality)
                default: break
                }
            }
            self = open > 0 && open >= plain ? .openMetrics : .prometheus
        }
    }

    /// The families in the order given; of samples with the same labels only the first, since a scrape with two of a
    /// kind is refused as a whole.
    public static func text(_ families: [MetricFamily], as format: Format) -> String {
        var text = ""
        for family in families where !family.samples.isEmpty {
            let info = family.info
            let name = format == .openMetrics ? info.family : info.name
            text += "# HELP \(name) \(escapedHelp(info.help, format))\n"
            text += "# TYPE \(name) \(type(info.kind, format))\n"
            if format == .openMetrics, name.hasSuffix("_seconds") || name.hasSuffix("_bytes") {
                text += "# UNIT \(name) \(name.hasSuffix("_bytes") ? "bytes" : "seconds")\n"
            }
            var seen: Set<[String]> = []
            for sample in family.samples where seen.insert(sample.labels).inserted { write(sample, of: info, to: &text) }
        }
        if format == .openMetrics { text += "# EOF\n" }
        return text
    }

    private static func write(_ sample: MetricFamily.Sample, of info: MetricInfo, to text: inout String) {
        let labels = zip(info.labels, sample.labels).enumerated().compactMap { index, label in
            index < info.alternatives && label.1.isEmpty ? nil : "\(label.0)=\"\(escapedLabel(label.1))\""
        }
        switch sample.value {
        case .number(let value): text += line(info.name, labels, number(value))
        case .histogram(let histogram):
            var sum: UInt64 = 0
            for (bound, count) in zip(histogram.bounds + [.infinity], histogram.counts) {
                sum &+= count
                text += line(info.name + "_bucket", labels + ["le=\"\(number(bound))\""], String(sum))
            }
            text += line(info.name + "_sum", labels, number(histogram.sum))
            text += line(info.name + "_count", labels, String(sum))
        }
    }

    private static func line(_ name: String, _ labels: [String], _ value: String) -> String {
        name + (labels.isEmpty ? "" : "{" + labels.joined(separator: ",") + "}") + " " + value + "\n"
    }

    private static func type(_ kind: MetricInfo.Kind, _ format: Format) -> String {
        kind == .info && format == .prometheus ? "gauge" : kind.rawValue
    }

    /// The shortest text that reads back as the same number.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Whole numbers without an exponent, as far as they are exact.
        if value == value.rounded(), abs(value) < 9_007_199_254_740_992 { return String(Int64(value)) + ".0" }
        return value.description
    }

    static func escapedLabel(_ text: String) -> String { escaped(text, quotes: true) }

    /// OpenMetrics wants quotes escaped in help texts, Prometheus' format wants them as they are.
    static func escapedHelp(_ text: String, _ format: Format) -> String { escaped(text, quotes: format == .openMetrics) }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\".unicodeScalars
            case "\n": escaped += "\\n".unicodeScalars
            case "\"" where quotes: escaped += "\\\"".unicodeScalars
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}

extension Substring {
    /// Without blanks and tabs around it.
    fileprivate var trimmed: Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
