import Model
import YAML

/// The values of a rule as they hold, each with its place.
enum RuleFields {
    static func list(of rule: Rule, from sheet: RuleSheet) -> [Rule.Field] {
        func field(_ key: String, _ value: JSON?) -> Rule.Field? {
            guard let value else { return nil }
            return Rule.Field(key: key, value: value, origin: sheet[key]?.origin)
        }
        let leases = rule.actions.filter { $0.needsApproval }
        return [
            field("subject", .string(rule.subject.rawValue)),
            field("when", .string(rule.when.text)),
            field("while", rule.keeps.map { .string($0.text) }),
            field("for", .string(rule.hold.description)),
            field("polls", rule.leastPolls > 1 ? .int(Int64(rule.leastPolls)) : nil),
            field("dips", rule.dips > .zero ? .string(rule.dips.description) : nil),
            field("clear_after", .string(rule.clearAfter.description)),
            field("max_gap", rule.maxGap.map { .string($0.description) }),
            field("severity", .string(rule.severity.rawValue)),
            field("summary", .string(rule.summary)),
            field("description", rule.details.map(JSON.string)),
            field("next_steps", list(rule.nextSteps)),
            field("actions", .array(rule.actions.filter { !$0.needsApproval }.map(\.json))),
            field("require_approval", leases.isEmpty ? nil : .array(leases.map(\.json))),
            field("suggest", list(rule.suggestions)),
            field("playbook", rule.playbook.map(JSON.string)),
            field("suppresses", list(rule.suppresses)),
            field("suppressed_by", list(rule.suppressedBy)),
            field("labels", rule.labels.isEmpty ? nil : .object(JSONObject(uniqueMembers: sortedLabels(rule.labels)))),
        ].compactMap { $0 }
    }

    private static func list(_ texts: [String]) -> JSON? {
        texts.isEmpty ? nil : .array(texts.map(JSON.string))
    }

    /// Of a dictionary: no key stands twice, and looking for one that does would take seconds where there are tens of thousands.
    private static func sortedLabels(_ labels: [String: String]) -> [JSONObject.Member] {
        labels.inByteOrder(of: \.key).map { JSONObject.Member(key: $0.key, value: .string($0.value)) }
    }
}

extension RuleAction {
    /// Whether a person must say yes first.
    public var needsApproval: Bool {
        if case .lease(let request) = self { request.needsApproval } else { false }
    }

    /// As a policy file writes it.
    public var json: JSON {
        switch self {
        case .notify(let channels):
            if channels.isEmpty { return "notify" }
            return ["notify": ["channels": .array(channels.map(JSON.string))]]
        case .lease(let request):
            var parameters = JSONObject()
            switch request.effect {
            case .throttle(let limits):
                if let runs = limits.concurrentWorkflows {
                    parameters.append("concurrent_workflows", .int(Int64(runs)))
                }
                if let starts = limits.requestsPerMinute {
                    parameters.append("requests_per_minute", .int(Int64(starts)))
                }
            case .pause: break
            case .disablePack(let pack): if !pack.bytes.isEmpty { parameters.append("pack", .string(pack.text)) }
            }
            if case .top(let count, _, let series) = request.target {
                parameters.append("apps", .string("top(\(count), \(series))"))
            }
            parameters.append("ttl", .string(request.ttl.description))
            if let onlyIf = request.onlyIf { parameters.append("only_if", .string(onlyIf.text)) }
            return .object(JSONObject([(request.effect.kind.rawValue, .object(parameters))]))
        }
    }
}

extension Rule {
    func with(fields: [Field]) -> Rule {
        Rule(
            name: name, origin: origin, subject: subject, when: when, keeps: keeps, hold: hold, leastPolls: leastPolls, dips: dips,
            clearAfter: clearAfter,
            maxGap: maxGap,
            severity: severity, summary: summary, details: details, nextSteps: nextSteps, actions: actions,
            suggestions: suggestions, playbook: playbook, labels: labels, suppresses: suppresses,
            suppressedBy: suppressedBy,
            fields: fields)
    }
}
