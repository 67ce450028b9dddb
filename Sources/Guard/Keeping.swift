import Engine
import Model
import Policy
import Signals

/// What is seen of a limit in force, for as long as it is: a lease that was found to work, or of which nothing was found, may turn
/// out not to be kept later.
///
/// A throttle lets what runs go on, so more runs than its limit are no sign of anything; but as long as they are, no further start
/// is let through. What is known only of a stretch of figures without a gap is looked at: while a monitor is away, or blind, its
/// gate lets everything through.
struct LeaseHold: Hashable, Sendable {
    let lease: String
    /// When the stretch began: not before the lease was in force.
    let since: Timestamp
    /// The newest tick of it.
    var seen: Timestamp
    /// The fewest active runs of the app in it, and when that was.
    var least: Double
    var leastAt: Timestamp
    /// Since when more came through than may, and how many runs there were then; nil while that is not so. A gate that was away
    /// for some seconds lets through what comes in them, and that is once.
    var beyond: Beyond?

    struct Beyond: Hashable, Sendable {
        let at: Timestamp
        let runs: Double
    }

    /// The least length of a stretch in which many more runs than before say something, and one in which starts do: the window of
    /// their rate lies within it.
    static let least = LeaseWatch.least
    static let whole = LeaseWatch.least + .minutes(1)
    /// Figures that come less often than that leave the gate without an own count, and then it lets through.
    static let longestInterval = TimeSpan.minutes(1)
    /// How long runs go on to grow, once there are too many of them.
    static let goesOn = TimeSpan.minutes(1)
}

extension GuardState {
    /// Takes back what is in force and visibly not kept, with what was seen of that; its incidents start no other.
    mutating func findUnkept(_ outcome: TickOutcome, _ readings: ReadingTable, _ context: GuardContext, _ plan: inout Plan) {
        let own = GuardReadings(readings)
        var kept: [LeaseHold] = []
        for index in leases.indices where leases[index].state == .inForce && !leases[index].shadow {
            let lease = leases[index]
            let known = holds.first { $0.lease.isSame(as: lease.id) }
            guard lease.key.runtime == outcome.runtime else {
                if let known { kept.append(known) }
                continue
            }
            guard lease.effect.bound != nil, let runs = own.activeRuns(lease.key.app), context.perfInterval <= LeaseHold.longestInterval
            else { continue }
            var hold = stretch(known, lease, runs, context, outcome.now)
            guard let finding = unkept(&hold, lease, runs, own, context, outcome.now) else {
                kept.append(hold)
                continue
            }
            watches.removeAll { $0.lease.isSame(as: lease.id) }
            record(finding, index, outcome.now, &plan)
        }
        holds = kept
    }

    /// The stretch with this tick, or a new one.
    private func stretch(
        _ known: LeaseHold?, _ lease: Lease, _ runs: Double, _ context: GuardContext, _ now: Timestamp
    ) -> LeaseHold {
        let gap = max(.seconds(30), context.healthInterval * 3)
        guard var hold = known, now - hold.seen <= gap, disturbance(of: lease.key.runtime, since: hold.since) == nil else {
            return LeaseHold(lease: lease.id, since: now, seen: now, least: runs, leastAt: now)
        }
        hold.seen = now
        if runs < hold.least { (hold.least, hold.leastAt) = (runs, now) }
        return hold
    }

    /// Nil: nothing says so.
    private func unkept(
        _ hold: inout LeaseHold, _ lease: Lease, _ runs: Double, _ own: GuardReadings, _ context: GuardContext, _ now: Timestamp
    ) -> Finding? {
        let app = lease.key.app
        let length = now - hold.since
        // A gate that nobody asks holds nobody; that is told as what it is.
        guard length >= LeaseHold.least, let bound = lease.effect.bound,
            !context.landsAtGateOnly || isAsked(lease, since: lease.createdAt, own, now)
        else {
            hold.beyond = nil
            return nil
        }
        let starts = length >= LeaseHold.whole ? own.runStarts(app) : nil
        var seen: String?
        var grows = false
        if let most = bound.runs {
            // Up to its limit they may come back; twice as far beyond it nothing leads that is kept.
            if runs - max(hold.least, most) >= max(most * 2, 10) {
                grows = true
                seen =
                    "active_runs \(Figure.text(hold.least, .runs)) → \(Figure.text(runs, .runs)) in \((now - hold.leastAt).brief) under \(bound.words)"
            } else if hold.least > most + max(2, most / 2), let starts, starts * 3 > max(most * 5, 15) {
                seen =
                    "never fewer than \(Figure.text(hold.least, .runs)) active runs in \(length.brief) under \(bound.words), and run_starts "
                    + "\(Figure.text(starts, .perMinute)) all the same"
            }
        }
        if seen == nil, let most = bound.starts, let starts, starts > most * 2 + 2 {
            seen = "run_starts \(Figure.text(starts, .perMinute)) under \(bound.words)"
        }
        guard let seen else {
            hold.beyond = nil
            return nil
        }
        let beyond = hold.beyond ?? LeaseHold.Beyond(at: now, runs: runs)
        hold.beyond = beyond
        // A burst is behind the window of the starts by then, and grows no more.
        let goesOn = grows && now - beyond.at >= LeaseHold.goesOn && runs >= beyond.runs + max(1, (bound.runs ?? 0) / 2)
        let isThrough =
            starts.map { starts in
                (bound.runs.map { hold.least > $0 + max(2, $0 / 2) && starts * 3 > max($0 * 5, 15) } ?? false)
                    || (bound.starts.map { starts > $0 * 2 + 2 } ?? false)
            } ?? false
        guard goesOn || (isThrough && now - beyond.at >= LeaseHold.whole) else { return nil }
        let refused = own.gateRefusals(app) ?? 0
        let why =
            refused > 0
            ? "; the gate refuses \(Figure.text(refused, .perMinute)) of its starts meanwhile: what it refuses reaches the runtime all the same, or "
                + "there is another way in"
            : context.landsAtGateOnly ? "; the gate refused none of its starts in the last minute: there is another way in" : ""
        return Finding(outcome: .noEffect, text: Verification.unkept + seen + why)
    }
}

extension Verification {
    /// How the text of a finding begins that says so.
    static let unkept = "not kept: "
}

extension Effect {
    /// What may run, or start, while it is in force; nil where that is not told apart from what goes on.
    fileprivate var bound: (runs: Double?, starts: Double?, words: String)? {
        switch self {
        case .throttle(let limits):
            let words = description.hasPrefix("throttle to ") ? String(description.dropFirst(12)) : description
            return (limits.concurrentWorkflows.map(Double.init), limits.requestsPerMinute.map(Double.init), "a limit of \(words)")
        // Starts a minute are a mean of three minutes: what began as the pause did is still in them.
        case .pause: return (0, 0, "a pause")
        case .disablePack: return nil
        }
    }
}

extension LeaseHold {
    var document: JSON {
        [
            "lease": .string(lease), "since": .moment(since), "seen": .moment(seen), "least_runs": .figure(least),
            "least_at": .moment(leastAt),
            "beyond_at": .moment(beyond?.at), "beyond_runs": beyond.map { .figure($0.runs) } ?? .null,
        ]
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        let runs = try reader.member("least_runs")
        guard let least = runs.value.double else { throw runs.error("is no number") }
        let (at, then) = (try reader.optional("beyond_at")?.timestamp(), try reader.optional("beyond_runs")?.value.double)
        self.init(
            lease: try reader.member("lease").string(), since: try reader.member("since").timestamp(),
            seen: try reader.member("seen").timestamp(), least: least, leastAt: try reader.member("least_at").timestamp(),
            beyond: at.flatMap { at in then.map { Beyond(at: at, runs: $0) } })
    }
}
