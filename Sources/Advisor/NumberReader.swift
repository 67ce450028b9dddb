/// Finds the numbers of a text, in digits and in words, with what they count. One reader for both sides: what is given to
/// the model, and what it answers.
struct NumberReader {
    /// What was found.
    struct Found {
        var mentions: [NumberMention] = []
        /// Words that hold digits, a dot or an underscore: `p95`, `app_1`, `active_runs.share`.
        var names: [String] = []
        /// Words for numbers that nobody can check: `dozens`.
        var vague: [String] = []
    }

    private let tokens: [TextToken]
    private var place = 0
    private var found = Found()

    static func read(_ text: String) -> Found {
        var reader = NumberReader(tokens: TextToken.split(text))
        reader.run()
        return reader.found
    }

    private init(tokens: [TextToken]) {
        self.tokens = tokens
    }

    private func token(_ offset: Int = 0) -> TextToken? {
        tokens.indices.contains(place + offset) ? tokens[place + offset] : nil
    }

    private mutating func run() {
        while let token = token() {
            switch token {
            case .figure(let figure): read(figure)
            case .name(let name):
                found.names.append(name)
                place += 1
            case .word(let word): read(word)
            case .mark: place += 1
            }
        }
    }

    // MARK: In digits

    private mutating func read(_ figure: TextToken.Figure) {
        let start = place
        place += 1
        if let seconds = figure.seconds {
            add(start, seconds.value, step: seconds.step, .seconds)
            return
        }
        guard let value = figure.value else {
            add(start, 0, step: 0, .unknown)
            return
        }
        let isMoney = start > 0 && tokens[start - 1] == .mark("$")
        var scale = NumberWords.scale(figure.suffix)
        let unit = scale == nil ? figure.suffix : ""
        if scale == nil, figure.suffix.isEmpty, case .word(let word)? = token(), let larger = NumberWords.scale(word) {
            scale = larger
            place += 1
        }
        let factor = scale ?? 1
        let measure = unit.isEmpty ? readMeasure(isMoney: isMoney) : NumberWords.measure(unit) ?? (.unknown, 1)
        let all = factor * measure.factor
        add(start, value * all, step: figure.step * all, perTime(measure.dimension))
    }

    // MARK: In words

    private mutating func read(_ word: String) {
        let lower = word.lowercased()
        if NumberWords.isVague(lower) || isPart(lower) { found.vague.append(lower) }
        guard NumberWords.begins(lower), !isPronoun(lower), !isDoubleCheck(lower) else {
            place += 1
            return
        }
        let start = place
        guard let number = readWords() else {
            place = start + 1
            return
        }
        if let dimension = number.dimension {
            add(start, number.value, step: 0, dimension)
            return
        }
        let measure = readMeasure(isMoney: false)
        add(
            start, number.value * measure.factor, step: NumberWords.step(number.value) * measure.factor,
            perTime(measure.dimension))
    }

    /// `one of`, `one app`, `one user`: no number. `one replica`, `one hundred` is.
    private func isPronoun(_ word: String) -> Bool {
        guard word == "one" else { return false }
        guard case .word(let next)? = skippingHyphen(1) else { return true }
        let lower = next.lowercased()
        return !NumberWords.begins(lower) && NumberWords.scale(lower) == nil && NumberWords.measure(lower) == nil
            && !(NumberWords.nouns[lower].map { !["app", "runtime", "user", "customer"].contains($0) } ?? false) && lower != "point"
    }

    /// `a third of the runs`, `rose by a third`, `two sevenths`; not the third one.
    private func isPart(_ ordinal: String) -> Bool {
        guard NumberWords.ordinals.contains(ordinal) else { return false }
        func word(_ offset: Int) -> String? {
            if case .word(let word)? = token(offset) { word.lowercased() } else { nil }
        }
        if ordinal.hasSuffix("s") || word(1) == "of" { return true }
        return ["a", "an", "one"].contains(word(-1)) && ["by", "to", "about", "roughly", "almost", "nearly"].contains(word(-2))
    }

    private func isDoubleCheck(_ word: String) -> Bool {
        guard word == "double", case .word(let next)? = skippingHyphen(1) else { return false }
        return next.lowercased().hasPrefix("check")
    }

    private func skippingHyphen(_ offset: Int) -> TextToken? {
        token(offset) == .mark("-") ? token(offset + 1) : token(offset)
    }

    /// A run of words for one number, from `place` on.
    private mutating func readWords() -> (value: Double, dimension: Dimension?)? {
        var words: [String] = []
        while case .word(let word)? = token() {
            let lower = word.lowercased()
            if NumberWords.begins(lower) || NumberWords.isInner(lower) && !words.isEmpty {
                words.append(lower)
                place += 1
                if token() == .mark("-"), case .word(let next)? = token(1), NumberWords.begins(next.lowercased()) {
                    place += 1
                }
            } else {
                break
            }
        }
        while let last = words.last, last == "and" || last == "a" || last == "point" {
            words.removeLast()
            place -= 1
        }
        return NumberWords.value(words)
    }

    // MARK: What it counts

    /// What stands behind a number: `%`, `percent`, `ms`, `runs`, `active runs`.
    private mutating func readMeasure(isMoney: Bool) -> (dimension: Dimension, factor: Double) {
        if isMoney { return (.dollars, 1) }
        if token() == .mark("%") {
            place += 1
            return (.percent, 1)
        }
        var offset = token() == .mark("-") ? 1 : 0
        for _ in 0..<4 {
            guard case .word(let word)? = token(offset) else { break }
            let lower = word.lowercased()
            if offset <= 1, let measure = NumberWords.measure(lower) {
                place += offset + 1
                return measure
            }
            if let noun = NumberWords.nouns[lower] {
                place += offset + 1
                return (.count(noun), 1)
            }
            guard NumberWords.adjectives.contains(lower) else {
                return (NumberWords.connectives.contains(lower) ? .bare : .things, 1)
            }
            offset += 1
        }
        // A unit that no list knows, as `°` or `€`, is no bare number either.
        if case .mark(let mark)? = token(), mark.isCurrencySymbol || mark == "°" { return (.unknown, 1) }
        return (.bare, 1)
    }

    /// `/min`, `per minute`, `a minute`, `USD/h` behind what was counted.
    private mutating func perTime(_ dimension: Dimension) -> Dimension {
        var offset = 0
        if token() == .mark("/") {
            offset = 1
        } else if case .word(let word)? = token(), ["per", "a", "an", "each", "every"].contains(word.lowercased()) {
            offset = 1
        }
        guard offset == 1, case .word(let time)? = token(1) else { return dimension }
        let lower = time.lowercased()
        let isMinute = ["min", "minute"].contains(lower)
        let isHour = ["h", "hour", "hr"].contains(lower)
        guard isMinute || isHour || ["s", "sec", "second", "d", "day", "week", "month"].contains(lower) else {
            return dimension
        }
        place += 2
        switch dimension {
        case .bare where isMinute, .count where isMinute: return .perMinute
        case .dollars where isHour: return .dollarsPerHour
        default: return .unknown
        }
    }

    private mutating func add(_ start: Int, _ value: Double, step: Double, _ dimension: Dimension) {
        let text = tokens[start..<max(place, start + 1)].map(\.text).joined(separator: " ")
        found.mentions.append(
            NumberMention(text: String(text.prefix(40)), value: value, step: step, dimension: dimension))
    }
}
