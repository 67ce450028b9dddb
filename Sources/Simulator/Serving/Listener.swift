import Server
import Synchronization

/// A listener that can go away and come back on its port.
final class Listener: Sendable {
    private struct State {
        var server: HTTPServer?
        var port: UInt16
        var isFinished = false
    }

    private let make: @Sendable (UInt16) -> HTTPServer
    private let state: Mutex<State>

    /// - Parameters:
    ///   - port: 0 takes a free one at the first `open`, and keeps it.
    ///   - make: a server for that port, not started; called at each `open`.
    init(port: UInt16, make: @escaping @Sendable (UInt16) -> HTTPServer) {
        self.make = make
        state = Mutex(State(server: nil, port: port))
    }

    deinit { close(forGood: true) }

    var port: UInt16 { state.withLock { $0.port } }

    /// Listens, unless it does already or was closed for good.
    func open() throws(ServerError) {
        let outcome = state.withLock { state -> Result<Void, ServerError> in
            guard state.server == nil, !state.isFinished else { return .success(()) }
            let server = make(state.port)
            do throws(ServerError) { try server.start() } catch { return .failure(error) }
            state.port = server.port
            state.server = server
            return .success(())
        }
        try outcome.get()
    }

    /// Closes all connections and the listening socket.
    func close(forGood: Bool) {
        let server = state.withLock { state in
            defer { state.server = nil }
            state.isFinished = state.isFinished || forGood
            return state.server
        }
        server?.stop()
    }
}
