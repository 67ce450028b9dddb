import Model

/// Several incidents told as one message: how many, why together, which, and where to begin.
extension Wording {
    /// `3 incidents opened together`, `storm of 34 incidents, 12 still open`
    func topic(of digest: Model.Digest) -> String {
        let count = Wording.incidents(digest.total)
        let topic =
            switch digest.reason {
            case .together: "\(count) opened together"
            case .storm: "storm of \(count)"
            case .pageBudget: "\(count), pages used up"
            }
        guard message.event == .updated else { return topic }
        return "\(topic), \(digest.open == 0 ? "none" : "\(digest.open)") still open"
            + (message.news == .acknowledged ? ", \(occasion)" : "")
    }

    /// The same from the first message to the last: `Several incidents at once (5f2c9a7b)`.
    func subject(of digest: Model.Digest) -> String {
        let topic =
            switch digest.reason {
            case .together: "Several incidents at once"
            case .storm: "Storm of incidents"
            case .pageBudget: "Incidents after the pages were used up"
            }
        let id = digest.id.split(separator: "-").last.map(String.init) ?? digest.id
        return "\(topic) (\(Shown.id(String(id.unicodeScalars.prefix(8)))))"
    }

    func what(of digest: Model.Digest) -> Phrase {
        guard !isResolved else { return digest.total == 1 ? "It is over." : "All of them are over." }
        return switch digest.reason {
        case .together: "They opened within moments of each other and are told as one."
        case .storm: "So many opened within a short time that they are told as one; the actions of their rules wait."
        case .pageBudget: "This night's pages are used up: whatever else opens is told here, without waking anybody."
        }
    }

    func facts(of digest: Model.Digest) -> [(name: String, value: Phrase)] {
        let open = digest.open == 0 ? "none open" : "\(digest.open) still open"
        let count = message.event == .opened && digest.open == digest.total ? "" : ", \(open)"
        var facts: [(name: String, value: Phrase)] = [("Incidents", Phrase(words: "\(digest.total)\(count)"))]
        facts.append(("Since", Phrase(words: full(begin(of: digest)))))
        if isResolved { facts.append(("Until", Phrase(words: full(end(of: digest))))) }
        return facts
    }

    func duration(of digest: Model.Digest) -> String { max(end(of: digest) - begin(of: digest), .zero).brief }

    func begin(of digest: Model.Digest) -> Timestamp { digest.items.map(\.openedAt).min() ?? incident.openedAt }

    private func end(of digest: Model.Digest) -> Timestamp { digest.items.compactMap(\.resolvedAt).max() ?? message.at }

    /// Which are open and which are over, and how many of each have no line of their own.
    func items(of digest: Model.Digest) -> [(section: Section, more: Int)] {
        let open = digest.items.filter { $0.resolvedAt == nil }
        let over = digest.items.filter { $0.resolvedAt != nil }
        let groups = [("Open", open, digest.open), ("Over", over, digest.total - digest.open)]
        return groups.compactMap { heading, items, total in
            guard !items.isEmpty else { return nil }
            return (Section(heading: heading, lines: items.map(line)), max(0, total - items.count))
        }
    }

    /// `Critical: runtime-down, runtime shared, since 03:05 UTC`
    private func line(_ item: Model.Digest.Item) -> Phrase {
        let severity = item.severity.rawValue.prefix(1).uppercased() + item.severity.rawValue.dropFirst()
        let rule = Shown.shortened(Shown.id(item.rule), 40)
        let when: String
        if let resolved = item.resolvedAt {
            let length = max(resolved - item.openedAt, .zero).brief
            when = "\(moments.range(item.openedAt, resolved)), \(length)"
        } else {
            when = "since \(moments.minute(item.openedAt))"
        }
        return "\(severity): \(rule), \(Wording.place(item.subject.shortened)), \(when)"
    }

    var stepsOfDigest: [Phrase] {
        var steps: [Phrase] = ["Begin with the weightiest, \(topic(60)): \(command: showing)"]
        if let playbook { steps.append("How to confirm, what is safe, how to undo: \(command: playbook)") }
        steps.append("What was done, and how to undo it: \(command: "mozaiks-ops actions list")")
        return steps
    }

    func footer(of digest: Model.Digest) -> Phrase {
        Phrase(words: "\(Shown.id(message.environment)) · mode \(message.mode.rawValue) · \(Shown.id(digest.id))")
    }

    private static func incidents(_ count: Int) -> String { "\(count) incident\(count == 1 ? "" : "s")" }
}

extension Subject {
    /// With ids that fit a line of a list.
    fileprivate var shortened: Subject {
        func short(_ text: String) -> String { Shown.shortened(text, 48) }
        if let workflow, let app { return .workflow(PackID(short(workflow.text)), app: AppID(short(app.text)), runtime: short(runtime)) }
        return Subject(kind, id: Array(short(idText).utf8), runtime: short(runtime))
    }
}
