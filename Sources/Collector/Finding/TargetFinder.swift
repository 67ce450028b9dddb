import Ambient
import Model

/// Asks a source who a runtime's replicas are, as often as it wants to be asked. What it says is an observation like any other:
/// on tapes, and in what a replay decides.
public actor TargetFinder {
    public nonisolated let runtime: String
    public nonisolated let source: any TargetSource
    private let clock: any Clock
    /// By the monotonic clock, ns; nil before the first time.
    private var askedAt: UInt64?

    public init(_ source: any TargetSource, of runtime: String, clock: any Clock = SystemClock()) {
        self.source = source
        self.runtime = runtime
        self.clock = clock
    }

    /// Whether anything was ever asked of it.
    public var hasLooked: Bool { askedAt != nil }

    /// What the source says; nil while what it said last is new enough.
    public func look() async -> Observation? {
        let started = clock.monotonicNanoseconds()
        // Half a second earlier is as good, and a cycle less to wait.
        let pause = UInt64(max(0, source.refresh.milliseconds - 500)) * 1_000_000
        if let askedAt, started &- askedAt < pause { return nil }
        askedAt = started
        do {
            let list = try await source.find()
            return list.observation(of: runtime, at: clock.now(), elapsedMilliseconds: elapsed(since: started))
        } catch {
            return Observation(
                at: clock.now(), runtime: runtime, replica: Observation.targets, endpoint: .targets,
                elapsedMilliseconds: elapsed(since: started),
                outcome: .failure(error.failure, detail: "\(source.name): \(error.description)"))
        }
    }

    private func elapsed(since start: UInt64) -> Double { Double(clock.monotonicNanoseconds() &- start) / 1_000_000 }
}

extension Observation {
    /// Who the replicas are, where this observation names any.
    public var namedReplicas: [String]? {
        guard endpoint == .targets, case .targets(let list) = Decoder.decode(self), !list.replicas.isEmpty else { return nil }
        return list.replicas
    }
}
