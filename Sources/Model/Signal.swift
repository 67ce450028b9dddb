/// What a reading is counted in. Conditions are unit-checked with it at load.
public enum Unit: UInt8, Hashable, Sendable, CaseIterable {
    /// A bare number: a rise, a ratio of like quantities.
    case number
    case runs, apps, chats, connections
    /// 0 or 1.
    case flag
    case percent
    case seconds
    case perMinute
    case dollars
    case dollarsPerHour
    case bytes

    /// As written behind a number: `%`, `s`, `/min`, `USD/h`; empty for counts.
    public var suffix: String {
        switch self {
        case .number, .runs, .apps, .chats, .connections, .flag: ""
        case .percent: "%"
        case .seconds: "s"
        case .perMinute: "/min"
        case .dollars: " USD"
        case .dollarsPerHour: " USD/h"
        case .bytes: " B"
        }
    }

    /// For tables: `runs`, `%`, `s`, `/min`, `0 or 1`.
    public var word: String {
        switch self {
        case .flag: "0 or 1"
        case .number, .runs, .apps, .chats, .connections: name
        case .percent, .seconds, .perMinute, .dollars, .dollarsPerHour, .bytes:
            suffix.hasPrefix(" ") ? String(suffix.dropFirst()) : suffix
        }
    }

    /// Whether a bare number may be compared with it.
    public var isCount: Bool { suffix.isEmpty }
}

/// Which kind of thing a rule or a reading is about.
public enum SubjectKind: String, Hashable, Sendable, CaseIterable {
    case runtime, app, replica, host, service, workflow
}

/// A counter that a runtime may show but never move; each is judged by itself.
public enum Counter: UInt8, Hashable, Sendable, CaseIterable {
    case errors, tokens, cost, turns, tools

    public var name: String {
        switch self {
        case .errors: "errors"
        case .tokens: "tokens"
        case .cost: "cost"
        case .turns: "turns"
        case .tools: "tools"
        }
    }
}

/// Everything that can be read about a runtime, a replica or an app, and about hosts and services. The table is `policies.md`'s, in its order.
public enum Signal: UInt8, Hashable, Sendable, CaseIterable {
    case activeRuns, openRuns, stalledRuns, activeApps, activeRunsShare, activeRunsMaxPerUser
    case runStarts, runEnds, silentRunsShare
    case errors, errorRate, turns, toolCalls
    case turnLatencyP50, turnLatencyP95, turnLatencyP99
    case tokens, cost, llmCalls
    case up, healthy, healthLatency, mongodbLatency, websockets
    case trackedChats, perfSeconds, uptime, restarts
    case perfPolled, deadCounters
    // Kept histories hold readings by these numbers: new signals come last.
    case gateStarts, gateRefusals
    case ghostRuns
    case healthFailures
    case loopLag
    case silentRuns, silentRunsRest, errorRateRest
    case lostPolls, lineLoss, turnLatencyP95Rest
    case cpu, cpuThrottled, load, memory, swap, diskFree, inodesFree, oomKills, openFiles
    case pressureCPU, pressureMemory, pressureIO
    case latency, latencyResolve, latencyConnect, latencyTLS, latencyProcessing, latencyTransfer
    case status, certificateDays
    case unreadMounts
    /// Not one signal but as many as a page of metrics has series: which of them, its `MetricQuery` says. Kept in no history.
    case metric
    case metricSeries

    /// How a value comes about: read at a moment, or over a window.
    public enum Shape: Sendable {
        case gauge, rate, ratio, quantile, count
    }
}

/// One row of the table of signals.
public struct SignalInfo: Sendable {
    public let signal: Signal
    /// As written in conditions: `active_runs.share`.
    public let name: String
    public let unit: Unit
    public let shape: Signal.Shape
    public let subjects: [SubjectKind]
    /// The endpoint whose answers it is read from; or the gate. Of a subject of another kind: `endpoint(on:)`.
    public let endpoint: Endpoint
    /// The counters without which it says nothing.
    public let counters: [Counter]
    /// One line for people.
    public let summary: String

    /// The same line for subjects of one kind, where it means something else of others.
    public func summary(on kind: SubjectKind) -> String {
        switch (signal, kind) {
        case (.up, .host): "the kernel's own files could be read"
        case (.up, .service): "the last look found it as it should be"
        case (.up, _): "any endpoint answered HTTP"
        case (.uptime, .host): "time since the machine started"
        case (.uptime, _): "age of the runtime process"
        default: summary
        }
    }

    /// The endpoint whose answers it is read from of a subject of that kind: a signal may be read of several.
    public func endpoint(on kind: SubjectKind) -> Endpoint { kind.endpoint ?? endpoint }

    /// What must be there for it to say anything, for people: counters that move, or a gate.
    public var needs: [String] { counters.map(\.name) + (endpoint == .gate ? ["a gate"] : []) }
}

extension Signal {
    /// The table, one row a signal, in the order of the cases.
    public static let table: [SignalInfo] = [
        row(
            .activeRuns, "active_runs", .runs, .gauge, [.app, .runtime, .workflow], .perf, [],
            "open runs that are young or make progress, without ghosts"),
        row(.openRuns, "open_runs", .runs, .gauge, [.app, .runtime, .workflow], .perf, [], "runs that have not ended"),
        row(
            .stalledRuns, "stalled_runs", .runs, .gauge, [.app, .runtime, .workflow], .perf, [],
            "open runs that make no progress, ghosts among them"),
        row(.activeApps, "active_apps", .apps, .gauge, [.runtime], .perf, [], "apps with an active run"),
        row(.activeRunsShare, "active_runs.share", .percent, .gauge, [.app], .perf, [], "share of its runtime's active runs"),
        row(.activeRunsMaxPerUser, "active_runs.max_per_user", .runs, .gauge, [.app], .perf, [], "active runs of the busiest user"),
        row(.runStarts, "run_starts", .perMinute, .rate, [.app, .runtime, .workflow], .perf, [], "runs started"),
        row(.runEnds, "run_ends", .perMinute, .rate, [.app, .runtime, .workflow], .perf, [], "runs ended"),
        row(.silentRunsShare, "silent_runs.share", .percent, .ratio, [.runtime], .perf, [], "ended runs in which nothing was done"),
        row(.errors, "errors", .perMinute, .rate, [.app, .runtime, .workflow], .perf, [.errors], "errors"),
        row(
            .errorRate, "error_rate", .percent, .ratio, [.app, .runtime, .workflow], .perf, [.errors],
            "turns that failed (tool calls, where no turns are counted)"),
        row(.turns, "turns", .perMinute, .rate, [.app, .runtime, .workflow], .perf, [.turns], "agent turns"),
        row(.toolCalls, "tool_calls", .perMinute, .rate, [.app, .runtime, .workflow], .perf, [.tools], "tool calls"),
        row(
            .turnLatencyP50, "turn_latency.p50", .seconds, .quantile, [.app, .runtime, .workflow], .perf, [.turns], "median turn duration"),
        row(
            .turnLatencyP95, "turn_latency.p95", .seconds, .quantile, [.app, .runtime, .workflow], .perf, [.turns],
            "95th percentile of turn durations"
        ),
        row(
            .turnLatencyP99, "turn_latency.p99", .seconds, .quantile, [.app, .runtime, .workflow], .perf, [.turns],
            "99th percentile of turn durations"
        ),
        row(.tokens, "tokens", .perMinute, .rate, [.app, .runtime, .workflow], .perf, [.tokens], "prompt plus completion tokens"),
        row(.cost, "cost", .dollarsPerHour, .rate, [.app, .runtime, .workflow], .perf, [.cost], "spend"),
        row(.llmCalls, "llm_calls", .perMinute, .rate, [.runtime], .events, [], "model calls (growth of chat.usage_delta)"),
        row(
            .up, "up", .flag, .gauge, [.runtime, .replica, .host, .service], .health, [],
            "any endpoint answered HTTP; of a host: its files could be read, of a service: it was as it should be"),
        row(.healthy, "healthy", .flag, .gauge, [.runtime, .replica], .health, [], "health said healthy"),
        row(.healthLatency, "health_latency", .seconds, .gauge, [.runtime, .replica], .health, [], "time that the health answer took"),
        row(
            .mongodbLatency, "mongodb_latency", .seconds, .gauge, [.runtime, .replica], .health, [],
            "MongoDB ping as the runtime measured it"),
        row(.websockets, "websockets", .connections, .gauge, [.runtime, .replica], .health, [], "open websockets"),
        row(.trackedChats, "tracked_chats", .chats, .gauge, [.runtime, .replica], .perf, [], "chats the process holds since its start"),
        row(.perfSeconds, "perf_seconds", .seconds, .gauge, [.runtime, .replica], .perf, [], "time that the perf answer took"),
        row(
            .uptime, "uptime", .seconds, .gauge, [.runtime, .replica, .host], .events, [],
            "age of the runtime process; of a host the time since it started"),
        row(
            .restarts, "restarts", .number, .count, [.runtime, .replica], .events, [],
            "restarts in the window, of a runtime those of the process that has most"),
        row(.perfPolled, "perf_interval", .seconds, .gauge, [.runtime, .replica], .perf, [], "effective interval of the perf poll"),
        row(.deadCounters, "dead_counters", .number, .gauge, [.runtime], .perf, [], "counters that never move on this runtime"),
        row(
            .gateStarts, "gate_starts", .perMinute, .rate, [.app, .runtime], .gate, [],
            "starts that the gate was asked about, let through or not"),
        row(.gateRefusals, "gate_refusals", .perMinute, .rate, [.app, .runtime], .gate, [], "starts that the gate refused"),
        row(
            .ghostRuns, "ghost_runs", .runs, .gauge, [.app, .runtime, .workflow], .perf, [],
            "open runs that nothing runs for: no websocket, or never any progress"),
        row(
            .healthFailures, "health_failures", .percent, .ratio, [.runtime, .replica], .health, [],
            "health polls that failed: said no, a server's error, or no answer while another endpoint gave one"),
        // Asked for in the same cycles as health; where there is no extension, health is still when there is news.
        row(
            .loopLag, "loop_lag", .seconds, .gauge, [.runtime, .replica], .health, [],
            "how late the runtime's event loop was at worst in 30 s (needs the runtime extension)"),
        row(
            .silentRuns, "silent_runs", .perMinute, .rate, [.app, .workflow], .perf, [],
            "runs ended in which nothing was done, by their own counters"),
        row(
            .silentRunsRest, "silent_runs.rest", .percent, .ratio, [.runtime], .perf, [],
            "silent_runs.share without the app that has most of them"),
        row(
            .errorRateRest, "error_rate.rest", .percent, .ratio, [.runtime], .perf, [.errors],
            "error_rate without the app that has most errors"),
        row(
            .lostPolls, "lost_polls", .percent, .ratio, [.runtime, .replica], .health, [],
            "polls of which nothing came back in time; a refused connection came back"),
        row(
            .lineLoss, "line_loss", .percent, .gauge, [.runtime, .replica], .health, [],
            "what the line to the runtime loses: requests that were lost singly, of the newest 240 or so"),
        row(
            .turnLatencyP95Rest, "turn_latency.p95.rest", .seconds, .quantile, [.runtime], .perf, [.turns],
            "turn_latency.p95 without the app that has most of the slow turns"),
        row(
            .cpu, "cpu", .percent, .gauge, [.host], .host, [],
            "share of all cores that was busy between the last two looks; of the container's limit, where that is nearer"),
        row(
            .cpuThrottled, "cpu_throttled", .percent, .gauge, [.host], .host, [],
            "scheduling periods since the last look in which the container's cpu limit held it back"),
        row(.load, "load", .number, .gauge, [.host], .host, [], "load average over a minute, by core"),
        row(
            .memory, "memory", .percent, .gauge, [.host], .host, [],
            "memory that is not available; of the container's limit, where that is nearer"),
        row(.swap, "swap", .percent, .gauge, [.host], .host, [], "swap space in use; not tracked without any"),
        row(.diskFree, "disk_free", .percent, .gauge, [.host], .host, [], "space left on the fullest of the mounts"),
        row(.inodesFree, "inodes_free", .percent, .gauge, [.host], .host, [], "inodes left on the mount that has fewest"),
        row(
            .oomKills, "oom_kills", .number, .count, [.host], .host, [],
            "processes killed for want of memory in the window, in the machine or in the container"),
        row(.openFiles, "open_files", .percent, .gauge, [.host], .host, [], "open files, of as many as the system allows"),
        row(
            .pressureCPU, "pressure.cpu", .percent, .gauge, [.host], .host, [],
            "part of the last minute in which something waited for a cpu (PSI)"),
        row(
            .pressureMemory, "pressure.memory", .percent, .gauge, [.host], .host, [],
            "part of the last minute in which something waited for memory (PSI)"),
        row(
            .pressureIO, "pressure.io", .percent, .gauge, [.host], .host, [],
            "part of the last minute in which something waited for a disk (PSI)"),
        row(.latency, "latency", .seconds, .gauge, [.service], .probe, [], "time that the last look took"),
        row(.latencyResolve, "latency.resolve", .seconds, .gauge, [.service], .probe, [], "of it, looking up the name"),
        row(.latencyConnect, "latency.connect", .seconds, .gauge, [.service], .probe, [], "of it, connecting"),
        row(.latencyTLS, "latency.tls", .seconds, .gauge, [.service], .probe, [], "of it, the handshake of TLS"),
        row(.latencyProcessing, "latency.processing", .seconds, .gauge, [.service], .probe, [], "of it, waiting for the first byte"),
        row(.latencyTransfer, "latency.transfer", .seconds, .gauge, [.service], .probe, [], "of it, receiving the answer"),
        row(.status, "status", .number, .gauge, [.service], .probe, [], "HTTP status of the last answer"),
        row(
            .certificateDays, "certificate_days", .number, .gauge, [.service], .probe, [],
            "days until the certificate that was shown runs out; 0 when it has"),
        row(
            .unreadMounts, "unread_mounts", .number, .gauge, [.host], .host, [],
            "mounts that could not be looked at, such as a network disk whose server is gone"),
        row(
            .metric, "metric(…)", .number, .gauge, [.runtime, .replica], .metrics, [],
            "a series of the page that 'metrics' names: metric(\"family\", label=\"value\"), with .rate, .increase, .p95, .sum, .max, .min"),
        row(
            .metricSeries, "metric_series", .number, .gauge, [.runtime, .replica], .metrics, [],
            "series on the page that 'metrics' names, read or not; not tracked where none is named"),
    ]

    private static func row(
        _ signal: Signal, _ name: String, _ unit: Unit, _ shape: Shape, _ subjects: [SubjectKind], _ endpoint: Endpoint,
        _ counters: [Counter], _ summary: String
    ) -> SignalInfo {
        SignalInfo(
            signal: signal, name: name, unit: unit, shape: shape, subjects: subjects, endpoint: endpoint,
            counters: counters, summary: summary)
    }

    public var info: SignalInfo { Signal.table[Int(rawValue)] }
    public var name: String { info.name }
    /// Whether the monitor's own gate counts it: not there without one, and the runtime has no part in it.
    public var isOfGate: Bool { info.endpoint == .gate }
    public var unit: Unit { info.unit }
    /// Whether it is read of a page of metrics, where a configuration names one.
    public var isOfPage: Bool { info.endpoint == .metrics }
    /// Whether a window in brackets applies: rates, ratios, quantiles and counts are over a window, gauges are not.
    public var isWindowed: Bool {
        if case .gauge = info.shape { false } else { true }
    }

    /// Whether it counts what happens, so that what a day brought is the sum of its minutes.
    public var addsUp: Bool {
        guard case .rate = info.shape else { return false }
        return info.subjects.contains(.app) && info.subjects.contains(.runtime)
    }

    /// A name as conditions write it, without what says whose it is: `active_runs` of `runtime.active_runs` and `app.active_runs`.
    public static func withoutScope(_ name: String) -> String {
        for scope in [SeriesRef.Scope.runtime, .app] where name.hasPrefix(scope.prefix) {
            return String(name.dropFirst(scope.prefix.count))
        }
        return name
    }

    private static let byName: [String: Signal] = Dictionary(uniqueKeysWithValues: table.map { ($0.name, $0.signal) })

    /// The signal that conditions write so; nil when there is none.
    public init?(name: String) {
        guard let signal = Signal.byName[name] else { return nil }
        self = signal
    }
}
