import Model
import Server

/// What a replica answers, and how long that takes it.
public struct RuntimeAnswer: Sendable {
    public var response: ServerResponse
    /// Until the answer starts; other requests are served meanwhile. Simulated time.
    public var delay = TimeSpan.zero
    /// Time in which the process answers nobody. Simulated time.
    public var blocksEventLoop = TimeSpan.zero
    /// Never answered; the connection stays open.
    public var hangs = false

    init(_ response: ServerResponse, delay: TimeSpan = .zero, blocksEventLoop: TimeSpan = .zero, hangs: Bool = false) {
        self.response = response
        self.delay = delay
        self.blocksEventLoop = blocksEventLoop
        self.hangs = hangs
    }

    /// An answer as uvicorn sends it. `extra` headers come before the length, as FastAPI's do.
    init(
        _ status: Int, _ body: [UInt8], type: String = "application/json", at now: Timestamp,
        extra: [(name: String, value: String)] = []
    ) {
        response = ServerResponse(
            status: status,
            headers: [(name: "date", value: now.httpDate), (name: "server", value: "uvicorn")] + extra
                + (type.isEmpty ? [] : [(name: "content-type", value: type)]),
            body: body)
    }

    /// FastAPI's `HTTPException`.
    static func detail(
        _ status: Int, _ text: String, at now: Timestamp, extra: [(name: String, value: String)] = []
    ) -> RuntimeAnswer {
        RuntimeAnswer(status, PythonText.json(["detail": .string(text)]), at: now, extra: extra)
    }

    /// An exception that nobody caught.
    static func internalServerError(at now: Timestamp) -> RuntimeAnswer {
        RuntimeAnswer(500, Array("Internal Server Error".utf8), type: "text/plain; charset=utf-8", at: now)
    }
}
