import Model
import YAML

/// A text of a rule with places for what is known when its incident opens: `{app} burns {value}`. What stands in braces and
/// is none of them stays as it is written; `{{` and `}}` are braces.
public struct RuleText: Hashable, Sendable {
    /// What may stand in braces.
    public enum Fact: String, Hashable, Sendable, CaseIterable {
        case app, workflow, runtime, replica, rule, severity
        /// The first figure of the condition, with its unit.
        case value
        /// When it opened, UTC.
        case since
    }

    enum Piece: Hashable, Sendable {
        case literal(String)
        case fact(Fact)
    }

    /// What is odd about a text, and where: in bytes, and so many characters.
    struct Finding: Hashable, Sendable {
        let message: String
        let hint: String
        let offset: Int
        let length: Int
    }

    let pieces: [Piece]
    let findings: [Finding]

    public init(_ text: String) {
        let bytes = Array(text.utf8)
        var pieces: [Piece] = []
        var findings: [Finding] = []
        var literal: [UInt8] = []
        var index = 0
        func flush() {
            if !literal.isEmpty { pieces.append(.literal(String(decoding: literal, as: UTF8.self))) }
            literal = []
        }
        let (open, close) = (UInt8(ascii: "{"), UInt8(ascii: "}"))
        while index < bytes.count {
            let byte = bytes[index]
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0
            if byte == open || byte == close, byte == next {
                if byte == open, let finding = RuleText.template(bytes, at: index) { findings.append(finding) }
                literal.append(byte)
                index += 2
                continue
            }
            if byte == open, let end = bytes[index...].firstIndex(of: close) {
                let name = String(decoding: bytes[(index + 1)..<end], as: UTF8.self)
                if let fact = Fact(rawValue: name) {
                    flush()
                    pieces.append(.fact(fact))
                    index = end + 1
                    continue
                }
                findings.append(RuleText.unknown(name, at: index))
                literal += bytes[index...end]
                index = end + 1
                continue
            }
            if byte == open || byte == close {
                let brace = byte == open ? "{" : "}"
                findings.append(
                    Finding(
                        message: "a '\(brace)' that \(byte == open ? "is not closed" : "closes nothing"): it is told as it stands",
                        hint: "write \(brace)\(brace) for a brace", offset: index, length: 1))
            }
            if byte == UInt8(ascii: "$"), let finding = RuleText.variable(bytes, at: index) { findings.append(finding) }
            literal.append(byte)
            index += 1
        }
        flush()
        self.pieces = pieces
        self.findings = findings
    }

    /// `{{.State}}` and `{{ $labels.app }}`, as Go's templates have them: two braces are one here. Nil for what is no template.
    private static func template(_ bytes: [UInt8], at start: Int) -> Finding? {
        // Four braces are two, on purpose.
        guard start == 0 || bytes[start - 1] != UInt8(ascii: "{"), let end = bytes[(start + 2)...].firstIndex(of: UInt8(ascii: "}")),
            end + 1 < bytes.count, bytes[end + 1] == UInt8(ascii: "}")
        else { return nil }
        let inner = String(decoding: bytes[(start + 2)..<end], as: UTF8.self)
        let words = inner.split(separator: " ")
        guard let name = words.last.map({ String($0.drop { $0 == "." || $0 == "$" }) }), let first = words[0].utf8.first,
            first == UInt8(ascii: ".") || first == UInt8(ascii: "$") || Fact(rawValue: name) != nil && words.count == 1
        else { return nil }
        let shown = cut(inner)
        let fact = name.split(separator: ".").last.flatMap { Fact(rawValue: String($0)) }
        return Finding(
            message: "'{{\(shown)}}' is told as '{\(shown)}'",
            hint: (fact.map { "for the value write '{\($0.rawValue)}'; for" } ?? "for") + " two braces write four: '{{{{\(shown)}}}}'",
            offset: start, length: inner.unicodeScalars.count + 4)
    }

    /// `$app` and `${app}`, as shells have them. Nil for what is none of the facts.
    private static func variable(_ bytes: [UInt8], at start: Int) -> Finding? {
        var begin = start + 1
        let isBraced = begin < bytes.count && bytes[begin] == UInt8(ascii: "{")
        if isBraced { begin += 1 }
        let name = bytes[begin...].prefix { (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || $0 == 95 }
        guard let fact = Fact(rawValue: String(decoding: name, as: UTF8.self)) else { return nil }
        if isBraced {
            guard begin + name.count < bytes.count, bytes[begin + name.count] == UInt8(ascii: "}") else { return nil }
            return Finding(
                message: "the '$' before '{\(fact.rawValue)}' is told as it stands", hint: "write '{\(fact.rawValue)}'", offset: start,
                length: name.count + 3)
        }
        return Finding(
            message: "there is no '$\(fact.rawValue)': it is told as it stands", hint: "write '{\(fact.rawValue)}'", offset: start,
            length: name.count + 1)
    }

    /// A place in the text of a key that is told as it is written.
    static func unfilled(_ text: String, _ key: String) -> Finding? {
        let bytes = Array(text.utf8)
        for fact in Fact.allCases {
            let place = Array("{\(fact.rawValue)}".utf8)
            for index in bytes.indices where bytes[index] == place[0] && bytes[index...].starts(with: place) {
                return Finding(
                    message: "'\(key)' is told as it is written: '{\(fact.rawValue)}' stays",
                    hint: "places are filled in summary, next_steps and labels",
                    offset: index, length: place.count)
            }
        }
        return nil
    }

    private static func cut(_ name: String) -> String {
        name.unicodeScalars.count <= 40 ? name : String(String.UnicodeScalarView(name.unicodeScalars.prefix(40))) + "…"
    }

    private static func unknown(_ name: String, at offset: Int) -> Finding {
        let known = Fact.allCases.map(\.rawValue)
        let shown = cut(name)
        return Finding(
            message: "there is no '{\(shown)}': it is told as it stands",
            hint: Nearest.name(to: name, among: known).map { "did you mean '{\($0)}'?" }
                ?? "known: " + known.map { "{\($0)}" }.joined(separator: " ") + "; {{ and }} are braces", offset: offset,
            length: name.unicodeScalars.count + 2)
    }

    /// The facts that it names.
    var facts: [Fact] { pieces.compactMap { if case .fact(let fact) = $0 { fact } else { nil } } }

    /// Where a text is read.
    public enum Place: Hashable, Sendable {
        /// Read by people: a summary, a label.
        case prose
        /// Read by people and copied into a shell: a next step.
        case step
    }

    /// The text with the values in their places. What comes from outside is shown as everywhere else, nothing of it
    /// invisible and no link; in a step it is one word of a shell, whatever stands in it.
    public static func filled(
        _ text: String, in place: Place = .prose, rule: String, severity: Severity, transition: Transition
    ) -> String {
        guard text.utf8.contains(UInt8(ascii: "{")) || text.utf8.contains(UInt8(ascii: "}")) else { return text }
        let pieces = RuleText(text).pieces
        var out = ""
        var open: Character?
        for (index, piece) in pieces.enumerated() {
            switch piece {
            case .literal(var text):
                // The quotes that the author put around a place have become those of the value.
                if let mark = open, text.first == mark { text.removeFirst() }
                open = nil
                out += text
            case .fact(let fact):
                // What is silenced is named by patterns.
                let isPattern = out.contains(bytesOf: "silences add")
                let shown = value(of: fact, place, isPattern: isPattern, rule, severity, transition)
                open = nil
                if place == .step, shown.isForeign, let mark = out.last, mark == "'" || mark == "\"", index + 1 < pieces.count,
                    case .literal(let next) = pieces[index + 1], next.first == mark
                {
                    out.removeLast()
                    open = mark
                }
                out += shown.text
            }
        }
        return out
    }

    private static func value(
        of fact: Fact, _ place: Place, isPattern: Bool, _ rule: String, _ severity: Severity, _ transition: Transition
    ) -> (text: String, isForeign: Bool) {
        let subject = transition.subject
        func foreign(_ bytes: [UInt8]) -> (text: String, isForeign: Bool) {
            switch place {
            // Chats and mail readers make a link of what looks like one.
            case .prose: (Shown.id(String(decoding: bytes, as: UTF8.self)).replacing(bytesOf: "://", with: "\u{2236}//"), true)
            case .step: (ShellWord.quoted(isPattern ? Glob.exactly(bytes) : bytes), true)
            }
        }
        switch fact {
        case .app: return subject.app.map { foreign($0.bytes) } ?? ("none", false)
        case .workflow: return subject.workflow.map { foreign($0.bytes) } ?? ("none", false)
        case .runtime: return foreign(Array(subject.runtime.utf8))
        case .replica:
            guard let url = subject.replica else { return ("none", false) }
            return foreign(Array(url.utf8.split(separator: UInt8(ascii: "/")).dropFirst().first ?? Substring(url).utf8))
        case .rule: return (rule, false)
        case .severity: return (severity.rawValue, false)
        case .value:
            return (transition.readings.lazy.compactMap(\.known).first ?? "unknown", false)
        case .since: return ("\(transition.at)", false)
        }
    }
}

extension Rule {
    /// The rule's texts as the incident that this transition opens tells them.
    public func told(at transition: Transition) -> (summary: String, nextSteps: [String], labels: [String: String]) {
        func filled(_ text: String, _ place: RuleText.Place) -> String {
            RuleText.filled(text, in: place, rule: name, severity: severity, transition: transition)
        }
        return (filled(summary, .prose), nextSteps.map { filled($0, .step) }, labels.mapValues { filled($0, .prose) })
    }
}
