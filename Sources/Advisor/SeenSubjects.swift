/// Of whom something is said. A series rises, a share is above a threshold, runs are open: a rule, a runtime or a load is none of
/// that, however harmless the words are, and a thing that is only named is no cause.
enum SeenSubjects {
    private static let copulas = words("is are was were be been")
    private static let signs = words("above over exceed exceeds exceeded exceeding cross crosses crossed")
    private static let bounds = words("threshold thresholds limit limits")
    private static let rising = words("rise rises rose risen rising grow grows grew grown growing growth fall falls fell fallen falling")
    /// What has no course of its own.
    private static let decided = words("rule rules condition incident threshold thresholds limit limits")
    /// What a figure may be about, and is none itself.
    private static let bearers = words(
        "the a an one its this app apps application applications runtime runtimes run runs load rule rules condition incident threshold thresholds limit limits"
    )
    private static let counted = words("most share shares rest part percent more")
    /// What a guess only points at.
    private static let pointed = words(
        "threshold thresholds limit limits rule rules condition incident share shares figure figures reading readings value values evidence series"
    )
    private static let joining = words("the a an of in its this it that be is are was may might could can has have been to there also just")
    private static let people = words("user users customer customers tenant tenants client clients app apps")

    /// What is told as a fact: `hasFigure` where a figure stands in the clause, which is compared with the evidence.
    static func fault(ofFact plain: [String], hasFigure: Bool, _ ground: SeenGround) -> String? {
        let isCounted = hasFigure || plain.contains { $0 != "one" && NumberWords.begins($0) }
        if let sign = plain.firstIndex(where: signs.contains), !ground.shared.isEmpty, !isCounted,
            plain[sign...].contains(where: bounds.contains)
        {
            let who = plain[..<sign]
            // Of what a share was counted of, the share is compared, and neither the whole nor its parts.
            let isShare = who.contains("share") && !who.contains("runtime")
            if let word = who.first(where: { ["runtime", "runtimes", "runs", "apps", "load"].contains($0) }), !isShare {
                return says("\(word) .. \(plain[sign])", "is not what the condition compares")
            }
        }
        if let move = plain.firstIndex(where: rising.contains) {
            let who = plain[..<move]
            if let word = who.first(where: decided.contains) { return says("\(word) .. \(plain[move])", "has no course of its own") }
            if who.contains("runtime"),
                !who.contains(where: { ["run", "runs", "app", "apps", "number", "share", "value", "figure", "load"].contains($0) })
            {
                return says("runtime .. \(plain[move])", "has no course of its own")
            }
        }
        return predicate(plain, isCounted, ground)
    }

    /// What stands behind `is` and `are`.
    private static func predicate(_ plain: [String], _ isCounted: Bool, _ ground: SeenGround) -> String? {
        guard let copula = plain.firstIndex(where: copulas.contains) else { return nil }
        let who = plain[..<copula]
        let rest = plain[(copula + 1)...].drop { copulas.contains($0) || ["still", "also", "now", "currently"].contains($0) }
        guard let told = rest.first else { return nil }
        switch told {
        case "active", "open", "concurrent":
            let isOfIncident = told == "open" && who.contains("incident")
            return isCounted || isOfIncident || plain.contains("than") || who.contains("most")
                ? nil : says("\(plain[copula]) \(told)", "is said without a count")
        case "busy":
            return who.contains { $0 == "runtime" || $0 == "apps" || $0 == "runs" || $0 == "share" || $0 == "load" || decided.contains($0) }
                ? says("\(plain[copula]) busy", "is not in the evidence") : nil
        case "high", "elevated", "low":
            let isBare = !who.isEmpty && who.allSatisfy { bearers.contains($0) || $0.contains("_" as Character) }
            return isBare ? says("\(plain[copula]) \(told)", "is said of what has no figure") : nil
        case "of", "on", "from":
            return isCounted || who.contains(where: counted.contains) ? nil : says("\(plain[copula]) \(told)", "is not in the evidence")
        default: return nil
        }
    }

    /// What is told as a guess.
    static func fault(ofGuess plain: [String], _ ground: SeenGround) -> String? {
        let said = plain.filter { !PlainSpeech.isHedged([$0]) && !joining.contains($0) }
        if !said.isEmpty, said.allSatisfy(pointed.contains) { return says(said.joined(separator: " "), "is no cause") }
        if let wait = plain.firstIndex(where: ["wait", "waits", "waiting"].contains), plain[..<wait].contains(where: people.contains) {
            return says(plain[wait], "is said of people, whom nobody looked at")
        }
        if let stay = plain.firstIndex(where: ["stay", "stays", "stayed", "remain", "remains", "remained"].contains),
            plain[..<stay].contains(where: {
                ["share", "shares", "rate", "rates", "value", "values", "number", "figure", "load"].contains($0)
            }),
            !plain.contains(where: { ["above", "over", "high"].contains($0) }), !ground.courses(of: plain).contains(where: \.stays)
        {
            return says(plain[stay], "is not what the evidence says")
        }
        return nil
    }

    /// What a step takes for granted of whom it is about.
    static func fault(ofStep plain: [String]) -> String? {
        if plain.contains("nobody") { return says("nobody", "is nobody to look at") }
        if let bound = plain.first(where: bounds.contains), plain.contains("had") {
            return says("\(bound) .. had", "speaks of another one")
        }
        for index in plain.indices.dropFirst() where index + 1 < plain.count {
            let (before, next) = (plain[index - 1], plain[index + 1])
            if plain[index] == "its", before == "with" || before == "to", rising.contains(next) {
                return says("with its \(next)", "compares a thing with itself")
            }
            // `which user is a …` says what somebody is; `whether it is a …` asks.
            if ["is", "are"].contains(plain[index]), ["a", "an", "the"].contains(next),
                plain[..<index].contains(where: ["which", "who", "what"].contains),
                !plain[..<index].contains(where: ["whether", "if"].contains)
            {
                return says("\(plain[index]) \(next)", "says what somebody is")
            }
        }
        return nil
    }

    private static func says(_ what: String, _ why: String) -> String { "\(Fault.quoted(what)) \(why)" }

    private static func words(_ text: String) -> Set<String> { Set(text.split { $0 == " " || $0 == "\n" }.map(String.init)) }
}
