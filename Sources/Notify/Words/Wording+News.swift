import Model

/// Why people hear again of an incident that is open.
extension Wording {
    /// Whether this message is told because nothing more happens until a person does something.
    var asksForPerson: Bool {
        guard message.event == .updated, digest == nil else { return false }
        return message.news == .approval || message.news == .person || newest.contains { $0.verdict.isForPerson }
    }

    /// Whether those should see it, too, who do not follow the incident: it is not merely one more detail.
    var isForEverybody: Bool {
        message.event == .opened || asksForPerson || (message.event == .updated && message.news == .reminder)
    }

    /// The end of `Warning, …`.
    var occasion: String {
        switch message.news {
        case .reminder: return "still open after \(openFor)"
        case .approval: return "needs approval"
        case .verified: return verdictOnAction
        case .acknowledged:
            return incident.acknowledged.map { "acknowledged by \(Shown.shortened(Shown.id($0.by), 16))" } ?? "acknowledged"
        case .advice: return "a model's view"
        case .person: return "needs a person"
        case .action, nil: return act
        }
    }

    /// To its largest unit: `3h`.
    private var openFor: String {
        let seconds = max((message.at - incident.openedAt).milliseconds, 0) / 1_000
        return switch seconds {
        case ..<60: "\(seconds)s"
        case ..<3_600: "\(seconds / 60)m"
        case ..<172_800: "\(seconds / 3_600)h"
        default: "\(seconds / 86_400)d"
        }
    }

    private var act: String {
        if asksForPerson { return "needs a person" }
        // Told later than it was done, the last one is meant.
        let told = newest.isEmpty && message.news == .action ? incident.decisions.suffix(1) : newest[...]
        guard let act = told.first(where: { $0.verdict == .act }) else { return "update" }
        let isExtension = incident.decisions.contains { $0.at < act.at && $0.verdict == .act && $0.key == act.key }
        return isExtension ? "action extended" : "action taken"
    }

    private var newest: [ActionDecision] { incident.decisions.filter { $0.at == message.at } }

    private var verdictOnAction: String {
        switch checked.first?.outcome {
        case .effective: "action worked"
        case .noEffect: checked.first?.isUnkept ?? false ? "action not kept" : "action did not help"
        case .unknown: "action's effect unknown"
        case nil: "action checked"
        }
    }

    /// Of each lease the newest finding, the newest first.
    private var checked: [Verification] {
        var seen: Set<[UInt8]> = []
        return incident.verifications.sorted { $0.at > $1.at }.filter { seen.insert(Array($0.lease.utf8)).inserted }
    }

    /// What was found out of its actions' effect: at most three findings.
    var findings: Section? {
        guard digest == nil, message.event != .opened else { return nil }
        let lines: [Phrase] = checked.prefix(3).map { finding in
            let words =
                switch finding.outcome {
                case .effective: "it worked"
                case .noEffect: finding.isUnkept ? "taken back" : "it did not help, and was taken back"
                case .unknown: "whether it worked is not known"
                }
            return "\(code: finding.app.text): \(words): \(moments.readable(Shown.line(finding.text)))"
        }
        return lines.isEmpty ? nil : Section(heading: "What came of it", lines: lines)
    }
}

extension Verification {
    /// Whether more came through than the action lets: the text says so, and what was seen.
    fileprivate var isUnkept: Bool { text.hasPrefix("not kept: ") }
}

extension Verdict {
    /// Whether nothing more happens until a person does something.
    var isForPerson: Bool {
        switch self {
        case .needsApproval: true
        case .refused(let refusal): refusal.step.isForPerson
        case .act, .wouldHave, .wouldAsk, .alreadyInForce: false
        }
    }
}

extension Message {
    /// An incident that had resolved and opened anew.
    var isReopening: Bool { event == .opened && digest == nil && incident.flaps > 0 }
}

extension Refusal.Step {
    /// Whether nothing is tried any more until a person has looked.
    var isForPerson: Bool { self == .maxLease || self == .noEffect }
}
