import CPlatform

/// How the process uses memory.
public enum ProcessMemory {
    /// Settings of the allocator that suit a small daemon of many short tasks. Call once, first thing.
    public static func tune() {
        cplatform_tune_allocator()
    }

    /// Takes code that is not in use out of resident memory. What is called again comes back from the page cache at
    /// the price of a page fault; what only the start needed, half of all, does not. Data is not touched.
    public static func releaseCode() {
        cplatform_release_code()
    }
}
