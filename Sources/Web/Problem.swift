import Model
import Server

/// What went wrong with a request, as RFC 9457 has it. Says what to do; holds nothing of what was sent but what is named.
struct Problem: Error, Sendable {
    var status: Int
    var title: String
    var detail: String
    var headers: [(name: String, value: String)] = []
    /// What a page says in the place of `detail`, where that speaks to a program.
    var plainly: String?

    var response: ServerResponse {
        .problem(status, title, detail, headers: Face.guards.filter { $0.name != "X-Content-Type-Options" } + headers)
    }

    static func badRequest(_ detail: String) -> Problem { Problem(status: 400, title: "Bad request", detail: detail) }
    /// Of an id that several begin with.
    /// - Parameter hint: what tells them apart, where that is known.
    static func several(_ named: String, _ kind: String, hint: String? = nil) -> Problem {
        let more = hint.map { "; \($0)" } ?? ""
        return Problem(status: 409, title: "Several", detail: "'\(Shown.id(named))' is the beginning of several \(kind)s\(more)")
    }
    static func notFound(_ detail: String) -> Problem { Problem(status: 404, title: "Not found", detail: detail) }
}
