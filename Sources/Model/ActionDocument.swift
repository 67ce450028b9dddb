// How ids, effects and decisions stand in documents. Incident, lease and guard documents share these forms.

extension JSONObject {
    /// Adds an id that is bytes. `<key>` holds it as text; where that text would lose bytes, `<key>_bytes` holds them
    /// percent-encoded.
    public mutating func append(id bytes: [UInt8], as key: String) {
        let text = String(decoding: bytes, as: UTF8.self)
        append(key, .string(text))
        if !text.utf8.elementsEqual(bytes) { append(key + "_bytes", .string(PercentEncoding.encode(bytes))) }
    }
}

extension DocumentReader {
    /// Reads what `JSONObject.append(id:as:)` wrote.
    public func id(_ key: String) throws(DocumentError) -> [UInt8] {
        if let exact = try optional(key + "_bytes") {
            guard let bytes = PercentEncoding.decode(try exact.string().utf8) else {
                throw exact.error("is not percent-encoded")
            }
            return bytes
        }
        return Array(try member(key).string().utf8)
    }
}

extension Subject {
    /// `{"kind": "app", "runtime": "shared", "app_id": "app_clinic"}`; of a workflow also its name, `"workflow": "Generator"`. What
    /// is watched by itself has no id: its name is the runtime's.
    public var document: JSON {
        var object: JSONObject = ["kind": .string(kind.rawValue), "runtime": .string(runtime)]
        if let app { object.append(id: app.bytes, as: "app_id") }
        if let workflow { object.append(id: workflow.bytes, as: "workflow") }
        if let replica { object.append("replica", .string(replica)) }
        return .object(object)
    }

    public init(_ reader: DocumentReader) throws(DocumentError) {
        let runtime = try reader.member("runtime").string()
        let kind = try reader.member("kind").choice(SubjectKind.self)
        switch kind {
        case .app: self = .app(AppID(bytes: try reader.id("app_id")), runtime: runtime)
        case .workflow:
            self = .workflow(
                PackID(bytes: try reader.id("workflow")), app: AppID(bytes: try reader.id("app_id")), runtime: runtime)
        case .replica: self.init(kind, id: try reader.id("replica"), runtime: runtime)
        case .runtime, .host, .service: self.init(kind, id: [], runtime: runtime)
        }
    }
}

extension Limits {
    /// `{"concurrent_workflows": 2}`: only the limits that are set.
    public var document: JSON {
        var object = JSONObject()
        if let runs = concurrentWorkflows { object.append("concurrent_workflows", .int(Int64(runs))) }
        if let starts = requestsPerMinute { object.append("requests_per_minute", .int(Int64(starts))) }
        return .object(object)
    }

    public init(_ reader: DocumentReader) throws(DocumentError) {
        self.init(
            concurrentWorkflows: try reader.optional("concurrent_workflows")?.count(),
            requestsPerMinute: try reader.optional("requests_per_minute")?.count())
        if concurrentWorkflows == nil, requestsPerMinute == nil { throw reader.error("limits nothing") }
    }
}

extension LeaseKey {
    /// Adds `action`, `runtime`, `app_id` and, of a workflow, `pack`.
    func append(to object: inout JSONObject) {
        object.append("action", .string(kind.rawValue))
        object.append("runtime", .string(runtime))
        object.append(id: app.bytes, as: "app_id")
        if let pack { object.append(id: pack.bytes, as: "pack") }
    }

    /// `{"action": "throttle", "runtime": "shared", "app_id": "app_clinic"}`.
    public var document: JSON {
        var object = JSONObject()
        append(to: &object)
        return .object(object)
    }

    public init(_ reader: DocumentReader) throws(DocumentError) {
        let kind = try reader.member("action").choice(ActionKind.self)
        self.init(
            kind: kind, runtime: try reader.member("runtime").string(), app: AppID(bytes: try reader.id("app_id")),
            pack: kind == .disablePack ? PackID(bytes: try reader.id("pack")) : nil)
    }

    /// The effect that a document with this key shows: its limits stand beside the key, in `reader`.
    public func effect(_ reader: DocumentReader) throws(DocumentError) -> Effect {
        switch kind {
        case .throttle: return .throttle(try Limits(reader.member("limits")))
        case .pause: return .pause
        case .disablePack: return .disablePack(pack ?? PackID(bytes: []))
        case .notify: throw reader.error("holds a message where an action on an app belongs")
        }
    }
}

extension ActionDecision {
    /// The decision with the verdict's name, and of a refusal its step and text.
    public var document: JSON {
        var object: JSONObject = ["at": .moment(at), "incident": .string(incident)]
        key.append(to: &object)
        if let limits = effect.limits { object.append("limits", limits.document) }
        object.append("ttl", .span(ttl))
        func put(_ name: String, _ refusal: Refusal? = nil) {
            object.append("verdict", .string(name))
            guard let refusal else { return }
            object.append("step", .string(refusal.step.rawValue))
            object.append("text", .string(refusal.text))
        }
        switch verdict {
        case .act: put("act")
        case .wouldHave: put("would_have")
        case .wouldAsk(let refusal): put("would_have", refusal)
        case .needsApproval(let refusal): put("needs_approval", refusal)
        case .refused(let refusal): put("refused", refusal)
        case .alreadyInForce(let other):
            put("already_in_force")
            object.append("by", .string(other))
        }
        if let lease { object.append("lease", .string(lease)) }
        if let until { object.append("until", .moment(until)) }
        if let approval { object.append("approval", .string(approval)) }
        if let approvedBy { object.append("approved_by", .string(approvedBy)) }
        return .object(object)
    }

    public init(_ reader: DocumentReader) throws(DocumentError) {
        let key = try LeaseKey(reader)
        self.init(
            at: try reader.member("at").timestamp(), incident: try reader.member("incident").string(), key: key,
            effect: try key.effect(reader), ttl: try reader.member("ttl").span(), verdict: try Verdict(reader),
            lease: try reader.optional("lease")?.string(), until: try reader.optional("until")?.timestamp(),
            approval: try reader.optional("approval")?.string(),
            approvedBy: try reader.optional("approved_by")?.string())
    }
}

extension Verdict {
    /// Reads `verdict` with what stands beside it.
    fileprivate init(_ reader: DocumentReader) throws(DocumentError) {
        let name = try reader.member("verdict")
        func refusal() throws(DocumentError) -> Refusal {
            Refusal(try reader.member("step").choice(Refusal.Step.self), try reader.member("text").string())
        }
        switch try name.string() {
        case "act": self = .act
        case "would_have": self = try reader.optional("step") == nil ? .wouldHave : .wouldAsk(try refusal())
        case "needs_approval": self = .needsApproval(try refusal())
        case "refused": self = .refused(try refusal())
        case "already_in_force": self = .alreadyInForce(lease: try reader.member("by").string())
        default: throw name.error("is no verdict")
        }
    }
}
