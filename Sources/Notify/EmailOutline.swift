import Model

/// What a mail says, in its order, before it becomes plain text and HTML. The sentences are `Wording`'s.
struct EmailOutline {
    enum Block {
        case paragraph(Phrase)
        /// Name and value, a line each.
        case facts([(name: String, value: Phrase)])
        /// A heading, and a few words behind it.
        case heading(String, String)
        /// To be read or copied closely, a line each.
        case code([String])
        case list([Phrase], isNumbered: Bool)
        case chart(Sparkline)
        /// A text to be passed on as it is.
        case quote(String)
    }

    let headline: String
    /// What lists of mails show behind the subject.
    let preview: String
    private(set) var blocks: [Block]
    let details: Phrase
    let footer: Phrase

    /// Lines under a heading, charts, and texts for tenants; who has more wants the command line.
    private static let (lineLimit, chartLimit, textLimit) = (8, 2, 3)
    /// Bytes that lists may still take: Gmail cuts messages beyond 102 kB, which only texts meant to do so reach.
    private var room = 3_500

    init(_ message: Message) {
        let wording = Wording(message)
        headline = wording.headline
        preview = "\(wording.state). \(wording.what.plain)"
        details = "Details: \(command: wording.more)"
        footer = wording.footer
        blocks = [.paragraph(wording.what), .facts(wording.facts)]
        blocks.append(.heading(message.event == .resolved ? "Ended" : "Condition", wording.conditionReason))
        if !wording.conditionLines.isEmpty { blocks.append(.code(wording.conditionLines)) }
        blocks += message.incident.evidence.compactMap(Sparkline.init).prefix(EmailOutline.chartLimit).map {
            .chart($0)
        }
        for section in wording.actions { add(section.heading, section.lines) }
        if case let undo = wording.undo, !undo.isEmpty {
            blocks.append(.heading(message.event == .resolved ? "End it now" : "Undo", ""))
            blocks.append(.code(Array(undo.prefix(4))))
        }
        if !wording.nextSteps.isEmpty { add("Next steps", wording.nextSteps, isNumbered: true) }
        let texts = wording.tenantTexts
        if !texts.isEmpty {
            blocks.append(.heading(texts.count == 1 ? "To paste to the tenant" : "To paste to each tenant", ""))
            blocks += texts.prefix(EmailOutline.textLimit).map { .quote($0) }
            if texts.count > EmailOutline.textLimit {
                blocks.append(.paragraph("… and \("\(texts.count - EmailOutline.textLimit)") more"))
            }
        }
    }

    private mutating func add(_ heading: String, _ lines: [Phrase], isNumbered: Bool = false) {
        blocks.append(.heading(heading, ""))
        // The first always, the others while there is room.
        var shown: [Phrase] = []
        for line in lines.prefix(EmailOutline.lineLimit) where shown.isEmpty || room > 0 {
            shown.append(line)
            room -= line.plain.utf8.count
        }
        if lines.count == 1 {
            blocks.append(.paragraph(shown[0]))
        } else {
            blocks.append(.list(shown, isNumbered: isNumbered))
        }
        if lines.count > shown.count { blocks.append(.paragraph("… and \("\(lines.count - shown.count)") more")) }
    }
}
