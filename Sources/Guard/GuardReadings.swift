import Model
import Policy
import Signals

/// The readings that the guard needs itself, whatever the policies ask for.
///
/// Whoever makes the table appends `demand` to the series of the policy set; the guard finds its slots by the series.
public struct GuardReadings {
    private static let activeRuns = SeriesRef(signal: .activeRuns)
    private static let activeApps = SeriesRef(signal: .activeApps, scope: .runtime)

    /// As long as an action is given at least before it is judged: then the window holds nothing from before it.
    private static let runStarts = SeriesRef(signal: .runStarts, window: LeaseWatch.least)

    private static let up = SeriesRef(signal: .up, scope: .runtime)
    private static let healthy = SeriesRef(signal: .healthy, scope: .runtime)
    /// Whether a proxy asks the gate, and is told no.
    private static let gateStarts = SeriesRef(signal: .gateStarts, window: LeaseWatch.sight)
    private static let gateRefusals = SeriesRef(signal: .gateRefusals, window: LeaseWatch.sight)

    /// What to append to `PolicySet.demand`'s series.
    public static let demand = [activeRuns, activeApps, runStarts, up, healthy, gateStarts, gateRefusals]

    private let table: ReadingTable
    private let flowRunsSlot: Int?
    private let flowStartsSlot: Int?
    private let runsSlot: Int?
    private let appsSlot: Int?
    private let startsSlot: Int?
    private let upSlot: Int?
    private let healthySlot: Int?
    private let gateSlot: Int?
    private let refusalsSlot: Int?

    init(_ table: ReadingTable) {
        self.table = table
        // Where no rule on workflows asks for an action, nothing is known of them.
        flowRunsSlot = table.demand.firstIndex(of: LeaseRequest.workflowGauges[0])
        flowStartsSlot = table.demand.firstIndex(of: LeaseRequest.workflowGauges[1])
        runsSlot = table.demand.firstIndex(of: GuardReadings.activeRuns)
        appsSlot = table.demand.firstIndex(of: GuardReadings.activeApps)
        startsSlot = table.demand.firstIndex(of: GuardReadings.runStarts)
        upSlot = table.demand.firstIndex(of: GuardReadings.up)
        healthySlot = table.demand.firstIndex(of: GuardReadings.healthy)
        gateSlot = table.demand.firstIndex(of: GuardReadings.gateStarts)
        refusalsSlot = table.demand.firstIndex(of: GuardReadings.gateRefusals)
    }

    /// Apps of the runtime with an active run; nil when that is not known. Where figures contradict each other those of which
    /// something surely runs, if that is more than one: whether one is alone is not known then.
    var activeApps: Int? {
        guard let appsSlot else { return nil }
        let least = table.floor(nil, appsSlot).flatMap { $0 > 1 ? $0 : nil }
        return (table.runtime(appsSlot).value ?? least).map { Int(min(max(0, $0), 1e9)) }
    }

    /// Whether no endpoint answers.
    var isDown: Bool { upSlot.map { table.runtime($0).value == 0 } ?? false }

    /// Whether health says no, or should have said something and did not, or said what nobody can read: then MongoDB may be
    /// gone, and nobody would know. A build without the endpoint says nothing ever.
    var isUnhealthy: Bool {
        guard let healthySlot else { return false }
        switch table.runtime(healthySlot) {
        case .value(let value): return value == 0
        case .missing(.unreachable), .missing(.stale), .missing(.malformed), .missing(.unauthorized): return true
        case .missing(.error(let status)): return status != 404
        case .missing: return false
        }
    }

    /// Whether figures that could be there did not come. Those that contradict each other did: what they leave open is refused
    /// for its evidence while it is so, and nothing piles up behind it.
    var isBlind: Bool {
        guard activeApps == nil, let reason = appsSlot.flatMap({ table.runtime($0).reason }) else { return false }
        return reason.isLoss && reason != .contradictory
    }

    /// Starts a minute of one app that the gate was asked about; nil when nobody asks it, or that is not known.
    func gateStarts(_ app: AppID) -> Double? {
        guard let gateSlot, let row = table.index(of: app) else { return nil }
        return table.app(row, gateSlot).value
    }

    /// Starts a minute of one app that the gate refused; nil when nobody asks it, or that is not known.
    func gateRefusals(_ app: AppID) -> Double? {
        guard let refusalsSlot, let row = table.index(of: app) else { return nil }
        return table.app(row, refusalsSlot).value
    }

    /// Active runs of what a lease acts on: of the workflow that it stops, where workflows are watched, else of its app.
    func activeRuns(_ key: LeaseKey) -> Double? {
        guard let pack = key.pack, let flowRunsSlot else { return activeRuns(key.app) }
        return table.index(of: pack, app: key.app).flatMap { table.workflow($0, flowRunsSlot).value }
    }

    /// Starts a minute of what a lease acts on; as `activeRuns`.
    func runStarts(_ key: LeaseKey) -> Double? {
        guard let pack = key.pack, let flowStartsSlot else { return runStarts(key.app) }
        return table.index(of: pack, app: key.app).flatMap { table.workflow($0, flowStartsSlot).value }
    }

    /// Whose runs these are, for people.
    func acted(_ key: LeaseKey) -> String {
        guard let pack = key.pack, flowRunsSlot != nil else { return "\(key.app)" }
        return "workflow \(pack) of \(key.app)"
    }

    /// Active runs of one app; nil when that is not known, or the app is not in the table.
    func activeRuns(_ app: AppID) -> Double? {
        guard let runsSlot, let row = table.index(of: app) else { return nil }
        return table.app(row, runsSlot).value
    }

    /// Starts a minute of one app; nil when that is not known, or the app is not in the table.
    func runStarts(_ app: AppID) -> Double? {
        guard let startsSlot, let row = table.index(of: app) else { return nil }
        return table.app(row, startsSlot).value
    }
}
