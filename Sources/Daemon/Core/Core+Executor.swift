import Actions
import Ambient
import Cycle
import Guard
import JSONParsing
import Journal
import Model

/// Leases at the adapters besides the gate. The core decides and remembers; ``Executor`` asks the adapters.
///
/// A lease lands on the gate where there is one, at once and from memory, and beside it on every configured adapter that can
/// land it. It is in force once one of them has it, and over once none has it any more.
extension Core {
    /// How long something may resist being undone before people hear of it.
    static let undoPatience = TimeSpan.minutes(10)

    /// The wait after so many failures: doubled each time up to a minute, shortened by chance; at least what the receiver
    /// asked for, up to ten minutes.
    public static let wait: @Sendable (Int, TimeSpan?) -> TimeSpan = { attempts, asked in
        var random = SystemRandomNumberGenerator()
        let own = Backoff(base: .seconds(1), limit: .minutes(1)).wait(afterAttempt: attempts, using: &random)
        return max(own, min(asked ?? .zero, .minutes(10)))
    }

    /// Brings what is to be at the adapters in line with the guard's leases: in the transaction that decides them.
    func followLeases(_ record: inout TickRecord) {
        guard !places.isEmpty || !book.isEmpty else { return }
        let now = clock.now()
        let engine = pipeline.engine
        book.follow(pipeline.guardState.leases, places: places, now: now) { lease in
            let rule = lease.holders.lazy.compactMap { engine.incident($0.incident)?.rule }.first
            return (reason: rule.map { "asked by \($0)" } ?? "asked by the monitor", isApproved: lease.isApproved)
        }
        for placement in book.escalations(after: Core.undoPatience, now: now) { escalate(placement, &record, now) }
        keepPlacements(&record, now)
    }

    /// What is due at an adapter; counts as under way until it is settled. Nothing new is begun while what was decided
    /// is not on disk; what is to be undone is undone even then.
    func errands(of adapter: String, limit: Int) -> [PlacementBook.Errand] {
        let isStopped = isStopped
        let errands = book.errands(
            of: adapter, now: clock.now(), limit: limit, mayPut: lastCommitError == nil && unsaved.isEmpty, isStopped: isStopped)
        var record = TickRecord()
        keepPlacements(&record, clock.now())
        finish(&record)
        return errands
    }

    /// When an adapter's next errand is due; nil when none waits.
    func nextErrand(of adapter: String) -> Timestamp? { book.nextDue(adapter) }

    /// Whether the kill switch is on. Looks at its file, which is all there is of it.
    var isStopped: Bool { folder?.isKillSwitchOn ?? false }

    /// Takes what came of an errand and writes it down.
    func settle(_ errand: PlacementBook.Errand, _ answer: PlacementBook.Answer) {
        let now = clock.now()
        book.settle(errand, answer, now: now, wait: retryWait)
        var record = TickRecord()
        keepPlacements(&record, now)
        finish(&record)
    }

    /// The orders that an adapter is asked about.
    func ordersHeld(_ adapter: String) -> [LeaseOrder] { book.ordersHeld(adapter) }

    /// Takes what an adapter holds of ours: intents of which nothing was heard, leases that it forgot, leases that nobody
    /// here knows.
    func reconcile(_ adapter: String, _ holding: Holding, asked: [LeaseOrder]) {
        let now = clock.now()
        if case .unknown(let reason) = holding {
            logger.debug("cannot tell what is there", ["adapter": .text(adapter), "why": .text(reason)])
        }
        let expiry = places.first { $0.adapter == adapter }.flatMap { place in
            asked.lazy.compactMap { place.capability($0.key)?.expiry }.first
        }
        let news = book.reconcile(
            adapter, holding, asked: asked, expiry: expiry ?? .monitor,
            runtimes: Set(pipeline.settings.runtimes.map(\.name)), now: now)
        guard !news.isEmpty else { return }
        var record = TickRecord()
        for placement in news {
            let word: String
            switch placement.phase {
            case .landed: word = "it did land"
            case .reverting: word = told[placement.id] == nil ? "nobody here knows it: it is undone" : "it was no longer there"
            default: word = "it was no longer there: it is put again"
            }
            record.audit.append(entry("adapter.reconciled", placement, word, now))
            logger.warning(
                "found at an adapter", ["adapter": .text(adapter), "lease": .text(placement.lease), "what": .text(word)])
        }
        keepPlacements(&record, now)
        finish(&record)
    }

    /// Carries out what people asked for, without a cycle: for a command that found no engine at work. What is to be undone is
    /// tried at once, however often it failed and whatever the clock says.
    public func obey() -> Bool {
        var record = TickRecord()
        settleLeases(&record)
        takeCommands(&record)
        noteKillSwitch(&record)
        followLeases(&record)
        book.hurryUndoing(now: clock.now())
        record.states += pipeline.drainStates()
        unsaved.append(record)
        return flush()
    }

    /// What is still to be undone, as people are told it: `lease-… at lease_api: connection refused`.
    public var stillToUndo: [String] {
        book.all.filter { $0.phase == .reverting }.map { placement in
            "\(placement.lease) at \(placement.adapter)" + (placement.lastError.map { ": \($0)" } ?? "")
        }
    }

    // MARK: - Writing down

    /// Ends or confirms leases by what is known now, and commits if anything changed.
    private func finish(_ record: inout TickRecord) {
        let leases = record.leases.count
        settleLeases(&record)
        guard !record.isEmpty else { return }
        if record.leases.count != leases || !record.incidents.isEmpty { record.states += pipeline.drainStates() }
        unsaved.append(record)
        _ = flush()
    }

    /// Adds the rows of placements that changed, and what is to be said of it.
    private func keepPlacements(_ record: inout TickRecord, _ now: Timestamp) {
        for placement in book.drainChanges() {
            record.placements.append(
                PlacementRow(
                    lease: placement.lease, adapter: placement.adapter, isOver: placement.isOver, updatedAt: now,
                    document: placement.document.serialized()))
            let before = told.updateValue(placement, forKey: placement.id)
            tell(placement, before, &record, now)
            if placement.isOver { told[placement.id] = nil }
        }
        progress.revertsDue = book.all.filter { $0.phase == .reverting && ($0.attempts > 0 || $0.isEscalated) }.count
    }

    private func tell(_ placement: Placement, _ before: Placement?, _ record: inout TickRecord, _ now: Timestamp) {
        if placement.attempts == 1, before?.attempts == 0 {
            logger.warning(
                "an adapter did not do it, it is tried again",
                [
                    "adapter": .text(placement.adapter), "lease": .text(placement.lease),
                    "step": .text(placement.step?.rawValue ?? "-"), "why": .text(placement.lastError ?? "-"),
                ])
            record.audit.append(entry("adapter.failed", placement, placement.lastError ?? "", now))
        }
        guard placement.phase != before?.phase || placement.outcome != before?.outcome else { return }
        let name = placement.outcome?.rawValue ?? placement.phase.rawValue
        record.audit.append(entry("adapter.\(name)", placement, sentence(placement), now))
        logger.info(
            "lease \(name)",
            [
                "adapter": .text(placement.adapter), "lease": .text(placement.lease), "app": .text("\(placement.key.app)"),
                "why": .text(placement.lastError ?? "-"), "runtime": .text(placement.key.runtime),
            ])
        switch (placement.phase, placement.outcome) {
        case (.landed, _):
            note(placement, before?.placed == nil ? .leaseInForce : .leaseExtended, &record, now)
        case (.reverting, _) where placement.refusal != nil: note(placement, .leaseRefused, &record, now)
        // Told when it was refused.
        case (_, .refused?) where before?.refusal != nil: break
        case (_, .refused?), (_, .withheld?): note(placement, .leaseRefused, &record, now)
        case (_, .noop?): note(placement, .note, &record, now)
        // Refused, and taken back because something of it may be there.
        case (.reverting, nil) where placement.lastError != nil: note(placement, .note, &record, now)
        case (_, .undone?), (_, .alreadyGone?), (_, .overwritten?), (_, .ranOut?): note(placement, .leaseEnded, &record, now)
        case (_, .stuck?):
            note(placement, .leaseEnded, &record, now)
            tellPeople(placement.lease, &record, now)
        default: break
        }
    }

    /// What became of it, for people.
    private func sentence(_ placement: Placement) -> String {
        let (adapter, why) = (placement.adapter, placement.lastError ?? "it gave no reason")
        switch placement.outcome {
        case nil:
            switch placement.phase {
            case .landed: return "\(placement.wanted.effect) until \(placement.wanted.expiresAt) is in force at \(adapter)"
            case .intended: return "about to be put at \(adapter)"
            case .reverting:
                guard let refusal = placement.refusal else {
                    return "to be undone at \(adapter)" + (placement.lastError.map { ": \($0)" } ?? "")
                }
                return "was refused by \(adapter): \(refusal); what may be there of it all the same is undone"
            case .preparing: return "to be prepared at \(adapter)"
            case .over: return "over at \(adapter)"
            }
        case .undone: return "undone at \(adapter)"
        case .alreadyGone: return "was not there any more at \(adapter)"
        case .overwritten: return "was changed by someone else at \(adapter), and theirs stays: \(why)"
        case .stuck: return "cannot be undone at \(adapter), a person has to: \(why)"
        case .noop: return "is the case at \(adapter) already, by someone else"
        case .refused: return "was refused by \(adapter): \(why)"
        case .ranOut: return "ran out at \(adapter)"
        case .neverTried: return "was over before anything was tried at \(adapter)"
        case .withheld: return "was not put at \(adapter): actions were stopped"
        }
    }

    private func entry(_ kind: String, _ placement: Placement, _ reason: String, _ now: Timestamp) -> AuditEntry {
        AuditEntry(at: now, actor: "engine", kind: kind, reason: reason, document: placement.document.serialized())
    }

    // MARK: - Telling

    private func escalate(_ placement: Placement, _ record: inout TickRecord, _ now: Timestamp) {
        let isConfigured = places.contains { $0.adapter == placement.adapter }
        let why = isConfigured ? "still tried: \(placement.lastError ?? "no answer yet")" : "which is no longer configured"
        let steps = placement.stepsByHand.flatMap { why.contains(bytesOf: $0) ? nil : "; a person can \($0)" } ?? ""
        let text = "not undone for \((now - placement.since).brief) at \(placement.adapter), \(why)\(steps)"
        logger.error("an action resists being undone", ["lease": .text(placement.lease), "why": .text(text)])
        record.audit.append(entry("adapter.escalated", placement, text, now))
        for incident in holders(placement.lease) {
            add(HandlingNote(at: now, kind: .note, by: placement.adapter, text: "\(placement.lease) \(text)"), to: incident, &record, now)
        }
        tellPeople(placement.lease, &record, now)
    }

    private func note(_ placement: Placement, _ kind: HandlingNote.Kind, _ record: inout TickRecord, _ now: Timestamp) {
        let note = HandlingNote(
            at: now, kind: kind, by: placement.adapter, text: "\(sentence(placement)) (\(placement.lease))")
        for incident in holders(placement.lease) { add(note, to: incident, &record, now) }
    }

    /// The incidents that a lease was for.
    func holders(_ lease: String) -> [String] {
        if let known = pipeline.guardState.leases.first(where: { $0.id == lease }) { return known.holders.map(\.incident) }
        guard let row = try? journal?.lease(lease), let document = try? JSON(parsing: Array(row.document.utf8)) else { return [] }
        return (try? Lease(document: document))?.holders.map(\.incident) ?? []
    }

    /// Adds a line to an incident's handling, also where the engine has let go of it.
    func add(_ note: HandlingNote, to id: String, _ record: inout TickRecord, _ now: Timestamp) {
        if pipeline.engine.note(note, on: id), let incident = pipeline.engine.incident(id) {
            record.incidents.removeAll { $0.id == id }
            record.incidents.append(IncidentRow(incident, updatedAt: now))
        } else if var incident = keptIncident(id, record) {
            incident.handling.append(note)
            record.incidents.removeAll { $0.id == id }
            record.incidents.append(IncidentRow(incident, updatedAt: now))
        }
    }

    /// An incident that the engine has let go of, as it was written last.
    private func keptIncident(_ id: String, _ record: TickRecord) -> Incident? {
        let unwritten = (record.incidents + unsaved.incidents).first { $0.id == id }?.document
        guard let text = unwritten ?? (try? journal?.incident(id))?.document else { return nil }
        return (try? JSON(parsing: Array(text.utf8))).flatMap { try? Incident(document: $0) }
    }

    /// A message on each incident that a lease was for: something about it needs a person.
    func tellPeople(_ lease: String, _ record: inout TickRecord, _ now: Timestamp) {
        for id in holders(lease) {
            guard let incident = pipeline.engine.incident(id) ?? keptIncident(id, record) else { continue }
            record.add(pipeline.news(of: incident, now: now), now)
        }
    }
}
