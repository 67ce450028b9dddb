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
        // Notes are counted above; where something is wrong they are in the way.
        let real = overview.open.filter { $0.severity != .info }
        // Of notes alone the newest says most: some stand for as long as a build is as it is.
        // What has begun weighs more than they do, and stands above.
        let open = !real.isEmpty ? real : hasBegun ? [] : overview.open.sorted { $0.since > $1.since }
        if let first = open.first {
            // Of how much, as it was when it was told: what it is by now moves in the charts.
            facts.append(("What", "\(what(first))"))
            if let ending = clocks.ending(first, overview) {
                facts.append(("Now", "<strong>\(ending)</strong>"))
            } else if let answer = answer(first) {
                facts.append(("Answer", "\(clocks.readable(answer))"))
            }
            if let returned = first.returned(clocks.words) { facts.append(("Again", "\(returned)")) }
        }
        if let others = alsoCritical(open) { facts.append(others) }
        if open.count == 1 {
            facts += [("Where", Page.subject(open[0].subject)), ("Since", clocks.since(open[0]))]
        } else if open.count > 1 {
            facts.append(("Where", places(OpenGroups(open).groups)))
        }
        facts.append(("Being done", done(verdict)))
        facts.append(("Waits for you", waitsFor(verdict)))
        let failing = overview.troubles.map(\.channel).inByteOrder()
        if !failing.isEmpty {
            facts.append(
                (
                    "Who is told",
                    "<span class=\"bad\"><span aria-hidden=\"true\">✖</span> not by \(Shown.line(failing.joined(separator: ", "))): <a href=\"#channels-h\">messages do not get through</a></span>"
                ))
        }
        if overview.isWithoutChannels {
            facts.append(
                ("Who is told", "<span class=\"bad\"><span aria-hidden=\"true\">✖</span> nobody: no channel is configured</span>"))
        }
        let stop: HTML =
            overview.isStopped == nil
            ? "<p class=\"stop\"><span aria-hidden=\"true\">■</span> \(overview.stop ?? "")</p>"
            : overview.isStopped == true
                ? "<p class=\"stop\"><span aria-hidden=\"true\">■</span> Actions are stopped: none is taken until \(forms.resume ?? Page.command("mozaiks-ops actions resume"))</p>"
                : ""
        return """
            <section class="banner \(HTML.own(tone.name))" aria-labelledby="verdict">
            <h1 id="verdict"><span class="mark" aria-hidden="true">\(HTML.own(tone.mark))</span> \(word(verdict))\(deaf.map { ", \(verdict.state == .ok ? "but" : "and") \($0)" } ?? "")</h1>
            <p class="lead">\(lead(verdict))</p>\(stop)
            \(Page.facts(facts))</section>
            """
    }

    /// What its runtime or replica says, or does not, in a line: as it was seen last; where that complains of nothing, as it was
    /// noted when it opened or came back, and then of when that is.
    private func answer(_ incident: Incident) -> String? {
        let noted = incident.answer.flatMap { note in incident.answerBriefly.map { "\($0); as of \(note.at)" } }
        let summary = overview.sights.first { $0.summary.runtime.isSame(as: incident.subject.runtime) }?.summary
        // What was noted on a note is of an outage that began when it opened, and may be long over.
        guard incident.severity != .info else { return nil }
        guard incident.subject.app == nil, let summary else { return noted }
        let all = StatusVerdict.complaints(of: summary, replica: incident.subject.replica)
        return all.first.map { all.count > 1 ? "\($0); and \(all.count - 1) more" : $0 } ?? noted
    }

    /// `It answers nobody (up 0 < 1).`
    private func what(_ incident: Incident) -> String {
        let said = incident.summary.isEmpty ? incident.rule : incident.summary
        guard let measure = incident.measure.map({ " (\($0))" }) else { return said }
        return said.hasSuffix(".") ? "\(said.dropLast())\(measure)." : said + measure
    }

    /// Those that weigh as much as the first: how many, which, and what each is.
    private func alsoCritical(_ open: [Incident]) -> (String, HTML)? {
        let others = open.dropFirst().filter { $0.severity == .critical }
        guard !others.isEmpty else { return nil }
        let groups = OpenGroups(Array(others)).groups
        var items = groups.prefix(3).map { group -> HTML in "\(named(group)): \(clocks.readable(what(group.first)))" }
        let more = groups.dropFirst(3).reduce(0) { $0 + $1.incidents.count }
        if more > 0 { items.append("<a href=\"\(Page.incidentList)?severity=critical\">and \(more) more</a>") }
        return ("\(others.count) more critical", Page.list(items))
    }

    /// The first few, those of one rule as one.
    private func places(_ groups: [OpenGroups.Group]) -> HTML {
        var items = groups.prefix(3).map { group -> HTML in
            let ending = group.incidents.allSatisfy { $0.quietSince != nil } ? ", ending" : ""
            return "\(named(group)), since \(group.isOne ? clocks.since(group.first) : clocks.since(group.since))\(ending)"
        }
        let more = groups.dropFirst(3).reduce(0) { $0 + $1.incidents.count }
        if more > 0 { items.append("<a href=\"\(Page.incidentList)\">and \(more) more</a>") }
        return Page.list(items)
    }

    /// That messages do not get through, in words; nil where they do, or where there is no channel to get through.
    var deaf: String? {
        guard !overview.troubles.isEmpty else { return nil }
        let isEverybody = overview.channels.allSatisfy { channel in overview.troubles.contains { $0.channel.isSame(as: channel.channel) } }
        return isEverybody ? "nobody can be told" : "not everybody can be told"
    }

    /// Whether nothing that is open is true any more.
    private var isEnding: Bool {
        let real = overview.open.filter { $0.severity != .info }
        return !real.isEmpty && real.allSatisfy { $0.quietSince != nil }
    }

    private func word(_ verdict: StatusVerdict) -> String {
        switch verdict.state {
        // Notes are open for as long as a build is as it is: they neither make it unwell nor are they nothing.
        case .ok:
            (isSoFar ? "Well so far" : overview.open.isEmpty ? "All is well" : "Well")
                + (overview.open.isEmpty ? "" : ", with \(overview.open.count) note\(overview.open.count == 1 ? "" : "s")")
        case .warning: "Warning\(isEnding ? ", ending" : "")"
        case .critical: "Critical\(isEnding ? ", ending" : "")"
        case .unknown: verdict.unseen == nil ? "Not known" : "Not all is known"
        }
    }

    /// Whether something would tell that something is wrong, if it lasted.
    private var hasBegun: Bool { overview.begun.contains(where: \.isReal) }

    /// Whether what is well is so only so far: something has begun, or a critical rule cannot be judged yet.
    var isSoFar: Bool { hasBegun || overview.verdict.unjudged != nil }

    private func lead(_ verdict: StatusVerdict) -> HTML {
        let begun = Begun.sentence(overview.begun, at: overview.now, clocks.words)
        let unjudged = verdict.state == .ok ? verdict.unjudged : nil
        return [begun, unjudged].compactMap { $0 }.reduce(state(verdict)) { "\($0) \(Shown.line($1))." }
    }

    private func state(_ verdict: StatusVerdict) -> HTML {
        let open = overview.open
        if !open.isEmpty {
            let critical = open.filter { $0.severity == .critical }.count
            let notes = open.count { $0.severity == .info }
            let real = open.count - notes
            let count =
                real == 0
                ? "\(notes) note\(notes == 1 ? " is" : "s are") open, and no warning"
                : "\(real) incident\(real == 1 ? " is" : "s are") open"
            let how =
                (critical == 0 || real == 1 ? "" : ", \(critical) critical")
                + (real == 0 || notes == 0 ? "" : ", and \(notes) note\(notes == 1 ? "" : "s")")
            let doubt: HTML =
                verdict.stale.map { " \(sentence($0)) What stands here may be no more so." }
                ?? verdict.unseen.map { " And \(Shown.line($0.words))." } ?? ""
            return "\(count)\(how).\(doubt)"
        }
        let counts = overview.watchedCounts
        let watched = "\(counts.text) \(counts.isOne ? "is" : "are") watched"
        if verdict.state == .ok { return "\(watched), no incident is open." }
        // What is well has its figures below. A name is none to begin with a capital.
        if let unseen = verdict.unseen { return "\(Shown.line(unseen.words)). No incident is open." }
        // What keeps it from being well stands first.
        return "\(sentence(verdict.trouble))"
    }

    private func sentence(_ text: String) -> String {
        // An address is none to begin with a capital.
        let begin = text.utf8.starts(with: "http".utf8) ? String(text.prefix(1)) : text.prefix(1).uppercased()
        return "\(begin)\(text.dropFirst())\(text.hasSuffix(".") ? "" : ".")"
    }

    private func done(_ verdict: StatusVerdict) -> HTML {
        guard overview.leases.isEmpty else {
            let groups = overview.leaseGroups
            let more = groups.dropFirst(3).reduce(0) { $0 + $1.count }
            return Page.list(
                groups.prefix(3).map { leases -> HTML in "\(clocks.readable(overview.words(ofGroup: leases, clocks.words)))" }
                    + (more > 0 ? ["and \(more) more"] : []))
        }
        guard verdict.state != .unknown else {
            // That nobody answers is judged, too.
            guard verdict.unseen != nil || hasBegun && verdict.stale == nil else {
                return "nothing new can be: what is not seen is not judged"
            }
            let seen: HTML = hasBegun ? "nothing yet: no rule has held for long enough" : "nothing: what is seen asks for nothing"
            return "\(seen); what is not seen is not judged"
        }
        guard !overview.open.isEmpty else {
            guard verdict.state == .ok, !hasBegun else { return "nothing yet: no rule has held for long enough" }
            return isSoFar ? "nothing: no rule that can be judged asks for anything" : "nothing, and nothing has to be"
        }
        if hasBegun, overview.approvals.isEmpty, !overview.open.contains(where: { $0.severity != .info }) {
            return "nothing yet: no rule has held for long enough"
        }
        let refused = overview.open.lazy.compactMap { overview.refused(of: $0, clocks.words) }.first
        let asked = overview.approvals.count
        if refused == nil, asked > 0 { return "nothing yet: \(asked == 1 ? "an action waits" : "\(asked) actions wait") for a yes" }
        if overview.open.allSatisfy({ $0.decisions.isEmpty }) { return "nothing by itself: no rule asks for more here than telling people" }
        return "nothing\(refused.map { "; \(clocks.readable($0))" } ?? "")"
    }

    private func waitsFor(_ verdict: StatusVerdict) -> HTML {
        var parts: [HTML] = []
        let unseen = overview.open.filter { $0.acknowledged == nil && $0.severity != .info }.count
        if !overview.approvals.isEmpty {
            let count = overview.approvals.count
            let needsOther = forms.visitor.session != nil && !forms.visitor.mayPress(.approver)
            let what = "\(count) action\(count == 1 ? "" : "s")"
            let refused = overview.approvals.count { $0.obstacle != nil }
            let now =
                refused == 0 ? "" : refused < count ? " (\(refused) would be refused now)" : " (a yes would be refused now)"
            parts.append(
                "<a href=\"#waiting\">\(needsOther ? "a yes or no, which needs an approver," : "your yes or no") to \(what)</a>\(now)")
        }
        if unseen > 0 {
            parts.append(
                "<a href=\"#open\">\(unseen) incident\(unseen == 1 ? "" : "s") that nobody has acknowledged</a>")
        }
        if verdict.state == .unknown {
            let what = verdict.unseen.map { "\(Shown.line($0.names)) cannot be seen" } ?? "nothing is seen"
            parts.append("a look at why \(what): below stands what is answered, \(Page.command("mozaiks-ops doctor")) says more")
        }
        guard let first = parts.first else { return "nothing" }
        if forms.visitor.session == nil, unseen > 0 || !overview.approvals.isEmpty {
            parts.append(forms.signIn(to: overview.approvals.isEmpty ? "open" : "waiting"))
        }
        return parts.dropFirst().reduce(first) { $0 + ", " + $1 }
    }
}
