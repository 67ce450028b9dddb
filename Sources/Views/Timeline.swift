import Model
import Notify

/// What happened to an incident, in the order in which it did.
public struct Timeline: Sendable {
    public enum Event: Sendable {
        case transition(Transition)
        /// Of the newest of its kind in an open incident: whether it can still be answered.
        case decision(ActionDecision, isWaiting: Bool)
        case verification(Verification)
        case note(HandlingNote)
    }

    public struct Entry: Sendable {
        public let at: Timestamp
        public let event: Event
    }

    public let entries: [Entry]

    public init(_ incident: Incident) {
        var all = incident.transitions.map { Entry(at: $0.at, event: .transition($0)) }
        for (index, decision) in incident.decisions.enumerated() {
            // What was decided since, or is over, waits no more.
            let isNewest = !incident.decisions[(index + 1)...].contains { $0.key == decision.key }
            all.append(
                Entry(at: decision.at, event: .decision(decision, isWaiting: isNewest && incident.resolvedAt == nil)))
        }
        all += incident.verifications.map { Entry(at: $0.at, event: .verification($0)) }
        all += incident.handling.map { Entry(at: $0.at, event: .note($0)) }
        entries = all.enumerated().sorted { a, b in
            a.element.at != b.element.at ? a.element.at < b.element.at : a.offset < b.offset
        }.map(\.element)
    }
}

extension Timeline.Entry {
    /// One kind of event, its sentence, and for what was decided the decision's own document.
    public var document: JSON {
        let (kind, text, more): (String, String, JSON?) =
            switch event {
            case .transition(let transition):
                (
                    "transition", "\(transition.from.rawValue) => \(transition.to.rawValue): \(transition.reason)",
                    ["condition": .string(transition.condition)]
                )
            case .decision(let decision, _): ("decision", decision.sentence, decision.document)
            case .verification(let found): ("verification", found.text, found.document)
            case .note(let note): (note.kind.rawValue, note.text, ["by": .string(note.by)])
            }
        var object: JSONObject = ["at": .moment(at), "kind": .string(kind), "text": .string(text)]
        if let more { object.append("detail", more) }
        return .object(object)
    }
}

extension ActionDecision {
    /// What was decided and why, without styles: `refused: throttle … for app_a, 15m: the storm …`.
    public var sentence: String {
        let what = "\(effect) for \(key.app), \(ttl)"
        let by = approvedBy.map { ", approved by \(Shown.id($0))" } ?? ""
        return switch verdict {
        case .act: "done: \(what)\(until.map { ", until \($0)" } ?? "")\(by)"
        case .wouldHave: "would have done (mode observe): \(what)"
        case .wouldAsk(let refusal): "would ask a person (mode observe): \(what): \(refusal.text)"
        case .needsApproval(let refusal): "needs approval: \(what): \(refusal.text)"
        case .refused(let refusal): "refused: \(what)\(by): \(refusal.text)"
        case .alreadyInForce(let lease): "already in force: \(what) (\(lease))"
        }
    }
}

extension HandlingNote {
    /// Who speaks, for people: what the monitor saw is not called by where it saw it.
    public var author: String {
        if by.isSame(as: Wording.listener) { return "seen" }
        return by.isSame(as: Wording.weigher) ? "runs" : Shown.id(by)
    }
}
