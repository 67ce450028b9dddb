import Model
import Policy

extension EngineState {
    public static let schema = "mozaiks.ops/engine-state/v1"

    /// The whole state as a document. Members and lists stand in a fixed order: equal states give equal bytes.
    public var document: JSON {
        let list = runtimeNames.compactMap { name in runtimes[name]?.document(name) }
        return ["schema": .string(EngineState.schema), "runtimes": .array(list)]
    }

    /// What is remembered about one runtime, as a document that holds it alone; nil when nothing is.
    public func document(of runtime: String) -> JSON? {
        runtimes[runtime].map {
            ["schema": .string(EngineState.schema), "runtimes": .array([$0.document(runtime)])]
        }
    }

    /// Reads a document. Throws when a member is missing, holds something else, or contradicts another.
    public init(document: JSON) throws(DocumentError) {
        let reader = DocumentReader(document, document: "engine state")
        try reader.expectSchema(EngineState.schema)
        for element in try reader.member("runtimes").elements() {
            let name = try element.member("runtime")
            let runtime = try name.string()
            guard runtimes[runtime] == nil else { throw name.error("stands twice") }
            runtimes[runtime] = try RuntimeState(element, runtime: runtime)
        }
        changed.runtimes = Set(runtimes.keys)
    }
}

extension RuntimeState {
    fileprivate func document(_ name: String) -> JSON {
        let judged = rules.keys.sorted().map { key -> JSON in
            let subjects = (rules[key] ?? []).map { $0.document(key.kind) }
            return ["rule": .string(key.rule), "kind": .string(key.kind.rawValue), "subjects": .array(subjects)]
        }
        let remembered = incidents.values.sorted { $0.id < $1.id }.map(\.document)
        var object: JSONObject = [
            "runtime": .string(name), "now": .moment(now), "rules": .array(judged), "incidents": .array(remembered),
        ]
        let short = cutShort.keys.sorted().map { key -> JSON in
            [
                "rule": .string(key.rule), "kind": .string(key.kind.rawValue),
                "subjects": .array((cutShort[key] ?? []).map(\.document)),
            ]
        }
        if !short.isEmpty { object.append("cut_short", .array(short)) }
        return .object(object)
    }

    fileprivate init(_ reader: DocumentReader, runtime: String) throws(DocumentError) {
        self.init(now: try reader.member("now").timestamp())
        for element in try reader.member("incidents").elements() {
            let incident = try Incident(element)
            guard incident.id.hasPrefix(incident.fingerprint + "-"), incidents[incident.fingerprint] == nil else {
                throw element.error("has an id that does not fit its fingerprint, or a fingerprint that stands twice")
            }
            incidents[incident.fingerprint] = incident
        }
        for element in try reader.member("rules").elements() {
            let key = RuleKey(
                kind: try element.member("kind").choice(SubjectKind.self), rule: try element.member("rule").string())
            guard rules[key] == nil else { throw element.error("stands twice") }
            rules[key] = try entries(element.member("subjects"), key)
        }
        for element in try reader.optional("cut_short")?.elements() ?? [] {
            let key = RuleKey(
                kind: try element.member("kind").choice(SubjectKind.self), rule: try element.member("rule").string())
            guard cutShort[key] == nil else { throw element.error("stands twice") }
            cutShort[key] = try element.member("subjects").map(CutShort.init)
        }
    }

    private func entries(_ reader: DocumentReader, _ key: RuleKey) throws(DocumentError) -> [RuleEntry] {
        var entries: [RuleEntry] = []
        for element in try reader.elements() {
            let entry = try RuleEntry(element, key.kind)
            // Sorted and unique: that is what the engine searches by.
            if let last = entries.last, !last.id.lexicographicallyPrecedes(entry.id) {
                throw element.error("is out of order")
            }
            // A rule fires exactly as long as its incident is open.
            let isOpen = entry.state.incident.flatMap { incidents[$0] }.map { $0.resolvedAt == nil } ?? false
            guard isOpen == (entry.state.phase != .pending) else {
                throw element.error("has no open incident though it fires, or one though it is pending")
            }
            entries.append(entry)
        }
        return entries
    }
}

extension RuleEntry {
    fileprivate func document(_ kind: SubjectKind) -> JSON {
        var object = JSONObject()
        object.append(id: id, as: "id")
        object.append("phase", .string(state.phase.rawValue))
        object.append("since", .moment(state.since))
        object.append("observed", .moment(state.observed))
        object.append("known", .moment(state.known))
        object.append("truth", .string(state.truth.name))
        if state.blind > .zero { object.append("blind_ms", .int(min(state.blind.milliseconds, Int64(Int32.max)))) }
        if state.dipped > .zero { object.append("dipped_ms", .int(min(state.dipped.milliseconds, Int64(Int32.max)))) }
        if state.before > .zero { object.append("before_ms", .int(min(state.before.milliseconds, Int64(Int32.max)))) }
        if state.seenTrue != state.known { object.append("seen_true", .moment(state.seenTrue)) }
        object.append("false_since", .moment(state.falseSince))
        object.append("suppressed_by", .optional(state.suppressedBy))
        object.append("absent_since", .moment(absentSince))
        object.append("evidence", .array(state.evidence.map(\.document)))
        object.append("incident", .optional(state.incident))
        return .object(object)
    }

    fileprivate init(_ reader: DocumentReader, _ kind: SubjectKind) throws(DocumentError) {
        let phase = try reader.member("phase")
        var state = RuleState(firstTrue: try reader.member("since").timestamp())
        state.phase = try phase.choice(Phase.self)
        if state.phase == .inactive { throw phase.error("is a phase that nothing is remembered of") }
        state.observed = try reader.member("observed").timestamp()
        state.known = try reader.member("known").timestamp()
        state.truth = try Truth(named: reader.member("truth"))
        state.blind = TimeSpan(milliseconds: Int64(try reader.optional("blind_ms")?.count() ?? 0))
        state.dipped = TimeSpan(milliseconds: Int64(try reader.optional("dipped_ms")?.count() ?? 0))
        state.before = TimeSpan(milliseconds: Int64(try reader.optional("before_ms")?.count() ?? 0))
        state.seenTrue = try reader.optional("seen_true")?.timestamp() ?? state.known
        state.falseSince = try reader.optional("false_since")?.timestamp()
        state.suppressedBy = try reader.optional("suppressed_by")?.string()
        state.evidence = try reader.member("evidence").map(EvidenceSeries.init)
        state.incident = try reader.optional("incident")?.string()
        id = try reader.id("id")
        self.state = state
        absentSince = try reader.optional("absent_since")?.timestamp()
    }
}

extension CutShort {
    fileprivate var document: JSON {
        var object = JSONObject()
        object.append(id: id, as: "id")
        object.append("held_ms", .int(min(held.milliseconds, Int64(Int32.max))))
        object.append("seen_true", .moment(seenTrue))
        object.append("ended_at", .moment(endedAt))
        return .object(object)
    }

    fileprivate init(_ reader: DocumentReader) throws(DocumentError) {
        self.init(
            id: try reader.id("id"), held: TimeSpan(milliseconds: Int64(try reader.member("held_ms").count())),
            seenTrue: try reader.member("seen_true").timestamp(), endedAt: try reader.member("ended_at").timestamp())
    }
}

extension Truth {
    fileprivate var name: String {
        switch self {
        case .yes: "true"
        case .no: "false"
        case .unknown: "unknown"
        case .noTraffic: "no_traffic"
        }
    }

    fileprivate init(named reader: DocumentReader) throws(DocumentError) {
        let name = try reader.string()
        guard let truth = Truth.allCases.first(where: { $0.name == name }) else { throw reader.error("is no truth") }
        self = truth
    }
}
