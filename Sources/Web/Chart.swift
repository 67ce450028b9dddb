import Model
import Policy

/// A series as a small picture: a line where there is evidence, a gap where there was none; and what happened meanwhile.
struct Chart {
    /// Something that happened at a moment.
    struct Event {
        enum Kind: String {
            case incident, lease, mark
        }

        let at: Timestamp
        let kind: Kind
        /// For whoever points at it, and for whoever hears the page.
        let text: String
    }

    /// More would be a hedge.
    private static let mostEvents = 12
    private static let mostGapsTold = 3

    let series: EvidenceSeries
    let clocks: Clocks
    let events: [Event]
    /// What it was read of.
    let kind: WatchedKind

    init(_ series: EvidenceSeries, _ clocks: Clocks, events: [Event] = [], of kind: WatchedKind = .runtime) {
        self.series = series
        self.clocks = clocks
        self.events = events
        self.kind = kind
    }

    var html: HTML {
        let points = series.points
        let values = points.compactMap(\.evidence.value).filter(\.isFinite)
        let newest = points.last.map { Figure.text($0.evidence, series.unit) } ?? "no values"
        guard let first = points.first?.at, let last = points.last?.at, let low = values.min(), let high = values.max(),
            last > first
        else {
            return "<p>\(Shown.line(series.series)): <strong>\(newest)</strong></p>"
        }
        // Shares of what is counted begin at nothing, so that a small change does not look like a large one.
        let floor = low > 0 ? 0 : low
        let height = max(high - floor, 1e-9)
        func x(_ at: Timestamp) -> String {
            Figure.number(Double((at - first).milliseconds) / Double((last - first).milliseconds) * 300)
        }
        func y(_ value: Double) -> String { Figure.number(46 - (value - floor) / height * 42) }
        var runs: [[EvidenceSeries.Point]] = [[]]
        for point in points {
            if let value = point.evidence.value, value.isFinite {
                runs[runs.count - 1].append(point)
            } else if runs[runs.count - 1].isEmpty == false {
                runs.append([])
            }
        }
        let lines = runs.filter { !$0.isEmpty }.map { run -> HTML in
            let path = run.map { "\(x($0.at)),\(y($0.evidence.value ?? 0))" }.joined(separator: " ")
            guard run.count > 1 else {
                return "<circle cx=\"\(x(run[0].at))\" cy=\"\(y(run[0].evidence.value ?? 0))\" r=\"2\"/>"
            }
            return "<polyline points=\"\(path)\"/>"
        }
        let gaps = points.filter { $0.evidence.value == nil }
        // Where nothing happened there is nothing to see, and nothing is lost.
        let marks = gaps.filter { $0.evidence.reason != .noTraffic }.map {
            "<line class=\"gap\" x1=\"\(x($0.at))\" x2=\"\(x($0.at))\" y1=\"44\" y2=\"48\"><title>\(clocks.words($0.at)): \($0.evidence.reason?.explanation(of: kind) ?? "")</title></line>"
                as HTML
        }
        let within = events.filter { $0.at >= first && $0.at <= last }.suffix(Chart.mostEvents)
        let ticks = within.map { event in
            "<line class=\"event \(event.kind.rawValue)\" x1=\"\(x(event.at))\" x2=\"\(x(event.at))\" y1=\"0\" y2=\"50\"><title>\(clocks.words(event.at)): \(event.text)</title></line>"
                as HTML
        }
        let said = within.map { "; \(clocks.words($0.at)) \($0.text)" }.joined()
        let missing = gaps.isEmpty ? "" : "; missing \(gaps.count) of \(points.count) times"
        let (least, most) = (Figure.text(low, series.unit), Figure.text(high, series.unit))
        let gone = Chart.stretches(points).suffix(Chart.mostGapsTold).map { gap in
            "\(clocks.words(gap.from))\(gap.from == gap.until ? "" : " to \(clocks.words(gap.until))"): \(gap.reason.explanation(of: kind))"
                as HTML
        }
        return """
            <figure><figcaption>\(Shown.line(series.series)): <strong>\(newest)</strong> <span class="faint">at \(clocks.words(last)); \(least) to \(most)\(missing)</span></figcaption>
            <svg viewBox="0 0 300 50" role="img" preserveAspectRatio="none" aria-label="\(Shown.line(series.series)) from \(least) to \(most), newest \(newest)\(missing)\(said)">\(ticks.joined())\(lines.joined())\(marks.joined())</svg>
            <p class="axis faint"><span>\(clocks.words(first))</span><span>\(clocks.words(last))</span></p>\(Page.list(gone.map { "no evidence \($0)" as HTML }, class: "faint"))</figure>
            """
    }

    /// Points without evidence that follow each other for one reason.
    private static func stretches(_ points: [EvidenceSeries.Point]) -> [(from: Timestamp, until: Timestamp, reason: MissingReason)] {
        var found: [(from: Timestamp, until: Timestamp, reason: MissingReason)] = []
        var before: MissingReason?
        for point in points {
            let reason = point.evidence.reason == .noTraffic ? nil : point.evidence.reason
            defer { before = reason }
            guard let reason else { continue }
            if reason == before, let last = found.indices.last {
                found[last].until = point.at
            } else {
                found.append((point.at, point.at, reason))
            }
        }
        return found
    }
}
