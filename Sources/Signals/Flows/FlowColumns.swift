import Model

/// The readings of workflows, where a policy asks for any: by slot, then in the order of `ReadingTable.workflows`.
struct FlowColumns: Sendable {
    /// One demanded series of all workflows.
    struct Column: Sendable {
        /// One reading a workflow; or none, and `same` holds for all of them.
        var plain: ContiguousArray<Evidence> = []
        var same = Evidence.missing(.notTracked)
        /// What readings are at the least that are missing since figures contradict each other; or empty.
        var floors: ContiguousArray<Double?> = []
    }

    private var columns: [Int: Column] = [:]

    init() {}

    init(_ given: [Int: ContiguousArray<Evidence>]) {
        columns = given.mapValues { Column(plain: $0) }
    }

    mutating func set(_ column: Column, slot: Int) { columns[slot] = column }

    func reading(_ index: Int, _ slot: Int) -> Evidence {
        guard let column = columns[slot] else { return .missing(.notTracked) }
        return index < column.plain.count ? column.plain[index] : column.same
    }

    func floor(_ index: Int, _ slot: Int) -> Double? {
        guard let floors = columns[slot]?.floors, index < floors.count else { return nil }
        return floors[index]
    }
}

extension ReadingTable {
    /// The reading of the workflow at `index` in `workflows`; that of its app or of the runtime where the slot's scope says so.
    public func workflow(_ index: Int, _ slot: Int) -> Evidence {
        switch demand[slot].scope {
        case .runtime: runtime(slot)
        case .own, .app: app(workflows[index].app, slot)
        case .workflow: flowColumns.reading(index, slot)
        }
    }

    /// What a reading of it that is missing since figures contradict each other is at the least; nil where that says nothing.
    public func workflowFloor(_ index: Int, _ slot: Int) -> Double? {
        switch demand[slot].scope {
        case .runtime: floor(nil, slot)
        case .own, .app: floor(workflows[index].app, slot)
        case .workflow: flowColumns.reading(index, slot) == .missing(.contradictory) ? flowColumns.floor(index, slot) : nil
        }
    }

    /// Where the workflows of the app at `row` in `apps` stand in `workflows`.
    public func workflows(of row: Int) -> Range<Int> {
        let first = firstWorkflow { $0.app >= row }
        return first..<firstWorkflow { $0.app > row }
    }

    /// The place of a workflow in `workflows`; nil when it is no subject.
    public func index(of name: PackID, app: AppID) -> Int? {
        guard !workflows.isEmpty, let row = index(of: app) else { return nil }
        let place = firstWorkflow { $0.app > row || $0.app == row && !($0.name < name) }
        return place < workflows.count && workflows[place].app == row && workflows[place].name == name ? place : nil
    }

    private func firstWorkflow(_ isReached: (Workflow) -> Bool) -> Int {
        var low = 0
        var high = workflows.count
        while low < high {
            let middle = (low + high) / 2
            if isReached(workflows[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
