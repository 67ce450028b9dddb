import Ambient
import HTTP
import Model

/// Slack through an incoming webhook. The URL is the credential: it is never shown.
public struct SlackWebhook: Channel {
    public let name: String
    private let url: @Sendable () throws -> Secret
    private let client: HTTPClient

    /// `url` is asked before each post, so that a rotated secret is used without a restart.
    public init(name: String, url: @escaping @Sendable () throws -> Secret, client: HTTPClient) {
        self.name = name
        self.url = url
        self.client = client
    }

    public func deliver(_ message: Message) async -> Delivery {
        let secret: Secret
        do {
            secret = try url()
        } catch {
            return .retry(after: nil, reason: "cannot read the webhook URL: \(error)")
        }
        var request = HTTPRequest(
            .post, secret.reveal(), headers: [HTTPField("Content-Type", "application/json; charset=utf-8")],
            body: Array(SlackBlocks.payload(message).serialized().utf8), timeoutMs: 10_000, bodyLimit: 64 << 10,
            label: "Slack channel \(name)")
        request.hidesPath = true
        do {
            let response = try await client.send(request)
            return SlackWebhook.judge(status: response.status, retryAfter: response.headers["retry-after"])
        } catch {
            return .retry(after: nil, reason: "\(error)")
        }
    }

    /// Slack's answers: 200 delivered; 429 later, as `Retry-After` says; 5xx and 408 later; any other is final
    /// (400 invalid_payload, 403 action_prohibited, 404 no_service, 410 channel_is_archived).
    static func judge(status: Int, retryAfter: String?) -> Delivery {
        switch status {
        case 200...299: .delivered
        case 429:
            .retry(after: retryAfter.flatMap { Int($0) }.map { .seconds(Double(max(0, $0))) }, reason: "429 rate limited")
        case 408, 500...599: .retry(after: nil, reason: "Slack answered \(status)")
        case 404: .rejected(reason: "Slack answered 404: the webhook does not exist any more; make a new one")
        case 410: .rejected(reason: "Slack answered 410: the channel is archived")
        case 403: .rejected(reason: "Slack answered 403: the webhook may not post there")
        default: .rejected(reason: "Slack answered \(status)")
        }
    }
}
