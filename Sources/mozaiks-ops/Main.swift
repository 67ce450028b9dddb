import Ambient
import Glibc
import Journal
import Model

@main
enum Main {
    static func main() async {
        Descriptor.fillStandard()
        ProcessMemory.tune()
        ProcessSignal.ignoreBrokenPipes()
        // A file at its limit is a full disk: an error of the write, not the end of the process.
        signal(SIGXFSZ, SIG_IGN)
        let environment = Environment.current()
        Output.keepOnOneLine(CommandLine.arguments + environment.names.compactMap { environment[$0] })
        Output.speaksToJournal = Logger.isJournal(in: environment)
        Output.remarksFormat = .usual(in: environment)
        let (code, failure) = await run(Array(CommandLine.arguments.dropFirst()), environment: environment)
        exit(Output.end(code, failure: failure).rawValue)
    }

    /// Finds the command, reads its arguments, runs it, and turns what went wrong into a message and an exit code; with
    /// the code that says that what was found could not be told.
    static func run(_ words: [String], environment: Environment) async -> (ExitCode, failure: ExitCode) {
        if words.first == CompletionCommand.question {
            CompletionCommand.answer(Array(words.dropFirst()), environment: environment)
            return (.ok, .ok)
        }
        let terminal = Terminal(environment: environment)
        var plugin = Plugin()
        do throws(UsageError) {
            guard let found = try find(words, terminal) else { return (.ok, .failure) }
            let (command, rest) = found
            plugin = Plugin(command, rest)
            let arguments = try Arguments(rest, options: command.options + Command.common, positionals: command.positionals)
            if arguments.has("help") {
                write(command.help)
                return (.ok, .failure)
            }
            let invocation = try Invocation(arguments, environment: environment, terminal: terminal)
            // Whoever asks for the codes of work gets no other: what could not be told may be by another attempt.
            let isForWork = arguments.value("exit-code") == "work"
            return (await execute(command, invocation, plugin), isForWork ? .tryAgain : command.failureCode)
        } catch {
            return (fail(error.text, error.hint, .usage, "usage", plugin, wantsJSON: ErrorDocument.isWanted(by: words)), .failure)
        }
    }

    private static func execute(_ command: Command, _ invocation: Invocation, _ plugin: Plugin) async -> ExitCode {
        do {
            return try await command.run(invocation)
        } catch let error as UsageError {
            return fail(
                error.text, error.hint ?? "see mozaiks-ops \(command.name) --help", .usage, "usage", plugin, wantsJSON: invocation.wantsJSON
            )
        } catch let error as CommandFailure {
            // Where 1 is a warning that is open, it is no failure.
            return fail(
                error.text, error.hint, error.code == .failure ? command.failureCode : error.code, "failed", plugin, first: error.first,
                wantsJSON: invocation.wantsJSON)
        } catch let error as JournalError {
            let code: ExitCode = if case .otherShard = error.cause { .configuration } else { command.failureCode }
            return fail(error.message, error.hint, code, "journal", plugin, wantsJSON: invocation.wantsJSON)
        } catch {
            return fail("\(error)", nil, command.failureCode, "failed", plugin, wantsJSON: invocation.wantsJSON)
        }
    }

    /// Says what went wrong, on standard error and wherever else somebody reads. The code to end with.
    /// - Parameter first: the first of several things that are wrong, where `text` only counts them.
    private static func fail(
        _ text: String, _ hint: String?, _ code: ExitCode, _ kind: String, _ plugin: Plugin, first: String? = nil, wantsJSON: Bool
    ) -> ExitCode {
        complain(text, hint: hint)
        if wantsJSON { ErrorDocument.write(first ?? text, hint: hint, code: kind, verdict: plugin.verdict) }
        return plugin.fails(code, because: first ?? text)
    }

    /// The command that the words name, and the words behind it. Nil when help was asked for and given.
    private static func find(_ words: [String], _ terminal: Terminal) throws(UsageError) -> (Command, [String])? {
        guard let first = words.first, first != "--help", first != "-h", first != "help" else {
            return try overview(Array(words.dropFirst()), terminal)
        }
        if first == "--version" || first == "-V" {
            write("mozaiks-ops \(Version.withCommit(Build.commit))\n")
            return nil
        }
        let matching = commands.filter { command in words.starts(with: command.path) }
        if let command = matching.max(by: { $0.path.count < $1.path.count }) {
            return (command, Array(words.dropFirst(command.path.count)))
        }
        let group = commands.filter { $0.path.count > 1 && $0.path[0] == first }
        if !group.isEmpty {
            guard words.count == 1 || ["--help", "-h", "help"].contains(words[1]) else {
                let known = group.map { $0.path[1] }
                throw UsageError(
                    "unknown command '\(first) \(words[1])'",
                    hint: MeantCommand.inGroup(first, words[1], known: known)
                        ?? "there are: \(known.joined(separator: ", "))")
            }
            write(Help.group(first, group))
            return nil
        }
        if first.hasPrefix("-") {
            throw UsageError("unknown option \(first)", hint: "options stand behind a command; see mozaiks-ops --help")
        }
        throw UsageError(
            "unknown command '\(first)'",
            hint: MeantCommand.whole(words) ?? "see mozaiks-ops --help")
    }

    private static func overview(_ words: [String], _ terminal: Terminal) throws(UsageError) -> (Command, [String])? {
        guard !words.isEmpty else {
            write(Help.overview(commands))
            return nil
        }
        // `help incidents list` is `incidents list --help`.
        return try find(words.filter { !$0.hasPrefix("-") } + ["--help"], terminal)
    }
}

/// What monitoring systems expect of `check` and `status`: one line on standard output whatever happens, since they show nothing else.
private struct Plugin {
    /// Called as a plugin is: then only its codes, 0 to 3, mean anything. People are told on standard error alone.
    private let isCalledAsOne: Bool
    private let speaks: Bool
    /// What is said of all in one word where nothing can be said of anything; nil of commands that have no such word.
    let verdict: String?

    init() { (speaks, isCalledAsOne, verdict) = (false, false, nil) }

    init(_ command: Command, _ words: [String]) {
        let isPlugin = ["check", "status"].contains(command.path[0]) && (words.contains("--brief") || words.contains("--perfdata"))
        // Whoever asks for other codes means them.
        isCalledAsOne = isPlugin && !words.contains { $0.hasPrefix("--exit-code") }
        speaks = isPlugin && !ErrorDocument.isWanted(by: words)
        verdict = ["check", "status"].contains(command.path[0]) ? "UNKNOWN" : nil
    }

    /// Says why nothing can be said of the runtimes. The code to end with.
    func fails(_ code: ExitCode, because why: String) -> ExitCode {
        if speaks { write("UNKNOWN: \(Shown.plugin(why))\n") }
        return isCalledAsOne ? .unknown : code
    }
}

/// Why a command could not do its work, for people, with the exit code that says so.
struct CommandFailure: Error {
    let text: String
    let hint: String?
    let code: ExitCode
    /// The first of several things that are wrong, where `text` only counts them.
    var first: String?

    init(_ text: String, hint: String? = nil, code: ExitCode = .failure) {
        self.text = text
        self.hint = hint
        self.code = code
    }
}

/// The program's version, shown by `--version` and sent as the user agent. It stands here and nowhere else; packages ask the binary.
enum Version {
    static let text = "0.1.0"

    /// For people: with the commit where it is known.
    static func withCommit(_ commit: String?) -> String { text + (commit.map { " (\($0))" } ?? "") }
}

/// Writes what went wrong to standard error.
func complain(_ text: String, hint: String?) {
    remark("mozaiks-ops: \(Shown.cell(text))\n" + (hint.map { "  hint: \(Shown.cell($0))\n" } ?? ""), .error)
}

extension Invocation {
    init(_ arguments: Arguments, environment: Environment, terminal: Terminal) throws(UsageError) {
        let output = arguments.value("output") ?? "text"
        guard output == "text" || output == "json" else {
            throw UsageError(
                "--output '\(output)' is neither text nor json",
                hint: nearest(output.lowercased(), in: ["text", "json"]).map { "did you mean '\($0)'?" })
        }
        let level = arguments.value("log-level") ?? "warning"
        guard let threshold = Logger.Level(level) else {
            throw UsageError("--log-level '\(level)' is none", hint: "debug, info, warning or error")
        }
        guard let format = arguments.value("log-format").map(Logger.Format.init(rawValue:)) ?? .usual(in: environment) else {
            throw UsageError("--log-format is logfmt, json or gcp")
        }
        Output.remarksFormat = format
        self.init(
            arguments: arguments, environment: environment, terminal: terminal,
            logger: .standardError(level: threshold, format: format, environment: environment), clock: SystemClock())
    }
}
