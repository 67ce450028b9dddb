/// What a lease brought about, found out from evidence some minutes after it began.
public struct Verification: Hashable, Sendable {
    public enum Outcome: String, Hashable, Sendable, CaseIterable {
        /// What it acts on fell, and then the signal.
        case effective
        /// What it acts on did not fall, or the signal did not follow: it was taken back, and a person has to look.
        case noEffect = "no_effect"
        /// The evidence does not tell.
        case unknown
    }

    public let at: Timestamp
    public let lease: String
    public let app: AppID
    public let outcome: Outcome
    /// For people: `run_starts fell from 12/min to 2/min and the condition is no longer true`.
    public let text: String

    public init(at: Timestamp, lease: String, app: AppID, outcome: Outcome, text: String) {
        self.at = at
        self.lease = lease
        self.app = app
        self.outcome = outcome
        self.text = text
    }
}

extension Verification {
    public var document: JSON {
        var object: JSONObject = ["at": .moment(at), "lease": .string(lease)]
        object.append(id: app.bytes, as: "app_id")
        object.append("outcome", .string(outcome.rawValue))
        object.append("text", .string(text))
        return .object(object)
    }

    public init(_ reader: DocumentReader) throws(DocumentError) {
        self.init(
            at: try reader.member("at").timestamp(), lease: try reader.member("lease").string(),
            app: AppID(bytes: try reader.id("app_id")), outcome: try reader.member("outcome").choice(Outcome.self),
            text: try reader.member("text").string())
    }
}
