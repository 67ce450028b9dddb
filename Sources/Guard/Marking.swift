import Model
import Signals

extension GuardState {
    /// How long before and after a mark is compared.
    static let markWindow = TimeSpan.minutes(10)
    /// How much later than a mark its first half may be read.
    private static let markSlack = TimeSpan.minutes(2)
    /// Marks that are remembered at most, besides the newest of each runtime and of all: those hold actions back.
    static let markLimit = 50

    /// The readings that marks compare, of the runtime. Whoever makes the table appends them while `comparesMarks` says so.
    public static let markDemand: [SeriesRef] = [
        SeriesRef(signal: .runStarts, window: markWindow), SeriesRef(signal: .runEnds, window: markWindow),
        SeriesRef(signal: .errorRate, window: markWindow), SeriesRef(signal: .turnLatencyP95, window: markWindow),
        SeriesRef(signal: .silentRunsShare, window: markWindow),
    ]

    /// A silence of which no rule tells stands on record from that length on: a look may take ten seconds to find out.
    static let leastSilence = TimeSpan.seconds(30)

    /// Someone deploys: no new actions for a while, and the runtime's signals are compared.
    /// - Parameter runtime: nil: all.
    public mutating func mark(_ name: String, runtime: String?, by: String, now: Timestamp) {
        append(Mark(name: name, runtime: runtime, at: now, by: by))
    }

    /// A restart marks itself. The first one that is heard of is one too: it was seen, or it would not be known.
    mutating func noteRestart(_ restart: Timestamp, of runtime: String) {
        guard restarts[runtime].map({ restart > $0 }) ?? true else { return }
        let wasShort = restarts[runtime].map { restart - $0 < LastWords.shortLife } ?? false
        if lastWords[runtime] != nil { lastWords.change(runtime) { $0.lifeEnded(wasShort: wasShort) } }
        restarts[runtime] = restart
        append(Mark(name: "restart", runtime: runtime, at: restart, by: nil))
    }

    mutating func append(_ mark: Mark) {
        marks.append(mark)
        // The newest of its kind says how long it is quiet, so that another runtime's marks never push it out.
        func isNewest(_ index: Int) -> Bool {
            !marks.indices.contains { other in
                marks[other].isChange == marks[index].isChange && marks[other].isOfSameRuntime(as: marks[index])
                    && (marks[other].at, other) > (marks[index].at, index)
            }
        }
        while marks.count > GuardState.markLimit, let oldest = marks.indices.first(where: { !isNewest($0) }) {
            marks.remove(at: oldest)
        }
    }

    /// Whether the next tick of a runtime needs `markDemand`.
    /// - Parameter restart: the newest restart that is known.
    public func comparesMarks(_ runtime: String, restart: Timestamp?, now: Timestamp) -> Bool {
        if let restart, restarts[runtime].map({ restart > $0 }) ?? true { return true }
        return marks.contains { mark in
            guard mark.isAbout(runtime), mark.isChange else { return false }
            guard let comparison = mark.comparison(of: runtime) else { return true }
            return comparison.after == nil && now - mark.at >= GuardState.markWindow
        }
    }

    /// Reads the first half when a mark is new, the second when its time has come.
    mutating func compareMarks(
        _ runtime: String, _ readings: ReadingTable, _ now: Timestamp, _ plan: inout Plan
    ) {
        for index in marks.indices where marks[index].isAbout(runtime) && marks[index].isChange {
            let place = marks[index].comparisons.firstIndex { $0.runtime.isSame(as: runtime) }
            if let place {
                guard marks[index].comparisons[place].after == nil, now - marks[index].at >= GuardState.markWindow else {
                    continue
                }
                marks[index].comparisons[place].after = GuardState.compared(readings)
                marks[index].comparisons[place].comparedAt = now
            } else {
                // What is read much later than the mark is not from before it.
                let isLate = now - marks[index].at > GuardState.markSlack
                marks[index].comparisons.append(
                    Mark.Comparison(runtime: runtime, before: GuardState.compared(isLate ? nil : readings)))
            }
            plan.marks.append(marks[index])
        }
    }

    private static func compared(_ readings: ReadingTable?) -> [ComparedReading] {
        markDemand.map { series in
            let evidence = readings.flatMap { table in table.demand.firstIndex(of: series).map { table.runtime($0) } }
            return ComparedReading(
                series: series.description, unit: series.signal.unit, evidence: evidence ?? .missing(.tooLittleData))
        }
    }

    /// The newest mark of a runtime within the quiet time after it; nil when none is. A restart counts though its mark is gone.
    func quietMark(_ runtime: String, _ options: GuardOptions, _ now: Timestamp) -> Mark? {
        var known = marks.filter { $0.isAbout(runtime) && $0.isChange }
        if let restart = restarts[runtime] { known.append(Mark(name: "restart", runtime: runtime, at: restart, by: nil)) }
        return known.filter { now - $0.at < options.quietAfterRestart }.max { $0.at < $1.at }
    }
}

extension Mark {
    fileprivate func isOfSameRuntime(as other: Mark) -> Bool {
        guard let runtime, let name = other.runtime else { return runtime == nil && other.runtime == nil }
        return runtime.isSame(as: name)
    }

    /// What is known of one runtime; nil before its first tick after the mark.
    public func comparison(of runtime: String) -> Comparison? {
        comparisons.first { $0.runtime.isSame(as: runtime) }
    }
}
