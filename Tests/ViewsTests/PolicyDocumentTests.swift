import Model
import Playbooks
import Policy
import Testing
import Views
import YAML

/// What is said to programs of policies, of their signals and of the pages that rules name.
@Suite("Documents of policies")
struct PolicyDocumentTests {
    private static func fault(_ severity: Diagnostic.Severity, line: Int) -> Diagnostic {
        Diagnostic(
            "blind", "it can never fire", file: "ops_policy.default.yaml", line: line, hint: "see docs/policies.md", severity: severity)
    }

    @Test("one error makes files unusable, warnings do not; each finding has its place")
    func check() {
        var findings = PolicyFindings(PolicySet.embeddedDefault)
        let usual = findings.diagnostics.count
        findings.diagnostics.append(Self.fault(.warning, line: 3))
        #expect(findings.document.json["ok"]?.bool == true && findings.document.json["warnings"]?.int == Int64(usual + 1))
        findings.diagnostics.append(Self.fault(.error, line: 7))
        let json = findings.document.json
        #expect(
            json.object?.map(\.key) == ["schema", "ok", "errors", "warnings", "files", "read", "rules", "diagnostics"])
        #expect(json["ok"]?.bool == false && json["errors"]?.int == 1 && (json["rules"]?.int ?? 0) > 20)
        let last = json["diagnostics"]?.array?.last
        #expect(
            last?.object?.map(\.key)
                == ["severity", "code", "message", "file", "line", "column", "length", "source", "hint"])
        #expect(last?["severity"]?.string == "error" && last?["line"]?.int == 7 && last?["source"] == .null)
        let instead = OutputDocument([Self.fault(.error, line: 7)]).json
        #expect(instead["schema"]?.string == "mozaiks.ops/errors/v1" && instead["ok"]?.bool == false)
        #expect(instead["diagnostics"]?[0] == last)
    }

    @Test("every signal is listed, with what it needs")
    func signals() throws {
        let rows = try #require(SignalList.document.json["signals"]?.array)
        #expect(rows.map { $0["name"]?.string } == Signal.table.map(\.name) && !rows.isEmpty)
        let rate = rows.first { $0["name"]?.string == "error_rate" }
        #expect(rate?["windowed"]?.bool == true && rate?["gate"]?.bool == false && rate?["counters"]?.array?.isEmpty == false)
    }

    @Test("each page with the rules that name it, each once")
    func playbooks() throws {
        let place = Origin(file: "ops_policy.default.yaml", line: 1)
        let references = [("quiet", nil), ("loud", "noisy-neighbor"), ("loud", "noisy-neighbor"), ("louder", "noisy-neighbor")].map {
            PlaybookReference(rule: $0.0, playbook: $0.1, origin: place)
        }
        let list = PlaybookList(.builtIn, named: references)
        let pages = try #require(list.document.json["playbooks"]?.array)
        #expect(pages.count == PlaybookSet.builtIn.playbooks.count)
        let page = try #require(pages.first { $0["id"]?.string == "noisy-neighbor" })
        #expect(page["rules"] == ["loud", "louder"])
        #expect(pages.allSatisfy { $0["id"]?.string == "noisy-neighbor" || $0["rules"] == [] })
        let whole = try #require(PlaybookSet.builtIn.playbook("noisy-neighbor")).document.json
        #expect(whole["schema"]?.string == "mozaiks.ops/playbook/v1" && whole["title"] == page["title"])
        #expect(whole["sections"]?.array?.isEmpty == false)
        let check = PlaybookCheck(count: 2, warnings: [Self.fault(.warning, line: 3)]).document.json
        #expect(check["ok"]?.bool == true && check["playbooks"]?.int == 2 && check["warnings"]?.array?.count == 1)
    }
}
