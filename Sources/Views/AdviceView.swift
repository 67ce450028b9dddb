import Advisor
import Model

/// What a model made of an incident, and what asking it took.
public struct AdviceView: Sendable {
    public let outcome: AdviceOutcome
    public let incident: Incident
    /// The model's name.
    public let model: String

    public init(_ outcome: AdviceOutcome, of incident: Incident, by model: String) {
        self.outcome = outcome
        self.incident = incident
        self.model = model
    }

    /// `advise -o json`.
    public var document: OutputDocument {
        let advice = outcome.advice.map { advice -> JSON in
            [
                "summary": .string(advice.summary), "likely_cause": .string(advice.likelyCause),
                "playbook": .optional(advice.playbook), "steps": .strings(advice.steps), "confidence": .double(advice.confidence),
            ]
        }
        var why: String?
        if case .failed(let error) = outcome.ending { why = "\(error)" }
        return OutputDocument(
            .advice,
            [
                "incident": .string(incident.id), "outcome": .string(outcome.word),
                "by": .string(model), "advice": advice ?? .null, "why": .optional(why),
                "faults": .array(outcome.faults.map { .strings($0.map(\.description)) }),
                "tokens": ["prompt": .int(Int64(outcome.usage.prompt)), "completion": .int(Int64(outcome.usage.completion))],
                "usd": outcome.microUSD.map { .double(Double($0) / 1_000_000) } ?? .null,
            ])
    }
}
