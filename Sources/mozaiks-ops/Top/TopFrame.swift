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

    /// What can be chosen, in the order in which it stands.
    static func items(_ overview: Overview) -> [Item] {
        overview.approvals.map { .approval($0.id) } + overview.open.map { .incident($0.id) }
    }

    var lines: [String] {
        var top = head
        top += runtimes
        let foot = [fit(message ?? "? keys   ↑↓ choose   a ack   s silence 1h   y approve   n deny   enter open   q end")]
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

    /// Text instead of all that: broken to the width, so that nothing scrolls, and its last line always in sight.
    func page(_ texts: [String]) -> [String] {
        let lines = texts.flatMap(wrapped)
        guard lines.count > rows, rows > 1, let last = lines.last else { return lines }
        return lines.prefix(rows - 1) + [last]
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
            case .ok: .green
            case .warning, .unknown: .yellow
            case .critical: .red
            }
        let clock = overview.zone.clock(overview.now) + " " + overview.zone.mark(overview.now)
        let line = fit(Shown.line(verdict.line), columns - Terminal.columns(clock) - 2)
        let gap = String(repeating: " ", count: max(1, columns - Terminal.columns(line) - Terminal.columns(clock)))
        var lines = [terminal.paint(line, style) + gap + clock]
        if overview.isStopped { lines.append(terminal.paint(fit("■ Actions are stopped: mozaiks-ops actions resume"), .red)) }
        return lines + [""]
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
                let age = max(overview.now - sight.polledAt, .zero)
                lines.append(
                    fit("\(Shown.id(sight.summary.runtime))  polled \(age.brief) ago  \(figures.joined(separator: "  "))"))
            }
            let series = histories.first { $0.runtime.isSame(as: sight.summary.runtime) }?.series ?? []
            // Of several runtimes only what is counted first: there is room for the rest on the page.
            for one in series.prefix(shown.count > 1 ? 1 : 4) { lines.append(spark(one)) }
        }
        let more = overview.sights.count - shown.count
        if more > 0 { lines.append(fit("and \(more) more runtimes")) }
        return lines + [""]
    }

    /// `  active_runs      ▁▂·▅█  12`; a dot where there was no evidence.
    private func spark(_ series: EvidenceSeries) -> String {
        let name = "  " + series.series
        let left = name + String(repeating: " ", count: max(1, 20 - Terminal.columns(name)))
        let newest = series.points.last.map { Figure.text($0.evidence, series.unit) } ?? "-"
        let points = series.points.suffix(max(10, min(60, columns - 40)))
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

    private func incident(_ incident: Incident) -> String {
        let id = ShortNames.shown(incident.id, overview.shortIDs)
        let seen = incident.acknowledged.map { " · on it: \(Shown.id($0.by))" } ?? ""
        let age = max(overview.now - incident.since, .zero).brief
        let ending = incident.quietSince.map { _ in ", ending" } ?? ""
        return "\(id)  \(incident.severity.rawValue)  \(Shown.id(incident.rule)) on \(incident.subject), \(age)\(ending)\(seen)"
    }

    private func approval(_ approval: Approval) -> String {
        "\(approval.id)  \(approval.effect) for \(approval.key.app), \(approval.ttl); ends in \(max(approval.expiresAt - overview.now, .zero).brief)"
    }

    private func lease(_ lease: Lease) -> String {
        Overview.words(lease, overview.zone.clock) + (overview.leaseSights[lease.id]?.remark(lease.key.app).map { ": \($0)" } ?? "")
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
