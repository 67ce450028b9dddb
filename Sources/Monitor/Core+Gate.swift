import Actions
import Ambient
import Journal
import Model
import Server
import Signals

/// Leases and the gate.
extension Core {
    /// What came of the leases that the last publication was about.
    func settleLeases(_ record: inout TickRecord) {
        let now = clock.now()
        record.leases += pipeline.settleLeases(inForce: leasesInForce, withheld: withheld, now: now).map { LeaseRow($0) }
        record.audit += withheld.sorted().map { id in
            AuditEntry(
                at: now, actor: "engine", kind: "lease.withheld", reason: "actions were stopped before it was in force",
                document: JSON.object(["lease": .string(id)]).serialized())
        }
        withheld = []
    }

    func publish() {
        guard let gate else { return }
        let settings = pipeline.settings
        var leases = pipeline.guardState.leases.filter { $0.isActive && !$0.shadow }
        // Between decision and commit may lie a full disk, or a restart: what is not in force yet must not come now.
        if folder?.isKillSwitchOn ?? false {
            withheld = Set(leases.filter { $0.state == .intended && !leasesInForce.contains($0.id) }.map(\.id))
            leases.removeAll { withheld.contains($0.id) }
        }
        // Where the perf endpoint is asked less often, its counts hold for longer.
        let slowest = settings.runtimes.compactMap { pipeline.signals[$0.name]?.effectiveInterval(of: .perf) }.max()
        let staleAfter = max(.minutes(2), max(slowest ?? .zero, settings.interval) * 3)
        gate.install(
            GateTable(
                runtimes: settings.runtimes.map(\.name), leases: leases, openRuns: pipeline.openRuns(),
                staleAfter: staleAfter, unattendedAfter: max(.minutes(2), settings.interval * 6),
                pollInterval: settings.interval, texts: gateTexts))
        leasesInForce = Set(leases.map(\.id))
    }

    /// What the gate refused since the last cycle, for the log.
    func logRefusals() {
        for batch in gate?.drainRefusals() ?? [] {
            guard let last = batch.samples.last else { continue }
            logger.info(
                "starts refused",
                [
                    "lease": .text(batch.lease), "app": .text("\(last.app)"), "count": .integer(Int64(batch.count)),
                    "last_at": .text(batch.lastAt.description),
                ])
        }
    }
}
