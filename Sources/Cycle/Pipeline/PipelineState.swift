import Engine
import Guard
import JSONParsing
import Journal
import Model
import Policy
import Signals
import Telling

/// Bringing a pipeline's state to the journal and back.
extension Pipeline {
    private static let guardKey = "guard"
    /// Of last words; a runtime's name follows.
    private static let guardPrefix = "guard:"

    /// What the guard remembers, as a state folder's journal holds it; empty before the first tick. For whoever only reads: without
    /// last words, which only decisions ask for.
    public static func guardState(in journal: Journal) throws -> GuardState {
        guard let bytes = try journal.state(guardKey) else { return GuardState() }
        return try GuardState(document: JSON(parsing: bytes))
    }

    private static let policiesKey = "policies"

    /// The policies in force, as whoever decided last left them in a state folder's journal; nil when none did, or what is
    /// there cannot be read. They may be others than those on the disk, which nobody has put in force yet.
    public static func policiesInForce(in journal: Journal) -> [PolicyFile]? {
        guard let bytes = try? journal.state(policiesKey), let document = try? JSON(parsing: bytes) else { return nil }
        return document["files"]?.array?.compactMap { file in
            guard let path = file["file"]?.string, let text = file["text"]?.string else { return nil }
            return PolicyFile(path: path, bytes: Array(text.utf8))
        }
    }

    private static func document(_ policies: PolicySet) -> JSON {
        [
            "files": .array(
                policies.files.map {
                    ["file": .string($0.path), "text": .string(String(decoding: $0.bytes, as: UTF8.self))]
                })
        ]
    }

    /// Leases of a replay: as an adapter has them that lands everything at once and undoes everything at once.
    public mutating func landLeases(now: Timestamp) { guardState.landAll(now: now) }

    /// The state that a tick writes: what changed since the last call, of the engine a row for each runtime. Small, since
    /// idle rules and apps have none, and one runtime's tick does not write what is remembered of five hundred others.
    package mutating func drainStates() -> [StateRow] {
        var rows = engine.drainChanged().map { runtime in
            StateRow(key: KeptDecisions.enginePrefix + runtime, bytes: engine.document(of: runtime)?.serializedBytes())
        }
        rows += guardState.drainLastWords().map { StateRow(key: Pipeline.guardPrefix + $0.runtime, bytes: $0.document.serializedBytes()) }
        let rest = guardState.withoutLastWords
        if keptGuard != rest {
            rows.append(StateRow(key: Pipeline.guardKey, bytes: rest.document.serializedBytes()))
            keptGuard = rest
        }
        if hasOldEngineRow {
            rows.append(StateRow(key: KeptDecisions.oldEngineKey, bytes: nil))
            hasOldEngineRow = false
        }
        if !arePoliciesKept {
            let bytes = Pipeline.document(policies).serializedBytes()
            if bytes != keptPolicies { rows.append(StateRow(key: Pipeline.policiesKey, bytes: bytes)) }
            (keptPolicies, arePoliciesKept) = (bytes, true)
        }
        if telling != tellingKept {
            rows.append(StateRow(key: KeptDecisions.tellingKey, bytes: telling.document.serializedBytes()))
            tellingKept = telling
        }
        return rows
    }

    /// The state of signals: the core of each runtime, the chats and minutes that changed since the last call.
    package mutating func drainSignals(into record: inout TickRecord) {
        record.chats += strayChats.map { ChatChanges(runtime: $0.runtime, replica: $0.replica, removesAll: true) }
        strayChats = []
        for runtime in settings.runtimes.map(\.name) {
            guard var state = signals.removeValue(forKey: runtime) else { continue }
            let changes = state.drainChangedChats()
            let replicas = Set(changes.removals.map { $0.replica } + changes.upserts.map { $0.replica }).sorted()
            for replica in replicas {
                let removed = changes.removals.filter { $0.replica == replica }.map { $0.key }
                let changed = changes.upserts.filter { $0.replica == replica }
                record.chats.append(
                    .init(
                        runtime: runtime, replica: replica, removed: removed,
                        changed: changed.map { .init(key: $0.key, record: $0.bytes) }))
            }
            for (minute, rows) in grouped(state.drainClosedMinutes()) {
                record.minutes.append(.init(runtime: runtime, minute: minute, bytes: MinuteBlob.encode(rows)))
            }
            // After the minutes were taken out: what a core still holds of them would come back twice.
            record.states.append(StateRow(key: "signals:\(runtime)", bytes: state.encodedCore()))
            signals[runtime] = state
        }
    }

    private func grouped(_ rows: [SubjectMinute]) -> [(Int64, [SubjectMinute])] {
        var groups: [(Int64, [SubjectMinute])] = []
        for row in rows {
            if groups.last?.0 == row.minute {
                groups[groups.count - 1].1.append(row)
            } else {
                groups.append((row.minute, [row]))
            }
        }
        return groups
    }

    /// Takes up what an earlier run left in the journal. State of signals that cannot be read is passed over with a
    /// warning, since it can be made up for; that of the engine and the guard cannot, and throws a ``MonitorError``. A journal that
    /// does not answer is no state that cannot be read: its own error is thrown, whatever was being read, and nothing is given up.
    public mutating func restore(from journal: Journal, now: Timestamp, warn: (String) -> Void) throws {
        do {
            let kept = try KeptDecisions(journal)
            engine = kept.engine
            hasOldEngineRow = kept.isOfEarlierVersion
            // What an earlier version wrote is written anew, as this one does.
            if !hasOldEngineRow { _ = engine.drainChanged() }
            try takeUp(kept.telling, from: journal)
            // For whoever explains decisions. What cannot be read is written anew.
            keptPolicies = try? journal.state(Pipeline.policiesKey)
            if let bytes = try journal.state(Pipeline.guardKey) {
                guardState = try GuardState(document: JSON(parsing: bytes))
                // Last words that stand there, as earlier versions wrote them, get rows of their own at the next tick.
                keptGuard = guardState
            }
            for key in try journal.stateKeys() where key.utf8.starts(with: Pipeline.guardPrefix.utf8) {
                guard let bytes = try journal.state(key) else { continue }
                let runtime = try guardState.takeLastWords(JSON(parsing: bytes))
                guard (Pipeline.guardPrefix + runtime).isSame(as: key) else { throw MisplacedState(key: key) }
            }
        } catch let error as JournalError where error.isUnanswered {
            throw error
        } catch {
            throw MonitorError(
                what: "cannot take up the state in \(journal.path)", why: "\(error)",
                hint: "it was written by another version or damaged; move the file aside to start anew")
        }
        for runtime in settings.runtimes.map(\.name) {
            do {
                try restoreSignals(runtime, from: journal, now: now, warn)
            } catch let error as JournalError where error.isUnanswered {
                throw error
            } catch {
                warn("the windows of \(runtime) start empty: \(error)")
                // What cannot be read now cannot be read at the next start either, and would spoil what is written anew.
                let known = (try? journal.chatSources(runtime: runtime)) ?? []
                let configured = settings.runtimes.first { $0.name == runtime }?.replicas ?? []
                strayChats += Set(known + configured).sorted().map { ChatSource(runtime: runtime, replica: $0) }
            }
        }
    }

    private mutating func takeUp(_ kept: TellingState, from journal: Journal) throws {
        telling = kept
        tellingKept = kept
        // What an earlier version opened: the outbox knows who heard of it.
        let strays = engine.runtimeNames.flatMap { engine.openIncidents(of: $0) }.filter { !telling.knows($0.id) }
        for incident in strays {
            let told = try journal.outbox(incident: incident.id, limit: 1_000)
            telling.adopt(incident, heardBy: Set(told.map(\.message.channel)).sorted())
        }
    }

    mutating func restoreSignals(
        _ runtime: String, from journal: Journal, now: Timestamp, _ warn: (String) -> Void
    ) throws {
        guard let fresh = signals[runtime], let bytes = try journal.state("signals:\(runtime)") else { return }
        var state = try RuntimeSignals(decoding: bytes, options: fresh.options)
        let sources = try journal.chats(runtime: runtime)
        let chats = sources.flatMap { source in
            source.chats.map { KeptChat(replica: source.replica, key: $0.key, bytes: $0.record) }
        }
        try state.restore(chats: chats)
        // A replica that was dropped and is a target again starts without its old chats.
        let remembered = state.replicaURLs
        let strays = sources.map(\.replica).filter { replica in
            !remembered.contains { $0.isSame(as: replica) }
        }
        try Pipeline.restoreMinutes(of: &state, from: journal, now: now, warn)
        strayChats += strays.map { ChatSource(runtime: runtime, replica: $0) }
        signals[runtime] = state
        noteAnswers(of: state)
    }
}

extension Pipeline {
    /// Brings back what functions of a runtime look back on: when policies ask for more than is remembered. Minutes that
    /// closed must be in the journal by then.
    /// - Returns: what the journal had of it.
    package mutating func restoreMinutes(
        of runtime: String, from journal: Journal, now: Timestamp, warn: (String) -> Void
    ) throws(JournalError) -> [SubjectMinute] {
        guard var state = signals.removeValue(forKey: runtime) else { return [] }
        defer { signals[runtime] = state }
        return try Pipeline.restoreMinutes(of: &state, from: journal, now: now, warn)
    }

    /// The same with minutes from elsewhere: those that a tape holds.
    mutating func restoreMinutes(_ rows: [SubjectMinute], of runtime: String) { signals[runtime]?.restore(minutes: rows) }

    @discardableResult
    private static func restoreMinutes(
        of state: inout RuntimeSignals, from journal: Journal, now: Timestamp, _ warn: (String) -> Void
    ) throws(JournalError) -> [SubjectMinute] {
        let longest = state.options.ranges.values.max() ?? .zero
        guard longest > .zero else { return [] }
        let first = (now - longest - .minutes(1)).minute
        var past = try RecordedHistory(journal, runtime: state.runtime, minutes: first..<now.minute + 1)
        let rows = try past.rest()
        state.restore(minutes: rows)
        for gap in past.damaged {
            let (from, to) = (Timestamp(minute: gap.lowerBound), Timestamp(minute: gap.upperBound))
            warn("the history of \(state.runtime) is damaged from \(from) to \(to), which counts as not watched")
        }
        return rows
    }
}
