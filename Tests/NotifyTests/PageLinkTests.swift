import Model
import Testing

@testable import Notify

/// Where `public_url` says that there is a page, messages lead to it; where it does not, they are as they were.
@Suite struct PageLinkTests {
    static let page = "https://ops.example.com/ops"

    private static var template: MessageTemplate {
        var template = MessageTemplate()
        template.page = page
        return template
    }

    @Test("each message leads to its incident, of several to the page", arguments: Sample.messages.map(\.name))
    func links(name: String) throws {
        let message = try #require(Sample.messages.first { $0.name == name }).message
        let link = try #require(Wording(message, Self.template).link)
        let isOfOne = message.digest == nil && message.event != .drill
        #expect(link == (isOfOne ? "\(Self.page)/incidents/\(message.incident.id)" : "\(Self.page)/"))
        #expect(Wording(message).link == nil)
        let slack = SlackBlocks.payload(message, Self.template).serialized()
        #expect(slack.contains("<\(link)> or `mozaiks-ops "), "\(slack)")
        #expect(!SlackBlocks.payload(message, MessageTemplate()).serialized().contains("ops.example.com"))
        let outline = Outline(message, Self.template)
        #expect(EmailHTML.render(outline, message).contains("<a href=\"\(link)\""))
        #expect(outline.details.plain.hasPrefix("Details: \(link) or mozaiks-ops "))
        let alert = Alertmanager.alert(message, until: message.at, at: "http://am", Self.template)
        #expect(alert["generatorURL"]?.string == link)
    }

    @Test("what waits for a yes is asked for at a place of its own, before the command to paste")
    func approvals() throws {
        var count = 0
        for (name, message) in Sample.messages.map({ ($0.name, $0.message) }) where message.digest == nil && message.event != .drill {
            let before = SlackBlocks.payload(message, MessageTemplate()).serialized()
            guard before.contains(bytesOf: "Approve it: ") else { continue }
            count += 1
            let link = "\(Self.page)/incidents/\(message.incident.id)#asks"
            let slack = SlackBlocks.payload(message, Self.template).serialized()
            #expect(slack.contains(bytesOf: "Answer it at <\(link)> or approve it: `mozaiks-ops actions approve "), "\(name): \(slack)")
            #expect(EmailHTML.render(Outline(message, Self.template), message).contains(bytesOf: "<a href=\"\(link)\""), "\(name)")
        }
        #expect(count > 0)
    }
}
