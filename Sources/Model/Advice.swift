/// What a language model wrote about an incident, after its answer was checked. Text for people: nothing ever acts on it.
public struct Advice: Hashable, Sendable {
    public let at: Timestamp
    /// The model, as the configuration names it. Always shown with the text.
    public let by: String
    /// What happened, in at most a few sentences.
    public let summary: String
    public let likelyCause: String
    /// The id of one of the playbooks it was given; nil where none fits.
    public let playbook: String?
    public let steps: [String]
    /// 0...1, as the model says of itself.
    public let confidence: Double

    public init(
        at: Timestamp, by: String, summary: String, likelyCause: String, playbook: String?, steps: [String],
        confidence: Double
    ) {
        self.at = at
        self.by = by
        self.summary = summary
        self.likelyCause = likelyCause
        self.playbook = playbook
        self.steps = steps
        self.confidence = confidence
    }
}

extension Advice {
    var document: JSON {
        [
            "at": .moment(at), "by": .string(by), "summary": .string(summary), "likely_cause": .string(likelyCause),
            "playbook": .optional(playbook), "steps": .strings(steps), "confidence": .double(confidence),
        ]
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        let confidence = try reader.member("confidence")
        guard let value = confidence.value.double, (0...1).contains(value) else {
            throw confidence.error("is not a number from 0 to 1")
        }
        self.init(
            at: try reader.member("at").timestamp(), by: try reader.member("by").string(),
            summary: try reader.member("summary").string(), likelyCause: try reader.member("likely_cause").string(),
            playbook: try reader.optional("playbook")?.string(),
            steps: try reader.member("steps").map { step throws(DocumentError) in try step.string() }, confidence: value)
    }
}
