/// A mail as plain text: for readers without HTML, and for watches and screens that read aloud.
enum EmailText {
    static func render(_ outline: Outline) -> String {
        var out = "\(outline.headline)\n\(outline.what.plain)\n"
        if let note = outline.note { out += note.plain + "\n" }
        out += "\n"
        for fact in outline.facts { out += "\(fact.name): \(fact.value.plain)\n" }
        for section in outline.sections { out += text(section) }
        // Two hyphens and a blank: what follows is a signature, which clients show small.
        return out + "\n-- \n\(outline.details.plain)\n\(outline.footer.plain)\n"
    }

    private static func text(_ section: Outline.Section) -> String {
        var out = ""
        if !section.heading.isEmpty { out += "\n\(section.heading)\(section.note.isEmpty ? "" : " \(section.note)"):\n" }
        switch section.body {
        case .code(let lines), .commands(let lines): for line in lines { out += "    \(line)\n" }
        case .list(let lines, _) where lines.count == 1: out += lines[0].plain + "\n"
        case .list(let lines, let isNumbered):
            for (index, line) in lines.enumerated() { out += (isNumbered ? "\(index + 1). " : "- ") + line.plain + "\n" }
        case .charts(let charts):
            for chart in charts { out += "\n\(chart.series)\n    \(chart.text)  \(chart.range)\n" }
        case .texts(let texts): out += texts.map { "\n\($0)\n" }.joined()
        case .advice(let advice): for line in advice.lines { out += "| \(line)\n" }
        }
        return out + (section.more > 0 ? "… and \(section.more) more\n" : "")
    }
}
