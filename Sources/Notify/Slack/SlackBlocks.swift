import Model

/// A message as Slack's Block Kit.
///
/// Limits (docs.slack.dev, Block Kit reference): 50 blocks, 150 characters a header, 3,000 a section's text, 2,000 a
/// field, 10 fields, 10 elements of a context. At most 18 blocks are written, each far below.
public enum SlackBlocks {
    /// The body of an incoming-webhook post: `text` for notifications and old clients, `blocks` for the rest.
    public static func payload(_ message: Message, _ template: MessageTemplate = MessageTemplate()) -> JSON {
        let wording = Wording(message, template)
        let outline = Outline(wording)
        var blocks = [header("\(sign(message, wording)) \(outline.headline)"), what(outline.what)]
        if let note = outline.note { blocks.append(what(note)) }
        blocks.append(fields(outline.facts))
        blocks += outline.sections.flatMap(block)
        blocks.append(context([outline.details]))
        blocks.append(context([outline.footer]))
        return [
            "text": .string(fallback(wording.oneLine)), "blocks": .array(blocks), "unfurl_links": false,
            "unfurl_media": false,
        ]
    }

    /// The same to be looked at.
    static func draft(_ message: Message, _ template: MessageTemplate) -> Draft {
        let document = payload(message, template)
        return Draft(text: SlackText.render(document), document: document)
    }

    /// The same for a thread below the message that shows how things stand: only what is new.
    static func reply(_ message: Message, _ template: MessageTemplate = MessageTemplate()) -> JSON {
        let wording = Wording(message, template)
        let outline = Outline(wording)
        var text = SlackMarkup(limit: 400)
        text.put("\(sign(message, wording)) *")
        text.put(words: outline.headline)
        text.put("*")
        var blocks = [section(text)]
        if message.news == .acknowledged { blocks += outline.facts.filter { $0.name == "Acknowledged" }.map { fields([$0]) } }
        blocks += outline.news(of: message).flatMap(block)
        return [
            "text": .string(fallback(wording.oneLine)), "blocks": .array(blocks), "unfurl_links": false,
            "unfurl_media": false,
        ]
    }

    /// Unicode rather than `:name:`, so that names in ids need no emoji parsing around them.
    private static func sign(_ message: Message, _ wording: Wording) -> String {
        switch message.event {
        case .resolved: return wording.isRemoved ? "\u{26AA}" : "\u{2705}"
        case .drill: return "\u{1F9EA}"
        case .opened, .updated:
            switch message.incident.severity {
            case .info: return "\u{2139}\u{FE0F}"
            case .warning: return "\u{26A0}\u{FE0F}"
            case .critical: return "\u{1F6A8}"
            }
        }
    }

    // MARK: - Blocks

    private static func header(_ text: String) -> JSON {
        [
            "type": "header",
            "text": ["type": "plain_text", "emoji": false, "text": .string(SlackMarkup.plain(text, limit: 150))],
        ]
    }

    private static func what(_ phrase: Phrase) -> JSON {
        var text = SlackMarkup(limit: 2_900)
        text.put(phrase)
        return section(text)
    }

    private static func fields(_ facts: [(name: String, value: Phrase)]) -> JSON {
        let fields = facts.prefix(10).map { fact in
            var text = SlackMarkup(limit: 1_900)
            text.put("*\(fact.name)*\n")
            text.put(fact.value)
            return markdown(text)
        }
        return ["type": "section", "fields": .array(fields)]
    }

    private static func block(_ part: Outline.Section) -> [JSON] {
        switch part.body {
        case .code(let lines): [code(part.heading, part.note, lines)]
        case .charts(let charts): [drawn(charts)]
        case .commands(let lines): [list(part.heading, lines.map(Phrase.init(code:)), more: part.more)]
        case .list(let lines, let isNumbered):
            [list(part.heading, lines, isNumbered: isNumbered, more: part.more)]
        case .texts(let texts): [quoted(part.heading, texts, more: part.more)]
        case .advice(let advice): apart(part.heading, advice)
        }
    }

    private static func code(_ heading: String, _ note: String, _ lines: [String]) -> JSON {
        var text = SlackMarkup(limit: 2_900)
        text.put("*\(heading)*")
        if !note.isEmpty {
            text.put(" ")
            text.put(words: note)
        }
        if !lines.isEmpty {
            text.put("\n")
            text.put(block: lines.joined(separator: "\n"))
        }
        return section(text)
    }

    /// Series as small bars, each above what it says.
    private static func drawn(_ charts: [Sparkline]) -> JSON {
        var text = SlackMarkup(limit: 2_900)
        text.put(block: charts.map { "\($0.series)\n\($0.text)\n\($0.range)" }.joined(separator: "\n\n"))
        return section(text)
    }

    /// A model's words: behind a line of their own, and who wrote them before what they say.
    private static func apart(_ heading: String, _ advice: AdviceText) -> [JSON] {
        var text = SlackMarkup(limit: 2_900)
        text.put("*\(heading)*\n")
        text.put(advice.summary)
        if let cause = advice.cause {
            text.put("\nLikely cause: ")
            text.put(cause)
        }
        for (index, step) in advice.steps.enumerated() {
            var line = SlackMarkup(limit: 450)
            line.put("\n\(index + 1). ")
            line.put(step)
            text.put(line.text)
        }
        return [["type": "divider"], context([advice.origin]), section(text)]
    }

    /// A heading and lines of at most 600 characters each, as many as fit.
    private static func list(_ heading: String, _ lines: [Phrase], isNumbered: Bool = false, more: Int) -> JSON {
        var text = SlackMarkup(limit: 2_900)
        text.put("*\(heading)*")
        var written = 0
        for (index, phrase) in lines.enumerated() {
            var line = SlackMarkup(limit: 600)
            line.put(lines.count == 1 ? "\n" : isNumbered ? "\n\(index + 1). " : "\n• ")
            line.put(phrase)
            // Room for the line that counts the others.
            guard line.text.utf16.count + 40 <= text.room else { break }
            text.put(line.text)
            written += 1
        }
        if case let left = lines.count - written + more, left > 0 { text.put("\n… and \(left) more") }
        return section(text)
    }

    private static func quoted(_ heading: String, _ texts: [String], more: Int) -> JSON {
        var text = SlackMarkup(limit: 2_900)
        text.put("*\(heading)*")
        for tenant in texts {
            text.put("\n")
            text.put(block: tenant)
        }
        if more > 0 { text.put("\n… and \(more) more") }
        return section(text)
    }

    private static func context(_ lines: [Phrase]) -> JSON {
        let elements = lines.map { line in
            var text = SlackMarkup(limit: 1_900)
            text.put(line)
            return markdown(text)
        }
        return ["type": "context", "elements": .array(elements)]
    }

    private static func section(_ text: SlackMarkup) -> JSON {
        ["type": "section", "text": markdown(text)]
    }

    /// `verbatim`: Slack itself turns nothing into links or mentions.
    private static func markdown(_ text: SlackMarkup) -> JSON {
        ["type": "mrkdwn", "verbatim": true, "text": .string(text.text)]
    }

    private static func fallback(_ line: String) -> String {
        var text = SlackMarkup(limit: 400)
        text.put(words: line)
        return text.text
    }
}
