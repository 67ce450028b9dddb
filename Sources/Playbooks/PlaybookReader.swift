import Model
import YAML

/// Reads one page: front matter between two lines `---`, then the parts, each below its `##` heading.
struct PlaybookReader {
    private let file: SourceFile
    private let reporter: Reporter
    private let lines: [String]

    init(_ file: SourceFile) {
        self.file = file
        let source = SourceText(file: file.path, bytes: file.bytes)
        reporter = Reporter(source: source)
        var lines: [String] = []
        while let line = source.line(lines.count + 1) { lines.append(line) }
        self.lines = lines
    }

    /// The page, nil when something is wrong with it, and everything that is wrong.
    func read() -> (playbook: Playbook?, diagnostics: [Diagnostic]) {
        guard isReadable() else { return (nil, reporter.diagnostics) }
        guard lines.first == "---", let end = lines.dropFirst().firstIndex(of: "---") else {
            report(
                "front-matter", "a playbook begins with its front matter, between two lines '---'", line: 1,
                hint: "---, then 'id:', 'title:' and 'when:', then ---")
            return (nil, reporter.diagnostics)
        }
        let (front, faults) = readFront(upTo: end)
        let sections = readBody(from: end + 1)
        let diagnostics = (faults + reporter.diagnostics).sorted()
        guard let front, !diagnostics.contains(where: { $0.severity == .error }) else { return (nil, diagnostics) }
        return (
            Playbook(id: front.id, title: front.title, when: front.when, sections: sections, file: file.path),
            diagnostics
        )
    }

    /// Size, encoding, and nothing that would steer a terminal.
    private func isReadable() -> Bool {
        guard file.bytes.count <= SourceText.longest else {
            report(
                "too-large", "the file has \(file.bytes.count) bytes; at most \(SourceText.longest) are read", line: 1)
            return false
        }
        for (index, line) in lines.enumerated() {
            let scalars = Array(line.unicodeScalars)
            guard let bad = scalars.firstIndex(where: PlaybookReader.isRefused) else { continue }
            let isEncoding = scalars[bad] == "\u{FFFD}"
            report(
                isEncoding ? "encoding" : "control-character",
                isEncoding ? "this is not UTF-8" : "an invisible or control character, U+\(hex(scalars[bad]))",
                line: index + 1, column: bad + 1, hint: isEncoding ? "save the file as UTF-8 text" : "remove it")
            return false
        }
        return true
    }

    private static func isRefused(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control: scalar != "\t"
        case .format, .lineSeparator, .paragraphSeparator: true
        default: scalar == "\u{FFFD}"
        }
    }

    private func hex(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    // MARK: - Front matter

    private static let idLimit = 64
    private static let titleLimit = 80
    private static let whenLimit = 240

    /// Lines `1..<end` of the file are YAML. Parsed with the line above them, so that places are the file's.
    private func readFront(upTo end: Int) -> (front: (id: String, title: String, when: String)?, faults: [Diagnostic]) {
        let text = lines[..<end].map { $0 + "\n" }.joined()
        let reporter = Reporter(source: SourceText(file: file.path, bytes: Array(text.utf8)))
        guard let root = YAMLParser.parse(reporter), let fields = Fields(root, "the front matter", reporter) else {
            return (nil, reporter.diagnostics)
        }
        let id = fields.required("id").flatMap { self.id($0, reporter) }
        let title = fields.required("title").flatMap { self.line($0, "'title'", PlaybookReader.titleLimit, reporter) }
        let when = fields.required("when").flatMap { self.line($0, "'when'", PlaybookReader.whenLimit, reporter) }
        fields.finish()
        guard let id, let title, let when else { return (nil, reporter.diagnostics) }
        return ((id, title, when), reporter.diagnostics)
    }

    private func id(_ node: YAMLNode, _ reporter: Reporter) -> String? {
        guard let id = reporter.string(node, "'id'") else { return nil }
        let isID =
            id.utf8.count <= PlaybookReader.idLimit
            && id.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        guard isID else {
            reporter.report(
                "id", "'\(id)' cannot be the id of a playbook", at: node,
                hint: "letters a-z, digits and -, at most \(PlaybookReader.idLimit)")
            return nil
        }
        guard id.isSame(as: file.pageID) else {
            reporter.report(
                "file-name", "the id '\(id)' differs from the file's name '\(file.pageID)'", at: node,
                hint: "rules find a playbook by its id, people by its file: name the file \(id).md")
            return nil
        }
        return id
    }

    private func line(_ node: YAMLNode, _ what: String, _ limit: Int, _ reporter: Reporter) -> String? {
        guard let text = reporter.string(node, what) else { return nil }
        guard !text.isEmpty, !text.contains("\n"), text.unicodeScalars.count <= limit else {
            reporter.report("value", "\(what) must be one line of at most \(limit) characters", at: node)
            return nil
        }
        return text
    }

    // MARK: - Body

    /// The parts; what is wrong with them is reported.
    private func readBody(from first: Int) -> [Playbook.Section] {
        var found: [(part: Playbook.Part, line: Int, text: [String])] = []
        var isInUnknown = false
        var fence: Int?
        for index in first..<lines.count {
            let line = lines[index]
            if line.hasPrefix("```") {
                fence = fence == nil ? index : nil
            } else if fence == nil, line.hasPrefix("#") {
                isInUnknown = true
                guard let part = heading(line, at: index, after: found.map(\.part)) else { continue }
                isInUnknown = false
                found.append((part, index, []))
                continue
            }
            if !found.isEmpty {
                if !isInUnknown { found[found.count - 1].text.append(line) }
            } else if !isInUnknown, !isBlank(line) {
                report("outside", "text above the first heading belongs to no part", line: index + 1)
                isInUnknown = true
            }
        }
        if let fence { report("unclosed-code", "this block of commands is not closed", line: fence + 1, hint: "```") }
        for part in Playbook.Part.allCases where !found.contains(where: { $0.part == part }) {
            let last = lines.lastIndex { !isBlank($0) } ?? 0
            report("missing-part", "the playbook needs '## \(part.heading)'", line: last + 1)
        }
        return Playbook.Part.allCases.compactMap { part in
            guard let section = found.first(where: { $0.part == part }) else { return nil }
            let text = section.text.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
            if text.isEmpty {
                report("empty-part", "nothing stands below '\(part.heading)'", line: section.line + 1)
            }
            return Playbook.Section(part: part, text: text.joined(separator: "\n"))
        }
    }

    /// The part that a heading begins; nil (reported) when it begins none.
    private func heading(_ line: String, at index: Int, after: [Playbook.Part]) -> Playbook.Part? {
        let known = Playbook.Part.allCases.map(\.heading)
        let text = String(line.drop { $0 == "#" }.drop { $0 == " " })
        guard line.hasPrefix("## "), let part = Playbook.Part(rawValue: text) else {
            report(
                "unknown-part", "a playbook has no part '\(text)'", line: index + 1, length: line.unicodeScalars.count,
                hint: Nearest.name(to: text, among: known).map { "did you mean '## \($0)'?" }
                    ?? "its parts: " + known.map { "## \($0)" }.joined(separator: ", "))
            return nil
        }
        guard !after.contains(part) else {
            report("duplicate-part", "'\(text)' stands here a second time", line: index + 1)
            return nil
        }
        if let last = after.last, order(last) > order(part) {
            report("part-order", "'\(text)' stands above '\(last.heading)'", line: index + 1)
        }
        return part
    }

    private func order(_ part: Playbook.Part) -> Int { Playbook.Part.allCases.firstIndex(of: part) ?? 0 }

    private func isBlank(_ line: String) -> Bool { line.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 } }

    private func report(
        _ code: String, _ message: String, line: Int, column: Int = 1, length: Int = 1, hint: String? = nil
    ) {
        reporter.report(code, message, at: Mark(line: line, column: column), length: length, hint: hint)
    }
}
