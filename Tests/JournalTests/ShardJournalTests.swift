import Model
import TestKit
import Testing

@testable import Journal

/// Whose a journal is, where several monitors share the work.
@Suite(.bothEngines) struct ShardJournalTests {
    private static func shard(_ text: String) throws -> Shard { try #require(Shard(text)) }

    @Test func aJournalIsOneShardsAndNoOthers() throws {
        let place = try Place()
        let engine = try place.engine()
        #expect(try engine.shard() == nil)
        try engine.claim(try Self.shard("2/4"))
        #expect(try place.reader().shard() == Self.shard("2/4"), "for whoever looks too")
        let fault = #expect(throws: JournalError.self) { try engine.claim(try Self.shard("1/4")) }
        #expect(fault?.cause == .otherShard(found: "2/4", own: "1/4") && fault?.isRetryable == false)
        #expect(fault?.message.hasSuffix(": is the state of shard 2/4, and this monitor is shard 1/4") == true)
        #expect(try engine.shard() == Self.shard("2/4"))
    }

    @Test func theCountMayChange() throws {
        let place = try Place()
        let engine = try place.engine()
        for text in ["2/4", "2/5", "2/3"] {
            try engine.claim(try Self.shard(text))
            #expect(try engine.shard()?.description == text)
        }
        #expect(throws: JournalError.self) { try engine.claim(try Self.shard("3/5")) }
    }

    @Test func whoeverSaysNoShardGetsNoShardsState() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.claim(nil)
        #expect(try engine.shard() == nil, "the only monitor has nothing to say")
        try engine.claim(try Self.shard("1/5"))
        let fault = #expect(throws: JournalError.self) { try engine.claim(nil) }
        #expect(fault?.cause == .otherShard(found: "1/5", own: nil))
        #expect(fault?.description.contains("say --shard 1/5") == true)
        try engine.claim(try Self.shard("1/1"))
        try engine.claim(nil)
        #expect(try engine.shard() == Self.shard("1/1"))
    }

    @Test func whatIsClaimedAlreadyIsNotWrittenAgain() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.claim(try Self.shard("2/4"))
        engine.close()
        // A reader may not write, and need not.
        let reader = try place.reader()
        try reader.claim(try Self.shard("2/4"))
        #expect(throws: JournalError.self) { try reader.claim(try Self.shard("2/5")) }
    }

    @Test func aClaimThatCannotBeReadKeepsNobodyAway() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(TickRecord(states: [StateRow(key: "shard", bytes: Array("2 of 4".utf8))]))
        #expect(try engine.shard() == nil)
        try engine.claim(try Self.shard("1/4"))
        #expect(try engine.shard() == Self.shard("1/4"))
    }
}
