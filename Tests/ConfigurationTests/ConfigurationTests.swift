import Actions
import Ambient
import Foundation
import Model
import Notify
import TestKit
import Testing

@testable import Configuration

@Suite struct ConfigurationTests {
    func load(
        _ text: String?, _ environment: [String: String] = [:], _ flags: ConfigurationFlags = ConfigurationFlags()
    ) throws(ConfigurationErrors) -> Configuration {
        let loader = ConfigurationLoader(flags, in: Environment(environment), isRoot: true)
        return try loader.read(text.map { ("conf/mozaiks-ops.yaml", Array($0.utf8)) })
    }

    func faults(_ text: String, _ environment: [String: String] = [:]) -> String {
        do throws(ConfigurationErrors) {
            _ = try load(text, environment)
            return ""
        } catch {
            return error.description
        }
    }

    static let full = """
        schema: mozaiks.ops/config/v1
        environment: staging
        mode: enforce
        interval: 5s
        state: state
        policies: /etc/policies
        playbooks: pages
        runtimes:
          shared:
            replicas: [http://127.0.0.1:8000/, "http://${HOST}:8001"]
            auth: {bearer_file: secrets/token}
            labels: {topology: shared, tier: standard}
          second:
            replicas: http://127.0.0.1:9000
            auth:
              oauth2: {issuer: https://id.example.com, client_id: ops, client_secret: "${OPS_SECRET}", audience: runtime}
        polling: {budget: 3%, timeout: 4s, body_limit: 256 MB}
        actions:
          gate: {listen: 127.0.0.1:9465, text: Please try again in a minute.}
        guard: {protected: [app_vip], cooldown: 1m, per_app_hour: 2, total_hour: 5, storm: 4 in 30s, floor: {concurrent_workflows: 2}}
        channels:
          ops: {slack: {webhook_url_file: /run/secrets/slack}}
          dev: {slack: {webhook_url: "${SLACK_DEV}"}}
        routes: [{severity: [warning, critical], to: [ops]}, {severity: critical, to: dev}]
        server: {listen: "[::1]:9464"}
        heartbeat: {url: "${BEAT}", interval: 30s}
        prices: {gpt-4o-mini: {prompt: 0.15 USD/M, completion: 0.60 USD/M}}
        """

    @Test(arguments: [
        ("/var/lib/one", "/var/lib/one"), ("/var/lib/one:/var/lib/two", "/var/lib/one"), (":/var/lib/two", "/var/lib/two"),
    ])
    func theStateFolderIsTheFirstThatSystemdNames(list: String, folder: String) throws {
        #expect(try load(nil, ["STATE_DIRECTORY": list]).state.value.description == folder)
    }

    @Test(
        "a second folder that systemd names is not passed over without a word",
        arguments: [
            ("/var/lib/one:/var/lib/two", nil, ["'/var/lib/one', and not in '/var/lib/two'"]),
            ("/a:/b:/c", nil, ["names 3 folders", "'/a', and not in '/b', '/c'"]),
            ("/var/lib/one", nil, []), ("/var/lib/one:", nil, []), (":/var/lib/two", nil, []),
            ("/a:/b", "schema: mozaiks.ops/config/v1\nstate: /b\n", []),
        ] as [(String, String?, [String])])
    func severalStateFoldersAreWarnedAbout(list: String, file: String?, parts: [String]) throws {
        let warnings = try load(file, ["STATE_DIRECTORY": list]).warnings.filter { $0.code == "state" }
        #expect(warnings.count == (parts.isEmpty ? 0 : 1), "\(warnings)")
        for part in parts { #expect(warnings.first?.message.contains(part) == true, "\(warnings)") }
        #expect(warnings.allSatisfy { $0.file == "$STATE_DIRECTORY" && $0.severity == .warning })
    }

    @Test func aFolderOfTheUserThatIsNotAbsoluteIsIgnored() throws {
        func state(_ environment: [String: String]) throws -> String {
            try ConfigurationLoader(ConfigurationFlags(), in: Environment(environment), isRoot: false).read(nil).state.value.description
        }
        #expect(try state(["XDG_STATE_HOME": "/s", "HOME": "/h"]) == "/s/mozaiks-ops")
        #expect(try state(["XDG_STATE_HOME": "s", "HOME": "/h"]) == "/h/.local/state/mozaiks-ops")
    }

    @Test(
        "a page that others reach is warned about where its tokens can be read on their way",
        arguments: [
            ("127.0.0.1:9464", false), ("0.0.0.0:9464", true), ("'[::]:9464'", true),
            ("0.0.0.0:9464, certificate: /tls/chain.pem, key: /tls/key.pem", false),
        ])
    func plainPage(server: String, warns: Bool) throws {
        let told = try load("schema: mozaiks.ops/config/v1\nserver: {listen: \(server)}\n", [:]).warnings.filter { $0.code == "listen" }
        #expect(told.count == (warns ? 1 : 0) && told.allSatisfy { $0.message.contains("without TLS") }, "\(told)")
    }

    @Test(
        "a process that is named twice is warned about, however its address is written",
        arguments: [
            ("a: {replicas: [http://127.0.0.1:8000]}", "b: {replicas: [http://127.0.0.1:8000]}", 1),
            ("a: {replicas: [http://localhost:8000]}", "b: {replicas: ['http://127.0.0.1:8000']}", 1),
            ("a: {replicas: [http://localhost, 'https://db.example:443']}", "b: {replicas: ['HTTPS://DB.example', 'http://[::1]:80']}", 2),
            ("a: {replicas: [http://one:8000, http://one:8000]}", "b: {replicas: [http://one:8001]}", 1),
            ("a: {replicas: [http://one:8000]}", "b: {replicas: [http://one:8000/other, https://one:8000, http://localhost.one:8000]}", 0),
        ])
    func namedTwice(first: String, second: String, warns: Int) throws {
        let found = try load("schema: mozaiks.ops/config/v1\nruntimes:\n  \(first)\n  \(second)\n", [:])
        let told = found.warnings.filter { $0.code == "replica-twice" }
        #expect(told.count == warns && found.runtimes.count == 2, "\(found.warnings)")
        #expect(told.allSatisfy { $0.message.contains("is a replica of 'a' already") })
    }

    @Test(
        "a page of metrics is a path on each replica, or a URL",
        arguments: [
            ("/metrics", .path("/metrics"), nil), ("' /actuator/prometheus?x=1 '", .path("/actuator/prometheus?x=1"), nil),
            ("http://exporter:9100/metrics", .url("http://exporter:9100/metrics"), nil),
            ("metrics", nil, "a path begins with a slash: '/metrics'"),
            ("'/a b'", nil, "neither a path nor a URL"), ("ftp://x/metrics", nil, "this is not an http or https URL"),
            ("http://user:pass@x/metrics", nil, "a page of metrics elsewhere is read without a login"),
        ] as [(String, MetricsPlace?, String?)])
    func pagesOfMetrics(text: String, place: MetricsPlace?, fault: String?) throws {
        let file = "schema: mozaiks.ops/config/v1\nruntimes:\n  a: {replicas: [http://one:8000], metrics: \(text)}\n"
        guard let fault else {
            let found = try load(file, [:])
            #expect(found.runtimes[0].watched.metrics == place)
            let line = "runtimes.a.metrics: \(text.hasPrefix("'") ? "/actuator/prometheus" : text)"
            #expect(found.text.contains(line), "\(found.text)")
            return
        }
        do {
            _ = try load(file, [:])
            Issue.record("it is taken")
        } catch {
            #expect("\(error)".contains(fault) && !"\(error)".contains("user:pass@"), "\(error)")
        }
    }

    static let environments: [(String, String, warns: Bool)] = [
        ("production", "production", false), ("'production '", "production", false), ("'${E}'", "production", false),
        ("Production", "Production", true), ("PRODUCTION", "PRODUCTION", true), ("prod", "prod", true), ("prd", "prd", true),
        ("prod-eu", "prod-eu", true), ("live", "live", true), ("producton", "producton", true), ("produktion", "produktion", true),
        ("\"production\\u200b\"", "production\u{200B}", true),
        ("staging", "staging", false), ("dev", "dev", false), ("preprod", "preprod", false), ("test", "test", false),
    ]

    @Test(arguments: environments) func whatLooksLikeProductionAndIsNotIsWarnedAbout(
        written: String, name: String, warns: Bool
    ) throws {
        let configuration = try load("schema: mozaiks.ops/config/v1\nenvironment: \(written)\n", ["E": " production\n"])
        #expect(configuration.environment.value.utf8.elementsEqual(name.utf8))
        let warnings = configuration.warnings.filter { $0.code == "environment" }
        #expect(warnings.count == (warns ? 1 : 0), "\(warnings)")
        #expect(warnings.allSatisfy { $0.message.contains("is not 'production': channels that page are left out") })
    }

    @Test(arguments: ["''", "'  '", "'${E}'", "\"\\u200b\"", "\"\\ufeff \""]) func anEmptyEnvironmentIsAnError(written: String) {
        #expect(faults("schema: mozaiks.ops/config/v1\nenvironment: \(written)\n", ["E": ""]).contains("'environment' is empty"))
    }

    @Test func everyKeyIsRead() throws {
        let configuration = try load(
            ConfigurationTests.full, ["HOST": "10.0.0.7", "OPS_SECRET": "s3cret", "SLACK_DEV": "x", "BEAT": "x"])
        #expect(configuration.environment.value == "staging" && configuration.mode.value == .enforce)
        #expect(configuration.state.value == "conf/state" && configuration.policies.value == "/etc/policies")
        #expect(configuration.runtimes.map(\.name) == ["shared", "second"])
        #expect(configuration.runtimes[0].replicas == ["http://127.0.0.1:8000", "http://10.0.0.7:8001"])
        guard case .bearer(.file("conf/secrets/token")) = configuration.runtimes[0].authentication,
            case .clientCredentials(let client) = configuration.runtimes[1].authentication
        else {
            Issue.record("a bearer token and client credentials")
            return
        }
        #expect(client.clientSecret == .environment("OPS_SECRET") && client.issuer == "https://id.example.com")
        #expect(configuration.polling.budgetPercent == 3 && configuration.polling.bodyLimit == 256_000_000)
        #expect(configuration.gate?.listen.port == 9465)
        #expect(
            configuration.actionLimits.stormIncidents == 4 && configuration.actionLimits.stormWindow == .seconds(30))
        #expect(configuration.actionLimits.floor == Limits(concurrentWorkflows: 2, requestsPerMinute: 10))
        #expect(configuration.actionLimits.protected == [AppID("app_vip")])
        #expect(configuration.channels.map(\.name) == ["ops", "dev"])
        #expect(configuration.routes.map(\.to) == [["ops"], ["dev"]])
        #expect(configuration.server?.value.description == "[::1]:9464")
        #expect(configuration.prices.first?.price.completionPerMillion == 0.6)
        #expect(configuration.playbooks.value == "conf/pages")
        #expect(configuration.heartbeat?.url == .environment("BEAT") && configuration.heartbeat?.interval == .seconds(30))
        #expect(configuration.warnings.isEmpty)
    }

    @Test func aHeartbeatOfTheEnvironmentNeedsNoFile() throws {
        let configuration = try load(nil, ["MOZAIKS_HEARTBEAT_URL": "https://hc-ping.com/s3cret"])
        #expect(configuration.heartbeat?.url == .environment("MOZAIKS_HEARTBEAT_URL"))
        #expect(configuration.heartbeat?.interval == .minutes(1))
        #expect(!configuration.text.contains("s3cret"))
        let file = try load(nil, ["MOZAIKS_HEARTBEAT_URL_FILE": "/run/beat"])
        #expect(file.heartbeat?.url == .file("/run/beat"))
    }

    @Test(arguments: [
        "heartbeat: {url: https://hc-ping.com/s3cret}", "heartbeat:\n  url: https://hc-ping.com/s3cret",
        "heartbeat: {url: https://hc-ping.com/s3cret, every: 1m}", "heartbeat: {url_file: /x, interval: 1s} # url s3cret",
    ])
    func aHeartbeatsURLInTheFileIsRefusedAndNotShown(_ text: String) {
        let faults = faults("schema: mozaiks.ops/config/v1\n" + text)
        #expect(faults.contains("error[") && !faults.contains("s3cret"), "\(faults)")
    }

    @Test func showsEachValueWithItsOriginAndNoSecret() throws {
        let configuration = try load(
            ConfigurationTests.full, ["HOST": "h", "OPS_SECRET": "s3cret", "SLACK_DEV": "https://hooks/s3cret", "BEAT": "s3cret"],
            ConfigurationFlags(mode: "suggest"))
        let text = configuration.text
        #expect(text.contains("# --mode") && text.contains("mode: suggest"))
        #expect(text.contains("# conf/mozaiks-ops.yaml:4"))
        try Fixtures.recorded("Tests/ConfigurationTests/golden/configuration-show.txt", text, "ConfigurationTests")
        #expect(text.contains("webhook from environment variable SLACK_DEV"))
        #expect(!text.contains("s3cret") && !configuration.json.serialized().contains("s3cret"))
        #expect(!String(describing: configuration).contains("s3cret"))
    }

    @Test func oneVariableIsEnough() throws {
        let configuration = try load(
            nil, ["MOZAIKS_RUNTIME_URL": "http://localhost:8000/", "MOZAIKS_RUNTIME_TOKEN": "t"])
        #expect(configuration.runtimes.count == 1 && configuration.runtimes[0].replicas == ["http://localhost:8000"])
        #expect(configuration.mode.value == .observe && configuration.interval.value == .seconds(10))
        guard case .bearer(.environment("MOZAIKS_RUNTIME_TOKEN")) = configuration.runtimes[0].authentication else {
            Issue.record("the token of the environment")
            return
        }
    }

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

    @Test func aWebhookInTheEnvironmentIsAChannelWithARoute() throws {
        let configuration = try load(nil, ["MOZAIKS_SLACK_WEBHOOK_URL": "https://hooks.example.com/s3cret"])
        #expect(configuration.channels.map(\.name) == ["slack"])
        #expect(configuration.routes.map(\.severities) == [[.warning, .critical]])
        #expect(!configuration.text.contains("s3cret"))
    }

    @Test func flagsWinOverVariablesAndThoseOverTheFile() throws {
        let text = "schema: mozaiks.ops/config/v1\nmode: observe\nstate: /a\n"
        let variables = ["MOZAIKS_OPS_MODE": "suggest", "MOZAIKS_OPS_STATE": "/b"]
        #expect(try load(text).mode.value == .observe)
        #expect(try load(text, variables).mode.value == .suggest)
        let flagged = try load(text, variables, ConfigurationFlags(mode: "enforce"))
        #expect(flagged.mode.value == .enforce && flagged.mode.origin == .flag("--mode"))
        #expect(flagged.state.origin == .environment("MOZAIKS_OPS_STATE"))
    }

    @Test func saysAllThatIsWrongAtOnce() throws {
        let text = """
            schema: mozaiks.ops/config/v1
            mode: enfroce
            intervall: 10s
            state: ${NOWHERE}/x
            runtimes:
              shared:
                dns: runtime:8000
              bad name: {replicas: [http://x]}
              urls:
                replicas: [ftp://x, "http://user:s3cret@host", "http://", "http://host/?q"]
                auth: {bearer: s3cret}
              twice:
                replicas: []
                auth: {bearer_file: a, bearer_env: B, oauth2: {client_id: x}}
            actions:
              gate: {listen: 9465}
              lease_api: {url: x}
            guard: {storm: many, floor: {concurrent_workflows: 0}, cooldwn: 3m}
            channels:
              ops: {slack: {webhook_url: https://hooks.example.com/s3cret}}
              mail: {email: {smtp: x, from: nobody, to: [], pasword: s3cret}}
              none: {}
            routes: [{severity: [warn], to: [opps]}]
            server: {listen: 0.0.0.0:9464}
            polling: {budget: 2, body_limit: big}
            prices: {m: {prompt: 1}}
            advisor: {provider: openai}
            """
        let report = faults(text, ["NOWHER": "x"])
        #expect(!report.contains("s3cret"))
        try Fixtures.recorded("Tests/ConfigurationTests/golden/configuration-faults.txt", report + "\n", "ConfigurationTests")
    }

    /// Also where the fault is another one, or the key is mistyped.
    static let leaks = [
        "channels: {ops: {slack: {webhok_url: https://hooks.example.com/s3cret}}}", "bearer: s3cret",
        "runtimes: {a: {replicas: ['http://u:s3cret@h']}}", "runtimes: {a: {auth: {bearer: s3cret}, replics: 3}}",
        "runtimes: {a: {auth: {bearer: 's3cret", "channels: {ops: {slack: {webhook_url: \"s3cret}}}",
        "runtimes: {a: {auth: {oauth2: {client_secret: s3cret, client_idd: x}}}}",
    ]

    @Test(arguments: leaks) func noDiagnosticShowsASecret(_ line: String) {
        let report = faults("schema: mozaiks.ops/config/v1\n" + line + "\n")
        #expect(report.contains("error[") && !report.contains("s3cret"))
    }

    @Test func aFlagOrVariableIsNamedWhenItIsWrong() {
        #expect(
            faults(
                "schema: mozaiks.ops/config/v1", ["MOZAIKS_OPS_MODE": "enforced", "MOZAIKS_RUNTIME_URL": "localhost"])
                    == """
                    $MOZAIKS_OPS_MODE: error[value]: mode cannot be 'enforced'
                    hint: did you mean 'enforce'?

                    $MOZAIKS_RUNTIME_URL: error[url]: this is not an http or https URL
                    hint: such as http://127.0.0.1:8000
                    """)
    }

    @Test func theFileIsLookedForInOrder() throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("mozaiks-ops-" + UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: root) }
        func write(_ path: String, _ environment: String) throws {
            let url = root.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data("schema: mozaiks.ops/config/v1\nenvironment: \(environment)\n".utf8).write(to: url)
        }
        func found(_ environment: [String: String] = [:], _ flags: ConfigurationFlags = ConfigurationFlags()) throws
            -> String
        {
            let all = environment.merging(["HOME": root.path + "/home"]) { given, _ in given }
            return try ConfigurationLoader(
                flags, in: Environment(all), workingFolder: root.path + "/here", systemFolder: root.path + "/etc",
                isRoot: true
            ).load().environment.value
        }
        #expect(try found() == "production")
        try write("etc/mozaiks-ops.yaml", "etc")
        #expect(try found() == "etc")
        try write("home/.config/mozaiks-ops/mozaiks-ops.yaml", "home")
        #expect(try found() == "home")
        try write("here/mozaiks-ops.yaml", "here")
        #expect(try found() == "here")
        try write("variable.yaml", "variable")
        #expect(try found(["MOZAIKS_OPS_CONFIG": root.path + "/variable.yaml"]) == "variable")
        try write("flag.yaml", "flag")
        let flags = ConfigurationFlags(config: root.path + "/flag.yaml")
        #expect(try found(["MOZAIKS_OPS_CONFIG": root.path + "/variable.yaml"], flags) == "flag")
        #expect(throws: ConfigurationErrors.self) { try found(["MOZAIKS_OPS_CONFIG": root.path + "/absent.yaml"]) }
        #expect(
            try FileReading.yamlFiles(in: root.path).map { $0.path.split(separator: "/").last } == [
                "flag.yaml", "variable.yaml",
            ])
    }

    /// What begins to compile the built-in policies early must not begin where others are named.
    @Test func whetherPoliciesAreNamedIsKnownBeforeTheFileIsRead() throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("mozaiks-ops-" + UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: root) }
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        func said(_ rest: String?, policies: String? = nil) throws -> [Bool] {
            let file = root.appendingPathComponent("mozaiks-ops.yaml")
            if let rest {
                try Data("schema: mozaiks.ops/config/v1\n\(rest)".utf8).write(to: file)
            }
            var said: [Bool] = []
            let loader = ConfigurationLoader(
                ConfigurationFlags(policies: policies), in: Environment([:]), workingFolder: root.path, systemFolder: "/nonexistent",
                isRoot: true)
            _ = try? loader.load { said.append($0) }
            return said
        }
        #expect(try said(nil) == [true])
        #expect(try said(nil, policies: "/p") == [false])
        #expect(try said("interval: 20s\n") == [true])
        #expect(try said("interval: 20s\n", policies: "/p") == [false])
        #expect(try said("policies: /p\n") == [false])
        #expect(try said("interval: never\n") == [true], "said before what is wrong in the file is found")
    }
}
