import Engine
import Guard
import Model
import Policy
import Signals

/// What people say yes or no to, and the deploys that they mark.
extension Pipeline {
    /// A yes or no to an offer: `{"approval": ID, "digest": …, "comment": …}`; the last two may be missing. The guard looks
    /// again at the next tick of the runtime, and what it says stands on the incident.
    mutating func answer(_ arguments: JSON, approves: Bool, by actor: String, now: Timestamp) -> Obedience {
        guard let id = arguments["approval"]?.string else { return Obedience(result: "not understood: no approval named") }
        let comment = (arguments["comment"]?.string).map(Shown.comment)
        let digest = arguments["digest"]
        guard digest == nil || digest?.isNull == true || digest?.string != nil else {
            return Obedience(result: "not understood: the digest is no text")
        }
        switch guardState.answer(
            id, digest: digest?.string, approves: approves, by: actor, comment: comment, now: now)
        {
        case .taken(let approval):
            let word = approves ? "approved" : "denied"
            let what = "\(approval.effect) of \(approval.key.app) for \(approval.ttl)"
            let note = HandlingNote(
                at: now, kind: .approval, by: actor, text: "\(word) \(approval.id): \(what)" + (comment.map { " (\($0))" } ?? ""))
            _ = engine.note(note, on: approval.incident)
            let next = approves ? "; the guard looks again at the next tick" : ""
            return Obedience(
                result: "\(word) \(approval.id): \(what)\(next)",
                incidents: engine.incident(approval.incident).map { [$0] } ?? [])
        case .unknown: return Obedience(result: "no approval '\(Shown.id(id))' waits; see mozaiks-ops actions approvals")
        case .changed(let approval):
            return Obedience(result: "\(approval.id) is not the action that was shown; see mozaiks-ops actions approvals")
        case .tooLate(let approval): return Obedience(result: approval.whyTooLate)
        }
    }

    /// Someone deploys: `{"name": NAME, "runtime": RUNTIME}`; without a runtime, to all of them.
    mutating func mark(_ arguments: JSON, by actor: String, now: Timestamp) -> Obedience {
        guard let name = arguments["name"]?.string, Mark.isName(name) else {
            return Obedience(result: "not understood: a mark needs a name, one line of at most 100 bytes")
        }
        let runtime = arguments["runtime"]?.string
        if let runtime, !settings.runtimes.contains(where: { $0.name.isSame(as: runtime) }) {
            return Obedience(result: "no \(WatchedKind.any(of: settings.runtimes.map(\.kind))) '\(Shown.id(runtime))' is watched")
        }
        guardState.mark(name, runtime: runtime, by: actor, now: now)
        return Obedience(
            result: "marked \(name) on \(runtime ?? "all runtimes"): no new actions for "
                + "\(settings.guardOptions.quietAfterRestart), then the signals are compared")
    }

    /// The readings that a tick judges by: those of the policies, and of a mark whose time has come.
    func demand(of runtime: String, now: Timestamp) -> [SeriesRef] {
        let restart = signals[runtime]?.newestRestart
        return guardState.comparesMarks(runtime, restart: restart, now: now) ? demand + GuardState.markDemand : demand
    }

    /// Puts what a tick found out about leases and marks on the incidents that they concern, and says which.
    mutating func noteFindings(_ plan: Plan, _ runtime: String, _ opened: [Incident], at now: Timestamp) -> Set<String> {
        var touched: Set<String> = []
        for found in plan.verifications {
            engine.record(found.verification, on: found.incident)
            touched.insert(found.incident)
        }
        // A comparison that became known now goes to everything that is open; an incident that opens hears of the last hour.
        let open = engine.openIncidents(of: runtime).map(\.id)
        for mark in plan.marks where mark.comparison(of: runtime)?.after != nil {
            for id in open where note(mark, runtime, on: id, now) { touched.insert(id) }
        }
        for incident in opened {
            for mark in guardState.marks where now - mark.at < .hours(1) && mark.comparison(of: runtime) != nil {
                if note(mark, runtime, on: incident.id, now) { touched.insert(incident.id) }
            }
        }
        return touched
    }

    private mutating func note(_ mark: Mark, _ runtime: String, on incident: String, _ now: Timestamp) -> Bool {
        let text = mark.story(of: runtime)
        let isThere = engine.incident(incident)?.handling.contains { $0.kind == .mark && $0.text.isSame(as: text) }
        guard isThere != true else { return false }
        return engine.note(HandlingNote(at: now, kind: .mark, by: mark.by ?? "engine", text: text), on: incident)
    }
}

extension Approval {
    /// Why an answer came too late, for people: who gave one before, and when.
    public var whyTooLate: String {
        let by = by ?? "somebody"
        let at = decidedAt.map { " at \($0)" } ?? ""
        switch state {
        case .expired where self.by != nil:
            return "\(id) was approved by \(by), and expired at \(expiresAt) before the guard could look again"
        case .waiting, .expired: return "\(id) expired at \(expiresAt)"
        case .approved: return "\(id) was approved by \(by)\(at)"
        case .used: return "\(id) was approved by \(by) and done\(at)"
        case .refused: return "\(id) was approved by \(by), and the guard refused\(at)"
        case .denied: return "\(id) was denied by \(by)\(at)"
        case .withdrawn: return "\(id) was withdrawn\(at): nothing asks for it any more, or its incident starts no other action"
        }
    }
}

extension Mark {
    /// In one line: `deploy v1.42 at …: error_rate[10m] 1% → 30% (!), run_starts[10m] 12/min → 11/min`.
    public func story(of runtime: String) -> String {
        let start = "\(title) at \(at)"
        guard let lines = comparison(of: runtime)?.lines, !lines.isEmpty else { return start }
        let changes = lines.filter { $0.before.value != nil || $0.after.value != nil }.map { line in
            "\(line.series) \(line.change)" + (line.isNotable ? " (!)" : "")
        }
        return start + ": " + (changes.isEmpty ? "nothing to compare" : changes.joined(separator: ", "))
    }
}

extension Mark.Comparison.Line {
    /// `1% → 30%`; `19.4/min (before: missing, not watched long enough yet)` where one side is not known: nothing was
    /// seen to change then.
    public var change: String {
        switch (before, after) {
        case (.value, .value): "\(Figure.text(before, unit)) → \(Figure.text(after, unit))"
        case (.missing(let reason), .value): "\(Figure.text(after, unit)) (not known before: \(reason.explanation))"
        case (.value, .missing(let reason)): "was \(Figure.text(before, unit)) (not known since: \(reason.explanation))"
        case (.missing, .missing(let reason)): "not known (\(reason.explanation))"
        }
    }
}
