import Cycle
import Model
import Signals

/// Makes the panels of a ``RuntimePast`` of a runtime's minutes, in one pass.
struct PastBuilder {
    private(set) var range: PastRange
    /// The minute behind the newest that was taken in.
    private(set) var next: Int64
    private(set) var restarts: [Timestamp] = []
    private let price: TokenPrice?
    private let kind: WatchedKind
    private let drawn: [(title: String, signals: [Signal], isStacked: Bool)]
    private var tracks: [Track]
    private var restartCount = 0.0

    /// What is gathered for one panel.
    private struct Track {
        let signals: [Signal]
        let isStacked: Bool
        /// By signal, then by step: of lines the highest, of a stack the sum.
        var values: [[Double?]]
        /// By step: the minutes with a value.
        var seen: [Int]
        /// By step: those of them that say of which apps.
        var told: [Int]
        var apps: [AppID: [Double]] = [:]
        var gaps: [RuntimePast.Gap] = []

        mutating func noteGap(_ minutes: Range<Int64>, _ reason: String) {
            guard !minutes.isEmpty else { return }
            if let last = gaps.indices.last, gaps[last].minutes.upperBound == minutes.lowerBound,
                gaps[last].reason.isSame(as: reason)
            {
                gaps[last].minutes = gaps[last].minutes.lowerBound..<minutes.upperBound
            } else {
                gaps.append(RuntimePast.Gap(minutes: minutes, reason: reason))
            }
        }
    }

    init(_ range: PastRange, _ kind: WatchedKind, _ price: TokenPrice?) {
        self.range = range
        self.price = price
        self.kind = kind
        next = range.minutes.lowerBound
        let count = range.count
        drawn = RuntimePast.panels(of: kind)
        tracks = drawn.map { panel in
            Track(
                signals: panel.signals, isStacked: panel.isStacked,
                values: panel.signals.map { _ in Array(repeating: nil, count: count) }, seen: Array(repeating: 0, count: count),
                told: Array(repeating: 0, count: count))
        }
    }

    /// Takes in the next minute, the runtime's row first.
    mutating func take(_ rows: [RecordedHistory.Row]) {
        guard let whole = rows.first, range.minutes.contains(whole.minute), whole.minute >= next else { return }
        let step = Int((whole.minute - range.minutes.lowerBound) / range.step)
        noteRestart(whole)
        for index in tracks.indices {
            tracks[index].noteGap(next..<whole.minute, RuntimePast.nobodyLooked)
            if let reason = note(whole, step, &tracks[index]) {
                tracks[index].noteGap(whole.minute..<whole.minute + 1, reason)
            } else if tracks[index].isStacked {
                noteApps(rows, whole, step, &tracks[index])
            }
        }
        next = whole.minute + 1
    }

    /// Notes what a minute says of the runtime itself. Why it says nothing, where that is a gap: a ratio of nothing is none.
    private func note(_ whole: RecordedHistory.Row, _ step: Int, _ track: inout Track) -> String? {
        guard !whole.isUnwatched else { return RuntimePast.nobodyLooked }
        var reason: MissingReason?
        var isSeen = false
        for (place, signal) in track.signals.enumerated() {
            switch whole.seen(signal) {
            case .value(let value) where value.isFinite:
                isSeen = true
                let before = track.values[place][step]
                // The worst of a step: of what is left that is the least.
                let worst = RuntimePast.isWorstLow(signal) ? min(before ?? value, value) : max(before ?? value, value)
                track.values[place][step] = track.isStacked ? (before ?? 0) + value : worst
            case .value: break
            case .missing(let why): reason = reason ?? why
            }
        }
        if isSeen { track.seen[step] += 1 }
        guard !isSeen, let reason, reason != .noTraffic else { return nil }
        return reason.explanation(of: kind)
    }

    private func noteApps(_ rows: [RecordedHistory.Row], _ whole: RecordedHistory.Row, _ step: Int, _ track: inout Track) {
        let signal = track.signals[0]
        var isTold = false
        for row in rows.dropFirst() {
            guard let app = row.app, case .value(let value) = row.reading(signal, of: whole, price: price), value > 0,
                value.isFinite
            else { continue }
            isTold = true
            if track.apps[app] == nil {
                guard track.apps.count < RuntimePast.mostApps else { continue }
                track.apps[app] = Array(repeating: 0, count: track.seen.count)
            }
            track.apps[app]?[step] += value
        }
        // Something ran, and no app says that it did: then theirs is missing, and not zero.
        if case .value(let sum) = whole.seen(signal), sum > 0, !isTold { return }
        track.told[step] += 1
    }

    private mutating func noteRestart(_ whole: RecordedHistory.Row) {
        let raw = Int(Signal.restarts.rawValue)
        guard raw < whole.readings.count, case .value(let count) = whole.readings[raw] else { return }
        // A restart stays in the window for a while; it happened when it came into it.
        if count > restartCount { restarts.append(Timestamp(minute: whole.minute)) }
        restartCount = count
    }

    /// Nothing more comes; what lies between the newest minute and this one was not watched.
    mutating func end(at minute: Int64) {
        if minute > next { for index in tracks.indices { tracks[index].noteGap(next..<minute, RuntimePast.nobodyLooked) } }
        range = range.ending(at: max(minute, next))
    }

    var panels: [RuntimePast.Panel] {
        zip(drawn, tracks).map { panel, track in
            RuntimePast.Panel(
                title: panel.title, signals: panel.signals, isStacked: panel.isStacked,
                series: track.isStacked ? layers(track) : lines(track), gaps: gaps(track))
        }
    }

    /// What is shown at other times is tracked: it was not in the answers then, as MongoDB's latency is not in a health check that says no.
    private func gaps(_ track: Track) -> [RuntimePast.Gap] {
        let never = MissingReason.notTracked.explanation(of: kind)
        guard track.seen.contains(where: { $0 > 0 }) else { return track.gaps }
        return track.gaps.map {
            $0.reason.isSame(as: never) ? RuntimePast.Gap(minutes: $0.minutes, reason: "it was not in the answers") : $0
        }
    }

    private func lines(_ track: Track) -> [RuntimePast.Series] {
        zip(track.signals, track.values).map {
            RuntimePast.Series(name: .signal($0), values: Array($1.prefix(range.count)))
        }
    }

    /// The largest apps, and what is left of the runtime's own reading: nothing is shown twice and nothing left out.
    private func layers(_ track: Track) -> [RuntimePast.Series] {
        let count = range.count
        var largest: [(app: AppID, values: [Double], sum: Double)] = track.apps.map { app, values in
            (app: app, values: values, sum: values.reduce(0, +))
        }
        largest.sort { a, b in a.sum != b.sum ? a.sum > b.sum : a.app < b.app }
        largest = Array(largest.prefix(RuntimePast.mostLayers))
        func mean(_ sum: Double, _ step: Int) -> Double? { track.seen[step] > 0 ? sum / Double(track.seen[step]) : nil }
        var rest: [Double?] = (0..<count).map { step in track.values[0][step].flatMap { mean($0, step) } }
        var layers: [RuntimePast.Series] = []
        for app in largest {
            let values = (0..<count).map { step -> Double? in
                rest[step] == nil || track.told[step] == 0 ? nil : app.values[step] / Double(track.told[step])
            }
            for step in 0..<count { rest[step] = rest[step].map { max(0, $0 - (values[step] ?? 0)) } }
            layers.append(RuntimePast.Series(name: .app(app.app), values: values))
        }
        guard !layers.isEmpty else { return [RuntimePast.Series(name: .rest(isAll: true), values: rest)] }
        // What no app is on record with may have been that of those that have a layer: it is none of the others'.
        let untold: [Double?] = (0..<count).map { step in rest[step].map { track.told[step] == 0 ? $0 : 0 } }
        rest = zip(rest, untold).map { rest, untold in rest.map { $0 - (untold ?? 0) } }
        // Sums of parts leave a grain.
        func isSeen(_ values: [Double?]) -> Bool { values.contains { ($0 ?? 0) > 1e-6 } }
        if isSeen(rest) { layers.append(RuntimePast.Series(name: .rest(isAll: false), values: rest)) }
        if isSeen(untold) { layers.append(RuntimePast.Series(name: .untold, values: untold)) }
        return layers
    }
}
