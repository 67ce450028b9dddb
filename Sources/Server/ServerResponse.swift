import Model

/// What a handler answers.
public struct ServerResponse: Sendable {
    /// How the answer ends. Everything but `complete` and `unsent` exists for simulators and tests that must misbehave.
    public enum Ending: Sendable, Equatable {
        /// The whole body, then keep-alive as the client asked.
        case complete
        /// No body, and `length` for that of the answer that would have been sent: of a 304, whose `Content-Length` may be no other.
        case unsent(length: Int)
        /// Announces `length` bytes, sends the body and closes the connection.
        case cutOff(length: Int)
        /// Announces `length` bytes, sends the body and then nothing until the server stops.
        /// Blocks the thread that serves the connection: only with ``HTTPServer/Mode/threadPerConnection``.
        case stalled(length: Int)
        /// Closes the connection without a single byte of an answer.
        case dropped
    }

    /// The HTTP status, 200…599.
    public var status: Int
    /// Header fields in the order in which they are sent. `Content-Length` and `Connection` are the server's;
    /// a `Date` here replaces the server's own.
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    public var ending: Ending

    public init(
        status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [], ending: Ending = .complete
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.ending = ending
    }

    /// An answer of `text/plain`.
    public static func text(_ text: String, status: Int = 200) -> ServerResponse {
        ServerResponse(
            status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: Array(text.utf8))
    }

    /// An answer of `application/json`; `body` is sent as it is.
    public static func json(_ body: [UInt8], status: Int = 200) -> ServerResponse {
        ServerResponse(status: status, headers: [("Content-Type", "application/json")], body: body)
    }

    /// An answer of `application/json`; `body` is sent as it is.
    public static func json(_ body: String, status: Int = 200) -> ServerResponse {
        json(Array(body.utf8), status: status)
    }

    /// What is wrong with a request, as RFC 9457 has it: `detail` says what to do, and holds nothing of what was sent but what it
    /// names. Whatever this server says of itself goes the same way, so that a program has one kind of error to read.
    public static func problem(
        _ status: Int, _ title: String, _ detail: String, headers: [(name: String, value: String)] = []
    ) -> ServerResponse {
        let document: JSON = [
            "type": "about:blank", "title": .string(title), "status": .int(Int64(status)), "detail": .string(detail),
        ]
        return ServerResponse(
            status: status,
            headers: [
                ("Content-Type", "application/problem+json"), ("Cache-Control", "no-store"),
                ("X-Content-Type-Options", "nosniff"),
            ] + headers, body: document.serializedBytes())
    }
}
