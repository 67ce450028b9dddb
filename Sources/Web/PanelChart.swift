import Model
import Policy
import Views

/// One panel of a runtime's past as a picture: lines or layers, gaps as grey stretches, thresholds as dashed lines, what
/// happened as upright ones; and all of it once more in words, for whoever cannot see or point at it.
struct PanelChart {
    /// A value above or below which a rule speaks.
    struct Threshold {
        let signal: Signal
        let value: Double
        let isAbove: Bool
        var rules: [String]
    }

    private static let (width, height) = (600.0, 110.0)
    /// A threshold further above what was seen than this would press the curve flat: it is told and not drawn. Not so one that
    /// speaks of what lies below it: there the curve is where it should not be.
    private static let furthest = 3.0
    private static let mostEvents = 40
    private static let mostListed = 12
    private static let unwritten = "not on record yet"
    /// The longest; a line is broken at the others all the same.
    private static let mostGapsDrawn = 80

    let panel: RuntimePast.Panel
    /// What it was read of.
    let kind: WatchedKind
    let range: PastRange
    let clocks: Clocks
    let thresholds: [Threshold]
    let events: [Chart.Event]
    /// Whether more happened than these.
    let isCut: Bool
    /// Of the document, for what unfolds.
    let id: String

    /// What stands at each step: the top of a layer, or the value of a line.
    private var tops: [[Double?]] {
        guard panel.isStacked else { return panel.series.map(\.values) }
        // Where no app says what ran, the rest holds the whole and stands on the floor: a hole there would read as zero.
        var sums: [Double] = Array(repeating: 0, count: range.count)
        return panel.series.map { layer in
            sums.indices.map { step -> Double? in
                guard let value = layer.values[step] else { return nil }
                sums[step] += value
                return sums[step]
            }
        }
    }

    var html: HTML {
        let tops = self.tops
        // Of a stack the whole is what is told.
        let values = (panel.isStacked ? Array(tops.suffix(1)) : tops).flatMap { $0.compactMap { $0 } }
        let high = values.max() ?? 0
        let drawn = thresholds.filter { !$0.isAbove || $0.value <= max(high, 1e-9) * PanelChart.furthest }
        let top = max(drawn.map(\.value).max() ?? 0, high, 1e-9) * 1.06
        let within = events.filter { $0.at >= range.from && $0.at < range.until }
        let picture = Picture(range: range, top: top, width: PanelChart.width, height: PanelChart.height)
        let (now, of, spans) = head(tops)
        let moment = of.map { "as of \(clocks.words($0)), " } ?? ""
        let worst = panel.signals.allSatisfy(RuntimePast.isWorstLow) ? "lowest" : "highest"
        let step =
            range.step == 1 ? "" : panel.isStacked ? ", means of \(range.step) minutes" : ", the \(worst) minute of each \(range.step)"
        let missing = panel.gaps.isEmpty ? "" : "; \(gapsInWords)"
        let said =
            "\(panel.title), \(clocks.words(range.from)) to \(clocks.words(range.until)): \(spans), newest \(moment)\(now)\(missing)"
        let shapes: [HTML] =
            panel.gaps.sorted { $0.minutes.count > $1.minutes.count }.prefix(PanelChart.mostGapsDrawn).map {
                picture.gap($0.minutes, "\(stretch($0.minutes)): \($0.reason)")
            }
            + (panel.unwritten.map { [picture.unwritten($0, "\(stretch($0)): \(PanelChart.unwritten)")] } ?? [])
            + (panel.isStacked ? picture.layers(tops, panel.series.map(color)) : picture.lines(tops, breaks: panel.gaps.map(\.minutes)))
            + drawn.map { picture.level($0.value, words($0)) }
            + within.suffix(PanelChart.mostEvents).map { picture.event($0, clocks) }
        return """
            <figure><figcaption>\(panel.title): <strong>\(now)</strong> <span class="faint">\(moment)\(spans)\(step) · <code>\(panel.signals.map(\.name).joined(separator: ", "))</code></span></figcaption>
            <svg class="plot" viewBox="0 0 600 110" role="img" preserveAspectRatio="none" aria-label="\(said)">\(shapes.joined())</svg>
            <p class="axis faint"><span>\(clocks.words(range.from))</span><span>\(clocks.words(range.until))</span></p>
            \(legend(drawn))\(more(within))</figure>
            """
    }

    /// The newest value, of when it is, and from where to where it went; of several lines each by itself, as what it is called. A
    /// minute comes on record when it is over, so that what is so by now may be another.
    private func head(_ tops: [[Double?]]) -> (now: String, of: Timestamp?, spans: String) {
        func text(_ value: Double) -> String { Figure.text(value, panel.unit) }
        func span(_ values: [Double?]) -> String {
            let known = values.compactMap { $0 }
            return "\(text(known.min() ?? 0)) to \(text(known.max() ?? 0))"
        }
        if panel.isStacked {
            let top = tops.last ?? []
            guard let series = panel.series.last, let step = series.newestStep(of: top), let value = top[step] else {
                return (silence, nil, span(top))
            }
            return (text(value), range.end(of: step), span(top))
        }
        let lines = panel.series.filter { $0.values.contains { $0 != nil } }
        func called(_ line: RuntimePast.Series, _ words: String) -> String {
            guard panel.series.count > 1, case .signal(let signal) = line.name else { return words }
            return "\(RuntimePast.words(for: signal)) \(words)"
        }
        let newest = lines.compactMap { line in line.newest.map { called(line, text($0)) } }
        let spans = lines.map { called($0, span($0.values)) }.joined(separator: ", ")
        // Of several the oldest: none is of before.
        let step = lines.compactMap { $0.newestStep(of: $0.values) }.min()
        return (newest.isEmpty ? silence : newest.joined(separator: ", "), step.map(range.end), spans)
    }

    /// What stands where the newest value would, where there is none: since when nothing is read, and why.
    private var silence: String {
        if let blackout = panel.blackout {
            return
                "nothing read since \(clocks.words(blackout.since)) (\(clocks.age(blackout.since))): \(blackout.reason.explanation(of: kind))"
        }
        if panel.isLeftOut { return "no figure now: the health check says no" }
        guard let gap = panel.gaps.last, gap.minutes.upperBound >= range.minutes.upperBound else {
            return "nothing to measure by \(clocks.words(range.until))"
        }
        // It may be over by now, or made of several answers, of which others come: what is on record ends before now.
        return "no figure from \(stretch(gap.minutes)): \(gap.reason)"
    }

    private func name(_ name: RuntimePast.Series.Name) -> HTML {
        switch name {
        case .signal(let signal): "<code>\(signal.name)</code>"
        case .app(let app): Page.appLink(app)
        case .rest(let isAll): isAll ? "all apps" : "others"
        case .untold: "of which apps is not on record"
        }
    }

    /// Of lines, of which a panel has three at most, also how each is drawn: colours alone tell nobody.
    private func color(_ series: RuntimePast.Series) -> String {
        if case .untold = series.name { return "untold" }
        let place = panel.series.firstIndex { $0.name == series.name } ?? 0
        return panel.isStacked ? "c\(place % Picture.colors)" : "l\(place)"
    }

    /// What is which, with its newest value: colours alone tell nobody.
    private func legend(_ drawn: [Threshold]) -> HTML {
        var items: [HTML] = []
        if panel.series.count > 1 || panel.isStacked {
            items = panel.series.map { series in
                var newest = " " + (series.newest.map { Figure.text($0, panel.unit) } ?? "no evidence")
                // Where apps are on record it is none: that is no figure of anybody.
                if case .untold = series.name, series.newest ?? 0 == 0 { newest = "" }
                return "<li><span class=\"key \(color(series))\" aria-hidden=\"true\"></span>\(name(series.name))\(newest)</li>"
            }
        }
        items += thresholds.map { threshold in
            let isDrawn = drawn.contains { $0.value == threshold.value }
            return """
                <li><span class="key level" aria-hidden="true"></span>\(words(threshold))\(isDrawn ? "" : " (far above this picture)")</li>
                """
        }
        return items.isEmpty ? "" : "<ul class=\"legend\">\(items.joined())</ul>"
    }

    /// Of several lines each dashed one says which it holds for: the other may lie above it all day.
    private func words(_ threshold: Threshold) -> String {
        let line = panel.signals.count > 1 ? "\(threshold.signal.name) " : ""
        return
            "\(line)\(threshold.isAbove ? "above" : "below") \(Figure.text(threshold.value, panel.unit)): \(Shown.line(threshold.rules.joined(separator: ", ")))"
    }

    /// What pointing at the picture would tell, for fingers, keyboards and screen readers.
    private func more(_ within: [Chart.Event]) -> HTML {
        guard !panel.gaps.isEmpty || !within.isEmpty || panel.unwritten != nil else { return "" }
        let gaps = panel.gaps.suffix(PanelChart.mostListed).map { "\(stretch($0.minutes)): \($0.reason)" as HTML }
        let unwritten = (panel.unwritten.map { ["\(stretch($0)): \(PanelChart.unwritten)" as HTML] } ?? []).map {
            "<span class=\"key unwritten\" aria-hidden=\"true\"></span>\($0)" as HTML
        }
        let happened = within.suffix(PanelChart.mostListed).map { "\(clocks.words($0.at)): \($0.text)" as HTML }
        let summary = [
            panel.gaps.isEmpty ? nil : gapsInWords, panel.unwritten.map { "\(TimeSpan.minutes($0.count).brief) \(PanelChart.unwritten)" },
            within.isEmpty ? nil : "\(isCut ? "more than " : "")\(within.count) thing\(within.count == 1 ? "" : "s") happened",
        ]
        .compactMap { $0 }.joined(separator: ", ")
        let left = panel.gaps.count - gaps.count + within.count - happened.count
        return """
            <details id="\(id)"><summary>\(summary)</summary>\(Page.list(gaps.map { "<span class=\"key gap\" aria-hidden=\"true\"></span>\($0)" as HTML } + unwritten + happened))\
            \(HTML.when(left > 0, "<p>and \(isCut ? "more than " : "")\(left) earlier</p>"))</details>
            """
    }

    /// `no evidence for 7m, in 2 stretches`
    private var gapsInWords: String {
        let minutes = panel.gaps.reduce(0) { $0 + $1.minutes.count }
        return "no evidence for \(TimeSpan.minutes(minutes).brief)\(panel.gaps.count == 1 ? "" : ", in \(panel.gaps.count) stretches")"
    }

    private func stretch(_ minutes: Range<Int64>) -> String {
        "\(clocks.words(Timestamp(minute: minutes.lowerBound))) to \(clocks.words(Timestamp(minute: minutes.upperBound)))"
    }
}

/// Where things stand in a chart's square.
private struct Picture {
    static let colors = 6

    let range: PastRange
    let top: Double
    let width: Double
    let height: Double

    private func x(minute: Double) -> String {
        Figure.number(((minute - Double(range.minutes.lowerBound)) / Double(range.minutes.count) * width * 10).rounded() / 10)
    }

    private func y(_ value: Double) -> String { Figure.number(((height - max(0, value) / top * height) * 10).rounded() / 10) }

    /// The minutes of a step; the last one may not be whole.
    private func minutes(_ step: Int) -> Range<Int64> {
        let first = range.minutes.lowerBound + Int64(step) * range.step
        return first..<max(first + 1, min(first + range.step, range.minutes.upperBound))
    }

    private func middle(_ step: Int) -> Double {
        let minutes = minutes(step)
        return Double(minutes.lowerBound + minutes.upperBound) / 2
    }

    func gap(_ minutes: Range<Int64>, _ words: String) -> HTML { stretch(minutes, "gap", words) }

    func unwritten(_ minutes: Range<Int64>, _ words: String) -> HTML { stretch(minutes, "unwritten", words) }

    private func stretch(_ minutes: Range<Int64>, _ kind: String, _ words: String) -> HTML {
        "<rect class=\"\(kind)\" x=\"\(x(minute: Double(minutes.lowerBound)))\" y=\"0\" width=\"\(Figure.number(Double(minutes.count) / Double(range.minutes.count) * width))\" height=\"110\"><title>\(words)</title></rect>"
    }

    func level(_ value: Double, _ words: String) -> HTML {
        "<line class=\"level\" x1=\"0\" x2=\"600\" y1=\"\(y(value))\" y2=\"\(y(value))\"><title>\(words)</title></line>"
    }

    func event(_ event: Chart.Event, _ clocks: Clocks) -> HTML {
        let place = x(minute: Double(event.at.milliseconds) / 60_000)
        return
            "<line class=\"event \(event.kind.rawValue)\" x1=\"\(place)\" x2=\"\(place)\" y1=\"0\" y2=\"110\"><title>\(clocks.words(event.at)): \(event.text)</title></line>"
    }

    /// A bar for each step and layer: where there was no evidence there is none.
    func layers(_ tops: [[Double?]], _ colors: [String]) -> [HTML] {
        tops.enumerated().map { index, layer in
            var path = ""
            for (step, value) in layer.enumerated() {
                let floor = index == 0 ? 0 : tops[index - 1][step] ?? 0
                guard let value, value > floor else { continue }
                let minutes = minutes(step)
                path +=
                    "M\(x(minute: Double(minutes.lowerBound))) \(y(floor))V\(y(value))H\(x(minute: Double(minutes.upperBound)))V\(y(floor))z"
            }
            return path.isEmpty ? "" : "<path class=\"\(colors[index])\" d=\"\(path)\"/>"
        }
    }

    /// Lines that no gap is crossed by, though it be shorter than a step.
    func lines(_ lines: [[Double?]], breaks: [Range<Int64>]) -> [HTML] {
        lines.enumerated().flatMap { index, values -> [HTML] in
            var runs: [[Int]] = []
            var last: Int?
            for (step, value) in values.enumerated() where value != nil {
                let isJoined =
                    last.map { last in
                        last == step - 1
                            && !breaks.contains { Double($0.lowerBound) < middle(step) && Double($0.upperBound) > middle(last) }
                    } ?? false
                if isJoined { runs[runs.count - 1].append(step) } else { runs.append([step]) }
                last = step
            }
            return runs.map { run -> HTML in
                let points = run.map { "\(x(minute: middle($0))),\(y(values[$0] ?? 0))" }
                guard points.count > 1 else {
                    return
                        "<line class=\"dot l\(index)\" x1=\"\(x(minute: Double(minutes(run[0]).lowerBound)))\" x2=\"\(x(minute: Double(minutes(run[0]).upperBound)))\" y1=\"\(y(values[run[0]] ?? 0))\" y2=\"\(y(values[run[0]] ?? 0))\"/>"
                }
                return "<polyline class=\"l\(index)\" points=\"\(points.joined(separator: " "))\"/>"
            }
        }
    }
}
