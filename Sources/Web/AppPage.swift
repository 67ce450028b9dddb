import Cycle
import Engine
import Guard
import Journal
import Model
import Policy
import Views

extension Page {
    static let apps = "/apps/"

    /// One app: what is open and in force about it, what it runs and for whom, its month, where each rule stands and why not, and
    /// the policy that holds for it.
    /// - Parameter asked: what the reader just asked for.
    static func app(_ encoded: String, _ asked: CommandOutcome?, _ reading: Reading) throws -> HTML {
        let (detail, situation, overview) = try API.detail(ofApp: encoded, reading)
        let clocks = reading.clocks
        let policies = situation.pipeline.policies
        let rules = RulesPage(clocks: clocks, policies: policies)
        let all = situation.explanations(of: detail.app)
        let then = apps + PercentEncoding.encode(detail.app.text.utf8)
        let tone = detail.open.map(\.severity).max().map(Tone.of) ?? (all.isEmpty ? .unknown : .good)
        let here = AppPage(
            detail: detail, situation: situation, overview: overview, clocks: clocks, forms: Forms(reading.visitor, then: then))
        let cards = all.enumerated().map { rules.card($1.rule, [$1], whyNot: true, id: "rule-\($0)") }
        let policy = detail.policy
        let body: HTML = """
            <section class="banner \(HTML.own(tone.name))" aria-labelledby="verdict"><h1 id="verdict"><span class="mark" aria-hidden="true">\(HTML.own(tone.mark))</span> \(id: detail.app.text)</h1>
            <p class="lead">\(detail.open.isEmpty ? all.isEmpty ? "No runtime has shown it within a day." : "Nothing is open about it." : "\(detail.open.count) open about it.")</p>
            \(here.incidents)<p><a href="\(IncidentListing(app: detail.app.text).link)">All its incidents</a></p></section>
            \(here.runs)
            <section aria-labelledby="acts-h"><h2 id="acts-h">Done, and waiting</h2>\(here.acts)</section>
            <div class="columns"><div><section aria-labelledby="stand-h"><h2 id="stand-h">Where each rule stands</h2>\(cards.isEmpty ? "<p class=\"none\">nothing to judge</p>" : cards.joined())</section></div>
            <div><section aria-labelledby="policy-h"><h2 id="policy-h">Policy in force</h2>
            <p class="faint">\(policy.app == nil ? "The default policy holds for it." : "It has a policy of its own: \(policy.file)")</p>
            <details id="policy"><summary>All of it, with the place of each value</summary><pre tabindex="0">\(PolicyRendering(policies, app: detail.app).text)</pre></details></section></div></div>
            """
        return frame(
            title: "\(Shown.id(detail.app.text)) · mozaiks-ops", tone, head: "\(home) <span>app</span> \(clocks.asOf)",
            "\(notice(asked, clocks))\(body)", for: reading.visitor, then: then, isSoon: asked != nil && asked?.isDone == nil)
    }

    static func appLink(_ app: AppID) -> HTML {
        "<a href=\"\(apps)\(PercentEncoding.encode(app.text.utf8))\">\(id: app.text)</a>"
    }
}

private struct AppPage {
    let detail: AppDetail
    let situation: Situation
    let overview: Overview
    let clocks: Clocks
    let forms: Forms

    var incidents: HTML {
        Page.list(
            detail.open.map { incident -> HTML in
                "\(Page.chip(incident.severity)) <a href=\"\(Page.incidents)\(Page.pathSafe(incident.id))\">\(id: incident.rule)</a> on \(id: incident.subject.runtime), since \(clocks.since(incident))"
            })
    }

    var acts: HTML {
        let leases = detail.leases.map { lease -> HTML in
            let remark = Page.remark(lease, overview, clocks)
            return
                "<article class=\"card\"><h3>\(Overview.words(lease, overview.leaseSights[lease.id], clocks.words))</h3>\(remark)\(forms.revert(lease))</article>"
        }
        let approvals = detail.approvals.map { approval -> HTML in
            let stands: HTML =
                detail.open.first { $0.id.isSame(as: approval.incident) }.map {
                    "<p>What it is for: \(Page.standing($0, PresentCondition(of: $0, in: situation), clocks))</p>"
                } ?? ""
            return """
                <article class="card ask"><h3>\(approval.effect.description), \(approval.ttl.description)?</h3>
                <p>\(clocks.readable(approval.reason.text))</p>\(stands)\(forms.answer(approval, overview, clocks))</article>
                """
        }
        let acts = leases + approvals
        return acts.isEmpty ? "<p class=\"none\">nothing</p>" : acts.joined()
    }

    /// What each runtime shows of it.
    var runs: HTML {
        guard !detail.parts.isEmpty else { return "" }
        return "<section aria-labelledby=\"runs-h\"><h2 id=\"runs-h\">What it runs</h2>\(detail.parts.map(card).joined())\(noted)</section>"
    }

    /// What incidents that are open have noted of its runs, as of then.
    private var noted: HTML {
        Page.list(detail.open.compactMap(\.weight).map { "\(clocks.time($0.at)): \(clocks.readable($0.text))" as HTML }, class: "faint")
    }

    private func card(_ part: AppDetail.Part) -> HTML {
        var facts: [(String, HTML)] = []
        let missing = missing(part.readings)
        if !missing.isEmpty { facts.append(("Missing", Page.list(missing))) }
        if let weight = part.weight {
            facts.append(("Users", shares(weight.app.users, weight.app.otherUsers, "user", weight.at)))
            facts.append(("Workflows", shares(weight.app.workflows, weight.app.otherWorkflows, "workflow", weight.at)))
        } else if let idle = part.idleAt {
            facts.append(("Users", "no run was open at \(clocks.since(idle))"))
        } else {
            facts.append(("Users", "<span class=\"faint\">not known: nobody has looked of whom its runs are</span>"))
        }
        facts.append(
            ("Month", part.month.map { month($0, part.whole, part.runtime) } ?? "<span class=\"faint\">the history cannot be read</span>"))
        return """
            <article class="card"><h3>\(id: part.runtime) <span class="faint">as of \(clocks.since(part.at))</span></h3>\(figures(part.readings))\(Page.facts(facts))</article>
            """
    }

    private func figures(_ readings: [(series: SeriesRef, evidence: Evidence)]) -> HTML {
        let seen = readings.compactMap { series, evidence -> HTML? in
            guard case .value = evidence else { return nil }
            return "<span><code>\(series.description)</code> <strong>\(Figure.text(evidence, series.resultUnit))</strong></span>"
        }
        return seen.isEmpty ? "<p class=\"none\">nothing is known of it now</p>" : "<p class=\"figures\">\(seen.joined())</p>"
    }

    /// What is not known, by the reason.
    private func missing(_ readings: [(series: SeriesRef, evidence: Evidence)]) -> [HTML] {
        var groups: [(why: String, names: [String])] = []
        for (series, evidence) in readings {
            guard let reason = evidence.reason else { continue }
            if let place = groups.firstIndex(where: { $0.why.isSame(as: reason.explanation) }) {
                groups[place].names.append(series.signal.name)
            } else {
                groups.append((reason.explanation, [series.signal.name]))
            }
        }
        return groups.map { "<span class=\"faint\">\($0.names.joined(separator: ", ")): \($0.why)</span>" as HTML }
    }

    /// `user-5 12, user-7 4, and 2 more`
    private func shares(_ shares: [AppWeights.Share], _ others: Int, _ noun: String, _ at: Timestamp) -> HTML {
        guard !shares.isEmpty else { return "<span class=\"faint\">its runs name no \(noun)</span>" }
        let named = shares.map { "\(id: $0.name) <strong>\($0.runs)</strong>" as HTML }
        let more: HTML = others > 0 ? ", and \(others) more \(noun)\(others == 1 ? "" : "s")" : ""
        return
            "\(named.dropFirst().reduce(named[0]) { $0 + ", " + $1 })\(more) <span class=\"faint\">open runs, as of \(clocks.since(at))</span>"
    }

    // MARK: - The month

    private func month(_ month: MonthLedger.Month, _ whole: MonthLedger.Month?, _ runtime: String) -> HTML {
        let known = Set([month.tokens, month.cost, month.runs].filter { $0.value.value != nil }.map(\.minutes))
        let lines = [
            line("tokens", month.tokens, whole?.tokens, month, runtime, known.count > 1) { AppPage.grouped($0) },
            line("spend", month.cost, whole?.cost, month, runtime, known.count > 1) { "\(AppPage.cents($0)) USD" },
            line("runs started", month.runs, whole?.runs, month, runtime, known.count > 1) { AppPage.grouped($0) },
        ]
        // Of the rest nothing is known: a sum of a part is said to be one.
        let seen: HTML =
            known.count == 1 && month.minutes - (known.first ?? 0) > 2
            ? ", of \(spans(known.first ?? 0, month)); of the rest nothing is known" : ""
        let sofar: HTML =
            month.isWhole
            ? "" : "<p class=\"faint\">Added up to \(clocks.time(month.until)) so far; the rest follows with the next looks.</p>"
        return "\(Page.list(lines))<p class=\"faint\">Since \(clocks.time(month.begins)), by what was seen\(seen).</p>\(sofar)"
    }

    private func line(
        _ name: StaticString, _ figure: MonthLedger.Figure, _ whole: MonthLedger.Figure?, _ month: MonthLedger.Month, _ runtime: String,
        _ tellsPart: Bool, _ words: (Double) -> String
    ) -> HTML {
        guard case .value(let value) = figure.value else {
            return "\(HTML.own(name)): <span class=\"faint\">not known: \(figure.value.reason?.explanation ?? "")</span>"
        }
        var share: HTML = ""
        if case .value(let all)? = whole?.value, all > 0 {
            share = ", \(Figure.text(value / all * 100, .percent)) of all on \(id: runtime)"
        }
        let part: HTML = HTML.when(
            tellsPart && month.minutes - figure.minutes > 2, " <span class=\"faint\">(of \(spans(figure.minutes, month)))</span>")
        return "\(HTML.own(name)): <strong>\(words(value))</strong>\(share)\(part)"
    }

    /// `8m of 29d1h`
    private func spans(_ known: Int64, _ month: MonthLedger.Month) -> String {
        "\(TimeSpan.minutes(Int(known)).brief) of \(TimeSpan.minutes(Int(month.minutes)).brief)"
    }

    /// `1,234,567`
    private static func grouped(_ value: Double) -> String {
        guard value.magnitude < 9e15 else { return Figure.number(value) }
        let digits = Array(String(Int64(value.rounded())).utf8)
        var text: [UInt8] = []
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0, digit != UInt8(ascii: "-"), digits[index - 1] != UInt8(ascii: "-") {
                text.append(UInt8(ascii: ","))
            }
            text.append(digit)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Of a dollar and more, cents.
    private static func cents(_ value: Double) -> String {
        guard value >= 1 else { return Figure.number(value) }
        let cents = Int64((min(value, 9e13) * 100).rounded())
        return "\(grouped(Double(cents / 100))).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
    }
}
