import Model
import Playbooks
import Views

/// A playbook laid out for a terminal: words wrapped, commands left as they are, so that they can be copied.
struct PlaybookRendering {
    let terminal: Terminal
    /// Wider lines are hard to read.
    private static let widest = 88

    private var width: Int { min(terminal.width, PlaybookRendering.widest) }

    func page(_ playbook: Playbook) -> String {
        var text = terminal.paint(playbook.title, .bold) + "\n"
        text += wrapped(playbook.when, first: "", rest: "").map { terminal.paint($0, .dim) + "\n" }.joined()
        for section in playbook.sections {
            text += "\n" + terminal.paint(section.part.heading, .bold) + "\n"
            text += blocks(PlaybookBlock.blocks(section.text))
        }
        text += "\n" + terminal.paint("playbook \(playbook.id), \(playbook.file)", .dim) + "\n"
        return text
    }

    func list(_ list: PlaybookList) -> String {
        guard !list.playbooks.isEmpty else { return "no playbooks\n" }
        return terminal.table(
            ["id", "title", "rules"],
            list.playbooks.map { [$0.id, $0.title, list.rules[$0.id]?.joined(separator: ", ") ?? "-"] })
    }

    private func blocks(_ blocks: [PlaybookBlock]) -> String {
        var text = ""
        var isAfterItem = true
        for (index, block) in blocks.enumerated() {
            switch block {
            case .paragraph(let words):
                if index > 0 { text += "\n" }
                text += lines(words, first: "  ", rest: "  ")
                isAfterItem = false
            case .item(let mark, let words):
                if index > 0, !isAfterItem { text += "\n" }
                text += lines(words, first: "  \(mark) ", rest: "  " + String(repeating: " ", count: mark.count + 1))
                isAfterItem = true
            case .code(let code):
                if index > 0 { text += "\n" }
                text += code.map { $0.isEmpty ? "\n" : "      " + terminal.paint($0, .blue) + "\n" }.joined()
                isAfterItem = false
            }
        }
        return text
    }

    private func lines(_ words: String, first: String, rest: String) -> String {
        wrapped(words, first: first, rest: rest).map { $0 + "\n" }.joined()
    }

    /// Wraps at blanks, never within a command between backticks, and paints what stands out.
    private func wrapped(_ words: String, first: String, rest: String) -> [String] {
        var lines: [String] = []
        var line = first
        var used = Terminal.columns(first)
        var isFresh = true
        for (piece, columns) in pieces(words) {
            if !isFresh, used + 1 + columns > width {
                lines.append(line)
                line = rest
                used = Terminal.columns(rest)
                isFresh = true
            }
            line += (isFresh ? "" : " ") + piece
            used += columns + (isFresh ? 0 : 1)
            isFresh = false
        }
        return lines + [line]
    }

    /// What must stay on one line, painted, with the columns that it takes.
    private func pieces(_ words: String) -> [(text: String, columns: Int)] {
        var pieces: [(text: String, columns: Int)] = []
        var isGlued = false
        func add(_ text: String, _ style: Terminal.Style?) {
            let painted = style.map { terminal.paint(text, $0) } ?? text
            if isGlued, let last = pieces.popLast() {
                pieces.append((last.text + painted, last.columns + Terminal.columns(text)))
            } else {
                pieces.append((painted, Terminal.columns(text)))
            }
            isGlued = true
        }
        func add(words text: String, _ style: Terminal.Style?) {
            for (index, word) in text.split(separator: " ", omittingEmptySubsequences: false).enumerated() {
                if index > 0 { isGlued = false }
                if !word.isEmpty { add(String(word), style) }
            }
        }
        for span in PlaybookBlock.spans(words) {
            switch span {
            case .words(let text): add(words: text, nil)
            case .strong(let text): add(words: text, .bold)
            // Without colour the backticks stay: they say where a command begins and ends.
            case .code(let text): terminal.color ? add(text, .blue) : add("`\(text)`", nil)
            }
        }
        return pieces
    }
}
