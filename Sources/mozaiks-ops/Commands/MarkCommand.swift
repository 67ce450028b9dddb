import Ambient
import Cycle
import Guard
import Journal
import Model
import Policy
import Views

/// `mark deploy|list`.
enum MarkCommand {
    static let deploy = Command(
        ["mark", "deploy"], "Tell that something is being deployed",
        discussion: "No new actions for a while (guard: quiet_after_restart, 10m): what a deploy causes is no tenant's fault. "
            + "Ten minutes later the main signals are compared with the ten minutes before; incidents show it. A restart of "
            + "the runtime marks itself.",
        positionals: [Positional("NAME", "what is deployed, such as a version")],
        options: [Option("runtime", value: "RUNTIME", "to this runtime alone (default: all)"), MonitorOptions.state],
        examples: [
            ("mozaiks-ops mark deploy v1.42", "from the deployment's script, just before it begins"),
            ("mozaiks-ops mark deploy v1.42 --runtime shared", "of one runtime"),
        ]
    ) { invocation in
        let name = invocation.arguments.positional("NAME") ?? ""
        // What the engine would refuse is refused here: where none runs nobody would hear of it.
        guard Mark.isName(name) else {
            throw UsageError("NAME says what is deployed, in one line of at most 100 bytes", hint: "mozaiks-ops mark deploy v1.42")
        }
        let configuration = try invocation.configuration()
        let journal = try invocation.journalForReading(configuration, mode: .command)
        var document: JSONObject = ["name": .string(name)]
        if let runtime = invocation.arguments.value("runtime") {
            let known = configuration.runtimes.map(\.name)
            if let other = configuration.elsewhere.first(where: { $0.name.isSame(as: runtime) }) {
                throw CommandFailure(
                    other.sentence, hint: "note it at the monitor of shard \(other.shard)")
            }
            guard known.isEmpty || known.contains(where: { $0.isSame(as: runtime) }) else {
                let noun = WatchedKind.any(of: configuration.runtimes.map(\.watched.kind))
                throw CommandFailure.unknown(noun, runtime, known: known, list: "mozaiks-ops config show")
            }
            document.append("runtime", .string(runtime))
        }
        let id = try journal.appendCommand(
            at: invocation.clock.now(), actor: "cli:\(invocation.user)", kind: Commands.mark,
            arguments: JSON.object(document).serialized())
        let result = try await invocation.result(
            of: id, in: journal, folder: StateFolder(existing: configuration.state.value))
        invocation.print(
            text: (result ?? "noted: the next tick of the engine, or the next check, takes it") + "\n",
            json: AskedCommand(id, result: result).document)
        return result.map { $0.hasPrefix("marked ") } ?? true ? .ok : .failure
    }

    static let list = Command(
        ["mark", "list"], "List the last day's deploys, restarts and silences, with signals before and after",
        options: [MonitorOptions.state],
        examples: [("mozaiks-ops mark list", "what was deployed, and what changed with it")]
    ) { invocation in
        let list = try MarkList(invocation.journalForReading(invocation.configuration()))
        invocation.print(text: text(list), json: list.document)
        return .ok
    }

    private static func text(_ list: MarkList) -> String {
        guard !list.marks.isEmpty || !list.waiting.isEmpty else { return "no deploys, no restarts and no silences within a day\n" }
        let waiting = list.waiting.map { one in
            let place = one.runtime.map { " of \(Shown.id($0))" } ?? ""
            return "\(one.at)  deploy \(Shown.code(one.name))\(place)  (by \(Shown.id(one.by)))\n"
                + "  waits: the next tick of the engine, or the next check, takes it\n"
        }
        let taken = list.marks.map { mark in
            var lines = ["\(mark.at)  \(Shown.code(mark.title))" + (mark.by.map { "  (by \(Shown.id($0)))" } ?? "")]
            for comparison in mark.comparisons {
                guard comparison.after != nil else {
                    lines.append("  \(comparison.runtime): compared ten minutes after it")
                    continue
                }
                for line in comparison.lines {
                    lines.append(
                        "  \(Shown.id(comparison.runtime)): \(Shown.line(line.series)) \(line.change)"
                            + (line.isNotable ? "  (!)" : ""))
                }
            }
            return lines.joined(separator: "\n") + "\n"
        }
        return (waiting + taken).joined(separator: "\n")
    }
}
