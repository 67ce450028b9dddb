import Glibc
import Model
import TestKit
import Testing

/// `policy explain`, `explain --why-not`, `incidents explain`.
@Suite struct ExplainTests {
    private func recorded() throws -> Shell {
        let shell = Shell()
        let made = try shell.run("simulate", "noisy-neighbor", "--tape", "a.tape", "--for", "14m", "--interval", "30s")
        #expect(made.code == 0, "\(made)")
        #expect(made.output == "a.tape: 14m of noisy-neighbor, 112 exchanges\n")
        return shell
    }

    @Test func aTapeAtAnyMoment() throws {
        let shell = try recorded()
        func explain(_ at: String, _ more: String...) throws -> RunningProgram.Ending {
            try shell.run(
                ["policy", "explain", "noisy-neighbor", "--app", "app-shop", "--tape", "a.tape", "--at", at] + more)
        }
        let before = try explain("3m").output
        #expect(before.contains("\n  inactive  (a.tape)\n"), "\(before)")
        #expect(before.contains("its condition is false: active_runs.share ("), "\(before)")
        #expect(before.contains("\n    false   active_runs.share ("), "\(before)")

        let pending = try explain("10m").output
        #expect(pending.contains("\n  pending: true for ") && pending.contains(" of 5m"), "\(pending)")
        #expect(pending.contains("\n  - it has been true for "), "\(pending)")

        let firing = try explain("13m30s")
        #expect(firing.code == 0)
        for text in [
            "\n  firing: true since 2026-11-21T", "\n    true    active_runs.share (", "> $noisy_share (40%)",
            "\n  {\"throttle\":", "refused", "$max_active_runs  200", "built-in ops_policy.default.yaml:", "$noisy_share",
        ] { #expect(firing.output.contains(text), "\(text) in \(firing.output)") }

        let json = try explain("13m30s", "-o", "json").json()
        #expect(json["schema"]?.string == "mozaiks.ops/explanation/v1" && json["phase"]?.string == "firing")
        #expect((json["terms"]?.array?.count ?? 0) > 8 && json["reasons"] == [])
        #expect(json["actions"]?[1]?["decisions"]?[0]?["verdict"]?.string == "refused")
        #expect(try explain("2026-11-21T09:03:01Z").output == before, "a moment is a moment")
    }

    @Test("the hour, and what an app is called, with whose clocks hold and where it is said")
    func hoursAndLabels() throws {
        let shell = try recorded()
        mkdir(shell.folder.path("p"), 0o700)
        let head = "schema: mozaiks.ops/policy/v1\nops_policy: "
        shell.folder.write(
            head
                + "default\nrules:\n"
                + "  night: {subject: app, severity: info, when: active_runs > 1 and hour() >= 22 and label(tier) == 'free'}\n"
                + "  paid: {subject: app, severity: info, when: active_runs > 1 and label(plan) == 'paid'}\n",
            to: "p/ops_policy.default.yaml")
        shell.folder.write(head + "app-shop\nlabels: {tier: free}\n", to: "p/ops_policy.app-shop.yaml")
        let night = try shell.run("policy", "explain", "night", "--app", "app-shop", "--policies", "p", "--tape", "a.tape", "--at", "10m")
        for text in [
            "its condition is false: hour() (9 UTC) >= 22", "label(tier) (\"free\") == 'free'", "timezone", "configuration", "label(tier)",
            "p/ops_policy.app-shop.yaml:3",
        ] { #expect(night.output.contains(text), "\(text) in \(night.everything)") }
        let paid = try shell.run("policy", "explain", "paid", "--app", "app-shop", "--policies", "p", "--tape", "a.tape", "--at", "10m")
        #expect(
            paid.output.contains("its condition is unknown: label(plan) is missing (neither the app nor its runtime has one)"),
            "\(paid.everything)")
    }

    @Test func whyNotSaysWhatIsMissing() throws {
        let shell = try recorded()
        let ending = try shell.run("explain", "--why-not", "token-burn-spike", "--app", "app-shop", "--tape", "a.tape")
        #expect(ending.code == 0)
        for text in [
            "Why it does not fire\n", "its condition is unknown: tokens[5m] is missing (dead_counter: this runtime never moves",
            "Missing evidence\n  tokens[5m]: dead_counter",
        ] { #expect(ending.output.contains(text), "\(text) in \(ending.output)") }
        let gone = try shell.run("explain", "--why-not", "noisy-neighbor", "--app", "nobody", "--tape", "a.tape")
        #expect(gone.output.contains("nothing was seen of app nobody"), "\(gone.output)")
        #expect(!gone.errors.contains("did you mean"), "\(gone.errors)")
        for name in ["APP-SHOP", "app_shop", "app-shpo"] {
            let near = try shell.run("explain", "--why-not", "noisy-neighbor", "--app", name, "--tape", "a.tape")
            #expect(near.errors.contains("did you mean 'app-shop'?"), "\(near.everything)")
        }
    }

    @Test func whyNotNamesWhatIsTrueUnderANot() throws {
        let shell = try recorded()
        mkdir(shell.folder.path("p"), 0o700)
        shell.folder.write(
            """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            rules:
              lonely:
                subject: runtime
                when: active_runs > 0 and not active_apps > 1
                severity: info
                summary: One app has the runtime for itself.

            """, to: "p/ops_policy.default.yaml")
        let ending = try shell.run("explain", "--why-not", "lonely", "--tape", "a.tape", "--policies", "p")
        #expect(ending.code == 0, "\(ending)")
        #expect(ending.output.contains("\n  - its condition is false: active_apps ("), "\(ending.output)")
        #expect(ending.output.contains(") > 1 is true\n"), "\(ending.output)")
    }

    @Test(
        "what was named wrongly is said with what there is",
        arguments: [
            ("policy explain noisy --app app-shop --tape a.tape", 1, "there is no rule 'noisy'"),
            ("policy explain noisy-neighbor --tape a.tape", 64, "seen: app-bank"),
            ("policy explain runtime-down --runtime other --tape a.tape", 1, "there is 'shared'"),
            ("policy explain noisy-neighbor --app x --at 5m", 64, "--at needs --tape"),
            ("policy explain runtime-down --tape a.tape --at noon", 64, "--at 'noon' is no moment"),
            ("explain", 64, "--why-not RULE"), ("policy explain runtime-down --tape no.tape", 1, "no.tape"),
            ("policy explain runtime-down --app app-shop --tape a.tape", 64, "is not a rule on apps"),
        ])
    func misuse(line: String, code: Int32, says: String) throws {
        let shell = line.contains("a.tape") ? try recorded() : Shell()
        let ending = try shell.run(line.split(separator: " ").map(String.init))
        #expect(ending.code == code, "\(ending)")
        #expect(ending.errors.contains(says), "\(ending.errors)")
    }

    @Test func aRuntimeThatOnlyTheJournalKnowsIsFound() throws {
        let shell = Shell()
        try CheckTests.serving("busy") { url in
            let first = try shell.run("check", "--url", url, "--state", shell.state)
            #expect(first.code == 0)
        }
        // No runtime is configured here.
        let asked = [
            ["explain", "--why-not", "runtime-down"], ["explain", "--why-not", "runtime-down", "--runtime", "default"],
            ["policy", "explain", "runtime-down"],
        ]
        for words in asked {
            let ending = try shell.run(words + ["--state", shell.state])
            #expect(ending.code == 0, "\(ending.errors)")
            #expect(ending.output.hasPrefix("runtime-down on runtime default, as of "), "\(ending.output)")
            #expect(ending.output.contains("its condition is false: up (1) == 0"), "\(ending.output)")
        }
        let wrong = try shell.run("explain", "--why-not", "runtime-down", "--runtime", "defualt", "--state", shell.state)
        #expect(wrong.code == 1 && wrong.errors.contains("did you mean 'default'?"), "\(wrong.errors)")
    }

    @Test("a workflow that is misspelt, and one whose name is empty, as next steps write it")
    func workflowsByName() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            mkdir(shell.folder.path("p"), 0o700)
            shell.folder.write(
                "schema: mozaiks.ops/policy/v1\nops_policy: default\n"
                    + "rules: {wf: {subject: workflow, severity: info, when: active_runs > 100}}\n", to: "p/ops_policy.default.yaml")
            func explain(_ workflow: String) throws -> Shell.Ending {
                try shell.run("policy", "explain", "wf", "--app", "app-clinic", "--workflow", workflow, "--policies", "p", "--url", url)
            }
            let empty = try explain("")
            #expect(empty.code == 0 && empty.output.contains("nothing was seen of workflow (empty) of app app-clinic"), "\(empty)")
            let slip = try explain("support")
            #expect(slip.errors.contains("nothing was seen of workflow 'support' of app 'app-clinic'"), "\(slip)")
            #expect(slip.errors.contains("did you mean 'Support'?"), "\(slip)")
            #expect(try explain("Support").errors.contains("nothing was seen") == false)
        }
    }

    @Test func theJournalIsLookedAtAndLeftAlone() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let policies = QuickPolicy.write(to: shell.folder)
            let empty = try shell.run("policy", "explain", "crowded", "--policies", policies)
            #expect(empty.code == 1, "\(empty)")
            #expect(try shell.run("check", "--policies", policies).code == 1)
            let list = try shell.run("incidents", "list", "-o", "json").json()
            let id = try #require(list["incidents"]?[0]?["id"]?.string)
            let ending = try shell.run("policy", "explain", "crowded", "--policies", policies)
            #expect(ending.code == 0, "\(ending)")
            for text in ["\n  firing: true since", "open_runs (7) > $crowd (1)", "incident \(id)"] {
                #expect(ending.output.contains(text), "\(text) in \(ending.output)")
            }
            let incident = try shell.run("incidents", "explain", id, "--policies", policies)
            #expect(incident.output.contains("What happened") && incident.output.contains("The rule now\ncrowded on runtime"))
            #expect(try shell.run("incidents", "list", "-o", "json").json() == list)
            // What decided was not the policy that is configured now: it is explained by what is in force, and says so.
            let inForce = try shell.run("incidents", "explain", id)
            #expect(inForce.code == 0 && inForce.output.contains("The rule now\ncrowded on runtime"), "\(inForce)")
            #expect(
                inForce.output.contains("note: the policies in the program itself differ from those in force"), "\(inForce)")
            #expect(!incident.output.contains("note: "), "what is asked for by name is not noted: \(incident)")
            mkdir(shell.folder.path("broken"), 0o700)
            shell.folder.write("schema: [", to: "broken/ops_policy.default.yaml")
            shell.folder.write("schema: mozaiks.ops/config/v1\npolicies: broken\n", to: "broken.yaml")
            let broken = try shell.run("policy", "explain", "crowded", "--config", "broken.yaml", "--state", shell.state)
            #expect(broken.output.contains("have errors; this goes by those in force"), "\(broken)")
            // Another policy has no such rule any more; the incident can be explained all the same.
            mkdir(shell.folder.path("other"), 0o700)
            shell.folder.write(
                "schema: mozaiks.ops/policy/v1\nops_policy: default\nrules: {}\n", to: "other/ops_policy.default.yaml")
            let other = try shell.run("incidents", "explain", id, "--policies", "other")
            #expect(other.code == 0 && other.output.contains("there is no rule 'crowded'"), "\(other)")
            // Nothing was decided by a draft: it stands where its own readings put it, and no newer ones deny that.
            mkdir(shell.folder.path("draft"), 0o700)
            shell.folder.write(
                "schema: mozaiks.ops/policy/v1\nops_policy: default\n"
                    + "rules: {drafted: {subject: runtime, severity: info, when: open_runs > 1}}\n", to: "draft/ops_policy.default.yaml")
            let draft = try shell.run("policy", "explain", "drafted", "--policies", "draft")
            #expect(draft.code == 0 && draft.output.contains("\n  firing: true since"), "\(draft)")
            #expect(draft.output.contains("note: these policies are not in force"), "\(draft)")
            #expect(!draft.output.contains("by newer ones") && !draft.output.contains("the state above at each poll"), "\(draft)")
            let live = try shell.run("policy", "explain", "crowded", "--policies", policies, "--url", url)
            #expect(live.output.contains("(one poll, now)"), "\(live)")
        }
    }
}
