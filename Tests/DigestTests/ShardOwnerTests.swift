import Model
import Testing

@testable import Digest

/// Which shard a runtime belongs to: the same everywhere and for ever, or two monitors watch one runtime and none another.
@Suite struct ShardOwnerTests {
    /// As `printf 2/shared | sha256sum` says.
    @Test func theWeightIsTheBeginningOfADigest() {
        #expect(Shard.weight(2, "shared") == 0xe8ec_28e7_b862_3575)
    }

    /// By shards of one to five, computed apart from this program.
    @Test(arguments: [
        ("shared", [1, 2, 2, 2, 2]), ("eu", [1, 1, 1, 1, 1]), ("second", [1, 2, 3, 3, 3]), ("eu-2", [1, 2, 2, 4, 4]),
        ("default", [1, 1, 1, 4, 4]),
    ])
    func owner(name: String, shards: [Int]) {
        #expect((1...5).map { Shard.owner(of: name, among: $0)?.number } == shards)
    }

    @Test func noShardIsNobodys() {
        #expect(Shard.owner(of: "shared", among: 0) == nil && Shard.owner(of: "shared", among: 101) == nil)
    }

    @Test func aFifthShardTakesItsPartAndMovesNothingElse() {
        let names = (0..<500).map { "rt-\($0)" }
        let moved = names.filter { Shard.owner(of: $0, among: 4)?.number != Shard.owner(of: $0, among: 5)?.number }
        #expect(moved.count == 100 && moved.allSatisfy { Shard.owner(of: $0, among: 5)?.number == 5 })
        let loads = (1...5).map { number in names.count { Shard.owner(of: $0, among: 5)?.number == number } }
        #expect(loads == [116, 95, 88, 101, 100])
    }
}
