import Engine
import Model
import Policy
import Signals

/// A fault of a runtime as a whole, for as long as it was seen. What tenants look like meanwhile, and while what piled up
/// drains, follows from it: nobody is acted upon for that.
struct Trouble: Hashable, Sendable {
    enum Cause: Hashable, Sendable {
        /// No endpoint answered.
        case down
        /// Health answered no, or could not be read.
        case unhealthy
        /// The figures of tenants did not come.
        case blind
        /// A rule on the runtime that keeps rules about apps quiet.
        case rule(String)
    }

    let cause: Cause
    let since: Timestamp
    /// The newest moment at which it was seen.
    var until: Timestamp
    /// Whether it was more than a blip: a single lost answer, a rule that never fired, is none of it.
    var isSure: Bool
    /// How often it came; above 1 it was not seen all the time between `since` and `until`.
    var times = 1
    /// Whether the newest look saw it.
    var isSeen = true

    /// The same cause seen again within this time is one stretch: a fault that comes and goes is one fault.
    static let joins = TimeSpan.minutes(2)
    /// Faults of a process that starts belong to its start.
    static let startup = TimeSpan.minutes(2)
    /// Ranges beyond this look at what is usual, not at what happened; a fault in them decides nothing.
    static let longestRange = TimeSpan.hours(1)

    /// For people: when it was seen, and no more than that: `shared answered nobody 3 times between 22:13:23 and 22:18:04`.
    func pastText(_ runtime: String) -> String {
        times > 1
            ? "\(text(runtime)) \(times) times between \(since) and \(until)" : "\(text(runtime)) from \(since) to \(until)"
    }

    /// For people: `the health check of shared failed`.
    func text(_ runtime: String) -> String {
        switch cause {
        case .down: "\(runtime) answered nobody"
        case .unhealthy: "the health check of \(runtime) failed"
        case .blind: "the figures of \(runtime) did not come"
        case .rule(let name): "\(name) held on \(runtime)"
        }
    }
}

extension GuardState {
    /// An action that was in force, due or on its way to be, and when that was last so.
    struct Due: Hashable, Sendable {
        let key: LeaseKey
        /// Since when without a pause.
        let since: Timestamp
        var at: Timestamp
    }

    /// How long what is no longer wanted still counts as due: as long as it takes to hear that a process died.
    private static let dueRest = TimeSpan.minutes(2)

    // MARK: - Seeing

    /// Takes in which faults of the runtime are seen now.
    mutating func noteTroubles(
        _ outcome: TickOutcome, _ policies: PolicySet, _ own: GuardReadings, _ context: GuardContext
    ) {
        let (runtime, now) = (outcome.runtime, outcome.now)
        var known = troubles[runtime] ?? []
        let keep = Trouble.longestRange + .hours(1)
        known.removeAll { now - $0.until > max(keep, context.options.quietAfterFault) }
        func see(_ cause: Trouble.Cause, least: TimeSpan?) {
            if let index = known.lastIndex(where: { $0.cause == cause && now - $0.until <= Trouble.joins }) {
                if !known[index].isSeen { known[index].times += 1 }
                known[index].until = now
                known[index].isSeen = true
                known[index].isSure = known[index].isSure || least.map { now - known[index].since >= $0 } ?? true
            } else {
                known.append(Trouble(cause: cause, since: now, until: now, isSure: least == nil))
            }
        }
        // Twice in succession: what was lost once is lost often enough.
        let twice = max(TimeSpan.seconds(10), context.healthInterval)
        if own.isDown { see(.down, least: twice) }
        if own.isUnhealthy, !own.isDown { see(.unhealthy, least: twice) }
        if own.isBlind, !own.isDown { see(.blind, least: max(twice, context.perfInterval)) }
        let standings = outcome.standings.filter { if case .runtime = $0.subject { true } else { false } }
        // Not asked for where nothing stands: it goes through all rules.
        let causes = standings.isEmpty ? [] : policies.causes
        for standing in standings where causes.contains(standing.rule) {
            switch standing.phase {
            case .firing: see(.rule(standing.rule), least: nil)
            case .pending where standing.isKnownTrue: see(.rule(standing.rule), least: .hours(24))
            case .pending, .clearing, .inactive: break
            }
        }
        for index in known.indices where known[index].until < now {
            let trouble = known[index]
            // Over with this look, seen all the time, and no longer ago than a look takes.
            if trouble.isSeen, trouble.cause == .down, trouble.isSure, trouble.times == 1, now - trouble.until <= Trouble.joins,
                now - trouble.since >= GuardState.leastSilence
            {
                append(Mark(name: "silence", runtime: runtime, at: trouble.since, by: nil, silence: now - trouble.since))
            }
            known[index].isSeen = false
        }
        troubles[runtime] = known.isEmpty ? nil : known
    }

    /// What was in force or due stays so while it cannot be known whether it still is: across a fault, and for the quiet
    /// time after a restart.
    mutating func noteDue(_ outcome: TickOutcome, _ own: GuardReadings, _ context: GuardContext) {
        let (runtime, now) = (outcome.runtime, outcome.now)
        for lease in leases where lease.isActive && lease.key.runtime == runtime { noteDue(lease.key, now) }
        let isQuiet = restarts[runtime].map { now - $0 < context.options.quietAfterRestart } ?? false
        let isCalm = own.activeApps != nil && !isTroubled(runtime, now) && !isQuiet
        due.removeAll { entry in
            entry.key.runtime == runtime && now - entry.at >= (isCalm ? GuardState.dueRest : GuardState.memory)
        }
    }

    /// What a condition is on its way to ask for counts as due once that held for a fifth of its time on a runtime that has
    /// no other fault: else whoever brings the process down within that time begins anew in each. What is seen while a
    /// process starts, or while what piled up drains, is no part of it; but see `LastWords`.
    mutating func noteComing(
        _ outcome: TickOutcome, _ policies: PolicySet, _ readings: ReadingTable, _ own: GuardReadings,
        _ context: GuardContext
    ) {
        let (runtime, now) = (outcome.runtime, outcome.now)
        if own.activeApps != nil { lastWords.change(runtime) { $0.heard(now) } }
        let asking = outcome.standings.filter {
            ($0.phase == .pending || $0.phase == .firing) && $0.isKnownTrue && $0.suppressedBy == nil && $0.subject.app != nil
        }
        guard !asking.isEmpty, !isTroubled(runtime, now) else { return }
        let started = restarts[runtime].map { $0 + Trouble.startup }
        // A fault at the very start of a process belongs to that.
        let drained = (troubles[runtime] ?? []).filter { $0.isSure && $0.until > started ?? $0.since }
            .map { $0.until + context.options.quietAfterFault }.max()
        let clean = [started, drained].compactMap { $0 }.max()
        let steps = GuardSteps(
            state: self, context: context, policies: policies, readings: readings, own: own, now: now, isApproved: false)
        for standing in asking {
            guard let rule = policies.rule(standing.rule, for: standing.subject), let app = standing.subject.app else { continue }
            let isLong = (now - max(standing.since, clean ?? standing.since)) * 5 >= rule.hold
            for action in rule.actions {
                guard case .lease(let request) = action else { continue }
                let effect = request.effect(on: standing.subject).raised(to: context.options.floor)
                let wanted = Wanted(
                    key: LeaseKey(kind: effect.kind, runtime: runtime, app: app, pack: effect.pack), request: request,
                    effect: effect, rule: rule, standing: standing, incident: "", isPick: false)
                guard steps.isComing(wanted) else { continue }
                let since = lastWords.change(runtime) { $0.asked(wanted.key, now) }
                if standing.phase == .pending, isLong { noteDue(wanted.key, now) }
                if let since { noteDue(wanted.key, now, since: since) }
            }
        }
    }

    /// - Parameter since: since when, where that is earlier than what is known.
    mutating func noteDue(_ key: LeaseKey, _ now: Timestamp, since: Timestamp? = nil) {
        if let index = due.firstIndex(where: { $0.key == key }) {
            due[index] = Due(key: key, since: min(due[index].since, since ?? now), at: now)
        } else {
            due.append(Due(key: key, since: since ?? now, at: now))
            due.sort { $0.key < $1.key }
        }
    }

    private func isTroubled(_ runtime: String, _ now: Timestamp) -> Bool {
        (troubles[runtime] ?? []).contains { $0.until == now }
    }

    // MARK: - Asking

    /// Whether this very action was in force, due or on its way to be when the runtime restarted, and that is no longer ago
    /// than the quiet time: the quiet is for what the restart causes, and this was before it.
    func wasDueAtRestart(_ key: LeaseKey, _ options: GuardOptions, _ now: Timestamp) -> Bool {
        guard let restart = restarts[key.runtime], now - restart < options.quietAfterRestart else { return false }
        return due.contains { $0.key == key && $0.since < restart }
    }

    /// The fault for which nobody on a runtime is acted upon now, with how long that still lasts; nil when there is none. One
    /// that lasts before one that is over, one with a name of a rule before others.
    /// - Parameter range: how far back the condition looks, and how long it has to hold.
    func disturbance(
        _ key: LeaseKey, range: TimeSpan, _ options: GuardOptions, _ now: Timestamp
    ) -> (trouble: Trouble, rest: TimeSpan?)? {
        let known = troubles[key.runtime] ?? []
        if let trouble = known.filter({ $0.until == now }).max(by: { Trouble.isLess($0, $1) }) { return (trouble, nil) }
        guard options.quietAfterFault > .zero else { return nil }
        let rest = max(options.quietAfterFault, min(range, Trouble.longestRange))
        // Of those who were noisy before it, a process that begins anew holds nothing that piled up.
        let start = wasDueAtRestart(key, options, now) ? restarts[key.runtime].map { $0 + Trouble.startup } : nil
        let past = known.filter { trouble in
            trouble.isSure && now - trouble.until < rest && start.map { trouble.until > $0 } ?? true
        }
        return past.max { $0.until == $1.until ? Trouble.isLess($0, $1) : $0.until < $1.until }.map { ($0, rest - (now - $0.until)) }
    }

    /// Whether a runtime restarted or had a fault at any moment since: then what is different now is not an action's doing.
    func disturbance(of runtime: String, since: Timestamp) -> String? {
        if let restart = restarts[runtime], restart >= since { return "\(runtime) restarted at \(restart)" }
        return troubles[runtime]?.first { $0.isSure && $0.until >= since }.map { "\($0.text(runtime)) at \($0.until)" }
    }
}

extension Trouble {
    private var rank: Int {
        switch cause {
        case .rule: 3
        case .down: 2
        case .unhealthy: 1
        case .blind: 0
        }
    }

    fileprivate static func isLess(_ a: Trouble, _ b: Trouble) -> Bool {
        if a.rank != b.rank { return a.rank < b.rank }
        return a.since > b.since
    }
}

extension PolicySet {
    /// Rules on a runtime from which follows how its apps look: those that keep rules about apps quiet. One that asks for
    /// actions itself is no fault of another kind: a full runtime is what its tenants make of it.
    var causes: Set<String> {
        let quieting = Set(defaultPolicy.appRules.flatMap(\.suppressedBy))
        return Set(
            rules(for: .runtime).lazy
                .filter { rule in
                    quieting.contains(rule.name)
                        && !rule.actions.contains { if case .lease = $0 { true } else { false } }
                }
                .map(\.name))
    }
}

extension CompiledCondition {
    /// How far back it looks at what happened. What looks further back than an hour looks at what is usual.
    var recentRange: TimeSpan {
        readings.map { $0.series.range ?? $0.series.window ?? .zero }.filter { $0 <= Trouble.longestRange }.max() ?? .zero
    }
}

// MARK: - As a document

extension Trouble {
    func document(_ runtime: String) -> JSON {
        let (kind, rule): (String, String?) =
            switch cause {
            case .down: ("down", nil)
            case .unhealthy: ("unhealthy", nil)
            case .blind: ("blind", nil)
            case .rule(let name): ("rule", name)
            }
        return [
            "runtime": .string(runtime), "cause": .string(kind), "rule": .optional(rule), "since": .moment(since),
            "until": .moment(until), "sure": .bool(isSure), "times": .int(Int64(times)), "seen": .bool(isSeen),
        ]
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        let kind = try reader.member("cause")
        let cause: Cause
        switch try kind.string() {
        case "down": cause = .down
        case "unhealthy": cause = .unhealthy
        case "blind": cause = .blind
        case "rule": cause = .rule(try reader.member("rule").string())
        default: throw kind.error("is no cause")
        }
        self.init(
            cause: cause, since: try reader.member("since").timestamp(), until: try reader.member("until").timestamp(),
            isSure: try reader.member("sure").bool(), times: try reader.optional("times")?.count() ?? 1,
            isSeen: try reader.optional("seen")?.bool() ?? true)
    }
}

extension GuardState.Due {
    var document: JSON {
        var object = JSONObject()
        if let members = key.document.object { for member in members { object.append(member.key, member.value) } }
        object.append("since", .moment(since))
        object.append("at", .moment(at))
        return .object(object)
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        let at = try reader.member("at").timestamp()
        self.init(key: try LeaseKey(reader), since: try reader.optional("since")?.timestamp() ?? at, at: at)
    }
}
