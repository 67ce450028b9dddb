import Guard
import Model
import Policy
import Signals

/// Readings from given series, in place of those derived from a runtime's answers.
///
/// A series that names a window or a function is what a condition reads, step by step. One that names neither says what
/// the signal was in each step: a window is then the mean of the steps in it (of counts the sum), and a function over
/// history sees the minutes before the step. What the apps give and the runtime does not is added up from them, and what all the
/// workflows of an app give and the app does not from those.
struct GivenReadings {
    private let given: GivenSeries
    private let demand: [SeriesRef]
    private let labels: LabelBook
    private let runtime: Series
    private let apps: [Series]
    private let replicas: [Series]
    private let workflows: [(row: ReadingTable.Workflow, series: Series)]

    /// The share of a window that must have a value, as of watched time.
    private static let leastCoverage = 0.2

    init(_ given: GivenSeries, policies: PolicySet) {
        self.given = given
        demand = policies.demand.map(\.series) + GuardReadings.demand
        // As where a configuration says nothing else.
        labels = policies.labelBook(runtime: ["environment": "production"].merging(given.labels) { $1 })
        var apps = given.apps.map { Series($0.series) }
        var runtime = Series(given.runtime)
        let count = given.lastStep + 1
        let workflows = given.workflows.compactMap { flow in
            given.apps.firstIndex { $0.app == flow.app }.map {
                (row: ReadingTable.Workflow(app: $0, name: flow.name), series: Series(flow.series))
            }
        }
        for index in apps.indices {
            let own = workflows.filter { $0.row.app == index }.map(\.series)
            for signal in GivenReadings.summed where apps[index].bare[signal] == nil && !own.isEmpty {
                apps[index].bare[signal] = GivenReadings.sum(signal, own, count: count)
            }
        }
        self.workflows = workflows
        for signal in GivenReadings.summed where runtime.bare[signal] == nil {
            runtime.bare[signal] = GivenReadings.sum(signal, apps, count: count)
        }
        if runtime.bare[.activeApps] == nil { runtime.bare[.activeApps] = GivenReadings.activeApps(apps, count: count) }
        if let whole = runtime.bare[.activeRuns] {
            for index in apps.indices where apps[index].bare[.activeRunsShare] == nil {
                guard let own = apps[index].bare[.activeRuns] else { continue }
                apps[index].bare[.activeRunsShare] = Steps(
                    values: (0..<count).map { GivenReadings.share(own.at($0), whole.at($0)) })
            }
        }
        self.runtime = runtime
        self.apps = apps
        replicas = given.replicas.map { Series($0.series) }
    }

    /// When a step is.
    func moment(_ step: Int) -> Timestamp { given.start + given.interval * Int64(step) }

    func table(_ step: Int) -> ReadingTable {
        let whole = demand.map { value($0, runtime, given.kind.subject, step) }
        let ofApps = demand.enumerated().map { slot, series in
            ContiguousArray(apps.map { series.scope == .runtime ? whole[slot] : value(series, $0, .app, step) })
        }
        var ofWorkflows: [Int: ContiguousArray<Evidence>] = [:]
        for (slot, series) in demand.enumerated() where series.scope == .workflow {
            ofWorkflows[slot] = ContiguousArray(workflows.map { value(series, $0.series, .workflow, step) })
        }
        let ofReplicas = demand.map { series in replicas.map { value(series, $0, .replica, step) } }
        let stretches = demand.indices.compactMap { slot in demand[slot].stretch(at: moment(step)).map { (slot, $0) } }
        let totals = demand.indices.filter { demand[$0].period != nil }
        let floors = totals.map { slot in (slot, ContiguousArray(apps.map { least(demand[slot], $0, step) })) }
        let runtimeFloors = totals.compactMap { slot in least(demand[slot], runtime, step).map { (slot, $0) } }
        return ReadingTable(
            runtime: GivenSeries.runtimeName, at: moment(step), demand: demand, runtime: whole,
            apps: given.apps.map(\.app), app: ofApps, replicas: given.replicas.map(\.url), replica: ofReplicas,
            floors: Dictionary(uniqueKeysWithValues: floors), runtimeFloors: Dictionary(uniqueKeysWithValues: runtimeFloors),
            stretches: Dictionary(uniqueKeysWithValues: stretches), kind: given.kind, workflows: workflows.map(\.row),
            workflow: ofWorkflows
        ).placed(in: given.zone, labels)
    }

    // MARK: - One reading

    /// What is given of one subject.
    private struct Series {
        /// By `SeriesRef.description`: what conditions read as it is.
        var exact: [String: SeriesNotation] = [:]
        var bare: [Signal: Steps] = [:]

        init(_ given: [GivenSeries.Given]) {
            for one in given {
                // Of metrics each is its own.
                if one.name.isBare, one.name.series.metric == nil {
                    bare[one.name.series.signal] = Steps(one.values)
                } else {
                    exact[one.name.series.description] = one.values
                }
            }
        }
    }

    /// Values by step; beyond the end there is none.
    private struct Steps {
        var values: [Evidence]
        var constant: Evidence?

        init(values: [Evidence]) {
            self.values = values
        }

        init(_ notation: SeriesNotation) {
            values = notation.steps
            constant = notation.isConstant ? notation.steps[0] : nil
        }

        func at(_ step: Int) -> Evidence {
            if step < 0 { return .missing(.tooLittleData) }
            if let constant { return constant }
            return step < values.count ? values[step] : .missing(.stale)
        }
    }

    private func value(_ series: SeriesRef, _ subject: Series, _ kind: SubjectKind, _ step: Int) -> Evidence {
        guard series.signal.info.subjects.contains(kind) else { return .missing(.notTracked) }
        if let exact = subject.exact[series.ofSubject.description] { return exact.at(step) ?? .missing(.stale) }
        if let metric = series.metric, let range = series.range, let given = subject.exact[SeriesRef(metric: metric).description] {
            let steps = Steps(given)
            return HistoryFunction.predict.apply(series.signal, range: range, exclude: nil, ahead: series.ahead, at: moment(step)) {
                minute($0, steps, series.signal)
            }
        }
        guard let bare = subject.bare[series.signal] else { return .missing(.tooLittleData) }
        if let period = series.period { return total(bare, series.signal, period, step).evidence }
        if let function = series.function, let range = series.range {
            let whole = kind == .app ? runtime.bare[series.signal] : nil
            return function.apply(
                series.signal, range: range, exclude: series.exclude, offset: series.offset, ahead: series.ahead, at: moment(step),
                whole: whole.map { whole in { minute($0, whole, series.signal) } }
            ) { number in
                minute(number, bare, series.signal)
            }
        }
        guard let window = series.window else { return bare.at(step) }
        return overWindow(bare, series.signal, window, step)
    }

    /// Missing now is missing; otherwise the mean of the steps in the window that have a value, if these are enough.
    private func overWindow(_ steps: Steps, _ signal: Signal, _ window: TimeSpan, _ step: Int) -> Evidence {
        let now = steps.at(step)
        if let reason = now.reason, reason != .noTraffic { return now }
        let length = max(1, Int(window.milliseconds / given.interval.milliseconds))
        let values = (step - length + 1...step).compactMap { steps.at($0).value }
        if case .count = signal.info.shape { return .value(values.reduce(0, +)) }
        guard !values.isEmpty else { return now }
        guard Double(min(step + 1, length)) >= Double(length) * GivenReadings.leastCoverage else {
            return .missing(.tooLittleData)
        }
        return .value(values.reduce(0, +) / Double(values.count))
    }

    /// What a signal was in a minute: of a gauge the last step's value, otherwise their mean; the step that holds where
    /// steps are longer than a minute. Nil before the test began.
    private func minute(_ minute: Int64, _ steps: Steps, _ signal: Signal) -> Evidence? {
        let start = (Timestamp(minute: minute) - given.start).milliseconds
        let length = given.interval.milliseconds
        guard start >= 0 else { return nil }
        let first = (start + length - 1) / length
        let last = (start + 59_999) / length
        guard last >= first else { return steps.at(Int(start / length)) }
        if case .gauge = signal.info.shape { return steps.at(Int(last)) }
        let all = (first...last).map { steps.at(Int($0)) }
        let values = all.compactMap(\.value)
        guard !values.isEmpty else { return all.last }
        return .value(values.reduce(0, +) / Double(values.count))
    }

    /// What a rate added up to since the day or the month began: the steps that began since then, each for as long as it holds.
    /// Where the test began later it is that much at the least.
    private func total(_ steps: Steps, _ signal: Signal, _ period: CalendarPeriod, _ step: Int) -> (evidence: Evidence, least: Double?) {
        let now = moment(step)
        let begins = given.zone.begins(period, at: now)
        var (sum, isWhole) = (0.0, begins >= given.start)
        let first = max(0, Int((begins - given.start).milliseconds / given.interval.milliseconds))
        for one in first..<max(first, step) {
            let held = moment(one + 1) - max(moment(one), begins)
            switch steps.at(one) {
            case .value(let rate): sum += rate * Double(held.milliseconds) / (signal.unit == .dollarsPerHour ? 3_600_000 : 60_000)
            case .missing(.noTraffic): continue
            case .missing: isWhole = false
            }
        }
        guard begins < now, first < step else { return (.missing(.tooLittleData), nil) }
        return isWhole ? (.value(sum), nil) : (.missing(.tooLittleData), sum)
    }

    /// What a total is at the least that was not seen whole; nil for all else.
    private func least(_ series: SeriesRef, _ subject: Series, _ step: Int) -> Double? {
        guard let period = series.period, subject.exact[series.ofSubject.description] == nil, let bare = subject.bare[series.signal]
        else { return nil }
        return total(bare, series.signal, period, step).least
    }

    // MARK: - What follows from the apps

    /// Signals of which a runtime has the sum of its apps'.
    private static let summed: [Signal] = [
        .activeRuns, .openRuns, .stalledRuns, .runStarts, .runEnds, .errors, .turns, .toolCalls, .tokens, .cost,
        .gateStarts, .gateRefusals, .ghostRuns,
    ]

    private static func sum(_ signal: Signal, _ apps: [Series], count: Int) -> Steps? {
        combined(signal, apps, count: count) { $0.reduce(0, +) }
    }

    private static func activeApps(_ apps: [Series], count: Int) -> Steps? {
        combined(.activeRuns, apps, count: count) { Double($0.count { $0 > 0 }) }
    }

    /// Nil when not all apps give the signal; missing where one of them is.
    private static func combined(
        _ signal: Signal, _ apps: [Series], count: Int, _ body: ([Double]) -> Double
    ) -> Steps? {
        let given = apps.compactMap { $0.bare[signal] }
        guard !given.isEmpty, given.count == apps.count else { return nil }
        return Steps(
            values: (0..<count).map { step in
                let readings = given.map { $0.at(step) }
                if let missing = readings.first(where: { $0.reason != nil }) { return missing }
                return .value(body(readings.compactMap(\.value)))
            })
    }

    private static func share(_ own: Evidence, _ whole: Evidence) -> Evidence {
        guard case .value(let own) = own else { return own }
        guard case .value(let whole) = whole else { return whole }
        return whole > 0 ? .value(100 * own / whole) : .missing(.noTraffic)
    }
}
