import Model
import Testing

@testable import Notify

@Suite struct DigestWordsTests {
    @Test("a digest that was taken on says by whom; a drill sends nobody to an incident that is none")
    func words() throws {
        let update = try #require(Sample.occasions.first { $0.name == "digest-update" }).message
        var incident = update.incident
        incident.acknowledged = .init(at: update.at, by: "dana", until: nil, comment: "")
        let told = Message(
            event: .updated, incident: incident, environment: update.environment, mode: update.mode, at: update.at,
            news: .acknowledged, digest: update.digest)
        #expect(Wording(told).headline.contains("3 still open, acknowledged by dana"), "\(Wording(told).headline)")
        #expect(!Wording(update).headline.contains("acknowledged"))
        let drill = try #require(Sample.messages.first { $0.name == "drill" }).message
        #expect(Wording(drill).more == "mozaiks-ops notify history")
    }
}
