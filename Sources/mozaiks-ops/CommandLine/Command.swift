/// One command of the program: how it is called, what it says of itself, what it does.
struct Command: Sendable {
    /// `["incidents", "show"]`
    let path: [String]
    let summary: String
    /// A paragraph or two below the usage line.
    let discussion: String
    let positionals: [Positional]
    let options: [Option]
    /// Command lines that work as they stand, each with what it does.
    let examples: [(line: String, what: String)]
    let run: @Sendable (Invocation) async throws -> ExitCode
    /// The code for an error that names none of its own: 3 (unknown) for what speaks as a monitoring plugin.
    var failureCode: ExitCode { ["check", "evaluate", "status"].contains(path[0]) ? .unknown : .failure }

    init(
        _ path: [String], _ summary: String, discussion: String = "", positionals: [Positional] = [],
        options: [Option] = [], examples: [(line: String, what: String)],
        run: @escaping @Sendable (Invocation) async throws -> ExitCode
    ) {
        self.path = path
        self.summary = summary
        self.discussion = discussion
        self.positionals = positionals
        self.options = options
        self.examples = examples
        self.run = run
    }

    var name: String { path.joined(separator: " ") }

    /// Options that every command has.
    static let common: [Option] = [
        Option(
            "config", value: "FILE",
            "configuration file (or $MOZAIKS_OPS_CONFIG; default: the first of ./mozaiks-ops.yaml, "
                + "~/.config/mozaiks-ops/, /etc/mozaiks-ops/)"),
        Option("output", short: "o", value: "text|json", "how to print the result (default text)"),
        Option("log-format", value: "logfmt|json|gcp", "how to log on standard error (default logfmt; on Cloud Run gcp)"),
        Option("log-level", value: "LEVEL", "debug, info, warning or error (default warning; run: info)"),
        Option("help", short: "h", "this text"),
    ]

    var help: String {
        var text = "\(summary)\n\nUsage: mozaiks-ops \(name)"
        for positional in positionals {
            let name = positional.name + (positional.repeats ? "…" : "")
            text += positional.required ? " \(name)" : " [\(name)]"
        }
        text += " [options]\n"
        for paragraph in Help.paragraphs(discussion) {
            text += "\n" + Help.wrap(paragraph, width: 100).joined(separator: "\n") + "\n"
        }
        if !positionals.isEmpty {
            text += "\nArguments:\n" + Help.table(positionals.map { ($0.name, $0.summary) })
        }
        if !options.isEmpty { text += "\nOptions:\n" + Help.table(options.map(Help.row)) }
        text += "\nOptions of every command:\n" + Help.table(Command.common.map(Help.row))
        text += "\nExamples:\n"
        for example in examples { text += "  \(example.line)\n      \(example.what)\n" }
        return text
    }
}

/// How the program ends: monitoring plugins' codes for `check` and `evaluate`, sysexits' for usage and configuration.
enum ExitCode: Int32, Sendable {
    case ok = 0
    /// Warning for `check` and `evaluate`; failure for every other command.
    case warning = 1
    case critical = 2
    case unknown = 3
    case usage = 64
    /// Of `check --exit-code work`: another attempt may do what this one could not.
    case tryAgain = 75
    case configuration = 78

    static let failure = ExitCode.warning
}

/// Layout of help texts, at most 100 columns wide.
enum Help {
    static func row(_ option: Option) -> (String, String) {
        let short = option.short.map { "-\($0), " } ?? "    "
        return (short + "--" + option.name + (option.value.map { " \($0)" } ?? ""), option.summary)
    }

    static func table(_ rows: [(String, String)]) -> String {
        let width = min(rows.map(\.0.count).max() ?? 0, 28)
        return rows.map { left, right in
            let padded = left.count > width ? left : left + String(repeating: " ", count: width - left.count)
            let indent = String(repeating: " ", count: width + 4)
            return "  \(padded)  " + wrap(right, width: 100 - width - 4).joined(separator: "\n\(indent)") + "\n"
        }.joined()
    }

    /// What stands between empty lines.
    static func paragraphs(_ text: String) -> [String] {
        var paragraphs = [""]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty {
                paragraphs.append("")
            } else {
                paragraphs[paragraphs.count - 1] += (paragraphs[paragraphs.count - 1].isEmpty ? "" : " ") + line
            }
        }
        return paragraphs.filter { !$0.isEmpty }
    }

    static func wrap(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        return lines + [line]
    }

    /// What `mozaiks-ops incidents` shows.
    static func group(_ name: String, _ commands: [Command]) -> String {
        "Usage: mozaiks-ops \(name) COMMAND [options]\n\n" + table(commands.map { ($0.name, $0.summary) })
            + "\nExamples:\n"
            + commands.compactMap(\.examples.first).map { "  \($0.line)\n      \($0.what)\n" }.joined()
    }

    static func overview(_ commands: [Command]) -> String {
        """
        mozaiks-ops watches MozaiksAI runtimes from outside, decides by rules, does only what is safe and
        reversible, and tells people clearly.

        Usage: mozaiks-ops COMMAND [options]

        \(table(commands.map { ($0.name, $0.summary) }))
        Start here:
          mozaiks-ops demo
              the main job, live, against a simulated runtime, in about 30 seconds
          MOZAIKS_RUNTIME_URL=http://localhost:8000 mozaiks-ops doctor
              what your own runtime can and cannot tell
          mozaiks-ops COMMAND --help
              options and examples of one command

        Exit codes: check, status and evaluate 0 ok, 1 warning, 2 critical, 3 unknown; all others 0 or 1;
        64 usage, 78 configuration.

        """
    }
}
