import Model

/// A message's sections as plain text, for services that show fields: no markup, a line each.
enum PlainDetails {
    /// Most lines of one section.
    private static let lineLimit = 8

    /// Names for machines and the text under each, in the order in which a person reads them; none is empty.
    static func fields(_ wording: Wording) -> [(name: String, text: String)] {
        var fields: [(name: String, text: String)] = [("what", wording.what.plain)]
        fields += wording.facts.map { (key($0.name), $0.value.plain) }
        fields.append(("condition", join([wording.conditionReason] + wording.conditionLines)))
        fields += wording.actions.map { (key($0.heading), join($0.lines.map(\.plain))) }
        fields.append(("undo", join(wording.undo)))
        fields.append(("next_steps", join(wording.nextSteps.map(\.plain))))
        fields.append(("details", wording.more))
        fields.append(("source", wording.footer.plain))
        return fields.filter { !$0.text.isEmpty }
    }

    /// The same as one text.
    static func text(_ wording: Wording) -> String {
        fields(wording).map { name, text in
            let label = String(name.map { $0 == "_" ? " " : $0 })
            return text.contains("\n") ? "\(label):\n\(text)" : "\(label): \(text)"
        }.joined(separator: "\n")
    }

    private static func join(_ lines: [String]) -> String {
        let lines = lines.filter { !$0.isEmpty }
        let more = lines.count > lineLimit ? ["… and \(lines.count - lineLimit) more"] : []
        return (lines.prefix(lineLimit) + more).joined(separator: "\n")
    }

    /// `Still in force` as `still_in_force`; `Would have been done (mode observe)` as `would_have_been_done`.
    private static func key(_ heading: String) -> String {
        let words = heading.lowercased().split { !$0.isLetter }
        return words.filter { $0 != "mode" && $0 != "observe" }.joined(separator: "_")
    }
}
