import Cycle
import Engine
import Model
import Views

/// What a replay found, as text.
struct ReplayRendering {
    let report: ReplayReport
    let terminal: Terminal

    /// Columns that lines may take.
    private var width: Int { terminal.width > 100 ? min(terminal.width, 140) : min(terminal.width, 80) }

    var text: String {
        let (from, to, gaps) = (report.from, report.to, report.gaps)
        var text = terminal.paint("Replay", .bold) + " of \(report.runtimes.joined(separator: ", ")), from \(report.source)\n"
        text += "  \(from.dateAndMinute) to \(to.dateAndMinute) UTC, \((to - from).brief), \(report.judged)\n"
        for gap in gaps.prefix(5) {
            text +=
                "  " + terminal.paint("gap", .yellow)
                + " \(gap.from.dateAndMinute) to \(gap.to.dateAndMinute), \((gap.to - gap.from).brief), \(gap.runtime): \(gap.reason)\n"
        }
        if gaps.count > 5 { text += "  … and \(gaps.count - 5) more gaps\n" }
        text += "\n"
        if let against = report.against, let comparison = report.comparison {
            text += self.comparison(comparison, against)
        } else {
            text += alone
        }
        text += ReplayPicture(report: report, width: width, terminal: terminal).text
        text += "\n" + terminal.paint("What this cannot tell", .bold) + "\n"
        for caveat in report.caveats {
            for (index, line) in Help.wrap(caveat, width: width - 4).enumerated() {
                text += terminal.paint((index == 0 ? "  - " : "    ") + line, .dim) + "\n"
            }
        }
        return text
    }

    /// One set of policies: its incidents and actions.
    private var alone: String {
        let story = report.side.story
        let total = ReplayComparison.total(story)
        var text =
            "With \(report.side.name): \(count(total.incidents, "incident")), \(count(total.pages, "page")) "
            + "(critical), \(count(total.actions, "action"))"
        if total.actions > 0, story.isImagined { text += " that would have been taken" }
        if total.actions > 0 { text += ", \(total.actionTime.brief) in all" }
        if total.offers > 0 { text += "; \(count(total.offers, "approval")) asked for" }
        text += "\n\n"
        text += incidents(story)
        text += actions(story)
        return text
    }

    private func incidents(_ story: ReplayStory) -> String {
        guard !story.incidents.isEmpty else { return terminal.paint("Incidents", .bold) + "\n  none\n\n" }
        let rows = story.incidents.map { incident in
            [
                "  " + incident.openedAt.dateAndMinute, severity(incident.severity), incident.rule,
                incident.subject.idShown, incident.lasted?.brief ?? "to the end",
            ]
        }
        return terminal.paint("Incidents", .bold) + "\n" + terminal.table(["  opened", "severity", "rule", "subject", "lasted"], rows)
            + "\n"
    }

    private func actions(_ story: ReplayStory) -> String {
        guard !story.leases.isEmpty else { return "" }
        let rows = story.leases.map { lease in
            [
                "  " + lease.createdAt.dateAndMinute, Rendering(terminal: terminal).shownID(lease.key.app),
                "\(lease.effect)", story.duration(of: lease).brief, story.rules(of: lease).joined(separator: ", "),
            ]
        }
        let title = story.isImagined ? "Actions that would have been taken" : "Actions"
        return terminal.paint(title, .bold) + "\n" + terminal.table(["  began", "app", "action", "lasted", "asked by"], rows)
            + "\n"
    }

    // MARK: Two sets

    private func comparison(_ comparison: ReplayComparison, _ against: ReplayReport.Side) -> String {
        let (old, new) = (ReplayComparison.total(comparison.old), ReplayComparison.total(comparison.new))
        var text = "  now  \(against.name)\n  new  \(report.side.name)\n\n"
        text += terminal.paint(comparison.headline, .bold) + "\n\n"
        let rows: [[String]] = [
            ["  incidents", "\(old.incidents)", "\(new.incidents)", difference(old.incidents, new.incidents)],
            ["  pages (critical)", "\(old.pages)", "\(new.pages)", difference(old.pages, new.pages)],
            ["  actions", "\(old.actions)", "\(new.actions)", difference(old.actions, new.actions)],
            [
                "  time under action", old.actionTime.brief, new.actionTime.brief,
                difference(old.actionTime, new.actionTime),
            ],
            ["  approvals asked for", "\(old.offers)", "\(new.offers)", difference(old.offers, new.offers)],
        ]
        text += terminal.table(["", "now", "new", "difference"], rows) + "\n"
        text += table("By rule", comparison.byRule) + table("By app", comparison.byApp)
        text += changes(comparison)
        return text
    }

    private func table(_ title: String, _ rows: [ReplayComparison.Row]) -> String {
        guard !rows.isEmpty else { return "" }
        func side(_ count: ReplayComparison.Count) -> String {
            var parts = ["\(count.incidents)"]
            if count.actions > 0 { parts.append("\(count.actions) act., \(count.actionTime.brief)") }
            if count.offers > 0 { parts.append("\(count.offers) asked") }
            return parts.joined(separator: "  ")
        }
        func pages(_ row: ReplayComparison.Row) -> String {
            row.old.pages == row.new.pages ? "\(row.old.pages)" : "\(row.old.pages) → \(row.new.pages)"
        }
        return terminal.table(
            ["  " + title.lowercased(), "now", "new", "pages", "difference"],
            rows.map { row in
                var differences: [String] = []
                if row.old.incidents != row.new.incidents {
                    differences.append(difference(row.old.incidents, row.new.incidents))
                }
                if row.old.pages != row.new.pages {
                    differences.append("pages " + difference(row.old.pages, row.new.pages))
                }
                if row.old.actions != row.new.actions || row.old.actionTime != row.new.actionTime {
                    differences.append("actions " + difference(row.old.actionTime, row.new.actionTime))
                }
                if row.old.offers != row.new.offers {
                    differences.append("asked " + difference(row.old.offers, row.new.offers))
                }
                return [
                    "  " + row.name, side(row.old), side(row.new), pages(row),
                    differences.isEmpty ? "-" : differences.joined(separator: ", "),
                ]
            }) + "\n"
    }

    /// Every incident that is not the same.
    private func changes(_ comparison: ReplayComparison) -> String {
        let lines = comparison.pairs.filter { !$0.isSame }.map { pair -> String in
            switch (pair.old, pair.new) {
            case (let old?, nil):
                return "  " + terminal.paint("-", .green)
                    + " \(old.openedAt.dateAndMinute)  \(label(old)): would not open (now \(old.lastedInWords))"
            case (nil, let new?):
                return "  " + terminal.paint("+", .red) + " \(new.openedAt.dateAndMinute)  \(label(new)): would open, \(new.lastedInWords)"
            case (let old?, let new?):
                return "  " + terminal.paint("~", .yellow) + " \(new.openedAt.dateAndMinute)  \(label(new)): "
                    + pair.differences.joined(separator: ", ")
                    + (pair.hasSameActions ? "" : "\n      now  \(answers(old))\n      new  \(answers(new))")
            case (nil, nil): return ""
            }
        }
        guard !lines.isEmpty else { return "" }
        let shown = 20
        var text = terminal.paint("What changes", .bold) + "\n" + lines.prefix(shown).map { $0 + "\n" }.joined()
        if lines.count > shown { text += "  … and \(lines.count - shown) more (-o json has all)\n" }
        return text + "\n"
    }

    /// What was answered last to each action: `throttle would_have, pause refused (cooldown)`.
    private func answers(_ incident: Incident) -> String {
        var newest: [LeaseKey: Incident.GuardAnswer] = [:]
        for answer in incident.answers { newest[answer.key] = answer }
        guard !newest.isEmpty else { return "no action" }
        return newest.sorted { $0.key < $1.key }.map { key, answer in
            let app = incident.subject.app == nil ? " \(Rendering(terminal: terminal).shownID(key.app))" : ""
            let verdict = answer.verdict.map { $0 == "_" ? " " : $0 }
            return "\(answer.effect)\(app): \(String(verdict))" + (answer.because.map { " (\($0))" } ?? "")
                + " at \(answer.at.dateAndMinute.suffix(5))"
        }.joined(separator: ", ")
    }

    private func label(_ incident: Incident) -> String { "\(incident.rule) \(incident.subject.idShown)" }

    private func severity(_ severity: Severity) -> String { Rendering(terminal: terminal).severity(severity) }

    private func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    private func difference(_ old: Int, _ new: Int) -> String {
        old == new ? "-" : "\(abs(new - old)) \(new < old ? "fewer" : "more")"
    }

    private func difference(_ old: TimeSpan, _ new: TimeSpan) -> String {
        old == new ? "-" : new < old ? "\((old - new).brief) less" : "\((new - old).brief) more"
    }
}

extension Timestamp {
    /// `2026-11-21 09:00`
    var dateAndMinute: String {
        let text = description
        return String(text.prefix(10)) + " " + String(text.dropFirst(11).prefix(5))
    }
}
