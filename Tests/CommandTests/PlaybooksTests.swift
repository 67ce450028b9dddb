import Glibc
import TestKit
import Testing

/// Playbooks as somebody reads them at night, and as a maintainer checks them.
@Suite struct PlaybooksTests {
    static let page = """
        ---
        id: crowd
        title: A crowd
        when: Always.
        ---

        ## What it means

        Mine.

        ## How to confirm

        Look.

        ## Safe actions

        - Wait.

        ## What needs a person

        - Nothing.

        ## How to undo

        Nothing.

        """

    private func folder(_ shell: Shell, _ files: [String: String]) -> String {
        mkdir(shell.folder.path("pages"), 0o700)
        for (name, text) in files { shell.folder.write(text, to: "pages/\(name)") }
        return shell.folder.path("pages")
    }

    @Test func aPageIsLaidOutForATerminal() throws {
        let ending = try Shell().run("playbooks", "show", "noisy-neighbor")
        #expect(ending.code == 0 && ending.errors.isEmpty)
        Golden.expect(ending.output, is: "playbook-noisy-neighbor.txt")
    }

    @Test func aPageForAProgram() throws {
        let json = try Shell().run("playbooks", "show", "runtime-down", "-o", "json").json()
        #expect(json["schema"]?.string == "mozaiks.ops/playbook/v1" && json["id"]?.string == "runtime-down")
        #expect(json["sections"]?[4]?["heading"]?.string == "How to undo")
    }

    /// How many pages there are: one for each fault that default rules tell.
    static let pages = Fixtures.files(in: "playbooks", of: Fixtures.repository).count(where: { $0.hasSuffix(".md") })

    @Test func theListNamesEveryPageWithItsRules() throws {
        let output = try Shell().run("playbooks", "list").output
        #expect(output.contains("provider-trouble      Runs end without doing anything"))
        #expect(output.split(separator: "\n").count == 1 + PlaybooksTests.pages)
    }

    @Test func aSlipOfTheFingerIsMet() throws {
        let ending = try Shell().run("playbooks", "show", "noisy-neighbour")
        #expect(ending.code == 1 && ending.errors.contains("did you mean 'noisy-neighbor'?"))
    }

    /// It is read when things are broken.
    @Test func aFaultyConfigurationKeepsNobodyFromReading() throws {
        let shell = Shell(["MOZAIKS_OPS_CONFIG": "/nowhere/mozaiks-ops.yaml"])
        let ending = try shell.run("playbooks", "show", "runtime-down")
        #expect(ending.code == 0 && ending.output.hasPrefix("The runtime answers nobody\n"))
        #expect(ending.errors.contains("these are the built-in playbooks"))
    }

    @Test func ownPagesAreReadFromTheFolderThatTheConfigurationNames() throws {
        let shell = Shell()
        let pages = folder(shell, ["crowd.md": PlaybooksTests.page])
        shell.folder.write("schema: mozaiks.ops/config/v1\nplaybooks: \(pages)\n", to: "mozaiks-ops.yaml")
        let configured = try shell.run("playbooks", "show", "crowd", "--config", shell.folder.path("mozaiks-ops.yaml"))
        #expect(configured.code == 0 && configured.output.contains("What it means\n  Mine.\n"))
        #expect(try shell.run("playbooks", "show", "crowd", "--playbooks", pages).output == configured.output)
        #expect(
            try shell.run("playbooks", "show", "runtime-down", "--playbooks", pages).code == 0,
            "beside the built-in ones")
    }

    @Test func checkFindsEverythingAtOnce() throws {
        let shell = Shell()
        let pages = folder(shell, ["crowd.md": "nothing", "other.md": PlaybooksTests.page])
        let ending = try shell.run("playbooks", "check", pages)
        #expect(ending.code == 78 && ending.output.isEmpty)
        #expect(ending.errors.contains("crowd.md:1:1: error[front-matter]"))
        #expect(ending.errors.contains("other.md:2:5: error[file-name]"))
    }

    @Test func checkTellsWhereRulesAndPagesDoNotFit() throws {
        let shell = Shell()
        let pages = folder(shell, ["crowd.md": PlaybooksTests.page])
        let fine = try shell.run("playbooks", "check", pages)
        #expect(fine.code == 0 && fine.output.contains("warning[unused-playbook]: no rule names the playbook 'crowd'"))
        #expect(fine.output.hasSuffix("ok: 1 playbook, 1 warning\n"))
        let policies = QuickPolicy.write(to: shell.folder)
        let lacking = try shell.run("playbooks", "check", "--policies", policies)
        #expect(lacking.output.contains("warning[no-playbook]: the rule 'crowded' names no playbook"))
        #expect(try shell.run("playbooks", "check", "-o", "json").json()["ok"]?.bool == true)
    }

    /// A page must not send people to a command that is not there.
    @Test func everyCommandOfEveryPageExists() throws {
        let overview = try Shell().run().output
        let pages = try Shell().run("playbooks", "list", "-o", "json").json()
        var seen = 0
        for page in pages["playbooks"]?.array ?? [] {
            let text = try Shell().run("playbooks", "show", page["id"]?.string ?? "", "-o", "json").output
            for piece in text.pieces(after: "mozaiks-ops ") {
                let words = piece.split { !($0.isLetter || $0 == "-") }.prefix(2).map(String.init)
                guard let first = words.first, first.first?.isLowercase == true,
                    overview.contains("\n  \(first) ")
                else { continue }
                seen += 1
                let isKnown = overview.contains("\n  \(words.joined(separator: " ")) ")
                let isAlone = HelpTests.commands.contains(first)
                #expect(isKnown || isAlone, "mozaiks-ops \(words.joined(separator: " "))")
            }
        }
        #expect(seen > 20)
    }
}

extension String {
    /// What follows each place where a text stands.
    fileprivate func pieces(after text: String) -> [Substring] {
        split(separator: text, omittingEmptySubsequences: false).dropFirst().map { $0.prefix(60) }
    }
}
