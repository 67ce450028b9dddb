import Ambient
import Model
import Notify
import TestKit
import Testing

@testable import Configuration

// Where runtimes are, as people write it: what stands around a URL, endpoints in its place, tokens that are for another.
extension ConfigurationTests {
    @Test("what stands around a URL unseen is none of it, wherever the URL comes from")
    func whatSurroundsAURL() throws {
        for around in [" ", "\t", "\r\n", "\n", "\u{FEFF}", "\u{200B}", "\u{A0}", ""] {
            let given = "\(around)http://localhost:8000/\(around)"
            #expect(try load(nil, ["MOZAIKS_RUNTIME_URL": given]).runtimes[0].replicas == ["http://localhost:8000"], "\(given)")
            let file = """
                schema: mozaiks.ops/config/v1
                runtimes: {one: {replicas: ["${A_URL}", " http://b:1/ "]}}
                channels: {am: {alertmanager: {url: "${AM}"}}}
                """
            let configuration = try load(file, ["A_URL": given, "AM": "\(around)http://am:9093\(around)"])
            #expect(configuration.runtimes[0].replicas == ["http://localhost:8000", "http://b:1"], "\(given)")
            guard let manager = configuration.channels[0].kind as? Alertmanager.Settings else {
                Issue.record("kind")
                return
            }
            #expect(manager.url == "http://am:9093", "\(given)")
        }
        #expect(
            try load(nil, ["MOZAIKS_RUNTIME_URL": "http://a:1 ,\n\u{FEFF}http://b:2/,"]).runtimes[0].replicas
                == ["http://a:1", "http://b:2"])
    }

    @Test(
        "the address of an endpoint is no base URL, and the hint is the one to give",
        arguments: [
            ("http://h:8000/api/health", "http://h:8000"), ("http://h:8000/base/Metrics/perf/aggregate/", "http://h:8000/base"),
            ("https://h/metrics/perf/chats", "https://h"), ("http://h/ops/runtime", "http://h"),
        ])
    func endpointInPlaceOfAURL(given: String, base: String) throws {
        let file = "schema: mozaiks.ops/config/v1\nruntimes: {one: {replicas: [\"\(given)\"]}}\n"
        for (file, variables) in [(file, [:]), (nil, ["MOZAIKS_RUNTIME_URL": given])] as [(String?, [String: String])] {
            let error = #expect(throws: ConfigurationErrors.self) { try load(file, variables) }
            let text = error.map { "\($0)" } ?? ""
            #expect(text.contains("this is the address of the runtime's endpoint /"), "\(text)")
            #expect(text.contains("give the base URL: \(base)\n") || text.hasSuffix("give the base URL: \(base)"), "\(text)")
        }
        #expect(try load(nil, ["MOZAIKS_RUNTIME_URL": "http://h:8000/api"]).runtimes[0].replicas == ["http://h:8000/api"])
    }

    @Test("quotes around a URL are named", arguments: ["\"http://a:1\"", "'http://a:1'", "“http://a:1”", " \"http://a:1\"\n"])
    func quotesAroundAURL(given: String) {
        #expect(
            faults("schema: mozaiks.ops/config/v1", ["MOZAIKS_RUNTIME_URL": given]) == """
                $MOZAIKS_RUNTIME_URL: error[url]: there are quotes around the URL
                hint: they have become a part of it: leave them out
                """)
    }

    @Test func aURLFromTheEnvironmentGetsNoTokenOfTheFile() throws {
        let configuration = try load(
            ConfigurationTests.full,
            [
                "HOST": "h", "OPS_SECRET": "s", "SLACK_DEV": "x",
                "MOZAIKS_RUNTIME_URL": "http://elsewhere:1,http://elsewhere:2",
            ])
        #expect(configuration.runtimes.count == 1 && configuration.runtimes[0].replicas.count == 2)
        guard case .none = configuration.runtimes[0].authentication else {
            Issue.record("no token")
            return
        }
    }
}
