import Model
import Policy
import Signals

/// What stands around a rule: the process that died, and the rules that keep it quiet.
extension Evaluation {
    mutating func noteCutShort(_ rule: Rule, _ key: RuleKey, _ id: [UInt8], _ state: RuleState, at: Timestamp) {
        guard key.kind.isOfApp else { return }
        let hold = clock.hold(of: rule)
        let held = state.phase == .pending ? min(state.held, hold) : hold
        guard CutShort.isEnough(held, of: hold) else { return }
        var known = self.state.cutShort[key] ?? []
        known.removeAll { $0.id == id }
        known.append(CutShort(id: id, held: held, seenTrue: state.seenTrue, endedAt: state.falseSince ?? at))
        known.sort { $0.id.lexicographicallyPrecedes($1.id) }
        self.state.cutShort[key] = known
    }

    /// How long the condition held of an app when a process died under it; zero where none did.
    mutating func takeCutShort(_ rule: Rule, _ kind: SubjectKind, _ id: [UInt8], at: Timestamp) -> TimeSpan {
        let key = RuleKey(kind: kind, rule: rule.name)
        guard let restartedAt, let index = state.cutShort[key]?.firstIndex(where: { $0.id == id }),
            let found = state.cutShort[key]?[index]
        else { return .zero }
        // Endpoints are asked one after the other: that it is another process may be heard a little later than its figures.
        let interval = rule.when.endpoints.map(clock.interval).max() ?? .zero
        guard restartedAt > found.seenTrue, restartedAt <= found.endedAt + interval,
            at - found.endedAt <= EngineState.flapTime
        else { return .zero }
        state.cutShort[key]?.remove(at: index)
        return found.held
    }

    // MARK: - Suppression

    /// A rule of the runtime, or of a host that it runs on, that fires and suppresses this one; the first by name.
    ///
    /// Only a rule that fires suppresses. One that is merely pending may never fire, and would have hidden a true
    /// incident meanwhile; so a suppressor's `for` should be shorter than what it suppresses.
    func suppressor(of rule: Rule?) -> String? {
        // As it nearly always is: nothing is true of the runtime.
        guard let rule, !state.rules.isEmpty || !hosts.isEmpty else { return nil }
        let id = Array(outcome.runtime.utf8)
        return rule.suppressedBy.first {
            state.isFiring(RuleKey(kind: .runtime, rule: $0), id: id, clearAfter: policies.clearAfter)
                || isFiringOnHost($0, clearAfter: policies.clearAfter)
        }
    }

    /// Whether a rule fires on a host that the runtime runs on, by its last look.
    private func isFiringOnHost(_ rule: String, clearAfter: TimeSpan) -> Bool {
        hosts.contains { $0.state.isFiring(RuleKey(kind: .host, rule: rule), id: Array($0.name.utf8), clearAfter: clearAfter) }
    }

    /// A rule that fires on this very subject and suppresses this one. What happens to one app or replica explains
    /// nothing about another, so it goes no further; but what happens to an app explains its workflows, and the other way round.
    func suppressor(of rule: Rule, _ kind: SubjectKind, _ id: [UInt8]) -> String? {
        rule.suppressedBy.first { cause in
            if state.isFiring(RuleKey(kind: kind, rule: cause), id: id, clearAfter: policies.clearAfter) { return true }
            if isFiring(cause, near: kind, id, clearAfter: policies.clearAfter) { return true }
            // What one app does may be all that is to be seen of its runtime: then its story has been told.
            let parts: [SubjectKind] = [.app, .workflow]
            return kind == .runtime
                && parts.contains { state.isFiringAnywhere(RuleKey(kind: $0, rule: cause), clearAfter: policies.clearAfter) }
        }
    }

    /// Whether a rule fires on the app of a workflow, or on any workflow of an app: what is told of the one is the other's story.
    private func isFiring(_ cause: String, near kind: SubjectKind, _ id: [UInt8], clearAfter: TimeSpan) -> Bool {
        switch kind {
        case .workflow:
            guard let app = Subject(kind, id: id, runtime: outcome.runtime).app else { return false }
            return state.isFiring(RuleKey(kind: .app, rule: cause), id: app.bytes, clearAfter: clearAfter)
        case .app:
            return state.isFiringAnywhere(RuleKey(kind: .workflow, rule: cause), clearAfter: clearAfter) { other in
                Subject(.workflow, id: other, runtime: outcome.runtime).app?.bytes == id
            }
        case .runtime, .replica, .host, .service: return false
        }
    }

    /// A rule that keeps this one quiet and holds while this one ends: what was told may go on as that, and is not denied.
    /// A process that is gone for good leaves the runtime's figures whole, and they still do not come from it.
    func successor(of rule: Rule, _ subject: Subject) -> String? {
        rule.suppressedBy.first { cause in
            func holds(_ kind: SubjectKind, id: [UInt8]) -> Bool {
                state.isFiring(RuleKey(kind: kind, rule: cause), id: id, clearAfter: .zero)
            }
            if holds(.runtime, id: Array(outcome.runtime.utf8)) || holds(rule.subject, id: subject.idBytes) { return true }
            if isFiringOnHost(cause, clearAfter: .zero) || isFiring(cause, near: rule.subject, subject.idBytes, clearAfter: .zero) {
                return true
            }
            guard rule.subject == .runtime else { return false }
            let others: [SubjectKind] = [.app, .replica, .workflow]
            return others.contains { state.isFiringAnywhere(RuleKey(kind: $0, rule: cause), clearAfter: .zero) }
        }
    }

    func merge(_ a: [Int], _ b: [Int]) -> [Int] {
        if b.isEmpty { return a }
        if a.isEmpty { return b }
        return Array(Set(a).union(b)).sorted()
    }
}
