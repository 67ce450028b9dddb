import Model

/// What was done, would have been, and was not; how to undo it, and what to tell the tenants.
extension Wording {
    /// What was done, would have been done, needs a person or was held back, and why; each group under its heading.
    public var actions: [Section] {
        guard !stories.isEmpty else {
            return isResolved ? [] : [Section(heading: "Done", lines: ["Nothing so far."])]
        }
        return [done, stillInForce, needsPerson, wouldHave, heldBack, changedBefore].compactMap { $0 }
    }

    /// Deploys and restarts around the incident, with the main signals before and after.
    private var changedBefore: Section? {
        // Of one mark the newest line tells most.
        var newest: [(title: String, text: String)] = []
        for note in incident.handling where note.kind == .mark {
            let title = note.text.firstIndex(ofBytes: ": ").map { String(note.text[..<$0]) } ?? note.text
            newest.removeAll { $0.title.isSame(as: title) }
            newest.append((title, note.text))
        }
        return section(
            "Changed shortly before",
            newest.map { Phrase(words: moments.readable(Shown.line($0.text))) })
    }

    private var done: Section? {
        var isAnyInForce = false
        var lines: [Phrase] = stories.compactMap { story in
            switch story.standing {
            case .inForce(_, let from, let until, let extensions):
                guard !isResolved else { return nil }
                isAnyInForce = true
                let extended =
                    extensions == 0 ? "" : extensions == 1 ? ", extended once" : ", extended \(extensions) times"
                let by: Phrase = story.approvedBy.map { ", approved by \(code: $0)" } ?? ""
                return story.told(", \(moments.range(from, until))\(extended)\(by)")
            case .over(_, let from):
                return "\(story.told(" at \(moments.minute(from))")); over"
            case .notLanded: return "Tried and not done: \(story.order)"
            case .none: return nil
            }
        }
        if case let others = stories.filter({ $0.isShared }), !others.isEmpty {
            lines += others.map { "\($0.state), by another incident" }
        }
        if isAnyInForce {
            lines.append("Ends by itself; extended only while the condition stays true, and for a quiet time if the runtime restarts.")
        }
        return section("Done", lines)
    }

    private var stillInForce: Section? {
        guard isResolved else { return nil }
        return section(
            "Still in force",
            stories.compactMap { story in
                guard case .inForce(_, let from, let until, _) = story.standing else { return nil }
                return "\(story.state) until \(moments.end(from, until)), then it ends by itself; later only if the runtime restarts before"
            })
    }

    private var needsPerson: Section? {
        section(
            "Needs a person",
            stories.compactMap { story in
                switch story.verdict {
                case .needsApproval(let refusal):
                    "\(story.order) for \(story.ttl.description): \(reason(refusal))\(approving(story))"
                case .refused(let refusal) where refusal.step.isForPerson:
                    "\(code: story.app.text): \(reason(refusal))"
                default: nil
                }
            })
    }

    /// Where the page asks for the yes or no; nil where nobody said where it is.
    private var approvalLink: String? { message.event == .drill || digest != nil ? nil : link.map { $0 + "#asks" } }

    /// `. Approve it: mozaiks-ops actions approve ID; deny it: mozaiks-ops actions deny ID; the offer ends at 17:05 UTC`; nothing
    /// where there is no id to approve it by.
    private func approving(_ story: ActionStory) -> Phrase {
        let again =
            switch story.lastOffer {
            case .unanswered: " Nobody answered the last offer, and its id counts no more."
            case .notDone: " What was approved before was not done, and that yes counts no more."
            case nil: ""
            }
        let end = story.offerEnds.map { "; the offer ends at \(moments.minute($0))" } ?? ""
        return story.approval.map { id -> Phrase in
            let (yes, no) = ("mozaiks-ops actions approve \(Shown.id(id))", "mozaiks-ops actions deny \(Shown.id(id))")
            // First what a phone can open; opening it changes nothing, there it is a button.
            if let link = approvalLink {
                return
                    ".\(again) Answer it at \(Phrase(template: [.own(link)])) or approve it: \(command: yes); deny it: \(command: no)\(end)"
            }
            return ".\(again) Approve it: \(command: yes); deny it: \(command: no)\(end)"
        } ?? ""
    }

    private var wouldHave: Section? {
        section(
            "Would have been done (mode \(Mode.observe.rawValue))",
            stories.compactMap { story in
                switch story.verdict {
                case .wouldHave: "\(story.order) for \(story.ttl.description)"
                case .wouldAsk(let refusal):
                    "\(story.order) for \(story.ttl.description), once a person said yes: \(reason(refusal))"
                case .act, .needsApproval, .refused, .alreadyInForce: nil
                }
            })
    }

    private var heldBack: Section? {
        section(
            "Held back",
            stories.compactMap { story in
                guard case .refused(let refusal) = story.verdict, !refusal.step.isForPerson else { return nil }
                let what: Phrase = story.isAboutLease ? "Extension for \(code: story.app.text)" : story.order
                return "\(what): \(reason(refusal))"
            })
    }

    private func reason(_ refusal: Refusal) -> Phrase {
        Phrase(words: moments.readable(Shown.line(refusal.text)))
    }

    private func section(_ heading: String, _ lines: [Phrase]) -> Section? {
        lines.isEmpty ? nil : Section(heading: heading, lines: lines)
    }

    /// One command for each lease of this incident that is in force.
    public var undo: [String] {
        stories.compactMap { story in
            guard case .inForce(let lease, _, _, _) = story.standing else { return nil }
            return "mozaiks-ops actions revert \(Shown.id(lease))"
        }
    }

    /// For each tenant that something was done to, a text to paste to it, free of internals. For a resolution the
    /// all-clear, once nothing is in force any more.
    public var tenantTexts: [String] {
        // Nothing in a drill should look as if it were to be passed on.
        message.event == .drill ? [] : TenantText.all(stories, isResolved: isResolved, moments)
    }
}

extension ActionStory {
    /// In force already, for another incident.
    fileprivate var isShared: Bool {
        if case .alreadyInForce = verdict, standing == .none { true } else { false }
    }
}
