import Guard
import Journal
import Model
import Notify

extension TickRecord {
    /// Adds the rows of everything that a tick decided.
    package mutating func add(_ result: TickResult) {
        add(result.incidents, result.messages, result.now)
        audit += result.plan.decisions.map { decision in
            AuditEntry(
                at: decision.at, actor: "engine", kind: "decision.\(decision.verdict.word)",
                reason: decision.verdict.reason ?? "the guard allowed it", document: decision.document.serialized())
        }
        add(result.plan.leaseChanges, result.now)
        audit += result.plan.verifications.map { found in
            AuditEntry(
                at: result.now, actor: "engine", kind: "verification.\(found.verification.outcome.rawValue)",
                reason: found.verification.text,
                document: JSON.object(["incident": .string(found.incident), "verification": found.verification.document])
                    .serialized())
        }
    }

    /// Adds the rows of giving up a runtime.
    package mutating func add(_ removal: Removal) {
        add(removal.incidents, removal.messages, removal.now)
        add(removal.leaseChanges, removal.now)
    }

    package mutating func add(_ changed: [Incident], _ routedMessages: [RoutedMessage], _ now: Timestamp) {
        incidents += changed.map { IncidentRow($0, updatedAt: now) }
        for routed in routedMessages {
            let document = MessageDocument.encode(routed.message)
            messages += routed.channels.map { channel in
                OutboxMessage(
                    incident: routed.message.thread, channel: channel, event: routed.message.event,
                    news: routed.message.news, createdAt: routed.message.at, dueAt: routed.message.at, document: document)
            }
        }
    }

    /// Adds the rows of messages.
    package mutating func add(_ messages: [RoutedMessage], _ now: Timestamp) {
        add([], messages, now)
    }

    private mutating func add(_ changes: [LeaseChange], _ now: Timestamp) {
        leases += changes.map { LeaseRow($0.lease) }
        audit += changes.map { change in
            AuditEntry(
                at: now, actor: "engine", kind: "lease.\(change.kind.rawValue)", reason: change.reason,
                document: change.lease.document.serialized())
        }
    }
}
