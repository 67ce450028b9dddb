// How readings, series and transitions stand in documents. A reading is `{"value": 61.5}` or
// `{"missing": "dead_counter"}`: a missing figure never looks like a zero.

extension Evidence {
    /// Adds `value` or `missing`. An infinite rise is the text `infinite`, since JSON has no such number.
    func append(to object: inout JSONObject) {
        switch self {
        case .value(let value): object.append("value", value.isFinite ? .double(value) : "infinite")
        case .missing(let reason): object.append("missing", .string(reason.description))
        }
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        if let missing = try reader.optional("missing") {
            guard let reason = MissingReason(try missing.string()) else { throw missing.error("is no reason") }
            self = .missing(reason)
            return
        }
        let member = try reader.member("value")
        if case .string(let text) = member.value, text.isSame(as: "infinite") {
            self = .value(.infinity)
        } else if let value = member.value.double, value.isFinite {
            self = .value(value)
        } else {
            throw member.error("is not a figure")
        }
    }
}

extension Unit {
    /// As documents write it: `percent`, `per_minute`, `usd_per_hour`.
    public var name: String {
        switch self {
        case .number: "number"
        case .runs: "runs"
        case .apps: "apps"
        case .chats: "chats"
        case .connections: "connections"
        case .flag: "flag"
        case .percent: "percent"
        case .seconds: "seconds"
        case .perMinute: "per_minute"
        case .dollars: "usd"
        case .dollarsPerHour: "usd_per_hour"
        case .bytes: "bytes"
        }
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        let name = try reader.string()
        guard let unit = Unit.allCases.first(where: { $0.name == name }) else { throw reader.error("is no unit") }
        self = unit
    }
}

extension EvidenceSeries {
    /// `{"series": "active_runs.share", "unit": "percent", "points": [{"at": "…", "value": 61.5}]}`.
    public var document: JSON {
        let points = points.map { point -> JSON in
            var object: JSONObject = ["at": .moment(point.at)]
            point.evidence.append(to: &object)
            return .object(object)
        }
        return ["series": .string(series), "unit": .string(unit.name), "points": .array(points)]
    }

    public init(_ reader: DocumentReader) throws(DocumentError) {
        self.init(
            series: try reader.member("series").string(), unit: try Unit(reader.member("unit")),
            points: try reader.member("points").map { point throws(DocumentError) in
                Point(at: try point.member("at").timestamp(), evidence: try Evidence(point))
            })
    }
}

extension ComparedReading {
    public var document: JSON {
        var object: JSONObject = ["series": .string(series), "unit": .string(unit.name)]
        evidence.append(to: &object)
        if let least { object.append("at_least", .double(least)) }
        return .object(object)
    }

    public init(_ reader: DocumentReader) throws(DocumentError) {
        var least: Double?
        if let member = try reader.optional("at_least") {
            guard let value = member.value.double, value.isFinite else { throw member.error("is not a figure") }
            least = value
        }
        self.init(
            series: try reader.member("series").string(), unit: try Unit(reader.member("unit")),
            evidence: try Evidence(reader), least: least)
    }
}

extension Transition {
    /// The transition with its own subject, so that it can also stand alone in a log.
    public var document: JSON {
        [
            "at": .moment(at), "rule": .string(rule), "subject": subject.document, "from": .string(from.rawValue),
            "to": .string(to.rawValue), "reason": .string(reason), "condition": .string(condition),
            "readings": .array(readings.map(\.document)),
        ]
    }

    public init(_ reader: DocumentReader) throws(DocumentError) {
        self.init(
            at: try reader.member("at").timestamp(), rule: try reader.member("rule").string(),
            subject: try Subject(reader.member("subject")), from: try reader.member("from").choice(Phase.self),
            to: try reader.member("to").choice(Phase.self), reason: try reader.member("reason").string(),
            condition: try reader.member("condition").string(),
            readings: try reader.member("readings").map(ComparedReading.init))
    }
}
