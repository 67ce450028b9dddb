import Model
import Testing
import YAML

@testable import Playbooks

@Suite struct PlaybookSetTests {
    static func file(_ id: String, title: String = "A page") -> SourceFile {
        let text = "---\nid: \(id)\ntitle: \(title)\nwhen: Always.\n---\n" + PlaybookReaderTests.body
        return SourceFile(path: "dir/\(id).md", bytes: Array(text.utf8))
    }

    static func reference(_ rule: String, _ playbook: String?) -> PlaybookReference {
        PlaybookReference(rule: rule, playbook: playbook, origin: Origin(file: "p.yaml", line: 12))
    }

    @Test func rulesAndPagesThatDoNotFitAreReportedAtTheirPlaces() throws {
        let set = try PlaybookSet.load(files: [Self.file("alpha"), Self.file("beta")]).get()
        let rules = [Self.reference("a", "alpha"), Self.reference("b", "betta"), Self.reference("none", nil)]
        #expect(
            set.diagnostics(of: rules).map(\.description) == [
                """
                dir/beta.md:1:1: warning[unused-playbook]: no rule names the playbook 'beta'
                hint: say 'playbook: beta' in a rule
                """,
                """
                p.yaml:12:1: warning[no-playbook]: the rule 'none' names no playbook
                hint: write none.md and say 'playbook: none'
                """,
                """
                p.yaml:12:1: error[unknown-playbook]: the rule 'b' names the playbook 'betta', and there is none
                hint: did you mean 'beta'?
                """,
            ])
    }

    /// An app's own version of a rule names the same page: said once.
    @Test func theSameFaultIsSaidOnce() throws {
        let set = try PlaybookSet.load(files: []).get()
        #expect(set.diagnostics(of: [Self.reference("a", "x"), Self.reference("a", "x")]).count == 1)
    }

    @Test func ownPagesTakeThePlaceOfThoseBelow() throws {
        let own = try PlaybookSet.load(files: [Self.file("b", title: "Mine")]).get()
        let below = try PlaybookSet.load(files: [Self.file("a"), Self.file("b")]).get()
        let both = own.over(below)
        #expect(both.playbooks.map(\.id) == ["a", "b"])
        #expect(both.playbook("b")?.title == "Mine" && both.playbook("c") == nil)
    }

    @Test func faultsOfAllFilesComeAtOnce() {
        let bad = SourceFile(path: "dir/x.md", bytes: Array("nothing".utf8))
        guard case .failure(let errors) = PlaybookSet.load(files: [bad, Self.file("a"), bad]) else {
            Issue.record("faulty files were taken")
            return
        }
        #expect(errors.diagnostics.map(\.code) == ["front-matter", "front-matter"])
    }

    @Test func blocksOfAText() {
        let text = """
            Two lines
            of words.

            - one
              goes on
            - two `x` **y**
            1. three

            ```
            # a  b

            ```
            end
            """
        #expect(
            PlaybookBlock.blocks(text) == [
                .paragraph("Two lines of words."), .item(mark: "-", text: "one goes on"),
                .item(mark: "-", text: "two `x` **y**"), .item(mark: "1.", text: "three"), .code(["# a  b", ""]),
                .paragraph("end"),
            ])
    }

    @Test(arguments: [
        ("a `b` c", [PlaybookBlock.Span.words("a "), .code("b"), .words(" c")]),
        ("**a**b", [.strong("a"), .words("b")]), ("`**a**`", [.code("**a**")]),
        ("one ` alone", [.words("one ` alone")]), ("2 ** 3", [.words("2 ** 3")]), ("", []), ("``", [.words("``")]),
    ])
    func spansOfALine(_ line: String, _ spans: [PlaybookBlock.Span]) {
        #expect(PlaybookBlock.spans(line) == spans)
    }
}
