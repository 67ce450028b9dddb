import Model

/// A message as Slack's Block Kit.
///
/// Limits (docs.slack.dev, Block Kit reference): 50 blocks, 150 characters a header, 3,000 a section's text, 2,000 a
/// field, 10 fields, 10 elements of a context. At most 11 blocks are written, each far below.
public enum SlackBlocks {
    /// The body of an incoming-webhook post: `text` for notifications and old clients, `blocks` for the rest.
    public static func payload(_ message: Message) -> JSON {
        let wording = Wording(message)
        var blocks = [header("\(sign(message, wording)) \(wording.headline)"), what(wording), fields(wording.facts)]
        blocks.append(condition(wording, isResolved: message.event == .resolved))
        blocks += wording.actions.map { list($0.heading, $0.lines) }
        let undo = wording.undo
        if !undo.isEmpty {
            blocks.append(
                list(message.event == .resolved ? "End it now" : "Undo", undo.prefix(4).map(Phrase.init(code:))))
        }
        if !wording.nextSteps.isEmpty { blocks.append(list("Next steps", wording.nextSteps, numbered: true)) }
        if !wording.tenantTexts.isEmpty { blocks.append(tenantTexts(wording.tenantTexts)) }
        blocks.append(context(["Details: \(command: wording.more)"]))
        blocks.append(context([wording.footer]))
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

    private static func what(_ wording: Wording) -> JSON {
        var text = SlackMarkup(limit: 1_000)
        text.put(wording.what)
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

    private static func condition(_ wording: Wording, isResolved: Bool) -> JSON {
        var text = SlackMarkup(limit: 2_900)
        text.put(isResolved ? "*Ended*" : "*Condition*")
        if !wording.conditionReason.isEmpty {
            text.put(" ")
            text.put(words: wording.conditionReason)
        }
        if !wording.conditionLines.isEmpty {
            text.put("\n")
            text.put(block: wording.conditionLines.joined(separator: "\n"))
        }
        return section(text)
    }

    /// A heading and lines of at most 600 characters each, as many as fit.
    private static func list(_ heading: String, _ lines: [Phrase], numbered: Bool = false) -> JSON {
        var text = SlackMarkup(limit: 2_900)
        text.put("*\(heading)*")
        let shown = lines.prefix(8)
        var written = 0
        for (index, phrase) in shown.enumerated() {
            var line = SlackMarkup(limit: 600)
            line.put(lines.count == 1 ? "\n" : numbered ? "\n\(index + 1). " : "\n• ")
            line.put(phrase)
            // Room for the line that counts the others.
            guard line.text.utf16.count + 40 <= text.room else { break }
            text.put(line.text)
            written += 1
        }
        if written < lines.count { text.put("\n… and \(lines.count - written) more") }
        return section(text)
    }

    private static func tenantTexts(_ texts: [String]) -> JSON {
        var text = SlackMarkup(limit: 2_900)
        text.put(texts.count == 1 ? "*To paste to the tenant*" : "*To paste to each tenant*")
        for tenant in texts.prefix(3) {
            text.put("\n")
            text.put(block: tenant)
        }
        if texts.count > 3 { text.put("\n… and \(texts.count - 3) more") }
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
