import Ambient
import Model
import Settings
import Testing

@testable import Configuration

/// `shard: 2/5`: one configuration for several monitors.
@Suite struct ShardConfigurationTests {
    static let text = """
        schema: mozaiks.ops/config/v1
        runtimes:
          shared: {replicas: [http://a:1], labels: {tier: gold}}
          eu: {replicas: [http://b:1]}
          second: {replicas: [http://c:1]}
          eu-2: {replicas: [http://d:1]}

        """

    private func load(
        _ text: String, _ environment: [String: String] = [:], _ flags: ConfigurationFlags = ConfigurationFlags()
    ) throws(ConfigurationErrors) -> Configuration {
        let loader = ConfigurationLoader(flags, in: Environment(environment), isRoot: true)
        return try loader.read(("mozaiks-ops.yaml", Array(text.utf8)))
    }

    @Test func eachRuntimeIsOneShardsAndNoOthers() throws {
        var seen: [String] = []
        for number in 1...4 {
            let configuration = try load(Self.text + "shard: \(number)/4\n")
            seen += configuration.runtimes.map(\.name)
            #expect(configuration.runtimes.count + configuration.elsewhere.count == 4)
            #expect(configuration.elsewhere.allSatisfy { $0.shard.count == 4 && $0.shard.number != number })
        }
        #expect(seen == ["eu", "shared", "second", "eu-2"], "by shard: eu 1/4, shared 2/4, second 3/4, eu-2 4/4")
    }

    @Test func whatIsElsewhereKeepsWhereItAnswersAndItsLabels() throws {
        let configuration = try load(Self.text + "shard: 1/4\n")
        #expect(configuration.shard?.value.description == "1/4")
        #expect(
            configuration.elsewhere.first
                == RuntimeElsewhere(
                    WatchedRuntime(name: "shared", replicas: ["http://a:1"], labels: ["tier": "gold"]), try #require(Shard("2/4"))))
    }

    /// `mongo` is the first's and `shop` the third's, as computed apart from this program; the machine is each one's own.
    @Test func servicesAreShardsToo() throws {
        let text =
            Self.text + """
                hosts: {here: {}}
                services:
                  mongo: {mongodb: "10.0.0.9:27017"}
                  shop: {tcp: "10.0.0.9:443"}
                shard: 1/4

                """
        let configuration = try load(text)
        #expect(configuration.watched.map(\.name) == ["eu", "here", "mongo"])
        let other = try #require(configuration.elsewhere.first { $0.watched.kind == .service })
        #expect(other.sentence == "the service 'shop' (shard 3/4) is watched by another monitor")
        let shown = configuration.entries.filter { $0.key.hasPrefix("services.") && $0.key.hasSuffix(".shard") }
        #expect(shown.map { "\($0.key): \($0.value)" } == ["services.mongo.shard: 1/4", "services.shop.shard: 3/4, not watched here"])
    }

    @Test func withoutAShardAndWithTheOnlyOneAllAreWatched() throws {
        #expect(try load(Self.text).runtimes.count == 4 && load(Self.text).shard == nil)
        let only = try load(Self.text + "shard: 1/1\n")
        #expect(only.runtimes.count == 4 && only.elsewhere.isEmpty)
    }

    @Test func aFlagWinsOverAVariableAndThatOverTheFile() throws {
        let text = Self.text + "shard: 1/4\n"
        let variable = ["MOZAIKS_OPS_SHARD": "2/4"]
        #expect(try load(text, variable).shard?.origin == .environment("MOZAIKS_OPS_SHARD"))
        #expect(try load(text, variable).runtimes.map(\.name) == ["shared"])
        let flagged = try load(text, variable, ConfigurationFlags(shard: "3/4"))
        #expect(flagged.shard?.origin == .flag("--shard") && flagged.runtimes.map(\.name) == ["second"])
    }

    @Test func everyRuntimeIsShownWithItsShard() throws {
        let shown = try load(Self.text + "shard: 2/4\n").entries.filter { $0.key.hasSuffix("shard") }
        #expect(
            shown.map { "\($0.key): \($0.value)" } == [
                "shard: 2/4", "runtimes.shared.shard: 2/4", "runtimes.eu.shard: 1/4, not watched here",
                "runtimes.second.shard: 3/4, not watched here", "runtimes.eu-2.shard: 4/4, not watched here",
            ])
        #expect(!(try load(Self.text).text.contains("shard:")))
    }

    @Test(arguments: ["5/4", "0/4", "two", "2/101", "'2'"]) func whatIsNoShardIsSaid(written: String) throws {
        do throws(ConfigurationErrors) {
            _ = try load(Self.text + "shard: \(written)\n")
            Issue.record("it is no shard")
        } catch {
            let fault = try #require(error.diagnostics.first)
            #expect(error.diagnostics.count == 1 && fault.code == "shard" && fault.line == 7, "\(error)")
            #expect(fault.message.hasSuffix(" is no shard") && fault.hint?.hasPrefix("such as 2/5") == true)
        }
    }

    @Test func aFlagThatIsNoneIsSaidToo() {
        #expect(throws: ConfigurationErrors.self) { _ = try load(Self.text, [:], ConfigurationFlags(shard: "5/4")) }
        #expect(throws: ConfigurationErrors.self) { _ = try load(Self.text, ["MOZAIKS_OPS_SHARD": "5"]) }
    }

    @Test("a runtime that is named in passing is watched by whoever names it", arguments: [1, 2])
    func inPassing(number: Int) throws {
        let given = try load(Self.text + "shard: \(number)/2\n", ["MOZAIKS_RUNTIME_URL": "http://x:1"])
        #expect(given.runtimes.map(\.name) == ["default"] && given.elsewhere.isEmpty && given.warnings.isEmpty)
        let both = try load(Self.text, ["MOZAIKS_RUNTIME_URL": "http://x:1", "MOZAIKS_OPS_SHARD": "\(number)/2"])
        #expect(both.runtimes.map(\.name) == ["default"] && both.warnings.map(\.code) == ["shard"])
    }

    /// Adapters name runtimes too, also those that another shard watches.
    @Test func whatNamesARuntimeOfAnotherShardIsNoMistake() throws {
        let text =
            Self.text + """
                shard: 1/4
                guard: {protected: [app_vip]}
                channels: {ops: {slack: {webhook_url_file: /s}}}
                routes: [{runtime: shared, to: [ops]}]

                """
        #expect(try load(text).warnings.isEmpty)
    }
}
