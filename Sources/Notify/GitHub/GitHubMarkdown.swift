import Model

/// Text in GitHub's Markdown, written piece by piece within a limit. No piece can start a mention, a link, a reference,
/// an image, HTML or formatting of its own, and none is cut inside a code span.
///
/// GitHub turns `@name`, `#7`, `GH-7`, addresses and commit hashes into links whatever is escaped, but nowhere in code.
/// Ids are in code; words show look-alikes of what would begin one.
struct GitHubMarkdown: BoundedMarkup {
    var text = ""
    var room = 0

    mutating func put(words: String) { put(GitHubMarkdown.harmless(words)) }

    mutating func put(own markup: String) { put(markup) }

    /// A code span. Nothing but a backtick ends one.
    mutating func put(code: String) {
        guard !code.isEmpty else { return }
        put("`" + GitHubMarkdown.withoutBackticks(code) + "`")
    }

    /// A block of code, lines and all.
    mutating func put(block: String) {
        guard !block.isEmpty else { return }
        put("```text\n" + GitHubMarkdown.withoutBackticks(block) + "\n```\n")
    }

    private static func withoutBackticks(_ code: String) -> String {
        String(String.UnicodeScalarView(code.unicodeScalars.map { $0 == "`" ? "'" : $0 }))
    }

    /// Words as words.
    static func harmless(_ words: String) -> String {
        var out = ""
        var word = ""
        let scalars = Array(words.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            if isLetterOrDigit(scalar) {
                word.unicodeScalars.append(scalar)
                continue
            }
            let next = index + 1 < scalars.count ? scalars[index + 1] : " "
            let isFirst = index == word.unicodeScalars.count
            out += isHash(word) ? "`\(word)`" : word
            out += replacement(scalar, after: word, isFirst: isFirst, before: next)
            word = ""
        }
        return out + (isHash(word) ? "`\(word)`" : word)
    }

    private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
    }

    /// Seven hexadecimal digits and more may be a commit's.
    private static func isHash(_ word: String) -> Bool {
        word.utf8.count >= 7
            && word.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) || (65...70).contains($0) }
    }

    /// - Parameters:
    ///   - word: the letters and digits right before it.
    ///   - isFirst: nothing else stands before it in these words.
    private static func replacement(
        _ scalar: Unicode.Scalar, after word: String, isFirst: Bool, before next: Unicode.Scalar
    ) -> String {
        if let entity = Markup.entity(scalar, quotes: false) { return entity }
        switch scalar {
        case "@": return "\u{FF20}"
        case "#": return "\u{FF03}"
        case "$": return "\u{FF04}"
        case "`": return "'"
        // Not in times and before a blank; else it may be an emoji's or an address's.
        case ":":
            let isTime = word.utf8.last.map { (48...57).contains($0) } == true && next.properties.numericType != nil
            return isTime || next == " " ? ":" : "\u{2236}"
        // `GH-7`, and what begins a list.
        case "-": return (isFirst && word.isEmpty) || word.lowercased().hasSuffix("gh") ? "\u{2010}" : "-"
        // `www.`, and what begins a numbered list.
        case ".":
            if word.lowercased().hasSuffix("www") { return "\u{2024}" }
            return isFirst && !word.isEmpty && word.utf8.allSatisfy { (48...57).contains($0) } ? "\\." : "."
        case "\\", "*", "_", "~", "[", "]", "(", ")", "{", "}", "!", "|", "^", "+", "=": return "\\" + String(scalar)
        default: return String(scalar)
        }
    }
}

/// A message as the text of an issue or of a comment.
enum GitHubText {
    /// The service takes 65,536 characters; a title 256.
    static let bodyLimit = 60_000
    static let titleLimit = 200

    /// Plain text: GitHub makes no Markdown and no mention of a title.
    static func title(_ message: Message, _ template: MessageTemplate = MessageTemplate()) -> String {
        let title = Wording(message.event == .resolved ? message.asOpening : message, template).headline
        return Shown.shortened(title, titleLimit)
    }

    /// - Parameter mark: an invisible line that the text is found by again.
    static func body(_ message: Message, mark: String, _ template: MessageTemplate = MessageTemplate()) -> String {
        let outline = Outline(message, template)
        var text = GitHubMarkdown(limit: bodyLimit)
        text.put(mark + "\n")
        text.put("**")
        text.put(Phrase(words: outline.headline))
        text.put("**\n\n")
        text.put(outline.what)
        text.put("\n\n")
        if let note = outline.note {
            text.put(note)
            text.put("\n\n")
        }
        for fact in outline.facts { item(fact.value, "- \(fact.name): ", &text) }
        for section in outline.sections { put(section, &text) }
        text.put("\n---\n")
        text.put(outline.details)
        text.put("<br>")
        text.put(outline.footer)
        text.put("\n")
        return text.text
    }

    private static func put(_ section: Outline.Section, _ text: inout GitHubMarkdown) {
        if !section.heading.isEmpty { text.put("\n#### \(section.heading)\n\n") }
        if !section.note.isEmpty {
            text.put(Phrase(words: section.note))
            text.put("\n\n")
        }
        switch section.body {
        case .code(let lines): text.put(block: lines.joined(separator: "\n"))
        case .charts(let charts):
            text.put(block: charts.map { "\($0.series)\n\($0.text)\n\($0.range)" }.joined(separator: "\n\n"))
        case .commands(let lines): for line in lines { item(Phrase(code: line), "- ", &text) }
        case .list(let lines, let isNumbered):
            for (index, line) in lines.enumerated() { item(line, isNumbered ? "\(index + 1). " : "- ", &text) }
        case .texts(let texts): for tenant in texts { text.put(block: tenant) }
        case .advice(let advice): put(advice, &text)
        }
        if section.more > 0 { text.put("- … and \(section.more) more\n") }
    }

    /// A model's words, as a quotation that says first who wrote it.
    private static func put(_ advice: AdviceText, _ text: inout GitHubMarkdown) {
        item(advice.origin, "> ", &text)
        text.put(">\n")
        item(advice.summary, "> ", &text)
        if let cause = advice.cause {
            text.put(">\n")
            item(cause, "> Likely cause: ", &text)
        }
        if !advice.steps.isEmpty { text.put(">\n") }
        for (index, step) in advice.steps.enumerated() { item(step, "> \(index + 1). ", &text) }
    }

    private static func item(_ phrase: Phrase, _ start: String, _ text: inout GitHubMarkdown) {
        text.put(start)
        text.put(phrase)
        text.put("\n")
    }
}

extension Message {
    /// As if it told of the opening.
    fileprivate var asOpening: Message {
        Message(
            event: .opened, incident: incident, environment: environment, mode: mode, at: at,
            digest: digest)
    }
}
