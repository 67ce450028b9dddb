import Model
import TestKit
import Testing

/// Commands that read the journal, the policies and the configuration.
@Suite struct ReadingTests {
    @Test func incidentsAreFilteredAndShownByTheBeginningOfTheirID() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let policies = QuickPolicy.write(to: shell.folder)
            #expect(try shell.run("check", "--policies", policies).code == 1)
            let all = try #require(try shell.run("incidents", "list", "-o", "json").json()["incidents"]?.array)
            #expect(all.count == 1)
            let id = try #require(all[0]["id"]?.string)

            for (words, isShown) in [
                ([], true), (["--status", "open"], true), (["--status", "resolved"], false),
                (["--status", "open,resolved"], true), (["--severity", "warning"], true),
                (["--severity", "info", "--severity", "critical"], false), (["--rule", "crowded"], true),
                (["--rule", "other"], false), (["--app", "app-shop"], false), (["--since", "1h"], true),
                (["--limit", "1"], true),
            ] as [([String], Bool)] {
                let ending = try shell.run(["incidents", "list"] + words)
                #expect(ending.code == 0)
                #expect(ending.output.contains(id) == isShown, "\(words)")
                #expect(isShown || ending.output == "no incidents\n", "\(words)")
            }
            let show = try shell.run("incidents", "show", String(id.prefix(6)))
            #expect(show.code == 0)
            for text in [
                "warning crowded: runtime default\nMore open runs than we like.\n", "\n  id           \(id)\n",
                "\n  status       open\n", "\n  environment  production\n", "inactive => firing",
                "open_runs (7) > $crowd (1)",
                "ops_policy.default.yaml:", "\nNext steps\n  - Look who started them.\n",
            ] {
                #expect(show.output.contains(text), "\(text) in \(show.output)")
            }
            let document = try shell.run("incidents", "show", id, "-o", "json").json()
            #expect(document["schema"]?.string == "mozaiks.ops/incident/v1")
            #expect(document["id"]?.string == id)

            // As chats write it, and too little of it.
            let short = try #require(all[0]["short_id"]?.string)
            for words in [["show", "#" + short], ["show", "#" + short.uppercased()], ["explain", "#" + id]] {
                let ending = try shell.run(["incidents"] + words)
                #expect(ending.code == 0 && ending.output.contains(id), "\(words): \(ending.everything)")
            }
            let begun = try shell.run("incidents", "show", "#" + short.prefix(3))
            #expect(
                begun.code == 0
                    || begun.errors.contains("'\(short.prefix(3))' is too short: it fits 1 incident\n  hint: did you mean \(short)?"),
                "\(begun.errors)")

            let unknown = try shell.run("incidents", "show", "zzz")
            #expect(unknown.code == 1)
            #expect(unknown.errors.contains("no incident's id begins with 'zzz'") && unknown.errors.contains("hint: "), "\(unknown.errors)")
        }
    }

    @Test func withoutAJournalTheListsSayWhatMakesOne() throws {
        for command in [
            ["incidents", "list"], ["incidents", "show", "x"], ["actions", "list"], ["actions", "revert", "--all"],
        ] {
            let ending = try Shell().run(command)
            #expect(ending.code == 1, "\(command)")
            #expect(ending.errors.contains("there is no journal"), "\(ending.errors)")
            #expect(ending.errors.contains("hint: start `mozaiks-ops run` or `mozaiks-ops check` once"))
            #expect(ending.errors.filter { $0 == "\n" }.count == 2, "said once: \(ending.errors)")
        }
    }

    @Test func thePolicyThatHoldsIsShownWithItsPlaces() throws {
        let shell = Shell()
        let builtIn = try shell.run("policy", "show")
        #expect(builtIn.code == 0)
        #expect(builtIn.output.contains("noisy_share: 40%"))
        let rules = try #require(try shell.run("policy", "show", "-o", "json").json()["rules"]?.object).count
        // A rule may lead to another one's page, and no page is nobody's.
        #expect(rules >= PlaybooksTests.pages)
        #expect(try shell.run("policy", "check").output == "read built-in ops_policy.default.yaml\nok: 1 policy, \(rules) rules\n")

        _ = QuickPolicy.write(to: shell.folder)
        shell.folder.write(
            "schema: mozaiks.ops/policy/v1\nops_policy: app_one\nthresholds: {crowd: 5}\n",
            to: "policies/ops_policy.app_one.yaml")
        let check = try shell.run("policy", "check", "policies")
        #expect(check.code == 0)
        // Only a rule on the runtime uses it.
        #expect(check.output.contains("app_one.yaml:3:14: warning[no-effect]: no rule on this app uses the threshold 'crowd'"))
        #expect(check.output.hasSuffix("ok: 2 policies, 2 rules, 1 warning\n"), "\(check.output)")
        let one = try shell.run("policy", "show", "policies", "--app", "app_one")
        #expect(one.output.contains("crowd: 5") && one.output.contains("ops_policy.app_one.yaml:3"), "\(one.output)")
        let other = try shell.run("policy", "show", "policies", "--app", "app_two")
        #expect(other.output.contains("crowd: 1") && !other.output.contains("app_one"), "\(other.output)")
        #expect(try shell.run("policy", "show", "-o", "json").json()["schema"]?.string?.isEmpty == false)
    }

    @Test func everySettingShowsWhereItComesFromAndNoSecret() throws {
        var shell = Shell()
        shell.folder.write("tok-S3CRET\n", to: "token")
        shell.folder.write("https://hooks.slack.com/services/T0/B0/S3CRET\n", to: "hook")
        _ = QuickPolicy.write(to: shell.folder)
        shell.configure(
            "http://127.0.0.1:8000", "channels: {ops: {slack: {webhook_url_file: \(shell.folder.path("hook"))}}}")
        shell.environment = [
            "MOZAIKS_RUNTIME_TOKEN_FILE": shell.folder.path("token"), "MOZAIKS_OPS_MODE": "suggest",
            "MOZAIKS_SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T0/B0/S3CRET",
        ]
        let ending = try shell.run("config", "show", "--interval", "5s")
        #expect(ending.code == 0)
        for (key, origin) in [
            ("environment: production", "default"), ("mode: suggest", "$MOZAIKS_OPS_MODE"),
            ("interval: 5s", "--interval"),
            ("runtimes.shared.replicas: [http://127.0.0.1:8000]", "mozaiks-ops.yaml:5"),
            ("state: ", "$MOZAIKS_OPS_STATE"),
            ("runtimes.shared.auth: bearer token from", "mozaiks-ops.yaml:5"),
        ] {
            let line = ending.output.split(separator: "\n").first { $0.hasPrefix(key) }
            #expect(line?.contains("# \(origin)") == true, "\(key) in \(ending.output)")
        }
        for output in [ending.everything, try shell.run("config", "show", "-o", "json").everything] {
            #expect(!output.contains("S3CRET"))
        }
    }
}
