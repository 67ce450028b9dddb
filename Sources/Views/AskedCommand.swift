import Model

/// What a person asked of an engine on the command line, and what came of it so far.
public struct AskedCommand: Sendable {
    /// The command's number in the journal.
    public let id: Int64
    /// In the engine's words; nil while none has taken it.
    public let result: String?
    /// What it is about, where that got a name just now: `("silence", "silence-5f2c…")`.
    private let subject: (key: String, id: String)?
    /// What only commands of its kind have.
    private let besides: JSONObject

    public init(_ id: Int64, result: String?, about subject: (key: String, id: String)? = nil) {
        self.init(id, result, subject, [:])
    }

    /// Of something to be undone.
    /// - Parameter resisting: what could not be undone yet, with the reasons.
    public init(_ id: Int64, result: String?, resisting: [String]) {
        self.init(id, result, nil, ["not_undone": .strings(resisting)])
    }

    /// Of an offer.
    /// - Parameter decision: what the guard said when it looked again; nil where it did not.
    public init(_ id: Int64, result: String?, decision: ActionDecision?) {
        self.init(id, result, nil, ["decision": decision?.document ?? .null])
    }

    private init(_ id: Int64, _ result: String?, _ subject: (key: String, id: String)?, _ besides: JSONObject) {
        self.id = id
        self.result = result
        self.subject = subject
        self.besides = besides
    }

    /// What of it is printed with `-o json`.
    public var document: OutputDocument {
        var members = JSONObject()
        if let subject { members.append(subject.key, .string(subject.id)) }
        members.append("command", .int(id))
        members.append("result", .optional(result))
        for member in besides { members.append(member.key, member.value) }
        return OutputDocument(.asked, members)
    }
}
