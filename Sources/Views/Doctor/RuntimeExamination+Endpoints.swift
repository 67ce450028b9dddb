import Model
import Policy
import Signals

// What each endpoint told.
extension RuntimeExamination {
    func read(
        _ endpoint: Endpoint, _ observation: Observation, _ replica: RuntimeSummary.Replica, _ probe: Probe?,
        _ findings: inout Findings
    ) {
        let took = Self.milliseconds(observation.elapsedMilliseconds)
        // Most runtimes do without, and nothing is wrong with them.
        let isOfSomeBuilds = endpoint.traits.cadence == .whereThere
        if isOfSomeBuilds, case .error(404)? = replica.missing[endpoint] { return }
        if let reason = replica.missing[endpoint], !(endpoint == .activeRuns && reason == .notTracked) {
            let detail = replica.detail[endpoint].map { ": \($0)" } ?? ""
            let grade: Findings.Grade = endpoint == .activeRuns || endpoint == .events || isOfSomeBuilds ? .note : .broken
            findings.add(grade, "\(endpoint.called) tells nothing: \(reason)\(detail) (\(took))")
            return
        }
        defer { survey(endpoint, probe, &findings) }
        switch endpoint {
        case .health:
            let state = replica.isHealthy == true ? "healthy" : "UNHEALTHY" + (replica.detail[.health].map { ": \($0)" } ?? "")
            var parts = [state]
            if let ping = replica.mongoPingMilliseconds { parts.append("Mongo ping \(Figure.number(ping)) ms") }
            if let websockets = replica.websockets { parts.append("\(websockets) websocket\(websockets == 1 ? "" : "s")") }
            findings.add(
                replica.isHealthy == true ? .ok : .broken, "\(endpoint.called): \(parts.joined(separator: ", ")) (\(took))")
        case .activeRuns:
            if let note = replica.stubNote {
                findings.add(
                    .note,
                    "\(endpoint.called) is a constant stub (\"\(note)\"): not used; runs are counted from the perf "
                        + "endpoint instead")
            } else {
                findings.add(.ok, "\(endpoint.called): counts runs (\(took))")
            }
        case .events:
            let calls = replica.usageDelta.map { "\($0) model calls" } ?? "no count of model calls"
            let age = replica.uptime.map { ", process up for \($0.brief)" } ?? ""
            findings.add(.ok, "\(endpoint.called): \(calls)\(age) (\(took))")
        case .inside:
            let runs = replica.running.map { "\($0) really running, which is what active_runs says" }
            let lag = replica.loopLag.map { ", its event loop at most \(Self.milliseconds($0 * 1_000)) late" } ?? ""
            findings.add(
                runs == nil ? .note : .ok,
                "\(endpoint.called): \(runs ?? "this build of the runtime does not show what runs")\(lag) (\(took))")
            if gateMode != nil, Self.gateOfExtension(observation) == false {
                findings.add(
                    .note, "\(endpoint.called): the extension asks no gate; set MOZAIKS_OPS_GATE for the runtime where no proxy asks it")
            }
        case .perf, .perfChats:
            findings.add(.ok, "\(endpoint.called): \(Self.chats(replica)) (\(took))")
            if replica.unreadableFields > 0 {
                let count = replica.unreadableFields
                findings.add(
                    .note,
                    "\(endpoint.called): \(count) field\(count == 1 ? "" : "s") or chats in it cannot be read and are left out "
                        + "of all sums: of another type, out of range, or without ids")
            }
        // What its figures say of themselves is all that there is to say. What is not asked of the runtime says nothing.
        default:
            if endpoint.traits.cadence == .fromMemory { return }
            findings.add(.ok, "\(endpoint.called): \(replica.said[endpoint] ?? "answers") (\(took))")
        }
    }

    /// Names what was left out of an answer, or not believed, and how often.
    private func survey(_ endpoint: Endpoint, _ probe: Probe?, _ findings: inout Findings) {
        guard let dropped = probe?.dropped[endpoint], !dropped.isEmpty else { return }
        let shown = dropped.prefix(8).joined(separator: ", ")
        let more = dropped.count > 8 ? " and \(dropped.count - 8) more" : ""
        findings.add(.note, "\(endpoint.called): left out or not believed: \(shown)\(more)")
    }

    /// `3 open of 4 chats of 1 app`; what the answer did not say is not said either.
    private static func chats(_ replica: RuntimeSummary.Replica) -> String {
        guard let tracked = replica.trackedChats else { return "answered, and how many chats it has is not known yet" }
        let open = replica.openChats.map { "\($0) open of " } ?? ""
        let apps = replica.appCount.map { " of \($0) app\($0 == 1 ? "" : "s")" } ?? ""
        return "\(open)\(tracked) chat\(tracked == 1 ? "" : "s")\(apps)"
    }

    /// `0.3 ms`, `41 ms`, `4.9s`.
    private static func milliseconds(_ value: Double) -> String {
        value >= 1_000
            ? "\(Figure.number((value / 100).rounded() / 10))s"
            : "\(Figure.number(value < 10 ? (value * 10).rounded() / 10 : value.rounded())) ms"
    }
}
