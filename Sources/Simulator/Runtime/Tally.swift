import Model

/// What the simulator did itself, so that a checker can compare it with what a monitor says.
public struct Tally: Sendable, Equatable {
    /// The starts of one app since the beginning, warm-up included.
    public struct App: Sendable, Equatable {
        /// Starts that the runtime took.
        public var accepted = 0
        /// Starts that were refused in front of the runtime, retries included.
        public var refused = 0
        /// Starts that met no answer or an error.
        public var failed = 0
        /// Runs that ended.
        public var ended = 0
        /// Open runs that a restart of the process wiped out.
        public var lost = 0

        /// Runs that are open now, ghosts included.
        public var open: Int { accepted - ended - lost }
    }

    public var apps: [AppID: App] = [:]
    public var restarts = 0
    /// Requests answered or left hanging, by path; paths that are no endpoint count under `other`.
    public var requests: [String: Int] = [:]
    /// Requests answered 401.
    public var unauthorized = 0
    public var tokensIssued = 0

    /// The document of `/_sim/status`, apps and paths sorted by bytes.
    func document(of runtime: SimulatedRuntime) -> JSON {
        let perApp = apps.sorted { $0.key < $1.key }.map { app, tally -> (key: String, value: JSON) in
            (
                app.text,
                [
                    "starts_accepted": .int(Int64(tally.accepted)), "starts_refused": .int(Int64(tally.refused)),
                    "starts_failed": .int(Int64(tally.failed)), "runs_ended": .int(Int64(tally.ended)),
                    "runs_lost": .int(Int64(tally.lost)), "runs_open": .int(Int64(tally.open)),
                ]
            )
        }
        let perPath = requests.inByteOrder(of: \.key)
            .map { (key: $0.key, value: JSON.int(Int64($0.value))) }
        return [
            "schema": "mozaiks.ops/simulation/v1", "scenario": .string(runtime.scenario.name),
            "seed": .string(String(runtime.scenario.seed)), "now": .string(runtime.now.description),
            "elapsed_ms": .int(runtime.offset.milliseconds), "replicas": .int(Int64(runtime.scenario.replicas)),
            "restarts": .int(Int64(restarts)), "unauthorized": .int(Int64(unauthorized)),
            "tokens_issued": .int(Int64(tokensIssued)), "apps": .object(JSONObject(perApp)),
            "requests": .object(JSONObject(perPath)),
        ]
    }
}
