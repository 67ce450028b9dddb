import Model

/// Does what may block for ever, such as asking a file system whose server is gone, on a thread of its own: neither the
/// cooperative pool nor whoever waits is held up by it.
public struct Aside: Sendable {
    private let clock: any Clock

    public init(clock: any Clock) {
        self.clock = clock
    }

    /// As much as reading a few files takes.
    private static let stackSize = 256 << 10

    /// What the work came to; nil when it did not come back in time, or there is no thread for it. It goes on by itself then,
    /// and its result is dropped: so it must change nothing that others go by.
    public func run<Value: Sendable>(within limit: TimeSpan, _ work: @escaping @Sendable () -> Value) async -> Value? {
        let outcome = await OwnThread.run(atMost: limit, clock: clock, stackSize: Aside.stackSize, work)
        return if case .done(let value) = outcome { value } else { nil }
    }
}
