import Model

/// What the perf polls of one replica said by workflow, oldest first. Of each poll only what moved is kept: most workflows do
/// nothing between two polls.
struct FlowLog: Sendable {
    /// What one workflow did since the poll before.
    struct Step: Hashable, Sendable {
        var flow: UInt32
        var totals: AppTotals
    }

    private(set) var axis = TimeAxis()
    /// For each moment of the axis, ascending by slot.
    private(set) var steps: ContiguousArray<ContiguousArray<Step>> = []
    /// Open runs at the newest poll, by slot; workflows that came later are beyond the end.
    private(set) var gauges: ContiguousArray<RunGauges> = []

    var isEmpty: Bool { axis.count == 0 }

    mutating func append(_ moved: ContiguousArray<Step>, _ open: ContiguousArray<RunGauges>, at moment: Int64, isWatched: Bool) {
        axis.append(moment, isWatched: isWatched)
        steps.append(moved)
        gauges = open
    }

    mutating func trim(before moment: Int64) { axis.trim(&steps, before: moment) }

    /// Forgets what slots held, so that other workflows may have them.
    mutating func clear(_ freed: FreedSlots) {
        for index in steps.indices { steps[index].removeAll { freed.contains(Int($0.flow)) } }
        for slot in freed.slots where slot < gauges.count { gauges[slot] = RunGauges() }
    }

    /// Names what each workflow did within a stretch, and by how much of it lies within.
    func parts(_ stretch: TimeAxis.Stretch, _ body: (_ flow: Int, _ totals: AppTotals, _ share: Double) -> Void) {
        stretch.parts { older, newer, share in
            for index in older..<newer {
                for step in steps[index + 1] { body(Int(step.flow), step.totals, share) }
            }
        }
    }

    func encode(to writer: inout StateWriter) {
        axis.encode(to: &writer)
        for moved in steps {
            writer.put(each: Array(moved)) { writer, step in
                writer.put(UInt64(step.flow))
                step.totals.encode(to: &writer, since: AppTotals())
            }
        }
        writer.put(gauges.count)
        writer.put(each: gauges.indices.filter { gauges[$0] != RunGauges() }) { writer, slot in
            writer.put(slot)
            gauges[slot].encode(to: &writer)
        }
    }

    init() {}

    init(from reader: inout StateReader, capacity: Int, version: UInt8) throws(SignalStateError) {
        axis = try TimeAxis(from: &reader)
        for _ in 0..<axis.count {
            var moved: ContiguousArray<Step> = []
            for _ in 0..<(try reader.count()) {
                guard let flow = UInt32(exactly: try reader.unsigned()), flow < capacity, moved.last.map({ $0.flow < flow }) ?? true
                else { throw reader.failure("a workflow is out of range") }
                moved.append(Step(flow: flow, totals: try AppTotals(from: &reader, since: AppTotals(), version: version)))
            }
            steps.append(moved)
        }
        let count = try reader.integer(Int.self)
        guard (0...capacity).contains(count) else { throw reader.failure("open runs of too many workflows") }
        gauges = ContiguousArray(repeating: RunGauges(), count: count)
        for _ in 0..<(try reader.count()) {
            let slot = try reader.integer(Int.self)
            guard gauges.indices.contains(slot) else { throw reader.failure("a workflow is out of range") }
            gauges[slot] = try RunGauges(from: &reader, knowsGhosts: true)
        }
    }
}

/// What the replicas of a runtime share of its workflows.
struct SharedFlows: Sendable {
    var directory = FlowDirectory()
    /// By the workflow's slot, where that of apps goes by the app's.
    var latencies = LatencyLog()
    /// Workflows of the newest body that found no place. Not kept: the next body tells again.
    var leftOut = 0
}
