import Model

/// Something wrong with an answer, in words that tell the model how to mend it.
public struct Fault: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Cut off, refused, or no JSON object at all.
        case notAnAnswer = "not_an_answer"
        /// A member is missing, unknown, twice there or of another type.
        case shape
        case length
        case playbook
        /// A number that the evidence does not have.
        case ungrounded
        /// A name that was not given.
        case unknownName = "unknown_name"
        /// A character outside plain text.
        case character
        /// A link, a mention or markup.
        case markup
        /// A word that is not among those that describe figures, or an order made of such words.
        case word
        /// It claims that something was done.
        case claim
        /// It asks for what is not a person's to try lightly, or for secrets.
        case forbidden
    }

    public let kind: Kind
    /// The member: `summary`, `suggested_steps[0]`; empty for the whole.
    public let place: String
    /// What is wrong. Holds at most a few plain characters of the answer.
    public let text: String

    init(_ kind: Kind, _ place: String = "", _ text: String) {
        self.kind = kind
        self.place = place
        self.text = text
    }

    public var description: String { place.isEmpty ? text : "\(place): \(text)" }

    /// A piece of the answer as a fault may show it: short, printable ASCII.
    static func quoted(_ text: some StringProtocol) -> String {
        let plain = text.unicodeScalars.prefix(40).map { scalar in
            scalar.isPrintableASCII && scalar != "\"" ? String(scalar) : "U+" + String(scalar.value, radix: 16, uppercase: true)
        }
        return "\"" + plain.joined() + "\""
    }
}
