import Model

extension TellingState {
    public static let schema = "mozaiks.ops/telling-state/v1"

    /// The whole state as a document. Members and lists stand in a fixed order: equal states give equal bytes.
    public var document: JSON {
        [
            "schema": .string(TellingState.schema),
            "silences": .array(silences.map(\.document)),
            "incidents": .array(sorted(entries).map { $0.value.document($0.key) }),
            "digests": .array(sorted(digests).map { $0.value.document($0.key) }),
            "channels": .array(sorted(ledgers).map { $0.value.document($0.key) }),
        ]
    }

    /// Reads a document. Throws when a member is missing or holds something else.
    public init(document: JSON) throws(DocumentError) {
        let reader = DocumentReader(document, document: "telling state")
        try reader.expectSchema(TellingState.schema)
        silences = try reader.member("silences").map(Silence.init)
        for element in try reader.member("incidents").elements() {
            entries[try element.member("id").string()] = try Entry(element)
        }
        for element in try reader.member("digests").elements() {
            digests[try element.member("id").string()] = try OpenDigest(element)
        }
        for element in try reader.member("channels").elements() {
            ledgers[try element.member("channel").string()] = try Ledger(element)
        }
    }
}

/// By key, by bytes.
private func sorted<Value>(_ map: [String: Value]) -> [(key: String, value: Value)] {
    map.inByteOrder(of: \.key)
}

/// Offers by their action.
private func document(of asked: [String: TellingState.Asked]) -> JSON {
    .array(
        sorted(asked).map {
            ["key": .string($0.key), "approval": .optional($0.value.approval), "at": .moment($0.value.at)]
        })
}

private func offer(_ reader: DocumentReader) throws(DocumentError) -> (action: String, asked: TellingState.Asked) {
    // Earlier versions kept the actions alone.
    guard reader.value.string == nil else { return (try reader.string(), TellingState.Asked(approval: nil, at: nil)) }
    let asked = TellingState.Asked(
        approval: try reader.optional("approval")?.string(), at: try reader.optional("at")?.timestamp())
    return (try reader.member("key").string(), asked)
}

extension TellingState.Entry {
    fileprivate func document(_ id: String) -> JSON {
        var object: JSONObject = [
            "id": .string(id), "runtime": .string(runtime), "severity": .string(severity.rawValue),
            "heard": .array(sorted(heard).map { $0.value.document($0.key) }),
        ]
        if !waiting.isEmpty {
            object.append(
                "waiting",
                .array(sorted(waiting).map { ["channel": .string($0.key), "since": .moment($0.value)] }))
        }
        if let silencedBy { object.append("silenced_by", .string(silencedBy)) }
        if let acknowledgedUntil { object.append("acknowledged_until", .moment(acknowledgedUntil)) }
        if !asked.isEmpty {
            object.append("asked", Telling.document(of: asked))
        }
        if let owed { object.append("owed", owed.document) }
        if isPutOff { object.append("put_off", true) }
        if isAnnounced { object.append("announced", true) }
        return .object(object)
    }

    fileprivate init(_ reader: DocumentReader) throws(DocumentError) {
        self.init(
            runtime: try reader.member("runtime").string(),
            severity: try reader.member("severity").choice(Severity.self))
        for element in try reader.member("heard").elements() {
            heard[try element.member("channel").string()] = try TellingState.Heard(element)
        }
        for element in try reader.optional("waiting")?.elements() ?? [] {
            waiting[try element.member("channel").string()] = try element.member("since").timestamp()
        }
        silencedBy = try reader.optional("silenced_by")?.string()
        acknowledgedUntil = try reader.optional("acknowledged_until")?.timestamp()
        for element in try reader.optional("asked")?.elements() ?? [] {
            let (action, offer) = try Telling.offer(element)
            asked[action] = offer
        }
        owed = try reader.optional("owed").map(TellingState.Owed.init)
        isPutOff = try reader.optional("put_off")?.bool() ?? false
        isAnnounced = try reader.optional("announced")?.bool() ?? false
    }
}

extension TellingState.Owed {
    fileprivate var document: JSON {
        [
            "news": .string(found.rawValue), "actions": Telling.document(of: actions),
            "told": .strings(told.inByteOrder()),
        ]
    }

    fileprivate init(_ reader: DocumentReader) throws(DocumentError) {
        self.init(
            found: try reader.member("news").choice(TellingState.Occurrence.self),
            told: Set(try reader.member("told").map { text throws(DocumentError) in try text.string() }))
        for element in try reader.member("actions").elements() {
            let (action, offer) = try Telling.offer(element)
            actions[action] = offer
        }
    }
}

extension TellingState.Heard {
    fileprivate func document(_ channel: String) -> JSON {
        [
            "channel": .string(channel), "own": .bool(isOwn), "digest": .optional(digest), "told_at": .moment(toldAt),
            "reminders": .int(Int64(reminders)),
        ]
    }

    fileprivate init(_ reader: DocumentReader) throws(DocumentError) {
        self.init(
            isOwn: try reader.member("own").bool(), digest: try reader.optional("digest")?.string(),
            toldAt: try reader.member("told_at").timestamp(), reminders: try reader.member("reminders").count())
    }
}

extension TellingState.OpenDigest {
    fileprivate func document(_ id: String) -> JSON {
        var object: JSONObject = [
            "id": .string(id), "channel": .string(channel), "reason": .string(reason.rawValue),
            "weight": .string(weight.rawValue), "opened_at": .moment(openedAt), "night": night.map { .int($0) } ?? .null,
            "joined_at": .moment(joinedAt), "told_at": .moment(toldAt), "pause": .span(pause),
            "reminders": .int(Int64(reminders)), "total": .int(Int64(total)), "over": .int(Int64(over)),
            "has_news": .bool(hasNews), "past": .array(past.map(\.document)),
        ]
        if let environment { object.append("environment", .string(environment)) }
        if let last { object.append("last", last.document) }
        return .object(object)
    }

    fileprivate init(_ reader: DocumentReader) throws(DocumentError) {
        self.init(
            channel: try reader.member("channel").string(),
            reason: try reader.member("reason").choice(Digest.Reason.self),
            weight: try reader.member("weight").choice(Severity.self),
            openedAt: try reader.member("opened_at").timestamp(),
            night: try reader.optional("night").map { night throws(DocumentError) in Int64(try night.count()) },
            environment: try reader.optional("environment")?.string(),
            joinedAt: try reader.member("joined_at").timestamp(), toldAt: try reader.member("told_at").timestamp(),
            pause: try reader.member("pause").span(), reminders: try reader.member("reminders").count(),
            total: try reader.member("total").count(), over: try reader.member("over").count(),
            hasNews: try reader.member("has_news").bool(),
            past: try reader.member("past").map(Digest.Item.init),
            last: try reader.optional("last").map(Incident.init))
    }
}

extension TellingState.Ledger {
    fileprivate func document(_ channel: String) -> JSON {
        [
            "channel": .string(channel),
            "openings": .array(openings.map { ["at": .moment($0.at), "count": .int(Int64($0.count))] }),
            "threads": .array(threads.map(JSON.moment)), "night": night.map { .int($0) } ?? .null,
            "pages": .int(Int64(pages)), "paged": .strings(paged.sorted()),
        ]
    }

    fileprivate init(_ reader: DocumentReader) throws(DocumentError) {
        self.init(
            openings: try reader.member("openings").map { element throws(DocumentError) in
                TellingState.Opening(
                    at: try element.member("at").timestamp(), count: try element.member("count").count())
            },
            threads: try reader.member("threads").map { moment throws(DocumentError) in try moment.timestamp() },
            night: try reader.optional("night").map { night throws(DocumentError) in Int64(try night.count()) },
            pages: try reader.member("pages").count(),
            paged: Set(try reader.member("paged").map { text throws(DocumentError) in try text.string() }))
    }
}

extension Digest.Item {
    fileprivate var document: JSON {
        [
            "id": .string(incident), "rule": .string(rule), "subject": subject.document,
            "severity": .string(severity.rawValue), "opened_at": .moment(openedAt), "resolved_at": .moment(resolvedAt),
        ]
    }

    fileprivate init(_ reader: DocumentReader) throws(DocumentError) {
        self.init(
            incident: try reader.member("id").string(), rule: try reader.member("rule").string(),
            subject: try Subject(reader.member("subject")),
            severity: try reader.member("severity").choice(Severity.self),
            openedAt: try reader.member("opened_at").timestamp(),
            resolvedAt: try reader.optional("resolved_at")?.timestamp())
    }
}
