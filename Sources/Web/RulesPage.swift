import Cycle
import Engine
import Journal
import Model
import Policy
import Views

extension Page {
    static let rules = "/rules"
    /// Beyond these a list says how many more there are.
    private static let mostListed = 200

    /// Every rule in force: what it is for, where it stands, and of what is about runtimes why not.
    static func rules(_ reading: Reading) throws -> HTML {
        let policies = try API.policies(reading)
        let situation = try API.situation(of: policies, reading)
        let clocks = reading.clocks
        let near = Dictionary(grouping: situation.explanations(of: nil)) { $0.rule.name }
        let here = RulesPage(clocks: clocks, policies: policies)
        let all = policies.wideRules.enumerated().map {
            (kind: $1.subject.watched, card: here.card($1, near[$1.name] ?? [], id: "wide-\($0)"))
        }
        let wide = all.filter { $0.kind == .runtime }.map(\.card)
        let beside = all.filter { $0.kind != .runtime }.map(\.card)
        let narrow = policies.defaultPolicy.appRules.enumerated().map { here.card($1, situation.begun($1.name), id: "narrow-\($0)") }
        let others = policies.policies.dropFirst().compactMap { policy in
            policy.app.map { "\(appLink($0)): <code>\(policy.file)</code>" as HTML }
        }
        let apps = situation.apps
        let seen = apps.prefix(mostListed).map { "\(appLink($0.app)) on \(id: $0.runtime)" as HTML }
        let (own, configured) = (policies.defaultPolicy, situation.pipeline.settings.mode)
        let place = ModeWords.place(configured: configured, policy: own).map { " (\(Shown.line($0)))" } ?? ""
        let body: HTML = """
            <h1>Rules</h1>
            <p class="lead">By these is decided now, in mode <strong>\(min(configured, own.mode).rawValue)</strong>\(place). A rule speaks once its condition has been true for so long. <a href="\(lab)">Try a change</a> on the last days before you save it.</p>
            <section aria-labelledby="wide-h"><h2 id="wide-h">About runtimes</h2>\(wide.isEmpty ? "<p class=\"none\">none</p>" : wide.joined())</section>
            \(HTML.when(!beside.isEmpty, "<section aria-labelledby=\"beside-h\"><h2 id=\"beside-h\">About hosts and services</h2>\(beside.joined())</section>"))
            <section aria-labelledby="narrow-h"><h2 id="narrow-h">About apps</h2>\(narrow.isEmpty ? "<p class=\"none\">none</p>" : narrow.joined())</section>
            <section aria-labelledby="own-h"><h2 id="own-h">Apps with rules of their own</h2>\(others.isEmpty ? "<p class=\"none\">none</p>" : list(others))</section>
            <section aria-labelledby="apps-h"><h2 id="apps-h">Apps that were seen <span class="count">\(apps.count)</span></h2>
            \(seen.isEmpty ? "<p class=\"none\">none</p>" : list(seen))\(HTML.when(apps.count > seen.count, "<p>and \(apps.count - seen.count) more: their pages are at /apps/ID</p>"))</section>
            <section aria-labelledby="policy-h"><h2 id="policy-h">The default policy in force</h2>
            <details id="policy"><summary>All of it, with the place of each value</summary><pre tabindex="0">\(PolicyRendering(policies).text)</pre></details></section>
            """
        return frame(
            title: "Rules · mozaiks-ops", .info, head: "\(home) <span>rules</span> \(clocks.asOf)", body, for: reading.visitor,
            then: Page.rules)
    }

    static let home: HTML = "<a href=\"/\"><strong>mozaiks-ops</strong></a>"
}

struct RulesPage {
    private static let mostShown = 10

    let clocks: Clocks
    let policies: PolicySet

    /// - Parameters:
    ///   - explanations: where it stands, for whom.
    ///   - whyNot: whether also what keeps it from firing is said where it has not begun.
    ///   - id: of the document, for what unfolds.
    func card(_ rule: Rule, _ explanations: [RuleExplanation], whyNot: Bool = false, id: String) -> HTML {
        let weightiest = explanations.map(\.phase).max { rank($0) < rank($1) } ?? .inactive
        let tone: Page.Tone? = weightiest == .firing || weightiest == .clearing ? Page.Tone.of(rule.severity) : nil
        let stands = explanations.sorted { rank($0.phase) > rank($1.phase) }
        let lines = stands.prefix(RulesPage.mostShown).enumerated().map { line($1, whyNot: whyNot, id: "\(id)-now-\($0)") }
        let more = stands.count - lines.count
        let playbook: HTML = rule.playbook.map { " · playbook <code>\($0)</code>" } ?? ""
        if weightiest == .inactive, !explanations.isEmpty || Page.isLong(rule.when.text) {
            let text = Shown.code(rule.when.text)
            let inside: HTML = """
                <p class="faint"><code>\(text)</code></p><p class="faint">for \(rule.hold.description) · <code>\(rule.conditionOrigin.description)</code>\(playbook)</p>
                \(Page.list(lines))\(HTML.when(more > 0, "<p>and \(more) more</p>"))
                """
            return """
                <article class="card"><h3>\(Page.chip(rule.severity)) \(id: rule.name) \(quiet(explanations, of: rule))</h3>
                <p>\(Shown.prose(rule.summary))</p><details id="\(id)"><summary>\(explanations.isEmpty ? "Its condition" : "Its condition, and why not")</summary>\(inside)</details></article>
                """
        }
        return """
            <article class="card \(HTML.own(tone?.name ?? ""))"><h3>\(Page.chip(rule.severity)) \(id: rule.name) \(weightiest == .inactive ? quiet(explanations, of: rule) : state(weightiest))</h3>
            <p>\(Shown.prose(rule.summary))</p>
            \(written(rule, id))<p class="faint">for \(rule.hold.description) · <code>\(rule.conditionOrigin.description)</code>\(playbook)</p>
            \(lines.isEmpty ? "<p class=\"faint\">\(nowhere(rule))</p>" : Page.list(lines))\(HTML.when(more > 0, "<p>and \(more) more</p>"))</article>
            """
    }

    /// Its condition.
    private func written(_ rule: Rule, _ id: String) -> HTML {
        let text = Shown.code(rule.when.text)
        guard Page.isLong(text) else { return "<p class=\"faint\"><code>\(text)</code></p>" }
        return Page.folded("Its condition", text, id)
    }

    private func line(_ explanation: RuleExplanation, whyNot: Bool, id: String) -> HTML {
        let subject = explanation.subject
        let flow: HTML = subject.workflow.map { "workflow \(id: $0.text) of " } ?? ""
        let who: HTML = subject.app.map { "\(flow)\(Page.appLink($0)) on \(id: subject.runtime)" } ?? "\(subject.description)"
        let timer: HTML = explanation.timer.map { " (\(clocks.readable($0)))" } ?? ""
        let reasons = explanation.reasons.map { "\(clocks.readable($0))" as HTML }
        let incident: HTML =
            explanation.incident.map {
                ", <a href=\"\(Page.incidents)\(Page.pathSafe($0.id))\">its incident</a>"
            } ?? ""
        let text = Shown.code(explanation.condition?.withValues ?? "")
        let values: HTML = HTML.when(
            !text.isEmpty && (explanation.phase != .inactive || whyNot),
            Page.isLong(text) && explanation.phase != .inactive
                ? Page.folded("With its values", text, id)
                : "<br>\(HTML.when(explanation.isWhile, "goes on while "))<code>\(text)</code>")
        return
            "\(who): \(isUnjudged(explanation) ? "not known" : word(explanation.phase))\(timer)\(incident)\(values)\(Page.list(reasons, class: "faint"))"
    }

    /// Whether nobody can say whether it is true of it. A ratio of nothing is no doubt.
    private func isUnjudged(_ explanation: RuleExplanation) -> Bool {
        explanation.phase == .inactive && (explanation.condition.map { $0.truth == .unknown } ?? true)
    }

    /// Of what has begun nowhere: what is not known is not quiet.
    private func quiet(_ explanations: [RuleExplanation], of rule: Rule) -> HTML {
        guard !explanations.isEmpty else {
            return rule.subject.isOfApp ? "<span class=\"faint\">begun nowhere</span>" : "<span class=\"faint\">nothing to judge</span>"
        }
        let unjudged = explanations.count(where: isUnjudged)
        guard unjudged > 0 else { return state(.inactive) }
        let count = unjudged == explanations.count ? "" : " for \(unjudged) of \(explanations.count)"
        return "<span class=\"chip unknown\">cannot be judged\(count)</span>"
    }

    /// Of a rule that stands nowhere. Of rules about apps only where they have begun is looked at, for all apps at once.
    private func nowhere(_ rule: Rule) -> String {
        rule.subject.isOfApp
            ? "Known to be true of nobody now; of whom it cannot be judged is on the pages of apps." : "Nothing that it is about was seen."
    }

    private func rank(_ phase: Phase) -> Int {
        switch phase {
        case .inactive: 0
        case .pending: 1
        case .clearing: 2
        case .firing: 3
        }
    }

    private func word(_ phase: Phase) -> String {
        switch phase {
        case .inactive: "not true"
        case .pending: "has begun"
        case .clearing: "is ending"
        case .firing: "true"
        }
    }

    private func state(_ phase: Phase) -> HTML {
        switch phase {
        case .inactive: "<span class=\"faint\">quiet</span>"
        case .pending: "<span class=\"chip doubtful\">begun</span>"
        case .clearing: "<span class=\"chip info\">ending</span>"
        case .firing: "<span class=\"chip bad\">fires</span>"
        }
    }
}
