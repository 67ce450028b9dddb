import Glibc
import Model
import Simulator
import TestKit
import Testing

/// Examples of every page are run: what they show is what the program prints. How to mark the blocks of a page is in
/// docs/writing-docs.md.
@Suite struct DocumentationTests {
    /// Pages whose commands are run beside what only another suite has.
    static let elsewhere = ["docs/replay.md": "ReplayPageTests, over a journal of two days"]

    static func blocks(_ path: String) -> [DocumentationBlock] {
        DocumentationBlock.blocks(of: String(decoding: Fixtures.read(Fixtures.repository + "/" + path) ?? [], as: UTF8.self))
    }

    /// Pages with examples that are run.
    static let pages = PagesTests.pages.filter { path in
        elsewhere[path] == nil && blocks(path).contains { !$0.examples.isEmpty && $0.kind.isRun }
    }

    @Test("every block says what it is, and commands that are not run say why", arguments: PagesTests.pages)
    func marked(path: String) {
        for block in Self.blocks(path) {
            if let fault = block.fault { Issue.record("\(path):\(block.line): \(fault)") }
        }
    }

    @Test("what is skipped, hidden or unnamed is found")
    func faults() {
        func fault(_ text: String) -> String? { DocumentationBlock.blocks(of: text).first?.fault }
        #expect(fault("```\n$ make\n```") != nil)
        #expect(fault("```console skip\n$ mozaiks-ops run\n```") != nil)
        #expect(fault("```console skip=later\n$ mozaiks-ops run\n```") != nil)
        #expect(fault("```sh\nmake\n```") != nil)
        #expect(fault("```text\nmozaiks-ops check\n```") != nil)
        #expect(fault("  ```text\n  $ make\n  ```") != nil)
        #expect(fault("```console skip=stays\n$ mozaiks-ops run\n```") == nil)
        #expect(fault("````text\n```\n$inside\n```\n````") == nil)
        #expect(DocumentationBlock.blocks(of: "````text\n```a\nb```\n````\n```yaml\nc\n```").map(\.lines) == [["```a", "b```"], ["c"]])
    }

    @Test func pagesAreFound() {
        let run = Set(DocumentationTests.pages)
        for path in ["README.md", "docs/policies.md", "docs/getting-started.md", "docs/safety.md", "docs/notifications.md"] {
            #expect(run.contains(path), "no example of \(path) is run")
        }
        for path in DocumentationTests.elsewhere.keys { #expect(PagesTests.pages.contains(path), "\(path) is no page") }
    }

    @Test("every example does what its page says", arguments: pages)
    func page(path: String) throws {
        let shell = Shell()
        var worlds: [String: SimulatorServer] = [:]
        defer { for world in worlds.values { world.stop() } }
        var checked: Set<String> = []
        for block in Self.blocks(path) {
            switch block.kind {
            case .file(let name):
                shell.folder.makeFolders(for: name)
                shell.folder.write(block.lines.joined(separator: "\n") + "\n", to: name)
            case .console(let surroundings):
                var url: String?
                if let scenario = surroundings.runtime {
                    let world = try worlds[scenario] ?? SimulatorServer(try #require(Scenario.named(scenario), "\(path):\(block.line)"))
                    if worlds.updateValue(world, forKey: scenario) == nil { try world.start() }
                    url = world.urls[0]
                }
                if surroundings.isChecked, let url, checked.insert(url).inserted {
                    let pass = try run(["check"], [:], shell, beside: url)
                    #expect(pass.code == 0, "\(path):\(block.line): \(pass.output)\(pass.errors)")
                }
                for example in block.examples {
                    let ending = try run(example.words, example.environment, shell, beside: url)
                    let place = "\(path):\(block.line), $ mozaiks-ops \(example.words.joined(separator: " "))"
                    #expect(ending.code == example.code, "\(place)\n\(ending.output)\(ending.errors)")
                    guard surroundings.isShown else {
                        #expect(example.expected.allSatisfy { $0.isEmpty }, "\(place): what is not shown is not written down")
                        continue
                    }
                    var (shown, expected) = (ending.output + ending.errors, example.expected)
                    if let url {
                        shown = DocumentationBlock.withoutFigures(shown.replacing(url, with: Self.address))
                        expected = expected.map(DocumentationBlock.withoutFigures)
                    }
                    #expect(DocumentationBlock.matches(shown, expected), "\(place) printed:\n\(shown)")
                }
            case .skipped, .other: continue
            }
        }
    }

    /// How pages call the runtime.
    private static let address = "http://localhost:8000"

    private func run(
        _ words: [String], _ environment: [String: String], _ shell: Shell, beside url: String?
    ) throws -> RunningProgram.Ending {
        var shell = shell
        if let url { shell.environment["MOZAIKS_RUNTIME_URL"] = url }
        shell.environment.merge(environment.mapValues { $0.replacing(Self.address, with: url ?? Self.address) }) { _, given in given }
        return try shell.run(words.map { $0.replacing(Self.address, with: url ?? Self.address) })
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

    @Test func figuresStandForAnyFigure() {
        #expect(DocumentationBlock.withoutFigures("  37 of 92  (0.25 ms), 5m6s.") == " 0 of 0 (0 ms), 0m0s.")
        #expect(DocumentationBlock.withoutFigures("  ok 7 of 1.") == DocumentationBlock.withoutFigures("  ok  17 of 12."))
        #expect(DocumentationBlock.withoutFigures("7 open") != DocumentationBlock.withoutFigures("seven open"))
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
        // What Kubernetes gives its pods lies where that says.
        for place in places where !["/etc/mozaiks-ops/secrets", "/var/run/secrets/kubernetes.io/"].contains(where: place[2].hasPrefix) {
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
            DocumentationBlock.words(#"policy test --run '^a b' "c d" x # why"#) == [
                "policy", "test", "--run", "^a b", "c d", "x",
            ])
        #expect(DocumentationBlock.words("a#b 'c # d'") == ["a#b", "c # d"])
    }

    @Test func commandsHaveSurroundings() throws {
        let text = "```console runtime=busy checked unshown\n$ A_B=c mozaiks-ops check # exit 2\nOK\n$ ls\nfile\n```"
        let block = try #require(DocumentationBlock.blocks(of: text).first)
        #expect(block.kind == .console(.init(runtime: "busy", isChecked: true, isShown: false)))
        #expect(block.examples.map(\.words) == [["check"]] && block.examples.map(\.environment) == [["A_B": "c"]])
        #expect(block.examples.map(\.code) == [2] && block.examples.map(\.expected) == [["OK"]])
    }
}

extension DocumentationBlock.Kind {
    fileprivate var isRun: Bool { if case .console = self { true } else { false } }
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
