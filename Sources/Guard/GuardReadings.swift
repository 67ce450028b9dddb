import Model
import Signals

/// The readings that the guard needs itself, whatever the policies ask for.
///
/// Whoever makes the table appends `demand` to the series of the policy set; the guard finds its slots by the series.
public struct GuardReadings {
    private static let activeRuns = SeriesRef(signal: .activeRuns)
    private static let activeApps = SeriesRef(signal: .activeApps, scope: .runtime)

    /// As long as an action is given at least before it is judged: then the window holds nothing from before it.
    private static let runStarts = SeriesRef(signal: .runStarts, window: LeaseWatch.least)

    /// What to append to `PolicySet.demand`'s series.
    public static let demand = [activeRuns, activeApps, runStarts]

    private let table: ReadingTable
    private let runsSlot: Int?
    private let appsSlot: Int?
    private let startsSlot: Int?

    init(_ table: ReadingTable) {
        self.table = table
        runsSlot = table.demand.firstIndex(of: GuardReadings.activeRuns)
        appsSlot = table.demand.firstIndex(of: GuardReadings.activeApps)
        startsSlot = table.demand.firstIndex(of: GuardReadings.runStarts)
    }

    /// Apps of the runtime with an active run; nil when that is not known.
    var activeApps: Int? {
        appsSlot.flatMap { table.runtime($0).value }.map { Int(min(max(0, $0), 1e9)) }
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
