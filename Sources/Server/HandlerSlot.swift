import Synchronization

/// A handler that can be replaced while a server answers with it.
public final class HandlerSlot: Sendable {
    /// A function that is itself the value of a mutex is wrapped once more each time it is read, and all that wraps it is called:
    /// after some ten thousand requests the stack overflows. As a member of a structure it is not.
    private struct Held {
        let handler: HTTPServer.Handler
    }

    private let held: Mutex<Held>

    public init(_ handler: @escaping HTTPServer.Handler) { held = Mutex(Held(handler: handler)) }

    public func replace(with handler: @escaping HTTPServer.Handler) { held.withLock { $0 = Held(handler: handler) } }

    public func answer(_ request: ServerRequest) -> ServerResponse { held.withLock { $0 }.handler(request) }
}
