import Model

/// Leases as tests of the gate ask about them: of the table that decides, and of the server that answers.
package enum GateSample {
    package static let t0 = Timestamp(milliseconds: 1_800_000_000_000)
    package static let app = AppID("app_noisy")
    package static let pack = PackID("Generator")

    package static func lease(
        _ effect: Effect, id: String = "lease-1", app: AppID = app, runtime: String = "shared",
        ttl: TimeSpan = .minutes(15), state: Lease.State = .inForce, shadow: Bool = false
    ) -> Lease {
        Lease(
            id: id, key: LeaseKey(kind: effect.kind, runtime: runtime, app: app, pack: effect.pack), effect: effect,
            holders: [], createdAt: t0, expiresAt: t0 + ttl, state: state, shadow: shadow)
    }

    package static func throttle(runs: Int? = nil, perMinute: Int? = nil) -> Effect {
        .throttle(Limits(concurrentWorkflows: runs, requestsPerMinute: perMinute))
    }
}
