import Ambient
import HTTP
import JSONParsing
import Model

/// Reads who reacted to a message that the bot posted: `reactions.get`, asked outbound, so that nothing listens.
public struct SlackReactions: Serviced, Sendable {
    /// One emoji by one person.
    public struct Reaction: Hashable, Sendable {
        /// Without colons, and without a skin tone.
        public let emoji: String
        /// Slack's id: `U012AB3CD`.
        public let user: String

        public init(emoji: String, user: String) {
            self.emoji = emoji
            self.user = user
        }
    }

    public enum Answer: Hashable, Sendable {
        case reactions(Set<Reaction>)
        /// The message is not there any more, or the reference is none.
        case gone
        /// Ask again, not before `after`.
        case later(after: TimeSpan?, reason: String)
    }

    private let url: String
    private let token: @Sendable () throws -> Secret
    /// Whom it asks, and how.
    public var service: Service
    /// So many people and kinds are read at most: a message with more is nobody's approval.
    static let limit = 2_000

    /// - Parameters:
    ///   - url: without the method.
    ///   - token: the bot's, with the scope `reactions:read`.
    public init(
        name: String, url: String = "https://slack.com/api", token: @escaping @Sendable () throws -> Secret,
        client: HTTPClient, clock: any Clock = SystemClock()
    ) {
        self.url = url
        self.token = token
        service = Service("Slack", name: name, client: client, clock: clock)
    }

    /// - Parameter reference: where the bot posted, as `SlackBot` left it with the delivery: `CHANNEL/TS`.
    public func read(_ reference: String) async -> Answer {
        guard let thread = SlackBot.Thread(reference) else { return .gone }
        do throws(Undelivered) {
            let token = try service.secret("token", token)
            let query = "channel=\(thread.channel)&timestamp=\(thread.ts)&full=true"
            let response = try await service.send(
                .get, "\(url)/reactions.get?\(query)", headers: [.bearer(token)], bodyLimit: 1 << 20, hiding: [token])
            let answer = try? JSON(parsing: response.body.bytes)
            let now = service.clock.now()
            if response.status == 200, answer?["ok"]?.bool == false {
                return refused(answer?["error"]?.string ?? "", response, now)
            }
            try SlackAPI.verdict.require(response, now: now)
            guard let answer, answer["ok"]?.bool == true, let found = SlackReactions.reactions(answer, of: thread) else {
                throw service.unreadable
            }
            return .reactions(found)
        } catch {
            switch error.delivery {
            case .retry(let after, let reason): return .later(after: after, reason: reason)
            case .blocked(let after, let reason): return .later(after: after ?? .minutes(10), reason: reason)
            case .rejected(let reason): return .later(after: .minutes(10), reason: reason)
            case .delivered, .deliveredAs: return .later(after: nil, reason: "no answer")
            }
        }
    }

    private func refused(_ word: String, _ response: HTTPResponse, _ now: Timestamp) -> Answer {
        switch word {
        case "message_not_found", "thread_not_found": return .gone
        case "ratelimited", "rate_limited":
            return .later(after: response.headers.retryAfter(now: now) ?? .minutes(1), reason: "Slack answered \(word)")
        case "missing_scope", "no_permission":
            return .later(
                after: .minutes(10),
                reason: "Slack answered \(word): the bot lacks the scope reactions:read; add it and install the app again")
        default:
            switch SlackAPI.delivery(word) {
            case .rejected(let reason), .blocked(_, let reason): return .later(after: .minutes(10), reason: reason)
            case .delivered, .deliveredAs, .retry:
                return .later(after: nil, reason: "something is wrong on Slack's side")
            }
        }
    }

    /// The reactions of an answer; nil when it is not about that message, or not what Slack documents. Nothing is guessed: what
    /// cannot be read whole approves nothing.
    static func reactions(_ answer: JSON, of thread: SlackBot.Thread) -> Set<Reaction>? {
        guard answer["type"]?.string == "message", answer["channel"]?.string == thread.channel,
            let message = answer["message"], message["ts"]?.string == thread.ts
        else { return nil }
        guard let list = message["reactions"], !list.isNull else { return [] }
        guard let entries = list.array else { return nil }
        var found: Set<Reaction> = []
        for entry in entries {
            guard let name = entry["name"]?.string, !name.isEmpty, let users = entry["users"]?.array else { return nil }
            let emoji = name.firstIndex(ofBytes: "::").map { String(name[..<$0]) } ?? name
            for user in users {
                guard let id = user.string, !id.isEmpty else { return nil }
                found.insert(Reaction(emoji: emoji, user: id))
                guard found.count <= limit else { return nil }
            }
        }
        return found
    }
}
