import Model

/// Text in Slack's mrkdwn, written piece by piece within a limit. No piece can start a mention, a link or formatting of
/// its own, and none is cut inside an escape or a code span.
///
/// Slack's rules (docs.slack.dev, "Formatting message text"): `&`, `<` and `>` are written as entities, and then no
/// mention, channel or link can be; `*`, `_`, `~`, `` ` `` and `:name:` have no escape, so words show look-alikes in
/// their place. Code spans show everything but the backtick as it is: ids go there.
struct SlackMarkup: BoundedMarkup {
    var text = ""
    var room = 0

    mutating func put(own markup: String) { put(WebAddress.linked(markup) { "<\($0)>" }) }

    /// Words as words: what would format them is shown as a look-alike.
    mutating func put(words: String) {
        var isAfterLetter = false
        let scalars = Array(words.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            let next = index + 1 < scalars.count ? scalars[index + 1] : nil
            guard append(SlackMarkup.harmless(scalar, isAfterLetter, next)) else { return }
            isAfterLetter = SlackMarkup.isWord(scalar)
        }
    }

    /// A code span; where it does not fit it ends early.
    mutating func put(code: String) { fenced(code, "`") }

    /// A block of code, lines and all.
    mutating func put(block: String) { fenced(block, "```") }

    private mutating func fenced(_ code: String, _ fence: String) {
        guard !code.isEmpty, room >= 2 * fence.utf16.count + 8 else { return }
        put(fence)
        room -= fence.utf16.count
        for scalar in code.unicodeScalars {
            // A backtick would end the span.
            guard append(scalar == "`" ? "'" : SlackMarkup.escaped(scalar)) else { break }
        }
        room += fence.utf16.count
        put(fence)
    }

    /// Appends a piece while one more unit stays for an ellipsis; else appends that. False once it is full.
    private mutating func append(_ piece: String) -> Bool {
        guard room > 0 else { return false }
        let width = piece.utf16.count
        guard width < room else {
            text += "…"
            room = 0
            return false
        }
        room -= width
        text += piece
        return true
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        Markup.entity(scalar, quotes: false) ?? String(scalar)
    }

    private static func harmless(_ scalar: Unicode.Scalar, _ isAfterLetter: Bool, _ next: Unicode.Scalar?) -> String {
        let isBeforeLetter = next.map(isWord) ?? false
        switch scalar {
        case "*": return "\u{2217}"
        case "~": return "\u{223C}"
        case "`": return "'"
        // Between letters (`active_runs`) it formats nothing.
        case "_": return isAfterLetter && isBeforeLetter ? "_" : "\u{02CD}"
        // `:name:` is an emoji; a colon before a blank, a digit (a time, a line) or a slash begins none.
        case ":":
            return next.map { $0.properties.isAlphabetic || $0 == "+" || $0 == "_" || $0 == "-" } == true
                ? "\u{2236}" : ":"
        default: return escaped(scalar)
        }
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "_"
    }

    /// For `plain_text`, where nothing is parsed but clients differ in whether they undo entities: look-alikes of the
    /// three characters, and no emoji. At most `limit` UTF-16 units.
    static func plain(_ text: String, limit: Int) -> String {
        var markup = SlackMarkup(limit: limit)
        for scalar in text.unicodeScalars {
            let piece: String
            switch scalar {
            case "&": piece = "\u{FF06}"
            case "<": piece = "\u{2039}"
            case ">": piece = "\u{203A}"
            default: piece = String(scalar)
            }
            guard markup.append(piece) else { break }
        }
        return markup.text
    }
}
