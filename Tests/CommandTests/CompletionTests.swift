import Glibc
import TestKit
import Testing

/// What may stand where the cursor is: by the program itself, and by the real shells where they are installed.
@Suite struct CompletionTests {
    private static func words(_ ending: RunningProgram.Ending) -> [String] {
        ending.output.split(separator: "\n").dropFirst().map { String($0.prefix { $0 != "\t" }) }
    }

    @Test(
        "each place has what may stand there",
        arguments: [
            (["inci"], ["incidents"]), (["incidents", ""], ["list", "show", "explain", "ack", "unack"]), (["config", "s"], ["show"]),
            (["check", "--bri"], ["--brief"]), (["check", "--brief", "--brie"], []), (["check", "-o", ""], ["text", "json"]),
            (["check", "--output=j"], ["--output=json"]), (["check", "--output", "=", "j"], ["json"]),
            (["check", "--output", "="], ["text", "json"]),
            (["check", "--mode", ""], ["observe", "suggest", "enforce"]), (["check", "--mode", "e"], ["enforce"]),
            (["check", "--log-level", "w"], ["warning"]), (["incidents", "list", "--severity", ""], ["info", "warning", "critical"]),
            (["incidents", "list", "--status", "o"], ["open"]),
            (["token", "create", "x", "--role", ""], ["viewer", "operator", "approver"]),
            (["completion", ""], ["bash", "zsh", "fish"]), (["explain", "--why-not", "runtime-do"], ["runtime-down"]),
            (["policy", "explain", "mongodb-s"], ["mongodb-slow"]), (["simulate", "provider-d"], ["provider-down"]),
            (["help", "polic"], ["policy"]), (["help", "policy", "chec"], ["check"]), (["man", "polic"], ["policy"]),
            (["incidents", "show", ""], []), (["no-such", ""], []), (["check", "--", "x"], []), (["check", "--interval", ""], []),
        ] as [([String], [String])])
    func answers(line: [String], expected: [String]) throws {
        let ending = try Shell().run(["__complete"] + line)
        #expect(ending.code == 0 && ending.errors.isEmpty)
        #expect(ending.output.hasPrefix("words\n"))
        #expect(CompletionTests.words(ending) == expected, "\(line)")
    }

    @Test(arguments: [
        (["check", "--config", ""], "files\n"), (["check", "--state", "/tm"], "folders\n"), (["replay", ""], "files\n"),
        (["policy", "check", ""], "folders\n"),
    ])
    func whatTheShellKnowsBetterIsItsOwn(line: [String], expected: String) throws {
        #expect(try Shell().run(["__complete"] + line).output == expected)
    }

    @Test func whateverIsBrokenNobodyHearsOfIt() throws {
        let shell = Shell(["MOZAIKS_OPS_CONFIG": "/nonexistent", "MOZAIKS_OPS_STATE": "/nonexistent/too"])
        for line in [
            ["incidents", "show", ""], ["policy", "explain", ""], ["silences", "expire", ""], ["notify", "test", ""],
            ["actions", "approve", ""], ["explain", "--app", ""], [],
        ] {
            let ending = try shell.run(["__complete"] + line)
            #expect(ending.code == 0 && ending.errors.isEmpty, "\(line): \(ending.errors)")
        }
        shell.folder.write("no: [yaml", to: "mozaiks-ops.yaml")
        #expect(try shell.run("__complete", "incidents", "show", "").errors.isEmpty)
    }

    /// A shell with an incident in its journal and a runtime in its configuration.
    private static func withIncident(_ body: (Shell, _ id: String) throws -> Void) throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder)
            shell.configure(url)
            #expect(try shell.run("check").code == 1)
            let listed = try shell.run("incidents", "list", "-o", "json").json()
            try body(shell, try #require(listed["incidents"]?[0]?["short_id"]?.string))
        }
    }

    @Test func valuesAreThoseOfTheJournalAndTheConfiguration() throws {
        try CompletionTests.withIncident { shell, id in
            let shown = try shell.run("__complete", "incidents", "show", "")
            #expect(shown.output == "words\n\(id)\topen: crowded on runtime shared\n")
            #expect(try CompletionTests.words(shell.run("__complete", "incidents", "list", "--rule", "")) == ["crowded", "runtime-down"])
            #expect(try CompletionTests.words(shell.run("__complete", "silences", "add", "--runtime", "")) == ["shared"])
            let apps = try CompletionTests.words(shell.run("__complete", "silences", "add", "--app", "app-"))
            #expect(apps == ["app-clinic", "app-shop", "app-écolé-検証"], "also those that nothing happened to")
        }
    }

    // MARK: - Real shells

    private static func path(_ shell: String) -> String? {
        ["/usr/bin/\(shell)", "/bin/\(shell)"].first { access($0, X_OK) == 0 }
    }

    /// A folder with the program under its name, for a shell's PATH.
    private static func installed(in shell: Shell) throws {
        #expect(symlink(Shell.program, shell.folder.path("mozaiks-ops")) == 0)
        for name in ["bash", "zsh", "fish"] { shell.folder.write(try shell.run("completion", name).output, to: "completion." + name) }
    }

    private static func run(_ program: String, _ words: [String], _ shell: Shell) throws -> String {
        let ending = try RunningProgram(
            program, words,
            environment: [
                "HOME": shell.folder.path, "PATH": shell.folder.path + ":/usr/bin:/bin", "MOZAIKS_OPS_STATE": shell.state,
                "LANG": "C.UTF-8",
            ],
            in: shell.folder.path
        ).waitForEnd()
        #expect(ending.code == 0 && ending.errors.isEmpty, "\(program): \(ending.errors)")
        return ending.output
    }

    @Test(.enabled(if: path("bash") != nil)) func bashCompletes() throws {
        try CompletionTests.withIncident { shell, id in
            try CompletionTests.installed(in: shell)
            mkdir(shell.folder.path("a folder"), 0o700)
            let script = """
                set -u
                source completion.bash
                tell() { COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _mozaiks_ops mozaiks-ops; printf '%s;' "${COMPREPLY[@]}"; echo; }
                tell mozaiks-ops incidents sh
                tell mozaiks-ops incidents show ''
                tell mozaiks-ops check --output = j
                tell mozaiks-ops check --state 'a f'
                tell mozaiks-ops check --config mozaiks-ops.ya
                complete -p mozaiks-ops
                """
            let shown = try CompletionTests.run(try #require(CompletionTests.path("bash")), ["--norc", "-c", script], shell)
            #expect(shown == "show;\n\(id);\njson;\na folder;\nmozaiks-ops.yaml;\ncomplete -F _mozaiks_ops mozaiks-ops\n")
        }
    }

    @Test(.enabled(if: path("fish") != nil)) func fishCompletes() throws {
        try CompletionTests.withIncident { shell, id in
            try CompletionTests.installed(in: shell)
            let script = """
                source completion.fish
                complete -C 'mozaiks-ops incidents sh'
                complete -C 'mozaiks-ops incidents show '
                complete -C 'mozaiks-ops check --output=j'
                complete -C 'mozaiks-ops check --config mozaiks-ops.y'
                """
            let shown = try CompletionTests.run(try #require(CompletionTests.path("fish")), ["--no-config", "-c", script], shell)
            let lines = shown.split(separator: "\n").map(String.init)
            #expect(lines.contains { $0.hasPrefix("show\t") }, "\(shown)")
            #expect(lines.contains("\(id)\topen: crowded on runtime shared"), "\(shown)")
            #expect(lines.contains { $0.hasPrefix("--output=json") }, "\(shown)")
            #expect(lines.contains { $0.hasPrefix("mozaiks-ops.yaml") }, "\(shown)")
        }
    }

    @Test(.enabled(if: path("zsh") != nil)) func zshCompletes() throws {
        try CompletionTests.withIncident { shell, id in
            try CompletionTests.installed(in: shell)
            // The function in the real zsh, with what its completion hands over; compadd tells what it was given.
            let direct = """
                compadd() { while [[ $1 != -- ]]; do shift; done; shift; print -r -- "$*"; }
                _files() { print -r -- files "$*"; }
                compdef() { print -r -- registered "$*"; }
                source completion.zsh
                tell() { words=("$@"); CURRENT=$#; _mozaiks_ops; }
                tell mozaiks-ops incidents sh
                tell mozaiks-ops incidents show ''
                tell mozaiks-ops check --output=j
                tell mozaiks-ops check --state ''
                tell mozaiks-ops check --config ''
                true
                """
            let shown = try CompletionTests.run(try #require(CompletionTests.path("zsh")), ["-f", "-c", direct], shell)
            #expect(shown == "registered _mozaiks_ops mozaiks-ops\nshow\n\(id)\n--output=json\nfiles -/\nfiles \n")
        }
    }

    @Test func anUnknownShellIsAnError() throws {
        let ending = try Shell().run("completion", "zhs")
        #expect(ending.code == 64 && ending.errors.contains("did you mean zsh?"))
    }
}
