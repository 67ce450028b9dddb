import Model

/// Markup. What is put into it is text and becomes safe here, in this one place: nothing invisible, nothing that reorders, nothing
/// that is markup. Only other markup stays as it is.
struct HTML: ExpressibleByStringInterpolation, Sendable {
    private(set) var text: String

    init(stringLiteral text: String) { self.text = text }
    init(stringInterpolation parts: Parts) { text = parts.text }
    private init(raw: String) { text = raw }

    /// Markup that is our own and stands in the program.
    static func own(_ text: StaticString) -> HTML { HTML(raw: text.description) }

    /// Markup that stands there only where something holds. A ternary between two literals would make texts of them, and be escaped.
    static func when(_ holds: Bool, _ markup: @autoclosure () -> HTML) -> HTML { holds ? markup() : "" }

    static func + (a: HTML, b: HTML) -> HTML { HTML(raw: a.text + b.text) }
    static func += (a: inout HTML, b: HTML) { a.text += b.text }

    struct Parts: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount * 16)
        }

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ markup: HTML) { text += markup.text }
        mutating func appendInterpolation(_ foreign: String) { text += HTML.escaped(foreign) }
        mutating func appendInterpolation(_ number: Int) { text += "\(number)" }

        /// An id, in its own writing direction so that it moves nothing beside it.
        mutating func appendInterpolation(id: String) { text += "<bdi>" + HTML.escaped(Shown.id(id)) + "</bdi>" }
    }

    /// - Returns: text that is only text wherever markup may hold it: between tags, and inside quotes.
    private static func escaped(_ foreign: String) -> String {
        Markup.escaped(Shown.screen(foreign))
    }
}

extension Sequence<HTML> {
    func joined() -> HTML { reduce("") { $0 + $1 } }
}
