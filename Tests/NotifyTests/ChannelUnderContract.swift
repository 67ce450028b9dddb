import Ambient
import HTTP
import Model
import Testing

@testable import Notify

/// The channels that talk HTTP. A new one is a new case here, and all of `ChannelContractTests` holds for it.
enum ChannelUnderContract: String, CaseIterable, Sendable {
    case slackWebhook

    /// What may never be seen outside the request: it stands in the path of every URL that a channel is given here.
    static let secretPath = "/services/T0SECRET1/B0SECRET2/s3cretToken9876543"
    static let secretParts = ["T0SECRET1", "B0SECRET2", "s3cretToken9876543", "hunter2password"]

    /// A channel named `ops` that posts to `url` and gives an attempt `timeoutMs`.
    func make(_ client: HTTPClient, timeoutMs: Int = 10_000, url: @escaping @Sendable () throws -> Secret)
        -> any Channel
    {
        switch self {
        case .slackWebhook:
            var channel = SlackWebhook(name: "ops", url: url, client: client)
            channel.timeoutMs = timeoutMs
            return channel
        }
    }

    func make(_ client: HTTPClient, timeoutMs: Int = 10_000, base: String) -> any Channel {
        make(client, timeoutMs: timeoutMs) { Secret(base + Self.secretPath) }
    }

    /// The largest body that the service takes, in bytes. Slack: 50 blocks of 3,000 characters are allowed; we stay below
    /// what any gateway in between refuses.
    var bodyLimit: Int {
        switch self {
        case .slackWebhook: 64 << 10
        }
    }
}

/// Which of the three a delivery is.
enum Kind: String, Sendable {
    case delivered, retry, rejected

    init(_ delivery: Delivery) {
        switch delivery {
        case .delivered: self = .delivered
        case .retry: self = .retry
        case .rejected: self = .rejected
        }
    }
}

extension Delivery {
    var reason: String {
        switch self {
        case .delivered: ""
        case .retry(_, let reason), .rejected(let reason): reason
        }
    }

    var after: TimeSpan? {
        if case .retry(let after, _) = self { after } else { nil }
    }

    /// A reason that a person can use, and that gives nothing away.
    func expectFitForLogs(_ location: SourceLocation = #_sourceLocation) {
        if case .delivered = self { return }
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
