import Cycle
import Engine
import Journal
import Model
import Policy

/// What may become an incident: a rule whose condition is true already, and not for long enough to tell anybody.
public struct Begun: Sendable {
    public let rule: String
    public let subject: Subject
    public let since: Timestamp
    /// Of the rule; nil where the journal does not say which rules are in force.
    public let severity: Severity?
    /// From when on it is told if it stays so; nil where that is not known, and while another rule keeps it quiet.
    public let due: Timestamp?
    public let suppressedBy: String?

    /// Whether it would tell somebody that something is wrong: no note, and nothing that follows from what is told.
    public var isReal: Bool { suppressedBy == nil && severity != .info }

    /// All of them: what would weigh most first, then what is told first.
    static func all(_ engine: EngineState, _ sights: [RuntimeSight], in journal: Journal) -> [Begun] {
        let begun = engine.begun
        guard !begun.isEmpty else { return [] }
        let policies = PolicySet.inForce(in: journal)
        let clocks = Dictionary(sights.map { ($0.summary.runtime, ObservationClock(sight: $0)) }) { first, _ in first }
        let all = begun.compactMap { one -> Begun? in
            let rule = policies?.rule(one.rule, for: one.subject)
            // A rule that is not in force any more ends with the next poll.
            guard rule != nil || policies == nil else { return nil }
            let hold = rule.map { rule in clocks[one.subject.runtime]?.hold(of: rule) ?? rule.hold }
            return Begun(
                rule: one.rule, subject: one.subject, since: one.since, severity: rule?.severity,
                due: one.suppressedBy == nil ? hold.map(one.due) : nil, suppressedBy: one.suppressedBy)
        }
        return all.enumerated().sorted { a, b in
            let (left, right) = (a.element.weight, b.element.weight)
            if left != right { return left > right }
            if a.element.due != b.element.due { return (a.element.due ?? a.element.since) < (b.element.due ?? b.element.since) }
            return a.offset < b.offset
        }.map(\.element)
    }

    private var weight: Int {
        guard isReal else { return suppressedBy == nil ? 1 : 0 }
        return severity == .critical ? 3 : 2
    }
}

extension PolicySet {
    /// What an engine has written that it decides by; nil where none has, or it cannot be read.
    static func inForce(in journal: Journal) -> PolicySet? {
        guard let files = Pipeline.policiesInForce(in: journal), case .success(let set) = PolicyLoader.load(files: files) else {
            return nil
        }
        return set
    }
}

extension ObservationClock {
    /// How far apart polls are, as it was seen last.
    fileprivate init(sight: RuntimeSight) {
        self.init(interval: sight.interval)
        if let perf = sight.summary.replicas.map(\.perfInterval).max() { setInterval(perf, of: .perf) }
    }
}

// MARK: - In words

extension Begun {
    /// `runtime-crowded on runtime shared`
    public var name: String { "\(Shown.id(rule)) on \(subject)" }

    /// `told from 10:05:00 if it stays so`
    /// - Parameter moment: writes a moment by the reader's clocks.
    public func outlook(at now: Timestamp, _ moment: (Timestamp) -> String) -> String {
        if let suppressedBy { return "told to nobody while \(Shown.id(suppressedBy)) holds it back" }
        guard let due else { return "told if it lasts" }
        return due > now ? "told from \(moment(due)) if it stays so" : "told at the next poll if it still is so"
    }

    /// Those that would tell that something is wrong, in a sentence; nil where there are none. The rest is counted.
    public static func sentence(_ all: [Begun], at now: Timestamp, _ moment: (Timestamp) -> String) -> String? {
        let real = all.filter(\.isReal)
        guard let first = groups(real).first else { return nil }
        let more = real.count - first.all.count
        return "\(first.name) has begun, \(first.outlook(at: now, moment))" + (more > 0 ? "; and \(more) more" : "")
    }

    /// What is one thing to whoever reads: one, or many of one rule on one runtime, as of open incidents.
    public struct Group: Sendable {
        /// What is told first comes first; never empty.
        public let all: [Begun]

        public var first: Begun { all[0] }
        /// When the first of them began.
        public var since: Timestamp { all.reduce(first.since) { min($0, $1.since) } }
        /// `noisy-neighbor on 200 apps of shared`
        public var name: String {
            all.count == 1 ? first.name : "\(Shown.id(first.rule)) on \(OpenGroups.words(all.count, like: first.subject))"
        }

        /// As that of one; where they are not told at once, that of the first.
        public func outlook(at now: Timestamp, _ moment: (Timestamp) -> String) -> String {
            (all.allSatisfy { $0.due == first.due && $0.suppressedBy == first.suppressedBy } ? "" : "the first ")
                + first.outlook(at: now, moment)
        }
    }

    /// - Parameter all: in the order in which they are told.
    public static func groups(_ all: [Begun]) -> [Group] {
        struct Key: Hashable {
            let rule: String
            let runtime: String
            let kind: SubjectKind
            let isReal: Bool
        }
        func keyed(_ one: Begun) -> Key {
            Key(rule: one.rule, runtime: one.subject.runtime, kind: one.subject.kind, isReal: one.isReal)
        }
        return OpenGroups.gathered(all, by: keyed).map(Group.init)
    }

    /// As a member of the situation's document.
    public var document: JSON {
        [
            "rule": .string(rule), "kind": .string(subject.kind.rawValue), "runtime": .string(subject.runtime),
            "subject": .string(subject.idText), "severity": .optional(severity?.rawValue), "since": .moment(since),
            "told_from": .moment(due), "held_back_by": .optional(suppressedBy),
        ]
    }
}
