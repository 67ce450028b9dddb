import Model

/// What a language model wrote, laid out so that nobody takes it for what this program knows.
public struct AdviceText: Hashable, Sendable {
    /// Who wrote it, from what, and that nobody checked it. Stands first, always.
    public let origin: Phrase
    public let summary: Phrase
    public let cause: Phrase?
    public private(set) var steps: [Phrase]

    static let heading = "A model's explanation"
    private static let stepLimit = 6

    init(_ advice: Advice) {
        origin = """
            Written by \(code: advice.by) from the incident's figures; not checked by a person. \
            It calls itself \(AdviceText.percent(advice.confidence)) sure.
            """
        summary = Phrase(prose: advice.summary)
        cause = advice.likelyCause.isEmpty ? nil : Phrase(prose: advice.likelyCause)
        var steps = advice.steps.prefix(AdviceText.stepLimit).map(Phrase.init(words:))
        if let playbook = advice.playbook {
            steps.append("It would read: \(command: "mozaiks-ops playbooks show \(Shown.id(playbook))")")
        }
        self.steps = steps
    }

    func with(steps: [Phrase]) -> AdviceText {
        var text = self
        text.steps = steps
        return text
    }

    private static func percent(_ share: Double) -> String {
        share.isFinite ? "\(Int((min(max(share, 0), 1) * 100).rounded()))%" : "not"
    }

    /// Plain lines, for services that show fields.
    var lines: [String] {
        [origin.plain, summary.plain] + (cause.map { ["Likely cause: \($0.plain)"] } ?? [])
            + steps.enumerated().map { "\($0.offset + 1). \($0.element.plain)" }
    }
}

extension Wording {
    /// The model's text; nil without one, in resolutions, drills and messages about several incidents. And while anything
    /// waits for a yes: a reaction on that message is the yes, and no text of a stranger's may stand beside the offer and ask
    /// for one. `mozaiks-ops incidents show` has it meanwhile.
    public var advice: AdviceText? {
        guard message.event != .drill, !isResolved, digest == nil, !isAnythingOffered else { return nil }
        return incident.advice.map(AdviceText.init)
    }

    /// Whether the newest decision on any action waits for a person's yes.
    private var isAnythingOffered: Bool {
        var newest: [LeaseKey: Verdict] = [:]
        for decision in incident.decisions { newest[decision.key] = decision.verdict }
        return newest.values.contains { if case .needsApproval = $0 { true } else { false } }
    }
}
