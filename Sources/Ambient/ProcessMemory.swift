import CPlatform

/// How the process uses memory.
public enum ProcessMemory {
    /// Settings of the allocator that suit a small daemon of many short tasks. Call once, first thing.
    public static func tune() {
        cplatform_tune_allocator()
    }
}
