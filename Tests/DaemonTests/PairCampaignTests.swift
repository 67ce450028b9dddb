import Glibc
import TestKit
import Testing

/// A few faults of two monitors on one database; `make chaos` has all of them, the hangs too.
@Suite(.serialized) struct PairCampaignTests {
    @Test("two monitors and a database that restarts: nothing lost, nothing twice, and one takes over from the other")
    func nineFaults() throws {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let world = RunningProgram.built.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/chaos-world"
        let folder = TemporaryFolder()
        let program = try RunningProgram(
            "/usr/bin/env", ["python3", root + "/Tests/Chaos/pair", RunningProgram.built, world],
            environment: [
                "PATH": getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin", "HOME": folder.path, "FAULTS": "9",
                "QUIET": "1", "SEED": "20261121", "PYTHONDONTWRITEBYTECODE": "1",
            ], in: folder.path, atMost: 300)
        let ending = program.waitForEnd()
        // Without a server of PostgreSQL it says so; the suites on both engines do likewise.
        #expect(ending.code == 0 || ending.code == 77, "\(ending.everything)")
        #expect(ending.code == 77 || ending.output.contains("\nincidents lost                                                 0\n"), "\(ending.everything)")
    }
}
