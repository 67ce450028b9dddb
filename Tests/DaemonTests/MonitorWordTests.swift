import Model
import Server
import Testing

@testable import Daemon

/// What monitors of one database say of themselves, and what they make of each other.
struct MonitorWordTests {
    private static func word(_ names: [String], replica: String = "http://a:8000", environment: String = "production") -> MonitorWord {
        MonitorWord(
            version: "1.2.3", environment: environment, runtimes: names.map { WatchedRuntime(name: $0, replicas: [replica]) }, cycles: 7,
            gate: GateReport(refusals: ["lease-1": 2]))
    }

    @Test func aWordComesBackAsItWasSaid() throws {
        let said = Self.word(["shared", "eu"])
        let heard = try #require(MonitorWord(said.text))
        #expect(heard.text == said.text && heard.cycles == 7 && heard.gate == said.gate)
        #expect(try #require(MonitorWord(MonitorWord(version: "1", environment: "e", runtimes: []).text)).gate == nil)
    }

    @Test func whatIsOfAnotherVersionIsNotUnderstood() {
        for text in ["", "{}", #"{"schema":"mozaiks.ops/monitor/v2","runtimes":[]}"#, #"{"schema":"mozaiks.ops/monitor/v1"}"#] {
            #expect(MonitorWord(text) == nil, "\(text)")
        }
    }

    @Test func oneMonitorTwiceDiffersInNothing() {
        #expect(Self.word(["shared", "eu"]).difference(to: Self.word(["eu", "shared"])) == .none)
    }

    @Test func aConfigurationThatGrewDiffersInPart() {
        #expect(Self.word(["shared", "eu"]).difference(to: Self.word(["shared"])) == .some("eu"))
        #expect(Self.word(["shared"], replica: "http://b:8000").difference(to: Self.word(["shared"])) == .some("shared"))
    }

    @Test func twoMonitorsOfDifferentThingsHaveOneDatabaseByMistake() {
        #expect(Self.word(["shared"]).difference(to: Self.word(["other"])) == .all)
        #expect(Self.word(["shared"]).difference(to: Self.word(["shared"], environment: "staging")) == .all)
    }

    private static func shard(_ text: String?, _ names: [String]) -> MonitorWord {
        MonitorWord(
            version: "1", environment: "production", shard: text.flatMap { Shard($0) },
            runtimes: names.map { WatchedRuntime(name: $0, replicas: []) })
    }

    @Test func aShardIsSaidAndHeard() throws {
        #expect(try #require(MonitorWord(Self.shard("2/5", ["a"]).text)).shard == Shard("2/5"))
        #expect(try #require(MonitorWord(Self.shard(nil, ["a"]).text)).shard == nil)
        let before = #"{"schema":"mozaiks.ops/monitor/v1","environment":"production","runtimes":[{"name":"a","replicas":[]}]}"#
        #expect(try #require(MonitorWord(before)).shard == nil, "of a version that knew none")
    }

    @Test func twoMonitorsOfOneShardAreTwoMonitors() {
        #expect(Self.shard("2/5", ["a", "b"]).difference(to: Self.shard("2/5", ["a", "b"])) == .none)
        #expect(Self.shard("2/5", ["a"]).difference(to: Self.shard("2/4", ["a", "b"])) == .some("b"), "while a fifth is rolled out")
        #expect(Self.shard("2/5", ["a"]).difference(to: Self.shard(nil, ["a", "b"])) == .some("b"), "or shards are")
    }

    /// Whatever they watch: with configurations that differ they may have a runtime in common.
    @Test(arguments: [["a"], ["b"], []]) func monitorsOfDifferentShardsHaveOneDatabaseByMistake(names: [String]) throws {
        let (first, second) = (try #require(Shard("1/5")), try #require(Shard("2/5")))
        #expect(Self.shard("2/5", names).difference(to: Self.shard("1/5", ["a"])) == .shard(other: first, own: second))
    }
}
