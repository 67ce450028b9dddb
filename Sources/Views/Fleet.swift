import Cycle
import Journal
import Model
import Policy
import Signals

/// Which data plane serves whom: the runtimes that are configured, what they are called, who their replicas are and whose apps they
/// have shown. From the configuration and from what whoever polls has kept.
public struct Fleet: Sendable {
    public struct Runtime: Sendable {
        public let name: String
        /// What says who the replicas are: `dns runtime.internal`; nil where the configuration names them.
        public let foundBy: String?
        /// Replicas that the configuration names.
        public let configured: [String]
        /// Those of the configuration, and those that all its replicas have where they were found.
        public let labels: [String: String]
        /// Nil before it was polled.
        public let sight: RuntimeSight?
        /// By their bytes, each with when the runtime last showed it.
        public let apps: [(app: AppID, seenAt: Timestamp)]

        /// Those that were last polled, else those that are configured.
        public var replicas: [String] { sight.map { $0.summary.replicas.map(\.url) } ?? configured }
    }

    /// In the order of the configuration.
    public let runtimes: [Runtime]
    /// What apps are called by policies of their own.
    private let appLabels: [AppID: [String: String]]

    /// - Parameters:
    ///   - configured: the runtimes, each with what says who its replicas are; none: all that the journal knows.
    ///   - journal: nil where nobody has polled yet.
    ///   - complain: hears of what cannot be read.
    public init(
        _ configured: [(runtime: WatchedRuntime, foundBy: String?)], in journal: Journal?, policies: PolicySet?,
        complain: (String) -> Void
    ) throws(JournalError) {
        let sights =
            try journal.map { journal throws(JournalError) in
                try RuntimeSight.all(in: journal) { complain("what was seen of \(Shown.id($0)) cannot be read") }
            } ?? []
        let all = configured.isEmpty ? sights.map { (WatchedRuntime(name: $0.summary.runtime, replicas: []), nil) } : configured
        var runtimes: [Runtime] = []
        for (runtime, foundBy) in all {
            let sight = sights.first { $0.summary.runtime.isSame(as: runtime.name) }
            var apps: [(app: AppID, seenAt: Timestamp)] = []
            if let bytes = try journal?.state("signals:\(runtime.name)") {
                do {
                    apps = try RuntimeSignals(decoding: bytes, options: SignalOptions()).subjectsSeen.map { ($0.app, $0.at) }
                } catch {
                    complain("the apps of \(Shown.id(runtime.name)) cannot be read: \(error)")
                }
            }
            runtimes.append(
                Runtime(
                    name: runtime.name, foundBy: foundBy, configured: runtime.replicas,
                    labels: runtime.labels.merging(foundBy == nil ? [:] : sight?.summary.finding?.labels ?? [:]) { own, _ in own },
                    sight: sight, apps: apps))
        }
        self.runtimes = runtimes
        var labels: [AppID: [String: String]] = [:]
        for policy in policies?.policies ?? [] {
            guard let app = policy.app else { continue }
            labels[app] = Dictionary(policy.labels.map { ($0.name, $0.value) }) { first, _ in first }
        }
        appLabels = labels
    }

    /// One app on one runtime.
    public struct Placement: Sendable {
        public let app: AppID
        public let runtime: String
        /// The app's own, then its runtime's.
        public let labels: [String: String]
        public let seenAt: Timestamp
    }

    /// By app, then in the order of the configuration.
    /// - Parameters:
    ///   - app: this one alone; nil: all.
    ///   - runtime: those that this one has shown; nil: of all.
    public func placements(app: AppID? = nil, runtime: String? = nil) -> [Placement] {
        let asked = runtimes.filter { one in runtime.map { one.name.isSame(as: $0) } ?? true }
        let all = asked.enumerated().flatMap { place, runtime in
            runtime.apps.filter { app == nil || $0.app == app }.map { shown in
                (
                    place: place,
                    placement: Placement(
                        app: shown.app, runtime: runtime.name,
                        labels: (appLabels[shown.app] ?? [:]).merging(runtime.labels) { own, _ in own }, seenAt: shown.seenAt)
                )
            }
        }
        return all.sorted { a, b in a.placement.app != b.placement.app ? a.placement.app < b.placement.app : a.place < b.place }
            .map(\.placement)
    }

    /// `tier=gold, topology=dedicated`
    public static func text(_ labels: [String: String]) -> String {
        labels.inByteOrder(of: \.key).map { "\(Shown.id($0.key))=\(Shown.id($0.value))" }.joined(separator: ", ")
    }
}

// MARK: - As documents

extension Fleet {
    /// `runtimes list -o json`.
    public var document: OutputDocument { OutputDocument(.runtimes, ["runtimes": .array(runtimes.map(Fleet.document))]) }

    /// `apps list -o json`.
    public static func document(_ placements: [Placement]) -> OutputDocument {
        let rows: [JSON] = placements.map { placement in
            [
                "app": .string(placement.app.text), "runtime": .string(placement.runtime), "labels": labels(placement.labels),
                "last_seen": .moment(placement.seenAt),
            ]
        }
        return OutputDocument(.apps, ["apps": .array(rows)])
    }

    private static func document(_ runtime: Runtime) -> JSON {
        let seen = runtime.sight?.summary.replicas ?? []
        let replicas: [JSON] = runtime.replicas.map { url in
            let replica = seen.first { $0.url.isSame(as: url) }
            return [
                "url": .string(url), "healthy": replica?.isHealthy.map { .bool($0) } ?? .null,
                "several_processes": .bool(replica?.answersForSeveralProcesses ?? false),
            ]
        }
        return [
            "runtime": .string(runtime.name), "found_by": .optional(runtime.foundBy), "labels": labels(runtime.labels),
            "replicas": .array(replicas), "apps": .int(Int64(runtime.apps.count)), "polled_at": .moment(runtime.sight?.polledAt),
            "trouble": .optional(runtime.sight?.summary.finding?.trouble.map(Shown.line)),
        ]
    }

    private static func labels(_ labels: [String: String]) -> JSON {
        .object(JSONObject(labels.inByteOrder(of: \.key).map { (key: $0.key, value: .string($0.value)) }))
    }
}
