import Glibc
import TestKit
import Testing

/// A small kill campaign with the programs as built with the tests; `make chaos` is the whole one.
@Suite(.serialized) struct CampaignTests {
    @Test("killed fifty times, at random instants and at every named step: nothing lost, nothing twice, nothing left behind")
    func fiftyKills() throws {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let world = RunningProgram.built.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/chaos-world"
        let folder = TemporaryFolder()
        let program = try RunningProgram(
            "/usr/bin/env", ["python3", root + "/Tests/Chaos/campaign", RunningProgram.built, world],
            environment: [
                "PATH": getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin", "HOME": folder.path, "KILLS": "50",
                "BRISK": "1", "SEED": "20261121", "PYTHONDONTWRITEBYTECODE": "1",
            ], in: folder.path, atMost: 300)
        let ending = program.waitForEnd()
        #expect(ending.code == 0, "\(ending.everything)")
        #expect(ending.output.contains("\nincidents lost                                                 0\n"), "\(ending.everything)")
    }
}
