/// Which incidents something is about. Every part that is given must fit; a part fits when one of its list does.
public struct IncidentMatch: Hashable, Sendable {
    public var severities: [Severity]
    /// Of the app; incidents about a runtime or a replica have none and do not fit.
    public var apps: [Glob]
    public var rules: [Glob]
    public var runtimes: [Glob]
    public var environments: [Glob]
    /// By the label's name. An incident without the label does not fit.
    public var labels: [String: [Glob]]
    /// This very incident.
    public var incident: String?

    public init(
        severities: [Severity] = [], apps: [Glob] = [], rules: [Glob] = [], runtimes: [Glob] = [],
        environments: [Glob] = [], labels: [String: [Glob]] = [:], incident: String? = nil
    ) {
        self.severities = severities
        self.apps = apps
        self.rules = rules
        self.runtimes = runtimes
        self.environments = environments
        self.labels = labels
        self.incident = incident
    }

    /// Whether nothing is asked: then everything fits.
    public var isEmpty: Bool { self == IncidentMatch() }

    public func fits(_ incident: Incident, environment: String) -> Bool {
        mismatch(incident, environment: environment) == nil
    }

    /// Why an incident does not fit, in words: `it is for critical`; nil when it does.
    public func mismatch(_ incident: Incident, environment: String) -> String? {
        if !severities.isEmpty, !severities.contains(incident.severity) {
            return "is for " + severities.map(\.rawValue).joined(separator: ", ")
        }
        if !rules.allow(incident.rule) { return "is for the rule \(IncidentMatch.text(rules))" }
        if !apps.isEmpty {
            guard let app = incident.subject.app, apps.allow(app.text) else {
                return "is for the app \(IncidentMatch.text(apps))"
            }
        }
        if !runtimes.allow(incident.subject.runtime) { return "is for the runtime \(IncidentMatch.text(runtimes))" }
        if !environments.allow(environment) { return "is for the environment \(IncidentMatch.text(environments))" }
        for (name, globs) in sortedLabels {
            guard let value = incident.labels[name], globs.allow(value) else {
                return "is for \(name)=\(IncidentMatch.text(globs))"
            }
        }
        if let id = self.incident, !id.isSame(as: incident.id) { return "is for the incident \(id)" }
        return nil
    }

    private var sortedLabels: [(key: String, value: [Glob])] {
        labels.inByteOrder(of: \.key)
    }

    /// The parts that name one thing each, in the order in which they are shown and written; absent: nothing is asked.
    private var parts: [(name: String, texts: [String])] {
        [
            ("severity", severities.map(\.rawValue)), ("app", apps.map(\.pattern)), ("rule", rules.map(\.pattern)),
            ("runtime", runtimes.map(\.pattern)), ("environment", environments.map(\.pattern)),
        ].filter { !$0.texts.isEmpty }
    }

    private static func text(_ globs: [Glob]) -> String { globs.map(\.pattern).joined(separator: ", ") }
}

extension IncidentMatch: CustomStringConvertible {
    /// `severity=critical app=app-*`, safe to show; `everything` where nothing is asked.
    public var description: String {
        func shown(_ name: String, _ texts: [String]) -> String { "\(name)=\(texts.map(Shown.code).joined(separator: ","))" }
        var all = parts.map { shown($0.name, $0.texts) }
        for (name, globs) in sortedLabels where !globs.isEmpty { all.append(shown("label.\(Shown.code(name))", globs.map(\.pattern))) }
        if let incident { all.append(shown("incident", [incident])) }
        return all.isEmpty ? "everything" : all.joined(separator: " ")
    }
}

extension IncidentMatch {
    /// Only the parts that are given, in a fixed order.
    public var document: JSON {
        var object = JSONObject()
        for (name, texts) in parts { object.append(name, .strings(texts)) }
        if !labels.isEmpty {
            object.append(
                "labels",
                .object(
                    JSONObject(sortedLabels.map { (key: $0.key, value: .strings($0.value.map(\.pattern))) })))
        }
        if let incident { object.append("incident", .string(incident)) }
        return .object(object)
    }

    /// Reads a document; keys that it does not know are errors, because a part left out would fit more.
    public init(_ reader: DocumentReader) throws(DocumentError) {
        self.init()
        guard let object = reader.value.object else { throw reader.error("is not an object") }
        func globs(_ reader: DocumentReader) throws(DocumentError) -> [Glob] {
            try reader.map { text throws(DocumentError) in Glob(try text.string()) }
        }
        for key in object.keys {
            let member = try reader.member(key)
            switch key {
            case "severity": severities = try member.map { word throws(DocumentError) in try word.choice(Severity.self) }
            case "app": apps = try globs(member)
            case "rule": rules = try globs(member)
            case "runtime": runtimes = try globs(member)
            case "environment": environments = try globs(member)
            case "labels":
                for name in member.value.object?.keys ?? [] { labels[name] = try globs(member.member(name)) }
            case "incident": incident = try member.string()
            default: throw member.error("is not known")
            }
        }
    }
}
