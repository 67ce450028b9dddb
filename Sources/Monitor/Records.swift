import Guard
import Journal
import Model

extension TickRecord {
    /// Adds the rows of everything that a tick decided.
    mutating func add(_ result: TickResult, channelsOf pipeline: Pipeline) {
        incidents += result.incidents.map { IncidentRow($0, updatedAt: result.now) }
        leases += result.plan.leaseChanges.map { LeaseRow($0.lease) }
        for routed in result.messages {
            let document = MessageDocument.encode(routed.message)
            messages += routed.channels.map { channel in
                OutboxMessage(
                    incident: routed.message.incident.id, channel: channel, event: routed.message.event,
                    createdAt: routed.message.at, dueAt: routed.message.at, document: document)
            }
        }
        audit += result.plan.decisions.map { decision in
            AuditEntry(
                at: decision.at, actor: "engine", kind: "decision.\(decision.verdict.word)",
                reason: decision.verdict.reason ?? "the guard allowed it", document: decision.document.serialized())
        }
        audit += result.plan.leaseChanges.map { change in
            AuditEntry(
                at: result.now, actor: "engine", kind: "lease.\(change.kind.rawValue)", reason: change.reason,
                document: change.lease.document.serialized())
        }
    }
}
