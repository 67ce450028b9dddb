/// One option of a command: `--since 2h`, `-o json`, `--follow`.
struct Option: Sendable {
    let name: String
    let short: Character?
    /// What its value is called in help; nil for a flag.
    let value: String?
    let summary: String
    /// Given more than once it collects.
    let repeats: Bool
    /// Whether nothing at all is a value: there are names that are empty.
    let mayBeEmpty: Bool

    init(
        _ name: String, short: Character? = nil, value: String? = nil, repeats: Bool = false, mayBeEmpty: Bool = false, _ summary: String
    ) {
        self.name = name
        self.short = short
        self.value = value
        self.repeats = repeats
        self.mayBeEmpty = mayBeEmpty
        self.summary = summary
    }
}

/// A positional argument.
struct Positional: Sendable {
    let name: String
    let summary: String
    let required: Bool
    /// Takes all that follow; only the last one may.
    let repeats: Bool

    init(_ name: String, required: Bool = true, repeats: Bool = false, _ summary: String) {
        self.name = name
        self.required = required
        self.repeats = repeats
        self.summary = summary
    }
}

/// What was wrong with a command line. Ends the program with exit code 64.
struct UsageError: Error {
    let text: String
    let hint: String?

    init(_ text: String, hint: String? = nil) {
        self.text = text
        self.hint = hint
    }
}

/// The values that a command line gave.
struct Arguments: Sendable {
    private(set) var values: [String: [String]] = [:]
    private(set) var positionals: [String: [String]] = [:]

    func has(_ option: String) -> Bool { values[option] != nil }
    func value(_ option: String) -> String? { values[option]?.last }
    func all(_ option: String) -> [String] { values[option] ?? [] }
    func positional(_ name: String) -> String? { positionals[name]?.first }
    func allPositionals(_ name: String) -> [String] { positionals[name] ?? [] }

    /// Options and positionals may come in any order; `--` ends the options. `--name=value` and `--name value` are the same.
    init(_ words: [String], options: [Option], positionals expected: [Positional]) throws(UsageError) {
        var rest = words[...]
        var free: [String] = []
        while let word = rest.popFirst() {
            if word == "--" {
                free += rest
                break
            }
            guard word.hasPrefix("-"), word != "-" else {
                free.append(word)
                continue
            }
            let (name, attached) = Arguments.split(word)
            guard let option = options.first(where: { Arguments.matches(name, $0) }) else {
                throw UsageError("unknown option \(name)", hint: MeantCommand.option(name, in: options))
            }
            if option.value == nil {
                guard attached == nil else { throw UsageError("--\(option.name) takes no value") }
                values[option.name, default: []].append("")
            } else {
                guard let value = attached ?? rest.popFirst(), option.mayBeEmpty || !value.isEmpty else {
                    throw UsageError("--\(option.name) needs a value: --\(option.name) \(option.value ?? "VALUE")")
                }
                guard option.repeats || values[option.name] == nil else {
                    throw UsageError("--\(option.name) is given twice")
                }
                values[option.name, default: []].append(value)
            }
        }
        for (index, word) in free.enumerated() {
            guard let place = index < expected.count ? expected[index] : expected.last.flatMap({ $0.repeats ? $0 : nil }) else {
                throw UsageError("unexpected argument '\(word)'", hint: MeantCommand.argument(word, in: options))
            }
            // A variable of a script that was not set names nothing, and is the beginning of everything.
            guard !word.isEmpty else { throw UsageError("\(place.name) is empty: \(place.summary)") }
            positionals[place.name, default: []].append(word)
        }
        if let missing = expected.first(where: { $0.required && positionals[$0.name] == nil }), values["help"] == nil {
            throw UsageError("missing \(missing.name): \(missing.summary)")
        }
    }

    private static func split(_ word: String) -> (name: String, value: String?) {
        if word.hasPrefix("--") {
            guard let equals = word.firstIndex(of: "=") else { return (word, nil) }
            return (String(word[..<equals]), String(word[word.index(after: equals)...]))
        }
        let attached = word.dropFirst(2)
        return (String(word.prefix(2)), attached.isEmpty ? nil : String(attached))
    }

    private static func matches(_ name: String, _ option: Option) -> Bool {
        name == "--" + option.name || (option.short.map { name == "-\($0)" } ?? false)
    }
}

/// The closest of the known words, if it is close enough to be a slip of the finger.
func nearest(_ word: String, in known: [String]) -> String? {
    let scored = known.map { ($0, editDistance(Array(word.utf8), Array($0.utf8))) }
    guard let best = scored.min(by: { $0.1 < $1.1 }), best.1 <= max(1, word.utf8.count / 3) else { return nil }
    return best.0
}

/// How many slips of the finger lie between two words, over bytes: a letter too many, too few, another one, or two that
/// stand the wrong way round.
func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var (before, row) = ([Int](), Array(0...b.count))
    for (i, x) in a.enumerated() {
        var next = [i + 1]
        for (j, y) in b.enumerated() {
            var least = min(row[j] + (x == y ? 0 : 1), row[j + 1] + 1, next[j] + 1)
            if i > 0, j > 0, x == b[j - 1], a[i - 1] == y { least = min(least, before[j - 1] + 1) }
            next.append(least)
        }
        (before, row) = (row, next)
    }
    return row[b.count]
}
