import Actions
import Ambient
import Cycle
import Journal
import Model
import Server
import Signals

/// Leases and the gate.
extension Core {
    /// What came of leases: of those that the last publication was about, and of those at other adapters.
    func settleLeases(_ record: inout TickRecord) {
        let now = clock.now()
        let leases = pipeline.guardState.leases
        let standing = LeaseStanding(leases, gate: published, book: book, hasAdapters: !places.isEmpty)
        let active = Set(leases.lazy.filter(\.isWanted).map(\.id))
        let changed = pipeline.settleLeases(standing, now: now)
        record.leases += changed.map { LeaseRow($0) }
        record.audit += (published?.takeWithheld() ?? []).map { id in
            AuditEntry(
                at: now, actor: "engine", kind: "lease.withheld", reason: "actions were stopped before it was in force at the gate",
                document: JSON.object(["lease": .string(id)]).serialized())
        }
        for lease in changed {
            // Told at once, not when the last that may be left of it is gone.
            if lease.endReason == Lease.refusedByAdapter, active.contains(lease.id) {
                let text = "\(lease.effect) is not in force: no adapter took it (\(lease.id))"
                record.audit.append(
                    AuditEntry(at: now, actor: "engine", kind: "lease.refused", reason: text, document: lease.document.serialized()))
                for holder in lease.holders {
                    add(HandlingNote(at: now, kind: .leaseRefused, by: "engine", text: text), to: holder.incident, &record, now)
                }
                if !book.of(lease.id).isEmpty { tellPeople(lease.id, &record, now) }
            }
            if lease.state == .ended { noteRefusedStarts(of: lease, &record, now) }
        }
    }

    func publish() {
        guard let gate, let leases = published?.publish(pipeline.guardState.leases, isStopped: isStopped) else { return }
        gate.install(GateTable(pipeline.settings, leases: leases, openRuns: runsLastKnown(staleAfter), texts: gateTexts))
    }

    var staleAfter: TimeSpan { GateTable.staleAfter(pipeline.settings) }

    /// What runs, as last known: figures that do not come once, or do not say it, do not open the gate, or whoever slows the
    /// runtime down would open it. How old they are the gate looks at itself. A restart ends what ran.
    func runsLastKnown(_ staleAfter: TimeSpan) -> [String: OpenRuns] {
        var all = pipeline.openRuns()
        let leases = pipeline.guardState.leases.filter { $0.isActive && !$0.shadow }
        let now = clock.now()
        for name in Set(leases.map(\.key.runtime)) {
            guard let last = lastOpenRuns[name], pipeline.signals[name]?.newestRestart.map({ $0 <= last.at }) ?? true else { continue }
            let apps = leases.filter { $0.key.runtime == name }.map(\.key.app)
            if let kept = last.inPlace(of: all[name], apps: apps, now: now, staleAfter: staleAfter) { all[name] = kept }
        }
        lastOpenRuns = all
        return all
    }

    /// What the gate counted before a runtime, as an observation like any other: on the tape, and in what a replay decides.
    func readGate(_ runtime: String, at now: Timestamp) -> Observation? {
        gate?.counts(of: runtime).map { ledger.sum($0, of: runtime) }?.observation(of: runtime, at: now)
    }

    /// Has the gate count by name the apps that the runtime has shown.
    func followApps(_ runtime: String) {
        guard let gate, let apps = pipeline.signals[runtime]?.subjects else { return }
        gate.follow(apps, of: runtime)
    }

    /// What the gate refused since the last cycle: for the log now, for the incident when the lease is over.
    func countRefusals() {
        for batch in gate?.drainRefusals() ?? [] {
            refusedStarts[batch.lease, default: 0] += batch.count
            guard let last = batch.samples.last else { continue }
            logger.info(
                "starts refused",
                [
                    "lease": .text(batch.lease), "app": .text("\(last.app)"), "count": .integer(Int64(batch.count)),
                    "last_at": .text(batch.lastAt.description),
                    "runtime": .text(pipeline.guardState.leases.first { $0.id == batch.lease }?.key.runtime ?? "-"),
                ])
        }
    }

    private func noteRefusedStarts(of lease: Lease, _ record: inout TickRecord, _ now: Timestamp) {
        countRefusals()
        guard let count = refusedStarts.removeValue(forKey: lease.id), count > 0 else { return }
        let text = "the gate refused \(count) start\(count == 1 ? "" : "s") while \(lease.effect) was in force (\(lease.id))"
        for holder in lease.holders {
            add(HandlingNote(at: now, kind: .note, by: "gate", text: text), to: holder.incident, &record, now)
        }
    }
}

extension GateTable {
    /// The table of a monitor, whoever decides on the leases.
    init(_ settings: MonitorSettings, leases: [Lease], openRuns: [String: OpenRuns], texts: GateTexts) {
        self.init(
            runtimes: settings.runtimes.map(\.name), leases: leases, openRuns: openRuns,
            single: Set(settings.runtimes.filter { $0.replicas.count == 1 }.map(\.name)), staleAfter: GateTable.staleAfter(settings),
            unattendedAfter: max(.minutes(2), settings.interval * 6), pollInterval: settings.interval, texts: texts)
    }

    /// Also where the perf endpoint is asked more rarely: by figures of long ago a throttle would refuse whoever runs nothing.
    static func staleAfter(_ settings: MonitorSettings) -> TimeSpan { max(.minutes(2), settings.interval * 3) }
}
