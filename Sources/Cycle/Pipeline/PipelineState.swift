import Actions
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

    /// What the guard remembers, as a state folder's journal holds it; empty before the first tick. For whoever only reads.
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
        if keptGuard != guardState {
            rows.append(StateRow(key: Pipeline.guardKey, bytes: guardState.document.serializedBytes()))
            keptGuard = guardState
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
    /// warning, since it can be made up for; that of the engine and the guard cannot, and throws.
    public mutating func restore(from journal: Journal, now: Timestamp, warn: (String) -> Void) throws(MonitorError) {
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
                keptGuard = guardState
            }
        } catch {
            throw MonitorError(
                what: "cannot take up the state in \(journal.path)", why: "\(error)",
                hint: "it was written by another version or damaged; move the file aside to start anew")
        }
        for runtime in settings.runtimes.map(\.name) {
            do {
                try restoreSignals(runtime, from: journal, now: now, warn)
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

    private mutating func restoreSignals(
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

// MARK: - Polling

extension Pipeline {
    /// The endpoints of each replica that are due: the cheap ones always, the expensive one when its effective interval
    /// is over. As long as that is the configured one there is half of it as slack, for cycles that come a little early; a
    /// stretched one is kept to the full, counted from the end of the last answer: that is what holds the budget.
    package func due(_ runtime: String, now: Timestamp) -> [(replica: String, endpoints: [Endpoint])] {
        guard let configured = settings.runtimes.first(where: { $0.name == runtime }), let state = signals[runtime] else {
            return []
        }
        return configured.replicas.map { replica in
            var endpoints = Endpoint.all(.everyCycle)
            if state.isInsideDue(replica: replica, now: now) { endpoints += Endpoint.all(.whereThere) }
            let asked = state.newestObservation(of: .perf, replica: replica)
            let interval = state.pollingBudget(of: replica).effective
            let isStretched = interval > settings.interval
            let slack = isStretched ? .zero : TimeSpan(milliseconds: settings.interval.milliseconds / 2)
            if asked.map({ now - $0 + slack >= interval || now < $0 }) ?? true {
                endpoints.append(.perf)
            }
            return (replica, endpoints)
        }
    }

    /// What runs of the apps under a lease, as the last poll showed it: what the gate needs to tell new runs from those that go on.
    package func openRuns() -> [String: OpenRuns] {
        var all: [String: OpenRuns] = [:]
        for (runtime, state) in signals {
            let apps = Set(guardState.leases.lazy.filter { $0.isWanted && $0.key.runtime == runtime }.map(\.key.app))
            guard !apps.isEmpty else { continue }
            let order = Array(apps)
            guard let running = state.runningChats(of: order) else { continue }
            var byApp: [AppID: OpenRuns.App] = [:]
            for (app, shown) in zip(order, running.apps) {
                byApp[app] = OpenRuns.App(active: shown.active, starts: shown.starts, chats: shown.open)
            }
            all[runtime] = OpenRuns(at: running.at, apps: byApp)
        }
        return all
    }
}

// MARK: - What adapters and people say

extension Pipeline {
    /// What the gate and the adapters have in force: what was intended holds, what was to be undone is over, what nobody
    /// would take or what was withheld will not come.
    package mutating func settleLeases(_ standing: LeaseStanding, now: Timestamp) -> [Lease] {
        var changed: [String] = []
        for lease in guardState.leases where !lease.shadow {
            switch lease.state {
            case .intended where standing.inForce.contains(lease.id):
                guardState.confirm(lease.id)
                changed.append(lease.id)
            case .intended where standing.refused.contains(lease.id), .inForce where standing.refused.contains(lease.id):
                guardState.refuse(lease.id, now: now, isLeft: standing.unfinished.contains(lease.id))
                changed.append(lease.id)
            case .reverting where !standing.unfinished.contains(lease.id):
                guardState.settle(lease.id, now: now, overwritten: standing.overwritten.contains(lease.id))
                changed.append(lease.id)
            default: break
            }
        }
        return guardState.leases.filter { changed.contains($0.id) }
    }

    /// What came of a command.
    package struct Obedience {
        package var result: String
        package var leases: [Lease] = []
        package var incidents: [Incident] = []
        package var messages: [RoutedMessage] = []
    }

    /// Carries out what a person asked for on the command line.
    package mutating func obey(_ command: CommandRow, now: Timestamp) -> Obedience {
        let arguments: JSON
        do {
            arguments = try JSON(parsing: Array(command.arguments.utf8))
        } catch {
            return Obedience(result: "not understood: \(error)")
        }
        switch command.kind {
        case Commands.revert:
            guard let id = arguments["lease"]?.string else { return Obedience(result: "not understood: no lease named") }
            guard let change = guardState.revert(id, now: now) else { return Obedience(result: "\(id) is not in force") }
            return reverted([change], by: command.actor, now: now)
        case Commands.revertAll:
            let changes = guardState.revertAll(now: now)
            return changes.isEmpty ? Obedience(result: "nothing is in force") : reverted(changes, by: command.actor, now: now)
        case Commands.addSilence: return addSilence(arguments, by: command.actor, now: now)
        case Commands.expireSilence: return expireSilence(arguments, by: command.actor, now: now)
        case Commands.acknowledge: return acknowledge(arguments, by: command.actor, now: now)
        case Commands.unacknowledge: return unacknowledge(arguments, by: command.actor, now: now)
        case Commands.approve: return answer(arguments, approves: true, by: command.actor, now: now)
        case Commands.deny: return answer(arguments, approves: false, by: command.actor, now: now)
        case Commands.mark: return mark(arguments, by: command.actor, now: now)
        case Commands.drill:
            let channel = arguments["channel"]?.string ?? "?"
            return Obedience(result: "drill \(arguments["delivered"] == true ? "taken" : "not taken") by \(channel)")
        case Commands.token:
            let name = Shown.id(arguments["name"]?.string ?? "?")
            return Obedience(result: arguments["revoked"] == true ? "token \(name) revoked" : "token \(name) created")
        default:
            return Obedience(result: "not understood: this version has no command '\(command.kind)'")
        }
    }

    private mutating func reverted(_ changes: [LeaseChange], by actor: String, now: Timestamp) -> Obedience {
        var touched: Set<String> = []
        for change in changes {
            for holder in change.lease.holders {
                let note = HandlingNote(
                    at: now, kind: .leaseEnded, by: actor, text: "\(change.lease.effect) reverted (\(change.lease.id))")
                if engine.note(note, on: holder.incident) { touched.insert(holder.incident) }
            }
        }
        return Obedience(
            result: "reverted " + changes.map(\.lease.id).joined(separator: ", "), leases: changes.map(\.lease),
            incidents: touched.sorted().compactMap { engine.incident($0) })
    }
}

/// The kinds of commands that rows of the journal's `commands` table carry.
public enum Commands {
    /// `{"lease": ID}`
    public static let revert = "revert"
    /// `{}`
    public static let revertAll = "revert_all"
    /// `{"approval": ID, "digest": DIGEST, "comment": TEXT}`, the last two optional
    public static let approve = "approve"
    /// The same
    public static let deny = "deny"
    /// `{"name": NAME, "runtime": RUNTIME}`; without a runtime: all
    public static let mark = "mark"
    /// A test message was sent; there is nothing to do but to keep it.
    public static let drill = "drill"
    /// A token was made or revoked; there is nothing to do but to keep it: `{"name": NAME, "role": ROLE, "revoked": false}`
    public static let token = "token"
}
