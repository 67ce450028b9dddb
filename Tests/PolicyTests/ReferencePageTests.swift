import Glibc
import Model
import TestKit
import Testing

@testable import Policy

/// The reference parts of docs/policies.md: what the program knows is what the page lists, no more and no less.
@Suite struct ReferencePageTests {
    private let path = Fixtures.repository + "/docs/policies.md"

    private func page() throws -> String { String(decoding: try #require(Fixtures.read(path)), as: UTF8.self) }

    /// `MOZAIKS_RECORD=1 swift test --filter ReferencePageTests` writes it anew, and fails for that run.
    @Test("the table of signals is the program's")
    func signals() throws {
        var table = "| signal | unit | of | kind | needs | meaning |\n|---|---|---|---|---|---|\n"
        for info in Signal.table {
            let needs = info.needs.joined(separator: ", ")
            let of = info.subjects.map(\.rawValue).joined(separator: ", ")
            table += "| `\(info.name)` | \(info.unit.word) | \(of) | \(info.shape) | \(needs) | \(info.summary) |\n"
        }
        try Fixtures.recorded("docs/policies.md", between: "signals", table, "ReferencePageTests")
    }

    /// The names between backticks in the first cells of the table below a heading.
    private func listed(_ heading: String) throws -> Set<String> {
        var names: Set<String> = []
        var isHere = false
        for line in try page().split(separator: "\n") {
            if line.hasPrefix("## ") { isHere = line == "## \(heading)" }
            guard isHere, line.hasPrefix("| `") else { continue }
            for part in (line.split(separator: "|").first ?? "").split(separator: "`").enumerated() where part.offset % 2 == 1 {
                names.insert(String(part.element))
            }
        }
        return names
    }

    /// What the program says it knows where a key is that it does not know.
    private func known(_ text: String) throws -> Set<String> {
        let file = PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))
        guard case .failure(let errors) = PolicyLoader.load(files: [file]) else { return [] }
        let hints = errors.diagnostics.filter { $0.message.contains("zzzzzzzz") }.compactMap(\.hint)
        let hint = try #require(hints.first { $0.hasPrefix("known: ") }, "\(errors.diagnostics)")
        return Set(hint.dropFirst(7).split(separator: ",").map { String($0.drop { $0 == " " }) })
    }

    private let head = "schema: mozaiks.ops/policy/v1\nops_policy: default\n"

    @Test("every key of a file and of a rule is on the page")
    func keys() throws {
        let rule = "rules: {a: {subject: app, when: active_runs > 1, severity: info, "
        #expect(try listed("What a file holds") == known(head + "zzzzzzzz: 1\n"))
        #expect(try listed("What a rule holds") == known(head + rule + "zzzzzzzz: 1}}\n"))
        #expect(try listed("What a rule holds") == Set(RuleSheet.keys))
    }

    @Test("every action and each of its parameters is on the page")
    func actions() throws {
        #expect(try listed("Actions") == Set(ActionKind.allCases.map(\.rawValue)))
        let page = try page()
        let from = try #require(page.firstIndex(ofBytes: "\n## Actions\n"))
        let to = try #require(page.firstIndex(ofBytes: "\n## Test files\n"))
        for kind in ActionKind.allCases {
            let parameters = kind == .notify ? "zzzzzzzz: 1" : "ttl: 5m, zzzzzzzz: 1"
            let known = try known(
                head
                    + "rules: {a: {subject: app, when: active_runs > 1, severity: info, actions: [\(kind.rawValue): {\(parameters)}]}}\n")
            #expect(!known.isEmpty)
            for name in known {
                #expect(
                    page[from..<to].contains("`\(name)`") || page[from..<to].contains("`\(name):"), "\(kind.rawValue): \(name)")
            }
        }
    }
}
