import Model

/// Slack messages as plain text: as a person sees them, without colours and buttons.
public enum SlackText {
    /// Blocks if there are any, else the fallback text.
    ///
    /// - Parameter document: what is posted.
    public static func render(_ document: JSON) -> String {
        let blocks =
            (document["blocks"]?.array ?? [])
            + (document["attachments"]?.array ?? []).flatMap { $0["blocks"]?.array ?? [] }
        guard !blocks.isEmpty else { return plain(document["text"]?.string ?? "") }
        return blocks.flatMap(lines).joined(separator: "\n")
    }

    private static func lines(_ block: JSON) -> [String] {
        switch block["type"]?.string {
        case "header": return ["# " + text(block["text"])]
        case "section":
            let fields = (block["fields"]?.array ?? []).map { field in
                "  " + text(field).split(separator: "\n").joined(separator: " ")
            }
            return (block["text"] == nil ? [] : split(text(block["text"]))) + fields
        case "context": return ["  " + (block["elements"]?.array ?? []).map { text($0) }.joined(separator: " · ")]
        case "divider": return ["----"]
        case "actions":
            let buttons = (block["elements"]?.array ?? []).map { button in
                "[\(text(button["text"]))]" + (button["url"]?.string.map { " \($0)" } ?? "")
            }
            return ["  " + buttons.joined(separator: "  ")]
        case "image": return ["[image: \(block["alt_text"]?.string ?? "")]"]
        default: return []
        }
    }

    private static func split(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private static func text(_ object: JSON?) -> String {
        guard let text = object?["text"]?.string else { return "" }
        return object?["type"] == "mrkdwn" ? plain(text) : text
    }

    /// mrkdwn with its links written out and its three entities put back.
    private static func plain(_ text: String) -> String {
        var out = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "<"), let close = rest[open...].firstIndex(of: ">") {
            out += rest[..<open]
            let parts = rest[rest.index(after: open)..<close].split(separator: "|", maxSplits: 1)
            out += parts.count == 2 ? "\(parts[1]) (\(parts[0]))" : parts.joined()
            rest = rest[rest.index(after: close)...]
        }
        out += rest
        return unescape(out)
    }

    private static func unescape(_ text: String) -> String {
        var out = ""
        var rest = text[...]
        while let mark = rest.firstIndex(of: "&") {
            out += rest[..<mark]
            rest = rest[mark...]
            let entity = [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")].first { rest.hasPrefix($0.0) }
            out += entity?.1 ?? "&"
            rest = rest.dropFirst(entity?.0.count ?? 1)
        }
        return out + rest
    }
}
