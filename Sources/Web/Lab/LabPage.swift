import Cycle
import Model
import Views

extension Page {
    static let lab = "/lab"
    private static let mostChanges = 50
    private static let mostLabRows = 30

    /// Where a policy is tried before it is saved anywhere.
    /// - Parameters:
    ///   - draft: what is tried.
    ///   - typed: what was typed and comes to no draft; nil: the draft's.
    ///   - faults: everything that is wrong with it, or why it is not tried now, below its heading.
    static func lab(
        _ draft: LabDraft?, typed: LabDraft.Typed? = nil, faults: (heading: String, text: String)?, _ state: PolicyLab.State?,
        _ visitor: Visitor, _ clocks: Clocks
    ) -> HTML {
        let isRunning: Bool = if case .runs? = state { true } else { false }
        let body: HTML = """
            <h1>Policy lab</h1>
            <p class="lead">What would a changed rule or threshold have done in the last \(PolicyLab.days) days? It is run over the history, beside what is in force. Nothing is saved, asked or sent.</p>
            \(faults.map { "<section class=\"card bad\" role=\"alert\"><h2>\($0.heading)</h2><pre tabindex=\"0\">\($0.text)</pre></section>" as HTML } ?? "")
            \(state.map { found($0, draft, clocks) } ?? "")
            \(HTML.when(!isRunning, labForm(typed ?? draft?.typed ?? LabDraft.Typed(), visitor)))
            """
        return frame(
            title: "Policy lab · mozaiks-ops", .info, head: "\(home) <span>policy lab</span> \(clocks.asOf)", body, for: visitor,
            then: lab, refreshes: isRunning, isSoon: isRunning)
    }

    private static func labForm(_ typed: LabDraft.Typed, _ visitor: Visitor) -> HTML {
        let kinds: [(LabDraft.Kind, String)] = [
            (.change, "thresholds or rules, laid over the policy in force"), (.whole, "the whole default policy"),
            (.app, "the policy of one app"),
        ]
        let options = kinds.map { kind, words in
            "<option value=\"\(kind.rawValue)\"\(HTML.when(kind == typed.kind, " selected"))>\(words)</option>" as HTML
        }
        let proof: HTML = visitor.session.map { "<input type=\"hidden\" name=\"form\" value=\"\($0.form)\">" } ?? ""
        return """
            <form class="card" method="post" action="\(lab)">\(proof)
            <label for="lab-text">What to try</label>
            <textarea id="lab-text" name="policy" rows="12" spellcheck="false" autocapitalize="off" autocomplete="off" required placeholder="thresholds: {noisy_share: 50%}">\(typed.text)</textarea>
            <label for="lab-kind">It is</label><select id="lab-kind" name="kind">\(options.joined())</select>
            <label for="lab-app">App (for the policy of one app)</label><input id="lab-app" type="text" name="app" maxlength="400" autocomplete="off" value="\(typed.app ?? "")">
            <button class="yes">Try it on the last \(PolicyLab.days) days</button></form>
            <p class="faint">The policy in force is on the <a href="\(rules)">rules page</a>. The same on the command line: \(command("mozaiks-ops replay --since 7d --policies FOLDER"))</p>
            """
    }

    private static func found(_ state: PolicyLab.State, _ draft: LabDraft?, _ clocks: Clocks) -> HTML {
        switch state {
        case .runs(let percent):
            return
                "<p class=\"notice\" role=\"status\"><span aria-hidden=\"true\">…</span> It runs over the history: \(percent) %. <progress max=\"100\" value=\"\(percent)\">\(percent) %</progress></p>"
        case .failed(let why):
            return "<p class=\"notice bad\" role=\"alert\"><span aria-hidden=\"true\">✖</span> Not tried: \(why)</p>"
        case .done(let findings): return report(findings, draft, clocks)
        }
    }

    private static func report(_ findings: PolicyLab.Findings, _ draft: LabDraft?, _ clocks: Clocks) -> HTML {
        let comparison = findings.comparison
        let (old, new) = (ReplayComparison.total(comparison.old), ReplayComparison.total(comparison.new))
        func row(_ name: HTML, _ now: String, _ new: String) -> HTML {
            // Narrow screens show a card a row, which is a table only to whoever is told so; each value says of which column it is.
            """
            <tr role="row"><th scope="row" role="rowheader">\(name)</th><td role="cell" data-of="now">\(now)</td>\
            <td role="cell" data-of="new">\(new)</td></tr>
            """
        }
        func table(_ caption: String, _ first: String, _ rows: [HTML]) -> HTML {
            """
            <div class="wide"><table role="table"><caption>\(caption)</caption><thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">\(first)</th>\
            <th scope="col" role="columnheader">now</th><th scope="col" role="columnheader">new</th></tr></thead>
            <tbody role="rowgroup">\(rows.joined())</tbody></table></div>
            """
        }
        func counts(_ count: ReplayComparison.Count) -> String {
            func some(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
            return some(count.incidents, "incident") + ", " + some(count.pages, "page")
                + (count.actions > 0 ? ", \(some(count.actions, "action")), \(count.actionTime.brief)" : "")
                + (count.offers > 0 ? ", \(count.offers) asked for" : "")
        }
        let totals = [
            row("Incidents", "\(old.incidents)", "\(new.incidents)"), row("Pages (critical)", "\(old.pages)", "\(new.pages)"),
            row("Actions", "\(old.actions)", "\(new.actions)"), row("Time under action", old.actionTime.brief, new.actionTime.brief),
            row("Approvals asked for", "\(old.offers)", "\(new.offers)"),
        ]
        let different = (comparison.byRule + comparison.byApp).filter { $0.old != $0.new }
        let groups = different.prefix(mostLabRows).map { row("\(id: $0.name)", counts($0.old), counts($0.new)) }
        let changed = comparison.pairs.filter { !$0.isSame }
        let changes = changed.prefix(mostChanges).compactMap { change($0, clocks) }
        let gaps = findings.gaps.prefix(5).map {
            "\(clocks.words($0.from)) to \(clocks.words($0.to)), \(id: $0.runtime): \(Shown.line($0.reason))" as HTML
        }
        let caveats =
            [ReplayCaveat.minutes, ReplayCaveat.counterfactual, ReplayCaveat.beginning, ReplayCaveat.people] + findings.lacking
        return """
            <section class="banner info" aria-labelledby="found-h"><h2 id="found-h">\(comparison.headline)</h2>
            <p class="lead">\(clocks.words(findings.from)) to \(clocks.words(findings.until)) of \(findings.runtimes.map(Shown.id).joined(separator: ", ")).</p></section>
            \(table("In all", "", totals))
            \(HTML.when(!groups.isEmpty, table("By rule and by app, where it differs", "rule or app", groups)))
            \(HTML.when(different.count > groups.count, "<p>and \(different.count - groups.count) more</p>"))
            \(HTML.when(!changes.isEmpty, "<section aria-labelledby=\"changes-h\"><h2 id=\"changes-h\">What changes</h2>\(list(Array(changes)))</section>"))
            \(HTML.when(changed.count > changes.count, "<p>and \(changed.count - changes.count) more: the command line has all of them</p>"))
            \(HTML.when(!findings.warnings.isEmpty, "<section class=\"card doubtful\"><h2>Allowed, but probably not meant</h2><pre tabindex=\"0\">\(findings.warnings.prefix(20).joined(separator: "\n\n"))</pre></section>"))
            \(draft.map(file) ?? "")
            <section aria-labelledby="caveats-h"><h2 id="caveats-h">What this cannot tell</h2>
            \(list(caveats.map { "\($0)" as HTML }, class: "faint"))
            \(HTML.when(!gaps.isEmpty, "<p>Of these times nothing is known:</p>\(list(Array(gaps)))"))</section>
            """
    }

    private static func change(_ pair: ReplayComparison.Pair, _ clocks: Clocks) -> HTML? {
        func what(_ incident: Incident) -> HTML {
            "\(clocks.time(incident.openedAt)) \(id: incident.rule) on \(incident.subject.description)"
        }
        return switch (pair.old, pair.new) {
        case (let old?, nil): "<strong>−</strong> \(what(old)): would not open (now \(old.lastedInWords))"
        case (nil, let new?): "<strong>+</strong> \(what(new)): would open, \(new.lastedInWords)"
        case (_?, let new?): "<strong>~</strong> \(what(new)): \(pair.differences.joined(separator: ", "))"
        case (nil, nil): nil
        }
    }

    /// What to copy, and whither.
    private static func file(_ draft: LabDraft) -> HTML {
        """
        <section aria-labelledby="file-h"><h2 id="file-h">To keep it</h2>
        <p>Save this as <code>\(draft.fileName)</code> in your policy folder, then \(command("mozaiks-ops policy check")) and \(command("systemctl reload mozaiks-ops")). Nothing was saved here.</p>
        <pre tabindex="0">\(draft.file)</pre></section>
        """
    }
}
