import CSQLite
import Glibc
import Model
import TestKit
import Testing

/// Files that are wrong: everything that is wrong at once, and what was there stays.
@Suite struct BadFilesTests {
    // MARK: - Policies and configuration

    @Test func everyFaultOfEveryPolicyFileIsShownWithItsPlace() throws {
        let shell = Shell()
        mkdir(shell.folder.path("policies"), 0o700)
        shell.folder.write(
            """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            mode: observ
            rules:
              loud:
                subject: runtime
                when: error_rate > 5
                for: 5m
                severity: warning
              quiet:
                subject: runtime
                when: active_rnus > 3
                severity: fatal

            """, to: "policies/ops_policy.default.yaml")
        shell.folder.write(
            "schema: mozaiks.ops/policy/v1\nops_policy: app_one\nthresholds: {nosuch: 4%}\n",
            to: "policies/ops_policy.app_one.yaml")
        shell.folder.write("a: [\n", to: "policies/ops_policy.app_two.yaml")
        let places = [
            "ops_policy.default.yaml:3:", "ops_policy.default.yaml:7:", "ops_policy.default.yaml:12:",
            "ops_policy.default.yaml:13:", "ops_policy.app_one.yaml:3:", "ops_policy.app_two.yaml:",
        ]
        for words in [
            ["policy", "check", "policies"], ["policy", "show", "policies"], ["check", "--policies", "policies"],
            ["evaluate", "--policies", "policies"], ["doctor", "--policies", "policies"],
            ["run", "--policies", "policies"],
        ] {
            let url = words[0] == "policy" ? [] : ["--url", "http://127.0.0.1:1"]
            let ending = try shell.run(words + url)
            #expect(ending.code == 78, "\(words): \(ending.errors)")
            #expect(ending.output.isEmpty)
            for place in places { #expect(ending.errors.contains("policies/\(place)"), "\(words): \(place)") }
            #expect(ending.errors.contains("hint: did you mean 'observe'?"))
            #expect(ending.errors.contains("hint: write '5%'"), "\(ending.errors)")
            #expect(ending.errors.contains("did you mean 'active_runs'?"), "\(ending.errors)")
            #expect(ending.errors.contains("errors, see above"))
        }
        #expect(access(shell.state, F_OK) != 0, "nothing is begun with wrong policies")
    }

    @Test("what is a pipe is named, and nobody waits for its writer", arguments: ["policy", "configuration", "token", "playbook"])
    func pipes(what: String) throws {
        var shell = Shell(["MOZAIKS_RUNTIME_URL": "http://127.0.0.1:1"])
        mkdir(shell.folder.path("folder"), 0o700)
        var words = ["policy", "check", "folder"]
        var name = "folder/ops_policy.default.yaml"
        switch what {
        case "configuration": (words, name) = (["config", "show", "--config", "pipe.yaml"], "pipe.yaml")
        case "token":
            (words, name) = (["doctor", "--wait", "1s"], "token")
            shell.environment["MOZAIKS_RUNTIME_TOKEN_FILE"] = shell.folder.path("token")
        case "playbook": (words, name) = (["playbooks", "check", "folder"], "folder/x.md")
        default: break
        }
        #expect(mkfifo(shell.folder.path(name), 0o600) == 0)
        let ending = try shell.run(words)
        #expect(ending.code != 0 && ending.code != 124, "\(ending)")
        #expect((ending.errors + ending.output).contains("it is a pipe, not a file"), "\(ending)")
    }

    @Test(arguments: [["check", "--url", "http://127.0.0.1:1"], ["status", "--brief", "--perfdata"], ["evaluate"]])
    func tooLittleAddressSpaceIsSaid(words: [String]) throws {
        let shell = Shell()
        let ending = try shell.run(below: ["/bin/sh", "-c", "ulimit -v 61440; exec \"$@\"", "sh"], words)
        // Below that the loader itself has no room for the libraries, and says so.
        #expect(ending.code == 3 || ending.errors.contains("shared libraries"), "\(ending)")
        if ending.code == 3 { #expect(ending.output.hasPrefix("UNKNOWN: no memory to start: the limit of 60 MB")) }
    }

    @Test func everyFaultOfTheConfigurationIsShownWithItsPlace() throws {
        let shell = Shell()
        shell.folder.write(
            """
            schema: mozaiks.ops/config/v1
            mod: observe
            interval: often
            runtimes:
              shared: {replicas: [localhost]}
            channels:
              ops: {slack: {webhook_url: https://hooks.example.com/services/S3CRET}}
            advisor: {provider: openai}

            """, to: "mozaiks-ops.yaml")
        for command in [["check"], ["config", "show"], ["incidents", "list"], ["playbooks", "list"]] {
            let ending = try shell.run(command)
            #expect(ending.code == 78)
            for line in [2, 3, 5, 7, 8] {
                #expect(ending.errors.contains("mozaiks-ops.yaml:\(line):"), "\(ending.errors)")
            }
            #expect(ending.errors.contains("did you mean 'mode'?"))
            #expect(!ending.everything.contains("S3CRET"), "\(ending.errors)")
        }
        let missing = try shell.run("check", "--config", "nowhere.yaml")
        #expect(missing.code == 78)
        #expect(missing.errors.hasPrefix("nowhere.yaml: error[unreadable]: cannot read it: No such file or directory"))
        #expect(missing.errors.contains("named by --config"))
    }

    // MARK: - The journal

    /// A shell whose state folder has a journal with an incident in it.
    private func withJournal(_ body: (Shell, String) throws -> Void) throws {
        try CheckTests.serving("busy") { url in
            var shell = Shell()
            let policies = QuickPolicy.write(to: shell.folder)
            shell.environment = ["MOZAIKS_RUNTIME_URL": url]
            #expect(try shell.run("check", "--policies", policies).code == 1)
            try body(shell, shell.state + "/journal.db")
        }
    }

    @Test("a damaged journal is named, left as it is, and stops the engine", arguments: ["head", "middle", "empty"])
    func damaged(place: String) throws {
        try withJournal { shell, path in
            var bytes = try #require(Fixtures.read(path))
            switch place {
            case "head": for index in 0..<200 { bytes[index] = 0x58 }
            case "middle": for index in 4_096..<bytes.count { bytes[index] = 0x58 }
            default: bytes = []
            }
            for ending in ["-wal", "-shm"] { unlink(path + ending) }
            shell.folder.write(bytes, to: "state/journal.db")
            let check = try shell.run("check")
            #expect(check.code == 3)
            #expect(check.output.isEmpty)
            #expect(check.errors.contains("journal.db"), "\(check.errors)")
            #expect(check.errors.contains("hint: ") && check.errors.contains("aside"), "\(check.errors)")
            #expect(try shell.run("run").code == 1)
            for command in [["incidents", "list"], ["actions", "list"], ["actions", "revert", "--all"]] {
                #expect(try shell.run(command).code == 1, "\(command)")
            }
            #expect(Fixtures.read(path) == bytes, "not a byte of it was changed")
            #expect(try shell.run("actions", "stop").code == 0, "the kill switch works without a journal")
        }
    }

    @Test func aJournalThatAnotherProcessHoldsIsUnknownAndNothingIsLost() throws {
        try withJournal { shell, path in
            var database: OpaquePointer?
            #expect(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
            #expect(
                sqlite3_exec(database, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE", nil, nil, nil) == SQLITE_OK)
            let ending = try shell.run("check")
            #expect(ending.code == 3)
            #expect(ending.everything.contains("locked by another process"), "\(ending.everything)")
            sqlite3_exec(database, "ROLLBACK", nil, nil, nil)
            sqlite3_close(database)
            #expect(try shell.run("incidents", "list").output.contains("crowded"))
        }
    }

    @Test func aStateFolderThatCannotBeWrittenIsNamed() throws {
        try withJournal { shell, path in
            let before = Fixtures.read(path)
            for name in shell.folder.names(in: "state") { chmod(shell.state + "/" + name, 0o444) }
            chmod(shell.state, 0o555)
            chmod(shell.folder.path, 0o755)
            defer { chmod(shell.state, 0o700) }
            let check = try shell.run(below: BadFilesTests.nobody, ["check"])
            #expect(check.code == 3)
            #expect(check.errors.contains("the state folder cannot be used"), "\(check.errors)")
            #expect(check.errors.contains("hint: "), "\(check.errors)")
            let list = try shell.run(below: BadFilesTests.nobody, ["incidents", "list"])
            #expect(list.code == 0, "\(list.errors)")
            #expect(list.output.contains("crowded"), "reading needs no writing")
            #expect(Fixtures.read(path) == before)
        }
    }

    /// What takes root's powers away; nothing for who has none.
    private static let nobody: [String] =
        geteuid() == 0
        ? ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"] : ["/usr/bin/env"]

    @Test("a disk without space is an error and no crash", arguments: [0, 8, 40])
    func fullDisk(kilobytes: Int) throws {
        try withJournal { shell, _ in
            // The limit counts blocks of 512 bytes.
            let limited = ["/bin/sh", "-c", "ulimit -f \(kilobytes * 2); exec \"$0\" \"$@\""]
            let ending = try shell.run(below: limited, ["check"])
            #expect(ending.code == 3 || ending.code == 0, "\(ending)")
            if ending.code == 3 {
                #expect(ending.everything.contains("journal"), "\(ending)")
            }
            #expect(try shell.run("incidents", "list").output.contains("crowded"), "what was committed is there")
            #expect(try shell.run("check").code == 0)
        }
    }

    @Test func aFirstPassOnAFullDiskLeavesNothingThatStopsTheNext() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let limited = ["/bin/sh", "-c", "ulimit -f 0; exec \"$0\" \"$@\""]
            let ending = try shell.run(below: limited, ["check"])
            #expect(ending.code == 3, "\(ending)")
            #expect(ending.errors.contains("cannot create the journal"), "\(ending.errors)")
            #expect(try shell.run("check").code == 0)
        }
    }

    @Test func aTapeThatDoesNotFitEndsAndSaysSo() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let limited = ["/bin/sh", "-c", "ulimit -f 4; exec \"$0\" \"$@\""]
            let ending = try shell.run(below: limited, ["record", "x.tape", "--for", "1s"])
            #expect(ending.code == 1)
            #expect(ending.errors.contains("the tape ends here"), "\(ending.errors)")
            #expect(ending.errors.contains("File too large") && ending.errors.contains("ulimit -f"), "\(ending.errors)")
            // Nothing whole is on it, and that is no past without incidents.
            let replay = try shell.run("replay", "x.tape")
            #expect(replay.code == 1 && replay.errors.contains("nothing was judged"), "\(replay)")
            #expect(!replay.everything.contains("1970") && !replay.everything.contains("0 incidents"), "\(replay)")
        }
    }
}

extension TemporaryFolder {
    /// The names in a folder below, sorted by bytes.
    func names(in folder: String) -> [String] { Fixtures.files(in: folder, of: path) }
}
