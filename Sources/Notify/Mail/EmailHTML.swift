import Model

/// A mail as HTML that mail clients show: tables and inline styles, no image, no script, no link, nothing from elsewhere.
struct EmailHTML {
    private static let font = "-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
    private static let codeFont = "Menlo,Consolas,'DejaVu Sans Mono',monospace"
    private static let (ink, faint, line, paper) = ("#1f2328", "#59636e", "#d1d9e0", "#f6f8fa")

    private let color: String
    private var out = ""

    static func render(_ outline: Outline, _ message: Message) -> String {
        var html = EmailHTML(color: color(message))
        let state = Wording(message).state
        html.write(outline, preview: "\(state). \(outline.what.plain)")
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

    private mutating func write(_ outline: Outline, preview: String) {
        let (font, ink, faint) = (EmailHTML.font, EmailHTML.ink, EmailHTML.faint)
        out = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no">
            <title>\(EmailHTML.escaped(outline.headline))</title></head>
            <body style="margin:0;padding:0;background:#ffffff;color:\(ink)">
            <div style="display:none;max-height:0;overflow:hidden">\(EmailHTML.escaped(preview))</div>
            <table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr>
            <td align="center" style="padding:12px">
            <table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" \
            style="max-width:640px;border:1px solid \(EmailHTML.line);border-top:4px solid \(color)"><tr>
            <td align="left" style="padding:16px 20px;font:15px/1.5 \(font);color:\(ink);word-break:break-word">
            <h1 style="margin:0 0 8px;font:600 19px/1.35 \(font);color:\(ink)">\(EmailHTML.escaped(outline.headline))</h1>

            """
        paragraph(outline.what)
        if let note = outline.note { paragraph(note) }
        write(outline.facts)
        for section in outline.sections { write(section) }
        out += """
            <p style="margin:20px 0 0;padding-top:12px;border-top:1px solid \(EmailHTML.line);font:13px/1.5 \(font);color:\(faint)">\
            \(EmailHTML.inline(outline.details))<br>\(EmailHTML.inline(outline.footer))</p>
            </td></tr></table>
            </td></tr></table>
            </body></html>

            """
    }

    private mutating func paragraph(_ phrase: Phrase) {
        out += "<p style=\"margin:0 0 8px\">\(EmailHTML.inline(phrase))</p>\n"
    }

    private mutating func write(_ facts: [(name: String, value: Phrase)]) {
        let (font, ink, faint) = (EmailHTML.font, EmailHTML.ink, EmailHTML.faint)
        out += "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"margin:4px 0\">\n"
        for fact in facts {
            out += "<tr><td valign=\"top\" style=\"padding:2px 16px 2px 0;white-space:nowrap;"
            out += "word-break:normal;font:14px/1.5 \(font);color:\(faint)\">"
            out += "\(EmailHTML.escaped(fact.name))</td><td style=\"padding:2px 0;font:14px/1.5 \(font);color:\(ink)\">"
            out += "\(EmailHTML.inline(fact.value))</td></tr>\n"
        }
        out += "</table>\n"
    }

    private mutating func write(_ section: Outline.Section) {
        if case .advice(let advice) = section.body { return write(section.heading, advice) }
        heading(section.heading, section.note)
        switch section.body {
        case .code(let lines), .commands(let lines): if !lines.isEmpty { code(lines) }
        case .list(let lines, _) where lines.count == 1: paragraph(lines[0])
        case .list(let lines, let isNumbered): list(lines, isNumbered)
        case .charts(let charts): for chart in charts { write(chart) }
        case .texts(let texts):
            for text in texts {
                out += "<blockquote style=\"margin:4px 0 8px;padding:4px 0 4px 12px;"
                out += "border-left:3px solid \(EmailHTML.line)\">\(EmailHTML.escaped(text))</blockquote>\n"
            }
        case .advice: break
        }
        if section.more > 0 { paragraph("… and \("\(section.more)") more") }
    }

    private mutating func heading(_ heading: String, _ note: String) {
        guard !heading.isEmpty else { return }
        out += "<h2 style=\"margin:18px 0 4px;font:600 15px/1.5 \(EmailHTML.font);color:\(EmailHTML.ink)\">"
        out += EmailHTML.escaped(heading)
        if !note.isEmpty {
            out += " <span style=\"font-weight:400;color:\(EmailHTML.faint)\">\(EmailHTML.escaped(note))</span>"
        }
        out += "</h2>\n"
    }

    private mutating func code(_ lines: [String]) {
        out += "<div style=\"margin:4px 0 8px;padding:8px 12px;background:\(EmailHTML.paper);"
        out += "border-radius:4px;font:13px/1.5 \(EmailHTML.codeFont);color:\(EmailHTML.ink)\">"
        out += lines.map(EmailHTML.escaped).joined(separator: "<br>") + "</div>\n"
    }

    private mutating func list(_ lines: [Phrase], _ isNumbered: Bool) {
        let tag = isNumbered ? "ol" : "ul"
        out += "<\(tag) style=\"margin:0 0 8px;padding:0 0 0 24px\">\n"
        for line in lines { out += "<li style=\"margin:0 0 2px\">\(EmailHTML.inline(line))</li>\n" }
        out += "</\(tag)>\n"
    }

    /// A model's words in a box of their own, and who wrote them before what they say.
    private mutating func write(_ heading: String, _ advice: AdviceText) {
        out += "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "
        out += "style=\"margin:18px 0 8px\"><tr><td style=\"padding:10px 14px;border:1px dashed \(EmailHTML.faint);"
        out += "font:15px/1.5 \(EmailHTML.font);color:\(EmailHTML.ink)\">\n"
        out += "<h2 style=\"margin:0 0 2px;font:600 15px/1.5 \(EmailHTML.font);color:\(EmailHTML.ink)\">"
        out += "\(EmailHTML.escaped(heading))</h2>\n"
        out += "<p style=\"margin:0 0 8px;font:13px/1.5 \(EmailHTML.font);color:\(EmailHTML.faint)\">"
        out += "\(EmailHTML.inline(advice.origin))</p>\n"
        paragraph(advice.summary)
        if let cause = advice.cause { paragraph("Likely cause: \(cause)") }
        if !advice.steps.isEmpty { list(advice.steps, true) }
        out += "</td></tr></table>\n"
    }

    /// A grid of small cells, coloured up to each point's height: shown alike by clients that drop SVG, images and heights
    /// of anything but cells.
    private mutating func write(_ chart: Sparkline) {
        let (width, height) = (8, 4)
        out += "<p style=\"margin:10px 0 2px;font:13px/1.5 \(EmailHTML.codeFont);color:\(EmailHTML.faint)\">"
        out += "\(EmailHTML.escaped(chart.series))</p>\n"
        out +=
            "<table role=\"img\" aria-label=\"\(Markup.escaped(chart.range))\" cellpadding=\"0\" cellspacing=\"0\" "
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
            case .own(let text): html += own(text)
            }
        }
        return html
    }

    /// An operator's own words: text, whose web addresses are links.
    private static func own(_ text: String) -> String {
        WebAddress.pieces(text).map { piece, isAddress in
            let shown = Markup.escaped(piece).split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "<br>")
            return isAddress ? "<a href=\"\(shown)\" style=\"color:#0969da\">\(shown)</a>" : shown
        }.joined()
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
                html += Markup.entity(character) ?? String(character)
                if parts, ":/.@".unicodeScalars.contains(character) { html += "<wbr>" }
            }
        }
        return html
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
