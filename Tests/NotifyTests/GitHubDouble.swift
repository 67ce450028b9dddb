import JSONParsing
import Model
import Synchronization
import TestKit

/// The issues of one repository, with GitHub's habits: pull requests among the issues, quotes of other issues' texts,
/// labels that are dropped, answers that are lost, two kinds of limits.
final class GitHubDouble: Sendable {
    struct Issue {
        var number: Int64
        var title: String
        var body: String
        var labels: [String]
        var isOpen = true
        var comments: [String] = []
        var isPull = false
        /// What was done to it, in order: `closed`, `reopened`, `comment`.
        var events: [String] = []
    }

    enum Mishap {
        /// Answers with that, and does nothing.
        case answer(Int, headers: [String], body: String)
        /// Does what it was asked, and answers nothing.
        case lost
        /// None: does what it was asked, and says so.
        case none
    }

    struct State {
        var issues: [Issue] = []
        var next: Int64 = 1
        /// Met by the next writes, one each.
        var mishaps: [Mishap] = []
        var requests: [String] = []
        var refusals: [String] = []
    }

    static let token = "github_pat_s3cretToken9876543"
    let state = Mutex(State())

    var issues: [Issue] { state.withLock { $0.issues.filter { !$0.isPull } } }
    var requests: [String] { state.withLock { $0.requests } }
    /// What GitHub would not take: the sender's mistakes.
    var refusals: [String] { state.withLock { $0.refusals } }

    /// Adds what others wrote.
    func add(_ issue: Issue) {
        state.withLock { state in
            var issue = issue
            issue.number = state.next
            state.next += 1
            state.issues.append(issue)
        }
    }

    func answer(_ request: MisbehavingServer.Request, _ peer: Peer) {
        let path = String(request.path.prefix { $0 != "?" })
        state.withLock { $0.requests.append("\(request.method) \(path)") }
        guard request.head.contains("Authorization: Bearer \(Self.token)\r\n") else {
            return peer.answer(401, #"{"message":"Bad credentials"}"#)
        }
        guard request.head.lowercased().contains("user-agent:") else {
            return peer.answer(
                403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent")
        }
        guard path == "/repos/acme/ops/issues" || path.hasPrefix("/repos/acme/ops/issues/") else {
            return peer.answer(404, #"{"message":"Not Found"}"#)
        }
        var isLost = false
        if request.method != "GET" {
            switch state.withLock({ $0.mishaps.isEmpty ? nil : $0.mishaps.removeFirst() }) {
            case .answer(let status, let headers, let body)?: return peer.answer(status, body, headers: headers)
            case .lost?: isLost = true
            case .some(.none), nil: break
            }
        }
        let (status, document) = act(request, path)
        if isLost { return peer.close() }
        if status == 422 { state.withLock { $0.refusals.append(document.serialized()) } }
        peer.answer(status, document.serialized(), headers: ["Content-Type: application/json; charset=utf-8"])
    }

    private func act(_ request: MisbehavingServer.Request, _ path: String) -> (Int, JSON) {
        let parts = path.split(separator: "/").dropFirst(4).map(String.init)
        let document = request.body.isEmpty ? nil : try? JSON(parsing: request.body)
        return state.withLock { state in
            switch (request.method, parts.count) {
            case ("GET", 0): return (200, Self.list(state.issues, request.path))
            case ("POST", 0): return Self.open(document, &state)
            default: break
            }
            guard let number = parts.first.flatMap({ Int64($0) }),
                let index = state.issues.firstIndex(where: { $0.number == number })
            else { return (404, ["message": "Not Found"]) }
            switch (request.method, parts.count) {
            case ("GET", 2):
                return (200, .array(state.issues[index].comments.map { ["body": .string($0)] }))
            case ("POST", 2):
                guard let body = document?["body"]?.string, !body.isEmpty, body.unicodeScalars.count <= 65_536 else {
                    return (422, ["message": "Validation Failed"])
                }
                state.issues[index].comments.append(body)
                state.issues[index].events.append("comment")
                return (201, ["id": 1])
            case ("PATCH", 1):
                guard let wanted = document?["state"]?.string, wanted == "open" || wanted == "closed" else {
                    return (422, ["message": "Validation Failed"])
                }
                let isOpen = wanted == "open"
                if state.issues[index].isOpen != isOpen {
                    state.issues[index].events.append(isOpen ? "reopened" : "closed")
                }
                state.issues[index].isOpen = isOpen
                return (200, Self.document(state.issues[index]))
            default: return (404, ["message": "Not Found"])
            }
        }
    }

    private static func open(_ document: JSON?, _ state: inout State) -> (Int, JSON) {
        let title = document?["title"]?.string ?? ""
        let body = document?["body"]?.string ?? ""
        guard !title.isEmpty, title.unicodeScalars.count <= 256, body.unicodeScalars.count <= 65_536 else {
            return (422, ["message": "Validation Failed"])
        }
        let labels = (document?["labels"]?.array ?? []).compactMap(\.string)
        let issue = Issue(number: state.next, title: title, body: body, labels: labels)
        state.next += 1
        state.issues.append(issue)
        return (201, Self.document(issue))
    }

    private static func list(_ issues: [Issue], _ path: String) -> JSON {
        var query: [String: String] = [:]
        for pair in path.split(separator: "?").last?.split(separator: "&") ?? [] {
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { query[parts[0]] = parts[1] }
        }
        let all = issues.sorted { $0.number > $1.number }.filter { issue in
            (query["state"] == "all" || issue.isOpen) && (query["labels"].map { issue.labels.contains($0) } ?? true)
        }
        let size = query["per_page"].flatMap { Int($0) } ?? 30
        let page = query["page"].flatMap { Int($0) } ?? 1
        return .array(all.dropFirst((page - 1) * size).prefix(size).map(document))
    }

    private static func document(_ issue: Issue) -> JSON {
        var object: JSONObject = [
            "number": .int(issue.number), "title": .string(issue.title),
            "body": issue.body.isEmpty ? .null : .string(issue.body),
            "state": .string(issue.isOpen ? "open" : "closed"),
            "labels": .array(issue.labels.map { ["name": .string($0)] }),
        ]
        if issue.isPull { object["pull_request"] = ["url": "https://api.github.com/x"] }
        return .object(object)
    }
}
