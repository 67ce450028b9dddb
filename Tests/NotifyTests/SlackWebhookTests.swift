import Ambient
import HTTP
import Model
import Simulator
import TestKit
import Settings
import Testing

@testable import Notify

/// The channel against a sink that behaves as Slack does.
@Suite struct SlackWebhookTests {
    private static let message = Sample.messages[0].message

    private func deliveries(
        _ script: [SlackSink.Behaviour], attempts: Int, timeoutMs: Int = 10_000
    ) async throws -> (deliveries: [Delivery], sink: SlackSink) {
        let sink = SlackSink(script: script)
        try sink.start()
        defer { sink.stop() }
        let url = sink.webhookURL
        let deliveries = try await withClient { client in
            var channel = SlackWebhook("ops", url: .literal(Secret(url)), Means(client: client))
            channel.timeoutMs = timeoutMs
            var deliveries: [Delivery] = []
            for _ in 0..<attempts { deliveries.append(await channel.deliver(Self.message)) }
            return deliveries
        }
        for delivery in deliveries {
            #expect(!delivery.reason.contains("simulated") && !delivery.reason.contains("T00000000"))
        }
        return (deliveries, sink)
    }

    @Test func `delivered as it was rendered`() async throws {
        let (deliveries, sink) = try await deliveries([], attempts: 1)
        #expect(deliveries == [.delivered])
        #expect(sink.posts.map(\.payload.document) == [SlackBlocks.payload(Self.message)])
        #expect(sink.refusals.isEmpty)
    }

    static let refusals: [(status: Int, reason: String)] = [
        (400, "Slack answered 400: invalid_payload: it cannot read this message; please report this as a bug"),
        (
            403,
            "Slack answered 403: action_prohibited: a rule of the workspace forbids the webhook to post there; ask its owner"
        ),
        (
            404,
            "Slack answered 404: no_service: the webhook is gone or switched off; make a new webhook and put its URL in "
                + "the secret file"
        ),
        (
            410,
            "Slack answered 410: channel_is_archived: bring the channel back, or make a new webhook and put its URL in "
                + "the secret file"
        ),
    ]

    @Test("what Slack does not take, and what to do about it", arguments: refusals.map(\.status))
    func refused(status: Int) async throws {
        let (deliveries, sink) = try await deliveries([.status(status)], attempts: 1)
        let reason = try #require(Self.refusals.first { $0.status == status }).reason
        #expect(deliveries == [status == 400 ? .rejected(reason: reason) : .blocked(reason: reason)])
        #expect(sink.posts.isEmpty)
    }

    @Test func `an hour of trouble, then the message`() async throws {
        let (deliveries, sink) = try await deliveries(
            [.status(500), .rateLimited(retryAfterSeconds: 3), .status(503)], attempts: 4)
        #expect(
            deliveries == [
                .retry(after: nil, reason: "Slack answered 500: rollup_error: something is wrong on its side"),
                .retry(after: .seconds(3), reason: "Slack answered 429: too many messages"),
                .retry(after: nil, reason: "Slack answered 503"), .delivered,
            ])
        #expect(sink.posts.count == 1)
    }

    @Test func `an attempt whose answer is lost is made again: at least once, not at most`() async throws {
        let (deliveries, sink) = try await deliveries([.dropped], attempts: 2)
        #expect(deliveries.map { Kind($0) } == [.retry, .delivered])
        #expect(sink.posts.count == 2)
    }

    @Test func `a slow answer is given up`() async throws {
        let (deliveries, sink) = try await deliveries([.slow(seconds: 60)], attempts: 1, timeoutMs: 300)
        #expect(deliveries.map { Kind($0) } == [.retry])
        #expect(deliveries[0].reason.contains("within 300 ms"), "\(deliveries)")
        #expect(sink.posts.count == 1)
    }
}
