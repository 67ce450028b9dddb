import Ambient
import Configuration
import Cycle
import JSONParsing
import Journal
import Model
import Notify
import Policy
import Views

/// Messages that are sent to see whether they arrive.
extension NotifyCommand {
    /// An incident that shows what messages are like.
    static func invented(_ configuration: Configuration, at now: Timestamp) -> Incident {
        let runtime = configuration.runtimes.first?.name ?? "shared"
        let subject = Subject.app(AppID("app-example"), runtime: runtime)
        let opened = now - .minutes(4)
        let condition = "active_runs.share (61.1%) > $noisy_share (40%) and runtime.active_runs (118) >= 10"
        let transition = Transition(
            at: opened, rule: "noisy-neighbor", subject: subject, from: .pending, to: .firing,
            reason: "condition true for 5m", condition: condition, readings: [])
        let id = "0123456789abcdef"
        let key = LeaseKey(kind: .throttle, runtime: runtime, app: AppID("app-example"))
        // As it would stand in the mode that is configured: nobody reads "done" where nothing is.
        let verdict: Verdict =
            switch configuration.mode.value {
            case .observe: .wouldHave
            case .suggest: .needsApproval(Refusal(.approval, "in mode suggest every action waits for a person's approval"))
            case .enforce: .act
            }
        var incident = Incident(
            fingerprint: id, id: "\(id)-\(opened.milliseconds)", rule: "noisy-neighbor", subject: subject,
            severity: .warning, summary: "One app takes most of the runtime (an invented incident).",
            origin: Origin(file: "built-in ops_policy.default.yaml", line: 88), condition: condition, openedAt: opened,
            since: opened - .minutes(5), transitions: [transition], evidence: [], suggestions: [],
            nextSteps: ["Look at what the app runs and who started it."], playbook: "noisy-neighbor",
            labels: configuration.runtimes.first?.labels ?? [:])
        incident.decisions = [
            ActionDecision(
                at: opened, incident: incident.id, key: key, effect: .throttle(Limits(concurrentWorkflows: 2)),
                ttl: .minutes(15), verdict: verdict, lease: verdict == .act ? "lease-0123456789abcdef" : nil)
        ]
        return incident
    }

    /// A message that looks like one of an incident and says that it is none.
    static func drill(_ configuration: Configuration, at now: Timestamp) -> Message {
        let runtime = configuration.runtimes.first?.name ?? "shared"
        var labels = configuration.runtimes.first?.labels ?? [:]
        labels["environment"] = configuration.environment.value
        let subject = Subject.runtime(runtime)
        let transition = Transition(
            at: now, rule: "drill", subject: subject, from: .inactive, to: .firing, reason: "somebody ran notify test",
            condition: "notify test", readings: [])
        let incident = Incident(
            fingerprint: "drill", id: "drill-\(now.milliseconds)", rule: "drill", subject: subject, severity: .warning,
            summary: "This is a drill of mozaiks-ops: the channel works, and nothing is wrong.",
            origin: Origin(file: "notify test", line: 1), condition: "notify test", openedAt: now, since: now,
            transitions: [transition], evidence: [], suggestions: [],
            nextSteps: ["Nothing. If you did not expect a drill, somebody on your team runs one."], playbook: nil,
            labels: labels)
        return Message(
            event: .drill, incident: incident, environment: configuration.environment.value,
            mode: configuration.mode.value, at: now)
    }
}
