import Glibc
import JSONParsing
import Model
import TestKit
import Testing

/// Pages of docs/ whose examples are run: what they show is what the program prints. How to mark the blocks of a page is
/// in docs/writing-docs.md.
@Suite struct DocumentationTests {
    /// Pages with examples that are run. Add yours.
    static let pages = ["docs/policies.md", "docs/getting-started.md", "docs/concepts.md", "docs/runbook.md"]

    @Test("every example does what its page says", arguments: pages)
    func page(path: String) throws {
        let text = String(decoding: try #require(Fixtures.read(Fixtures.repository + "/" + path)), as: UTF8.self)
        let shell = Shell()
        var examples = 0
        for block in DocumentationBlock.blocks(of: text) {
            switch block.kind {
            case .file(let name):
                shell.folder.makeFolders(for: name)
                shell.folder.write(block.lines.joined(separator: "\n") + "\n", to: name)
            case .console:
                for example in block.examples {
                    examples += 1
                    let ending = try shell.run(example.words)
                    let place = "\(path):\(block.line), $ mozaiks-ops \(example.words.joined(separator: " "))"
                    #expect(ending.code == example.code, "\(place)\n\(ending.output)\(ending.errors)")
                    let shown = ending.output + ending.errors
                    #expect(DocumentationBlock.matches(shown, example.expected), "\(place) printed:\n\(shown)")
                }
            case .other: continue
            }
        }
        #expect(examples > 0, "a page without examples proves nothing")
    }

    @Test(
        "what a page leaves out with … matches anything, and nothing else does",
        arguments: [
            ("a\nb\n", ["a", "b"], true), ("a\nb\n", ["a"], false), ("a\n", ["a", "b"], false), ("", [], true),
            ("a\nb\nc\n", ["a", "…", "c"], true), ("a\nc\n", ["a", "…", "c"], true), ("a\nb\n", ["…"], true),
            ("took 12 ms\n", ["took … ms"], true), ("took 12 s\n", ["took … ms"], false),
            ("a  \nb\n", ["a", "b"], true), ("x a\n", ["a"], false), ("a b c\n", ["a…b…c"], true),
        ])
    func matching(shown: String, expected: [String], isMatch: Bool) {
        #expect(DocumentationBlock.matches(shown, expected) == isMatch)
    }

    /// What one page calls by another path or name somebody makes twice.
    @Test func aSecretHasOnePathOnEveryPage() throws {
        let found = try RunningProgram(
            "/usr/bin/env",
            [
                "grep", "-rnoIE", #"/(run|var/run|etc)/[A-Za-z0-9_./-]*secrets[A-Za-z0-9_./-]*"#, "README.md", "docs", "policies",
                "playbooks",
            ],
            environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C"], in: Fixtures.repository, atMost: 30
        ).waitForEnd()
        let places = found.output.split(separator: "\n").map { $0.split(separator: ":", maxSplits: 2).map(String.init) }
        #expect(places.count > 30, "\(found.everything)")
        for place in places where !place[2].hasPrefix("/etc/mozaiks-ops/secrets") {
            // Where Compose mounts them, and what says so.
            let isOfCompose =
                place[2].hasPrefix("/run/secrets")
                && ["docs/deploy/container.md", "docs/deploy/container/mozaiks-ops.yaml", "docs/configuration.md"].contains(place[0])
            #expect(isOfCompose, "\(place.joined(separator: ":"))")
        }
        for old in ["page-token", "heartbeat-url"] {
            #expect(!places.contains { $0[2].hasSuffix("/" + old) }, "\(old) has another name elsewhere")
        }
    }

    @Test func wordsAreSplitAsAShellDoes() {
        #expect(
            DocumentationBlock.words(#"policy test --run '^a b' "c d" x"#) == [
                "policy", "test", "--run", "^a b", "c d", "x",
            ])
    }
}

/// A fenced block of a page.
struct DocumentationBlock {
    enum Kind {
        case file(String)
        case console
        case other
    }

    struct Example {
        /// Behind `mozaiks-ops`.
        let words: [String]
        let code: Int32
        let expected: [String]
    }

    let kind: Kind
    /// Of the fence, from 1.
    let line: Int
    let lines: [String]

    static func blocks(of text: String) -> [DocumentationBlock] {
        var blocks: [DocumentationBlock] = []
        var open: (info: String, line: Int, lines: [String])?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).enumerated() {
            if line.hasPrefix("```") {
                if let block = open {
                    blocks.append(DocumentationBlock(kind: kind(block.info), line: block.line, lines: block.lines))
                    open = nil
                } else {
                    open = (String(line.dropFirst(3)), index + 1, [])
                }
            } else {
                open?.lines.append(line)
            }
        }
        return blocks
    }

    private static func kind(_ info: String) -> Kind {
        let words = info.split(separator: " ").map(String.init)
        if let named = words.first(where: { $0.hasPrefix("file=") }) { return .file(String(named.dropFirst(5))) }
        return words.first == "console" && !words.contains("skip") ? .console : .other
    }

    /// The commands of a console block, each with what it prints. Only `mozaiks-ops` is run.
    var examples: [Example] {
        var examples: [Example] = []
        var current: (words: [String], code: Int32, expected: [String])?
        func close() {
            if let current { examples.append(Example(words: current.words, code: current.code, expected: current.expected)) }
        }
        for line in lines {
            guard line.hasPrefix("$ ") else {
                current?.expected.append(line)
                continue
            }
            close()
            var command = String(line.dropFirst(2))
            var code: Int32 = 0
            if let mark = command.firstIndex(ofBytes: "# exit ") {
                code = Int32(command[mark...].dropFirst(7)) ?? -1
                command = String(command[..<mark])
            }
            let words = DocumentationBlock.words(command)
            current = words.first == "mozaiks-ops" ? (Array(words.dropFirst()), code, []) : nil
        }
        close()
        return examples
    }

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

    private static func trimmed(_ line: Substring) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return String(line)
    }
}

extension TemporaryFolder {
    /// The folders that a file of that name lies in.
    fileprivate func makeFolders(for name: String) {
        var path = ""
        for part in name.split(separator: "/").dropLast() {
            path += path.isEmpty ? String(part) : "/" + part
            mkdir(self.path(path), 0o700)
        }
    }
}
