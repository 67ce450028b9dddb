import Cycle
import Engine
import Journal
import Model
import Policy
import Views

extension Page {
    static let rules = "/rules"
    static let apps = "/apps/"
    /// Beyond these a list says how many more there are.
    private static let mostListed = 200

    /// Every rule in force: what it is for, where it stands, and of what is about runtimes why not.
    static func rules(_ reading: Reading) throws -> HTML {
        let policies = try API.policies(reading)
        let situation = try API.situation(of: policies, reading)
        let clocks = reading.clocks
        let near = Dictionary(grouping: situation.explanations(of: nil)) { $0.rule.name }
        let here = RulesPage(clocks: clocks, policies: policies)
        let wide = policies.wideRules.enumerated().map { here.card($1, near[$1.name] ?? [], id: "wide-\($0)") }
        let narrow = policies.defaultPolicy.appRules.enumerated().map { here.card($1, situation.begun($1.name), id: "narrow-\($0)") }
        let others = policies.policies.dropFirst().compactMap { policy in
            policy.app.map { "\(appLink($0)): <code>\(policy.file)</code>" as HTML }
        }
        let apps = situation.apps
        let seen = apps.prefix(mostListed).map { "\(appLink($0.app)) on \(id: $0.runtime)" as HTML }
        let body: HTML = """
            <h1>Rules</h1>
            <p class="lead">By these is decided now, in mode <strong>\(policies.defaultPolicy.mode.rawValue)</strong>. A rule speaks once its condition has been true for so long. <a href="\(lab)">Try a change</a> on the last days before you save it.</p>
            <section aria-labelledby="wide-h"><h2 id="wide-h">About runtimes</h2>\(wide.isEmpty ? "<p class=\"none\">none</p>" : wide.joined())</section>
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

    /// One app: what is open and in force about it, where each rule stands and why not, and the policy that holds for it.
    /// - Parameter asked: what the reader just asked for.
    static func app(_ encoded: String, _ asked: CommandOutcome?, _ reading: Reading) throws -> HTML {
        guard let named = PercentDecoding.text(encoded.utf8), !named.isEmpty, named.utf8.count <= 4_096 else {
            throw Problem.notFound("that is no id of an app")
        }
        let app = AppID(named)
        let policies = try API.policies(reading)
        let situation = try API.situation(of: policies, reading)
        let overview = try Overview(reading.folder, reading.journal, reading.surroundings, now: reading.now)
        let clocks = reading.clocks
        let here = RulesPage(clocks: clocks, policies: policies)
        let all = situation.explanations(of: app)
        let open = overview.open.filter { $0.subject.app == app }
        let then = apps + PercentEncoding.encode(named.utf8)
        let forms = Forms(reading.visitor, then: then)
        let leases = overview.leases.filter { $0.key.app == app }
        let approvals = overview.approvals.filter { $0.key.app == app }
        let policy = policies.policy(for: app)
        let tone = open.map(\.severity).max().map(Tone.of) ?? (all.isEmpty ? .unknown : .good)
        let incidents = open.map { incident -> HTML in
            "\(chip(incident.severity)) <a href=\"\(Page.incidents)\(pathSafe(incident.id))\">\(id: incident.rule)</a> on \(id: incident.subject.runtime), since \(clocks.since(incident.since))"
        }
        let causes: [String: Incident] = Dictionary(open.map { ($0.id, $0) }) { first, _ in first }
        let acts =
            leases.map { "<article class=\"card\"><h3>\(Overview.words($0, clocks.words))</h3>\(forms.revert($0))</article>" as HTML }
            + approvals.map { approval -> HTML in
                let stands: HTML =
                    causes[approval.incident].map { "<p>What it is for: \(standing($0, PresentCondition(of: $0, in: situation), clocks))</p>" } ?? ""
                return """
                    <article class="card ask"><h3>\(approval.effect.description), \(approval.ttl.description)?</h3>
                    <p>\(clocks.readable(approval.reason.text))</p>\(stands)\(forms.answer(approval))</article>
                    """
            }
        let rules = all.enumerated().map { here.card($1.rule, [$1], whyNot: true, id: "rule-\($0)") }
        let body: HTML = """
            <section class="banner \(HTML.own(tone.name))" aria-labelledby="verdict"><h1 id="verdict"><span class="mark" aria-hidden="true">\(HTML.own(tone.mark))</span> \(id: app.text)</h1>
            <p class="lead">\(open.isEmpty ? all.isEmpty ? "No runtime has shown it within a day." : "Nothing is open about it." : "\(open.count) open about it.")</p>
            \(list(incidents))<p><a href="\(IncidentListing(app: app.text).link)">All its incidents</a></p></section>
            \(figures(app, situation, open, clocks))
            <section aria-labelledby="acts-h"><h2 id="acts-h">Done, and waiting</h2>\(acts.isEmpty ? "<p class=\"none\">nothing</p>" : acts.joined())</section>
            <div class="columns"><div><section aria-labelledby="stand-h"><h2 id="stand-h">Where each rule stands</h2>\(rules.isEmpty ? "<p class=\"none\">nothing to judge</p>" : rules.joined())</section></div>
            <div><section aria-labelledby="policy-h"><h2 id="policy-h">Policy in force</h2>
            <p class="faint">\(policy.app == nil ? "The default policy holds for it." : "It has a policy of its own: \(policy.file)")</p>
            <details id="policy"><summary>All of it, with the place of each value</summary><pre tabindex="0">\(PolicyRendering(policies, app: app).text)</pre></details></section></div></div>
            """
        return frame(
            title: "\(Shown.id(app.text)) · mozaiks-ops", tone, head: "\(home) <span>app</span> \(clocks.asOf)", "\(notice(asked))\(body)",
            for: reading.visitor, then: then, isSoon: asked != nil && asked?.isDone == nil)
    }

    /// What each runtime shows of an app; and of which users and workflows its runs were, where somebody looked.
    private static func figures(_ app: AppID, _ situation: Situation, _ open: [Incident], _ clocks: Clocks) -> HTML {
        var parts: [HTML] = []
        for tick in situation.ticks {
            guard let index = tick.readings.index(of: app), let report = situation.pipeline.report(tick) else { continue }
            let spans = report.appReadings(index).map { series, evidence -> HTML in
                "<span><code>\(series.description)</code> \(Figure.text(evidence, series.resultUnit))</span>"
            }
            let at = situation.answered[tick.runtime]?.values.max() ?? tick.now
            parts.append(
                "<h3>\(id: tick.runtime) <span class=\"faint\">as of \(clocks.since(at))</span></h3><p class=\"figures\">\(spans.joined())</p>")
        }
        guard !parts.isEmpty else { return "" }
        let weights = open.compactMap(\.weight).map { "\(clocks.time($0.at)): \(clocks.readable($0.text))" as HTML }
        return "<section aria-labelledby=\"figures-h\"><h2 id=\"figures-h\">What it runs</h2>\(parts.joined())\(list(weights))</section>"
    }

    static let home: HTML = "<a href=\"/\"><strong>mozaiks-ops</strong></a>"

    static func appLink(_ app: AppID) -> HTML {
        "<a href=\"\(apps)\(PercentEncoding.encode(app.text.utf8))\">\(id: app.text)</a>"
    }
}

private struct RulesPage {
    private static let mostShown = 10
    /// Bytes of a condition that stands unfolded.
    private static let longest = 160

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
        let lines = stands.prefix(RulesPage.mostShown).map { line($0, whyNot: whyNot) }
        let more = stands.count - lines.count
        let playbook: HTML = rule.playbook.map { " · playbook <code>\($0)</code>" } ?? ""
        return """
            <article class="card \(HTML.own(tone?.name ?? ""))"><h3>\(Page.chip(rule.severity)) \(id: rule.name) \(state(weightiest))</h3>
            <p>\(Shown.prose(rule.summary))</p>
            \(written(rule, id))<p class="faint">for \(rule.hold.description) · <code>\(rule.origin.description)</code>\(playbook)</p>
            \(lines.isEmpty ? "<p class=\"faint\">True of nobody now.</p>" : Page.list(lines))\(HTML.when(more > 0, "<p>and \(more) more</p>"))</article>
            """
    }

    /// Its condition; a long one is folded, so that a phone shows more than one rule.
    private func written(_ rule: Rule, _ id: String) -> HTML {
        let text = Shown.code(rule.when.text)
        guard text.utf8.count > RulesPage.longest else { return "<p class=\"faint\"><code>\(text)</code></p>" }
        return "<details id=\"\(id)\"><summary>Its condition</summary><p><code>\(text)</code></p></details>"
    }

    private func line(_ explanation: RuleExplanation, whyNot: Bool) -> HTML {
        let subject = explanation.subject
        let who: HTML = subject.app.map { "\(Page.appLink($0)) on \(id: subject.runtime)" } ?? "\(subject.description)"
        let timer: HTML = explanation.timer.map { " (\(clocks.readable($0)))" } ?? ""
        let reasons = explanation.reasons.map { "\(clocks.readable($0))" as HTML }
        let incident: HTML = explanation.incident.map {
            ", <a href=\"\(Page.incidents)\(Page.pathSafe($0.id))\">its incident</a>"
        } ?? ""
        let values: HTML = HTML.when(
            explanation.phase != .inactive || whyNot, "<br><code>\(Shown.code(explanation.condition?.withValues ?? ""))</code>")
        return "\(who): \(word(explanation.phase))\(timer)\(incident)\(values)\(Page.list(reasons, class: "faint"))"
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
