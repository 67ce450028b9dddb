import Model
import Testing

@Suite struct ShardTests {
    @Test(arguments: ["1/1", "2/5", "100/100"]) func aShardIsReadAndWritten(text: String) throws {
        #expect(try #require(Shard(text)).description == text)
    }

    @Test(
        "what is no shard",
        arguments: [
            "", "/", "2", "2/", "/5", "0/5", "6/5", "1/0", "1/101", "-1/5", "+1/5", "2/5/5", " 2/5", "2 / 5", "2/5\n", "0002/5", "٢/٥",
            "99999999999999999999/5",
        ])
    func noShard(text: String) {
        #expect(Shard(text) == nil)
    }

    @Test func whatStandsOnItsOwnIsBoundedToo() {
        #expect(Shard(1, of: 0) == nil && Shard(0, of: 3) == nil && Shard(4, of: 3) == nil && Shard(1, of: 101) == nil)
        #expect(Shard(3, of: 3)?.description == "3/3")
    }
}
