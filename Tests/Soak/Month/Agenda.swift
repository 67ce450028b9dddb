import Model
import Simulator

/// What is done to the monitor and to what it talks to in one day, each at its moment.
struct Agenda {
    enum Step {
        /// The starts of a few apps come to the gate.
        case starts
        /// The monitor ends: well, or as it would when killed. It is back after so long.
        case restart(isKilled: Bool, after: TimeSpan)
        case reload
        /// Nothing listens where leases are put.
        case controlPlane(isThere: Bool)
        /// The control plane misbehaves in one way, until the next such step.
        case fault(ControlPlaneFault?)
        /// The platform tells its control plane everything anew.
        case sync
        /// The services that people hear through fail, or work again.
        case services(areWell: Bool)
        case stopActions(Bool)
        /// Its sessions are gone, and with them the engine's lock.
        case databaseRestarts
    }

    private(set) var steps: [(at: Timestamp, step: Step)] = []

    private let hours: Int

    /// - Parameters:
    ///   - hours: how long the day is, at least four.
    ///   - hasDatabase: whether there is one that can restart.
    init(day begin: Timestamp, hours: Int, hasDatabase: Bool, _ dice: inout SplitMix64) {
        self.hours = hours
        for minute in 0..<(hours * 60) { add(begin + .minutes(minute) + .seconds(31), .starts) }
        for _ in 0..<4 {
            let at = moment(begin, &dice)
            add(at, .restart(isKilled: dice.next() % 2 == 0, after: .seconds(Double.random(in: 2...240, using: &dice))))
        }
        for _ in 0..<6 { add(moment(begin, &dice), .reload) }
        for _ in 0..<4 {
            let at = moment(begin, &dice)
            add(at, .controlPlane(isThere: false))
            add(at + .seconds(Double.random(in: 120...2_700, using: &dice)), .controlPlane(isThere: true))
        }
        for _ in 0..<8 {
            let at = moment(begin, &dice)
            let fault = Agenda.faults.randomElement(using: &dice)
            add(at, .fault(fault))
            let end = at + .seconds(Double.random(in: 120...1_800, using: &dice))
            add(end, .fault(nil))
            if case .forgets = fault?.kind { add(end + .seconds(1), .sync) }
        }
        for _ in 0..<3 {
            let at = moment(begin, &dice)
            add(at, .services(areWell: false))
            add(at + .seconds(Double.random(in: 60...2_400, using: &dice)), .services(areWell: true))
        }
        let stop = moment(begin, &dice)
        add(stop, .stopActions(true))
        add(stop + .seconds(Double.random(in: 300...3_600, using: &dice)), .stopActions(false))
        if hasDatabase { for _ in 0..<2 { add(moment(begin, &dice), .databaseRestarts) } }
        steps.sort { $0.at < $1.at }
    }

    private mutating func add(_ at: Timestamp, _ step: Step) { steps.append((at, step)) }

    /// Not within the day's last two hours, so that what is out of order ends within it; between the moments of polls and starts.
    private func moment(_ begin: Timestamp, _ dice: inout SplitMix64) -> Timestamp {
        begin + .seconds(Double(Int.random(in: 1..<((hours - 2) * 120), using: &dice) * 30 + 13)) + TimeSpan(milliseconds: 457)
    }

    /// Those that end by themselves or with an answer: whoever hangs would do so in real time.
    private static let faults: [ControlPlaneFault] =
        ControlPlaneFault.Part.allCases.flatMap { part in
            [
                ControlPlaneFault(part, .refuse(status: 503), count: 40), ControlPlaneFault(part, .refuse(status: 400), count: 1),
                ControlPlaneFault(part, .halfApplied, on: .writes, count: 2), ControlPlaneFault(part, .lost, count: 2),
                ControlPlaneFault(part, .ignores, on: .writes, count: 1), ControlPlaneFault(part, .garbage, count: 2),
                ControlPlaneFault(part, .forgets, count: 1),
            ]
        } + [.init(.webhook, .forged, count: 2), .init(.webhook, .replayed, count: 2), .init(.webhook, .reflected, count: 2)]
}
