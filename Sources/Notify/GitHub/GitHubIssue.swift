import Ambient
import Digest
import HTTP
import JSONParsing
import Model
import Settings

/// A ticket for each incident: an issue of a GitHub repository, opened with the incident, commented on as things change,
/// closed with the resolution.
///
/// The issue is known by its number, which is kept with the delivery; where that was lost, it is looked for by the mark in
/// its text, and a comment likewise, so that nothing stands there twice.
public struct GitHubIssue: WordedChannel, Serviced {
    public let name: String
    private let settings: Settings
    private let token: @Sendable () throws -> Secret
    /// Whom it asks, and how.
    public var service: Service

    public init(_ name: String, _ settings: Settings, _ means: Means) {
        self.name = name
        self.settings = settings
        token = means.secret(settings.token, "the token of channel \(name)")
        service = Service("GitHub", name: name, client: means.client, clock: means.clock)
    }

    public func draft(_ message: Message) -> Draft {
        let title = GitHubText.title(message, template)
        let body = GitHubText.body(message, mark: GitHubIssue.mark(issue: message), template)
        return Draft(text: "\(title)\n\n\(body)", document: ["title": .string(title), "body": .string(body)])
    }

    public func deliver(_ message: Message) async -> Delivery { await deliver(message, knownAs: nil) }

    public func deliver(_ message: Message, knownAs reference: String?) async -> Delivery {
        do throws(Undelivered) {
            let token = try service.secret("token", token)
            let isDrill = message.event == .drill
            let known = isDrill ? nil : reference.flatMap { GitHubIssue.number($0, in: settings.repository) }
            let found: Int64?
            if let known { found = known } else { found = try await find(message, token) }
            let number = try await tellAnew(message, at: found, token)
            return isDrill ? .delivered : .deliveredAs("\(settings.repository)#\(number)")
        } catch {
            return error.delivery
        }
    }

    /// The issue may be gone by now, deleted or moved: then another one tells of the incident.
    private func tellAnew(_ message: Message, at found: Int64?, _ token: Secret) async throws(Undelivered) -> Int64 {
        do {
            return try await tell(message, at: found, token)
        } catch {
            guard error.isGone else { throw error }
            let other = try await find(message, token)
            return try await tell(message, at: other == found ? nil : other, token)
        }
    }

    /// What may be said twice comes before what may not: after a lost answer, everything is tried again.
    private func tell(_ message: Message, at found: Int64?, _ token: Secret) async throws(Undelivered) -> Int64 {
        guard let number = found else {
            let number = try await open(message, token)
            if message.event == .resolved || message.event == .drill { try await set("closed", number, token) }
            return number
        }
        switch message.event {
        case .opened where message.isReopening: try await set("open", number, token)
        case .resolved, .drill: try await set("closed", number, token)
        case .opened, .updated: break
        }
        // An opening that was found is the issue's own text.
        let isSaid = (message.event == .opened && !message.isReopening) || message.event == .drill
        if !isSaid { try await comment(message, number, token) }
        return number
    }

    // MARK: - Steps

    private func open(_ message: Message, _ token: Secret) async throws(Undelivered) -> Int64 {
        let document: JSON = [
            "title": .string(GitHubText.title(message, template)),
            "body": .string(GitHubText.body(message, mark: GitHubIssue.mark(issue: message), template)),
            "labels": .array(settings.labels.map(JSON.string)),
        ]
        let answer = try await ask(.post, "/issues", document, token)
        guard let number = answer["number"]?.int, number > 0 else { throw service.unreadable }
        return number
    }

    private func set(_ state: String, _ number: Int64, _ token: Secret) async throws(Undelivered) {
        let reason: JSON = state == "closed" ? "completed" : "reopened"
        _ = try await ask(
            .patch, "/issues/\(number)", ["state": .string(state), "state_reason": reason], token)
    }

    private func comment(_ message: Message, _ number: Int64, _ token: Secret) async throws(Undelivered) {
        let mark = GitHubIssue.mark(comment: message)
        // An hour, so that clocks may differ.
        let since = (message.at - .hours(1)).description
        let comments = try await ask(.get, "/issues/\(number)/comments?per_page=100&since=\(since)", nil, token)
        guard let comments = comments.array else { throw service.unreadable }
        guard !comments.contains(where: { GitHubIssue.holds($0, mark) }) else { return }
        let text = GitHubText.body(message, mark: mark, template)
        _ = try await ask(.post, "/issues/\(number)/comments", ["body": .string(text)], token)
    }

    /// The issue of an incident, where its number is not known: among those with our label, the newest first. Not by
    /// search, whose index lags behind.
    private func find(_ message: Message, _ token: Secret) async throws(Undelivered) -> Int64? {
        let mark = GitHubIssue.mark(issue: message)
        let began = message.digest.map { Wording(message).begin(of: $0) } ?? message.incident.openedAt
        let since = (min(began, message.at) - .hours(1)).description
        let label = settings.labels.first.map { "&labels=" + PercentEncoding.url($0) } ?? ""
        for page in 1...GitHubIssue.pageLimit {
            let query = "state=all&sort=created&direction=desc&per_page=100&page=\(page)&since=\(since)\(label)"
            guard let issues = try await ask(.get, "/issues?\(query)", nil, token).array else {
                throw service.unreadable
            }
            // Pull requests are issues to this interface.
            let match = issues.first { $0["pull_request"] == nil && GitHubIssue.holds($0, mark) }
            if let number = match?["number"]?.int, number > 0 { return number }
            if issues.count < 100 { return nil }
        }
        return nil
    }

    /// More than a thousand issues since an incident opened are somebody else's.
    private static let pageLimit = 10

    private func ask(
        _ method: HTTPMethod, _ path: String, _ document: JSON?, _ token: Secret
    ) async throws(Undelivered) -> JSON {
        let headers = [
            HTTPField.bearer(token), HTTPField("Accept", "application/vnd.github+json"),
            HTTPField("X-GitHub-Api-Version", "2022-11-28"),
        ]
        // A hundred issues with texts of 64 K characters each are the most that it answers.
        let response = try await service.send(
            method, "\(settings.url)/repos/\(settings.repository)\(path)", headers: headers,
            body: document?.serializedBytes() ?? [], bodyLimit: 32 << 20, hiding: [token])
        let now = service.clock.now()
        if let delivery = GitHubLimit.delivery(response, now: now) { throw Undelivered(delivery) }
        if path.hasPrefix("/issues/"), response.status == 404 || response.status == 410 {
            throw Undelivered(GitHubIssue.verdict.judge(response, now: now), isGone: true)
        }
        try GitHubIssue.verdict.require(response, now: now)
        do {
            return try JSON(parsing: response.body.bytes)
        } catch {
            throw service.unreadable
        }
    }

    // MARK: - Marks

    /// `<!-- mozaiks-ops:incident ID -->`; an id that could end the comment stands as its digest.
    static func mark(issue message: Message) -> String {
        let kind = message.event == .drill ? "drill" : "incident"
        return "<!-- mozaiks-ops:\(kind) \(plain(message.thread)) -->"
    }

    static func mark(comment message: Message) -> String {
        "<!-- mozaiks-ops:message \(plain(message.thread)) \(message.idempotencyKey) -->"
    }

    private static func plain(_ id: String) -> String {
        let isPlain =
            (1...100).contains(id.utf8.count)
            && id.utf8.allSatisfy { (48...57).contains($0) || (97...122).contains($0) || $0 == UInt8(ascii: "-") }
        return isPlain && !id.contains("--") ? id : String(SHA256.hex(id.utf8).prefix(32))
    }

    /// Whether an issue or comment begins with the mark: further down, somebody may have quoted it.
    private static func holds(_ document: JSON, _ mark: String) -> Bool {
        document["body"]?.string?.utf8.starts(with: mark.utf8) == true
    }

    /// The number of `owner/name#7`; nil for an issue of another repository than the configured one, where that number is
    /// somebody else's: then it is looked for.
    static func number(_ reference: String, in repository: String) -> Int64? {
        let prefix = "\(repository)#".utf8
        guard reference.utf8.starts(with: prefix) else { return nil }
        return Int64(String(decoding: reference.utf8.dropFirst(prefix.count), as: UTF8.self)).flatMap { $0 > 0 ? $0 : nil }
    }

    /// A label that it does not take is in every issue.
    private static let isSetup: @Sendable (String) -> Bool = { body in
        guard let errors = (try? JSON(parsing: Array(body.utf8)))?["errors"]?.array else { return false }
        return errors.contains { error in
            ["Label", "Assignee"].contains(error["resource"]?.string ?? "")
                || ["labels", "assignees"].contains(error["field"]?.string ?? "")
        }
    }

    static let verdict = HTTPVerdict(
        service: "GitHub", isSetup: isSetup,
        redirect: "the repository was renamed or moved: write its new name under 'repository' (or check 'api_url')"
    ) { status, body in
        switch status {
        case 403 where body.lowercased().contains(bytesOf: "archived"):
            "the repository is archived and takes no issues: bring it back, or name another under 'repository'"
        case 403 where body.lowercased().contains(bytesOf: "saml"):
            "the organization wants the token to be allowed for single sign-on (SAML): authorize it in the token's settings"
        case 422 where isSetup(body): "it will not take this issue's labels or assignees; check 'labels'"
        case 401: "the token is not valid any more; make a new one and put it in the token file"
        case 403: "the token may not do this, or the issue is locked; it needs to read and write issues"
        case 404: "there is no such repository for this token; check 'repository', and what the token may see"
        case 451: "the repository is blocked by GitHub: ask its support, or name another under 'repository'"
        case 410: "the issue was deleted, or the repository has no issues; switch them on in its settings"
        case 422: "it will not take this issue; check 'labels', else please report this as a bug"
        case 400...499: "it will not take this"
        default: nil
        }
    }
}

/// GitHub's two limits, which come as 403 or 429: so many requests an hour, and so many at once.
enum GitHubLimit {
    /// Nil for an answer that is about something else.
    static func delivery(_ response: HTTPResponse, now: Timestamp) -> Delivery? {
        guard [403, 422, 429].contains(response.status) else { return nil }
        let words = response.body.text.lowercased()
        let isTooQuick = ["secondary rate limit", "abuse detection", "submitted too quickly"].contains { words.contains(bytesOf: $0) }
        guard response.status != 422 || isTooQuick else { return nil }
        let headers = response.headers
        let asked = headers.retryAfter(now: now)
        let said = "GitHub answered \(response.status)\(response.byProxy)"
        if let asked { return .retry(after: asked, reason: "\(said): too many requests at once") }
        if headers["x-ratelimit-remaining"] == "0", let reset = headers["x-ratelimit-reset"].flatMap({ Int64($0) }),
            (0...99_999_999_999).contains(reset)
        {
            // Seen from its own clock.
            let from = headers["date"].flatMap { Timestamp(httpDate: $0) } ?? now
            let wait = max(Timestamp(milliseconds: reset * 1_000) - from, .zero)
            return .retry(after: wait, reason: "\(said): the hour's requests of this token are used up")
        }
        if isTooQuick {
            return .retry(after: .minutes(1), reason: "\(said): too many requests at once")
        }
        return nil
    }
}
