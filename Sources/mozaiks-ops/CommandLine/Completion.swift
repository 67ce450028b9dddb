import Model

/// What may stand where the cursor is, by the table of commands: for the shells' completion.
struct Completion {
    /// One word that may stand there.
    struct Candidate {
        let word: String
        let about: String

        init(_ word: String, _ about: String = "") {
            self.word = word
            self.about = about
        }
    }

    enum Answer {
        case words([Candidate])
        /// The shell knows these better.
        case files
        case folders
    }

    /// Behind the program's name, the one at the cursor last; that one may be empty.
    private let words: [String]
    private let values: CompletionValues

    init(_ words: [String], values: CompletionValues) {
        self.words = words
        self.values = values
    }

    /// Of all that fits, so many: a screen is not read beyond that.
    private static let most = 500

    var answer: Answer {
        guard case .words(let candidates) = everything else { return everything }
        let current = words.last == "=" ? "" : words.last ?? ""
        let fitting = candidates.filter { $0.word.utf8.starts(with: current.utf8) && Completion.isPlain($0.word) }
        return .words(Array(fitting.prefix(Completion.most)))
    }

    private var everything: Answer {
        let current = words.last ?? ""
        let before = Array(words.dropLast())
        guard let command = commands.filter({ before.starts(with: $0.path) }).max(by: { $0.path.count < $1.path.count }) else {
            return .words(before.first == "help" ? names(Array(before.dropFirst())) : names(before))
        }
        let options = command.options + Command.common
        let rest = Array(before.dropFirst(command.path.count))
        let isBehindOptions = rest.contains("--")
        // bash makes `--state=x` three words.
        if current == "=" || rest.last == "=", let option = option(current == "=" ? rest.last : rest.dropLast().last, options) {
            return value(of: option, command)
        }
        if !isBehindOptions {
            if let option = option(rest.last, options), option.value != nil { return value(of: option, command) }
            if current.hasPrefix("--"), let equals = current.firstIndex(of: "="),
                let option = option(String(current[..<equals]), options), option.value != nil
            {
                // Files behind it no shell completes.
                guard case .words(let candidates) = value(of: option, command) else { return .words([]) }
                return .words(candidates.map { Candidate("\(current[...equals])\($0.word)", $0.about) })
            }
            if current.hasPrefix("-") { return .words(unused(options, in: rest)) }
        }
        let free = positionals(in: rest, options)
        guard
            let place = free < command.positionals.count
                ? command.positionals[free] : command.positionals.last.flatMap({ $0.repeats ? $0 : nil })
        else { return .words(isBehindOptions ? [] : unused(options, in: rest)) }
        return value(called: place.name, about: place.summary, command, taken: Set(rest))
    }

    // MARK: - Names

    /// The next word of commands that begin like that.
    private func names(_ before: [String]) -> [Candidate] {
        var found: [Candidate] = []
        for command in commands where command.path.count > before.count && command.path.starts(with: before) {
            let word = command.path[before.count]
            guard !found.contains(where: { $0.word == word }) else { continue }
            let isWhole = command.path.count == before.count + 1
            let below = commands.filter { $0.path.count > before.count + 1 && $0.path[...before.count] == command.path[...before.count] }
            found.append(Candidate(word, isWhole ? command.summary : below.compactMap(\.path.last).joined(separator: ", ")))
        }
        if before.isEmpty {
            found += [
                Candidate("help", "the help of a command"), Candidate("--help", "all commands"), Candidate("--version", "the version"),
            ]
        }
        return found
    }

    private func option(_ word: String?, _ options: [Option]) -> Option? {
        options.first { option in word == "--" + option.name || option.short.map { word == "-\($0)" } ?? false }
    }

    private func unused(_ options: [Option], in rest: [String]) -> [Candidate] {
        options.filter { option in
            option.repeats || !rest.contains { word in self.option(String(word.prefix { $0 != "=" }), [option]) != nil }
        }.map { Candidate("--" + $0.name, $0.summary) }
    }

    /// How many words stand for themselves.
    private func positionals(in rest: [String], _ options: [Option]) -> Int {
        var count = 0
        var index = 0
        while index < rest.count {
            if rest[index] == "--" { return count + rest.count - index - 1 }
            if rest[index].hasPrefix("-"), rest[index] != "-" {
                let takesNext = option(rest[index], options)?.value != nil
                // `--state = x` of bash, `--state x`, `--brief`.
                index += takesNext ? (index + 1 < rest.count && rest[index + 1] == "=" ? 3 : 2) : 1
            } else {
                count += 1
                index += 1
            }
        }
        return count
    }

    // MARK: - Values

    private func value(of option: Option, _ command: Command) -> Answer {
        guard let name = option.value else { return .words([]) }
        return value(called: name == "NAME" ? option.name.uppercased() : name, about: option.summary, command, taken: [])
    }

    /// - Parameter name: as the help calls it: `FILE`, `RULE`, `text|json`.
    private func value(called name: String, about: String, _ command: Command, taken: Set<String>) -> Answer {
        let candidates: [Candidate]
        switch name {
        case "FILE", "TAPE": return .files
        case "DIR": return .folders
        case "RULE": candidates = values.rules
        case "APP_ID": candidates = values.apps
        case "RUNTIME": candidates = values.runtimes
        case "CHANNEL": candidates = values.channels
        case "LEASE": candidates = values.leases
        case "SILENCE": candidates = values.silences
        case "SCENARIO": candidates = values.scenarios
        case "COMMAND": candidates = names(taken.isEmpty ? [] : commands.map(\.path).first { taken.contains($0[0]) }.map { [$0[0]] } ?? [])
        case "INCIDENT": candidates = values.incidents
        case "ID":
            switch command.path[0] {
            case "playbooks": candidates = values.playbooks
            case "actions": candidates = values.approvals
            default: candidates = values.incidents
            }
        case "NAME" where command.path == ["token", "revoke"]: candidates = values.tokens
        default: candidates = Completion.listed(name).map { Candidate($0) } + Completion.named(in: about, for: name).map { Candidate($0) }
        }
        return .words(candidates.filter { !taken.contains($0.word) })
    }

    /// `text|json`, `bash|zsh|fish`
    private static func listed(_ name: String) -> [String] {
        let parts = name.split(separator: "|").map(String.init)
        return parts.count > 1 && parts.allSatisfy { $0 == $0.lowercased() } ? parts : []
    }

    /// What a summary lists: `pending, sent, dead or merged (default: all)`.
    static func named(in summary: String, for name: String) -> [String] {
        guard ["STATUS", "SEVERITY", "EVENT", "ROLE", "LEVEL", "MODE"].contains(name) else { return [] }
        var text = ""
        var depth = 0
        for character in summary.prefix(while: { $0 != ";" }) {
            if character == "(" { depth += 1 }
            if depth == 0 { text.append(character) }
            if character == ")" { depth -= 1 }
        }
        let words = text.split(separator: ",").flatMap { part in
            part.split(separator: " ").map(String.init).filter { $0 != "or" }
        }
        return words.count > 1 && words.allSatisfy { $0.utf8.allSatisfy { (97...122).contains($0) } } ? words : []
    }

    /// What a shell takes as it stands. Everything else a person has to quote, and types.
    private static func isPlain(_ word: String) -> Bool {
        !word.isEmpty && word.unicodeScalars.count <= 200
            && word.unicodeScalars.allSatisfy { scalar in
                scalar.value > 0x7F
                    ? !Shown.isInvisible(scalar) && scalar.properties.generalCategory != .spaceSeparator
                    : scalar.value > 0x20 && scalar.value < 0x7F && !"\"'`$\\!&;|<>()[]{}*?#~^".unicodeScalars.contains(scalar)
            }
    }
}

extension Completion.Answer {
    /// As the shells' scripts read it: how to go on, then a word a line, a tab and what it is.
    var lines: String {
        switch self {
        case .files: "files\n"
        case .folders: "folders\n"
        case .words(let candidates):
            "words\n"
                + candidates.map { candidate in
                    let about = Shown.shortened(Shown.line(candidate.about), 80)
                    return candidate.word + (about.isEmpty ? "" : "\t" + about) + "\n"
                }.joined()
        }
    }
}
