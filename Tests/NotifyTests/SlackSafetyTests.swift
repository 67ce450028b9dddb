import Model
@testable import Notify
import Simulator
import Testing

/// Text from outside stays text: no mention, link, formatting, control or bidirectional character, whatever an id holds.
@Suite struct SlackSafetyTests {
    private struct Piece {
        let type: String
        let text: String
        let place: String
    }

    /// Every text object of a payload.
    private static func pieces(_ json: JSON, at place: String = "") -> [Piece] {
        if let array = json.array {
            return array.enumerated().flatMap { pieces($1, at: "\(place)[\($0)]") }
        }
        guard let object = json.object else { return [] }
        if let type = json["type"]?.string, type == "mrkdwn" || type == "plain_text", let text = json["text"]?.string {
            return [Piece(type: type, text: text, place: place)]
        }
        return object.flatMap { pieces($0.value, at: "\(place).\($0.key)") }
    }

    @Test("taken by Slack, and inert", arguments: Hostile.messages.map(\.name))
    func inert(name: String) throws {
        let message = try #require(Hostile.messages.first { $0.name == name }).message
        let document = SlackBlocks.payload(message)
        let payload = SlackPayload(body: document.serializedBytes())
        #expect(payload.verdict == .ok && payload.remarks.isEmpty, "\(payload.remarks)")
        let fallback = try #require(document["text"]?.string)
        #expect(!fallback.isEmpty && fallback.utf16.count <= 400)
        let pieces = Self.pieces(document["blocks"] ?? .null) + [Piece(type: "mrkdwn", text: fallback, place: "text")]
        #expect(pieces.count > 6)
        for piece in pieces {
            #expect(
                !piece.text.unicodeScalars.contains(where: Self.isForbidden),
                "\(piece.place): \(piece.text.prefix(300))")
            #expect(!piece.text.contains("<") && !piece.text.contains(">"), "\(piece.place)")
            if piece.type == "mrkdwn" { expectInert(piece.text, piece.place) }
        }
    }

    @Test("a reply in a thread is as inert", arguments: Hostile.messages.filter { $0.message.event == .updated }.map(\.name))
    func reply(name: String) throws {
        let message = try #require(Hostile.messages.first { $0.name == name }).message
        let document = SlackBlocks.reply(message)
        let payload = SlackPayload(body: document.serializedBytes())
        #expect(payload.verdict == .ok && payload.remarks.isEmpty, "\(payload.remarks)")
        for piece in Self.pieces(document["blocks"] ?? .null) {
            #expect(!piece.text.unicodeScalars.contains(where: Self.isForbidden), "\(piece.place)")
            #expect(!piece.text.contains("<") && !piece.text.contains(">"), "\(piece.place)")
            // The headline is bold, and has nothing in it that could end that.
            let isHeadline = piece.place.hasPrefix("[0]")
            if isHeadline { #expect(piece.text.filter { $0 == "*" }.count == 2) } else { expectInert(piece.text, piece.place) }
        }
    }

    /// Own line feeds are allowed, nothing else that is not seen.
    private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == "\n" { return false }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: true
        default: scalar.properties.isDefaultIgnorableCodePoint
        }
    }

    private func expectInert(_ text: String, _ place: String) {
        // Entities are whole: each ampersand begins one of the three.
        for (index, character) in zip(text.indices, text) where character == "&" {
            let rest = text[index...]
            #expect(
                rest.hasPrefix("&amp;") || rest.hasPrefix("&lt;") || rest.hasPrefix("&gt;"),
                "\(place): \(rest.prefix(12))")
        }
        // Fences and spans are closed, and outside them only our own headings are formatted.
        let fenced = text.split(separator: "```", omittingEmptySubsequences: false)
        #expect(fenced.count % 2 == 1, "\(place): an open block of code")
        let prose = zip(fenced.indices, fenced).filter { $0.0 % 2 == 0 }.map(\.1)
        for part in prose {
            let spans = part.split(separator: "`", omittingEmptySubsequences: false)
            #expect(spans.count % 2 == 1, "\(place): an open code span in \(part.prefix(200))")
            for (index, words) in zip(spans.indices, spans) where index % 2 == 0 { expectWords(String(words), place) }
        }
    }

    private static let headings: Set<String> = [
        "Where", "Since", "Until", "Reopened", "Acknowledged", "Condition", "Ended", "Done", "Still in force",
        "Needs a person", "Would have been done (mode observe)", "Held back", "Undo", "End it now", "Next steps",
        "To paste to the tenant", "To paste to each tenant",
        "Incidents", "Open", "Over", "What came of it", "Changed shortly before", "A model's explanation",
    ]

    private func expectWords(_ words: String, _ place: String) {
        let stars = words.split(separator: "*", omittingEmptySubsequences: false)
        for (index, part) in zip(stars.indices, stars) where index % 2 == 1 {
            #expect(Self.headings.contains(String(part)), "\(place): *\(part.prefix(80))*")
        }
        #expect(!words.contains("~"), "\(place)")
        let scalars = Array(words.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            let next = index + 1 < scalars.count ? scalars[index + 1] : " "
            let previous = index > 0 ? scalars[index - 1] : " "
            if scalar == ":" { #expect(!next.properties.isAlphabetic && next != "+", "\(place): an emoji may begin") }
            if scalar == "_" {
                #expect(
                    previous.properties.isAlphabetic || previous.properties.numericType != nil || previous == "_",
                    "\(place)")
                #expect(next.properties.isAlphabetic || next.properties.numericType != nil || next == "_", "\(place)")
            }
        }
    }

    @Test("headlines stay short", arguments: Hostile.messages.map(\.name) + Sample.messages.map(\.name))
    func headline(name: String) throws {
        let message = try #require((Hostile.messages + Sample.messages).first { $0.name == name }).message
        let headline = Wording(message).headline
        #expect(headline.unicodeScalars.count <= 80, "\(headline)")
        #expect(!headline.isEmpty)
    }

    @Test func `ids that differ look different`() {
        let ids = [
            "a", "a ", " a", "a\u{200B}", "K", "\u{212A}", "\u{AC00}", "\u{1100}\u{1161}", "\u{304C}", "\u{304B}\u{3099}", "a\u{A0}",
            "a\u{202E}", "\u{61}\u{301}", "\u{E1}", "", " ", "\u{3164}",
            "a\u{0}",
        ]
        let shown = ids.map { Array(Shown.id($0).utf8) }
        #expect(Set(shown).count == ids.count)
    }
}
