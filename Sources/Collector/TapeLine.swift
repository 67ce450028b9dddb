import Model

/// The first line of a tape: what was recorded and how often it was asked.
public struct TapeHeader: Hashable, Sendable {
    /// The schema that every tape names.
    public static let schema = "mozaiks.ops/tape/v1"

    public var interval: TimeSpan
    /// Without labels.
    public var runtimes: [WatchedRuntime]

    public init(interval: TimeSpan, runtimes: [WatchedRuntime]) {
        self.interval = interval
        self.runtimes = runtimes
    }

    /// The header as a document.
    public var json: JSON {
        let runtimes = runtimes.map { runtime in
            var members: JSONObject = ["replicas": .array(runtime.replicas.map(JSON.string))]
            // As it always was where there are only runtimes.
            if runtime.kind != .runtime { members.append("kind", .string(runtime.kind.rawValue)) }
            if !runtime.carries.isEmpty { members.append("carries", .strings(runtime.carries)) }
            return (key: runtime.name, value: JSON.object(members))
        }
        return [
            "schema": .string(TapeHeader.schema), "interval_ms": .int(interval.milliseconds),
            "runtimes": .object(JSONObject(runtimes)),
        ]
    }
}

/// A line of a tape behind its header, in the order of processing.
public enum TapeLine: Sendable {
    /// One request and what came of it. Its body is decoded as a live one is.
    case exchange(Observation)
    /// One evaluation of a runtime, with `now` = `at`. `count` is the recorder's own number of it, from 1.
    case tick(at: Timestamp, runtime: String, count: Int64)
    /// Something that people did between two ticks, and that later decisions follow from.
    case event(at: Timestamp, TapeEvent)
}

/// What people did while a tape was recorded. Programs of before these lines stop at them; tapes without them are read as
/// ever.
public enum TapeEvent: Sendable {
    /// Somebody asked for something on the command line, and the engine obeyed. `arguments` are JSON.
    case command(kind: String, actor: String, arguments: String)
    /// The file that stops all actions appeared or went.
    case killSwitch(isOn: Bool)
    /// Settings and policies were put in force: at the beginning, and at a reload.
    case settings(JSON)

    /// `command`, `kill_switch`, `settings`
    var name: String {
        switch self {
        case .command: "command"
        case .killSwitch: "kill_switch"
        case .settings: "settings"
        }
    }
}
