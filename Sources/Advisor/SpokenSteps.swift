import Model

/// What a step may be: something to look at, to compare, to find out, or a question. An allow-list, because whoever writes
/// orders has more words for them than anybody can list.
enum SpokenSteps {
    /// What a step may begin with.
    private static let looking = PlainSpeech.looking
    /// What may stand before it, and what a clause may begin with that gives no order.
    private static let leading: Set<String> = [
        "first", "then", "next", "also", "finally", "if", "when", "while", "once", "after", "before", "otherwise", "for", "in", "with",
        "on", "during", "to", "as", "from", "since", "because",
    ]
    private static let asking: Set<String> = [
        "is", "are", "was", "were", "does", "do", "did", "has", "have", "which", "what", "who", "whose", "why", "how", "when", "where",
        "could", "can", "may", "might", "should",
    ]
    /// Whom and what a step may ask, and only to find out: `ask the tenant whether`.
    private static let finding: Set<String> = ["whether", "if", "what", "why", "who", "which", "how", "when", "about", "where"]
    /// Bare verbs that begin an order, wherever a clause begins.
    private static let acting: Set<String> = [
        "abort", "accept", "activate", "add", "adjust", "allow", "amend", "answer", "apply", "approve", "assign", "authorise", "authorize",
        "block", "bounce", "bump", "buy", "cancel", "cap", "change", "choose", "clear", "cease", "close", "commit", "confirm", "contact",
        "copy", "create", "cut", "cycle", "deny", "detach", "deploy", "disable", "discard", "disconnect", "double", "drain", "email",
        "empty", "enable", "end",
        "enforce", "enter", "evict", "execute", "export", "expose", "fail", "file", "fix", "flush", "force", "forget", "format", "forward",
        "freeze",
        "give", "go", "grant", "halt", "hand", "hide", "hit", "hold", "increase", "inform", "install", "invoke", "issue", "kick", "launch",
        "leave", "let", "lift", "limit", "lock", "lower", "mail", "make", "mark", "merge", "message", "migrate", "move", "notify", "open",
        "override",
        "page", "paste", "patch", "pause", "permit", "phone", "ping", "post", "press", "promote", "publish", "pull", "push", "put",
        "quarantine",
        "quit", "raise", "react", "recycle", "redeploy", "reduce", "refuse", "reject", "release", "reload", "remove", "rename", "replace",
        "reply", "report", "reset",
        "resize", "resolve", "resume", "retire", "return", "revert", "rotate", "run", "save", "scale", "send", "set", "share", "show",
        "shrink", "skip", "snooze",
        "start", "stop", "submit", "swap", "switch", "tap", "tell", "thumbs", "throttle", "throw", "toggle", "tune", "turn", "type",
        "unblock", "undo", "unlock",
        "unpause", "unthrottle", "update", "upgrade", "upload", "use", "vote", "withdraw", "write", "zero",
    ]
    /// Among them those that are nouns as well, `open for five minutes`, `a share of the runs`: an order only before what it is
    /// about.
    private static let ambiguous: Set<String> = [
        "answer", "block", "cap", "change", "cut", "cycle", "double", "email", "end", "file", "fix", "hit", "hold", "increase", "issue",
        "limit", "lock",
        "mail", "mark", "message", "move", "open", "page", "patch", "pause", "post", "promote", "pull", "push", "release", "report", "run",
        "scale", "set", "share",
        "show", "start", "stop", "swap", "switch", "throttle", "type", "update", "upgrade", "use", "zero", "close", "put", "leave", "let",
        "make",
    ]
    private static let objects: Set<String> = [
        "a", "all", "an", "any", "both", "down", "each", "every", "everybody", "everything", "him", "it", "its", "more", "off", "on",
        "that", "the", "them",
        "these", "this", "those", "up", "yes", "your",
    ]
    /// Of the offer that a reaction approves; and of what nobody may be asked for.
    private static let beside: Set<String> = [
        "react", "reacts", "reacting", "reaction", "reactions", "emoji", "emojis", "emoticon", "thumb", "thumbs", "checkmark", "tick",
        "approval", "approvals", "authorize", "authorise", "authorization", "authorisation", "consent", "bearer", "webhook",
        "enforce", "killswitch", "pin", "passcode", "certificate", "oauth", "jwt", "cookie",
    ]

    /// Why a text is no step; nil when it is one.
    static func fault(ofStep text: String) -> String? {
        for sentence in sentences(text) {
            var words = sentence.words[...]
            if sentence.isQuestion, let first = words.first, asking.contains(first) || leading.contains(first) { continue }
            while let first = words.first, ["first", "then", "next", "also", "finally"].contains(first) { words = words.dropFirst() }
            guard let first = words.first else { continue }
            // `If the figures stay unreadable, plan a restart`: what follows the comma is judged as a clause.
            if leading.contains(first) {
                let rest = sentence.clauses.dropFirst()
                if rest.contains(where: { $0.first.map(looking.contains) == true }) { continue }
                return "a step says what to look at"
            }
            guard looking.contains(first) else { return "\(Fault.quoted(first)): a step says what to look at, to compare or to ask" }
            if first == "ask", !words.contains(where: finding.contains) { return "\"ask\" without what is to be found out" }
        }
        return nil
    }

    /// An order anywhere in a text: an acting verb where a clause begins, or words about reactions and approvals.
    static func order(in text: String) -> String? {
        for sentence in sentences(text) {
            if let word = sentence.words.first(where: beside.contains) { return "\(Fault.quoted(word)) is not to be said" }
            if stands(["check", "mark"], in: sentence.words) { return "\"check mark\" is not to be said" }
            guard !sentence.isQuestion else { continue }
            for clause in sentence.clauses {
                var words = clause[...]
                while let first = words.first,
                    ["please", "then", "next", "now", "just", "simply", "first", "also", "kindly"].contains(first)
                {
                    words = words.dropFirst()
                }
                guard let first = words.first, acting.contains(first), !looking.contains(first) else { continue }
                if ambiguous.contains(first) {
                    guard let next = words.dropFirst().first, objects.contains(next) || next.contains("_" as Character) else { continue }
                }
                return "\(Fault.quoted(first)) is not a step to suggest"
            }
        }
        return nil
    }

    /// A number in other letters or another language, which nobody compares with the evidence.
    static func strangeNumber(in text: String) -> String? {
        for token in TextToken.split(text) {
            guard case .word(let word) = token else { continue }
            if strange.contains(word.lowercased()) || isRoman(word) { return word }
        }
        return nil
    }

    private static let strange: Set<String> = [
        "threescore", "fourscore", "score", "scores", "fortnight", "fortnights", "gross", "myriad", "myriads", "lakh", "lakhs", "crore",
        "crores",
        "eins", "zwei", "drei", "vier", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwanzig", "hundert", "tausend", "halb",
        "un", "deux", "trois", "quatre", "cinq", "sept", "huit", "neuf", "dix", "vingt", "trente", "cent", "mille",
        "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "veinte", "cien", "mil",
        "due", "tre", "quattro", "cinque", "sette", "otto", "nove", "dieci", "venti", "cento", "dois", "oito", "dez", "vinte",
        "twee", "drie", "vijf", "zes", "zeven", "negen", "tien", "honderd", "duizend",
    ]

    private static func isRoman(_ word: String) -> Bool {
        guard word.utf8.count >= 2, word.unicodeScalars.allSatisfy({ "IVXLCDM".unicodeScalars.contains($0) }) else { return false }
        var rest = Substring(word)
        func take(_ forms: [String]) { if let form = forms.first(where: { rest.hasPrefix($0) }) { rest = rest.dropFirst(form.count) } }
        take(["MMM", "MM", "M"])
        take(["CM", "CD", "DCCC", "DCC", "DC", "D", "CCC", "CC", "C"])
        take(["XC", "XL", "LXXX", "LXX", "LX", "L", "XXX", "XX", "X"])
        take(["IX", "IV", "VIII", "VII", "VI", "V", "III", "II", "I"])
        return rest.isEmpty
    }

    private struct Sentence {
        var clauses: [[String]] = [[]]
        var isQuestion = false
        var words: [String] { clauses.flatMap { $0 } }
    }

    private static func stands(_ phrase: [String], in words: [String]) -> Bool {
        words.indices.contains { words[$0...].starts(with: phrase) }
    }

    /// Clauses begin behind commas, dashes and the words that join.
    private static func sentences(_ text: String) -> [Sentence] {
        var all: [Sentence] = []
        var current = Sentence()
        func end() {
            if !current.words.isEmpty { all.append(current) }
            current = Sentence()
        }
        for token in TextToken.split(text) {
            switch token {
            case .word(let word), .name(let word):
                let word = word.lowercased()
                if ["and", "or", "but", "then", "so"].contains(word) {
                    current.clauses.append([])
                } else {
                    current.clauses[current.clauses.count - 1].append(word)
                }
            case .figure: current.clauses[current.clauses.count - 1].append("0")
            case .mark(let mark):
                if mark == "?" { current.isQuestion = true }
                if ".!?;:".contains(mark) { end() } else if ",\u{2013}\u{2014}()".contains(mark) { current.clauses.append([]) }
            }
        }
        end()
        return all
    }
}
