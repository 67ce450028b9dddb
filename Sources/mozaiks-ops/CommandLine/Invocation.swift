import Ambient
import Model
import Views
import YAML

/// One run of a command: its arguments, its surroundings, and where it prints.
struct Invocation: Sendable {
    let arguments: Arguments
    let environment: Environment
    let terminal: Terminal
    let logger: Logger
    let clock: any Clock

    /// `-o json`
    var wantsJSON: Bool { arguments.value("output") == "json" }

    /// Writes a result to standard output: the document for programs, the text for people.
    func print(text: @autoclosure () -> String, json: @autoclosure () -> OutputDocument) {
        print(text: text(), foreign: json().json)
    }

    /// The same of a document that nobody else shows.
    /// - Parameter json: its members besides its schema.
    func print(text: @autoclosure () -> String, as kind: OutputDocument.Kind, json: @autoclosure () -> JSONObject) {
        print(text: text(), foreign: OutputDocument(kind, json()).json)
    }

    /// The same where the JSON is nothing of ours but what some service would be sent.
    func print(text: @autoclosure () -> String, foreign json: @autoclosure () -> JSON) {
        write(
            wantsJSON
                ? Shown.json(json().serialized(pretty: true)) + "\n" : Shown.screen(local(text()), styles: terminal.color))
    }

    /// With every moment as the configured clocks show it, whoever wrote it down; where none is configured, as it is.
    private func local(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "Z")), text.utf8.contains(UInt8(ascii: "T")) else { return text }
        let zone = zone
        return zone.isUTC ? text : text.replacingMoments(by: zone.text)
    }

    /// A span given on the command line.
    func span(_ option: String) throws(UsageError) -> TimeSpan? {
        guard let text = arguments.value(option) else { return nil }
        if TimeSpan(text) == .zero { throw UsageError("--\(option) '\(text)' is no time at all", hint: "write 90s, 5m, 2h or 7d") }
        guard let span = TimeSpan(text) else {
            if SpanSpelling.isTooLong(text) {
                throw UsageError("--\(option) '\(text)' is too long", hint: "at most ten years: 3650d")
            }
            throw UsageError("--\(option) '\(text)' is not a span", hint: SpanSpelling.hint(text) ?? "write 90s, 5m, 2h or 7d")
        }
        return span
    }

    /// A comment given on the command line, as it will be shown. What is too long is cut, and that is said: what it is about is
    /// more urgent.
    var comment: String? {
        guard let text = arguments.value("comment") else { return nil }
        let comment = Shown.comment(text)
        if comment.hasSuffix("…"), !text.hasSuffix("…") {
            remark("mozaiks-ops: the comment is too long to be shown everywhere: its first 400 characters are kept\n", .warning)
        }
        return comment
    }

    /// A whole number given on the command line.
    func number(_ option: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = arguments.value(option) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw UsageError("--\(option) '\(text)' is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
