import Engine
import Guard
import Model

/// What came of running policies over a past: every incident, every action, and when each rule stood where.
public struct ReplayStory: Sendable {
    /// A rule on a subject.
    public struct Place: Hashable, Comparable, Sendable {
        public let rule: String
        public let subject: Subject

        public init(rule: String, subject: Subject) {
            self.rule = rule
            self.subject = subject
        }

        public static func < (a: Place, b: Place) -> Bool {
            a.rule == b.rule ? a.subject < b.subject : a.rule.precedes(b.rule)
        }
    }

    /// A stretch of time in which a rule was in one phase.
    public struct Span: Hashable, Sendable {
        public let phase: Phase
        public let from: Timestamp
        /// Nil: to the end.
        public internal(set) var to: Timestamp?
    }

    /// The first tick and the last one; nil without any.
    public private(set) var first: Timestamp?
    public private(set) var last: Timestamp?
    public private(set) var ticks = 0
    private var byID: [String: Incident] = [:]
    private var leasesByID: [String: Lease] = [:]
    public private(set) var phases: [Place: [Span]] = [:]
    /// The critical incidents that opened or opened again, once for each time: what wakes people. What maintenance or a
    /// silence holds back wakes nobody, until it is over and the incident is not.
    public private(set) var pages: [String] = []
    private var held: Set<String> = []
    /// What it remembers, counted: of rules that are true of everybody all the time it is too much to hold.
    public private(set) var size = 0

    public init() {}

    /// - Parameter isHeld: whether something keeps an incident from being told at that moment.
    public mutating func add(_ result: TickResult, isHeld: (Incident) -> Bool = { _ in false }) {
        if first == nil { first = result.now }
        last = max(last ?? result.now, result.now)
        ticks += 1
        for incident in result.incidents where byID.updateValue(incident, forKey: incident.id) == nil { size += 10 }
        size += result.outcome.transitions.count
        for change in result.plan.leaseChanges { leasesByID[change.lease.id] = change.lease }
        for change in result.outcome.changes where change.incident.severity == .critical {
            guard change.kind == .opened || change.kind == .reopened else { continue }
            if isHeld(change.incident) { held.insert(change.incident.id) } else { pages.append(change.incident.id) }
        }
        for id in held.sorted() {
            guard let incident = byID[id] else { continue }
            if incident.resolvedAt != nil {
                held.remove(id)
            } else if !isHeld(incident) {
                held.remove(id)
                pages.append(id)
            }
        }
        for transition in result.outcome.transitions { note(transition) }
    }

    /// Takes in what somebody changed between two ticks.
    mutating func add(incidents: [Incident], leases: [Lease]) {
        for incident in incidents { byID[incident.id] = incident }
        for lease in leases where leasesByID[lease.id] != nil { leasesByID[lease.id] = lease }
    }

    private mutating func note(_ transition: Transition) {
        let place = Place(rule: transition.rule, subject: transition.subject)
        var spans = phases[place] ?? []
        if let last = spans.indices.last, spans[last].to == nil { spans[last].to = transition.at }
        if transition.to != .inactive { spans.append(Span(phase: transition.to, from: transition.at)) }
        phases[place] = spans
    }

    /// In the order of opening.
    public var incidents: [Incident] {
        byID.values.sorted { a, b in a.openedAt != b.openedAt ? a.openedAt < b.openedAt : a.id < b.id }
    }

    /// In the order of their beginning. Shadows are what would have been done in another mode.
    public var leases: [Lease] {
        leasesByID.values.sorted { a, b in a.createdAt != b.createdAt ? a.createdAt < b.createdAt : a.id < b.id }
    }

    /// How long a lease lasted, up to the end of the story.
    public func duration(of lease: Lease) -> TimeSpan {
        max(.zero, min(lease.endedAt ?? lease.expiresAt, last ?? lease.createdAt) - lease.createdAt)
    }

    /// The rules that asked for a lease, sorted.
    public func rules(of lease: Lease) -> [String] {
        Set(lease.holders.compactMap { byID[$0.incident]?.rule }).inByteOrder()
    }

    /// What a person would have been asked for, in the order of asking.
    public var offers: [ActionDecision] { incidents.flatMap(\.offers) }

    /// The story without what is about another app. What is about runtimes goes too.
    public func only(_ app: AppID) -> ReplayStory {
        var story = self
        story.byID = byID.filter { $0.value.subject.app == app }
        story.leasesByID = leasesByID.filter { $0.value.key.app == app }
        story.phases = phases.filter { $0.key.subject.app == app }
        story.pages = pages.filter { story.byID[$0] != nil }
        return story
    }
}

/// Two stories of the same past, told apart.
public struct ReplayComparison: Sendable {
    /// One incident of either story, or one of each that are the same.
    public struct Pair: Sendable {
        public let old: Incident?
        public let new: Incident?

        var incident: Incident? { new ?? old }

        /// Whether it is the same for whoever looks: as severe, opened and resolved at the same times, as often in between,
        /// and with the same answers to the same actions.
        public var isSame: Bool {
            old?.openedAt == new?.openedAt && old?.resolvedAt == new?.resolvedAt && old?.severity == new?.severity
                && old?.flaps == new?.flaps && hasSameActions
        }

        public var hasSameActions: Bool { old?.answers == new?.answers }
    }

    public let old: ReplayStory
    public let new: ReplayStory
    /// By the time of opening.
    public let pairs: [Pair]

    /// - Parameters:
    ///   - old: what is in force.
    ///   - new: what is proposed.
    public init(old: ReplayStory, new: ReplayStory) {
        self.old = old
        self.new = new
        var pairs: [Pair] = []
        var rest = new.incidents
        for incident in old.incidents {
            // The same rule on the same subject, at the same time: the earliest that is not taken yet.
            let same = rest.firstIndex { other in
                other.fingerprint == incident.fingerprint
                    && other.openedAt <= (incident.resolvedAt ?? .distantFuture)
                    && incident.openedAt <= (other.resolvedAt ?? .distantFuture)
            }
            pairs.append(Pair(old: incident, new: same.map { rest.remove(at: $0) }))
        }
        pairs += rest.map { Pair(old: nil, new: $0) }
        self.pairs = pairs.sorted { a, b in
            guard let x = a.incident, let y = b.incident else { return false }
            return x.openedAt != y.openedAt ? x.openedAt < y.openedAt : x.id < y.id
        }
    }

    /// Figures of one story that can be set side by side.
    public struct Count: Hashable, Sendable {
        public var incidents = 0
        public var pages = 0
        public var actions = 0
        public var actionTime = TimeSpan.zero
        /// Approvals that people were asked for.
        public var offers = 0

        public init() {}
    }

    /// What a group of incidents and actions counts in each story.
    public struct Row: Sendable {
        public let name: String
        public var old = Count()
        public var new = Count()
    }

    public static func total(_ story: ReplayStory) -> Count {
        var count = Count()
        count.incidents = story.incidents.count
        count.pages = story.pages.count
        count.actions = story.leases.count
        count.actionTime = story.leases.reduce(.zero) { $0 + story.duration(of: $1) }
        count.offers = story.offers.count
        return count
    }

    /// A row for each rule that had an incident or asked for an action, sorted by name.
    public var byRule: [Row] {
        rows(
            incident: { $0.rule }, lease: { story, lease in story.rules(of: lease).joined(separator: ", ") },
            offer: { incident, _ in incident.rule })
    }

    /// A row for each app that had an incident or an action, sorted by its text.
    public var byApp: [Row] {
        rows(incident: { $0.subject.app?.text }, lease: { $1.key.app.text }, offer: { $1.key.app.text })
    }

    private func rows(
        incident: (Incident) -> String?, lease: (ReplayStory, Lease) -> String, offer: (Incident, ActionDecision) -> String
    ) -> [Row] {
        var rows: [String: Row] = [:]
        func add(_ story: ReplayStory, _ side: WritableKeyPath<Row, Count>) {
            let pages = Dictionary(story.pages.map { ($0, 1) }, uniquingKeysWith: +)
            for each in story.incidents {
                for decision in each.offers {
                    let name = offer(each, decision)
                    rows[name, default: Row(name: name)][keyPath: side].offers += 1
                }
                guard let name = incident(each) else { continue }
                rows[name, default: Row(name: name)][keyPath: side].incidents += 1
                rows[name, default: Row(name: name)][keyPath: side].pages += pages[each.id] ?? 0
            }
            for each in story.leases {
                let name = lease(story, each)
                rows[name, default: Row(name: name)][keyPath: side].actions += 1
                rows[name, default: Row(name: name)][keyPath: side].actionTime =
                    rows[name, default: Row(name: name)][keyPath: side].actionTime + story.duration(of: each)
            }
        }
        add(old, \.old)
        add(new, \.new)
        return rows.values.inByteOrder(of: \.name)
    }
}

extension Incident {
    /// What people were asked for: an offer that stands while the guard says something else for a poll or two is asked for
    /// once.
    fileprivate var offers: [ActionDecision] {
        var asked: Set<String> = []
        return decisions.filter { decision in
            guard case .needsApproval = decision.verdict else { return false }
            return decision.approval.map { asked.insert($0).inserted } ?? true
        }
    }

    /// One answer of the guard, without its wording and without ids that follow from other answers.
    public struct GuardAnswer: Hashable, Sendable {
        public let at: Timestamp
        public let key: LeaseKey
        public let effect: Effect
        public let ttl: TimeSpan
        /// `act`, `refused`, …
        public let verdict: String
        /// The step of the guard that said so; nil where none did.
        public let because: String?
    }

    /// What the guard answered to the actions of this incident, in its order.
    public var answers: [GuardAnswer] {
        decisions.map { decision in
            let because: String? =
                switch decision.verdict {
                case .wouldAsk(let refusal), .needsApproval(let refusal), .refused(let refusal): refusal.step.rawValue
                case .act, .wouldHave, .alreadyInForce: nil
                }
            return GuardAnswer(
                at: decision.at, key: decision.key, effect: decision.effect, ttl: decision.ttl,
                verdict: decision.verdict.word, because: because)
        }
    }
}

extension Timestamp {
    /// Later than anything that happens.
    fileprivate static let distantFuture = Timestamp(milliseconds: .max)
}
