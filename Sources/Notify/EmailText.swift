/// A mail as plain text: for readers without HTML, and for watches and screens that read aloud.
enum EmailText {
    static func render(_ outline: EmailOutline) -> String {
        var out = outline.headline + "\n"
        for block in outline.blocks {
            switch block {
            case .paragraph(let phrase): out += phrase.plain + "\n"
            case .facts(let facts):
                out += "\n"
                for fact in facts { out += "\(fact.name): \(fact.value.plain)\n" }
            case .heading(let heading, let words): out += "\n\(heading)" + (words.isEmpty ? ":" : " \(words):") + "\n"
            case .code(let lines): for line in lines { out += "    \(line)\n" }
            case .list(let lines, let isNumbered):
                for (index, line) in lines.enumerated() {
                    out += (isNumbered ? "\(index + 1). " : "- ") + line.plain + "\n"
                }
            case .chart(let chart): out += "\n\(chart.series)\n    \(chart.text)  \(chart.range)\n"
            case .quote(let text): out += "\n\(text)\n"
            }
        }
        // Two hyphens and a blank: what follows is a signature, which clients show small.
        return out + "\n-- \n\(outline.details.plain)\n\(outline.footer.plain)\n"
    }
}
