import Model

/// Decides whether an answer may be shown to people. Pure: the same answer to the same brief is always judged the same.
///
/// It errs on the side of refusing: a text that is turned down costs nothing, because the deterministic one stands.
public struct AnswerCheck: Sendable {
    private let brief: IncidentBrief
    private let grounding: Grounding
    private let evidence: Set<String>
    private let ground: SeenGround

    /// The longest texts, in characters, and the most steps.
    static let textLimit = 400
    static let stepLimit = 240
    static let stepCount = 1...6

    public init(_ brief: IncidentBrief) {
        self.brief = brief
        grounding = Grounding(brief.document)
        evidence = SeenClaims.evidence(brief.document)
        ground = SeenGround(brief.document)
    }

    /// A checked answer, still with names in the place of ids.
    struct Checked: Hashable, Sendable {
        let summary: String
        let likelyCause: String
        let playbook: String?
        let steps: [String]
        let confidence: Double
    }

    /// The answer in `content`, or everything that is wrong with it.
    func check(_ content: String) -> Result<Checked, Faults> {
        let raw: RawAnswer
        switch RawAnswer.read(content) {
        case .success(let answer): raw = answer
        case .failure(let faults): return .failure(faults)
        }
        var faults: [Fault] = []
        let checked = Checked(
            summary: text(raw.summary, "summary", AnswerCheck.textLimit, &faults),
            likelyCause: text(raw.likelyCause, "likely_cause", AnswerCheck.textLimit, &faults),
            playbook: raw.playbook,
            steps: raw.steps.enumerated().map { index, step in
                let step = AnswerCheck.withoutOrdinal(step, index)
                if let fault = SpokenSteps.fault(ofStep: step) { faults.append(Fault(.forbidden, "suggested_steps[\(index)]", fault)) }
                return text(step, "suggested_steps[\(index)]", AnswerCheck.stepLimit, &faults)
            }, confidence: raw.confidence)
        if let id = raw.playbook, !brief.playbooks.contains(where: { $0.isSame(as: id) }) {
            faults.append(Fault(.playbook, "playbook", "\(Fault.quoted(id)) is not in the list of playbooks"))
        }
        if !AnswerCheck.stepCount.contains(raw.steps.count) {
            faults.append(Fault(.length, "suggested_steps", "must have 1 to \(AnswerCheck.stepCount.upperBound) steps"))
        }
        return faults.isEmpty ? .success(checked) : .failure(Faults(all: faults))
    }

    private func text(_ raw: String, _ place: String, _ limit: Int, _ faults: inout [Fault]) -> String {
        let text = withGivenNames(AnswerCheck.oneLine(raw))
        let count = text.unicodeScalars.count
        if count < 3 { faults.append(Fault(.length, place, "is empty")) }
        if count > limit { faults.append(Fault(.length, place, "has \(count) characters; at most \(limit) are allowed")) }
        // A text that is far too long is refused already; its words need no reading.
        guard count <= limit * 4 else { return text }
        faults += TextHygiene.faults(text, names: grounding.names).map { Fault($0.kind, place, $0.text) }
        faults += SpokenActions.faults(text, done: brief.done).map { Fault($0.kind, place, $0.text) }
        if let fault = SpokenSteps.order(in: text) { faults.append(Fault(.forbidden, place, fault)) }
        if let number = SpokenSteps.strangeNumber(in: text) {
            faults.append(Fault(.ungrounded, place, "\(Fault.quoted(number)) is not in the evidence"))
        }
        let part: PlainSpeech.Part = place.hasPrefix("suggested_steps") ? .step : .statement
        if let fault = PlainSpeech.fault(in: text, as: part, names: grounding.names, said: brief.said, done: brief.done) {
            faults.append(Fault(.word, place, fault))
        }
        if let fault = SeenClaims.fault(in: text, at: place, evidence: evidence) { faults.append(Fault(.word, place, fault)) }
        if let fault = SeenComparisons.fault(in: text, at: place, ground, said: brief.said) { faults.append(Fault(.word, place, fault)) }
        if place == "likely_cause", !PlainSpeech.isGuess(text) {
            faults.append(Fault(.word, place, "is told as if it were known: say \"probably\" or \"may\""))
        }
        faults += numbers(text).map { Fault(.ungrounded, place, $0) }
        return text
    }

    private func numbers(_ text: String) -> [String] {
        let found = NumberReader.read(text)
        let loose = found.mentions.filter { !$0.isGrounded(in: grounding.facts) }
        return loose.map { "\(Fault.quoted($0.text)) is not in the evidence" }
            + found.vague.map { "\(Fault.quoted($0)) is not in the evidence" }
            + (AnswerCheck.hasMinus(text) ? ["a number below zero is not in the evidence"] : [])
    }

    /// A dash that hangs on what follows it, or stands between a verb or a preposition and a figure: a minus, which the
    /// reader of numbers takes for a mark. A range (`5-10`) and a dash with blanks around it are none.
    private static func hasMinus(_ text: String) -> Bool {
        let words = text.split(separator: " ").map(String.init)
        let leading: Set<String> = [
            "is", "are", "was", "were", "of", "to", "from", "with", "than", "at", "by", "has", "holds", "above", "below",
        ]
        return words.enumerated().contains { index, word in
            let word = word.drop { $0 == "(" || $0 == "\"" }
            guard let dash = word.first, "-\u{2013}\u{2014}\u{2212}".contains(dash) else { return false }
            if word.count > 1 { return word.dropFirst().first?.isLetter == true || word.dropFirst().first?.isNumber == true }
            let next = index + 1 < words.count ? words[index + 1] : ""
            return index > 0 && leading.contains(words[index - 1].lowercased()) && next.first?.isNumber == true
        }
    }

    /// A sentence that begins with a name writes it with a capital, `App_1`; it is put back as it was given, so that the id
    /// finds its place.
    private func withGivenNames(_ text: String) -> String {
        var text = text
        for name in grounding.names where name.contains("_" as Character) {
            let capital = name.prefix(1).uppercased() + name.dropFirst()
            if text.hasPrefix(capital), text.dropFirst(capital.count).first?.isNumber != true {
                text = name + text.dropFirst(capital.count)
            }
            text = text.replacing(bytesOf: ". \(capital) ", with: ". \(name) ")
        }
        return text
    }

    /// Line breaks and runs of blanks become one blank.
    private static func oneLine(_ text: String) -> String {
        text.split { $0 == " " || $0 == "\n" || $0 == "\r\n" || $0 == "\t" || $0 == "\r" }.joined(separator: " ")
    }

    /// A step without the number that it has in its list anyway: `2. Look …`.
    private static func withoutOrdinal(_ step: String, _ index: Int) -> String {
        let text = step.drop { $0 == " " }
        for prefix in ["\(index + 1). ", "\(index + 1)) ", "- "] where text.hasPrefix(prefix) {
            return String(text.dropFirst(prefix.count))
        }
        return step
    }
}
