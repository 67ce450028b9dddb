import Model
import Testing
import Views

/// What `doctor` found, for programs.
@Suite("Findings")
struct FindingsTests {
    @Test("one broken thing in any section is the verdict; notes are none")
    func verdict() {
        var findings = Findings()
        #expect(!findings.isBroken)
        findings.begin("Setup")
        findings.add(.ok, "policies: built in")
        findings.add(.note, "channels: none")
        #expect(!findings.isBroken && findings.document.json["broken"]?.bool == false)
        findings.begin("Runtime shared")
        findings.add(.broken, "gives no answer")
        findings.begin("Rules on shared")
        #expect(
            findings.document.json == [
                "schema": "mozaiks.ops/doctor/v1", "broken": true,
                "sections": [
                    [
                        "section": "Setup",
                        "findings": [
                            ["grade": "ok", "text": "policies: built in"], ["grade": "note", "text": "channels: none"],
                        ],
                    ],
                    ["section": "Runtime shared", "findings": [["grade": "broken", "text": "gives no answer"]]],
                    ["section": "Rules on shared", "findings": []],
                ],
            ])
    }
}
