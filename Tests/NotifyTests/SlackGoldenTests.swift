import Model
import Simulator
import TestKit
import Testing

@testable import Notify

/// Each kind of message as it is posted (`.json`) and as a person sees it (`.txt`).
@Suite struct SlackGoldenTests {
    @Test("as posted and as seen", arguments: Sample.messages.map(\.name))
    func golden(name: String) throws {
        let message = try #require(Sample.messages.first { $0.name == name }).message
        let document = SlackBlocks.payload(message)
        let payload = SlackPayload(body: document.serializedBytes())
        #expect(payload.verdict == .ok && payload.remarks.isEmpty, "\(payload.remarks)")
        Golden.expect(document.serialized(pretty: true) + "\n", is: name + ".json")
        Golden.expect(SlackText.render(payload.document) + "\n", is: name + ".txt")
    }

    static let news = ["noisy-extended", "reminder", "approval", "verified", "acknowledged", "advice"]

    @Test("as a thread sees it", arguments: news)
    func reply(name: String) throws {
        let message = try #require(Sample.messages.first { $0.name == name }).message
        let payload = SlackPayload(body: SlackBlocks.reply(message).serializedBytes())
        #expect(payload.verdict == .ok && payload.remarks.isEmpty, "\(payload.remarks)")
        Golden.expect(SlackText.render(payload.document) + "\n", is: name + ".reply.txt")
    }
}
