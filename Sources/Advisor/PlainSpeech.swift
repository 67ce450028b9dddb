import Model

/// What a text of a model's may be made of: figures and names of the evidence, and words of the lists below. Nothing else is
/// let through, in whatever language, spelling or disguise: who writes orders has more words for them than anybody can
/// list, who describes a graph has not.
///
/// Three things keep the words that are left from making an order. There is no verb among them that acts on anything but a
/// figure. A bare verb never begins a clause. And nothing speaks of duty, permission or the reader.
enum PlainSpeech {
    /// Where a text stands.
    enum Part {
        /// What is wrong, and what is likely behind it.
        case statement
        /// What to look at, to compare or to ask.
        case step
    }

    // MARK: The check

    /// Why a text is not plain; nil when it is.
    /// - Parameter names: words with digits, dots or underscores that were given; figures are compared elsewhere.
    /// - Parameter said: whole words of the incident's own, such as its rule's name.
    static func fault(
        in text: String, as part: Part, names: Set<String>, said: [String], done: Set<ActionKind>
    ) -> String? {
        let text = withoutWindows(said.reduce(text) { replacing($1, in: $0) })
        for clause in clauses(text) {
            if part == .statement, clause.isQuestion { return "a question belongs into 'suggested_steps'" }
            if let mark = clause.strange { return "the character \(Fault.quoted(String(mark))) is not for plain sentences" }
            if let fault = fault(in: clause, as: part, names, done) { return fault }
        }
        return nil
    }

    /// A guess says that it is one, or names a thing and claims nothing: `Probably a loop`, `A busy customer`.
    static func isGuess(_ text: String) -> Bool {
        let tokens = TextToken.split(text).map { $0.text.lowercased() }
        return tokens.contains(where: hedges.contains) || ["a", "an", "one"].contains(tokens.first ?? "")
    }

    /// Whether words in lower case say that they guess.
    static func isHedged(_ words: [String]) -> Bool { words.contains(where: hedges.contains) }

    private static func fault(in clause: Clause, as part: Part, _ names: Set<String>, _ done: Set<ActionKind>) -> String? {
        let words = clause.words
        for (index, word) in words.enumerated() {
            let isFirst = index == 0
            let next = index + 1 < words.count ? words[index + 1].text : ""
            switch word.kind {
            case .figure, .name: continue
            case .odd: return "\(Fault.quoted(word.text)) is not spelled as a word"
            case .word: break
            }
            // `a week`, `all day`: a time that nobody measured; `5 minutes`, `runs a minute` are compared with the evidence.
            if spans.contains(word.text), !isMeasured(words, index) { return "\(Fault.quoted(word.text)) is not in the evidence" }
            if word.text == "out", part == .step, index > 0, words[index - 1].text == "find" { continue }
            // Rules fire, people are not fired.
            if word.text == "fired", index == 0 || !["rule", "that", "which", "it"].contains(words[index - 1].text) {
                return "\"fired\" is said of a rule"
            }
            // `how many` asks, `many` claims.
            if ["many", "much"].contains(word.text), index > 0, words[index - 1].text == "how" { continue }
            guard isAllowed(word.text, part, done) else { return "\(Fault.quoted(word.text)) is not among the words for it" }
            if let allowed = following[word.text], !allowed.contains(next), !(word.text == "usual" && isOwned(words, index)),
                !(word.text == "most" && part == .step)
            {
                return "\(Fault.quoted(word.text + (next.isEmpty ? "" : " " + next))) says more than was seen"
            }
            // In a step the first word is judged with the beginnings of steps.
            if isFirst, bare.contains(word.text), !(part == .step && clause.beginsSentence) {
                let isState = word.text == "open" && ["for", "since"].contains(next)
                if !isState { return "\(Fault.quoted(word.text)) at the beginning of a clause reads like an order" }
            }
            if word.text == "true", index == 0 || !["been", "is", "was"].contains(words[index - 1].text) {
                return "\"true\" is said of a condition"
            }
            if word.text == "once", index == 0 || words[index - 1].text != "at" { return "\"once\" is not in the evidence" }
            // `one in ten` is a share that nobody measured.
            if word.text == "in", index > 0, words[index - 1].isNumber, index + 1 < words.count, words[index + 1].isNumber {
                return "\(Fault.quoted("\(words[index - 1].text) in \(next)")) is not in the evidence"
            }
            if bare.contains(word.text), index > 0, words[index - 1].text == "to", !isNoun(next) {
                return "\(Fault.quoted("to " + word.text)) reads like an order"
            }
        }
        let plain = words.map(\.text)
        for pair in part == .step ? pairs : pairs + claims where plain.indices.contains(where: { plain[$0...].starts(with: pair) }) {
            return "\(Fault.quoted(pair.joined(separator: " "))) is not to be said"
        }
        // A limit that holds is one that somebody set.
        if plain.contains("limit") || plain.contains("limits"), ["holds", "held", "hold"].contains(plain.last ?? "") {
            return "a limit that holds is not in the evidence"
        }
        // An over at the end is an all-clear.
        if plain.last == "over" { return "\"over\" is not to be said" }
        return nil
    }

    /// Whether a word may stand: in the lists, part of a number that is compared with the evidence elsewhere, or a state that
    /// the decisions tell of.
    private static func isAllowed(_ word: String, _ part: Part, _ done: Set<ActionKind>) -> Bool {
        if small.contains(word) || things.contains(word) || qualities.contains(word) || doings.contains(word) || bare.contains(word) {
            return true
        }
        if hedges.contains(word) || word == "nobody" || word == "once" || word == "usd" { return true }
        if part == .step, word == "double" { return true }
        // Said of any small number, and meant as none.
        if word == "couple" || word == "pair" || parts.contains(word) { return false }
        if NumberWords.begins(word) || NumberWords.isInner(word) || NumberWords.measure(word) != nil { return true }
        if part == .step, looking.contains(word) || asking.contains(word) || people.contains(word) { return true }
        switch word {
        case "throttled", "limited": return done.contains(.throttle)
        case "paused": return done.contains(.pause)
        default: return false
        }
    }

    private static let spans: Set<String> = words(
        "second seconds minute minutes hour hours day days week weeks month months year years sec secs min mins hr hrs")
    /// Parts and multiples, which somebody would have to compute.
    static let parts: Set<String> = words(
        "half halved quarter thirds quarters fifth tenth twice double doubled doubles doubling thrice triple tripled triples quadruple quadrupled"
    )

    private static func isMeasured(_ words: [Word], _ index: Int) -> Bool {
        guard index > 0 else { return false }
        let before = words[index - 1]
        if before.isNumber || before.text == "per" { return true }
        guard ["a", "an", "each"].contains(before.text), index > 1 else { return false }
        return things.contains(words[index - 2].text) || words[index - 2].isNumber
    }

    /// `than usual`, `its usual`: compared with something that was given.
    private static func isOwned(_ words: [Word], _ index: Int) -> Bool {
        index > 0 && ["than", "its", "the", "their", "above", "below", "as"].contains(words[index - 1].text)
    }

    private static func isNoun(_ next: String) -> Bool { ["of", "and", "or", "rate", "rates", ""].contains(next) }

    // MARK: Reading

    private struct Word {
        enum Kind { case word, name, figure, odd }
        let text: String
        let kind: Kind
        var isNumber: Bool { kind == .figure || kind == .word && NumberWords.begins(text) }
    }

    private struct Clause {
        var words: [Word] = []
        var beginsSentence = true
        var isQuestion = false
        var strange: Character?
    }

    /// Clauses begin behind marks and behind words that join.
    private static func clauses(_ text: String) -> [Clause] {
        var all: [Clause] = []
        var current = Clause()
        var sentence = 0
        func end(sentenceEnds: Bool) {
            if !current.words.isEmpty || current.strange != nil { all.append(current) }
            current = Clause(beginsSentence: sentenceEnds || all.count == sentence)
            if sentenceEnds { sentence = all.count }
        }
        for token in TextToken.split(text) {
            switch token {
            case .figure: current.words.append(Word(text: "0", kind: .figure))
            case .name(let name): current.words.append(Word(text: name, kind: .name))
            case .word(let word):
                let lower = word.lowercased()
                if ["but", "then", "so", "and", "or"].contains(lower) {
                    if !current.words.isEmpty { end(sentenceEnds: false) }
                    continue
                }
                let isSpelled =
                    word == lower || word.dropFirst() == lower.dropFirst() || ["MongoDB", "USD"].contains(word)
                    || NumberWords.measure(word) != nil
                current.words.append(Word(text: lower, kind: isSpelled ? .word : .odd))
            case .mark(let mark):
                // A percent sign belongs to a figure.
                guard marks.contains(mark), mark != "%" || current.words.last?.kind == .figure else {
                    current.strange = current.strange ?? mark
                    continue
                }
                if mark == "?" {
                    current.isQuestion = true
                    end(sentenceEnds: true)
                } else if ".!".contains(mark) {
                    end(sentenceEnds: true)
                } else if ",;:()–—".contains(mark) {
                    end(sentenceEnds: false)
                }
            }
        }
        end(sentenceEnds: true)
        return all
    }

    /// A rule's name in a text is a name, whatever words it is made of; one without a hyphen is words like any other.
    static func replacing(_ name: String, in text: String) -> String {
        name.utf8.contains(UInt8(ascii: "-")) && text.contains(bytesOf: name) ? text.replacing(bytesOf: name, with: "rule") : text
    }

    /// `error_rate[5m]` without its window.
    private static func withoutWindows(_ text: String) -> String {
        var out = ""
        var depth = 0
        for character in text {
            if character == "[" {
                depth += 1
            } else if character == "]", depth > 0 {
                depth -= 1
            } else if depth == 0 {
                out.append(character)
            }
        }
        return out
    }

    static func words(_ text: String) -> Set<String> {
        Set(text.split { $0 == " " || $0 == "\n" }.map(String.init))
    }

    /// A few of the words, as the model is told of them: all of them would cost more than the rest of the question. An answer
    /// with another word is asked for once more, with the word named.
    static let told = """
        active answers apps average batch burst calls cause change condition cost customer database errors exceeds falls holds \
        job keeps latency level load loop model provider rate release retries rises runs runtime schedule share slow spike \
        starts stays steady tenant threshold tokens usual user workflow
        """
}
