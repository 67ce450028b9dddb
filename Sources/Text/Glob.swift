/// A pattern of a whole text: `*` stands for any bytes, `?` for one character, everything else for itself.
public struct Glob: Hashable, Sendable, CustomStringConvertible {
    public let pattern: String
    private let scalars: [Unicode.Scalar]

    public init(_ pattern: String) {
        self.pattern = pattern
        scalars = Array(pattern.unicodeScalars)
    }

    public var description: String { pattern }

    /// Compared scalar by scalar, not by Unicode equivalence. Takes at most pattern times text steps, whatever it holds.
    public func matches(_ text: String) -> Bool {
        let text = Array(text.unicodeScalars)
        var (p, t) = (0, 0)
        /// Where the newest star stands, and how far the text was when it was met.
        var star: (pattern: Int, text: Int)?
        while t < text.count {
            if p < scalars.count, scalars[p] == "*" {
                star = (p, t)
                p += 1
            } else if p < scalars.count, scalars[p] == "?" || scalars[p] == text[t] {
                p += 1
                t += 1
            } else if let last = star {
                // The star takes in one more.
                star = (last.pattern, last.text + 1)
                p = last.pattern + 1
                t = last.text + 1
            } else {
                return false
            }
        }
        return scalars[p...].allSatisfy { $0 == "*" }
    }
}

extension [Glob] {
    /// Whether one of them matches; an empty list matches everything.
    public func allow(_ text: String) -> Bool { isEmpty || contains { $0.matches(text) } }
}
