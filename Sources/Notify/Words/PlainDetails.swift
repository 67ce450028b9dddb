import Model

/// A message's sections as plain text, for services that show fields: no markup, a line each.
enum PlainDetails {
    /// Names for machines and the text under each, in the order in which a person reads them; none is empty.
    static func fields(_ wording: Wording) -> [(name: String, text: String)] {
        let outline = Outline(wording)
        var fields: [(name: String, text: String)] = [("what", outline.what.plain)]
        if let note = outline.note { fields.append(("note", note.plain)) }
        fields += outline.facts.map { (key($0.name), $0.value.plain) }
        for section in outline.sections {
            switch section.body {
            case .code(let lines): fields.append(("condition", join([section.note] + lines, section.more)))
            case .commands(let lines): fields.append(("undo", join(lines, section.more)))
            case .list(let lines, _): fields.append((key(section.heading), join(lines.map(\.plain), section.more)))
            case .advice(let advice): fields.append(("model_advice", join(advice.lines, 0)))
            // Services that page show neither drawings nor texts to be passed on.
            case .charts, .texts: break
            }
        }
        fields.append(("details", wording.more))
        fields.append(("source", outline.footer.plain))
        return fields.filter { !$0.text.isEmpty }
    }

    /// The same as one text.
    static func text(_ wording: Wording) -> String {
        fields(wording).map { name, text in
            let label = String(name.map { $0 == "_" ? " " : $0 })
            return text.contains("\n") ? "\(label):\n\(text)" : "\(label): \(text)"
        }.joined(separator: "\n")
    }

    private static func join(_ lines: [String], _ more: Int) -> String {
        (lines.filter { !$0.isEmpty } + (more > 0 ? ["… and \(more) more"] : [])).joined(separator: "\n")
    }

    /// `Still in force` as `still_in_force`; `Would have been done (mode observe)` as `would_have_been_done`.
    private static func key(_ heading: String) -> String {
        let words = heading.lowercased().split { !$0.isLetter }
        return words.filter { $0 != "mode" && $0 != "observe" }.joined(separator: "_")
    }
}
