import Ambient
import HTTP
import Model

/// A service's own words about an error, fit to be shown: a stranger wrote them, and they may repeat the key.
enum ServiceWords {
    /// The longest of them, in characters.
    static let limit = 120

    /// Plain short words and numbers of at most four digits, on one line; what else stands there (keys, links, mentions,
    /// what is invisible) becomes two dots. Nil where nothing is left.
    static func shown(_ text: String, without secret: Secret?) -> String? {
        // Blanks and what is invisible must not cut a key into words.
        let key = (secret?.reveal() ?? "").lowercased()
        var words: [String] = []
        // What is encoded may look like a word.
        let clean = Redaction(secret.map { [$0] } ?? []).clean(String(text.prefix(2_000)))
        for piece in clean.split(whereSeparator: \.isWhitespace) {
            let word = isPlain(piece) && !isOfKey(piece, key) ? String(piece) : ".."
            if word != ".." || words.last != ".." { words.append(word) }
            if words.reduce(0, { $0 + $1.utf8.count + 1 }) > limit { break }
        }
        guard words.contains(where: { $0 != ".." }) else { return nil }
        let line = words.joined(separator: " ")
        return line.utf8.count <= limit ? line : String(line.prefix(limit)) + ".."
    }

    private static func isPlain(_ word: Substring) -> Bool {
        var letters = 0
        var digits = 0
        for byte in word.utf8 {
            switch byte {
            case 65...90, 97...122: letters += 1
            case 48...57: digits += 1
            case UInt8(ascii: "."), UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: ";"), UInt8(ascii: "'"), UInt8(ascii: "("),
                UInt8(ascii: ")"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "%"), UInt8(ascii: "!"), UInt8(ascii: "?"):
                break
            default: return false
            }
        }
        // A point inside is a host's; letters and digits in one word are a key's or an id's.
        let isHost = word.dropLast().contains("." as Character) && letters > 0
        return !isHost && word.utf8.count <= 32 && digits <= 4 && (letters == 0 || digits == 0)
    }

    /// A word that holds the key, or a piece of it that is more than a syllable.
    private static func isOfKey(_ word: Substring, _ key: String) -> Bool {
        guard !key.isEmpty else { return false }
        let lower = word.lowercased()
        if lower.contains(bytesOf: key) { return true }
        return lower.split { !$0.isLetter && !$0.isNumber }.contains { $0.utf8.count >= 4 && key.contains(bytesOf: String($0)) }
    }
}
