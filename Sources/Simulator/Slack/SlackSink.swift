import Model
import Server
import Synchronization

/// An HTTP server that takes incoming-webhook posts as Slack does, and keeps them.
public final class SlackSink: Sendable {
    /// How a post is answered.
    public enum Behaviour: Sendable, Equatable {
        /// As Slack: 200 `ok`, or 400 and why.
        case judge
        /// That status and Slack's word for it: 403 `action_prohibited`, 404 `no_service`, 410 `channel_is_archived`,
        /// 500 `rollup_error`. The post is not kept.
        case status(Int)
        /// 429 with `Retry-After` in seconds. The post is not kept.
        case rateLimited(retryAfterSeconds: Int)
        /// Takes and keeps the post, but answers only after so long: the sender may have given up.
        case slow(seconds: Double)
        /// Takes and keeps the post, and closes the connection without an answer.
        case dropped
    }

    /// One post that was taken.
    public struct Post: Sendable {
        public let payload: SlackPayload
        /// The path of the webhook that it was posted to.
        public let path: String
    }

    private struct State {
        var script: [Behaviour]
        var posts: [Post] = []
        var refusals: [String] = []
        var requests = 0
    }

    /// The secret path of a webhook's URL.
    public static let path = "/services/T00000000/B00000000/simulated"

    private let server: HTTPServer
    private let box: Box

    private final class Box: Sendable {
        let state: Mutex<State>
        init(_ script: [Behaviour]) { state = Mutex(State(script: script)) }
    }

    /// - Parameters:
    ///   - script: how the first posts are answered, one entry each; later ones are judged.
    ///   - onPost: called for each post that is kept, on a thread of the server.
    public init(
        listen host: String = "127.0.0.1", port: UInt16 = 0, script: [Behaviour] = [],
        onPost: @escaping @Sendable (Post) -> Void = { _ in }
    ) {
        let box = Box(script)
        self.box = box
        server = HTTPServer(listen: host, port: port, mode: .threadPerConnection) { request in
            Self.serve(request, box, onPost)
        }
    }

    public func start() throws(ServerError) { try server.start() }
    public func stop() { server.stop() }
    public var port: UInt16 { server.port }
    /// What a channel is configured with.
    public var webhookURL: String { server.url + Self.path }
    /// What was taken, oldest first.
    public var posts: [Post] { box.state.withLock { $0.posts } }
    /// What Slack would refuse, with its reasons: the sender's mistakes.
    public var refusals: [String] { box.state.withLock { $0.refusals } }
    /// Posts of any outcome.
    public var requests: Int { box.state.withLock { $0.requests } }

    private static func serve(_ request: ServerRequest, _ box: Box, _ onPost: (Post) -> Void) -> ServerResponse {
        guard request.method == "POST" else { return word("invalid_request", 405) }
        guard request.path.hasPrefix("/services/") else { return word("no_service", 404) }
        let behaviour = box.state.withLock { state in
            state.requests += 1
            return state.script.isEmpty ? .judge : state.script.removeFirst()
        }
        switch behaviour {
        case .status(let status): return word(words[status] ?? "error", status)
        case .rateLimited(let seconds):
            var response = word("rate_limited", 429)
            response.headers.append((name: "Retry-After", value: "\(seconds)"))
            return response
        case .judge, .slow, .dropped: break
        }
        let payload = SlackPayload(body: request.body)
        if case .refused(let reason) = payload.verdict {
            box.state.withLock { $0.refusals.append("\(reason): \(payload.remarks.joined(separator: "; "))") }
            return word(reason, 400)
        }
        let post = Post(payload: payload, path: request.path)
        box.state.withLock { $0.posts.append(post) }
        onPost(post)
        if case .slow(let seconds) = behaviour { request.waitUntilStopped(atMost: seconds) }
        if behaviour == .dropped { return ServerResponse(status: 200, ending: .dropped) }
        return word("ok", 200)
    }

    private static let words = [
        400: "invalid_payload", 403: "action_prohibited", 404: "no_service", 410: "channel_is_archived",
        500: "rollup_error",
    ]

    private static func word(_ word: String, _ status: Int) -> ServerResponse {
        ServerResponse(status: status, headers: [(name: "Content-Type", value: "text/html")], body: Array(word.utf8))
    }
}
