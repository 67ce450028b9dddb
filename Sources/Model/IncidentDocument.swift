extension Incident {
    /// The whole incident as a document, schema `mozaiks.ops/incident/v1`. Members stand in a fixed order.
    ///
    /// What identifies the incident stands at the top; `decisions` is what a replay reproduces byte for byte;
    /// `handling` is what people and services did about it.
    public var document: JSON {
        var object = identity(status: status)
        object.append("decisions", decisionsDocument)
        object.append("handling", handlingDocument)
        return .object(object)
    }

    /// The document without its handling, and with a status that knows no acknowledgement: the same for every replay of
    /// the same observations.
    public var replayedDocument: JSON {
        var object = identity(status: resolvedAt == nil ? .open : .resolved)
        object.append("decisions", decisionsDocument)
        return .object(object)
    }

    private func identity(status: Status) -> JSONObject {
        let sorted = labels.inByteOrder(of: \.key)
        return [
            "schema": .string(Incident.schema),
            "id": .string(id),
            "fingerprint": .string(fingerprint),
            "status": .string(status.rawValue),
            "rule": .string(rule),
            "severity": .string(severity.rawValue),
            "subject": subject.document,
            "summary": .string(summary),
            "labels": .object(JSONObject(sorted.map { (key: $0.key, value: .string($0.value)) })),
        ]
    }

    private var decisionsDocument: JSON {
        var object: JSONObject = [
            "opened_at": .moment(openedAt),
            "since": .moment(since),
            "resolved_at": .moment(resolvedAt),
            "resolve_reason": .optional(resolveReason),
            "flaps": .int(Int64(flaps)),
            "condition": .string(condition),
            "origin": ["file": .string(origin.file), "line": .int(Int64(origin.line))],
            "playbook": .optional(playbook),
            "suggestions": .strings(suggestions),
            "next_steps": .strings(nextSteps),
            "transitions": .array(transitions.map(\.document)),
            "evidence": .array(evidence.map(\.document)),
            "actions": .array(decisions.map(\.document)),
        ]
        if !verifications.isEmpty { object.append("verifications", .array(verifications.map(\.document))) }
        return .object(object)
    }

    private var handlingDocument: JSON {
        let acknowledgement = acknowledged.map { acknowledged -> JSON in
            [
                "at": .moment(acknowledged.at), "by": .string(acknowledged.by), "until": .moment(acknowledged.until),
                "comment": .string(acknowledged.comment),
            ]
        }
        let notes = handling.map { note -> JSON in
            [
                "at": .moment(note.at), "kind": .string(note.kind.rawValue), "by": .string(note.by),
                "text": .string(note.text),
            ]
        }
        var object: JSONObject = ["acknowledged": acknowledgement ?? .null, "notes": .array(notes)]
        if let advice { object.append("advice", advice.document) }
        return .object(object)
    }
}

// MARK: - Reading

extension Incident {
    /// Reads a document, with or without `handling`. Throws when a member is missing or holds something else.
    public init(document: JSON) throws(DocumentError) {
        try self.init(DocumentReader(document, document: "incident"))
    }

    public init(_ reader: DocumentReader) throws(DocumentError) {
        try reader.expectSchema(Incident.schema)
        let subject = try Subject(reader.member("subject"))
        let made = try reader.member("decisions")
        let origin = try made.member("origin")
        self.init(
            fingerprint: try reader.member("fingerprint").string(), id: try reader.member("id").string(),
            rule: try reader.member("rule").string(), subject: subject,
            severity: try reader.member("severity").choice(Severity.self),
            summary: try reader.member("summary").string(),
            origin: Origin(file: try origin.member("file").string(), line: try origin.member("line").count()),
            condition: try made.member("condition").string(), openedAt: try made.member("opened_at").timestamp(),
            since: try made.member("since").timestamp(),
            transitions: try made.member("transitions").map(Transition.init),
            evidence: try made.member("evidence").map(EvidenceSeries.init),
            suggestions: try made.member("suggestions").map { text throws(DocumentError) in try text.string() },
            nextSteps: try made.member("next_steps").map { text throws(DocumentError) in try text.string() },
            playbook: try made.optional("playbook")?.string(), labels: try Incident.labels(reader.member("labels")))
        resolvedAt = try made.optional("resolved_at")?.timestamp()
        resolveReason = try made.optional("resolve_reason")?.string()
        flaps = try made.member("flaps").count()
        decisions = try made.member("actions").map(ActionDecision.init)
        verifications = try made.optional("verifications")?.map(Verification.init) ?? []
        guard let handled = try reader.optional("handling") else { return }
        acknowledged = try handled.optional("acknowledged").map(Acknowledgement.init)
        handling = try handled.member("notes").map(HandlingNote.init)
        advice = try handled.optional("advice").map(Advice.init)
    }

    private static func labels(_ reader: DocumentReader) throws(DocumentError) -> [String: String] {
        guard let object = reader.value.object else { throw reader.error("is not an object") }
        var labels: [String: String] = [:]
        for member in object { labels[member.key] = try reader.member(member.key).string() }
        return labels
    }
}

extension Incident.Acknowledgement {
    init(_ reader: DocumentReader) throws(DocumentError) {
        self.init(
            at: try reader.member("at").timestamp(), by: try reader.member("by").string(),
            until: try reader.optional("until")?.timestamp(), comment: try reader.member("comment").string())
    }
}

extension HandlingNote {
    init(_ reader: DocumentReader) throws(DocumentError) {
        self.init(
            at: try reader.member("at").timestamp(), kind: try reader.member("kind").choice(Kind.self),
            by: try reader.member("by").string(), text: try reader.member("text").string())
    }
}
