import Model

/// The first line of a tape: what was recorded and how often it was asked.
public struct TapeHeader: Hashable, Sendable {
    /// The schema that every tape names.
    public static let schema = "mozaiks.ops/tape/v1"

    public struct Runtime: Hashable, Sendable {
        public var name: String
        /// Base URLs.
        public var replicas: [String]

        public init(name: String, replicas: [String]) {
            self.name = name
            self.replicas = replicas
        }
    }

    public var interval: TimeSpan
    public var runtimes: [Runtime]

    public init(interval: TimeSpan, runtimes: [Runtime]) {
        self.interval = interval
        self.runtimes = runtimes
    }

    /// The header as a document.
    public var json: JSON {
        let runtimes = runtimes.map { runtime in
            (key: runtime.name, value: ["replicas": .array(runtime.replicas.map(JSON.string))] as JSON)
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
}
