/// The playbooks that are built into the program. The texts are `playbooks/*.md`, byte for byte: a test compares them, and
/// writes this folder anew when told to (`MOZAIKS_RECORD=1 swift test --filter BuiltInPlaybooksTests`).
public enum BuiltInPlaybooks {
    /// How diagnostics call the place of the files.
    public static let folder = "built-in playbooks/"

    /// Sorted by id.
    public static let all: [(id: String, text: String)] = [
        ("app-errors", appErrors),
        ("app-slow", appSlow),
        ("app-stuck", appStuck),
        ("certificate-ending", certificateEnding),
        ("certificate-expiring", certificateExpiring),
        ("cost-spike", costSpike),
        ("dead-counters", deadCounters),
        ("error-rise", errorRise),
        ("error-spike", errorSpike),
        ("events-unreadable", eventsUnreadable),
        ("figures-contradict", figuresContradict),
        ("health-unreadable", healthUnreadable),
        ("host-cpu", hostCpu),
        ("host-disk", hostDisk),
        ("host-disk-full", hostDiskFull),
        ("host-memory", hostMemory),
        ("host-oom", hostOom),
        ("host-unreadable", hostUnreadable),
        ("model-calls-spike", modelCallsSpike),
        ("mongodb-slow", mongodbSlow),
        ("noisy-neighbor", noisyNeighbor),
        ("perf-expensive", perfExpensive),
        ("perf-poisoned", perfPoisoned),
        ("perf-unreadable", perfUnreadable),
        ("provider-silent", providerSilent),
        ("provider-trouble", providerTrouble),
        ("replica-down", replicaDown),
        ("restart-loop", restartLoop),
        ("runs-stuck", runsStuck),
        ("runtime-crowded", runtimeCrowded),
        ("runtime-down", runtimeDown),
        ("runtime-restarted", runtimeRestarted),
        ("runtime-saturated", runtimeSaturated),
        ("runtime-unauthorized", runtimeUnauthorized),
        ("runtime-unhealthy", runtimeUnhealthy),
        ("runtime-unreachable", runtimeUnreachable),
        ("service-down", serviceDown),
        ("service-slow", serviceSlow),
        ("stalled-runs", stalledRuns),
        ("token-burn-spike", tokenBurnSpike),
        ("turn-latency-high", turnLatencyHigh),
        ("turn-latency-rise", turnLatencyRise),
        ("user-hogging", userHogging),
        ("websockets-high", websocketsHigh),
    ]
}
