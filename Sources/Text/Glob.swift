/// A pattern of a whole text: `*` stands for any bytes, `?` for one character, `[*]` and `[?]` for these two signs, everything else
/// for itself.
public struct Glob: Hashable, Sendable, CustomStringConvertible {
    public let pattern: String
    private let parts: [Part]

    private enum Part: Hashable {
        case any, one
        case scalar(Unicode.Scalar)
    }

    public init(_ pattern: String) {
        self.pattern = pattern
        let scalars = Array(pattern.unicodeScalars)
        var parts: [Part] = []
        var index = 0
        while index < scalars.count {
            let scalar = scalars[index]
            let isSign = { (at: Int) in at < scalars.count && (scalars[at] == "*" || scalars[at] == "?") }
            if scalar == "[", isSign(index + 1), index + 2 < scalars.count, scalars[index + 2] == "]" {
                parts.append(.scalar(scalars[index + 1]))
                index += 3
                continue
            }
            parts.append(scalar == "*" ? .any : scalar == "?" ? .one : .scalar(scalar))
            index += 1
        }
        self.parts = parts
    }

    /// The pattern of this text and no other.
    public static func exactly(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") ? [UInt8(ascii: "["), $0, UInt8(ascii: "]")] : [$0] }
    }

    public var description: String { pattern }

    /// Compared scalar by scalar, not by Unicode equivalence. Takes at most pattern times text steps, whatever it holds.
    public func matches(_ text: String) -> Bool {
        let text = Array(text.unicodeScalars)
        var (p, t) = (0, 0)
        /// Where the newest star stands, and how far the text was when it was met.
        var star: (pattern: Int, text: Int)?
        while t < text.count {
            if p < parts.count, parts[p] == .any {
                star = (p, t)
                p += 1
            } else if p < parts.count, parts[p] == .one || parts[p] == .scalar(text[t]) {
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
        return parts[p...].allSatisfy { $0 == .any }
    }
}

extension [Glob] {
    /// Whether one of them matches; an empty list matches everything.
    public func allow(_ text: String) -> Bool { isEmpty || contains { $0.matches(text) } }
}
