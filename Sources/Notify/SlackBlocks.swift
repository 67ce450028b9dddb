import Model

/// A message as Slack's Block Kit. Limits: 50 blocks, 150 characters a header, 3,000 a section's text, 2,000 a field
/// (docs.slack.dev, Block Kit reference).
public enum SlackBlocks {
    /// The body of an incoming-webhook post: `text` for notifications and old clients, `blocks` for the rest.
    public static func payload(_ message: Message) -> JSON {
        let wording = Wording(message)
        var blocks: [JSON] = [header("\(emoji(message)) \(wording.headline)")]
        blocks.append(section("*\(escape(wording.what))*"))
        blocks.append(fields(facts(message, wording)))
        blocks.append(section("*Condition*\n\(code(message.event == .resolved ? wording.ending : wording.condition))"))
        let decisions = wording.decisions
        if !decisions.isEmpty {
            blocks.append(section("*What was done*\n" + list(decisions)))
        }
        if message.event != .resolved {
            if !wording.undo.isEmpty {
                blocks.append(section("*To undo*\n" + wording.undo.map(code).joined(separator: "\n")))
            }
            if !wording.nextSteps.isEmpty {
                blocks.append(section("*Next steps*\n" + list(wording.nextSteps)))
            }
        }
        blocks.append(context([escape(wording.footer), code(wording.more)]))
        return [
            "text": .string(cut(escape("\(wording.headline). \(wording.what)"), 3_000)),
            "blocks": .array(blocks),
        ]
    }

    private static func facts(_ message: Message, _ wording: Wording) -> [(String, String)] {
        var facts = [
            ("Where", escape(wording.place)), ("Since", escape(wording.since)),
            ("Severity", message.incident.severity.rawValue),
        ]
        if let duration = wording.duration { facts.append(("Open for", duration)) }
        if message.incident.flaps > 0 { facts.append(("Reopened", "\(message.incident.flaps) times")) }
        if let playbook = message.incident.playbook { facts.append(("Playbook", escape(playbook))) }
        return facts
    }

    private static func emoji(_ message: Message) -> String {
        if message.event == .resolved { return ":white_check_mark:" }
        return switch message.incident.severity {
        case .info: ":information_source:"
        case .warning: ":warning:"
        case .critical: ":rotating_light:"
        }
    }

    // MARK: - Blocks

    private static func header(_ text: String) -> JSON {
        ["type": "header", "text": ["type": "plain_text", "emoji": true, "text": .string(cut(text, 150))]]
    }

    private static func section(_ text: String) -> JSON {
        ["type": "section", "text": markdown(text, limit: 3_000)]
    }

    private static func fields(_ facts: [(String, String)]) -> JSON {
        let fields = facts.prefix(10).map { markdown("*\($0.0)*\n\($0.1)", limit: 2_000) }
        return ["type": "section", "fields": .array(fields)]
    }

    private static func context(_ lines: [String]) -> JSON {
        ["type": "context", "elements": .array(lines.map { markdown($0, limit: 2_000) })]
    }

    private static func markdown(_ text: String, limit: Int) -> JSON {
        ["type": "mrkdwn", "verbatim": true, "text": .string(cut(text, limit))]
    }

    private static func list(_ lines: [String]) -> String {
        lines.map { "• \(escape($0))" }.joined(separator: "\n")
    }

    /// A code span; a backtick inside would end it, so it becomes the look-alike U+02CB.
    private static func code(_ text: String) -> String {
        "`\(cut(escape(text), 2_800).map { $0 == "`" ? "\u{02CB}" : String($0) }.joined())`"
    }

    /// Slack's three control characters (docs.slack.dev, "Escaping text"): without them no mention, link or channel
    /// can be written, whatever an id holds.
    static func escape(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// At most `limit` characters as Slack counts them (UTF-16 units are the safe bound); never inside an escape.
    static func cut(_ text: String, _ limit: Int) -> String {
        guard text.utf16.count > limit else { return text }
        var out = ""
        var used = 0
        for character in text {
            let width = character.utf16.count
            if used + width > limit - 1 { break }
            used += width
            out.append(character)
        }
        if let ampersand = out.lastIndex(of: "&"), !out[ampersand...].contains(";") { out = String(out[..<ampersand]) }
        return out + "…"
    }
}
