import Model

/// An operator's own texts, filled with an incident's facts.
extension Wording {
    /// Longest headline out of a template, in scalars.
    static let ownHeadlineLimit = 120
    /// Scalars that the values of one text may take together.
    private static let valueLimit = 450

    /// The template's headline. What it does not say itself stands before it: another environment than production, and
    /// any state but the first, so that a resolution never looks like an opening. Nil without one, and for digests.
    var ownHeadline: String? {
        guard let text = template.headline, digest == nil else { return nil }
        let places = text.placeholders
        var start = places.contains(.fact(.environment)) ? "" : environmentMark
        let isPlainOpening = message.event == .opened && !message.isReopening
        if message.event == .drill || (!isPlainOpening && !places.contains(.fact(.state))) { start += "\(state): " }
        return start + Shown.shortened(Shown.line(filled(text).plain), Wording.ownHeadlineLimit - start.unicodeScalars.count)
    }

    /// The template's subject of a mail; nil without one, for digests and drills.
    var ownSubject: String? {
        guard let text = template.subject, digest == nil, message.event != .drill else { return nil }
        let start = text.placeholders.contains(.fact(.environment)) ? "" : environmentMark
        return start + Shown.shortened(Shown.line(filled(text).plain), Wording.ownHeadlineLimit - start.unicodeScalars.count)
    }

    /// A paragraph of the operator's own; nil without one.
    public var note: Phrase? { template.note.map(filled) }

    /// A text with its values put in. No value can be markup, however the text around it is written.
    func filled(_ text: MessageTemplate.Text) -> Phrase {
        let limit = max(20, Wording.valueLimit / max(1, text.placeholders.count))
        return Phrase(
            template: text.pieces.map { piece in
                switch piece {
                case .literal(let words): return .own(words)
                case .value(let placeholder, true):
                    return .own(PercentEncoding.url(Shown.shortened(raw(placeholder) ?? "", limit)))
                case .value(let placeholder, false):
                    let value = Shown.shortened(raw(placeholder) ?? "none", limit)
                    return placeholder.isID ? .code(Shown.id(value)) : .words(Shown.line(value))
                }
            })
    }

    /// Nil where the incident has no such thing.
    private func raw(_ placeholder: MessageTemplate.Placeholder) -> String? {
        switch placeholder {
        case .label(let name):
            return incident.labels.first { $0.key.isSame(as: name) }?.value
        case .fact(let fact): return raw(fact)
        }
    }

    private func raw(_ fact: MessageTemplate.Fact) -> String? {
        switch fact {
        case .rule: return incident.rule
        case .severity: return incident.severity.rawValue
        case .environment: return message.environment
        case .runtime: return incident.subject.runtime
        case .app: return incident.subject.app?.text
        case .workflow: return incident.subject.workflow?.text
        case .replica: return incident.subject.replica
        case .summary: return incident.summary.isEmpty ? nil : incident.summary
        case .condition: return condition
        case .playbook: return incident.playbook
        case .incident: return incident.id
        case .mode: return message.mode.rawValue
        case .state: return state
        case .where: return shortPlace(60)
        case .since: return full(incident.since)
        case .duration: return max((incident.heldUntil ?? message.at) - incident.since, .zero).brief
        case .origin: return origin
        }
    }
}

extension MessageTemplate.Placeholder {
    /// Something to be copied exactly.
    fileprivate var isID: Bool {
        switch self {
        case .label: true
        case .fact(let fact):
            switch fact {
            case .rule, .runtime, .app, .workflow, .replica, .condition, .playbook, .incident: true
            case .severity, .environment, .summary, .mode, .state, .where, .since, .duration, .origin: false
            }
        }
    }
}
