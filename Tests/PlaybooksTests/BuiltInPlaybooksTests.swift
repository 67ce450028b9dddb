import Foundation
import Model
import Policy
import Testing

@testable import Playbooks

@Suite struct BuiltInPlaybooksTests {
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Name without `.md` and bytes of each file of `playbooks/`, by name.
    static func files() throws -> [(id: String, bytes: Data)] {
        let folder = repository.appendingPathComponent("playbooks")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".md") }
            .map { $0.dropLast(3).description }.sorted()
            .map { ($0, try Data(contentsOf: folder.appendingPathComponent($0 + ".md"))) }
    }

    @Test func theBuiltInTextsAreTheFiles() throws {
        let files = try BuiltInPlaybooksTests.files()
        let isSame =
            files.map(\.id) == BuiltInPlaybooks.all.map(\.id)
            && zip(files, BuiltInPlaybooks.all).allSatisfy { $0.bytes == Data($1.text.utf8) }
        if !isSame, ProcessInfo.processInfo.environment["MOZAIKS_RECORD"] != nil {
            try BuiltInPlaybooksTests.record(files)
        }
        #expect(files.map(\.id) == BuiltInPlaybooks.all.map(\.id))
        for (file, builtIn) in zip(files, BuiltInPlaybooks.all) {
            #expect(
                file.bytes == Data(builtIn.text.utf8),
                "\(file.id): MOZAIKS_RECORD=1 swift test --filter BuiltInPlaybooksTests")
        }
    }

    @Test func allCanBeReadWithoutAWord() {
        for playbook in BuiltInPlaybooks.all {
            let file = SourceFile(path: playbook.id + ".md", bytes: Array(playbook.text.utf8))
            let (read, diagnostics) = PlaybookReader(file).read()
            #expect(diagnostics.map(\.description) == [])
            #expect(read?.sections.map(\.part) == Playbook.Part.allCases)
        }
    }

    /// A rule without a page, a page without a rule, a page for another rule: none.
    @Test func everyDefaultRuleHasItsOwnPageAndEveryPageItsRule() {
        let policies = PolicySet.embeddedDefault
        let rules = policies.defaultRules
        let references = rules.map { PlaybookReference(rule: $0.name, playbook: $0.playbook, origin: $0.origin) }
        #expect(PlaybookSet.builtIn.diagnostics(of: references).map(\.description) == [])
        // What is told sooner where it is beyond doubt, and keeps the other quiet, is the same fault, with the same page.
        for rule in rules where rule.playbook != rule.name {
            let other = rules.first { $0.name == rule.playbook }
            #expect(other?.playbook == other?.name && rule.suppresses.contains(other?.name ?? ""), "\(rule.name)")
        }
        #expect(PlaybookSet.builtIn.playbooks.map(\.id) == Set(references.compactMap(\.playbook)).sorted())
    }

    @Test(arguments: BuiltInPlaybooks.all.map(\.id)) func isWrittenForSomebodyWhoHasToAct(_ id: String) throws {
        let playbook = try #require(PlaybookSet.builtIn.playbook(id))
        let confirming = try #require(playbook.sections.first { $0.part == .confirming })
        let commands = PlaybookBlock.blocks(confirming.text).flatMap { block -> [String] in
            if case .code(let lines) = block { lines } else { [] }
        }
        #expect(commands.contains { $0.hasPrefix("curl ") || $0.hasPrefix("mozaiks-ops ") })
        for section in playbook.sections {
            for case .code(let lines) in PlaybookBlock.blocks(section.text) {
                for line in lines { #expect(line.count <= 140, "too wide to read: \(line)") }
            }
        }
        for word in ["TODO", "FIXME", "XXX"] { #expect(!playbook.sections.contains { $0.text.contains(word) }) }
    }

    /// Paths that the runtime has; a page that sends people elsewhere costs them minutes.
    @Test(arguments: BuiltInPlaybooks.all.map(\.id)) func asksOnlyEndpointsThatExist(_ id: String) throws {
        let known = ["/api/health", "/metrics/perf/aggregate", "/api/events/metrics"]
        let text = try #require(BuiltInPlaybooks.all.first { $0.id == id }?.text)
        for piece in text.components(separatedBy: "$URL/").dropFirst() {
            let path = "/" + piece.prefix { !$0.isWhitespace && $0 != "`" && $0 != "'" }
            #expect(known.contains(path), "\(path)")
        }
    }

    private static func record(_ files: [(id: String, bytes: Data)]) throws {
        let folder = repository.appendingPathComponent("Sources/Playbooks/BuiltIn")
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where name != "BuiltInPlaybooks.swift" {
            try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
        for (id, bytes) in files {
            let text = """
                extension BuiltInPlaybooks {
                    /// `playbooks/\(id).md`, byte for byte.
                    static let \(camelCase(id)) = #\"""

                """ + String(decoding: bytes, as: UTF8.self) + "\n\"\"\"#\n}\n"
            try Data(text.utf8).write(to: folder.appendingPathComponent(id + ".swift"))
        }
        let list = folder.appendingPathComponent("BuiltInPlaybooks.swift")
        let head = try String(contentsOf: list, encoding: .utf8).components(separatedBy: "text: String)] = [\n")[0]
        let entries = files.map { "        (\"\($0.id)\", \(camelCase($0.id))),\n" }.joined()
        try Data((head + "text: String)] = [\n" + entries + "    ]\n}\n").utf8).write(to: list)
    }

    private static func camelCase(_ id: String) -> String {
        let words = id.split(separator: "-")
        return words.prefix(1).joined() + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}
