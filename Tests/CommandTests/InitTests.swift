import Glibc
import TestKit
import Testing

/// `init`: the first files of somebody who has a runtime and nothing else, and `config check` on them.
@Suite struct InitTests {
    @Test func whatItWritesIsRightAndItsNextCommandsWork() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            // Root's own place is the machine's: named, it is found all the same.
            let folder = shell.folder.path(".config/mozaiks-ops")
            let ending = try shell.run("init", "--url", url, "--into", folder)
            #expect(ending.code == 0 && ending.errors.isEmpty, "\(ending.errors)")
            #expect(ending.output.contains("looked at \(url): OK: 7 open chats of 12"))
            #expect(ending.output.contains("\n  mozaiks-ops config check\n"), "no --config: it is looked for there")
            for line in ["wrote \(folder)/mozaiks-ops.yaml", "wrote \(folder)/policies/ops_policy.default.yaml"] {
                #expect(ending.output.contains(line))
            }
            #expect(try shell.run("config", "check").output.hasPrefix("ok: "))
        }
    }

    @Test func allOfItIsWrittenOrNothing() throws {
        let silent = "http://127.0.0.1:\(try Loopback.closedPort())"
        let shell = Shell()
        // Where the folder of policies should be lies a file.
        shell.folder.write("mine", to: "policies")
        let ending = try shell.run("init", "--url", silent, "--into", ".")
        #expect(ending.code == 1 && ending.errors.contains("policies"), "\(ending.errors)")
        #expect(shell.folder.read("mozaiks-ops.yaml") == nil)
        #expect(shell.folder.read("policies") == Array("mine".utf8))
    }

    @Test func nothingThatIsThereIsWrittenOver() throws {
        let silent = "http://127.0.0.1:\(try Loopback.closedPort())"
        let shell = Shell()
        mkdir(shell.folder.path("policies"), 0o700)
        shell.folder.write("mine", to: "policies/ops_policy.default.yaml")
        let first = try shell.run("init", "--url", silent, "--into", ".", "--name", "eu")
        #expect(first.code == 0, "\(first.errors)")
        #expect(first.output.contains("unreachable") && first.output.contains("The files are written all the same"))
        #expect(shell.folder.read("policies/ops_policy.default.yaml") == Array("mine".utf8))
        let before = shell.folder.read("mozaiks-ops.yaml")
        let second = try shell.run("init", "--url", silent, "--into", ".")
        #expect(second.code == 1 && second.errors.contains("is there already: nothing was changed"), "\(second.errors)")
        #expect(shell.folder.read("mozaiks-ops.yaml") == before)
    }

    /// As the package leaves it: what follows it on its page has to go.
    @Test func aConfigurationThatSetsNothingIsWrittenOver() throws {
        let silent = "http://127.0.0.1:\(try Loopback.closedPort())"
        let shell = Shell()
        let packaged = "# Comments.\nschema: mozaiks.ops/config/v1\n\n#mode: observe\n"
        // Not for good, where the rest cannot be written.
        shell.folder.write(packaged, to: "mozaiks-ops.yaml")
        shell.folder.write("mine", to: "policies")
        #expect(try shell.run("init", "--url", silent, "--into", ".").code == 1)
        #expect(shell.folder.read("mozaiks-ops.yaml") == Array(packaged.utf8))
        unlink(shell.folder.path("policies"))
        let ending = try shell.run("init", "--url", silent, "--into", ".")
        #expect(ending.code == 0 && ending.output.contains("wrote ./mozaiks-ops.yaml"), "\(ending.errors)")
        #expect(try shell.run("config", "check").code == 0)
        // One key, and it is somebody's.
        shell.folder.write(packaged + "mode: observe\n", to: "mozaiks-ops.yaml")
        #expect(try shell.run("init", "--url", silent, "--into", ".").code == 1)
        #expect(shell.folder.read("mozaiks-ops.yaml") == Array((packaged + "mode: observe\n").utf8))
    }

    @Test("root is told how the unit's user gets what only root can read", .enabled(if: geteuid() == 0))
    func filesOfRoot() throws {
        let silent = "http://127.0.0.1:\(try Loopback.closedPort())"
        let shell = Shell()
        shell.folder.write("https://hooks.slack.com/services/T/B/x", to: "slack-webhook")
        let ending = try shell.run("init", "--url", silent, "--into", ".", "--slack-webhook-file", "slack-webhook")
        for line in ["LoadCredential=slack-webhook:\(shell.folder.path("slack-webhook"))", "webhook_url_credential: slack-webhook"] {
            #expect(ending.output.contains("  \(line)\n"), "\(ending.output)")
        }
        #expect(!ending.output.contains("bearer_credential"))
        #expect(try !shell.run("init", "--url", silent, "--into", "other").output.contains("LoadCredential"))
    }

    @Test func everyWayToLogInAndToTellIsTakenAsItIsWritten() throws {
        let silent = "http://127.0.0.1:\(try Loopback.closedPort())"
        for (extra, shows) in [
            (["--token-file", "secrets/to ken"], "bearer token from"),
            (["--google-identity"], "identity token of this machine's Google account"),
            (["--slack-webhook-file", "secrets/hook"], "channels.ops.slack"),
        ] {
            let shell = Shell(["GCE_METADATA_HOST": "127.0.0.1:1"])
            mkdir(shell.folder.path("secrets"), 0o700)
            shell.folder.write("t0ken", to: "secrets/to ken")
            shell.folder.write("https://hooks.slack.com/services/T/B/x", to: "secrets/hook")
            let ending = try shell.run(["init", "--url", silent, "--into", "."] + extra)
            #expect(ending.code == 0, "\(ending.errors)")
            let check = try shell.run("config", "check", "--strict")
            #expect(check.code == 0, "\(extra): \(check.output)\(check.errors)")
            #expect(try shell.run("config", "show").output.contains(shows))
        }
    }

    @Test(
        "what cannot be meant is said before anything is written",
        arguments: [
            ([], 64, "say where the runtime is"), (["--url", "localhost:8000"], 78, "not an http or https URL"),
            (["--url", "http://h", "--name", "a b"], 64, "cannot name a runtime"),
            (["--url", "http://h", "--google-identity", "--token-file", "x"], 64, "only one can be used"),
        ] as [([String], Int32, String)])
    func misuse(words: [String], code: Int32, says: String) throws {
        let shell = Shell()
        let ending = try shell.run(["init", "--into", "new"] + words)
        #expect(ending.code == code)
        #expect(ending.errors.contains(says), "\(ending.errors)")
        #expect(access(shell.folder.path("new"), F_OK) != 0)
    }

    @Test func checkFindsWhatIsWrongInEverythingThatItNames() throws {
        let shell = Shell()
        _ = QuickPolicy.write(to: shell.folder)
        shell.configure("http://127.0.0.1:9", "channels: {ops: {slack: {webhook_url_file: /nonexistent/hook}}}")
        let warned = try shell.run("config", "check")
        #expect(warned.code == 0 && warned.errors.contains("/nonexistent/hook"), "\(warned.errors)")
        #expect(try shell.run("config", "check", "--strict").code == 1)
        shell.folder.write(
            "schema: mozaiks.ops/policy/v1\nops_policy: default\nrules: {a: {when: nonsense > 1}}\n", to: "policies/ops_policy.default.yaml"
        )
        let wrong = try shell.run("config", "check")
        #expect(wrong.code == 78 && wrong.errors.contains("ops_policy.default.yaml:3"), "\(wrong.errors)")
        #expect(access(shell.state, F_OK) != 0, "nothing is written")
    }
}
