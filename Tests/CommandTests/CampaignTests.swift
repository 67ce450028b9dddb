import Glibc
import TestKit
import Testing

/// Small kill campaigns with the programs as built with the tests; `make chaos` has the whole ones.
@Suite(.serialized) struct CampaignTests {
    @Test("killed fifty times, at random instants and at every named step: nothing lost, nothing twice, nothing left behind")
    func fiftyKills() throws { try Self.run("campaign", ["KILLS": "50", "BRISK": "1"]) }

    /// Without the hangs, which take half a minute each.
    @Test("two monitors and a database that restarts: nothing lost, nothing twice, and one takes over from the other")
    func nineFaults() throws { try Self.run("pair", ["FAULTS": "9", "QUIET": "1"]) }

    private static func run(_ campaign: String, _ settings: [String: String]) throws {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let world = RunningProgram.built.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/chaos-world"
        let folder = TemporaryFolder()
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        let program = try RunningProgram(
            "/usr/bin/env", ["python3", root + "/Tests/Chaos/" + campaign, RunningProgram.built, world],
            environment: settings.merging(
                ["PATH": path, "HOME": folder.path, "SEED": "20261121", "PYTHONDONTWRITEBYTECODE": "1"]
            ) { _, ours in ours }, in: folder.path, atMost: 300)
        let ending = program.waitForEnd()
        #expect(ending.code == 0, "\(ending.everything)")
        #expect(ending.output.contains("\nincidents lost                                                 0\n"), "\(ending.everything)")
    }
}
