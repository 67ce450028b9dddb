import Model
import Testing
import YAML

@testable import Playbooks

/// What is wrong with a page, and where.
@Suite struct PlaybookReaderTests {
    static let front = "---\nid: page\ntitle: A page\nwhen: Always.\n---\n"
    static let body = Playbook.Part.allCases.map { "\n## \($0.heading)\n\nSomething.\n" }.joined()

    static func read(_ text: String, path: String = "dir/page.md") -> (playbook: Playbook?, lines: [String]) {
        let (playbook, diagnostics) = PlaybookReader(SourceFile(path: path, bytes: Array(text.utf8))).read()
        return (playbook, diagnostics.map { $0.description.split(separator: "\n").first.map(String.init) ?? "" })
    }

    @Test func aWholePageIsRead() throws {
        let (playbook, lines) = PlaybookReaderTests.read(PlaybookReaderTests.front + PlaybookReaderTests.body)
        #expect(lines == [])
        let page = try #require(playbook)
        #expect(page.id == "page" && page.title == "A page" && page.when == "Always." && page.file == "dir/page.md")
        #expect(page.sections.map(\.part) == Playbook.Part.allCases)
        #expect(page.sections.allSatisfy { $0.text == "Something." })
    }

    struct Fault: CustomTestStringConvertible {
        let name: String
        let text: String
        let says: String
        var path = "dir/page.md"
        var testDescription: String { name }
    }

    static func body(_ change: (String) -> String) -> String { front + change(body) }
    static func replacing(_ old: String, _ new: String, in text: String = front + body) -> String {
        text.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false).joined(separator: new)
    }

    static let faults = [
        Fault(
            name: "no front matter", text: body, says: "dir/page.md:1:1: error[front-matter]: a playbook begins with"),
        Fault(name: "empty", text: "", says: "dir/page.md:1:1: error[front-matter]"),
        Fault(name: "front matter not closed", text: "---\nid: page\n", says: "dir/page.md:1:1: error[front-matter]"),
        Fault(
            name: "unknown key", text: replacing("title:", "owner: me\ntitle:"),
            says: "dir/page.md:3:1: error[unknown-key]: the front matter has no key 'owner'"),
        Fault(
            name: "missing key", text: replacing("title: A page\n", ""),
            says: "dir/page.md:2:1: error[missing-key]: the front matter needs 'title'"),
        Fault(
            name: "repeated key", text: replacing("title: A page\n", "title: A page\ntitle: B\n"),
            says: "dir/page.md:4:1: error[duplicate-key]"),
        Fault(name: "front matter is a list", text: "---\n- a\n---\n" + body, says: "dir/page.md:2:1: error[type]"),
        Fault(name: "not YAML", text: replacing("id: page", "id: [page"), says: "error[yaml]"),
        Fault(
            name: "id differs from the file's name", text: front + body,
            says: "dir/other.md:2:5: error[file-name]: the id 'page' differs from the file's name 'other'",
            path: "dir/other.md"),
        Fault(
            name: "id with a capital", text: replacing("id: page", "id: Page"),
            says: "dir/page.md:2:5: error[id]: 'Page' cannot be the id of a playbook"),
        Fault(
            name: "id that is a path", text: replacing("id: page", "id: ../page"), says: "dir/page.md:2:5: error[id]"),
        Fault(
            name: "long title", text: replacing("A page", String(repeating: "x", count: 81)),
            says: "dir/page.md:3:8: error[value]: 'title' must be one line of at most 80 characters"),
        Fault(
            name: "missing part", text: replacing("\n## How to undo\n\nSomething.\n", ""),
            says: "dir/page.md:21:1: error[missing-part]: the playbook needs '## How to undo'"),
        Fault(
            name: "empty part", text: replacing("## Safe actions\n\nSomething.", "## Safe actions\n"),
            says: "dir/page.md:15:1: error[empty-part]: nothing stands below 'Safe actions'"),
        Fault(
            name: "unknown part", text: replacing("## How to undo", "## How to undoo"),
            says: "dir/page.md:23:1: error[unknown-part]: a playbook has no part 'How to undoo'"),
        Fault(
            name: "deeper heading", text: replacing("## How to undo", "### How to undo"),
            says: "dir/page.md:23:1: error[unknown-part]"),
        Fault(
            name: "part twice", text: front + body + "\n## Safe actions\n\nMore.\n",
            says: "dir/page.md:27:1: error[duplicate-part]: 'Safe actions' stands here a second time"),
        Fault(
            name: "parts in another order",
            text: front + Playbook.Part.allCases.reversed().map { "## \($0.heading)\n\nSomething.\n" }.joined(),
            says: "dir/page.md:9:1: error[part-order]: 'What needs a person' stands above 'How to undo'"),
        Fault(
            name: "text above the first heading", text: front + "\nHello.\n" + body,
            says: "dir/page.md:7:1: error[outside]"),
        Fault(
            name: "open block of commands", text: front + body + "\n```\nls\n",
            says: "dir/page.md:27:1: error[unclosed-code]"),
        Fault(
            name: "an escape", text: replacing("Something.", "Some\u{1B}[31mthing."),
            says: "dir/page.md:9:5: error[control-character]: an invisible or control character, U+001B"),
        Fault(
            name: "a mark that reorders", text: replacing("Something.", "rm \u{202E}x"),
            says: "dir/page.md:9:4: error[control-character]: an invisible or control character, U+202E"),
    ]

    @Test(arguments: faults) func isReportedAtItsPlace(_ fault: Fault) {
        let (playbook, lines) = PlaybookReaderTests.read(fault.text, path: fault.path)
        #expect(playbook == nil)
        #expect(lines.contains { $0.contains(fault.says) }, "\(lines)")
    }

    @Test func aByteThatIsNotUTF8IsReported() {
        let bytes = Array((PlaybookReaderTests.front + PlaybookReaderTests.body).utf8) + [0xFF, 0x0A]
        let (playbook, diagnostics) = PlaybookReader(SourceFile(path: "page.md", bytes: bytes)).read()
        #expect(playbook == nil && diagnostics.map(\.code) == ["encoding"])
    }

    @Test func aHugeFileIsRefused() {
        let bytes = [UInt8](repeating: 0x61, count: SourceText.longest + 1)
        let (playbook, diagnostics) = PlaybookReader(SourceFile(path: "page.md", bytes: bytes)).read()
        #expect(playbook == nil && diagnostics.map(\.code) == ["too-large"])
    }

    @Test func allFaultsAreFoundAtOnce() {
        let text = "---\nid: Page\nowner: me\n---\n## What it meens\n"
        let (_, lines) = PlaybookReaderTests.read(text)
        let codes = lines.compactMap { $0.split(separator: "[").last?.split(separator: "]").first.map(String.init) }
        for code in ["id", "unknown-key", "missing-key", "unknown-part", "missing-part"] {
            #expect(codes.contains(code))
        }
    }

    @Test func aCommentInABlockOfCommandsIsNoHeading() throws {
        let text = PlaybookReaderTests.replacing("Something.", "```\n# no heading\n## What it means\n```")
        let (playbook, lines) = PlaybookReaderTests.read(text)
        #expect(lines == [])
        #expect(try #require(playbook).sections[0].text == "```\n# no heading\n## What it means\n```")
    }

    @Test func windowsLineEndsAreReadAsTheOthers() {
        let text = (PlaybookReaderTests.front + PlaybookReaderTests.body).split(
            separator: "\n", omittingEmptySubsequences: false
        ).joined(separator: "\r\n")
        let (playbook, lines) = PlaybookReaderTests.read(text)
        #expect(lines == [] && playbook?.sections.first?.text == "Something.")
    }
}
