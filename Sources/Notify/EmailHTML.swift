import Model

/// A mail as HTML that mail clients show: tables and inline styles, no image, no script, no link, nothing from elsewhere.
struct EmailHTML {
    private static let font = "-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
    private static let codeFont = "Menlo,Consolas,'DejaVu Sans Mono',monospace"
    private static let (ink, faint, line, paper) = ("#1f2328", "#59636e", "#d1d9e0", "#f6f8fa")

    private let color: String
    private var out = ""

    static func render(_ outline: EmailOutline, _ message: Message) -> String {
        var html = EmailHTML(color: color(message))
        html.write(outline)
        return html.out
    }

    private init(color: String) {
        self.color = color
    }

    /// How bad, by color; the words say it too.
    private static func color(_ message: Message) -> String {
        switch message.event {
        case .resolved: return "#1a7f37"
        case .drill: return "#6639ba"
        case .opened, .updated:
            switch message.incident.severity {
            case .info: return "#0969da"
            case .warning: return "#bf8700"
            case .critical: return "#cf222e"
            }
        }
    }

    private mutating func write(_ outline: EmailOutline) {
        let (font, ink, faint) = (EmailHTML.font, EmailHTML.ink, EmailHTML.faint)
        out = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no">
            <title>\(EmailHTML.escaped(outline.headline))</title></head>
            <body style="margin:0;padding:0;background:#ffffff;color:\(ink)">
            <div style="display:none;max-height:0;overflow:hidden">\(EmailHTML.escaped(outline.preview))</div>
            <table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr>
            <td align="center" style="padding:12px">
            <table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" \
            style="max-width:640px;border:1px solid \(EmailHTML.line);border-top:4px solid \(color)"><tr>
            <td align="left" style="padding:16px 20px;font:15px/1.5 \(font);color:\(ink);word-break:break-word">
            <h1 style="margin:0 0 8px;font:600 19px/1.35 \(font);color:\(ink)">\(EmailHTML.escaped(outline.headline))</h1>

            """
        for block in outline.blocks { write(block) }
        out += """
            <p style="margin:20px 0 0;padding-top:12px;border-top:1px solid \(EmailHTML.line);font:13px/1.5 \(font);color:\(faint)">\
            \(EmailHTML.inline(outline.details))<br>\(EmailHTML.inline(outline.footer))</p>
            </td></tr></table>
            </td></tr></table>
            </body></html>

            """
    }

    private mutating func write(_ block: EmailOutline.Block) {
        let (font, ink, faint) = (EmailHTML.font, EmailHTML.ink, EmailHTML.faint)
        switch block {
        case .paragraph(let phrase): out += "<p style=\"margin:0 0 8px\">\(EmailHTML.inline(phrase))</p>\n"
        case .facts(let facts):
            out +=
                "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"margin:4px 0\">\n"
            for fact in facts {
                out += "<tr><td valign=\"top\" style=\"padding:2px 16px 2px 0;font:14px/1.5 \(font);color:\(faint)\">"
                out +=
                    "\(EmailHTML.escaped(fact.name))</td><td style=\"padding:2px 0;font:14px/1.5 \(font);color:\(ink)\">"
                out += "\(EmailHTML.inline(fact.value))</td></tr>\n"
            }
            out += "</table>\n"
        case .heading(let heading, let words):
            out +=
                "<h2 style=\"margin:18px 0 4px;font:600 15px/1.5 \(font);color:\(ink)\">\(EmailHTML.escaped(heading))"
            if !words.isEmpty {
                out += " <span style=\"font-weight:400;color:\(faint)\">\(EmailHTML.escaped(words))</span>"
            }
            out += "</h2>\n"
        case .code(let lines):
            out += "<div style=\"margin:4px 0 8px;padding:8px 12px;background:\(EmailHTML.paper);"
            out += "border-radius:4px;font:13px/1.5 \(EmailHTML.codeFont);color:\(ink)\">"
            out += lines.map(EmailHTML.escaped).joined(separator: "<br>") + "</div>\n"
        case .list(let lines, let isNumbered):
            let tag = isNumbered ? "ol" : "ul"
            out += "<\(tag) style=\"margin:0 0 8px;padding:0 0 0 24px\">\n"
            for line in lines { out += "<li style=\"margin:0 0 2px\">\(EmailHTML.inline(line))</li>\n" }
            out += "</\(tag)>\n"
        case .chart(let chart): write(chart)
        case .quote(let text):
            out +=
                "<blockquote style=\"margin:4px 0 8px;padding:4px 0 4px 12px;border-left:3px solid \(EmailHTML.line)\">"
            out += "\(EmailHTML.escaped(text))</blockquote>\n"
        }
    }

    /// A grid of small cells, coloured up to each point's height: shown alike by clients that drop SVG, images and heights
    /// of anything but cells.
    private mutating func write(_ chart: Sparkline) {
        let (width, height) = (8, 4)
        out += "<p style=\"margin:10px 0 2px;font:13px/1.5 \(EmailHTML.codeFont);color:\(EmailHTML.faint)\">"
        out += "\(EmailHTML.escaped(chart.series))</p>\n"
        out +=
            "<table role=\"img\" aria-label=\"\(EmailHTML.attribute(chart.range))\" cellpadding=\"0\" cellspacing=\"0\" "
        out += "border=\"0\" style=\"border-bottom:1px solid \(EmailHTML.line);font-size:1px;line-height:1px\">\n"
        for row in stride(from: Sparkline.steps, through: 1, by: -1) {
            out += "<tr>"
            for level in chart.heights {
                let isOn = (level ?? 0) >= row
                out += "<td width=\"\(width)\" height=\"\(height)\"" + (isOn ? " bgcolor=\"\(color)\"" : "") + "></td>"
            }
            out += "</tr>\n"
        }
        out += "</table>\n<p style=\"margin:2px 0 8px;font:13px/1.5 \(EmailHTML.font);color:\(EmailHTML.faint)\">"
        out += "\(EmailHTML.escaped(chart.range))</p>\n"
    }

    // MARK: - Text into HTML

    private static func inline(_ phrase: Phrase) -> String {
        var html = ""
        for span in phrase.spans {
            switch span {
            case .words(let text): html += escaped(text)
            case .code(let text):
                html += "<code style=\"font:13px \(codeFont);background:\(paper);padding:1px 4px;border-radius:3px\">"
                html += escaped(text) + "</code>"
            }
        }
        return html
    }

    /// Text that stays text: no markup, and nothing in it that a mail client would turn into a link by itself. A place to
    /// break, which copying leaves out, parts what would look like an address.
    static func escaped(_ text: String) -> String {
        var html = ""
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        for (index, word) in words.enumerated() {
            if index > 0 { html += " " }
            let parts = looksLikeLink(word)
            for character in word.unicodeScalars {
                html += entity(character) ?? String(character)
                if parts, ":/.@".unicodeScalars.contains(character) { html += "<wbr>" }
            }
        }
        return html
    }

    private static func attribute(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { $0 += entity($1) ?? String($1) }
    }

    private static func entity(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        case "\"": "&quot;"
        case "'": "&#39;"
        default: nil
        }
    }

    /// A scheme, an `@`, or a dot between letters.
    private static func looksLikeLink(_ word: Substring) -> Bool {
        var before: Unicode.Scalar = " "
        var beforeThat: Unicode.Scalar = " "
        for scalar in word.unicodeScalars {
            if scalar == "@" || (before == ":" && scalar == "/") { return true }
            if before == ".", beforeThat.properties.isAlphabetic || beforeThat.properties.numericType != nil,
                scalar.properties.isAlphabetic
            {
                return true
            }
            (beforeThat, before) = (before, scalar)
        }
        return false
    }
}
