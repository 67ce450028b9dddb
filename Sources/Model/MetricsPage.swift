/// A page of metrics as a process shows them to Prometheus: families, and the samples in the order of the page.
///
/// Flat, so that a page of tens of thousands of samples is a few arrays: a sample names its name and its labels by where they
/// stand. What is a number and what is none (NaN, infinite) is as the page has it; whoever reads it says what is missing.
public struct MetricsPage: Hashable, Sendable {
    /// How the page is written.
    public enum Dialect: UInt8, Hashable, Sendable, CaseIterable {
        /// Prometheus' own, version 0.0.4.
        case text
        /// OpenMetrics 1.0.
        case openMetrics
    }

    /// What a family is, by its `TYPE` line; `unknown` without one.
    public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        case unknown, counter, gauge, histogram, gaugeHistogram, summary, info, stateSet
    }

    /// Samples that belong together.
    public struct Family: Hashable, Sendable {
        public let name: String
        public var kind: Kind
        /// By its `UNIT` line; empty without one.
        public var unit: String

        public init(name: String, kind: Kind = .unknown, unit: String = "") {
            self.name = name
            self.kind = kind
            self.unit = unit
        }
    }

    /// The name of samples, such as `http_request_seconds_bucket`, and the family that it is of.
    public struct Name: Hashable, Sendable {
        public let text: String
        /// Position in `families`.
        public let family: Int

        public init(text: String, family: Int) {
            self.text = text
            self.family = family
        }
    }

    /// One label, its escapes resolved.
    public struct Label: Hashable, Sendable {
        public let name: String
        public let value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// One line of the page.
    public struct Sample: Hashable, Sendable {
        /// Position in `names`.
        public let name: Int32
        /// Positions in `labels`.
        public let labels: Range<Int32>
        /// As written: may be NaN or infinite.
        public let value: Double
        /// The moment that the line itself names; nil mostly.
        public let timestamp: Timestamp?

        public init(name: Int32, labels: Range<Int32>, value: Double, timestamp: Timestamp? = nil) {
            self.name = name
            self.labels = labels
            self.value = value
            self.timestamp = timestamp
        }
    }

    public var families: [Family] = []
    public var names: [Name] = []
    public var labels: [Label] = []
    public var samples: [Sample] = []

    public init() {}

    /// The labels of a sample, in the order of the page.
    public func labels(of sample: Sample) -> ArraySlice<Label> { labels[Int(sample.labels.lowerBound)..<Int(sample.labels.upperBound)] }
}
