import Model

/// A rule by name, and what it is about.
public struct RuleKey: Hashable, Comparable, Sendable {
    public let kind: SubjectKind
    public let rule: String

    public init(kind: SubjectKind, rule: String) {
        self.kind = kind
        self.rule = rule
    }

    public static func < (a: RuleKey, b: RuleKey) -> Bool {
        if a.kind != b.kind { return a.kind.rawValue.precedes(b.kind.rawValue) }
        return a.rule.precedes(b.rule)
    }
}

/// One rule name over all policies. Made once with its set, and not at each evaluation.
public struct RulePlan: Sendable {
    public let key: RuleKey
    /// By position in `PolicySet.policies`: where the version that holds there stands among its rules; nil where it is
    /// switched off or not there. Of a rule that is about no app there is one, among the wide rules.
    fileprivate var places: [Int?]

    /// Every rule of a set, suppressors before what they suppress, otherwise as the files have them. Where two suppress each
    /// other the files' order decides.
    static func ordered(_ wideRules: [Rule], _ policies: [EffectivePolicy]) -> [RulePlan] {
        var plans: [RulePlan] = []
        var suppressors: [[String]] = []
        var byKey: [RuleKey: Int] = [:]
        func add(_ rule: Rule, at place: Int, policy: Int) {
            let key = RuleKey(kind: rule.subject, rule: rule.name)
            let index = byKey[key] ?? plans.count
            if index == plans.count {
                byKey[key] = index
                let places = [Int?](repeating: nil, count: rule.subject.isOfApp ? policies.count : 1)
                plans.append(RulePlan(key: key, places: places))
                suppressors.append([])
            }
            plans[index].places[policy] = place
            suppressors[index] += rule.suppressedBy
        }
        for (place, rule) in wideRules.enumerated() { add(rule, at: place, policy: 0) }
        for (index, policy) in policies.enumerated() {
            for (place, rule) in policy.appRules.enumerated() { add(rule, at: place, policy: index) }
        }
        return sorted(plans, suppressors)
    }

    private static func sorted(_ plans: [RulePlan], _ suppressors: [[String]]) -> [RulePlan] {
        var byName: [String: [Int]] = [:]
        for (index, plan) in plans.enumerated() { byName[plan.key.rule, default: []].append(index) }
        var out: [RulePlan] = []
        var visited = [Bool](repeating: false, count: plans.count)
        func visit(_ index: Int) {
            guard !visited[index] else { return }
            visited[index] = true
            for name in suppressors[index] { for other in byName[name] ?? [] { visit(other) } }
            out.append(plans[index])
        }
        for index in plans.indices { visit(index) }
        return out
    }
}

extension PolicySet {
    /// The version of a rule of this set that holds under the policy of that position; nil where it is switched off or not
    /// there.
    public func version(of plan: RulePlan, policy: Int) -> Rule? {
        plan.places[policy].map { plan.key.kind.isOfApp ? policies[policy].appRules[$0] : wideRules[$0] }
    }
}
