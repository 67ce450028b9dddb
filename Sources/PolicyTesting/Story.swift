import Engine
import Model
import Policy
import Signals

/// All frames of one test, and what can be asked of them.
struct Story {
    let frames: [Frame]
    let policies: PolicySet
    /// By the id of the incident, what it is about.
    private let incidents: [String: Incident]

    init(_ frames: [Frame], _ policies: PolicySet) {
        self.frames = frames
        self.policies = policies
        incidents = Dictionary(
            frames.flatMap(\.changes).map { ($0.incident.id, $0.incident) }, uniquingKeysWith: { first, _ in first })
    }

    var begin: Timestamp { frames.first?.at ?? GivenSeries.usualStart }

    /// The newest frame that is not later; the first one where all are.
    func index(at moment: TimeSpan) -> Int {
        frames.lastIndex { $0.at - begin <= moment } ?? 0
    }

    /// What a rule of this kind was judged on, each once, in the order of listings.
    func subjects(_ kind: SubjectKind) -> [Subject] {
        frames.reduce(into: Set<Subject>()) { $0.formUnion($1.readings.subjects(kind)) }.sorted()
    }

    func standing(_ rule: String, _ subject: Subject, _ index: Int) -> Standing? {
        // Of several runtimes on one tape only the newest frame of the subject's own says something.
        frames[...index].last { $0.runtime.isSame(as: subject.runtime) }?.standings.first {
            $0.rule == rule && $0.subject == subject
        }
    }

    func incident(_ rule: String, _ subject: Subject, _ index: Int) -> Expectation.IncidentState {
        for frame in frames[...index].reversed() {
            let change = frame.changes.last { $0.incident.rule == rule && $0.incident.subject == subject }
            if let change { return change.incident.resolvedAt == nil ? .open : .resolved }
        }
        return .none
    }

    /// The newest verdict on an action for the incidents of a rule on a subject. `app` nil: on whichever app.
    func verdict(_ rule: String, _ subject: Subject, _ kind: ActionKind, app: AppID?, _ index: Int) -> Verdict? {
        for frame in frames[...index].reversed() {
            let decision = frame.decisions.last { decision in
                guard let incident = incidents[decision.incident] else { return false }
                return incident.rule == rule && incident.subject == subject && decision.key.kind == kind
                    && (app == nil || decision.key.app == app)
            }
            if let decision { return decision.verdict }
        }
        return nil
    }

    /// The rule's condition with the values of a frame put in; nil when the subject was not read then.
    func explanation(_ rule: String, _ subject: Subject, _ index: Int) -> Explanation? {
        guard let frame = frames[...index].last(where: { $0.runtime.isSame(as: subject.runtime) }),
            let found = policies.rule(rule, for: subject)
        else { return nil }
        return frame.readings.view(of: subject).map { found.when.explain($0) }
    }

    /// Rules that fired on anything at any time, sorted.
    var fired: [String] {
        let names = Set(frames.flatMap(\.standings).filter { $0.phase == .firing }.map(\.rule))
        return names.inByteOrder()
    }
}
