import Glibc
import Model
import TestKit

/// A fenced block of a page, and what the word behind its fence says of it: docs/writing-docs.md has the words.
struct DocumentationBlock {
    enum Kind: Equatable {
        /// Written to that file.
        case file(String)
        /// Its commands are run.
        case console(Surroundings)
        /// Commands that are not run, and why.
        case skipped(String)
        case other
    }

    /// What the commands of a block are run beside.
    struct Surroundings: Equatable {
        /// The scenario of a simulated runtime, which the commands know as `http://localhost:8000`. Its figures are never the same
        /// twice: a number in what is printed stands for any number.
        var runtime: String?
        /// One pass has been made: there is a journal.
        var isChecked = false
        /// Whether what is printed is shown.
        var isShown = true
    }

    struct Example {
        /// Assignments before the command.
        let environment: [String: String]
        /// Behind `mozaiks-ops`.
        let words: [String]
        let code: Int32
        let expected: [String]
    }

    /// Why commands are not run.
    static let reasons: [String: String] = [
        "machine": "another program does it: make, curl, systemd, a container, a cloud",
        "yours": "it names what is only there where it is read: an incident, a request, a service",
        "stays": "it runs until it is stopped, or wants a screen",
    ]

    /// The first word behind the fence.
    let language: String
    let kind: Kind
    /// Of the fence, from 1.
    let line: Int
    let lines: [String]

    static func blocks(of text: String) -> [DocumentationBlock] {
        var blocks: [DocumentationBlock] = []
        var open: (ticks: Int, indent: Int, info: String, line: Int, lines: [String])?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).enumerated() {
            let indent = line.prefix { $0 == " " }.count
            let ticks = line.dropFirst(indent).prefix { $0 == "`" }.count
            let info = String(line.dropFirst(indent + ticks))
            if let block = open {
                if ticks >= block.ticks, info.allSatisfy({ $0 == " " }) {
                    blocks.append(DocumentationBlock(info: block.info, line: block.line, lines: block.lines))
                    open = nil
                } else {
                    open?.lines.append(String(line.dropFirst(min(indent, block.indent))))
                }
            } else if ticks >= 3, !info.contains("`") {
                open = (ticks, indent, info, index + 1, [])
            }
        }
        // A fence that nobody closed holds the rest of the page.
        if let block = open { blocks.append(DocumentationBlock(info: block.info, line: block.line, lines: block.lines)) }
        return blocks
    }

    init(info: String, line: Int, lines: [String]) {
        let words = info.split(separator: " ").map(String.init)
        func value(_ key: String) -> String? { words.first { $0.hasPrefix(key + "=") }.map { String($0.dropFirst(key.count + 1)) } }
        language = words.first.flatMap { $0.contains("=") ? nil : $0 } ?? ""
        self.line = line
        self.lines = lines
        if let name = value("file") {
            kind = .file(name)
        } else if words.contains("skip") || value("skip") != nil {
            kind = .skipped(value("skip") ?? "")
        } else if language == "console" {
            kind = .console(
                Surroundings(runtime: value("runtime"), isChecked: words.contains("checked"), isShown: !words.contains("unshown")))
        } else {
            kind = .other
        }
    }

    /// What is not said of the block that has to be; nil: nothing.
    var fault: String? {
        switch kind {
        case _ where language.isEmpty: return "a block says what it is: console, sh, yaml, text, …"
        case .file, .console: return nil
        case .skipped(let reason):
            return DocumentationBlock.reasons[reason] == nil
                ? "'skip=\(reason)' is no reason: \(DocumentationBlock.reasons.keys.sorted())" : nil
        case .other:
            if language == "sh" { return "commands are run, in a block 'console', or say why not: skip=…" }
            let command = lines.first { line in ["$ ", "mozaiks-ops ", "sudo "].contains { line.hasPrefix($0) } }
            return command.map { "commands hide in a block of \(language): \($0)" }
        }
    }

    /// The commands of a console block, each with what it prints. Only `mozaiks-ops` is run.
    var examples: [Example] {
        var examples: [Example] = []
        var current: Example?
        for line in lines {
            guard line.hasPrefix("$ ") else {
                current = current.map { $0.printing(line) }
                continue
            }
            if let current { examples.append(current) }
            current = DocumentationBlock.example(String(line.dropFirst(2)))
        }
        if let current { examples.append(current) }
        return examples
    }

    private static func example(_ command: String) -> Example? {
        var command = command
        var code: Int32 = 0
        if let mark = command.firstIndex(ofBytes: "# exit ") {
            code = Int32(command[mark...].dropFirst(7).prefix { $0.isNumber }) ?? -1
            command = String(command[..<mark])
        }
        let all = words(command)
        let assignments = all.prefix(while: isAssignment)
        guard all.dropFirst(assignments.count).first == "mozaiks-ops" else { return nil }
        var environment: [String: String] = [:]
        for assignment in assignments {
            let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            environment[String(parts[0])] = String(parts[1])
        }
        return Example(environment: environment, words: Array(all.dropFirst(assignments.count + 1)), code: code, expected: [])
    }

    /// `NAME=value` before a command.
    static func isAssignment(_ word: String) -> Bool {
        let name = word.prefix { $0 != "=" }
        return name.count < word.count && !name.isEmpty && name.allSatisfy { $0.isUppercase || $0 == "_" }
    }

    /// As a shell splits them, without a comment at the end.
    static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        for character in text {
            if let open = quote {
                if character == open { quote = nil } else { word?.append(character) }
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if character == "#", word == nil {
                break
            } else if character == " " {
                if let done = word { words.append(done) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        if let word { words.append(word) }
        return words
    }

    /// Line by line; a line `…` stands for any lines, `…` within a line for any text. Space at the end does not count.
    static func matches(_ shown: String, _ expected: [String]) -> Bool {
        var lines = shown.split(separator: "\n", omittingEmptySubsequences: false).map(trimmed)
        while lines.last == "" { lines.removeLast() }
        var wanted = expected.map { trimmed($0[...]) }
        while wanted.last == "" { wanted.removeLast() }
        return matches(lines[...], wanted[...])
    }

    private static func matches(_ lines: ArraySlice<String>, _ wanted: ArraySlice<String>) -> Bool {
        guard let first = wanted.first else { return lines.isEmpty }
        if first == "…" {
            return lines.indices.contains { matches(lines[$0...], wanted.dropFirst()) }
                || matches(lines[lines.endIndex...], wanted.dropFirst())
        }
        guard let line = lines.first, fits(line[...], first[...]) else { return false }
        return matches(lines.dropFirst(), wanted.dropFirst())
    }

    private static func fits(_ line: Substring, _ wanted: Substring) -> Bool {
        guard let dots = wanted.firstIndex(of: "…") else { return line == wanted }
        guard line.hasPrefix(wanted[..<dots]) else { return false }
        let rest = wanted[wanted.index(after: dots)...]
        var start = line.index(line.startIndex, offsetBy: wanted[..<dots].count)
        while true {
            if fits(line[start...], rest) { return true }
            guard start < line.endIndex else { return false }
            start = line.index(after: start)
        }
    }

    /// With any number for every number, and one space for several: columns are as wide as their numbers.
    static func withoutFigures(_ text: String) -> String {
        var rough = ""
        for character in text {
            if character.isNumber || (character == "." && rough.last == "0") {
                if rough.last != "0" { rough.append("0") }
            } else if character != " " || rough.last != " " {
                rough.append(character)
            }
        }
        return rough
    }

    private static func trimmed(_ line: Substring) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return String(line)
    }
}

extension DocumentationBlock.Example {
    fileprivate func printing(_ line: String) -> Self {
        Self(environment: environment, words: words, code: code, expected: expected + [line])
    }
}
