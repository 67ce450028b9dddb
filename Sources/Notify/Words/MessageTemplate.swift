import Model

/// What an operator words himself in one channel's messages. It can name only what stands in `Placeholder`: facts of the
/// incident. No value of it comes from a configuration, an environment or a file, so none can be a secret.
public struct MessageTemplate: Hashable, Sendable {
    /// Instead of the first line; the state stands before it unless the text itself has `{state}`.
    public var headline: Text?
    /// Instead of the rule's sentence.
    public var what: Text?
    /// One more paragraph, below the first.
    public var note: Text?
    /// Instead of the last line.
    public var footer: Text?
    /// Of mails: instead of the subject, which holds a conversation together.
    public var subject: Text?
    /// By whose clocks its moments are told.
    public var zone = Zone.utc
    /// Where people reach the page, without a slash at the end: messages link to it. Nil: nowhere.
    public var page: String?

    public init() {}

    /// A text with places for values.
    public struct Text: Hashable, Sendable {
        public enum Piece: Hashable, Sendable {
            /// The operator's own, in the channel's own markup.
            case literal(String)
            /// - isInAddress: it stands within a web address, and is written as a part of one.
            case value(Placeholder, isInAddress: Bool)
        }

        public let pieces: [Piece]

        public var placeholders: [Placeholder] {
            pieces.compactMap { if case .value(let placeholder, _) = $0 { placeholder } else { nil } }
        }
    }

    /// A fact that a text may name: `{app}`, `{labels.team}`.
    public enum Placeholder: Hashable, Sendable {
        case fact(Fact)
        /// A label of the incident.
        case label(String)
    }

    public enum Fact: String, Hashable, Sendable, CaseIterable {
        case rule, severity, environment, runtime, app, workflow, replica, summary, condition, playbook, incident, mode
        /// `Warning`, `Resolved after 15m`: how it stands, or why people hear of it again.
        case state
        /// Workflow, app, replica or runtime, in a few words.
        case `where`
        /// When it began, UTC.
        case since
        /// How long it has been, or was.
        case duration
        /// The policy file and line.
        case origin

        /// Whether it is the same from an incident's opening to its end.
        public var isLasting: Bool {
            switch self {
            case .state, .duration, .condition, .mode: false
            default: true
            }
        }
    }
}

/// What is wrong with a template's text.
public struct TemplateFault: Error, Hashable, Sendable {
    /// `unknown-placeholder`, `template`.
    public let code: String
    public let message: String
    public let hint: String?
    /// Of the place within the text, in bytes, and its length in characters.
    public let offset: Int
    public let length: Int
    /// The unknown name; nil where something else is wrong.
    public let unknown: String?
}

extension MessageTemplate.Text {
    /// Characters of a text as written.
    public static let lengthLimit = 500
    private static let placeholderLimit = 20

    /// Reads `{app} on {runtime}`; `{{` and `}}` stand for braces.
    /// - Parameter isOneLine: line breaks are an error.
    public init(_ text: String, isOneLine: Bool = false) throws(TemplateFault) {
        var reader = TemplateReader(text, isOneLine: isOneLine)
        pieces = try reader.read()
        guard text.unicodeScalars.count <= Self.lengthLimit else {
            throw TemplateFault(
                code: "template", message: "the text is longer than \(Self.lengthLimit) characters", hint: nil, offset: 0,
                length: 1, unknown: nil)
        }
        guard placeholders.count <= Self.placeholderLimit else {
            throw TemplateFault(
                code: "template", message: "the text has more than \(Self.placeholderLimit) placeholders", hint: nil,
                offset: 0, length: 1, unknown: nil)
        }
    }
}

extension MessageTemplate.Placeholder {
    /// All names, as they stand between the braces; of labels one for all.
    public static let names = MessageTemplate.Fact.allCases.map(\.rawValue) + ["labels.NAME"]

    /// Nil for a name that is none.
    init?(_ name: String) {
        if let fact = MessageTemplate.Fact(rawValue: name), fact.rawValue.isSame(as: name) {
            self = .fact(fact)
        } else if name.hasPrefix("labels."), (8...107).contains(name.utf8.count) {
            self = .label(String(name.dropFirst(7)))
        } else {
            return nil
        }
    }

    /// Whether it is the same from an incident's opening to its end.
    public var isLasting: Bool {
        if case .fact(let fact) = self { fact.isLasting } else { true }
    }
}

/// Takes a template's text apart.
private struct TemplateReader {
    private let bytes: [UInt8]
    private let isOneLine: Bool
    private var index = 0
    private var literal: [UInt8] = []
    private var pieces: [MessageTemplate.Text.Piece] = []
    /// Within `https://…`, up to what ends an address.
    private var isInAddress = false
    /// Right behind a `<` that began something of the channel's own, up to a blank, `|` or `>`.
    private var isInTag = false

    init(_ text: String, isOneLine: Bool) {
        bytes = Array(text.utf8)
        self.isOneLine = isOneLine
    }

    mutating func read() throws(TemplateFault) -> [MessageTemplate.Text.Piece] {
        while index < bytes.count {
            let byte = bytes[index]
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "}"):
                if byte == next {
                    put(byte)
                    index += 2
                } else if byte == UInt8(ascii: "{") {
                    try placeholder()
                } else {
                    throw fault("a '}' that closes nothing", hint: "write }} for a brace", at: index)
                }
            case 0x0A where !isOneLine:
                put(byte)
                index += 1
            case 0..<0x20, 0x7F: throw fault(byte == 0x0A ? "it must be one line" : "a control character", at: index)
            default:
                put(byte)
                index += 1
            }
        }
        flush()
        return pieces
    }

    private mutating func placeholder() throws(TemplateFault) {
        guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "}")) else {
            throw fault("a '{' without its '}'", hint: "write {{ for a brace", at: index)
        }
        let name = String(decoding: bytes[(index + 1)..<end], as: UTF8.self)
        guard let placeholder = MessageTemplate.Placeholder(name) else {
            let shown = name.unicodeScalars.count <= 40 ? name : String(name.unicodeScalars.prefix(40)) + "…"
            throw TemplateFault(
                code: "unknown-placeholder", message: "there is no placeholder '{\(shown)}'", hint: nil, offset: index,
                length: name.unicodeScalars.count + 2, unknown: name)
        }
        guard !isInTag || isInAddress else {
            throw fault(
                "a value cannot stand within <…>", hint: "only in a web address: <https://ops.example.com/{incident}|…>",
                at: index, length: name.unicodeScalars.count + 2)
        }
        flush()
        pieces.append(.value(placeholder, isInAddress: isInAddress))
        index = end + 1
    }

    private mutating func put(_ byte: UInt8) {
        literal.append(byte)
        switch byte {
        case 0x20, 0x0A, UInt8(ascii: "|"), UInt8(ascii: ">"), UInt8(ascii: ")"), UInt8(ascii: "\""), UInt8(ascii: "]"):
            (isInAddress, isInTag) = (false, false)
        case UInt8(ascii: "<"): (isInAddress, isInTag) = (false, true)
        case UInt8(ascii: "/") where literal.suffix(3) == Array("://".utf8)[...]: isInAddress = true
        default: break
        }
    }

    private mutating func flush() {
        if !literal.isEmpty { pieces.append(.literal(String(decoding: literal, as: UTF8.self))) }
        literal = []
    }

    private func fault(_ message: String, hint: String? = nil, at offset: Int, length: Int = 1) -> TemplateFault {
        TemplateFault(code: "template", message: message, hint: hint, offset: offset, length: length, unknown: nil)
    }
}
