import Model

/// Comparisons, amounts, history and states of others: words that say something without a figure. What is not told as a
/// guess is made of words for facts and of what the series are about, and of nothing else; and whoever compares, counts,
/// remembers or speaks of others says what the evidence says, guess or not.
enum SeenComparisons {
    // MARK: Words

    /// What a fact may be told with, whatever the evidence is about.
    private static let facts: Set<String> = words(
        """
        a an the of in on at by for from to with within and or but than as that which its it this these those their there one
        also still about roughly above over between among most more together while when since
        is are was were be been being has have had now currently per least
        app apps application applications run runs runtime runtimes share shares threshold thresholds condition rule rules incident
        value values figure figures reading readings level number rest part series load minute minutes hour hours second seconds
        day days ms s m min h d percent usd point times
        hold holds held holding take takes took taken taking exceed exceeds exceeded exceeding cross crosses crossed carry carries carried
        account accounts come comes coming last lasts lasted dominates allows fired fires true throttled paused limited once compared
        active open busy high total own concurrent elevated other others
        rise rises rose risen rising grow grows grew grown growing growth keep keeps kept keeping stay stays stayed
        fall falls fell fallen falling lower low less below under
        """)
    private static let rising = words("rise rises rose risen rising grow grows grew grown growing growth")
    private static let falling = words("fall falls fell fallen falling")
    private static let staying = words("stay stays stayed remain remains remained")
    private static let downward = words("below under lower less low fewer falls fall fell fallen falling shorter")
    private static let upward = words("above over exceed exceeds exceeded exceeding cross crosses crossed high higher")
    private static let beside = words("at near around about roughly reach reaches reached")
    private static let bounds = words("threshold thresholds limit limits")
    private static let greatest = words("highest lowest largest longest slowest newest oldest noisiest heaviest")
    private static let amounts = words("each every all any only whole both mostly mainly always often usually repeatedly")
    /// Of a time that nobody looked at.
    private static let history = words(
        "before again previous previously earlier early later late old older oldest newest usual usually unusual unusually planned ordinary same similar similarly meant regular"
    )
    private static let others = words("other others another")
    private static let states = words(
        "slow slowly slower silent silently stalled fail fails failed failing failure failures missing unknown unreadable unreachable wait waits waiting busy"
    )
    private static let comparatives = words("higher lower less fewer larger longer shorter slower faster older younger heavier more")
    /// What a step may not say of a bound: it was or would be another.
    private static let moved = words(
        """
        higher lower highest lowest high low new old older newest other another different larger before previous earlier last next usual
        was were would could can may might change changed changes
        """)

    // MARK: The check

    /// - Parameter said: names that may be said whole.
    static func fault(in text: String, at place: String, _ ground: SeenGround, said: [String]) -> String? {
        let text = said.reduce(text) { PlainSpeech.replacing($1, in: $0) }
        for sentence in sentences(text) {
            let words = sentence.clauses.flatMap { $0 }.map(\.text)
            if place.hasPrefix("suggested_steps") {
                for clause in sentence.clauses {
                    if let fault = fault(ofStep: clause.map(\.text), sentence.isQuestion, ground) { return fault }
                    if let fault = SeenSubjects.fault(ofStep: clause.map(\.text)) { return fault }
                }
                continue
            }
            let isThing = place == "likely_cause" && ["a", "an"].contains(words.first ?? "")
            let isOverAndOver = zip(words, words.dropFirst()).contains { $0 == "again" && $1 == "again" }
            for (index, clause) in sentence.clauses.enumerated() {
                // `A loop` claims nothing; what follows it may.
                let isGuess =
                    PlainSpeech.isHedged(words) || isThing && (index == 0 || ["a", "an", "one"].contains(clause.first?.text ?? ""))
                if let fault = claim(clause, isGuess, isOverAndOver, ground) { return fault }
                if !isGuess, let fault = fact(clause, ground) { return fault }
                let plain = clause.map(\.text)
                let fault =
                    isGuess
                    ? SeenSubjects.fault(ofGuess: plain, ground)
                    : SeenSubjects.fault(ofFact: plain, hasFigure: clause.contains(where: \.isFigure), ground)
                if let fault { return fault }
            }
        }
        return nil
    }

    /// What neither a fact nor a guess may claim.
    private static func claim(_ clause: [Word], _ isGuess: Bool, _ isOverAndOver: Bool, _ ground: SeenGround) -> String? {
        let plain = clause.map(\.text)
        let isOfBound = plain.contains(where: bounds.contains)
        if plain.contains("than"), !isGuess || isOfBound { if let fault = comparison(plain, ground) { return fault } }
        for (index, word) in plain.enumerated() {
            let before = index > 0 ? plain[index - 1] : ""
            let next = index + 1 < plain.count ? plain[index + 1] : ""
            if bounds.contains(word), let fault = bound(clause, index, ground) { return fault }
            if ["steady", "constant", "constantly", "fast"].contains(word), !ground.courses(of: plain).contains(where: \.stays) {
                return says(word, "is not what the evidence says")
            }
            let isRelative = isGuess && before == "than"
            // Of a rule and not of what happened: a guess why it fired.
            if isGuess, word == "always", ["hold", "holds"].contains(next), index >= 3,
                plain[(index - 3)..<index].elementsEqual(["test", "rule", "that"])
            {
                continue
            }
            if amounts.contains(word), !ground.has(word), !(word == "each" && ["minute", "hour", "second"].contains(next)),
                !(isGuess && ["often", "repeatedly"].contains(word))
            {
                return says(word, "was not counted")
            }
            if greatest.contains(word) { return says(word, "was not compared") }
            if word == "most", let fault = most(plain, index, ground) { return fault }
            if word == "not", !["answer", "answers", "answering", "answered", "known", "seen"].contains(next) {
                return says("not \(next)", "is an all-clear")
            }
            if downward.contains(word), !ground.isBelow {
                let isFalling = ground.courses(of: plain).contains(where: \.falls) && !isOfBound && !["below", "under"].contains(word)
                if !isFalling { return says(word, "is not what the evidence says") }
            }
            if ["above", "over", "exceeds", "exceed", "exceeded"].contains(word), !ground.isAbove {
                return says(word, "is not what the evidence says")
            }
            // A figure that something is above is one of the condition's, to the digit.
            if ["above", "over", "exceeds", "exceeded"].contains(word), index + 1 < clause.count, clause[index + 1].isFigure,
                let value = Double(clause[index + 1].shown),
                !(index + 2 < plain.count && NumberWords.measure(plain[index + 2])?.dimension == .seconds),
                !ground.bounds.contains(value)
            {
                return says("\(word) \(clause[index + 1].shown)", "is not what the evidence says")
            }
            if word == "within", !(index + 1 < clause.count && (clause[index + 1].isFigure || NumberWords.begins(next))), !ground.isBelow {
                return says("within \(next)", "is not what the evidence says")
            }
            if beside.contains(word), next != "least", !ground.isEqual, isOfBound, !plain.contains(where: upward.contains),
                !plain.contains("than")
            {
                let isOwn = plain.first.map { bounds.contains($0) } == true || plain.starts(with: ["the", "threshold"])
                if !isOwn { return says(word, "a threshold is not what the evidence says") }
            }
            if word == "as" {
                if history.contains(next) || ["ever", "scheduled", "expected"].contains(next) {
                    return says("as \(next)", "is not in the evidence")
                }
                if let second = plain[(index + 1)...].prefix(4).firstIndex(of: "as"),
                    second + 1 >= clause.count || !clause[second + 1].isFigure
                {
                    return says("as .. as", "compares with what was not given")
                }
            }
            if history.contains(word), !isRelative {
                let isKnown =
                    (["usual", "usually", "unusual", "unusually"].contains(word) && ground.hasUsual)
                    || (word == "again" && (ground.wasReopened || isGuess && isOverAndOver))
                let isReading =
                    word == "before" && index > 0 && plain.contains("took")
                    && (clause[index - 1].isFigure || NumberWords.measure(before) != nil)
                if !isKnown, !isReading { return says(word, "is history that nobody looked at") }
            }
            if others.contains(word), !plain[..<index].contains("than"), !plain.contains("rest") {
                return says(word, "speaks of what is not in the evidence")
            }
            if ["was", "were"].contains(word), upward.contains(next) || downward.contains(next) || next == "true" {
                return says("\(word) \(next)", "is history that nobody looked at")
            }
        }
        if let last = plain.last, ["hold", "holds", "held"].contains(last), !plain.contains("rule"), !plain.contains("condition") {
            return says(last, "of what is not said")
        }
        return reading(clause, ground)
    }

    /// A threshold has a figure, and does nothing.
    private static func bound(_ clause: [Word], _ index: Int, _ ground: SeenGround) -> String? {
        guard index + 1 < clause.count else { return nil }
        let next = clause[index + 1].text
        if ["is", "are"].contains(next) {
            return index + 2 < clause.count && clause[index + 2].isFigure
                ? nil : says("\(clause[index].text) \(next)", "is not what the evidence says")
        }
        let isDeed =
            ["was", "were", "has", "have"].contains(next) || upward.contains(next) || rising.contains(next) || falling.contains(next)
            || staying.contains(next) || next.hasPrefix("keep") || next.hasPrefix("cross")
        return isDeed && !["above", "over", "high"].contains(next)
            ? says("\(clause[index].text) \(next)", "is not what the evidence says") : nil
    }

    /// `most of` only of what more than half was counted of, and of it only what was counted.
    private static func most(_ plain: [String], _ index: Int, _ ground: SeenGround) -> String? {
        let rest = plain[(index + 1)...].dropFirst(plain.count > index + 1 && plain[index + 1] == "of" ? 1 : 0)
        let noun = rest.firstIndex { !["the", "its", "these", "those", "active", "open", "of"].contains($0) }
        guard let noun,
            plain[noun] == "it" && !ground.mostly.isEmpty || ground.mostly.contains(SeenGround.stem(plain[noun]))
                || SeenGround.stem(plain[noun]) == "run" && !ground.mostly.isEmpty
        else {
            return says("most", "of that was not counted")
        }
        if plain.contains(where: others.contains) { return says("most", "of others was not counted") }
        guard noun + 2 < plain.count, ["is", "are", "was", "were"].contains(plain[noun + 1]) else { return nil }
        let told = plain[noun + 2]
        return ["of", "on", "from"].contains(told) || told != "active" && ground.shared.contains(told)
            ? nil : says("most", "that are \(told) were not counted")
    }

    /// What stands behind `than` was given: a figure, a threshold, or the others that a share was counted of.
    private static func comparison(_ plain: [String], _ ground: SeenGround) -> String? {
        guard let index = plain.firstIndex(of: "than"), index + 1 < plain.count else { return says("than", "compares with nothing") }
        let rest = plain[(index + 1)...]
        if rest.contains(where: others.contains) {
            // What has a growing share grows faster than the rest.
            let isRising =
                plain.contains("faster") && plain.contains(where: rising.contains) && ground.courses(of: ["share"]).contains(where: \.rises)
            return (plain[..<index].contains("more") && !ground.mostly.isEmpty) || (isRising && !ground.shared.isEmpty)
                ? nil : says("than the others", "was not compared")
        }
        if ["its", "the"].contains(rest.first ?? ""), let noun = rest.dropFirst().first {
            return bounds.contains(noun) || ["share", "usual"].contains(noun)
                ? nil : says("than \(rest.first ?? "") \(noun)", "compares with what was not given")
        }
        return rest.first == "0" || rest.first.map { NumberWords.begins($0) || $0.contains("_" as Character) } == true
            || ground.has(rest.first ?? "")
            ? nil : says("than \(rest.first ?? "")", "compares with what was not given")
    }

    /// What is told as a fact: words for facts, what the series are about, and the way that they went.
    private static func fact(_ clause: [Word], _ ground: SeenGround) -> String? {
        let plain = clause.map(\.text)
        let isMissing = plain.contains { ["missing", "unknown", "unreadable"].contains($0) } && !ground.unread.isEmpty
        for (index, word) in clause.enumerated() where !word.isName && !word.isFigure {
            let text = word.text
            let isNumber = NumberWords.begins(text) || NumberWords.isInner(text) || NumberWords.measure(text) != nil
            let isTest = text == "test" && index + 1 < plain.count && plain[index + 1] == "rule"
            let isOfMissing =
                isMissing && (["missing", "unknown", "unreadable"].contains(text) || ground.unread.contains(SeenGround.stem(text)))
            if !facts.contains(text), !isNumber, !isTest, !(text == "faster" && plain.contains("than")), !isOfMissing, !ground.has(text),
                !(text == "before" && plain.contains("took"))
            {
                return says(text, "is not in the evidence; a guess belongs into 'likely_cause' and says \"probably\"")
            }
            if let fault = object(clause, index) { return fault }
            if text == "high", !ground.isAbove { return says(text, "is not what the evidence says") }
            if text == "more", !plain.contains("than") { return says(text, "compares with nothing") }
            let courses = ground.courses(of: plain)
            // `silent runs rise 2.4 times`: a figure is compared with the evidence as it is.
            let isCounted = clause.contains(where: \.isFigure)
            if rising.contains(text), !isCounted, !courses.contains(where: \.rises) { return says(text, "is not what the evidence says") }
            if staying.contains(text), !plain.contains(where: upward.contains), !courses.contains(where: \.stays) {
                return says(text, "is not what the evidence says")
            }
        }
        return nil
    }

    /// Words behind which a noun makes a fact that nobody looked at: who holds whom, and what is what.
    private static func object(_ clause: [Word], _ index: Int) -> String? {
        let word = clause[index].text
        let next = index + 1 < clause.count ? clause[index + 1].text : ""
        let third = index + 2 < clause.count ? clause[index + 2].text : ""
        let isMeasured = index + 1 < clause.count && (clause[index + 1].isFigure || NumberWords.begins(next))
        if ["is", "are"].contains(word), ["the", "a", "an"].contains(next) {
            return says("\(word) \(next) \(third)", "is told as if it were known")
        }
        if word.hasPrefix("com"), ["come", "comes", "coming"].contains(word), next != "from" {
            return says(word, "is not in the evidence")
        }
        if ["hold", "holds", "held", "take", "takes", "took", "taking", "holding"].contains(word), !isMeasured, !next.isEmpty {
            let isPart =
                ["most", "more", "over", "about", "roughly", "above", "is", "are", "by"].contains(next)
                || ["the", "its"].contains(next) && ["rest", "share"].contains(third)
            if !isPart { return says("\(word) \(next)", "is not in the evidence") }
        }
        if word == "apps", ["are", "hold", "have", "take", "rose", "rise", "exceed"].contains(next),
            !clause.contains(where: { $0.isFigure || NumberWords.begins($0.text) }), !clause.contains(where: { others.contains($0.text) })
        {
            return says("apps \(next)", "says of several what was seen of one")
        }
        return nil
    }

    /// `The share is 40%`, `There are 10 active runs`: figures of the document, but of its thresholds or of what was before.
    private static func reading(_ clause: [Word], _ ground: SeenGround) -> String? {
        let plain = clause.map(\.text)
        guard !plain.contains(where: bounds.contains), !plain.contains(where: upward.contains), !plain.contains("than") else { return nil }
        for (index, word) in clause.enumerated() where word.isFigure && index > 0 {
            let verb = plain[index - 1]
            if let percent = word.percent {
                let isNow = ["is", "are", "at", "has", "have", "holds", "takes", "hold"].contains(verb)
                guard isNow || ["held", "took", "to", "was", "from"].contains(verb) else { continue }
                if !ground.wasRead(percent, isPercent: true, isNow: isNow) { return says("\(verb) \(word.shown)", "was not read") }
            } else if ["is", "are", "at", "has", "have", "holds", "hold", "carries"].contains(verb), let count = Double(word.shown),
                plain[(index + 1)...].prefix(3).contains(where: { ["run", "runs", "app", "apps"].contains($0) })
                    || verb == "at" && plain.last == "0"
            {
                if !ground.wasRead(count, isPercent: false, isNow: true) { return says("\(verb) \(word.shown)", "was not read") }
            }
        }
        return nil
    }

    // MARK: Steps

    /// A look takes nothing for granted: what is not in the evidence stands behind `whether`, or in a question.
    private static func fault(ofStep plain: [String], _ isQuestion: Bool, _ ground: SeenGround) -> String? {
        let second = plain.dropFirst().first ?? ""
        if plain.first == "look", !["at", "for", "whether", "how", "which", "when", "into"].contains(second) {
            return says("look \(second)", "is not a look at figures")
        }
        if plain.first == "check", ["in", "out", "up", "off", "on", "into"].contains(second) {
            return says("check \(second)", "is not a look at figures")
        }
        if let bound = plain.firstIndex(where: bounds.contains) {
            if let word = plain.first(where: moved.contains) { return says("\(plain[bound]) .. \(word)", "speaks of another one") }
            if bound + 1 < plain.count, ["is", "are", "be"].contains(plain[bound + 1]) {
                return says("\(plain[bound]) \(plain[bound + 1])", "speaks of another one")
            }
        }
        let isOpen =
            isQuestion
            && ["is", "are", "was", "were", "has", "have", "had", "did", "does", "do", "which", "who"].contains(plain.first ?? "")
        let opening = isOpen ? 0 : plain.firstIndex { ["whether", "if"].contains($0) } ?? plain.count
        let asks = plain.firstIndex { ["which", "who", "whether", "if"].contains($0) } ?? plain.count
        for (index, word) in plain.enumerated() where index < opening {
            let isKnown = ground.has(word)
            if states.contains(word), !isKnown { return says(word, "is not in the evidence: ask whether it is so") }
            if history.contains(word), word != "late", !isKnown {
                return says(word, "is history that nobody looked at: ask whether it is so")
            }
            if comparatives.contains(word) || greatest.contains(word), index < asks || greatest.contains(word) {
                return says(word, "was not compared: ask whether it is so")
            }
            if ["below", "under"].contains(word), !ground.isBelow { return says(word, "is not what the evidence says") }
            if falling.contains(word), !ground.courses(of: plain).contains(where: \.falls) {
                return says(word, "is not what the evidence says")
            }
            if word == "another" { return says(word, "speaks of what is not in the evidence") }
            if ["only", "whole", "all", "every"].contains(word) { return says(word, "was not counted") }
            if word == "most", index < asks, !isOpen { return says(word, "was not counted: ask which") }
            if ["has", "have"].contains(word), plain[(index + 1)...].first == "errors", !ground.has("errors") {
                return says("\(word) errors", "is not in the evidence")
            }
            if others.contains(word), plain[(index + 1)...].contains(where: { ["is", "are", "have", "has"].contains($0) }) {
                return says(word, "speaks of what is not in the evidence")
            }
            if word == "each", plain[(index + 1)...].contains(where: { ["is", "are", "has", "have", "holds"].contains($0) }) {
                return says(word, "was not counted")
            }
        }
        return nil
    }

    // MARK: Reading

    private struct Word {
        let text: String
        var isName = false
        var isFigure = false
        var percent: Double?
        var shown = ""
    }

    private struct Sentence {
        var clauses: [[Word]] = [[]]
        var isQuestion = false
    }

    private static func sentences(_ text: String) -> [Sentence] {
        var all: [Sentence] = []
        var current = Sentence()
        func add(_ word: Word) { current.clauses[current.clauses.count - 1].append(word) }
        for token in TextToken.split(text) {
            switch token {
            case .name(let name): add(Word(text: name.lowercased(), isName: true))
            case .figure(let figure): add(Word(text: "0", isFigure: true, shown: figure.text))
            case .word(let word):
                let lower = word.lowercased()
                if lower == "percent", let last = current.clauses.last?.last, last.isFigure { setPercent() }
                if ["and", "or", "but", "while", "because"].contains(lower) { current.clauses.append([]) } else { add(Word(text: lower)) }
            case .mark(let mark):
                if mark == "%" { setPercent() }
                if ",;:()\u{2013}\u{2014}".contains(mark) { current.clauses.append([]) }
                guard ".!?".contains(mark) else { continue }
                current.isQuestion = mark == "?"
                all.append(current)
                current = Sentence()
            }
        }
        func setPercent() {
            guard let clause = current.clauses.indices.last, let word = current.clauses[clause].indices.last,
                current.clauses[clause][word].isFigure
            else { return }
            current.clauses[clause][word].percent = Double(current.clauses[clause][word].shown)
        }
        return all + [current]
    }

    private static func says(_ what: String, _ why: String) -> String { "\(Fault.quoted(what)) \(why)" }

    private static func words(_ text: String) -> Set<String> { Set(text.split { $0 == " " || $0 == "\n" }.map(String.init)) }
}
