import Model
import TestKit
import Testing
import YAML

@testable import Policy

/// A default policy over the built-in one, and files of rules over both.
@Suite struct LayerTests {
    private static let head = "schema: mozaiks.ops/policy/v1\nops_policy: default\n"

    private func file(_ name: String, _ text: String) -> PolicyFile {
        PolicyFile(path: "p/" + name, bytes: Array((LayerTests.head + text).utf8))
    }

    private func load(_ files: [PolicyFile]) throws -> PolicySet { try PolicyLoader.load(files: files).get() }

    private func faults(_ files: [PolicyFile]) -> [String] {
        guard case .failure(let errors) = PolicyLoader.load(files: files) else { return [] }
        return errors.diagnostics.filter { $0.severity == .error }.map { "\($0.code): \($0.message)" + ($0.hint.map { " (\($0))" } ?? "") }
    }

    private func rules(_ set: PolicySet) -> [Rule] { set.defaultRules }

    @Test("extends: builtin keeps what is not named, changes rules key by key, and switches off")
    func extends() throws {
        let builtIn = PolicySet.embeddedDefault
        let set = try load([
            file(
                "ops_policy.default.yaml",
                """
                extends: builtin
                mode: suggest
                thresholds: {noisy_share: 60%}
                rules:
                  dead-counters: {enabled: false}
                  noisy-neighbor: {for: 17m}
                  mine: {subject: app, when: active_runs > 3, severity: info}
                """)
        ])
        let names = Set(rules(set).map(\.name))
        #expect(names == Set(rules(builtIn).map(\.name)).subtracting(["dead-counters"]).union(["mine"]))
        #expect(set.defaultPolicy.disabled.map(\.rule) == ["dead-counters"])
        let noisy = try #require(set.defaultPolicy.appRules.first { $0.name == "noisy-neighbor" })
        let before = try #require(builtIn.defaultPolicy.appRules.first { $0.name == "noisy-neighbor" })
        #expect(
            noisy.hold == .minutes(17) && noisy.when.text == before.when.text && noisy.actions.map(\.json) == before.actions.map(\.json))
        #expect(noisy.fields.first { $0.key == "for" }?.origin?.file == "p/ops_policy.default.yaml")
        #expect(noisy.fields.first { $0.key == "when" }?.origin?.file == DefaultPolicy.file)
        // Whatever else is changed of it: its condition is still the built-in one.
        #expect(noisy.conditionOrigin == before.origin && noisy.origin(of: "for").file == "p/ops_policy.default.yaml")
        let own = try load([file("ops_policy.default.yaml", "extends: builtin\nrules: {noisy-neighbor: {when: active_runs > 3}}")])
        let other = try #require(own.defaultPolicy.appRules.first { $0.name == "noisy-neighbor" })
        #expect(other.conditionOrigin.file == "p/ops_policy.default.yaml" && other.conditionOrigin.line == 4)
        #expect(set.defaultPolicy.thresholds.first { $0.name == "noisy_share" }?.text == "60%")
        #expect(set.defaultPolicy.mode == .suggest && set.defaultPolicy.allowedActions == builtIn.defaultPolicy.allowedActions)
        #expect(set.warnings == [])
        // Without it the file stands alone.
        #expect(
            rules(try load([file("ops_policy.default.yaml", "rules: {mine: {subject: app, when: active_runs > 3, severity: info}}")])).count
                == 1)
    }

    @Test("a rule on another kind of subject is another rule: nothing of the old one stays")
    func anotherSubject() throws {
        let set = try load([
            file(
                "ops_policy.default.yaml",
                "extends: builtin\nrules: {noisy-neighbor: {subject: runtime, when: active_runs > 3, severity: info}}")
        ])
        let rule = try #require(set.rules(for: .runtime).first { $0.name == "noisy-neighbor" })
        #expect(rule.actions.map(\.kind) == [.notify] && rule.keeps == nil)
    }

    @Test("files of rules are laid over the default in the order of their names, and what two say is reported")
    func filesOfRules() throws {
        let mine = "rules: {mine: {subject: app, when: active_runs > $many, severity: info}}"
        let files = [
            file("ops_policy.default.yaml", "thresholds: {many: 3}\n" + mine),
            file("ops_rules.a.yaml", "thresholds: {many: 5}\nrules: {mine: {severity: warning, for: 2m}}"),
            file(
                "ops_rules.b.yaml",
                "thresholds: {many: 7}\nrules: {mine: {severity: critical}, other: {subject: app, when: active_runs > 1, severity: info}}"),
        ]
        for order in [files, files.reversed()] {
            let set = try load(order)
            let rule = try #require(set.defaultPolicy.appRules.first { $0.name == "mine" })
            #expect(rule.severity == .critical && rule.hold == .minutes(2) && set.defaultPolicy.thresholds.map(\.text) == ["7"])
            #expect(set.defaultPolicy.appRules.map(\.name) == ["mine", "other"])
            let said = set.warnings.filter { $0.code == "said-twice" }
            #expect(
                said.count == 2 && said.allSatisfy { $0.file == "p/ops_rules.b.yaml" && $0.message.contains("p/ops_rules.a.yaml:") },
                "\(set.warnings)")
        }
        // Alone they change the built-in policy.
        let set = try load([file("ops_rules.mine.yaml", "rules: {runtime-down: {severity: warning}}")])
        #expect(rules(set).count == rules(.embeddedDefault).count)
        #expect(set.rules(for: .runtime).first { $0.name == "runtime-down" }?.severity == .warning)
    }

    @Test(
        "what is wrong with it is said",
        arguments: [
            ("ops_policy.default.yaml", "extends: default\n", "value: extends cannot be 'default'"),
            (
                "ops_policy.default.yaml", "extends: builtin\nrules: {runtime-dwon: {enabled: false}}\n",
                "unknown-rule: there is no rule 'runtime-dwon' to change (did you mean 'runtime-down'?)"
            ),
            ("ops_policy.default.yaml", "extends: builtin\nthresholds: {noisy_share: 60}\n", "unit-mismatch: 'noisy_share' is"),
            ("ops_rules.x.yaml", "mode: enforce\n", "default-only: 'mode' stands in ops_policy.default.yaml only"),
            ("ops_rules.x.yaml", "extends: builtin\n", "default-only: 'extends' stands"),
            ("ops_rules.x y.yaml", "rules: {}\n", "file-name: this name is not one of a policy file"),
        ])
    func wrong(name: String, text: String, fault: String) {
        let found = faults([file(name, text)])
        #expect(found.contains { $0.hasPrefix(fault) }, "\(found)")
    }

    @Test("the files that a set was made of make the same set again, the built-in policy of that time too")
    func again() throws {
        let own = [
            file("ops_policy.default.yaml", "extends: builtin\nrules: {runtime-down: {for: 42s}}"),
            file("ops_rules.z.yaml", "thresholds: {noisy_share: 70%}"),
        ]
        let set = try load(own)
        #expect(set.files.map(\.path).contains(DefaultPolicy.file))
        let again = try load(set.files)
        #expect(PolicyRendering(set, app: nil).text == PolicyRendering(again, app: nil).text)
        // A later version has another built-in policy: the old one holds where it was kept.
        let old = PolicyFile(
            path: DefaultPolicy.file,
            bytes: Array((LayerTests.head + "rules: {runtime-down: {subject: runtime, when: up == 0, severity: info}}").utf8))
        let then = try load([own[0], old])
        #expect(rules(then).map(\.name) == ["runtime-down"] && rules(then)[0].hold == .seconds(42) && rules(then)[0].severity == .info)
    }

    @Test(
        "a policy that tells of no outage, late or softly is warned about, whatever else reads 'up'",
        arguments: [
            ("extends: builtin\nrules: {noisy-neighbor: {for: 7m}}", nil),
            ("extends: builtin\nrules: {runtime-down: {enabled: false}}", "only, as warning"),
            ("extends: builtin\nrules: {runtime-down: {enabled: false}, replica-down: {enabled: false}}", "'runtime-down' is switched off"),
            (
                "extends: builtin\nrules: {runtime-down: {enabled: false}, mine: {subject: runtime, when: not up == 1, for: 5m, severity: critical}}",
                nil
            ),
            (
                "extends: builtin\nrules: {runtime-down: {severity: info}, replica-down: {enabled: false}}",
                "by 'runtime-down' only, as info"
            ),
            ("extends: builtin\nrules: {runtime-down: {severity: warning}}", "by 'runtime-down' only, as warning"),
            ("extends: builtin\nrules: {runtime-down: {for: 6h}}", "by 'runtime-down' only, after 6h"),
            ("extends: builtin\nrules: {runtime-down: {for: 10m, polls: 1}}", nil),
            ("extends: builtin\nrules: {runtime-down: {polls: 100}}", "by 'runtime-down' only, after 100 polls"),
            (
                "extends: builtin\nrules: {runtime-down: {for: 6h, severity: info}, replica-down: {enabled: false}}",
                "by 'runtime-down' only, after 6h"
            ),
            (
                "extends: builtin\nrules: {runtime-down: {when: up == 1 and healthy == 0}, replica-down: {enabled: false}}",
                "no rule here sees"
            ),
            (
                "extends: builtin\nrules: {runtime-down: {when: up == 0 and tokens > 5/min}, replica-down: {enabled: false}}",
                "no rule here sees"
            ),
            ("extends: builtin\nrules: {runtime-down: {subject: replica, when: up < 1, severity: critical, for: 1m}}", nil),
            ("rules: {a: {subject: runtime, when: 'avg(up[10m]) < 0.5', severity: critical, for: 1m}}", nil),
            ("rules: {a: {subject: runtime, when: 'up == 0 or healthy == 0', severity: critical, for: 1m}}", nil),
            ("rules: {a: {subject: runtime, when: 'up == 0 and missing(healthy)', severity: critical, for: 1m}}", nil),
            ("rules: {a: {subject: runtime, when: 'up > 0', severity: critical, for: 1m}}", "no rule here sees"),
            ("rules: {a: {subject: runtime, when: 'healthy == 0', severity: critical}}", "no rule here sees"),
            (
                "rules: {a: {subject: runtime, when: 'up == 0', severity: info}, b: {subject: replica, when: 'up == 0', severity: critical, for: 2m}}",
                nil
            ),
        ])
    func outage(text: String, expected: String?) throws {
        let found = try load([file("ops_policy.default.yaml", text)]).lostOutage
        #expect((found == nil) == (expected == nil), "\(text): \(found?.message ?? "nothing")")
        if let expected, let found { #expect(found.message.contains(expected) && found.hint != nil, "\(found.message)") }
    }

    @Test("a file of rules alone that switches it off is warned about too, and the built-in policy never")
    func outageOfLayers() throws {
        #expect(PolicySet.embeddedDefault.lostOutage == nil)
        let lost = try load([file("ops_rules.x.yaml", "rules: {runtime-down: {enabled: false}, replica-down: {enabled: false}}")])
            .lostOutage
        #expect(lost?.file == "p/ops_rules.x.yaml" && lost?.line == 3)
    }

    // MARK: Texts

    private func told(_ text: String, in place: RuleText.Place = .prose, app: String) -> String {
        let subject = Subject.app(AppID(app), runtime: "shared")
        let transition = Transition(
            at: Timestamp(milliseconds: 0), rule: "mine", subject: subject, from: .inactive, to: .firing, reason: "", condition: "",
            readings: [
                ComparedReading(series: "tokens[5m]", unit: .perMinute, evidence: .missing(.deadCounter)),
                ComparedReading(series: "active_runs.share", unit: .percent, evidence: .value(61)),
            ])
        return RuleText.filled(text, in: place, rule: "mine", severity: .warning, transition: transition)
    }

    @Test(
        "a text names what is known when its incident opens",
        arguments: [
            ("{app} holds {value} on {runtime}", "app_1 holds 61% on shared"), ("{rule}/{severity}/{replica}", "mine/warning/none"),
            ("no braces", "no braces"), ("{{app}} }} {{", "{app} } {"), ("{nope} {app", "{nope} {app"), ("{}", "{}"),
            ("{{{app}}}", "{app_1}"),
        ])
    func filled(text: String, expected: String) {
        #expect(told(text, app: "app_1") == expected)
    }

    @Test("a figure that is known in part is told as so much at the least, and never as unknown")
    func atLeast() {
        let transition = Transition(
            at: Timestamp(milliseconds: 0), rule: "mine", subject: .runtime("shared"), from: .inactive, to: .firing, reason: "",
            condition: "",
            readings: [
                ComparedReading(series: "tokens[5m]", unit: .perMinute, evidence: .missing(.deadCounter)),
                ComparedReading(series: "cost[today]", unit: .dollars, evidence: .missing(.tooLittleData), least: 61),
            ])
        let text = RuleText.filled("spent {value}", in: .prose, rule: "mine", severity: .warning, transition: transition)
        #expect(text == "spent at least 61 USD")
    }

    static let hostile = [
        "<!here>", "a\nb", "x; rm -rf /", "{runtime}", "\u{202E}x", "a|b", "`touch RAN`", "$(touch RAN)", "'; touch RAN; '",
        "\"; touch RAN; \"",
        "\\", "a\\'; touch RAN #", "!!", "-rf", " a  b ", "a b", "app-\u{E9}col\u{E9}", "app-e\u{301}cole", "\u{1B}[31mred",
        "a\tb\r\nOK: nothing to see",
        "\u{200B}", "", "~root", "*", "a&&touch RAN", "a>RAN", "${IFS}touch", "%s", "https://evil.example/login", "\u{FEFF}x", "it's",
        "a\u{A0}b", "\u{7F}",
    ]

    @Test("an id in a text is readable, and no markup, no line, no link and no second place", arguments: hostile)
    func foreign(id: String) {
        let text = told("{app}", app: id)
        #expect(text == Shown.id(id).replacing(bytesOf: "://", with: "\u{2236}//"))
        #expect(!text.unicodeScalars.contains(where: Shown.isInvisible) && !text.utf8.contains(10) && text.unicodeScalars.count < 200)
        #expect(told("{app}", app: "app-\u{E9}col\u{E9}") == "app-\u{E9}col\u{E9}" && told("{app}", app: "a shop (EU)") == "a shop (EU)")
    }

    @Test("an id in a step is one word of a shell, exactly this id, whatever quotes stand around it", arguments: hostile)
    func shellWord(id: String) throws {
        for (step, place) in [
            ("--app {app}", "--app "), ("--app '{app}'", "--app "), ("--app \"{app}\"", "--app "), ("--app={app} x", "--app="),
        ] {
            let told = told(step, in: .step, app: id)
            #expect(!told.unicodeScalars.contains(where: Shown.isInvisible))
            let words = try bash("printf '%s\\0' \(told)")
            let expected = step.hasSuffix(" x") ? ["--app=" + id, "x"] : ["--app", id]
            #expect(words.elementsEqual(expected) { $0.utf8.elementsEqual($1.utf8) }, "\(place) \(told) \(words)")
        }
        // Quotes that are not right beside it may spoil the word, and still nothing runs.
        for step in ["\"the app {app} there\"", "'the app {app} there'", "`echo {app}`", "$(echo {app})", "\"$(echo \"x {app}\")\""] {
            let told = told(step, in: .step, app: id)
            _ = try? bash("printf '%s\\0' \(told)")
        }
    }

    @Test("what is plain is not quoted, and only steps are")
    func plain() {
        #expect(told("--app {app} at {value} on {runtime}", in: .step, app: "app_1.x-y") == "--app app_1.x-y at 61% on shared")
        #expect(told("--app {app}", in: .step, app: "app-\u{E9}col\u{E9}") == "--app 'app-\u{E9}col\u{E9}'")
        #expect(told("--app '{app}'", in: .step, app: "app_1") == "--app app_1")
        #expect(told("--app {app}", in: .step, app: "a'b") == "--app \"$(printf 'a\\047b')\"")
        let rule = try? load([
            file(
                "ops_policy.default.yaml",
                "rules: {m: {subject: app, when: active_runs > 1, severity: info, summary: \"{app}\", next_steps: [\"--app {app}\"], labels: {a: \"{app}\"}}}"
            )
        ])
        .defaultPolicy.appRules.first
        let transition = Transition(
            at: Timestamp(milliseconds: 0), rule: "m", subject: .app(AppID("a b"), runtime: "s"), from: .inactive, to: .firing, reason: "",
            condition: "", readings: [])
        let texts = rule?.told(at: transition)
        #expect(texts?.summary == "a b" && texts?.nextSteps == ["--app 'a b'"] && texts?.labels == ["a": "a b"])
    }

    @Test("in sh (dash), too, and at the ends of what an argument can hold")
    func everyShell() throws {
        for id in Self.hostile + ["-x\u{1B}%d", "ends\u{1B}\n\u{7}"] {
            let told = told("--app {app}", in: .step, app: id)
            #expect(
                try bash("printf '%s\\0' \(told)", "/bin/sh").elementsEqual(["--app", id]) { $0.utf8.elementsEqual($1.utf8) }, "\(told)")
        }
        #expect(try bash("printf '%s\\0' \(told("--app {app}", in: .step, app: "a\n"))") == ["--app", "a\n"])
        // Never the part before the NUL, which is another's id.
        #expect(try bash("printf '%s\\0' \(told("--app {app}", in: .step, app: "a\0b"))") == ["--app", "a\\x00b"])
    }

    @Test("where patterns are read, an id is a pattern of itself alone", arguments: ["*", "a?", "app-*-x", "plain", "[*]"])
    func pattern(id: String) throws {
        let silenced = try bash("printf '%s\\0' \(told("silences add --app {app} --for 1h", in: .step, app: id))")
        #expect(Glob(silenced[3]).matches(id) && !Glob(silenced[3]).matches("another") && !Glob(silenced[3]).matches("ab"))
        #expect(try bash("printf '%s\\0' \(told("explain --app {app}", in: .step, app: id))") == ["explain", "--app", id])
    }

    /// What bash makes of a command: the words that it printed, each ended by a NUL. Fails where anything else was done.
    private func bash(_ command: String, _ shell: String = "/bin/bash") throws -> [String] {
        let folder = TemporaryFolder()
        let ending = try RunningProgram(shell, ["-c", command], environment: ["PATH": "/usr/bin:/bin"], in: folder.path).waitForEnd()
        #expect(folder.names == [], "ran: \(command)")
        return ending.output.split(separator: "\0", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    @Test("braces that mean nothing are warned about, where they stand")
    func braces() throws {
        let set = try load([
            file(
                "ops_policy.default.yaml",
                """
                rules:
                  down: {subject: runtime, when: up == 0, severity: info, summary: "{app} and {ap} and } and {{x}}", next_steps: ["{vlaue}"], labels: {a: "{"}}
                """)
        ])
        let found = set.warnings.map { "\($0.column) \($0.message) \($0.hint ?? "")" }
        #expect(found.count == 5 && set.warnings.allSatisfy { $0.code == "braces" }, "\(found)")
        #expect(found.contains { $0.contains("there is no '{ap}'") && $0.contains("'{app}'?") })
        #expect(found.contains { $0.contains("did you mean '{value}'?") })
        #expect(found.contains { $0.contains("has no '{app}'") })
    }

    // MARK: Numbers as they are written elsewhere

    @Test(
        "how a number is written here",
        arguments: [
            ("1k", "write '1000'"), ("50 USD/day", "a spend is by the hour: write '2.083 USD/h'"), ("$5/h", "write '5 USD/h'"),
            ("$5", "write '5 USD'"),
            ("5 dollars per hour", "write '5 USD/h'"), ("10 per minute", "write '10/min'"), ("240/day", "write '10/h'"),
            ("1,000", "write '1000'"),
            ("2M/min", "write '2000000/min'"), ("1.5k USD/h", "write '1500 USD/h'"),
        ])
    func spelling(text: String, hint: String) {
        #expect(QuantitySpelling.hint(text) == hint)
        #expect(
            faults([
                file(
                    "ops_policy.default.yaml",
                    "thresholds: {t: \"\(text)\"}\nrules: {a: {subject: runtime, when: active_runs > $t, severity: info}}")
            ]).contains { $0.contains(hint) })
        // In a condition it is written as what it is compared with is: see `MistakeTests`.
        let inCondition = Compiling.faults("tokens > " + text, .runtime)
        #expect(inCondition.contains("hint: "), "\(inCondition)")
    }

    @Test(
        "what is written rightly has no hint", arguments: ["40%", "200", "1.5s", "10/min", "3 USD/h", "5 MB", "0.5", "3 USD/min", "1h30m"])
    func right(text: String) { #expect(QuantitySpelling.hint(text) == nil && Quantity(text) != nil) }
}
