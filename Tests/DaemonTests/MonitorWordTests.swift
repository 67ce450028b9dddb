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
}
