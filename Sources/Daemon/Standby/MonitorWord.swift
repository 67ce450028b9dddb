import JSONParsing
import Model
import Server

/// What a monitor says of itself to the others that share its database. Schema `mozaiks.ops/monitor/v1`.
public struct MonitorWord: Sendable {
    public static let schema = "mozaiks.ops/monitor/v1"

    public var version: String
    public var environment: String
    /// Nil where it is the only one, or of a version that knew no shards.
    public var shard: Shard?
    /// Those that it watches, or would watch, by name, each with where it answers.
    public var runtimes: [WatchedRuntime]
    /// How many cycles it has completed; of one that stands by 0.
    public var cycles: Int
    /// Nil where it has no gate.
    public var gate: GateReport?

    public init(
        version: String, environment: String, shard: Shard? = nil, runtimes: [WatchedRuntime], cycles: Int = 0, gate: GateReport? = nil
    ) {
        self.version = version
        self.environment = environment
        self.shard = shard
        self.runtimes = runtimes
        self.cycles = cycles
        self.gate = gate
    }

    public var text: String {
        let document: JSON = [
            "schema": .string(MonitorWord.schema), "version": .string(version), "environment": .string(environment),
            "shard": .optional(shard?.description),
            "runtimes": .array(
                runtimes.map { ["name": .string($0.name), "replicas": .array($0.replicas.map(JSON.string))] }),
            "cycles": .int(Int64(cycles)), "gate": gate?.document ?? .null,
        ]
        return document.serialized()
    }

    /// Reads another's. Nil for what this version does not understand: it may be of a later one.
    public init?(_ text: String) {
        guard let document = try? JSON(parsing: text), document["schema"]?.string?.isSame(as: MonitorWord.schema) ?? false,
            let names = document["runtimes"]?.array
        else { return nil }
        self.init(
            version: document["version"]?.string ?? "", environment: document["environment"]?.string ?? "",
            shard: document["shard"]?.string.flatMap { Shard($0) },
            runtimes: names.compactMap { row in
                row["name"]?.string.map { WatchedRuntime(name: $0, replicas: row["replicas"]?.array?.compactMap(\.string) ?? []) }
            }, cycles: Int(clamping: document["cycles"]?.int ?? 0),
            gate: document["gate"].flatMap { $0.object == nil ? nil : GateReport($0) })
    }
}

extension MonitorWord {
    /// How what another watches differs from what this one would.
    enum Difference: Equatable {
        case none
        /// Some runtimes, in words: as when one of the two has read its configuration anew.
        case some(String)
        /// Not one runtime is watched by both: two monitors of different things, and one database by mistake.
        case all
        /// Another shard by the same configuration: each has a state of its own.
        case shard(other: Shard, own: Shard)
    }

    func difference(to other: MonitorWord) -> Difference {
        // A count that differs is a configuration that is being rolled out.
        if let shard, let others = other.shard, shard.number != others.number { return .shard(other: others, own: shard) }
        let own = Dictionary(runtimes.map { ($0.name, $0.replicas) }) { first, _ in first }
        let others = Dictionary(other.runtimes.map { ($0.name, $0.replicas) }) { first, _ in first }
        guard environment.isSame(as: other.environment), !Set(own.keys).isDisjoint(with: others.keys) else { return .all }
        let names = Set(own.keys).union(others.keys).filter { own[$0] != others[$0] }.inByteOrder()
        return names.isEmpty ? .none : .some(names.map { Shown.id($0) }.joined(separator: ", "))
    }
}
