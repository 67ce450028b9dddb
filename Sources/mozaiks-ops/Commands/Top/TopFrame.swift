import Cycle
import Guard
import Model
import Policy
import Views

/// One screen of `top`: as many lines as there are, none wider than the terminal. A value of what was read; nothing is asked here.
struct TopFrame {
    /// What a key can be about.
    enum Item: Hashable {
        case approval(String)
        case incident(String)
    }

    let overview: Overview
    let histories: [RuntimeHistory]
    let terminal: Terminal
    let columns: Int
    let rows: Int
    var selected: Item?
    /// What stands in the last line instead of the keys; nil: the keys.
    var message: String?

    private static let mostRuntimes = 3
    /// Lines that a text in the head takes at most: a low terminal needs its lines for what is open.
    private var mostLines: Int { (rows >= 20 ? 2 : 1) + moreLines }
    /// So many more where the screen has lines left over.
    private var moreLines = 0
    private var mostSparks: Int { rows >= 20 ? 4 : rows >= 15 ? 2 : 0 }
    /// The most needed first: what a narrow terminal has no room for is in the list that `?` shows.
    private static let keys = "? keys  ↑↓ choose  a ack  s silence 1h  y approve  n deny  enter open  q end"

    /// What can be chosen, in the order in which it stands.
    static func items(_ overview: Overview) -> [Item] {
        overview.approvals.map { .approval($0.id) } + overview.open.map { .incident($0.id) }
    }

    /// - Parameter message: what stands in the last line instead of the keys; nil: the keys.
    init(overview: Overview, histories: [RuntimeHistory], terminal: Terminal, columns: Int, rows: Int) {
        (self.overview, self.histories, self.terminal) = (overview, histories, terminal)
        (self.columns, self.rows) = (columns, rows)
    }

    var lines: [String] {
        // Where nothing else needs them, the lines that are left over are for sentences that would be cut.
        for more in [3, 2, 1] {
            var roomy = self
            roomy.moreLines = more
            let top = roomy.head + roomy.runtimes
            let lists =
                overview.open.count + 1 + overview.leases.count + 1 + (overview.approvals.isEmpty ? 0 : overview.approvals.count + 1)
            // Of several that are in force a low screen leaves some out.
            if top.count + lists + 1 <= rows, overview.leases.count <= 1 { return roomy.laid(below: top) }
        }
        return laid(below: head + runtimes)
    }

    private func laid(below top: [String]) -> [String] {
        let foot = [fit(message ?? TopFrame.keys)]
        // What is left is for what waits and what is open; what is in force gets a share.
        var room = max(3, rows - top.count - foot.count)
        let actions = section("Actions in force", overview.leases.map(lease), most: max(1, min(4, room / 4)))
        room -= actions.count
        let waiting =
            overview.approvals.isEmpty
            ? []
            : section(
                "Waits for your yes or no", overview.approvals.map(approval), most: max(1, min(5, room / 2)),
                chosen: index { if case .approval = $0 { true } else { false } })
        room -= waiting.count
        let open = section(
            "Open incidents", overview.open.map(incident), most: max(1, room - 1),
            chosen: index { if case .incident = $0 { true } else { false } })
        var body = Array((top + waiting + open + actions).prefix(max(0, rows - foot.count)))
        while body.count < rows - foot.count { body.append("") }
        return body + foot
    }

    /// Text instead of all that.
    struct Page {
        var head: [String]
        /// Oldest first: where there is no room for all, the newest stays.
        var story: [String] = []
        /// Always in sight; nil: none.
        var foot: String?
    }

    /// Broken to the width, so that nothing scrolls. What there is no room for is counted.
    func page(_ page: Page) -> [String] {
        let (head, story, foot) = (page.head.flatMap(wrapped), page.story.flatMap(wrapped), page.foot.map(wrapped) ?? [])
        let room = max(1, rows - foot.count)
        if head.count + story.count <= room { return head + story + foot }
        let above = head.prefix(max(1, room - min(story.count, room / 2)))
        let left = room - above.count
        guard story.count > left, left > 1 else { return above + story.suffix(left) + foot }
        // The mark stands in the place of a line, too.
        return above + [fit("… \(story.count - left + 1) lines before")] + story.suffix(left - 1) + foot
    }

    private func wrapped(_ text: String) -> [String] {
        var lines: [String] = []
        var line = ""
        for (index, word) in Shown.cell(text).split(separator: " ", omittingEmptySubsequences: false).enumerated() {
            let longer = index == 0 ? String(word) : line + " " + word
            if Terminal.columns(longer) <= columns {
                line = longer
            } else {
                if index > 0 { lines.append(line) }
                line = fit(String(word))
            }
        }
        return lines + [line]
    }

    // MARK: - Parts

    private var head: [String] {
        let verdict = overview.verdict
        let style: Terminal.Style =
            switch verdict.state {
            case .ok: verdict.begun == nil && verdict.unjudged == nil ? .green : .yellow
            case .warning, .unknown: .yellow
            case .critical: .red
            }
        let clock = overview.zone.clock(overview.now) + " " + overview.zone.mark(overview.now)
        let line = fit(verdict.word + ": " + short(verdict), columns - Terminal.columns(clock) - 2)
        let gap = String(repeating: " ", count: max(1, columns - Terminal.columns(line) - Terminal.columns(clock)))
        var lines = [terminal.paint(line, style) + gap + clock]
        if let first = overview.open.first { lines += wrapped(what(first), atMost: mostLines) }
        if let left = overview.leftBehind {
            lines += wrapped(left.prefix(1).uppercased() + left.dropFirst(), atMost: mostLines).map { terminal.paint($0, .red) }
        }
        if let stale = verdict.stale { lines += wrapped(Shown.line(stale), atMost: mostLines) }
        if verdict.state != .ok, overview.open.isEmpty, verdict.stale == nil {
            lines += wrapped(Shown.line(verdict.account), atMost: mostLines)
        }
        if let begun = verdict.begun { lines += wrapped(Shown.line(begun), atMost: mostLines) }
        if verdict.state == .ok, let unjudged = verdict.unjudged { lines += wrapped("So far: \(unjudged)", atMost: mostLines) }
        let deaf = overview.troubles.map(\.channel).inByteOrder()
        if !deaf.isEmpty {
            lines.append(terminal.paint(fit("✖ Messages do not get through: \(Shown.line(deaf.joined(separator: ", ")))"), .red))
        }
        if let stop = overview.stop { lines.append(terminal.paint(fit("■ " + stop), .red)) }
        if overview.isWithoutChannels { lines.append(terminal.paint(fit("✖ Nobody is told: no channel is configured"), .red)) }
        return lines + [""]
    }

    /// What is so in a few words: the first line has room for no more.
    private func short(_ verdict: StatusVerdict) -> String {
        let open = overview.open
        let critical = open.count { $0.severity == .critical }
        let notes = open.count { $0.severity == .info }
        let real = open.count - notes
        var parts: [String] = []
        if real > 0 {
            parts.append("\(real) incident\(real == 1 ? "" : "s") open" + (critical > 0 && real > 1 ? ", \(critical) critical" : ""))
        }
        if notes > 0 { parts.append("\(notes) note\(notes == 1 ? "" : "s")") }
        if parts.isEmpty {
            parts = [verdict.state == .ok ? "\(overview.watchedCounts.text) watched, nothing is open" : "not all is seen"]
        }
        return parts.joined(separator: ", ")
    }

    /// The weightiest, since when, and whether it still is so.
    private func what(_ incident: Incident) -> String {
        let said = incident.summary.isEmpty ? Shown.id(incident.rule) : Shown.line(incident.summary)
        let measure = incident.measure.map { " (\($0))" } ?? ""
        let text = said.hasSuffix(".") ? "\(said.dropLast())\(measure)." : said + measure
        let since =
            "Since \(overview.zone.clock(incident.since)) (\(max(overview.now - incident.since, .zero).brief) ago), on \(incident.subject)."
        return "\(text) \(since)" + (incident.quietSince.map { " Not true any more since \(overview.zone.clock($0))." } ?? "")
    }

    /// Broken to the width; what is longer than so many lines is cut.
    private func wrapped(_ text: String, atMost most: Int) -> [String] {
        let lines = wrapped(text)
        guard lines.count > most, most > 0 else { return lines }
        return lines.prefix(most - 1) + [fit(lines[(most - 1)...].joined(separator: " "))]
    }

    private var runtimes: [String] {
        guard !overview.sights.isEmpty else { return [fit("no runtime was polled yet"), ""] }
        var lines: [String] = []
        let shown = overview.sights.prefix(TopFrame.mostRuntimes)
        for sight in shown {
            for replica in sight.summary.replicas.prefix(2) {
                let figures = ReplicaFigures(replica).parts.map { part in
                    switch part.tone {
                    case .plain: part.text
                    case .good: "✓ " + part.text
                    case .doubtful: "▲ " + part.text
                    case .bad: "✖ " + part.text
                    }
                }
                let kind = sight.summary.kind == .runtime ? "" : sight.summary.kind.rawValue + " "
                lines += flowing(["\(kind)\(Shown.id(sight.summary.runtime))  as of \(overview.clock(sight.polledAt))"] + figures)
            }
            let series = histories.first { $0.runtime.isSame(as: sight.summary.runtime) }?.series ?? []
            // Of several runtimes only what is counted first: there is room for the rest on the page.
            for one in series.prefix(shown.count > 1 ? min(1, mostSparks) : mostSparks) { lines.append(spark(one, of: sight)) }
        }
        let more = overview.sights.count - shown.count
        if more > 0 { lines.append(fit("and \(more) more runtimes")) }
        return lines + [""]
    }

    /// Parts beside each other, on as many lines as it takes, at most two; no part is broken.
    private func flowing(_ parts: [String]) -> [String] {
        var lines: [String] = []
        var line = ""
        for part in parts.map({ Shown.cell($0) }) {
            let longer = line.isEmpty ? part : line + "  " + part
            if line.isEmpty || Terminal.columns(longer) <= columns || lines.count >= mostLines - 1 {
                line = longer
            } else {
                lines.append(fit(line))
                line = "  " + part
            }
        }
        return lines + [fit(line)]
    }

    /// `  active_runs      ▁▂·▅█  12`; a dot where there was no evidence.
    private func spark(_ series: EvidenceSeries, of sight: RuntimeSight) -> String {
        let name = "  " + series.series
        let left = name + String(repeating: " ", count: max(1, 20 - Terminal.columns(name)))
        // The last value on record is none of now while nothing is read.
        let blackout = Signal(name: series.series).flatMap { Blackout(of: $0, in: sight, now: overview.now) }
        let newest =
            blackout.map { "nothing read since \(overview.clock($0.since))" }
            ?? series.points.last.map { Figure.text($0.evidence, series.unit) + moment(of: $0) } ?? "-"
        let points = series.points.suffix(max(10, min(60, columns - 40, columns - 22 - Terminal.columns(newest))))
        let values = points.compactMap(\.evidence.value).filter(\.isFinite)
        let high = values.max() ?? 0
        let low = min(0, values.min() ?? 0)
        let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
        let drawn = points.map { point -> Character in
            guard let value = point.evidence.value, value.isFinite else { return "·" }
            guard high > low else { return blocks[0] }
            return blocks[min(7, max(0, Int(((value - low) / (high - low) * 7).rounded())))]
        }
        return fit("\(left)\(String(drawn))  \(newest)")
    }

    /// ` as of 10:04:00`: a minute is on record when it is over, and what is so by now stands above it. Nothing where it has no value,
    /// and on a screen that has no room for more than the value.
    private func moment(of point: EvidenceSeries.Point) -> String {
        guard columns >= 60, point.evidence.value != nil else { return "" }
        return " as of \(overview.clock(point.at + .minutes(1)))"
    }

    private func incident(_ incident: Incident) -> String {
        let id = ShortNames.shown(incident.id, overview.shortIDs)
        let seen = incident.acknowledged.map { " · on it: \(Shown.id($0.by))" } ?? ""
        let age = max(overview.now - incident.since, .zero).brief
        let ending = incident.quietSince.map { _ in ", ending" } ?? ""
        // Whoever sees an incident believes that somebody is told of it.
        let quiet = overview.heldBack.contains(incident.id) ? " · held back" : ""
        return "\(id)  \(incident.severity.rawValue)  \(Shown.id(incident.rule)) on \(incident.subject), \(age)\(ending)\(quiet)\(seen)"
    }

    private func approval(_ approval: Approval) -> String {
        "\(approval.id)  \(approval.effect) for \(approval.key.app), \(approval.ttl); ends in \(max(approval.expiresAt - overview.now, .zero).brief)"
    }

    private func lease(_ lease: Lease) -> String {
        let sight = overview.leaseSights[lease.id]
        // First, since a narrow screen cuts the end: that it holds nobody is what matters of it.
        return (sight?.brief.map { "\($0): " } ?? "") + Overview.words(lease, sight, overview.clock)
    }

    private func index(_ isOne: (Item) -> Bool) -> Int? {
        guard let selected, isOne(selected) else { return nil }
        return TopFrame.items(overview).filter(isOne).firstIndex(of: selected)
    }

    /// A title and its lines; the chosen one stays in sight.
    private func section(_ title: String, _ texts: [String], most: Int, chosen: Int? = nil) -> [String] {
        guard !texts.isEmpty else { return [terminal.paint(fit("\(title): none"), .dim)] }
        let first = max(0, min((chosen ?? 0) - most + 1, texts.count - most))
        let shown = texts.enumerated().dropFirst(first).prefix(most).map { place, text in
            let line = fit((place == chosen ? "> " : "  ") + Shown.cell(text))
            return place == chosen ? terminal.paint(line, .bold) : line
        }
        let hidden = texts.count - shown.count
        return [terminal.paint(fit("\(title) (\(texts.count))" + (hidden > 0 ? ", \(hidden) not shown" : "")), .bold)] + shown
    }

    /// Cut so that it takes no more columns than there are.
    private func fit(_ text: String, _ width: Int? = nil) -> String {
        let width = max(1, width ?? columns)
        let text = Shown.cell(text)
        guard Terminal.columns(text) > width else { return text }
        var out = ""
        var taken = 0
        for character in text {
            let wide = Terminal.columns(String(character))
            guard taken + wide <= width - 1 else { break }
            out.append(character)
            taken += wide
        }
        return out + "…"
    }
}
