import TestKit
import Testing

/// What the program says of itself, and how it takes a slip of the finger.
@Suite struct HelpTests {
    static let commands = [
        "demo", "init", "check", "run", "status", "top", "doctor", "evaluate", "runtimes list", "apps list", "incidents list",
        "incidents show", "incidents explain",
        "advise",
        "incidents ack", "incidents unack", "silences add", "silences list", "silences expire", "notify history",
        "notify test", "notify preview", "notify route", "actions list", "actions stop", "actions resume", "actions revert",
        "audit verify", "audit export", "journal check", "journal copy", "journal backup", "journal compact", "actions approvals",
        "actions approve", "actions deny", "mark deploy",
        "mark list", "policy check", "policy test", "policy show", "policy signals", "policy readiness", "policy explain", "explain",
        "playbooks list", "playbooks show", "playbooks check", "config check", "config show", "token create", "token list", "token revoke",
        "record",
        "replay", "simulate", "completion", "man",
    ]
    static let groups = [
        "runtimes", "apps", "incidents", "silences", "notify", "actions", "audit", "journal", "mark", "policy", "playbooks", "config",
        "token",
    ]

    @Test("help of each command is as recorded, with an example that names it", arguments: commands)
    func help(command: String) throws {
        let words = command.split(separator: " ").map(String.init)
        let ending = try Shell().run(words + ["--help"])
        #expect(ending.code == 0)
        #expect(ending.errors.isEmpty)
        Golden.expect(ending.output, is: "help-\(words.joined(separator: "-")).txt")
        let examples = try #require(ending.output.range(of: "\nExamples:\n")).lowerBound
        #expect(ending.output[examples...].contains("mozaiks-ops \(command)"))
        for line in ending.output.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
        #expect(try Shell().run(["help"] + words).output == ending.output, "'help X' is 'X --help'")
    }

    @Test func theOverviewNamesEveryCommand() throws {
        let ending = try Shell().run()
        #expect(ending.code == 0)
        Golden.expect(ending.output, is: "help.txt")
        for command in HelpTests.commands { #expect(ending.output.contains("\n  \(command) "), "\(command)") }
        for word in ["--help", "-h", "help"] { #expect(try Shell().run(word).output == ending.output) }
    }

    @Test("a group shows its commands", arguments: groups)
    func group(name: String) throws {
        let ending = try Shell().run(name)
        #expect(ending.code == 0)
        Golden.expect(ending.output, is: "help-\(name).txt")
        for words in [[name, "--help"], [name, "help"], ["help", name]] {
            #expect(try Shell().run(words).output == ending.output, "\(words)")
        }
    }

    @Test func theVersionIsOneLine() throws {
        let ending = try Shell().run("--version")
        #expect(ending.code == 0)
        #expect(ending.output.hasPrefix("mozaiks-ops ") && ending.output.filter { $0 == "\n" }.count == 1)
        // Packages read the second word. The commit behind it is there where `make` built the program (`make smoke`).
        let words = ending.output.dropLast().split(separator: " ", omittingEmptySubsequences: false)
        #expect(words.count <= 3 && words[1].split(separator: ".").compactMap { Int($0) }.count == 3, "\(ending.output)")
        if words.count == 3 { #expect(words[2].hasPrefix("(") && words[2].hasSuffix(")") && words[2].count > 2) }
    }

    @Test(
        "a wrong command line ends with 64, says what is wrong and what was meant",
        arguments: [
            ("chek", "unknown command 'chek'", "did you mean 'check'?"),
            ("chekc", "unknown command 'chekc'", "did you mean 'check'?"),
            ("incidnets lits", "unknown command 'incidnets'", "did you mean 'incidents list'?"),
            ("approve a3f2", "unknown command 'approve'", "did you mean 'actions approve'?"),
            ("actions aprove a3f2", "unknown command 'actions aprove'", "did you mean 'actions approve'?"),
            ("status --breif", "unknown option --breif", "did you mean --brief?"),
            ("status --url http://h:1", "unknown option --url", "'mozaiks-ops check --url URL' looks at a runtime"),
            ("incidents lst", "unknown command 'incidents lst'", "did you mean 'incidents list'?"),
            ("incidents frobnicate", "unknown command 'incidents frobnicate'", "there are: list, show, explain, ack, unack"),
            ("help chek", "unknown command 'chek'", "did you mean 'check'?"),
            ("--config x check", "unknown option --config", "options stand behind a command"),
            ("check --breif", "unknown option --breif", "did you mean --brief?"),
            ("check --state", "--state needs a value", "--state DIR"),
            ("check --state=", "--state needs a value", "--state DIR"),
            ("check --brief=yes", "--brief takes no value", ""),
            ("check --url a --url b", "--url is given twice", ""),
            ("check extra", "unexpected argument 'extra'", ""),
            ("check -o yaml", "--output 'yaml' is neither text nor json", ""),
            ("check --log-level loud", "--log-level 'loud' is none", "debug, info, warning or error"),
            ("check --log-format xml", "--log-format is logfmt, json or gcp", ""),
            ("policy test --run [", "'[' is no regular expression", ""),
            ("replay", "nothing to replay", "--since 7d"),
            ("replay a.tape --since 7d", "a tape has its own time", ""),
            ("replay --since soon", "--since 'soon' is neither a span nor a moment", "7d, 36h"),
            ("record", "missing FILE", ""),
            ("incidents show", "missing ID", ""),
            ("incidents list --status opne", "--status 'opne' is none", "open, acknowledged, resolved"),
            ("incidents list --severity fatal", "--severity 'fatal' is none", "info, warning, critical"),
            ("incidents list --since yesterday", "--since 'yesterday' is not a span", "90s, 5m, 2h or 7d"),
            ("incidents list --since 9999d", "--since '9999d' is too long", "at most ten years: 3650d"),
            ("incidents list --limit 0", "--limit '0' is not a whole number from 1", ""),
            ("audit verify --head 3", "--head '3' is not a head", "SEQ:DIGEST"),
            ("audit export --since lately", "--since 'lately' is neither a span nor a time", "24h"),
            ("advise", "missing INCIDENT", ""),
            ("playbooks show", "missing ID", ""),
            ("playbooks lst", "unknown command 'playbooks lst'", "did you mean 'playbooks list'?"),
            ("notify route", "missing INCIDENT", ""),
            ("notify history --status lost", "--status 'lost' is none", "pending, sent, dead, merged"),
            ("actions revert", "name a lease, or say --all", "actions list"),
            ("actions revert x --all", "name a lease, or say --all", "actions list"),
            ("simulate no-such-story", "there is no scenario 'no-such-story'", "simulate --list"),
            ("stop", "unknown command 'stop'", "did you mean 'actions stop'?"),
            ("daemon", "unknown command 'daemon'", "did you mean 'run'?"),
            ("start", "unknown command 'start'", "did you mean 'run'?"), ("serve", "unknown command 'serve'", "did you mean 'run'?"),
            ("watch", "unknown command 'watch'", "did you mean 'run'?"), ("eval x", "unknown command 'eval'", "did you mean 'evaluate'?"),
            ("version", "unknown command 'version'", "did you mean '--version'?"),
            ("CHECK", "unknown command 'CHECK'", "did you mean 'check'?"),
            ("silences remove a", "unknown command 'silences remove'", "did you mean 'silences expire'?"),
            ("actions undo", "unknown command 'actions undo'", "did you mean 'actions revert'?"),
            ("policy lint", "unknown command 'policy lint'", "did you mean 'policy check'?"),
            ("token delete x", "unknown command 'token delete'", "did you mean 'token revoke'?"),
            ("incidents view x", "unknown command 'incidents view'", "did you mean 'incidents show'?"),
            ("Incidents List", "unknown command 'Incidents'", "did you mean 'incidents list'?"),
            ("check --json", "unknown option --json", "write -o json"), ("check -q", "unknown option -q", "did you mean --quiet?"),
            ("check --perf", "unknown option --perf", "did you mean --perfdata?"), ("check -v", "unknown option -v", "--log-level debug"),
            ("check -o jsn", "--output 'jsn' is neither text nor json", "did you mean 'json'?"),
            ("check brief", "unexpected argument 'brief'", "did you mean --brief?"),
            ("check http://localhost:8000", "unexpected argument", "write --url http://localhost:8000"),
            ("explain busy", "unexpected argument 'busy'", "write --why-not busy"),
            ("simulate bussy", "there is no scenario 'bussy'", "did you mean busy?"),
            ("simulate --port 70000", "--port '70000' is not a whole number", ""),
        ])
    func misuse(line: String, says: String, hint: String) throws {
        let ending = try Shell().run(line.split(separator: " ").map(String.init))
        #expect(ending.code == 64)
        #expect(ending.output.isEmpty)
        #expect(ending.errors.contains(says), "\(ending.errors)")
        #expect(ending.errors.contains(hint), "\(ending.errors)")
    }
}

extension String {
    /// The place of a text in this one.
    func range(of text: String) -> Range<Index>? {
        indices.first { self[$0...].hasPrefix(text) }.map { $0..<index($0, offsetBy: text.count) }
    }
}
