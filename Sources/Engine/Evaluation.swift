import Model
import Policy
import Signals

/// One evaluation of one runtime: goes through the rules, advances their states, keeps the incidents.
///
/// Runs rules × apps over a table. Apps on which a rule is inactive and stays so cost one evaluation of its condition
/// and nothing else; only the few that are not inactive are looked up.
struct Evaluation {
    var state: RuntimeState
    private(set) var outcome: TickOutcome
    let policies: PolicySet
    private let readings: ReadingTable
    let clock: ObservationClock
    private let labels: [String: String]
    let restartedAt: Timestamp?
    /// What is remembered of the hosts that the runtime runs on, by their names.
    let hosts: [(name: String, state: RuntimeState)]
    /// Rows of apps that have a policy of their own, ascending, with its position in the set.
    private let ownPolicies: [(row: Int, policy: Int)]
    /// By slot: what was found out of it over all apps, so far.
    private var spreads: [Spread?]

    init(
        state: RuntimeState, policies: PolicySet, readings: ReadingTable, clock: ObservationClock,
        labels: [String: String], restartedAt: Timestamp?, hosts: [(name: String, state: RuntimeState)], wall: Timestamp
    ) {
        self.state = state
        self.policies = policies
        self.readings = readings
        self.clock = clock
        self.labels = labels
        self.restartedAt = restartedAt
        self.hosts = hosts
        let now = max(state.now, wall)
        self.state.now = now
        outcome = TickOutcome(runtime: readings.runtime, now: now)
        var own: [(row: Int, policy: Int)] = []
        for (index, policy) in policies.policies.enumerated() {
            if let app = policy.app, let row = readings.index(of: app) { own.append((row, index)) }
        }
        ownPolicies = own.sorted { $0.row < $1.row }
        spreads = Array(repeating: nil, count: readings.demand.count)
    }

    mutating func run() {
        state.forgetOldIncidents()
        var gone = Set(state.rules.keys)
        for plan in policies.plans {
            if !gone.isEmpty { gone.remove(plan.key) }
            evaluate(plan)
        }
        for key in gone.sorted() {
            for entry in state.rules.removeValue(forKey: key) ?? [] { remove(entry, key, "rule removed") }
        }
        outcome.sort()
    }

    // MARK: - One rule

    private mutating func evaluate(_ plan: RulePlan) {
        let kind = plan.key.kind
        let placed = take(plan.key)
        var kept: [RuleEntry] = []
        var scan = Scan(plan: plan, rule: policies.version(of: plan, policy: 0), clock: clock, source: TableRow(readings, kind: kind))
        scan.runtimeSuppressor = suppressor(of: scan.rule)
        scan.mayStart = canStart(scan.rule, kind)
        // Rows that need a closer look; all between them are scanned for the first row that is true.
        let ownRows = kind.isOfApp ? rows(kind) : []
        let stops = merge(placed.present.map(\.row), ownRows.map(\.row))
        var entries = placed.present[...]
        var own = ownRows[...]
        var next = 0
        for stop in stops {
            start(&scan, next..<stop, into: &kept)
            next = stop + 1
            let entry = entries.first?.row == stop ? entries.removeFirst().entry : nil
            let policy = own.first?.row == stop ? own.removeFirst().policy : 0
            visit(&scan, row: stop, policy: policy, entry, into: &kept)
        }
        start(&scan, next..<readings.count(kind), into: &kept)
        for entry in placed.absent { wait(entry, scan, into: &kept) }
        guard !kept.isEmpty else { return }
        kept.sort { $0.id.lexicographicallyPrecedes($1.id) }
        state.rules[plan.key] = kept
    }

    /// Rows of a kind whose app has a policy of its own, ascending, with its position in the set.
    private func rows(_ kind: SubjectKind) -> [(row: Int, policy: Int)] {
        guard kind == .workflow else { return ownPolicies }
        return ownPolicies.flatMap { own in readings.rows(kind, ofApp: own.row).map { (row: $0, policy: own.policy) } }
    }

    /// The entries of a rule with the rows that they stand for, ascending, and those without a row.
    private mutating func take(_ key: RuleKey) -> (present: [(row: Int, entry: RuleEntry)], absent: [RuleEntry]) {
        guard !state.rules.isEmpty, let entries = state.rules.removeValue(forKey: key) else { return ([], []) }
        var present: [(row: Int, entry: RuleEntry)] = []
        var absent: [RuleEntry] = []
        for entry in entries {
            if let row = readings.row(of: entry.id, key.kind) {
                present.append((row, entry))
            } else {
                absent.append(entry)
            }
        }
        return (present.sorted { $0.row < $1.row }, absent)
    }

    /// Whether the rule may be true of any row. Of apps that is mostly known without a look at each: no reading is anywhere as
    /// large as is asked for.
    private mutating func canStart(_ rule: Rule?, _ kind: SubjectKind) -> Bool {
        guard let rule, kind == .app, readings.apps.count > Evaluation.fewApps else { return rule != nil }
        return rule.when.canHold { slot in
            if let known = spreads[slot] { return known }
            let spread = readings.appSpread(slot)
            spreads[slot] = spread
            return spread
        }
    }

    /// So many are looked at one by one as fast.
    private static let fewApps = 8

    /// Starts the rule on every row in the range whose condition is true. These rows have no state and no own policy.
    private mutating func start(_ scan: inout Scan, _ rows: Range<Int>, into kept: inout [RuleEntry]) {
        guard scan.mayStart, let rule = scan.rule, let at = scan.observed else { return }
        var row = rows.lowerBound
        while let found = scan.firstTrue(rule.when, row..<rows.upperBound) {
            start(rule, at: at, scan.source, runtimeSuppressor: scan.runtimeSuppressor, into: &kept)
            row = found + 1
        }
    }

    private mutating func start(
        _ rule: Rule, at: Timestamp, _ source: TableRow, runtimeSuppressor: String?, into kept: inout [RuleEntry]
    ) {
        let subject = readings.subject(source.kind, row: source.row)
        var entry = RuleEntry(id: subject.idBytes, state: RuleState(firstTrue: at))
        entry.state.before = takeCutShort(rule, source.kind, entry.id, at: at)
        entry.state.evidence = EvidenceSeries.sample(rule.when, source, at: at, onto: [])
        let suppressor = runtimeSuppressor ?? suppressor(of: rule, source.kind, entry.id)
        let change = entry.state.start(timing(rule), suppressor: suppressor)
        apply(change, rule, subject, source, &entry)
        keep(entry, rule, subject, into: &kept)
    }

    /// A row with a state, or with a policy of its own.
    private mutating func visit(
        _ scan: inout Scan, row: Int, policy: Int, _ entry: RuleEntry?, into kept: inout [RuleEntry]
    ) {
        scan.source.row = row
        let rule = policy == 0 ? scan.rule : policies.version(of: scan.plan, policy: policy)
        guard let rule else {
            if let entry { remove(entry, scan.plan.key, "rule removed") }
            return
        }
        let runtimeSuppressor = policy == 0 ? scan.runtimeSuppressor : suppressor(of: rule)
        let observed = policy == 0 ? scan.observed : clock.observed(rule.when.endpoints)
        guard var entry else {
            if let observed, rule.when.evaluate(scan.source) == .yes {
                start(rule, at: observed, scan.source, runtimeSuppressor: runtimeSuppressor, into: &kept)
            }
            return
        }
        let subject = readings.subject(scan.source.kind, row: row)
        entry.absentSince = nil
        if let observed {
            let isNew = observed > entry.state.observed
            let suppressor = runtimeSuppressor ?? suppressor(of: rule, scan.source.kind, entry.id)
            let truth = Evaluation.truth(of: rule, entry.state.phase, scan.source)
            if isNew { sample(rule.when, scan.source, at: observed, &entry) }
            let before = entry.state
            let restart = rule.subject.isOfApp ? restartedAt : nil
            if let change = entry.state.advance(
                truth, at: observed, timing(rule), suppressor: suppressor, restart: restart)
            {
                if change.to == .inactive { noteCutShort(rule, scan.plan.key, entry.id, before, at: observed) }
                apply(change, rule, subject, scan.source, &entry)
            }
        }
        keep(entry, rule, subject, into: &kept)
    }

    /// A subject that the readings do not hold: nothing is known of it, so its state stays as it is for a while. A replica
    /// that nobody names any more is gone, and not down.
    private mutating func wait(_ entry: RuleEntry, _ scan: Scan, into kept: inout [RuleEntry]) {
        if scan.plan.key.kind == .replica, readings.namesAllReplicas { return remove(entry, scan.plan.key, "no longer a replica") }
        var entry = entry
        let since = entry.absentSince ?? outcome.now
        let subject = Subject(scan.plan.key.kind, id: entry.id, runtime: outcome.runtime)
        let version = subject.app.map { policies.index(for: $0) } ?? 0
        guard let rule = policies.version(of: scan.plan, policy: version) else { return remove(entry, scan.plan.key, "rule removed") }
        guard outcome.now - since < EngineState.absentLimit else {
            return remove(entry, scan.plan.key, "not seen for \(EngineState.absentLimit)")
        }
        entry.absentSince = since
        entry.state.truth = .unknown
        keep(entry, rule, subject, into: &kept)
    }

    mutating func remove(_ entry: RuleEntry, _ key: RuleKey, _ reason: String) {
        let subject = Subject(key.kind, id: entry.id, runtime: outcome.runtime)
        state.remove(entry, key, subject, reason, into: &outcome)
    }

    mutating func keep(_ entry: RuleEntry, _ rule: Rule, _ subject: Subject, into kept: inout [RuleEntry]) {
        guard entry.state.phase != .inactive else { return }
        kept.append(entry)
        let incident = entry.state.incident.flatMap { state.incidents[$0]?.id }
        outcome.standings.append(
            Standing(
                rule: rule.name, subject: subject, phase: entry.state.phase, since: entry.state.since + entry.state.dipped,
                unseen: entry.state.blind,
                observed: entry.state.observed, isKnownTrue: entry.state.truth == .yes, maxGap: clock.maxGap(of: rule),
                interval: rule.when.endpoints.map(clock.interval).max() ?? .zero,
                suppressedBy: entry.state.suppressedBy, incident: incident))
    }

    // MARK: - Its parts

    /// What a rule says of a subject: its `when`, and once it fires also its `while`.
    private static func truth(of rule: Rule, _ phase: Phase, _ source: TableRow) -> Truth {
        let when = rule.when.evaluate(source)
        guard let keeps = rule.keeps, when != .yes, phase == .firing || phase == .clearing else { return when }
        return when || keeps.evaluate(source)
    }

    /// The condition that decided a change of phase, with its values. Once a rule fires its `while` decides wherever its
    /// `when` does not hold: what stands in both is said once.
    private static func words(of rule: Rule, _ phase: Phase, _ source: TableRow) -> String {
        let when = rule.when.explain(source)
        guard let keeps = rule.keeps, phase == .firing || phase == .clearing, when.truth != .yes else { return when.withValues }
        return keeps.explain(source).withValues
    }

    private static func compared(_ rule: Rule, _ phase: Phase, _ source: TableRow) -> [ComparedReading] {
        let when = rule.when.compared(source)
        guard let keeps = rule.keeps, phase == .firing || phase == .clearing else { return when }
        let known = Set(when.map(\.series))
        return when + keeps.compared(source).filter { !known.contains($0.series) }
    }

    private func timing(_ rule: Rule) -> RuleState.Timing {
        RuleState.Timing(
            hold: clock.hold(of: rule), dips: clock.dips(of: rule), slack: clock.slack(of: rule), clearAfter: rule.clearAfter,
            maxGap: clock.maxGap(of: rule))
    }

    private mutating func sample(
        _ condition: CompiledCondition, _ source: TableRow, at: Timestamp, _ entry: inout RuleEntry
    ) {
        if let fingerprint = entry.state.incident, let incident = state.incidents[fingerprint] {
            let series = EvidenceSeries.sample(condition, source, at: at, onto: incident.evidence)
            state.incidents[fingerprint]?.evidence = series
            noteChange(of: condition, fingerprint, at: at)
            outcome.refreshed.append(incident.id)
        } else {
            entry.state.evidence = EvidenceSeries.sample(condition, source, at: at, onto: entry.state.evidence)
        }
    }

    /// An incident keeps the condition that it was opened by. Where the rule says something else by now, that is noted, once
    /// for each text.
    private mutating func noteChange(of condition: CompiledCondition, _ fingerprint: String, at: Timestamp) {
        guard let incident = state.incidents[fingerprint], incident.transitions.last?.to != .inactive else { return }
        let last = incident.handling.last { $0.kind == .note && $0.by == Incident.policyNoter }
        let isAsOpened = condition.text.isSame(as: incident.condition)
        let text =
            isAsOpened
            ? last.map { _ in "the rule is again as when it opened" }
            : "the rule was changed since it opened, and goes by this now: \(condition.text)"
        guard let text, last.map({ !$0.text.isSame(as: text) }) ?? true else { return }
        state.incidents[fingerprint]?.handling.appendBounded(
            HandlingNote(at: at, kind: .note, by: Incident.policyNoter, text: text))
    }

    /// Records a change of phase, and opens, changes or resolves its incident.
    private mutating func apply(
        _ change: RuleState.Change, _ rule: Rule, _ subject: Subject, _ source: TableRow, _ entry: inout RuleEntry
    ) {
        let next = change.to == .inactive && entry.state.incident != nil ? successor(of: rule, subject) : nil
        let transition = Transition(
            at: outcome.now, rule: rule.name, subject: subject, from: change.from, to: change.to,
            reason: change.reason + (next.map { ", while \($0) holds" } ?? ""),
            condition: Evaluation.words(of: rule, change.from, source),
            readings: Evaluation.compared(rule, change.from, source))
        outcome.transitions.append(transition)
        if change.to == .firing, entry.state.incident == nil {
            state.open(rule, transition, labels, &entry.state, into: &outcome)
        } else {
            state.note(transition, &entry.state, resolveReason: next == nil ? "cleared" : "overtaken", into: &outcome)
        }
    }
}

/// A rule on its way over the rows of a table.
private struct Scan {
    let plan: RulePlan
    /// The default policy's version; nil where only an app's own policy has the rule.
    let rule: Rule?
    let observed: Timestamp?
    var runtimeSuppressor: String?
    /// Whether the condition can be true of a row at all.
    var mayStart = true
    var source: TableRow

    init(plan: RulePlan, rule: Rule?, clock: ObservationClock, source: TableRow) {
        self.plan = plan
        self.rule = rule
        observed = rule.flatMap { clock.observed($0.when.endpoints) }
        self.source = source
    }

    /// The first row in the range at which the condition is known true, with the source left on it; nil when there is
    /// none. The loop in which nearly all time is spent: it must not allocate.
    mutating func firstTrue(_ condition: CompiledCondition, _ rows: Range<Int>) -> Int? {
        for row in rows {
            source.row = row
            if condition.evaluate(source) == .yes { return row }
        }
        return nil
    }
}
