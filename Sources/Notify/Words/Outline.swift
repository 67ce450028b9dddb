import Model

/// What a message says, part by part and in order, before a channel gives it its form. The sentences are `Wording`'s.
struct Outline: Sendable {
    struct Section: Sendable {
        enum Body: Sendable {
            /// To be read closely, a line each.
            case code([String])
            /// To be copied and run, a line each.
            case commands([String])
            case list([Phrase], isNumbered: Bool)
            /// Texts to be passed on as they are.
            case texts([String])
            case charts([Sparkline])
            case advice(AdviceText)
        }

        /// What it is about.
        enum Part: Hashable, Sendable {
            case items, condition, figures, findings, actions, undo, steps, tenants, advice
        }

        let part: Part
        /// Empty where the part belongs to the one before it.
        let heading: String
        /// A few words behind the heading.
        let note: String
        let body: Body
        /// Lines that are left out.
        let more: Int

        init(_ part: Part, _ heading: String, note: String = "", _ body: Body, more: Int = 0) {
            self.part = part
            self.heading = heading
            self.note = note
            self.body = body
            self.more = more
        }
    }

    let headline: String
    let what: Phrase
    /// A paragraph of the operator's own; nil without one.
    let note: Phrase?
    let facts: [(name: String, value: Phrase)]
    /// In the order in which a person reads them.
    let sections: [Section]
    let details: Phrase
    let footer: Phrase

    /// Lines under a heading, commands, charts, and texts for tenants; who has more wants the command line.
    private static let (lineLimit, commandLimit, chartLimit, textLimit) = (8, 4, 2, 3)

    init(_ wording: Wording) {
        headline = wording.headline
        what = wording.what
        note = wording.note
        facts = wording.facts
        // A blank after the address: what follows at once would be taken for a part of it.
        details =
            wording.link.map { "Details: \(Phrase(template: [.own($0)])) or \(command: wording.more)" }
            ?? "Details: \(command: wording.more)"
        footer = wording.footer
        sections = Outline.fitted(wording.digest.map { Outline.sections(of: $0, wording) } ?? Outline.sections(wording))
    }

    init(_ message: Message, _ template: MessageTemplate = MessageTemplate()) {
        self.init(Wording(message, template))
    }

    /// Only what is new to somebody who sees the whole beside it: for the replies of a thread.
    func news(of message: Message) -> [Section] {
        guard message.event == .updated, message.digest == nil else { return sections }
        let parts: Set<Section.Part> =
            switch message.news {
            case .advice: [.advice]
            case .acknowledged: []
            case .reminder: [.condition, .actions, .steps]
            case .approval: [.actions]
            case .verified: [.findings, .actions, .undo]
            case .person, .action, nil: [.actions, .undo, .tenants]
            }
        return sections.filter { parts.contains($0.part) }
    }

    private static func sections(_ wording: Wording) -> [Section] {
        let advice = wording.advice.map { Section(.advice, AdviceText.heading, .advice($0)) }
        let actions = wording.actions.map { list(.actions, $0.heading, $0.lines) }
        var sections: [Section] = []
        // What this message is told for comes first.
        if wording.message.news == .advice, let advice { sections.append(advice) }
        let findings = wording.findings.map { [list(.findings, $0.heading, $0.lines)] } ?? []
        let isChecked = wording.message.news == .verified
        if isChecked { sections += findings }
        let isAsking = wording.message.news == .approval
        if isAsking { sections += actions }
        sections += condition(wording)
        let charts = wording.incident.evidence.compactMap(Sparkline.init).prefix(chartLimit)
        if !charts.isEmpty { sections.append(Section(.figures, "", .charts(Array(charts)))) }
        if !isAsking { sections += actions }
        if !isChecked { sections += findings }
        if case let undo = wording.undo, !undo.isEmpty {
            let more = max(0, undo.count - commandLimit)
            sections.append(
                Section(
                    .undo, wording.isResolved ? "End it now" : "Undo", .commands(Array(undo.prefix(commandLimit))),
                    more: more))
        }
        if !wording.nextSteps.isEmpty { sections.append(list(.steps, "Next steps", wording.nextSteps, isNumbered: true)) }
        if case let texts = wording.tenantTexts, !texts.isEmpty {
            sections.append(
                Section(
                    .tenants, texts.count == 1 ? "To paste to the tenant" : "To paste to each tenant",
                    .texts(Array(texts.prefix(textLimit))), more: max(0, texts.count - textLimit)))
        }
        if wording.message.news != .advice, let advice { sections.append(advice) }
        return sections
    }

    /// Bytes that lists may take together: Gmail cuts messages beyond 102 kB, which only texts meant to do so reach.
    private static let roomForLists = 2_200

    /// Of each list its first line, and the others while there is room.
    private static func fitted(_ sections: [Section]) -> [Section] {
        var room = roomForLists
        for case .advice(let advice) in sections.map(\.body) {
            room -= advice.summary.plain.utf8.count + (advice.cause?.plain.utf8.count ?? 0)
        }
        func fit(_ lines: [Phrase]) -> [Phrase] {
            var shown: [Phrase] = []
            for line in lines where shown.isEmpty || room > 0 {
                shown.append(line)
                room -= line.plain.utf8.count
            }
            return shown
        }
        return sections.map { section in
            switch section.body {
            case .list(let lines, let isNumbered):
                let shown = fit(lines)
                return Section(
                    section.part, section.heading, note: section.note, .list(shown, isNumbered: isNumbered),
                    more: section.more + lines.count - shown.count)
            case .advice(let advice):
                return Section(section.part, section.heading, .advice(advice.with(steps: fit(advice.steps))))
            case .code, .commands, .texts, .charts: return section
            }
        }
    }

    private static func sections(of digest: Model.Digest, _ wording: Wording) -> [Section] {
        var sections = wording.items(of: digest).map { section, more in
            Section(.items, section.heading, .list(section.lines, isNumbered: false), more: more)
        }
        if !wording.nextSteps.isEmpty { sections.append(list(.steps, "Next steps", wording.nextSteps, isNumbered: true)) }
        return sections
    }

    private static func condition(_ wording: Wording) -> [Section] {
        [
            Section(
                .condition, wording.isResolved ? "Ended" : "Condition", note: wording.conditionReason,
                .code(wording.conditionLines))
        ]
    }

    private static func list(
        _ part: Section.Part, _ heading: String, _ lines: [Phrase], isNumbered: Bool = false
    ) -> Section {
        Section(
            part, heading, .list(Array(lines.prefix(lineLimit)), isNumbered: isNumbered), more: max(0, lines.count - lineLimit))
    }
}
