import Ambient
import Model

/// Wakes one waiter: rung any number of times before it looks, it wakes once.
public final class Bell: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    public init() {
        (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    public func ring() {
        continuation.yield()
    }

    /// Returns when rung, after `span`, or when the task is cancelled. For one waiter.
    public func wait(atMost span: TimeSpan, clock: any Clock) async {
        let timer = Task { [continuation] in
            try? await clock.sleep(for: span)
            if !Task.isCancelled { continuation.yield() }
        }
        var iterator = stream.makeAsyncIterator()
        _ = await iterator.next()
        timer.cancel()
    }
}
