/// The playbooks that are built into the program. The texts are `playbooks/*.md`, byte for byte: a test compares them, and
/// writes this folder anew when told to (`MOZAIKS_RECORD=1 swift test --filter BuiltInPlaybooksTests`).
public enum BuiltInPlaybooks {
    /// How diagnostics call the place of the files.
    public static let folder = "built-in playbooks/"

    /// Sorted by id.
    public static let all: [(id: String, text: String)] = [
        ("dead-counters", deadCounters),
        ("noisy-neighbor", noisyNeighbor),
        ("perf-poisoned", perfPoisoned),
        ("provider-trouble", providerTrouble),
        ("runtime-down", runtimeDown),
        ("runtime-saturated", runtimeSaturated),
        ("runtime-unauthorized", runtimeUnauthorized),
        ("runtime-unhealthy", runtimeUnhealthy),
        ("token-burn-spike", tokenBurnSpike),
    ]
}
