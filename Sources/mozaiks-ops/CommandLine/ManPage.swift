import Model

/// A page of the manual, in roff with the macros of man(7), made from the table of commands.
struct ManPage {
    /// `mozaiks-ops-incidents-list.1`
    let file: String
    let text: String

    /// The page about the program, then one for each command.
    static var all: [ManPage] { [overview] + commands.map(ManPage.init) }

    private static func name(_ command: Command) -> String { (["mozaiks-ops"] + command.path).joined(separator: "-") }

    init(_ command: Command) {
        let name = ManPage.name(command)
        file = name + ".1"
        var roff = Roff(title: name)
        roff.section("NAME")
        roff.text("\(name) - \(command.summary.prefix(1).lowercased() + command.summary.dropFirst())")
        roff.section("SYNOPSIS")
        let words = command.positionals.map { place in
            let word = "\\fI\(Roff.escaped(place.name))\\fR" + (place.repeats ? "…" : "")
            return place.required ? word : "[\(word)]"
        }
        roff.line((["\\fBmozaiks\\-ops \(Roff.escaped(command.name))\\fR"] + words + ["[\\fIoptions\\fR]"]).joined(separator: " "))
        if !command.discussion.isEmpty {
            roff.section("DESCRIPTION")
            for paragraph in Help.paragraphs(command.discussion) { roff.paragraph(paragraph) }
        }
        if !command.positionals.isEmpty {
            roff.section("ARGUMENTS")
            for place in command.positionals { roff.item("\\fI\(Roff.escaped(place.name))\\fR", place.summary) }
        }
        if !command.options.isEmpty {
            roff.section("OPTIONS")
            for option in command.options { roff.option(option) }
        }
        roff.section("OPTIONS OF EVERY COMMAND")
        for option in Command.common { roff.option(option) }
        roff.section("EXIT STATUS")
        roff.text(ManPage.codes(command))
        roff.section("EXAMPLES")
        for example in command.examples { roff.example(example.line, example.what) }
        roff.section("SEE ALSO")
        let siblings = commands.filter { $0.path.count > 1 && $0.path[0] == command.path[0] && $0.path != command.path }
        roff.line((["mozaiks-ops"] + siblings.map(ManPage.name)).map { "\\fB\(Roff.escaped($0))\\fR(1)" }.joined(separator: ", "))
        text = roff.text
    }

    private init(file: String, text: String) {
        self.file = file
        self.text = text
    }

    private static func codes(_ command: Command) -> String {
        command.failureCode == .unknown
            ? "0 ok, 1 a warning is open, 2 a critical incident is open, 3 unknown; 64 wrong usage, 78 wrong configuration or policy."
            : "0 done, 1 failed; 64 wrong usage, 78 wrong configuration or policy."
    }

    private static var overview: ManPage {
        var roff = Roff(title: "mozaiks-ops")
        roff.section("NAME")
        roff.text("mozaiks-ops - operations engineer for MozaiksAI runtimes")
        roff.section("SYNOPSIS")
        roff.line("\\fBmozaiks\\-ops\\fR \\fICOMMAND\\fR [\\fIoptions\\fR]")
        roff.section("DESCRIPTION")
        roff.paragraph(
            "Watches MozaiksAI runtimes from outside, decides by rules, records incidents, does only what is small and undone by itself "
                + "(throttle, pause, disable one workflow, at a gate that fails open), and tells people.")
        roff.section("COMMANDS")
        for command in commands { roff.item("\\fBmozaiks\\-ops \(Roff.escaped(command.name))\\fR", command.summary) }
        roff.section("FILES")
        roff.item(
            "\\fI/etc/mozaiks\\-ops/mozaiks\\-ops.yaml\\fR",
            "The configuration, unless ./mozaiks-ops.yaml or ~/.config/mozaiks-ops/mozaiks-ops.yaml is there.")
        roff.item("\\fI/etc/mozaiks\\-ops/policies/\\fR", "Rules, where the configuration names that folder.")
        roff.item(
            "\\fI/var/lib/mozaiks\\-ops/\\fR",
            "Journal, lock and kill file (actions.stop); for others than root ~/.local/state/mozaiks-ops/.")
        roff.section("ENVIRONMENT")
        for (name, about) in environment { roff.item("\\fB\(Roff.escaped(name))\\fR", about) }
        roff.section("EXIT STATUS")
        roff.text(
            "check, status and evaluate: 0 ok, 1 warning, 2 critical, 3 unknown. All others: 0 done, 1 failed. Every command: 64 wrong usage, 78 wrong configuration or policy."
        )
        roff.section("SEE ALSO")
        roff.line(commands.map { "\\fB\(Roff.escaped(name($0)))\\fR(1)" }.joined(separator: ", "))
        return ManPage(file: "mozaiks-ops.1", text: roff.text)
    }

    private static let environment = [
        ("MOZAIKS_OPS_CONFIG", "The configuration file."), ("MOZAIKS_OPS_MODE", "observe, suggest or enforce."),
        ("MOZAIKS_OPS_STATE", "The state folder."), ("MOZAIKS_OPS_SHARD", "Which of several monitors this is, such as 2/5."),
        ("MOZAIKS_RUNTIME_URL", "Watch this runtime instead of the configured ones; several replicas separated by commas."),
        ("MOZAIKS_RUNTIME_TOKEN, MOZAIKS_RUNTIME_TOKEN_FILE", "Its bearer token, or the file with it."),
        ("MOZAIKS_RUNTIME_AUTH", "google-identity: log in with the identity token of this machine's Google account."),
        ("MOZAIKS_SLACK_WEBHOOK_URL, MOZAIKS_SLACK_WEBHOOK_URL_FILE", "A channel 'slack'."),
        ("MOZAIKS_HEARTBEAT_URL, MOZAIKS_HEARTBEAT_URL_FILE", "The URL of a dead man's switch."),
    ]
}

/// Text under construction for man(7).
private struct Roff {
    private(set) var text: String

    init(title: String) {
        text =
            ".\\\" Made by 'mozaiks-ops man' from the table of commands.\n.TH \(title.uppercased()) 1 \"\" \"mozaiks-ops \(Version.text)\" \"mozaiks-ops\"\n"
    }

    /// What has a meaning to roff, as itself; a hyphen as one that can be copied.
    static func escaped(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "\\": out += "\\e"
            case "-": out += "\\-"
            case "'": out += "\\(aq"
            case "`": out += "\\(ga"
            case "^": out += "\\(ha"
            case "~": out += "\\(ti"
            case "\n": out += " "
            default: out.append(character)
            }
        }
        return out.hasPrefix(".") ? "\\&" + out : out
    }

    /// Already in roff.
    mutating func line(_ roff: String) { text += roff + "\n" }
    mutating func section(_ title: String) { line(".SH \(title.contains(" ") ? "\"\(title)\"" : title)") }
    mutating func text(_ plain: String) { line(Roff.escaped(plain)) }

    mutating func paragraph(_ plain: String) {
        line(".PP")
        text(plain)
    }

    mutating func item(_ tag: String, _ plain: String) {
        line(".TP")
        line(tag)
        text(plain)
    }

    mutating func option(_ option: Option) {
        let short = option.short.map { "\\fB\\-\($0)\\fR, " } ?? ""
        item(
            short + "\\fB\\-\\-\(Roff.escaped(option.name))\\fR" + (option.value.map { " \\fI\(Roff.escaped($0))\\fR" } ?? ""),
            option.summary)
    }

    mutating func example(_ command: String, _ what: String) {
        line(".TP")
        line("\\fB\(Roff.escaped(command))\\fR")
        text(what)
    }
}
