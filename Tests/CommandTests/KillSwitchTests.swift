import Glibc
import Model
import Simulator
import TestKit
import Testing

/// `actions stop` when everything else is broken.
@Suite struct KillSwitchTests {
    @Test(
        "it works whatever state the journal is in",
        arguments: [nil, "", "not a database, whatever its name says\n", String(repeating: "\u{0}", count: 8_192)])
    func brokenJournal(contents: String?) throws {
        let shell = Shell()
        mkdir(shell.state, 0o700)
        if let contents { shell.folder.write(contents, to: "state/journal.db") }
        let ending = try shell.run("actions", "stop")
        #expect(
            ending.code == 0 && ending.output.hasPrefix("the switch is set, and no engine runs here") && !ending.output.contains("stopped"),
            "\(ending.everything)")
        #expect(access(shell.state + "/actions.stop", F_OK) == 0)
        #expect(try shell.run("actions", "stop").code == 0, "twice is no error")
        #expect(try shell.run("actions", "resume").output.hasPrefix("resumed"))
        #expect(access(shell.state + "/actions.stop", F_OK) != 0)
        #expect(shell.folder.read("state/journal.db").map { String(decoding: $0, as: UTF8.self) } == contents, "left as it was")
    }

    @Test(.enabled(if: FullDisk.isPossible, "may not mount a file system"))
    func itWorksOnAFullDisk() throws {
        let disk = try FullDisk()
        let shell = Shell(["MOZAIKS_OPS_STATE": disk.path])
        let ending = try shell.run("actions", "stop")
        #expect(ending.code == 0, "\(ending.everything)")
        #expect(access(disk.path + "/actions.stop", F_OK) == 0)
    }

    /// A configuration that no other command would take; STATE is a folder of its own.
    static let broken: [(name: String, text: String)] = [
        ("no schema", "state: STATE\npolicies: POLICIES\n"),
        ("an unknown key and a mode that is none", "schema: mozaiks.ops/config/v1\nmode: maybe\nstate: STATE\nactons: {}\n"),
        ("a token in the wrong place", "schema: mozaiks.ops/config/v1\nstate: STATE\nruntimes: [7]\nroutes: {to: nobody}\n"),
        ("no YAML at all", "schema: mozaiks.ops/config/v1\nruntimes: {shared: [\nstate: STATE\n\tactions: }\n"),
    ]

    @Test("what is in force can be seen beside a broken configuration; a stop where no engine ever ran is doubted")
    func looking() throws {
        let shell = Shell()
        let runtime = SimulatorServer(try #require(Scenario.named("busy")))
        try runtime.start()
        defer { runtime.stop() }
        #expect(try shell.run("check", "--url", runtime.urls[0]).output.hasPrefix("OK"))
        shell.folder.write("mode: [oops", to: "mozaiks-ops.yaml")
        for command in [["actions", "list"], ["actions", "approvals"], ["audit", "verify"], ["audit", "export"]] {
            let ending = try shell.run(command)
            #expect(ending.code == 0, "\(command): \(ending.everything)")
            #expect(ending.errors.contains("the state folder is taken to be"), "\(ending.errors)")
        }
        #expect(try !shell.run("actions", "stop").errors.contains("no engine ever ran"))
        let elsewhere = try shell.run("actions", "stop", "--state", shell.folder.path("typo"))
        #expect(elsewhere.code == 0 && elsewhere.errors.contains("no engine ever ran there"), "\(elsewhere.everything)")
    }

    @Test("it works with policies and a configuration that have errors, and stops where the file says", arguments: broken.map(\.name))
    func brokenPolicies(name: String) throws {
        let shell = Shell(["MOZAIKS_OPS_STATE": ""])
        let entry = try #require(Self.broken.first { $0.name == name })
        mkdir(shell.folder.path("policies"), 0o700)
        shell.folder.write("rules: [", to: "policies/ops_policy.default.yaml")
        let own = shell.folder.path("its-own")
        let text = entry.text.replacing("STATE", with: own).replacing("POLICIES", with: shell.folder.path("policies"))
        shell.folder.write(text, to: "broken.yaml")
        let flags = ["--config", shell.folder.path("broken.yaml")]
        #expect(try shell.run(["check"] + flags).code == 78, "it is broken")
        let ending = try shell.run(["actions", "stop"] + flags)
        #expect(ending.code == 0, "\(ending.everything)")
        #expect(ending.everything.contains("the state folder is taken to be \(own)"), "\(ending.everything)")
        #expect(access(own + "/actions.stop", F_OK) == 0)
        // A flag is over the file.
        let other = shell.folder.path("another")
        #expect(try shell.run(["actions", "stop", "--state", other] + flags).code == 0)
        #expect(access(other + "/actions.stop", F_OK) == 0)
        #expect(try shell.run(["actions", "resume"] + flags).output.hasPrefix("resumed"))
        #expect(access(own + "/actions.stop", F_OK) != 0)
    }

    @Test("a configuration that is named and not there: stopped all the same, and said where")
    func noConfiguration() throws {
        let shell = Shell()
        let ending = try shell.run("actions", "stop", "--config", shell.folder.path("nowhere.yaml"))
        #expect(ending.code == 0 && ending.everything.contains("taken to be \(shell.state)"), "\(ending.everything)")
        #expect(access(shell.state + "/actions.stop", F_OK) == 0)
    }
}

/// A file system of its own in memory with nothing free on it.
private final class FullDisk {
    private let temporary = TemporaryFolder()

    var path: String { temporary.path("disk") }

    /// Tried once, by doing it.
    static let isPossible: Bool = (try? FullDisk()) != nil

    init() throws {
        try #require(mkdir(path, 0o700) == 0)
        try #require(mount("tmpfs", path, "tmpfs", 0, "size=64k,mode=700") == 0)
        let file = open(path + "/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(file) }
        let page = [UInt8](repeating: 1, count: 4_096)
        while write(file, page, page.count) > 0 {}
    }

    // 2: MNT_DETACH.
    deinit { umount2(path, 2) }
}
