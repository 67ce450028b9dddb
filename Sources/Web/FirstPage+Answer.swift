import Cycle
import Guard
import Journal
import Model
import Signals
import Views

/// The answer at the top: what is wrong, what is done, what waits.
extension FirstPage {
    func banner(_ verdict: StatusVerdict, _ tone: Page.Tone) -> HTML {
        var facts: [(String, HTML)] = []
        let open = overview.open
        if open.count == 1 {
            facts = [
                ("What", "\(open[0].summary.isEmpty ? open[0].rule : open[0].summary)"),
                ("Where", "\(open[0].subject.description)"), ("Since", clocks.since(open[0].openedAt)),
            ]
        } else if open.count > 1 {
            facts.append(
                (
                    "Where",
                    Page.list(
                        open.prefix(3).map {
                            "<a href=\"\(link($0))\">\(id: $0.rule)</a> on \($0.subject.description), since \(clocks.since($0.openedAt))"
                        }
                            + (open.count > 3 ? ["and \(open.count - 3) more, below"] : []))
                ))
        }
        facts.append(("Being done", done))
        facts.append(("Waits for you", waitsFor))
        let stop: HTML =
            overview.isStopped
            ? "<p class=\"stop\"><span aria-hidden=\"true\">■</span> Actions are stopped: none is taken until \(forms.resume ?? Page.command("mozaiks-ops actions resume"))</p>"
            : ""
        return """
            <section class="banner \(HTML.own(tone.name))" aria-labelledby="verdict">
            <h1 id="verdict"><span class="mark" aria-hidden="true">\(HTML.own(tone.mark))</span> \(word(verdict.state))</h1>
            <p class="lead">\(lead(verdict))</p>\(stop)
            \(Page.facts(facts))</section>
            """
    }

    func word(_ state: StatusVerdict.State) -> String {
        switch state {
        case .ok: "All is well"
        case .warning: "Warning"
        case .critical: "Critical"
        case .unknown: "Not known"
        }
    }

    private func lead(_ verdict: StatusVerdict) -> HTML {
        let open = overview.open
        if !open.isEmpty {
            let critical = open.filter { $0.severity == .critical }.count
            let count = "\(open.count) incident\(open.count == 1 ? " is" : "s are") open"
            let how = critical == 0 || open.count == 1 ? "" : ", \(critical) critical"
            return
                "\(count)\(how).\(verdict.stale.map { " \(sentence($0)) What stands here may be no more so." } ?? "")"
        }
        let watched = "\(overview.sights.count) runtime\(overview.sights.count == 1 ? " is" : "s are") watched"
        if verdict.state == .ok { return "\(watched), no incident is open." }
        // What keeps it from being well stands first in the line, behind the word.
        return "\(sentence(String(verdict.line.dropFirst(verdict.word.count + 2))))"
    }

    private func sentence(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst() + (text.hasSuffix(".") ? "" : ".")
    }

    var done: HTML {
        guard overview.leases.isEmpty else {
            return Page.list(
                overview.leases.prefix(3).map { "\(Overview.words($0, clocks.words))" }
                    + (overview.leases.count > 3 ? ["and \(overview.leases.count - 3) more"] : []))
        }
        guard !overview.open.isEmpty else { return "nothing, and nothing has to be" }
        let refused = overview.open.lazy.flatMap { overview.handling(of: $0, clocks.words) }.first {
            $0.hasPrefix("not done: ") || $0.hasPrefix("would have")
        }
        return "nothing\(refused.map { "; \(clocks.readable($0))" } ?? "")"
    }

    private var waitsFor: HTML {
        var parts: [HTML] = []
        let unseen = overview.open.filter { $0.acknowledged == nil }.count
        if !overview.approvals.isEmpty {
            let count = overview.approvals.count
            parts.append("<a href=\"#waiting\">your yes or no to \(count) action\(count == 1 ? "" : "s")</a>")
        }
        if unseen > 0 {
            parts.append(
                "<a href=\"#open\">\(unseen) incident\(unseen == 1 ? "" : "s") that nobody has acknowledged</a>")
        }
        guard let first = parts.first else { return "nothing" }
        return parts.dropFirst().reduce(first) { $0 + ", " + $1 }
    }
}
