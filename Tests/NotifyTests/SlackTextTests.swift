import Model
import Simulator
import Testing

@testable import Notify

/// Slack's messages as text, as `notify preview` and the stage of the demo show them.
@Suite struct SlackTextTests {
    @Test func aMessageReadsAsPlainText() {
        let document: JSON = [
            "text": "fallback",
            "blocks": [
                ["type": "header", "text": ["type": "plain_text", "text": "Noisy <neighbor> & co"]],
                [
                    "type": "section",
                    "text": ["type": "mrkdwn", "text": "*app-shop* &lt;61%&gt; &amp;amp;\nsee <http://x/y|the page>"],
                ],
                ["type": "section", "fields": [["type": "mrkdwn", "text": "*Since*\n09:00"]]],
                ["type": "divider"],
                [
                    "type": "context",
                    "elements": [["type": "mrkdwn", "text": "id 1"], ["type": "plain_text", "text": "a & b"]],
                ],
                [
                    "type": "actions",
                    "elements": [
                        ["type": "button", "text": ["type": "plain_text", "text": "Open"], "url": "http://x"]
                    ],
                ],
            ],
        ]
        let payload = SlackPayload(body: document.serializedBytes())
        #expect(payload.verdict == .ok)
        #expect(
            SlackText.render(document) == """
                # Noisy <neighbor> & co
                *app-shop* <61%> &amp;
                see the page (http://x/y)
                  *Since* 09:00
                ----
                  id 1 · a & b
                  [Open] http://x
                """)
        #expect(SlackText.render(["text": "a &lt; b"]) == "a < b")
    }

    /// No command has to know what Slack's blocks are to show them.
    @Test("both kinds of Slack channel say how what they would send reads", arguments: [ChannelUnderContract.slackWebhook, .slackBot])
    func draft(kind: ChannelUnderContract) async throws {
        let message = Sample.messages[0].message
        let draft = try await withClient { client in kind.make(client).draft(message) }
        #expect(draft.document == SlackBlocks.payload(message))
        #expect(draft.text == SlackText.render(draft.document))
        #expect(draft.text?.hasPrefix("# ") == true)
    }
}
