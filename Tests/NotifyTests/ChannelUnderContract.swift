import Ambient
import HTTP
import Model
import TestKit
import Settings
import Testing

@testable import Notify

/// The channels that talk HTTP. A new one is a new case here, and all of `ChannelContractTests` holds for it.
enum ChannelUnderContract: String, CaseIterable, Sendable {
    case slackWebhook, slackBot, webhook, pagerDuty, alertmanager, gitHubIssue

    /// What may never be seen outside the request: it stands in the path of every URL that is a secret here.
    static let secretPath = "/services/T0SECRET1/B0SECRET2/s3cretToken9876543"
    /// What the other channels show to their service.
    static let token = "s3cretToken9876543"
    static let secretParts = ["T0SECRET1", "B0SECRET2", "s3cretToken9876543", "hunter2password"]

    /// Those whose URL is their secret.
    static let secretURLs: [ChannelUnderContract] = [.slackWebhook, .webhook]
    var hasSecretURL: Bool { Self.secretURLs.contains(self) }

    /// A channel named `ops` whose service is at `base`, and that gives an attempt `timeoutMs`.
    /// - Parameter secret: its credential, other than the usual one; the URL where that is secret.
    func make(
        _ client: HTTPClient, timeoutMs: Int = 10_000, base: String = "http://127.0.0.1:1",
        secret given: (@Sendable () throws -> Secret)? = nil
    ) -> any Channel {
        let isURL = hasSecretURL
        let secret = given ?? { Secret(isURL ? base + Self.secretPath : Self.token) }
        let own = SecretSource.environment("SECRET")
        let means = Means(client: client) { source, _ in
            if case .literal(let other) = source { return other }
            return try secret()
        }
        switch self {
        case .slackWebhook:
            var channel = SlackWebhook("ops", url: own, means)
            channel.timeoutMs = timeoutMs
            return channel
        case .slackBot:
            var settings = SlackSettings.Bot(token: own, channel: "C0OPS")
            settings.url = base + "/api"
            var channel = SlackBot("ops", settings, means)
            channel.timeoutMs = timeoutMs
            return channel
        case .webhook:
            var channel = Webhook("ops", .init(url: own, secret: .literal(Secret("hunter2password"))), means)
            channel.timeoutMs = timeoutMs
            return channel
        case .pagerDuty:
            var settings = PagerDuty.Settings(routingKey: own)
            settings.url = base
            var channel = PagerDuty("ops", settings, means)
            channel.timeoutMs = timeoutMs
            return channel
        case .alertmanager:
            var settings = Alertmanager.Settings(url: base)
            settings.token = own
            var channel = Alertmanager("ops", settings, means)
            channel.timeoutMs = timeoutMs
            return channel
        case .gitHubIssue:
            var settings = GitHubIssue.Settings(repository: "acme/ops", token: own)
            settings.url = base
            var channel = GitHubIssue("ops", settings, means)
            channel.timeoutMs = timeoutMs
            return channel
        }
    }

    /// What the service says to a request that it grants.
    func confirmation(_ request: MisbehavingServer.Request) -> String {
        switch self {
        case .slackWebhook, .webhook, .alertmanager: "ok"
        case .slackBot: #"{"ok":true,"channel":"C0OPS","ts":"1795230305.000100"}"#
        case .pagerDuty: #"{"status":"success","message":"Event processed"}"#
        case .gitHubIssue: request.method == "GET" ? "[]" : #"{"number":7}"#
        }
    }

    /// Whether its yes is in the body, so that an answer without one is none.
    var needsBody: Bool { self == .slackBot || self == .gitHubIssue }

    /// Requests that an opening takes when all goes well. GitHub is asked for the ticket first.
    var requestsOfOpening: Int { self == .gitHubIssue ? 2 : 1 }

    /// The largest body that is sent, in bytes: below what the service takes, or what any gateway in between refuses.
    var bodyLimit: Int {
        switch self {
        case .slackWebhook, .slackBot: 64 << 10
        case .webhook: Webhook.bodyLimit
        case .pagerDuty: PagerDuty.bodyLimit
        case .alertmanager: 512 << 10
        case .gitHubIssue: 256 << 10
        }
    }
}

/// Which of the four a delivery is.
enum Kind: String, Sendable {
    case delivered, retry, blocked, rejected

    init(_ delivery: Delivery) {
        switch delivery {
        case .delivered, .deliveredAs: self = .delivered
        case .retry: self = .retry
        case .blocked: self = .blocked
        case .rejected: self = .rejected
        }
    }
}

extension Delivery {
    var reason: String {
        switch self {
        case .delivered, .deliveredAs: ""
        case .retry(_, let reason), .blocked(_, let reason), .rejected(let reason): reason
        }
    }

    var after: TimeSpan? {
        switch self {
        case .retry(let after, _), .blocked(let after, _): after
        case .delivered, .deliveredAs, .rejected: nil
        }
    }

    /// A reason that a person can use, and that gives nothing away.
    func expectFitForLogs(_ location: SourceLocation = #_sourceLocation) {
        if isDelivered { return }
        #expect(reason.utf8.count > 8 && reason.utf8.count < 400, "\(reason)", sourceLocation: location)
        #expect(!reason.contains("\n"), "\(reason)", sourceLocation: location)
        for part in ChannelUnderContract.secretParts {
            #expect(!reason.lowercased().contains(part.lowercased()), "\(reason)", sourceLocation: location)
        }
    }
}

/// A client for the length of one test.
func withClient<R: Sendable>(_ body: (HTTPClient) async throws -> R) async throws -> R {
    let client = try HTTPClient()
    do {
        let result = try await body(client)
        await client.shutdown()
        return result
    } catch {
        await client.shutdown()
        throw error
    }
}
