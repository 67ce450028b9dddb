import Glibc
import Model
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
        #expect(ending.code == 0 && ending.output.contains("stopped: no new action"), "\(ending.everything)")
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

    @Test("it works with policies and a configuration of adapters that have errors elsewhere")
    func brokenPolicies() throws {
        let shell = Shell()
        mkdir(shell.folder.path("policies"), 0o700)
        shell.folder.write("rules: [", to: "policies/ops_policy.default.yaml")
        shell.folder.write(
            "schema: mozaiks.ops/config/v1\npolicies: \(shell.folder.path("policies"))\n", to: "mozaiks-ops.yaml")
        #expect(try shell.run("actions", "stop", "--config", shell.folder.path("mozaiks-ops.yaml")).code == 0)
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
