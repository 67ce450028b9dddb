import Model

/// The readings of one runtime at one moment: a slot for each demanded series, a row for each subject. Never changed once
/// it is made; behind a reference, because a rule over ten thousand apps hands it on with each of them.
public final class ReadingTable: Sendable {
    /// One demanded series for all apps.
    enum Column: Sendable {
        /// One reading an app, in the order of `apps`.
        case plain(ContiguousArray<Evidence>)
        /// The same for every app: the runtime's reading, or a signal that apps lack.
        case same(Evidence)
        /// A function over minutes, computed when asked for.
        case history(HistoryColumn)
    }

    public let runtime: String
    /// What `runtime` is; the readings called the runtime's are its own.
    public let kind: WatchedKind
    /// The moment that the readings stand for.
    public let at: Timestamp
    /// What each slot holds.
    public let demand: [SeriesRef]
    /// The apps that are subjects, sorted by their bytes.
    public let apps: [AppID]
    /// The replicas that are subjects, in the order of the configuration.
    public let replicas: [String]
    /// The workflows that are subjects, by their app, then by the bytes of their names; none where no policy asks for them.
    public let workflows: [Workflow]
    let flowColumns: FlowColumns
    /// Whether a replica that is not among them is none any more: it is known who they are.
    public let namesAllReplicas: Bool
    @usableFromInline let runtimeColumn: [Evidence]
    /// All plain columns one behind the other, so that reading one is one look into one array.
    @usableFromInline let values: ContiguousArray<Evidence>
    @usableFromInline let places: ContiguousArray<Place>
    let histories: [HistoryColumn]
    /// By slot, then replica.
    let replicaColumns: [[Evidence]]
    /// What clocks show at that moment where the policies' people are; UTC until it is placed somewhere.
    public let localHour: LocalHour
    /// What tests of labels find of the runtime, and by row of the apps that have labels of their own.
    private let labels: [KnownLabel?]
    private let ownLabels: [Int: [KnownLabel?]]
    /// By slot: what readings are at the least that are missing since figures contradict each other, or were seen in part;
    /// mostly empty.
    let floors: [Int: Floors]
    /// By slot: the minutes that readings of the past are of.
    private let stretches: [Int: Range<Int64>]
    private let zone: Zone

    /// A workflow of an app.
    public struct Workflow: Hashable, Sendable {
        /// The place of its app in `apps`.
        public let app: Int
        public let name: PackID

        public init(app: Int, name: PackID) {
            self.app = app
            self.name = name
        }
    }

    /// Of one slot.
    struct Floors: Sendable {
        var runtime: Double?
        /// In the order of `apps`, or empty.
        var apps: ContiguousArray<Double?> = []
    }

    /// Where a slot's readings of apps are: `values[start + index * step]`, or a function over minutes (`step` -1).
    @usableFromInline struct Place: Sendable {
        @usableFromInline let start: Int
        @usableFromInline let step: Int
    }

    init(
        runtime: String, kind: WatchedKind, at: Timestamp, demand: [SeriesRef], apps: [AppID], replicas: [String],
        runtimeColumn: [Evidence],
        columns: [Column], replicaColumns: [[Evidence]], floors: [Int: Floors] = [:], stretches: [Int: Range<Int64>] = [:],
        namesAllReplicas: Bool = false, workflows: [Workflow] = [], flowColumns: FlowColumns = FlowColumns()
    ) {
        self.namesAllReplicas = namesAllReplicas
        self.workflows = workflows
        self.flowColumns = flowColumns
        self.floors = floors
        self.stretches = stretches
        self.runtime = runtime
        self.kind = kind
        self.at = at
        zone = .utc
        localHour = LocalHour(at, in: .utc)
        labels = []
        ownLabels = [:]
        self.demand = demand
        self.apps = apps
        self.replicas = replicas
        self.runtimeColumn = runtimeColumn
        self.replicaColumns = replicaColumns
        var values: ContiguousArray<Evidence> = []
        var places: ContiguousArray<Place> = []
        var histories: [HistoryColumn] = []
        values.reserveCapacity(
            columns.reduce(0) { if case .plain(let column) = $1 { $0 + column.count } else { $0 + 1 } })
        for column in columns {
            switch column {
            case .plain(let column):
                places.append(Place(start: values.count, step: 1))
                values.append(contentsOf: column)
            case .same(let evidence):
                places.append(Place(start: values.count, step: 0))
                values.append(evidence)
            case .history(let column):
                places.append(Place(start: histories.count, step: -1))
                histories.append(column)
            }
        }
        self.values = values
        self.places = places
        self.histories = histories
    }

    /// A table from given readings, for tests and for readings that come from elsewhere: `app` by slot, then app;
    /// `replica` by slot, then replica; `workflow` by slot, then workflow; `floors` of apps by slot, `runtimeFloors` of the
    /// runtime. Apps and workflows must be sorted.
    public convenience init(
        runtime: String, at: Timestamp, demand: [SeriesRef], runtime runtimeColumn: [Evidence], apps: [AppID] = [],
        app: [ContiguousArray<Evidence>] = [], replicas: [String] = [], replica: [[Evidence]] = [],
        floors: [Int: ContiguousArray<Double?>] = [:], runtimeFloors: [Int: Double] = [:], stretches: [Int: Range<Int64>] = [:],
        kind: WatchedKind = .runtime, workflows: [Workflow] = [], workflow: [Int: ContiguousArray<Evidence>] = [:]
    ) {
        precondition(runtimeColumn.count == demand.count, "one reading of the runtime for each slot")
        precondition(app.allSatisfy { $0.count == apps.count }, "one reading for each app in each slot")
        self.init(
            runtime: runtime, kind: kind, at: at, demand: demand, apps: apps, replicas: replicas, runtimeColumn: runtimeColumn,
            columns: demand.indices.map { $0 < app.count ? .plain(app[$0]) : .same(.missing(.notTracked)) },
            replicaColumns: replica,
            floors: floors.mapValues { Floors(runtime: nil, apps: $0) }.merging(runtimeFloors.mapValues { Floors(runtime: $0) }) {
                Floors(runtime: $1.runtime, apps: $0.apps)
            }, stretches: stretches, workflows: workflows, flowColumns: FlowColumns(workflow))
    }

    /// The same table with what clocks of that zone show, and with what its runtime and apps are called.
    public func placed(in zone: Zone, _ book: LabelBook = LabelBook()) -> ReadingTable {
        var own: [Int: [KnownLabel?]] = [:]
        for app in book.apps.keys {
            if let row = index(of: app) { own[row] = book.answers(app: app) }
        }
        return ReadingTable(self, zone, book.answers(), own)
    }

    private init(_ other: ReadingTable, _ zone: Zone, _ labels: [KnownLabel?], _ ownLabels: [Int: [KnownLabel?]]) {
        self.zone = zone
        localHour = LocalHour(other.at, in: zone)
        self.labels = labels
        self.ownLabels = ownLabels
        runtime = other.runtime
        kind = other.kind
        at = other.at
        demand = other.demand
        apps = other.apps
        replicas = other.replicas
        workflows = other.workflows
        flowColumns = other.flowColumns
        namesAllReplicas = other.namesAllReplicas
        runtimeColumn = other.runtimeColumn
        values = other.values
        places = other.places
        histories = other.histories
        replicaColumns = other.replicaColumns
        floors = other.floors
        stretches = other.stretches
    }

    /// What a test of a label finds of the app at `index`, or of the runtime for nil; nil where there is no such label.
    public func label(_ index: Int?, _ test: Int) -> KnownLabel? {
        let answers = index.flatMap { ownLabels.isEmpty ? nil : ownLabels[$0] } ?? labels
        return answers.indices.contains(test) ? answers[test] : nil
    }

    /// The runtime's reading in a slot. `not_tracked` for a signal that runtimes lack.
    @inlinable
    public func runtime(_ slot: Int) -> Evidence { runtimeColumn[slot] }

    /// The reading of the app at `index` in `apps`; the runtime's own where the slot's scope is the runtime.
    @inlinable
    public func app(_ index: Int, _ slot: Int) -> Evidence {
        let place = places[slot]
        return place.step >= 0 ? values[place.start + index * place.step] : history(index, place.start)
    }

    /// All different readings that apps have in a slot, in no order that means something: one where all have the same. Nil where
    /// they are computed when they are asked for, and where `floor` may know something of those that are missing.
    public func plainReadings(_ slot: Int) -> ArraySlice<Evidence>? {
        let place = places[slot]
        guard place.step >= 0, floors[slot] == nil else { return nil }
        return values[place.start..<place.start + (place.step == 0 ? 1 : apps.count)]
    }

    /// Where there are no apps: why it is not known whether there are some, by what is read of them; nil: there are none.
    public func emptyReason(_ slot: Int) -> MissingReason? {
        let place = places[slot]
        return place.step > 0 ? nil : place.step == 0 ? values[place.start].reason : runtimeColumn[slot].reason
    }

    @usableFromInline
    func history(_ index: Int, _ column: Int) -> Evidence { histories[column].value(at: index) }

    /// What a reading that is missing since figures contradict each other, or since a part of it was not seen, is at the least: of
    /// the app at `index`, or of the runtime for nil. Nil where that says nothing, and where something else is missing: what was
    /// true of an answer that is too old decides nothing.
    public func floor(_ index: Int?, _ slot: Int) -> Double? {
        guard let floors = floors[slot] else { return nil }
        let isOfRuntime = index == nil || demand[slot].scope == .runtime
        let reading = index.map { isOfRuntime ? runtime(slot) : app($0, slot) } ?? runtime(slot)
        guard demand[slot].period != nil || reading == .missing(.contradictory) else { return nil }
        guard let index, !isOfRuntime else { return floors.runtime }
        return index < floors.apps.count ? floors.apps[index] : nil
    }

    /// When that was which a reading of the past is of, by the clocks of the place; nil for what is read up to this moment.
    public func whenRead(_ slot: Int) -> String? {
        stretches[slot].map { zone.span(Timestamp(minute: $0.lowerBound), Timestamp(minute: $0.upperBound)) }
    }

    /// For how long must be watched, at the least, until a function over the past has a value: of the app at `index`, or of
    /// the runtime for nil. Nil where it has one, or lacks something else.
    public func wanting(_ index: Int?, _ slot: Int) -> TimeSpan? {
        let place = places[slot]
        guard place.step < 0 else { return nil }
        return histories[place.start].wanting(at: index ?? apps.count)
    }

    /// For how long must be watched, at the most, until a sum over a window stands for it; nil for what has no window.
    public static func watchedForWindow(of series: SeriesRef) -> TimeSpan? {
        guard series.function == nil, let window = series.window else { return nil }
        return TimeSpan(milliseconds: Int64((Double(window.milliseconds) * Evaluation.leastCoverage).rounded(.up)))
    }

    /// The reading of the replica at `index` in `replicas`; the runtime's own where the slot's scope is the runtime.
    public func replica(_ index: Int, _ slot: Int) -> Evidence {
        if demand[slot].scope == .runtime { return runtimeColumn[slot] }
        return slot < replicaColumns.count && index < replicaColumns[slot].count
            ? replicaColumns[slot][index] : .missing(.notTracked)
    }

    /// The place of an app in `apps`; nil when it is no subject.
    public func index(of app: AppID) -> Int? {
        var low = 0
        var high = apps.count
        while low < high {
            let middle = (low + high) / 2
            if apps[middle] < app { low = middle + 1 } else { high = middle }
        }
        return low < apps.count && apps[low] == app ? low : nil
    }
}
