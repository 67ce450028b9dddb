import Model

/// A line for people: words, and between them what is to be copied exactly (ids, commands), so that each channel can set
/// it apart in its own way. Everything put in is cleaned on the way.
///
/// `"Paused new runs of \(code: app)"`
public struct Phrase: Hashable, Sendable {
    public enum Span: Hashable, Sendable {
        case words(String)
        case code(String)
        /// The operator's own, out of a template: in the channel's own markup.
        case own(String)
    }

    public private(set) var spans: [Span]

    /// Words from outside: a guard's reason, a step of a policy.
    public init(words: String) {
        spans = [.words(Shown.line(words))]
    }

    /// A few sentences from outside.
    public init(prose: String) {
        spans = [.words(Shown.prose(prose))]
    }

    /// A command or a condition.
    public init(code: String) {
        spans = [.code(Shown.code(code))]
    }

    /// Spans of a template; neighbours that are the operator's own become one.
    init(template spans: [Span]) {
        self.spans = []
        for span in spans {
            if case .own(let text) = span, case .own(let before)? = self.spans.last {
                self.spans[self.spans.count - 1] = .own(before + text)
            } else {
                self.spans.append(span)
            }
        }
    }

    /// Without any markup.
    public var plain: String {
        var out = ""
        for span in spans {
            switch span {
            case .words(let text), .code(let text), .own(let text): out += text
            }
        }
        return out
    }
}

extension Phrase: ExpressibleByStringInterpolation {
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var spans: [Span] = []

        public init(literalCapacity: Int, interpolationCount: Int) {}

        public mutating func appendLiteral(_ literal: String) {
            if !literal.isEmpty { spans.append(.words(literal)) }
        }

        public mutating func appendInterpolation(_ words: String) {
            spans.append(.words(Shown.line(words)))
        }

        public mutating func appendInterpolation(_ phrase: Phrase) {
            spans += phrase.spans
        }

        public mutating func appendInterpolation(code: String) {
            spans.append(.code(Shown.id(code)))
        }

        public mutating func appendInterpolation(command: String) {
            spans.append(.code(Shown.code(command)))
        }
    }

    public init(stringLiteral value: String) {
        spans = value.isEmpty ? [] : [.words(value)]
    }

    public init(stringInterpolation: StringInterpolation) {
        spans = stringInterpolation.spans
    }
}
