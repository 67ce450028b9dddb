import Ambient
import Model

/// The one way in which a credential is taken out of a text that should not hold it in the first place: a library's message, a
/// service's echo. Found are
///
/// - the secret, its beginning (12 bytes are enough, since services cut what they echo), and of a URL the whole, what stands
///   behind its host, each longer piece of that, and the login;
/// - each in any case of its letters, with pieces of it escaped as JSON, a URL or a page does (``EchoSearch``), and within
///   what is written in base64 (either alphabet) or in hexadecimal digits, whatever was encoded around it: a login of SMTP is.
///
/// Of a secret below four bytes only a word of its own is taken for it.
///
/// Answers are cleaned where they come in, of what their request says is secret; this is for texts that are made of them, and
/// for secrets that no request carries, such as the key of a signature.
public struct Redaction: Sendable {
    private struct Form {
        let bytes: [UInt8]
        /// Nothing but the whole is it: its beginning is everybody's.
        var isWhole = false
        /// Written as digits of some kind: what is encoded beside it goes, too.
        var isEncoded = false
    }

    private let forms: [Form]
    /// The same in small letters, for a text in small letters.
    private let folded: [Form]

    /// - Parameter secrets: those that are empty are nothing.
    public init(_ secrets: [Secret]) {
        let parts = secrets.flatMap(Redaction.parts).filter { !$0.text.isEmpty }
        forms = parts.flatMap(Redaction.forms)
        folded = forms.map { form in
            Form(bytes: Redaction.fold(String(decoding: form.bytes, as: UTF8.self)), isWhole: form.isWhole, isEncoded: form.isEncoded)
        }
    }

    /// The text with asterisks in the place of what is secret.
    public func clean(_ text: String) -> String {
        let places = places(in: text)
        return places.isEmpty ? text : Echo.starred(Array(text.utf8), places)
    }

    /// Whether there is anything to take out.
    public func isNeeded(for text: String) -> Bool { !places(in: text).isEmpty }

    /// In the order of the text; they do not overlap.
    private func places(in text: String) -> [Range<Int>] {
        guard !forms.isEmpty, !text.isEmpty else { return [] }
        // As it is, too: what is escaped has its case behind the escape.
        let found = Redaction.search(forms, Array(text.utf8)) + Redaction.search(folded, Redaction.fold(text))
        var merged: [Range<Int>] = []
        for place in found.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
            if let last = merged.last, place.lowerBound < last.upperBound {
                merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, place.upperBound)
            } else {
                merged.append(place)
            }
        }
        return merged
    }

    private static func search(_ forms: [Form], _ bytes: [UInt8]) -> [Range<Int>] {
        forms.flatMap { form in
            let found = bytes.withUnsafeBytes { Echo.places(of: form.bytes, in: $0, wholly: form.isWhole) }
            return form.isEncoded ? found.map { widened($0, bytes) } : found
        }
    }

    /// With all digits of an encoding around it.
    private static func widened(_ place: Range<Int>, _ bytes: [UInt8]) -> Range<Int> {
        let start = bytes[..<place.lowerBound].lastIndex { !isDigit($0) }.map { $0 + 1 } ?? 0
        let end = bytes[place.upperBound...].firstIndex { !isDigit($0) } ?? bytes.endIndex
        return start..<end
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "+/=_-".utf8.contains(byte)
    }

    /// In small letters, as far as each takes as many bytes.
    private static func fold(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        for scalar in text.unicodeScalars {
            let small = scalar.properties.lowercaseMapping
            out += small.utf8.count == UTF8.width(scalar) ? Array(small.utf8) : Array(String(scalar).utf8)
        }
        return out
    }

    // MARK: - What a secret may look like

    private typealias Part = (text: String, isWhole: Bool)

    private static func parts(_ secret: Secret) -> [Part] {
        let whole = secret.reveal()
        // What else is no URL has no pieces: a passphrase may hold any word of ours.
        guard let scheme = whole.firstIndex(ofBytes: "://") else { return [(whole, false)] }
        var parts: [Part] = [(whole, true)]
        let rest = String(whole[scheme...].dropFirst(3))
        var pieces: [String] = []
        if let slash = rest.firstIndex(of: "/") {
            let path = String(rest[slash...])
            parts.append((path, true))
            pieces += path.split { "/?&=#".contains($0) }.map(String.init).filter { $0.utf8.count >= 8 }
        }
        let authority = rest.prefix { !"/?#".contains($0) }
        if let at = authority.lastIndex(of: "@") { pieces += authority[..<at].split(separator: ":").map(String.init) }
        pieces += pieces.map { URLSecrets.decoded($0[...]) }.filter { !pieces.contains($0) }
        return parts + pieces.filter { $0.utf8.count >= 4 }.map { ($0, false) }
    }

    /// Digits that are so few stand in any id.
    private static func forms(_ part: Part) -> [Form] {
        let bytes = Array(part.text.utf8)
        let texts = (0..<3).map { base64(bytes, behind: $0) }
        // The other alphabet, of URLs.
        let urls = texts.map { String($0.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }) }.filter { !texts.contains($0) }
        let digits = (texts + urls).filter { $0.utf8.count >= 5 } + [Hex.encode(bytes)].filter { $0.utf8.count >= 8 }
        return [Form(bytes: bytes, isWhole: part.isWhole)]
            + digits.map { Form(bytes: Array($0.utf8), isWhole: part.isWhole, isEncoded: true) }
    }

    /// What stands in base64 of any text that holds these bytes with so many before them, beyond those of whole threes: the
    /// digits that no other byte has a part in.
    private static func base64(_ bytes: [UInt8], behind count: Int) -> String {
        let digits = Base64.encode([UInt8](repeating: 0, count: count) + bytes)
        let (first, end) = ((count * 8 + 5) / 6, (count + bytes.count) * 8 / 6)
        return String(digits.prefix(end).dropFirst(first))
    }
}
