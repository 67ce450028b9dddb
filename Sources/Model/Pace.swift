/// So many within so long: `10 in 2m`.
public struct Pace: Hashable, Sendable, CustomStringConvertible {
    /// At least 1.
    public let count: Int
    /// Above zero.
    public let span: TimeSpan

    public init(_ count: Int, in span: TimeSpan) {
        self.count = max(1, count)
        self.span = max(span, TimeSpan(milliseconds: 1))
    }

    /// Reads `10 in 2m`; nil when it is not one.
    public init?(_ text: some StringProtocol) {
        let words = text.split(separator: " ")
        guard words.count == 3, words[1] == "in", let count = Int(words[0]), count > 0, let span = TimeSpan(words[2]),
            span > .zero
        else { return nil }
        self.init(count, in: span)
    }

    public var description: String { "\(count) in \(span)" }
}
