import Actions
import Configuration
import Cycle
import JSONParsing
import Journal
import Model
import Views

extension DoctorCommand {
    /// Whether anybody asks the gate of the engine that runs; nothing to say where none does.
    static func examineQuestions(_ configuration: Configuration, _ findings: inout Findings) {
        guard let folder = try? StateFolder(existing: configuration.state.value), EngineLock.holder(of: folder) != nil,
            let journal = try? Journal.open(folder, mode: .reader), let sights = try? RuntimeSight.all(in: journal, damaged: { _ in })
        else { return }
        for sight in sights {
            if let remark = sight.gateRemark {
                findings.add(.note, "gate: \(remark): as long as neither does, nobody is held to what is in force there")
            }
        }
    }

    /// What resists being undone at adapters; nothing to say without a journal.
    static func examinePlacements(_ configuration: Configuration, _ findings: inout Findings) {
        guard let folder = try? StateFolder(existing: configuration.state.value),
            let journal = try? Journal.open(folder, mode: .reader), let rows = try? journal.placements()
        else { return }
        let held = (try? journal.leases(states: [.intended, .inForce, .reverting]))?.filter { !$0.shadow }.count ?? 0
        if held > 0, EngineLock.holder(of: folder) == nil {
            findings.add(
                .broken,
                "actions: no engine runs, and \(held) \(held == 1 ? "action is" : "actions are") in force or to be undone by it: start it, or 'mozaiks-ops actions revert --all'"
            )
        }
        let open = Set(Incident.Status.allCases).subtracting([.resolved])
        for row in (try? journal.incidents(IncidentFilter(statuses: open))) ?? [] {
            guard let incident = (try? JSON(parsing: Array(row.document.utf8))).flatMap({ try? Incident(document: $0) }) else { continue }
            for found in incident.verifications where found.outcome == .noEffect {
                findings.add(.broken, "actions: what was done for \(found.app) was taken back at \(found.at): \(found.text)")
            }
        }
        let configured = Set(configuration.adapters.map(\.name))
        for row in rows where !row.isOver {
            guard let placement = (try? JSON(parsing: Array(row.document.utf8))).flatMap({ try? Placement(document: $0) }) else {
                findings.add(.broken, "actions: what \(row.lease) left at \(row.adapter) cannot be read; look there by hand")
                continue
            }
            if !configured.contains(row.adapter) {
                findings.add(
                    .broken,
                    "actions: \(row.lease) may still hold at \(row.adapter), which is no longer configured; configure it again to have it undone"
                )
            } else if placement.phase == .reverting {
                let why = placement.lastError.map { ": \($0)" } ?? ""
                findings.add(.broken, "actions: \(row.lease) at \(row.adapter) is to be undone since \(placement.since), still tried\(why)")
            }
        }
    }
}
