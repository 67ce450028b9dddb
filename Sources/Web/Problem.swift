import Model
import Server

/// What went wrong with a request, as RFC 9457 has it. Says what to do; holds nothing of what was sent but what is named.
struct Problem: Error, Sendable {
    var status: Int
    var title: String
    var detail: String
    var headers: [(name: String, value: String)] = []

    var response: ServerResponse {
        let document: JSON = [
            "type": "about:blank", "title": .string(title), "status": .int(Int64(status)), "detail": .string(detail),
        ]
        return ServerResponse(
            status: status,
            headers: Face.guards + [("Content-Type", "application/problem+json"), ("Cache-Control", "no-store")]
                + headers,
            body: document.serializedBytes())
    }

    static func badRequest(_ detail: String) -> Problem { Problem(status: 400, title: "Bad request", detail: detail) }
    static func notFound(_ detail: String) -> Problem { Problem(status: 404, title: "Not found", detail: detail) }
}
