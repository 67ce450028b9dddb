import Model

/// The part of a walk over a perf body that goes by workflow: the same steps and open runs that are counted by app.
struct FlowPass {
    private(set) var directory: FlowDirectory
    /// The chat at hand; nil where it names no workflow, or one that found no place.
    private(set) var current: Int32 = FlowPass.none
    private(set) var latencies: ContiguousArray<LatencyLog.Entry> = []
    private var gauges: ContiguousArray<RunGauges> = []
    private var increments: [Int: AppTotals] = [:]
    /// By the place of the name in the body and the app's slot: what was looked up already.
    private var known: [UInt64: Int32] = [:]
    private(set) var leftOut = 0

    static let none: Int32 = -1

    init(_ directory: FlowDirectory) {
        self.directory = directory
    }

    /// Turns to a chat of the body.
    mutating func begin(_ chat: PerfChat, app: Int, _ names: [[UInt8]], at moment: Int64) {
        current = FlowPass.none
        guard chat.present.contains(.workflow), Int(chat.workflow) < names.count else { return }
        let place = UInt64(app) << 32 | UInt64(chat.workflow)
        if let slot = known[place] {
            current = slot
        } else {
            current =
                directory.slot(of: names[Int(chat.workflow)], app: app, at: moment).map { Int32(truncatingIfNeeded: $0) } ?? FlowPass.none
            known[place] = current
            if current == FlowPass.none { leftOut += 1 }
        }
        let hasWorked =
            chat.agentTurns > 0 || chat.toolCalls > 0 || chat.promptTokens > 0 || chat.completionTokens > 0 || chat.cost > 0
        if hasWorked, current >= 0 { directory.noteWork(Int(current)) }
    }

    /// What the chat at hand did.
    mutating func count(_ step: AppTotals) {
        guard current >= 0 else { return }
        increments[Int(current), default: AppTotals()].add(step)
    }

    /// How long its last turn took.
    mutating func count(latency bucket: UInt16) {
        guard current >= 0 else { return }
        latencies.append(.init(app: UInt32(current), bucket: bucket))
    }

    /// One of its open runs.
    mutating func count(_ kind: PerfPass.Open.Kind, of flow: Int32) { change(flow) { $0.count(kind) } }

    /// The chat at hand as an open run that nothing runs for.
    mutating func countGhost() { countGhost(of: current) }

    /// An open run that nothing runs for.
    mutating func countGhost(of flow: Int32) { change(flow) { $0.ghosts &+= 1 } }

    private mutating func change(_ flow: Int32, _ body: (inout RunGauges) -> Void) {
        guard flow >= 0 else { return }
        while gauges.count < directory.capacity { gauges.append(RunGauges()) }
        body(&gauges[Int(flow)])
    }

    /// Puts down what the body said: in the log of its replica, and in what replicas share.
    func settle(_ log: inout FlowLog, _ shared: inout SharedState, at moment: Int64, isWatched: Bool) {
        let moved = increments.sorted { $0.key < $1.key }.map { FlowLog.Step(flow: UInt32($0.key), totals: $0.value) }
        log.append(ContiguousArray(moved), gauges, at: moment, isWatched: isWatched)
        shared.flows.latencies.append(latencies, at: moment)
        shared.flows.directory = directory
        shared.flows.directory.sort(by: shared.apps)
        shared.flows.leftOut = leftOut
    }
}

extension RunGauges {
    mutating func count(_ kind: PerfPass.Open.Kind) {
        switch kind {
        case .young: young &+= 1
        case .progressing: progressing &+= 1
        case .quiet: quiet &+= 1
        case .unwatched: unwatched &+= 1
        }
    }
}
