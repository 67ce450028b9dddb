import Model

extension GuardState {
    public static let schema = "mozaiks.ops/guard-state/v1"

    /// The whole state as a document. Members and lists stand in a fixed order: equal states give equal bytes.
    public var document: JSON {
        let restarted = restarts.inByteOrder(of: \.key)
        let handovers = handedOver.sorted { $0.key < $1.key }
        return [
            "schema": .string(GuardState.schema),
            "leases": .array(leases.map(\.document)),
            "openings": .array(openings.map(JSON.moment)),
            "restarts": .array(restarted.map { ["runtime": .string($0.key), "at": .moment($0.value)] }),
            "handed_over": .array(
                handovers.map {
                    [
                        "incident": .string($0.key), "cause": .string($0.value.cause.rawValue),
                        "shadow": .bool($0.value.shadow), "at": .moment($0.value.at),
                    ]
                }),
            "asks": .array(asks.sorted { $0.key < $1.key }.map { $0.key.document(answer: $0.value) }),
            "picks": .array(picks.sorted { $0.key < $1.key }.map { $0.key.document(apps: $0.value) }),
            "approvals": .array(approvals.map(\.document)),
            "watches": .array(watches.map(\.document)),
            "holds": .array(holds.map(\.document)),
            "marks": .array(marks.map(\.document)),
            "troubles": .array(
                troubles.inByteOrder(of: \.key)
                    .flatMap { entry in entry.value.map { $0.document(entry.key) } }),
            "due": .array(due.map(\.document)),
            "last_words": .array(lastWords.all.inByteOrder(of: \.key).map { $0.value.document($0.key) }),
        ]
    }

    /// Reads a document. Throws when a member is missing, holds something else, or contradicts another.
    public init(document: JSON) throws(DocumentError) {
        let reader = DocumentReader(document, document: "guard state")
        try reader.expectSchema(GuardState.schema)
        var active: Set<LeaseKey> = []
        for element in try reader.member("leases").elements() {
            let lease = try Lease(element)
            guard !lease.holders.isEmpty else { throw element.error("has no holder") }
            guard !lease.isActive || active.insert(lease.key).inserted else {
                throw element.error("is the second in force on its key")
            }
            leases.append(lease)
        }
        openings = try reader.member("openings").map { moment throws(DocumentError) in try moment.timestamp() }
        for element in try reader.member("restarts").elements() {
            restarts[try element.member("runtime").string()] = try element.member("at").timestamp()
        }
        for element in try reader.member("handed_over").elements() {
            handedOver[try element.member("incident").string()] = Handover(
                cause: try element.member("cause").choice(Handover.Cause.self),
                shadow: try element.optional("shadow")?.bool() ?? false,
                at: try element.member("at").timestamp())
        }
        for element in try reader.member("asks").elements() {
            let ask = Ask(incident: try element.member("incident").string(), key: try LeaseKey(element))
            asks[ask] = try Answer(element)
        }
        for element in try reader.member("picks").elements() {
            let pick = Pick(
                incident: try element.member("incident").string(), runtime: try element.member("runtime").string(),
                action: try element.member("action").count())
            picks[pick] = try element.member("apps").map { app throws(DocumentError) in
                AppID(bytes: try app.id("app_id"))
            }
        }
        // What earlier versions did not write.
        approvals = try reader.optional("approvals")?.map(Approval.init) ?? []
        watches = try reader.optional("watches")?.map(LeaseWatch.init) ?? []
        holds = try reader.optional("holds")?.map(LeaseHold.init) ?? []
        marks = try reader.optional("marks")?.map(Mark.init) ?? []
        for element in try reader.optional("troubles")?.elements() ?? [] {
            troubles[try element.member("runtime").string(), default: []].append(try Trouble(element))
        }
        due = try reader.optional("due")?.map(Due.init) ?? []
        for element in try reader.optional("last_words")?.elements() ?? [] {
            lastWords.take(try LastWords(element), of: try element.member("runtime").string(), isKept: false)
        }
    }
}

extension GuardState.Ask {
    fileprivate func document(answer: GuardState.Answer) -> JSON {
        var object: JSONObject = ["incident": .string(incident)]
        if let members = key.document.object { for member in members { object.append(member.key, member.value) } }
        object.append("answer", .string(answer.name))
        object.append("step", .optional(answer.step?.rawValue))
        return .object(object)
    }
}

extension GuardState.Pick {
    fileprivate func document(apps: [AppID]) -> JSON {
        let list = apps.map { app -> JSON in
            var object = JSONObject()
            object.append(id: app.bytes, as: "app_id")
            return .object(object)
        }
        return [
            "incident": .string(incident), "runtime": .string(runtime), "action": .int(Int64(action)),
            "apps": .array(list),
        ]
    }
}

extension GuardState.Answer {
    fileprivate var name: String {
        switch self {
        case .act: "act"
        case .wouldHave: "would_have"
        case .alreadyInForce: "already_in_force"
        case .needsApproval: "needs_approval"
        case .refused: "refused"
        }
    }

    fileprivate var step: Refusal.Step? {
        switch self {
        case .needsApproval(let step), .refused(let step): step
        case .act, .wouldHave, .alreadyInForce: nil
        }
    }

    fileprivate init(_ reader: DocumentReader) throws(DocumentError) {
        let name = try reader.member("answer")
        switch try name.string() {
        case "act": self = .act
        case "would_have": self = .wouldHave
        case "already_in_force": self = .alreadyInForce
        case "needs_approval": self = .needsApproval(try reader.member("step").choice(Refusal.Step.self))
        case "refused": self = .refused(try reader.member("step").choice(Refusal.Step.self))
        default: throw name.error("is no answer")
        }
    }
}
