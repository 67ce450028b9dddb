import Model
import Policy

/// One rule name over all policies: which version of it holds for which of them.
struct RulePlan {
    let key: RuleKey
    /// By position in `PolicySet.policies`; nil where the rule is switched off or not there.
    var versions: [Rule?]
    /// Position among all plans as the files have them.
    let position: Int

    /// Every rule of the set, suppressors before what they suppress, otherwise as the files have them. Where two
    /// suppress each other the files' order decides.
    static func ordered(_ policies: PolicySet) -> [RulePlan] {
        var plans: [RulePlan] = []
        var byKey: [RuleKey: Int] = [:]
        func add(_ rule: Rule, policy: Int) {
            let key = RuleKey(kind: rule.subject, rule: rule.name)
            let index = byKey[key] ?? plans.count
            if index == plans.count {
                byKey[key] = index
                let versions = [Rule?](repeating: nil, count: rule.subject.isOfApp ? policies.policies.count : 1)
                plans.append(RulePlan(key: key, versions: versions, position: index))
            }
            plans[index].versions[policy] = rule
        }
        for rule in policies.wideRules { add(rule, policy: 0) }
        for (index, policy) in policies.policies.enumerated() {
            for rule in policy.appRules { add(rule, policy: index) }
        }
        return sorted(plans)
    }

    private static func sorted(_ plans: [RulePlan]) -> [RulePlan] {
        var byName: [String: [Int]] = [:]
        for plan in plans { byName[plan.key.rule, default: []].append(plan.position) }
        var out: [RulePlan] = []
        var visited = [Bool](repeating: false, count: plans.count)
        func visit(_ index: Int) {
            guard !visited[index] else { return }
            visited[index] = true
            let suppressors = plans[index].versions.flatMap { $0?.suppressedBy ?? [] }
            for name in suppressors { for other in byName[name] ?? [] { visit(other) } }
            out.append(plans[index])
        }
        for plan in plans { visit(plan.position) }
        return out
    }
}
