/// What a condition asks of a page of metrics: `metric("http_requests_total", code=~"5*").rate`. The window stands in the series.
///
/// By reference, so that a series of any other signal carries one empty word; two queries are the same when they read the same.
public final class MetricQuery: Hashable, Sendable, CustomStringConvertible {
    /// What is made of the series that match.
    public enum Reading: Hashable, Sendable {
        /// The value of the one series that matches.
        case value
        /// Of all that match.
        case sum, max, min
        /// Growth per second, and growth, over a window; counters that began anew are seen.
        case rate, increase
        /// Of a histogram's observations in a window, or a summary's own; in percent.
        case quantile(Int)

        /// As written behind the dot; nil for the plain value.
        public var word: String? {
            switch self {
            case .value: nil
            case .sum: "sum"
            case .max: "max"
            case .min: "min"
            case .rate: "rate"
            case .increase: "increase"
            case .quantile(let percent): "p\(percent)"
            }
        }

        public init?(word: String) {
            switch word {
            case "sum": self = .sum
            case "max": self = .max
            case "min": self = .min
            case "rate": self = .rate
            case "increase": self = .increase
            default:
                guard word.utf8.first == UInt8(ascii: "p"), word.utf8.dropFirst().allSatisfy({ (48...57).contains($0) }),
                    let percent = Int(word.dropFirst()), (1...99).contains(percent), word.isSame(as: "p\(percent)")
                else { return nil }
                self = .quantile(percent)
            }
        }

        /// Whether it looks back over a window.
        public var isWindowed: Bool {
            switch self {
            case .rate, .increase, .quantile: true
            case .value, .sum, .max, .min: false
            }
        }
    }

    /// What a label has to be. One that a series lacks is an empty text, as for Prometheus.
    public struct Matcher: Hashable, Sendable {
        public let label: String
        /// With globs where `isGlob`.
        public let value: String
        public let isNegated: Bool
        public let isGlob: Bool
        private let glob: Glob?

        public init(label: String, value: String, isNegated: Bool = false, isGlob: Bool = false) {
            self.label = label
            self.value = value
            self.isNegated = isNegated
            self.isGlob = isGlob
            glob = isGlob ? Glob(value) : nil
        }

        public func matches(_ text: String) -> Bool {
            (glob.map { $0.matches(text) } ?? value.isSame(as: text)) != isNegated
        }

        /// `code=~"5*"`.
        public var text: String {
            let operation = isGlob ? (isNegated ? "!~" : "=~") : (isNegated ? "!=" : "=")
            return label + operation + MetricQuery.quoted(value)
        }
    }

    /// Of samples, or of their family: `http_requests_total`, `http_request_seconds`.
    public let name: String
    /// In the order of the text.
    public let matchers: [Matcher]
    public let reading: Reading
    /// `metric("http_requests_total", code="500")`.
    public let selector: String

    public init(_ name: String, _ matchers: [Matcher] = [], _ reading: Reading = .value) {
        self.name = name
        self.matchers = matchers
        self.reading = reading
        selector = "metric(" + ([MetricQuery.quoted(name)] + matchers.map(\.text)).joined(separator: ", ") + ")"
    }

    /// In the quotes that it does not hold itself: conditions know no escapes.
    private static func quoted(_ text: String) -> String {
        let quote = text.utf8.contains(UInt8(ascii: "\"")) ? "'" : "\""
        return quote + text + quote
    }

    /// `metric("http_requests_total", code="500").rate`.
    public var description: String { selector + (reading.word.map { "." + $0 } ?? "") }

    /// Whether it can be below zero: a gauge can.
    public var mayBeNegative: Bool { !reading.isWindowed || { if case .quantile = reading { true } else { false } }() }

    public static func == (a: MetricQuery, b: MetricQuery) -> Bool {
        a === b || a.reading == b.reading && a.selector.isSame(as: b.selector)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(reading)
        for byte in selector.utf8 { hasher.combine(byte) }
    }
}
