import Model

/// What a command prints with `-o json`: always one object, whose first member, `schema`, says what it is.
///
/// Nothing else can be printed, so a list never is a bare array, and whatever has no kind yet does not compile. What each kind
/// holds stands in docs/schema/output.schema.json; a test holds the kinds there and here to each other.
public struct OutputDocument: Sendable {
    /// What there is. The raw value is the word within `mozaiks.ops/…/v1`.
    public enum Kind: String, CaseIterable, Sendable {
        case actions, advice, approvals, apps, asked, check, copy, doctor, drills, errors, evaluation, explanation, incident
        case incidents, initialization = "init", marks, play, playbook, playbooks, readiness, recording, replay, runtimes, scenarios,
            settings,
            signals
        case silences, stage, status
        case auditVerification = "audit-verification"
        case compaction
        case configCheck = "config-check"
        case effectivePolicy = "effective-policy"
        case incidentExplanation = "incident-explanation"
        case journalCheck = "journal-check"
        case killSwitch = "kill-switch"
        case notifyHistory = "notify-history"
        case notifyRoute = "notify-route"
        case playbooksCheck = "playbooks-check"
        case policyCheck = "policy-check"
        case policyTestResults = "policy-test-results"
        case tokenCreated = "token-created"
        case tokenList = "token-list"
        case tokenRevoked = "token-revoked"

        /// As the documents say it: `mozaiks.ops/status/v1`.
        public var schema: String { "mozaiks.ops/\(rawValue)/v1" }
    }

    public let kind: Kind
    /// The whole document.
    public let json: JSON

    /// - Parameter members: what it holds besides its schema. A schema among them, of a document that other rooms make too, gives
    ///   way to that of the kind.
    public init(_ kind: Kind, _ members: JSONObject) {
        self.kind = kind
        var object: JSONObject = ["schema": .string(kind.schema)]
        for member in members where member.key != "schema" { object.append(member.key, member.value) }
        json = .object(object)
    }
}
