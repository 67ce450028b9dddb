import Foundation
import Model
import Testing
import YAML

@testable import Policy

@Suite struct LoaderTests {
    /// Each folder of `bad/` is one policy folder; `golden/bad-NAME.txt` is what a person reads.
    @Test(arguments: Beside.folders("bad")) func saysAllThatIsWrong(_ name: String) throws {
        let result = PolicyLoader.load(files: try Beside.policyFiles("bad/" + name))
        guard case .failure(let errors) = result else {
            Issue.record("\(name) should not load")
            return
        }
        #expect(try Beside.golden("golden/bad-\(name).txt", is: errors.description + "\n"))
        // Whoever reads only the first lines finds the place too.
        #expect(errors.diagnostics == errors.diagnostics.sorted())
    }

    @Test(arguments: Beside.folders("good")) func loads(_ name: String) throws {
        let set = try PolicyLoader.load(files: try Beside.policyFiles("good/" + name)).get()
        let shown = set.policies.map { PolicyRendering(set, app: $0.app).text }.joined(separator: "\n")
        #expect(try Beside.golden("golden/good-\(name).txt", is: shown))
    }

    @Test func anAppsPolicyLiesOverTheDefault() throws {
        let set = try PolicyLoader.load(files: try Beside.policyFiles("good/one-app")).get()
        let clinic = set.policy(for: AppID("app_clinic"))
        #expect(clinic.app == AppID("app_clinic") && set.policies.count == 2)
        #expect(clinic.mode == .observe && set.defaultPolicy.mode == .suggest)
        #expect(clinic.allowedActions == [.notify])
        #expect(set.defaultPolicy.allowedActions == [.notify, .throttle, .disablePack])
        #expect(clinic.appRules.map(\.name) == ["noisy-neighbor", "slow", "one-user-hogs"])
        #expect(clinic.disabled.map(\.rule) == ["spend"])
        #expect(set.defaultPolicy.appRules.map(\.name) == ["noisy-neighbor", "spend"])
        #expect(clinic.appRules[0].hold == .minutes(10) && clinic.appRules[0].severity == .info)
        #expect(clinic.appRules[2].suppressedBy == ["noisy-neighbor"])
        #expect(clinic.appRules[0].suppresses == ["one-user-hogs"])
        #expect(
            clinic.thresholds.map { "\($0.name)=\($0.text)" } == [
                "much=3 USD/h", "noisy_share=60%", "slow=20s", "users=4",
            ])

        let here = FixedReadings(clinic.appRules[0].when, ["active_runs.share": .value(50)])
        #expect(clinic.appRules[0].when.evaluate(here) == .no)
        #expect(set.defaultPolicy.appRules[0].when.evaluate(here) == .yes)

        let other = set.policy(for: AppID("anybody"))
        #expect(other.app == nil && other.appRules.count == 2)
        #expect(set.rules(for: .replica).map(\.name) == ["few-users"] && set.rules(for: .runtime).isEmpty)
        #expect(set.window == .minutes(10))
        #expect(set.slots(for: .replica).map { set.demand[$0].series.description } == ["websockets"])
    }

    @Test func idsAreBytes() throws {
        let set = try PolicyLoader.load(files: try Beside.policyFiles("good/strange-ids")).get()
        #expect(set.policies.map { $0.app?.text ?? "-" } == ["-", "café/1", "default"])
        #expect(set.index(for: AppID("cafe\u{301}/1")) == 0)
        #expect(set.index(for: AppID("café/1")) == 1)
        #expect(set.index(for: AppID("default")) == 2)
    }

    @Test func theOrderOfFilesDoesNotMatter() throws {
        let files = try Beside.policyFiles("good/one-app")
        let one = try PolicyLoader.load(files: files).get().canonicalText
        let other = try PolicyLoader.load(files: files.reversed()).get().canonicalText
        #expect(one == other)
        #expect(one != PolicySet.embeddedDefault.canonicalText)
    }

    @Test func commentsDoNotChangeTheCanonicalText() throws {
        let files = try Beside.policyFiles("good/one-app")
        let commented = files.map {
            PolicyFile(path: "elsewhere/" + $0.path, bytes: Array("# a comment\n\n".utf8) + $0.bytes)
        }
        #expect(
            try PolicyLoader.load(files: files).get().canonicalText
                == PolicyLoader.load(files: commented).get().canonicalText)
    }

    static let names: [(String, PolicyFileName.Owner?)] = [
        ("ops_policy.default.yaml", .everybody), ("/etc/x/ops_policy.a-b_c.1.yaml", .app(AppID("a-b_c.1"))),
        ("ops_policy.%64efault.yaml", .app(AppID("default"))), ("ops_policy.a%2Fb.yaml", .app(AppID("a/b"))),
        ("ops_policy.a%61.yaml", nil), ("ops_policy..yaml", nil), ("ops_policy.yaml", nil), ("ops_policy.x.yml", nil),
        ("ops_policy.a b.yaml", nil), ("ops_policy.%2.yaml", nil), ("ops_policy.%FF.yaml", .app(AppID(bytes: [0xFF]))),
    ]

    @Test(arguments: names) func fileNamesSayWhosePolicy(_ name: String, _ owner: PolicyFileName.Owner?) {
        #expect(PolicyFileName.owner(of: name) == owner)
        if case .app(let app) = owner { #expect(PolicyFileName.owner(of: PolicyFileName.name(for: app)) == owner) }
    }
}

extension LoaderTests {
    @Test("a threshold of an app that only rules on the runtime use, or of the default that no rule uses, is a warning")
    func thresholdsWithoutEffect() throws {
        let head = "schema: mozaiks.ops/policy/v1\nops_policy: "
        let files = [
            (
                "ops_policy.default.yaml",
                "default\nthresholds: {calls: 3, runs: 5, nobody: 1}\nrules:\n"
                    + "  a: {subject: runtime, when: restarts > $calls, severity: info}\n"
                    + "  b: {subject: app, when: active_runs > $runs, severity: info}\n"
            ),
            ("ops_policy.app-x.yaml", "app-x\nthresholds: {calls: 5, runs: 9}\n"),
        ].map { PolicyFile(path: $0.0, bytes: Array((head + $0.1).utf8)) }
        let warnings = try PolicyLoader.load(files: files).get().warnings.map(\.description)
        #expect(warnings.count == 2, "\(warnings)")
        #expect(
            warnings.contains { $0.contains("app-x.yaml:3:14: warning[no-effect]: no rule on this app uses the threshold 'calls'") },
            "\(warnings)")
        #expect(warnings.contains { $0.contains("default.yaml:3:33: warning[unused-threshold]: no rule uses the threshold 'nobody'") })
    }

    @Test("who is beside the runtimes keeps quiet what is its own, and a host what runs there")
    func suppressionWithoutReach() throws {
        let text = """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            rules:
              full: {subject: host, when: memory > 90%, severity: critical, suppresses: [down, loud, away]}
              away: {subject: service, when: up == 0, severity: critical, suppresses: [slow, down]}
              slow: {subject: service, when: latency > 2s, severity: warning}
              down: {subject: runtime, when: up == 0, severity: critical}
              loud: {subject: app, when: active_runs > 3, severity: info}
            """
        let set = try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))]).get()
        #expect(
            set.warnings.map(\.message) == [
                "'full' is a rule on a host, and keeps no rule on a service quiet",
                "'away' is a rule on a service, and keeps no rule on a runtime quiet",
            ])
    }

    @Test func whatIsNeverDoneIsAWarning() throws {
        let text = """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            thresholds: {unused: 3}
            allowed_actions: [notify]
            rules:
              r:
                subject: app
                when: active_runs > 3
                severity: info
                actions:
                  - pause: {ttl: 5m}
            """
        let set = try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))]).get()
        #expect(
            set.warnings.map(\.description).joined(separator: "\n") == """
                ops_policy.default.yaml:3:14: warning[unused-threshold]: no rule uses the threshold 'unused'
                    thresholds: {unused: 3}
                                 ^~~~~~
                ops_policy.default.yaml:11:9: warning[not-allowed]: 'pause' is not among allowed_actions: it is never done
                          - pause: {ttl: 5m}
                            ^~~~~
                """)
    }
}
