import Actions
import Engine
import Guard
import JSONParsing
import Journal
import Model

// What adapters and people say.

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

    /// What came of a command. Its words are kept, and shown to whoever asked: names that stood in the command are in them as
    /// `Shown.id` has them.
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
            guard let change = guardState.revert(id, now: now) else { return Obedience(result: "\(Shown.id(id)) is not in force") }
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
            let channel = Shown.id(arguments["channel"]?.string ?? "?")
            return Obedience(result: "drill \(arguments["delivered"] == true ? "taken" : "not taken") by \(channel)")
        case Commands.token:
            let name = Shown.id(arguments["name"]?.string ?? "?")
            return Obedience(result: arguments["revoked"] == true ? "token \(name) revoked" : "token \(name) created")
        default:
            return Obedience(result: "not understood: this version has no command '\(Shown.id(command.kind))'")
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
