import Cycle
import Guard
import JSONParsing
import Journal
import Model
import Policy
import Server
import Views

/// What decides: policies, rules, and how each stands.
extension API {
    /// The policies by which is decided, which may be others than those on the disk.
    static func policies(_ reading: Reading) throws(Problem) -> PolicySet {
        guard let files = Pipeline.policiesInForce(in: reading.journal),
            case .success(let policies) = PolicyLoader.load(files: files)
        else {
            throw Problem(status: 503, title: "Not known", detail: "no engine has written yet which rules are in force")
        }
        return policies
    }

    /// Where rules stand as the journal has it.
    /// - Parameter only: on that runtime alone; nil: on all.
    static func situation(of policies: PolicySet, _ reading: Reading, only runtime: String? = nil) throws -> Situation {
        guard let settings = reading.surroundings.settings,
            let situation = try Situation.kept(
                in: reading.journal, settings, policies, now: reading.now, source: "the journal", notes: [], only: runtime,
                complain: { _ in })
        else { throw Problem(status: 503, title: "Not known", detail: "nothing was judged yet") }
        return situation
    }

    static func policy(_ query: inout Query, _ reading: Reading) throws -> JSON {
        let app = try query.one("app").map { AppID($0) }
        try query.finish()
        return PolicyRendering(try policies(reading), app: app).json
    }

    static func standings(_ query: inout Query, _ reading: Reading) throws -> JSON {
        let app = try query.one("app").map { AppID($0) }
        let runtime = try query.one("runtime")
        let rule = try query.one("rule")
        let slice = try Slice(&query)
        try query.finish()
        let situation = try situation(of: policies(reading), reading)
        var all = situation.explanations(of: app)
        if let runtime { all = all.filter { $0.subject.runtime.isSame(as: runtime) } }
        if let rule { all = all.filter { $0.rule.name.isSame(as: rule) } }
        if all.isEmpty { try reading.refuseStrangers(app: app, rule: rule, runtime: runtime) }
        // Of a workflow the bytes of both its names: as text two may read alike, and one would be passed over.
        let (page, next) = try slice.of(all) { standing in
            let id = standing.subject.kind == .workflow ? PercentEncoding.encode(standing.subject.idBytes) : standing.subject.idText
            return "\(standing.rule.name)\0\(standing.subject.kind.rawValue)\0\(standing.subject.runtime)\0\(id)"
        }
        return ["schema": "mozaiks.ops/standings/v1", "standings": .array(page.map(\.document.json)), "next_cursor": .optional(next)]
    }

    /// Those in force, with the open incidents of each.
    static func rules(_ query: inout Query, _ reading: Reading) throws -> JSON {
        let slice = try Slice(&query)
        try query.finish()
        let policies = try policies(reading)
        let open = try IncidentList(reading.journal, IncidentFilter(statuses: [.open, .acknowledged], limit: 10_000))
            .incidents
        // Of an app with a policy of its own the default's rules decide nothing.
        let own = policies.policies.compactMap(\.app)
        func isDecided(_ incident: Incident, by rule: Rule, of app: AppID?) -> Bool {
            guard incident.rule.isSame(as: rule.name) else { return false }
            let subject = incident.subject.app
            return app == nil ? subject.map { !own.contains($0) } ?? true : subject == app
        }
        func document(_ rule: Rule, of app: AppID?) -> JSON {
            [
                "name": .string(rule.name), "subject": .string(rule.subject.rawValue), "app": app.map { .string($0.text) } ?? .null,
                "severity": .string(rule.severity.rawValue),
                "summary": .string(rule.summary), "condition": .string(rule.when.text), "for": .span(rule.hold),
                "origin": .string("\(rule.conditionOrigin)"), "playbook": .optional(rule.playbook),
                "actions": .array(rule.actions.map(\.json)),
                "open_incidents": .array(
                    open.filter { isDecided($0, by: rule, of: app) }.map { .string($0.id) }),
            ]
        }
        var rules = policies.defaultRules.map { document($0, of: nil) }
        for policy in policies.policies.dropFirst() {
            rules += policy.appRules.map { document($0, of: policy.app) }
        }
        let (page, next) = try slice.of(rules) { "\($0["name"]?.string ?? "")\0\($0["subject"]?.string ?? "")\0\($0["app"]?.string ?? "")" }
        return [
            "schema": "mozaiks.ops/rules/v1", "mode": .string(policies.defaultPolicy.mode.rawValue),
            "rules": .array(page), "next_cursor": .optional(next),
        ]
    }
}

extension Reading {
    /// How the conditions of open incidents stand now, by incident; of those that the journal holds no evidence of, none.
    func present(_ incidents: [Incident]) -> [String: PresentCondition] {
        let open = incidents.filter { $0.resolvedAt == nil }
        guard !open.isEmpty, let policies = try? API.policies(self) else { return [:] }
        var found: [String: PresentCondition] = [:]
        for (runtime, incidents) in Dictionary(grouping: open, by: { $0.subject.runtime }) {
            guard let situation = try? API.situation(of: policies, self, only: runtime) else { continue }
            for incident in incidents { found[incident.id] = PresentCondition(of: incident, in: situation) }
        }
        return found
    }
}
