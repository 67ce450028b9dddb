import Model

/// What a text claims to have happened, or asks somebody to see to, with words that are harmless one by one.
///
/// A summary says how figures stand. That something ended, failed, was changed, released or held is a fact of the incident
/// or nobody's: such a word stands in a summary only where the evidence has it, and in a guess only where it gives no
/// all-clear. A step looks, compares, counts or asks about figures; it says nothing (`note that …`), asks for nobody's deed
/// (`who restarts …?`) and for nothing that is people's own (tokens, chats, inputs).
enum SeenClaims {
    /// Words of state and of causes, which a summary has from the evidence or not at all.
    private static let states = words(
        """
        fail fails failed failing failure failures unreachable provider providers model models database mongodb release
        releases released deployment deployments customer customers owner owners team held holding limit limits limited
        restart restarts restarted change changes changed found nobody known machine machines memory server servers host
        network hot bug bugs prompts prompt answered asked missing silent silently stalled always almost nearly belongs
        """)
    /// All-clears, and what makes an alarm a rehearsal: in no text.
    private static let clears = words("ended ends end ending itself themselves rest test tests bug time tests")
    /// Words of which the second makes a fact or a deed of the first.
    private static let clearPairs: [[String]] = [
        ["steady", "again"], ["see", "errors"], ["time", "out"], ["share", "tokens"], ["was", "held"], ["being", "held"], ["is", "held"],
        ["are", "held"], ["were", "held"], ["limit", "holds"], ["pause", "holds"], ["has", "answered"], ["have", "answered"],
        ["was", "asked"],
        ["been", "asked"], ["was", "restarted"], ["was", "released"], ["was", "limited"], ["is", "limited"], ["tokens", "of", "others"],
        ["not", "unusual"], ["similar", "to"], ["exceeds", "its", "limit"], ["above", "its", "limit"], ["nobody", "is"],
        ["nobody", "waits"], ["are", "answered"], ["is", "known"], ["are", "known"], ["known", "to"],
    ]
    /// Verbs behind which a step would say something instead of looking at it.
    private static let sayers = words("note see watch check observe verify ask find read know understand monitor")
    /// What people wrote, and what opens doors.
    private static let own = words(
        "tokens chats chat inputs input conversations conversation prompts prompt sessions session outputs output context messages")
    private static let readers = words(
        "ask list search read verify look find see track review inspect study trace show open plot examine investigate analyse analyze identify validate check watch"
    )
    /// Verbs that count what people's own things are used for.
    private static let counters = words("compare count plot measure estimate monitor trace check look")
    /// Of a deed, or of permission, in a step.
    private static let deeds = words(
        "can could may might why should end ends ended rest test tests wait waits waiting fail fails failed failing released one itself restarted"
    )

    /// - Parameter evidence: words of the document that the model was given, in lower case.
    static func fault(in text: String, at place: String, evidence: Set<String>) -> String? {
        for sentence in sentences(text) {
            let plain = sentence.words
            guard !plain.isEmpty else { continue }
            if place.hasPrefix("suggested_steps") {
                if let fault = fault(ofStep: plain, sentence.isQuestion) { return fault }
                continue
            }
            let cleared = plain.indices.first { index in
                // Of runs, with how they end.
                let isTold = ["end", "ends", "ended"].contains(plain[index]) && index + 1 < plain.count && plain[index + 1] == "silently"
                let isPart = plain[index] == "rest" && index + 1 < plain.count && plain[index + 1] == "of"
                let isRule = plain[index] == "test" && index + 1 < plain.count && plain[index + 1] == "rule"
                let isLoop = plain[index] == "itself" && index > 0 && plain[index - 1] == "calls"
                return clears.contains(plain[index]) && !isTold && !isPart && !isRule && !isLoop
            }
            if let word = cleared.map({ plain[$0] }) { return says(word, "is an all-clear or a rehearsal that nobody saw") }
            if let pair = clearPairs.first(where: { has($0, plain) }) { return says(pair.joined(separator: " "), "is not in the evidence") }
            if place == "summary", !PlainSpeech.isHedged(plain),
                let word = plain.indices.first(where: { index in
                    guard states.contains(plain[index]), !evidence.contains(stem(plain[index])) else { return false }
                    // `Nobody answers` is the outage itself.
                    return !(plain[index] == "nobody" && index + 1 < plain.count && ["answers", "answered"].contains(plain[index + 1]))
                }).map({ plain[$0] })
            {
                return says(word, "is not in the evidence; a guess belongs into 'likely_cause'")
            }
            if plain == ["there", "is", "time"] { return says("there is time", "is an all-clear") }
        }
        return nil
    }

    private static func fault(ofStep plain: [String], _ isQuestion: Bool) -> String? {
        if plain.count < 4, !isQuestion { return "a step needs to say what to look at" }
        // `one user` is somebody, `one` is whoever reads it.
        let deed = plain.indices.first { index in
            let isSomebody =
                plain[index] == "one" && index + 1 < plain.count
                && ["user", "customer", "tenant", "client", "workflow", "app"].contains(plain[index + 1])
            return deeds.contains(plain[index]) && !isSomebody
        }
        if let word = deed.map({ plain[$0] }) { return says(word, "asks for a deed, not for a look") }
        for (index, word) in plain.enumerated() {
            let next = index + 1 < plain.count ? plain[index + 1] : ""
            if sayers.contains(word), next == "that" { return says("\(word) that", "tells instead of looking") }
            if word == "see" || word == "note",
                !["which", "what", "whether", "when", "how", "where", "if", "the", "for", "its"].contains(next)
            {
                return says(word + " " + next, "tells instead of looking")
            }
            let before = index > 0 ? plain[index - 1] : ""
            if word == "who", !["started", "starts", "runs", "uses", "used", "holds"].contains(next) || isQuestion && next != "started" {
                return says("who " + next, "asks for a deed")
            }
            if word == "restart", before == "a" || before == "for" || before == "can" || next == "it" {
                return says("\(before) restart", "asks for a deed")
            }
            if word == "release", ["a", "for", "the", "next"].contains(before),
                ["for", "next", "ask"].contains(plain.first ?? "") || plain.contains("ask")
            {
                return says("release", "asks for a deed")
            }
            if word == "limit" || word == "limits", ["open", "the"].contains(before), plain.contains("at"), plain.contains("which") {
                return says("limit at which", "asks for a trial")
            }
            if own.contains(word), let verb = plain.first, readers.contains(verb) || isQuestion {
                let isCounted = counters.contains(verb) && !["in", "for"].contains(before) && !(isQuestion && word == "tokens")
                if !isCounted || verb == "look" && before == "for" { return says(word, "is people's own, and not to be read or asked for") }
            }
        }
        if isQuestion, ["does", "is", "what", "do"].contains(plain[0]), plain.contains("restart") || plain.contains("planned") {
            return says("restart", "asks for a deed")
        }
        if plain.contains("next"), plain.contains("incident") || plain.contains("release") { return says("next", "is not this incident") }
        if plain.contains("others") && plain.contains("tokens") { return says("tokens of others", "is not in the evidence") }
        if ["host", "users", "user"].contains(where: plain.contains), plain[0] == "trace" { return says("trace", "is not for people") }
        if plain.contains("under"), plain.contains("load") { return says("under load", "asks for a trial") }
        return nil
    }

    /// A word without the ending that a noun's plural, a verb or an adverb has.
    private static func stem(_ word: String) -> String {
        for ending in ["ly", "ed", "s"] where word.count > ending.count + 3 && word.hasSuffix(ending) {
            return String(word.dropLast(ending.count))
        }
        return word
    }

    private static func says(_ what: String, _ why: String) -> String { "\(Fault.quoted(what)) \(why)" }

    private static func has(_ pair: [String], _ plain: [String]) -> Bool {
        plain.indices.contains { plain[$0...].starts(with: pair) }
    }

    /// Words in lower case, sentence by sentence.
    private static func sentences(_ text: String) -> [(words: [String], isQuestion: Bool)] {
        var all: [(words: [String], isQuestion: Bool)] = []
        var current: [String] = []
        for token in TextToken.split(text) {
            switch token {
            case .word(let word): current.append(word.lowercased())
            case .name(let name): current.append(name.lowercased())
            case .figure: current.append("0")
            case .mark(let mark):
                guard ".!?".contains(mark) else { continue }
                all.append((current, mark == "?"))
                current = []
            }
        }
        all.append((current, false))
        return all
    }

    /// Every word of a document, in lower case.
    static func evidence(_ document: JSON) -> Set<String> {
        var found: Set<String> = []
        // `silent_runs.share` has the words silent, runs and share.
        func add(_ text: String) {
            let letters = text.lowercased().split { !$0.isLetter }
            for word in letters { found.insert(stem(String(word))) }
        }
        func take(_ value: JSON) {
            switch value {
            case .string(let text):
                add(text)
            case .array(let elements): elements.forEach(take)
            // Pages are about other incidents, too.
            case .object(let object):
                for member in object where member.key != "playbooks" {
                    add(member.key)
                    take(member.value)
                }
            case .int, .double, .bool, .null: break
            }
        }
        take(document)
        return found
    }

    private static func words(_ text: String) -> Set<String> { Set(text.split { $0 == " " || $0 == "\n" }.map(String.init)) }
}
