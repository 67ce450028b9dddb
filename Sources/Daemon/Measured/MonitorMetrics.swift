import Cycle
import Model
import Server

/// Every metric of `/metrics` besides the readings of signals, in the order in which they are written. The table
/// `docs/metrics.md` is made of it.
public enum MonitorMetric: String, CaseIterable, Sendable {
    case build, started
    case cycles, lastCycle, cyclesLeftOut, polls, pollDuration, evaluationDuration, commitDuration, commitFailures, journalFailing,
        journalSize
    case evidenceMissing, pollInterval, perfInterval
    case incidents, incidentsOpened, incidentsResolved
    case leases, decisions, refusals, revertsDue, actionsStopped
    case gateQuestions, gateFailedOpen, gateAnswerDuration
    case outboxPending, outboxOldest, outboxDead, channelFailing
    case connectionsRefused
    case logLinesDropped

    public var info: MetricInfo {
        func metric(_ name: String, _ kind: MetricInfo.Kind, _ labels: [String] = [], _ help: String) -> MetricInfo {
            MetricInfo(MonitorMetric.prefix + name, kind, help, labels: labels)
        }
        func metric(_ name: String, _ kind: MetricInfo.Kind, _ help: String) -> MetricInfo { metric(name, kind, [], help) }
        // Of whatever is watched, by its name under the label of its kind.
        func watched(_ name: String, _ kind: MetricInfo.Kind, _ labels: [String], _ help: String) -> MetricInfo {
            MetricInfo(
                MonitorMetric.prefix + name, kind, help, labels: WatchedKind.allCases.map(\.rawValue) + labels,
                alternatives: WatchedKind.allCases.count)
        }
        switch self {
        case .build:
            return metric(
                "build_info", .info, ["version", "revision"],
                "The program that answers, and the commit it was built from (empty where that is not known); always 1.")
        case .started: return metric("start_time_seconds", .gauge, "When the daemon started, in seconds since 1970.")
        case .cycles: return watched("cycles_total", .counter, [], "Cycles that ended, whether or not they could be committed.")
        case .lastCycle:
            return watched("last_cycle_timestamp_seconds", .gauge, [], "When the last cycle ended, in seconds since 1970.")
        case .cyclesLeftOut:
            return watched(
                "cycles_left_out_total", .counter, [],
                "Cycles that were due and never begun, since the one before took longer than intervals do.")
        case .polls:
            return metric(
                "polls_total", .counter, ["endpoint", "result"],
                "Requests to runtimes, by what came of them: answered, unauthorized, error (another status) or why no answer came.")
        case .pollDuration:
            return metric("poll_duration_seconds", .histogram, ["endpoint"], "Time that requests to runtimes took, failed ones included.")
        case .evaluationDuration:
            return metric("evaluation_duration_seconds", .histogram, "Time that judging one runtime took: readings, rules, guard.")
        case .commitDuration:
            return metric("commit_duration_seconds", .histogram, "Time that commits to the journal took, failed ones included.")
        case .commitFailures:
            return metric("commit_failures_total", .counter, "Commits to the journal that failed; what they held is tried again.")
        case .journalFailing:
            return metric("journal_failing", .gauge, "1 while the journal cannot be written: no new action and no message until it can be.")
        case .journalSize: return metric("journal_size_bytes", .gauge, ["file"], "Size of the journal's files.")
        case .evidenceMissing:
            return watched(
                "evidence_missing", .gauge, ["endpoint", "reason"],
                "Replicas of which the newest answer of an endpoint was no evidence, by reason; a host or a service is one.")
        case .pollInterval:
            return watched("poll_interval_seconds", .gauge, [], "Time between two polls as it is configured.")
        case .perfInterval:
            return metric(
                "perf_interval_seconds", .gauge, ["runtime"],
                "How often the expensive perf endpoint is really asked: as configured, or stretched to keep the polling budget.")
        case .incidents: return metric("incidents", .gauge, ["rule", "severity", "state"], "Incidents that are open now.")
        case .incidentsOpened:
            return metric("incidents_opened_total", .counter, ["rule", "severity"], "Incidents that opened or opened again.")
        case .incidentsResolved: return metric("incidents_resolved_total", .counter, ["rule", "severity"], "Incidents that resolved.")
        case .leases:
            return metric(
                "leases", .gauge, ["action", "state", "shadow"], "Leases that are not over; shadow ones only pretend (observe mode).")
        case .decisions: return metric("decisions_total", .counter, ["action", "verdict"], "Decisions on wanted actions.")
        case .refusals:
            return metric("refusals_total", .counter, ["action", "reason"], "Wanted actions that the guard refused, by the step that did.")
        case .revertsDue: return metric("reverts_due", .gauge, "Actions that resist being undone, and are tried again.")
        case .actionsStopped:
            return metric("actions_stopped", .gauge, "1 while the kill switch is on, or cannot be read: no action begins then.")
        case .gateQuestions:
            return metric(
                "gate_questions_total", .counter, ["answer"],
                "Requests that the gate was asked about: not_a_start, allowed, refused, crafted.")
        case .gateFailedOpen:
            return metric("gate_failed_open_total", .counter, ["reason"], "Requests let through because the gate did not know better.")
        case .gateAnswerDuration:
            return metric("gate_answer_duration_seconds", .histogram, "Time that the gate's answers took, without the network.")
        case .outboxPending: return metric("outbox_pending_messages", .gauge, "Messages that wait to be sent.")
        case .outboxOldest:
            return metric("outbox_oldest_pending_age_seconds", .gauge, "Age of the oldest message that waits; no sample while none does.")
        case .outboxDead: return metric("outbox_dead_messages", .gauge, "Messages that were given up and that the journal still holds.")
        case .channelFailing: return metric("channel_failing", .gauge, ["channel"], "1 while a channel does not take its messages.")
        case .connectionsRefused:
            return metric(
                "connections_refused_total", .counter, ["server", "reason"],
                "Connections at the gate or the page that were closed at once because one address (address) or all together (full) had too many, or cut off because their request was not whole in time (late)."
            )
        case .logLinesDropped: return metric("log_lines_dropped_total", .counter, "Lines of the log that could not be written.")
        }
    }

    static let prefix = "mozaiks_ops_"

    /// All metrics, those of signals included, in the order of the exposition.
    public static let all: [MetricInfo] =
        allCases.map(\.info) + SignalMetric.runtime.map(\.info) + SignalMetric.app.map(\.info)
        + SignalMetric.host.map(\.info) + SignalMetric.service.map(\.info)
}

/// A signal's reading as a metric, in base units: what the table of signals says, made by rule.
public struct SignalMetric: Sendable {
    public let signal: Signal
    public let info: MetricInfo
    /// What a reading is multiplied with.
    let factor: Double

    init(_ signal: Signal, of kind: SubjectKind) {
        self.signal = signal
        let (suffix, factor): (String, Double) =
            switch signal.unit {
            case .percent: ("_ratio", 0.01)
            case .perMinute: ("_per_second", 1 / 60)
            case .seconds: ("_seconds", 1)
            case .bytes: ("_bytes", 1)
            case .dollars: ("_usd", 1)
            case .dollarsPerHour: ("_usd_per_second", 1 / 3_600)
            case .number, .runs, .apps, .chats, .connections, .flag: ("", 1)
            }
        self.factor = factor
        let words = String(signal.name.map { $0 == "." ? "_" : $0 })
        // `error_rate` is a share, `health_latency` is in seconds: the unit stands once.
        let name = MonitorMetric.prefix + kind.rawValue + "_" + words + suffix
        let summary = signal.info.summary(on: kind)
        let help = summary.prefix(1).uppercased() + summary.dropFirst()
        info = MetricInfo(
            name, .gauge, help + (signal.isWindowed ? ", over the last 5 minutes." : ".") + " No sample while it is missing.",
            labels: kind == .app ? ["runtime", "app"] : [kind.rawValue])
    }

    private static func shown(_ kind: SubjectKind) -> [SignalMetric] {
        CycleReport.shown.filter { $0.info.subjects.contains(kind) }.map { SignalMetric($0, of: kind) }
    }

    /// The main signals, as reports show them.
    public static let runtime = shown(.runtime)
    public static let app = shown(.app)
    static let host = shown(.host)
    static let service = shown(.service)

    /// Those of what is watched.
    public static func of(_ kind: WatchedKind) -> [SignalMetric] {
        switch kind {
        case .runtime: runtime
        case .host: host
        case .service: service
        }
    }
}
