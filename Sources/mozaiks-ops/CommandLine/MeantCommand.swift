/// What was meant by a command line that the program does not have: slips of the finger, and the words of other programs.
enum MeantCommand {
    /// Commands that are called otherwise elsewhere.
    private static let words: [String: String] = [
        "start": "run", "serve": "run", "daemon": "run", "watch": "run", "monitor": "run", "server": "run", "up": "run",
        "eval": "evaluate", "dry-run": "evaluate", "dryrun": "evaluate", "test": "policy test", "lint": "policy check",
        "validate": "policy check",
        "verify": "policy check", "version": "--version", "--v": "--version", "health": "check", "ping": "check", "poll": "check",
        "diagnose": "doctor", "debug": "doctor", "dashboard": "top", "ui": "top", "ps": "status", "list": "incidents list",
        "ls": "incidents list",
        "alerts": "incidents list", "history": "incidents list", "mute": "silences add", "silence": "silences add",
        "snooze": "silences add",
        "undo": "actions revert", "rollback": "actions revert", "kill": "actions stop", "pause": "actions stop", "why": "explain",
        "config": "config show", "settings": "config show", "signals": "policy signals", "rules": "policy show", "log": "audit export",
        "targets": "runtimes list", "replicas": "runtimes list", "tenants": "apps list", "customers": "apps list",
    ]
    /// What stands behind a group, called otherwise elsewhere; the first that the group has is meant.
    private static let actions: [String: [String]] = [
        "remove": ["expire", "revoke", "revert"], "rm": ["expire", "revoke", "revert"], "delete": ["expire", "revoke", "revert"],
        "end": ["expire", "revert", "stop"], "cancel": ["expire", "revert"], "clear": ["expire", "revert"], "new": ["add", "create"],
        "create": ["add"], "add": ["create", "deploy"], "undo": ["revert", "unack"], "rollback": ["revert"], "lint": ["check"],
        "validate": ["check"], "verify": ["check"], "ls": ["list"], "all": ["list"], "get": ["show", "list"], "view": ["show"],
        "describe": ["show"], "print": ["show"], "cat": ["show"], "show": ["list"], "why": ["explain"], "acknowledge": ["ack"],
        "unacknowledge": ["unack"], "close": ["ack"], "start": ["resume"], "continue": ["resume"], "pause": ["stop"], "kill": ["stop"],
        "accept": ["approve"], "reject": ["deny"], "yes": ["approve"], "no": ["deny"], "run": ["test"], "send": ["test"],
    ]

    /// For a first word that no command has.
    static func whole(_ words: [String]) -> String? {
        let first = words[0].lowercased()
        let behind = words.dropFirst().first.map { " \($0.lowercased())" } ?? ""
        let names = commands.map(\.name)
        func mean(_ names: [String]) -> String { "did you mean " + names.map { "'\($0)'" }.joined(separator: " or ") + "?" }
        // Another case, and nothing else.
        if names.contains(first) { return mean([first]) }
        if !behind.isEmpty, let whole = nearest(first + behind, in: commands.filter { $0.path.count > 1 }.map(\.name)) {
            return mean([whole])
        }
        // Exactly what stands below a group comes before what is merely written almost so: `stop` is no misspelt `top`.
        let below = commands.filter { $0.path.count > 1 && $0.path[1] == first }.map(\.name)
        if let known = MeantCommand.words[first] { return mean([known]) }
        if !below.isEmpty { return mean(below) }
        if let near = nearest(first, in: commands.map { $0.path[0] }) { return mean([near]) }
        let almost = commands.filter { $0.path.count > 1 && nearest(first, in: [$0.path[1]]) != nil }.map(\.name)
        return almost.isEmpty ? nil : mean(almost)
    }

    /// For a second word that a group does not have.
    static func inGroup(_ group: String, _ word: String, known: [String]) -> String? {
        let word = word.lowercased()
        let meant = actions[word]?.first(where: known.contains) ?? nearest(word, in: known)
        return meant.map { "did you mean '\(group) \($0)'?" }
    }

    /// Options that are called otherwise elsewhere, each with those that it may mean here.
    private static let optionWords: [String: [String]] = [
        "--json": ["output"], "--format": ["output"], "-f": ["follow", "output"], "-q": ["quiet"], "-s": ["state"], "-c": ["config"],
        "--silent": ["quiet"], "-v": ["log-level"], "--verbose": ["log-level"], "--debug": ["log-level"], "--dir": ["state"],
        "-d": ["state"],
        "--target": ["url"], "-u": ["url"], "--host": ["url"], "--rules": ["policies"], "--policy": ["policies"],
        "-p": ["policies", "port"],
        "--tenant": ["app"], "-a": ["app"], "-n": ["limit"], "--duration": ["for"], "--oneline": ["brief"], "--short": ["brief"],
        "--filter": ["run"], "--rule": ["why-not"], "--reason": ["comment"], "--message": ["comment"], "-m": ["comment"],
    ]

    /// For an option that a command does not have.
    static func option(_ name: String, in options: [Option]) -> String? {
        if let meant = optionWords[name]?.first(where: { meant in options.contains { $0.name == meant } }) {
            switch meant {
            case "output": return name == "--json" ? "write -o json" : "did you mean -o json?"
            case "log-level": return "write --log-level debug"
            default: return "did you mean --\(meant)?"
            }
        }
        // Of a command that looks at what an engine left.
        if name == "--url", options.contains(where: { $0.name == "state" }) {
            return "what it shows is read from the journal (--state); 'mozaiks-ops check --url URL' looks at a runtime"
        }
        let known = options.map { "--" + $0.name }
        if let near = nearest(name.lowercased(), in: known) { return "did you mean \(near)?" }
        // `--perf` for `--perfdata`, where nothing else begins so.
        let begun = name.utf8.count > 4 ? known.filter { $0.hasPrefix(name.lowercased()) } : []
        return begun.count == 1 ? "did you mean \(begun[0])?" : nil
    }

    /// For a word that stands alone where none does: what takes it.
    static func argument(_ word: String, in options: [Option]) -> String? {
        func has(_ name: String) -> Bool { options.contains { $0.name == name } }
        if has("why-not") { return "write --why-not \(word)" }
        if has("url"), word.hasPrefix("http://") || word.hasPrefix("https://") { return "write --url \(word)" }
        if let near = options.first(where: { $0.name == word.lowercased() }) {
            return "did you mean --\(near.name)\(near.value.map { " \($0)" } ?? "")?"
        }
        return word == "json" && has("output") ? "write -o json" : nil
    }
}
