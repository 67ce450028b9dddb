import Cycle
import Guard
import Journal
import Model
import Policy
import Views

/// The charts of the first page, with what chooses their time and whose clocks they follow.
struct ChartSection {
    /// History is the one thing that may be large; whoever watches hundreds has a dashboard.
    private static let mostRuntimes = 4
    private static let mostLinks = 20
    /// Incidents and leases that are looked at for what happened: charts say where there were more.
    private static let mostRead = 200

    private struct Drawn {
        let runtime: String
        let kind: WatchedKind
        let sight: RuntimeSight
        let past: Result<RuntimePast, RuntimePast.Failure>
        let events: (all: [Chart.Event], isCut: Bool)
    }

    private let frame: Timeframe
    private let clocks: Clocks
    /// By the kind of what they are about.
    private let rules: [WatchedKind: [Rule]]
    private let drawn: [Drawn]
    /// Since when the engine looks; nil where none does.
    private let watchedSince: Timestamp?
    /// What is watched and not drawn.
    private let left: [String]
    private let noun: String

    init(_ overview: Overview, _ frame: Timeframe, _ reading: Reading) {
        self.frame = frame
        clocks = reading.clocks
        // Without an engine that wrote its policy there are no thresholds to draw, and charts all the same.
        let policies = try? API.policies(reading)
        rules = WatchedKind.allCases.reduce(into: [:]) { $0[$1] = policies?.rules(for: $1.subject) ?? [] }
        watchedSince = overview.holder?.since
        let sights = ChartSection.sorted(overview)
        left = sights.dropFirst(ChartSection.mostRuntimes).map(\.summary.runtime)
        noun = overview.sights.allSatisfy { $0.summary.kind == .runtime } ? "runtimes" : "things that are watched"
        let marks = (try? Pipeline.guardState(in: reading.journal).marks) ?? []
        drawn = sights.prefix(ChartSection.mostRuntimes).map { sight in
            let runtime = sight.summary.runtime
            let past = Result { () throws(RuntimePast.Failure) in
                try reading.shelf.past(runtime, frame, reading).goingOn(sight, until: frame.until, now: reading.now)
            }
            return Drawn(
                runtime: runtime, kind: sight.summary.kind, sight: sight, past: past,
                events: ChartSection.events(runtime, past, frame, marks, reading))
        }
    }

    /// Runtimes first, of them and of the rest those that something is wrong with, and then by name.
    private static func sorted(_ overview: Overview) -> [RuntimeSight] {
        func rank(_ sight: RuntimeSight) -> Int {
            let summary = sight.summary
            let isWrong = overview.open.contains { $0.severity != .info && $0.subject.runtime.isSame(as: summary.runtime) }
            return (summary.kind == .runtime ? 0 : 2) + (isWrong ? 0 : 1)
        }
        return overview.sights.map { (sight: $0, rank: rank($0)) }.enumerated().sorted { a, b in
            (a.element.rank, a.offset) < (b.element.rank, b.offset)
        }.map(\.element.sight)
    }

    /// What happened on a runtime in that time.
    private static func events(
        _ runtime: String, _ past: Result<RuntimePast, RuntimePast.Failure>, _ frame: Timeframe, _ marks: [Mark], _ reading: Reading
    ) -> (all: [Chart.Event], isCut: Bool) {
        var filter = IncidentFilter(runtime: runtime, since: frame.from, limit: mostRead)
        // What came after that time would take the place of what happened in it.
        filter.until = frame.until
        let incidents = (try? IncidentList(reading.journal, filter))?.incidents ?? []
        let opened = incidents.map { incident in
            let subject = incident.subject
            let on = subject.workflow.map { " on \($0) of" } ?? " on"
            let who = subject.app.map { "\(on) \(Shown.id($0.text))" } ?? ""
            return Chart.Event(at: incident.openedAt, kind: .incident, text: "\(Shown.id(incident.rule)) opened\(who)")
        }
        let leases = ((try? reading.journal.leases(states: [], limit: mostRead)) ?? []).compactMap { row in
            (try? JSON(parsing: Array(row.document.utf8))).flatMap { try? Lease(document: $0) }
        }
        let isCut = incidents.count >= mostRead || leases.count >= mostRead && leases.allSatisfy { $0.createdAt >= frame.from }
        let done = leases.filter { !$0.shadow && $0.key.runtime.isSame(as: runtime) }.map {
            Chart.Event(at: $0.createdAt, kind: .lease, text: "\($0.effect) for \(Shown.id($0.key.app.text))")
        }
        let told = marks.filter { $0.runtime?.isSame(as: runtime) ?? true }
            .map { Chart.Event(at: $0.at, kind: .mark, text: Shown.line($0.title)) }
        // Marks are forgotten after a day, the history knows restarts for longer.
        let restarts = ((try? past.get())?.restarts ?? []).filter { restart in
            !told.contains { $0.at > restart - .minutes(2) && $0.at < restart + .minutes(2) }
        }.map { Chart.Event(at: $0, kind: .mark, text: "restart") }
        return ((opened + done + told + restarts).sorted { $0.at < $1.at }, isCut)
    }

    var html: HTML {
        guard !drawn.isEmpty else { return "" }
        let parts = drawn.enumerated().map { index, drawn in "<h3>\(id: drawn.runtime)</h3>\(charts(drawn, index))" as HTML }
        return """
            <section id="charts" aria-labelledby="charts-h"><h2 id="charts-h">\(frame.words.prefix(1).uppercased() + frame.words.dropFirst())</h2>
            \(controls)\(parts.joined())\(others)</section>
            """
    }

    /// Where the figures of the others are.
    private var others: HTML {
        guard let first = left.first else { return "" }
        func link(_ name: String) -> HTML {
            "<a href=\"\(API.prefix)history?runtime=\(PercentEncoding.encode(name.utf8))\">\(id: name)</a>"
        }
        let links = left.dropFirst().prefix(ChartSection.mostLinks - 1).reduce(link(first)) { "\($0), \(link($1))" as HTML }
        let more = left.count - ChartSection.mostLinks
        return """
            <p class="faint">Charts of \(drawn.count) of \(drawn.count + left.count) \(noun); the figures of the others: \
            \(links)\(HTML.when(more > 0, " and \(more) more"))</p>
            """
    }

    private func charts(_ drawn: Drawn, _ index: Int) -> HTML {
        let past: RuntimePast
        switch drawn.past {
        case .success(let known): past = known
        case .failure(.nothingKept): return "<p class=\"none\">\(unkept(drawn))</p>"
        case .failure(.tooMuch): return "<p class=\"none\">There is too much of it to draw at once: choose a shorter time.</p>"
        case .failure(.unreadable): return "<p class=\"none\">The history cannot be read now.</p>"
        }
        let seen = past.panels.enumerated().filter { $0.element.hasEvidence }.map { place, panel in
            PanelChart(
                panel: panel, kind: drawn.kind, range: past.range, clocks: clocks, thresholds: thresholds(panel, drawn.kind),
                events: drawn.events.all, isCut: drawn.events.isCut,
                id: "chart-\(index)-\(place)"
            ).html
        }
        return "<div class=\"charts\">\(seen.joined())</div>\(unseen(past.panels.filter { !$0.hasEvidence }, drawn.kind))"
    }

    /// Why there is nothing to draw.
    private func unkept(_ drawn: Drawn) -> HTML {
        // What ends before now tells of then.
        guard clocks.now - frame.until < .minutes(1), clocks.now - drawn.sight.polledAt < .minutes(3),
            watchedSince.map({ clocks.now - $0 < .minutes(10) }) ?? true
        else {
            return "Nothing is kept of that time."
        }
        let since: HTML = watchedSince.map { "Watching since \(clocks.since($0))" } ?? "Seen at \(clocks.since(drawn.sight.polledAt))"
        let replicas = drawn.sight.summary.replicas
        let endpoint = drawn.kind.endpoint ?? .perf
        if let reason = replicas.first?.missing[endpoint],
            replicas.allSatisfy({ $0.missing[endpoint] != nil && $0.heardAt[endpoint] == nil })
        {
            return "\(since), and nothing was read yet: \(reason.explanation(of: drawn.kind))."
        }
        return "\(since): the first minute is not on record yet."
    }

    /// Panels without any evidence, by their reasons, the newest last: of one time there may be several.
    private func unseen(_ panels: [RuntimePast.Panel], _ kind: WatchedKind) -> HTML {
        var groups: [(why: String, names: [String])] = []
        for panel in panels {
            var whys: [String] = []
            for gap in panel.gaps.reversed() where !whys.contains(where: { $0.isSame(as: gap.reason) }) { whys.insert(gap.reason, at: 0) }
            let why = whys.isEmpty ? MissingReason.noTraffic.explanation(of: kind) : whys.joined(separator: "; then ")
            if let place = groups.firstIndex(where: { $0.why.isSame(as: why) }) {
                groups[place].names += panel.signals.map(\.name)
            } else {
                groups.append((why, panel.signals.map(\.name)))
            }
        }
        return groups.map { "<p class=\"faint\">No evidence in that time of \($0.names.joined(separator: ", ")): \($0.why)</p>" as HTML }
            .joined()
    }

    /// The fixed values that rules about its kind hold the panel's signals against, the lowest first.
    private func thresholds(_ panel: RuntimePast.Panel, _ kind: WatchedKind) -> [PanelChart.Threshold] {
        var found: [PanelChart.Threshold] = []
        for rule in rules[kind] ?? [] {
            // What must lie below something else is, of a runtime, no limit of what is well, but of what the rule is about. Of
            // what stands beside one it is: of a disk that is nearly full, a certificate that runs out.
            for limit in rule.when.limits
            where (limit.isAbove || kind != .runtime) && limit.value > 0 && panel.signals.contains(limit.series.signal) {
                let place = found.firstIndex {
                    $0.value == limit.value && $0.signal == limit.series.signal && $0.isAbove == limit.isAbove
                }
                if let place {
                    if !found[place].rules.contains(where: { $0.isSame(as: rule.name) }) {
                        found[place].rules.append(rule.name)
                    }
                } else {
                    found.append(
                        PanelChart.Threshold(
                            signal: limit.series.signal, value: limit.value, isAbove: limit.isAbove, rules: [rule.name]))
                }
            }
        }
        return found.sorted { $0.value < $1.value }
    }

    // MARK: - Time

    private var controls: HTML {
        let links = Timeframe.named.map { name, words -> HTML in
            let isShown = frame.span?.isSame(as: name) ?? false
            return "<a href=\"/?range=\(name)#charts\"\(HTML.when(isShown, " aria-current=\"true\""))>\(words)</a>"
        }
        let zones = ZoneChoice.offered.map { "<option value=\"\($0)\"></option>" as HTML }
        let (from, until) = (Timeframe.field(frame.from, clocks.zone), Timeframe.field(frame.until, clocks.zone))
        return """
            <nav class="range" aria-label="Time that the charts show">\(links.joined())</nav>
            <details id="time"><summary>Another time, other clocks (\(clocks.zone.name))</summary>
            <form method="get" action="/#charts"><label for="time-from">From</label><input id="time-from" type="datetime-local" name="from" value="\(from)" required>
            <label for="time-to">To</label><input id="time-to" type="datetime-local" name="to" value="\(until)">
            <button>Show this time</button></form>
            <form method="get" action="/#charts"><label for="time-zone">Time zone</label><input id="time-zone" type="text" name="zone" list="zones" value="\(clocks.zone.name)" maxlength="64" autocomplete="off">
            <datalist id="zones">\(zones.joined())</datalist>
            <p class="faint">Kept in this browser, for all pages. Times without a zone are by these clocks.</p><button>Read by these clocks</button></form></details>
            """
    }
}
