import Glibc
import TestKit
import Testing

/// Files of docs/deploy/ for other people's platforms. What `make package` builds is checked by .ci/packaging/check.
@Suite struct DeployTests {
    /// By the schemas and clients of those platforms; see deploy.py.
    @Test func thePlatformsFilesAreAsTheirReadersWantThem() throws {
        let folder = TemporaryFolder()
        let python = Fixtures.repository + "/.build/venv/bin/python"
        try #require(access(python, X_OK) == 0, "run .ci/setup: it installs the validators")
        let ending = try RunningProgram(
            python, [Fixtures.repository + "/Tests/CommandTests/deploy.py", Shell.program, Fixtures.repository, folder.path],
            environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path], in: folder.path, atMost: 120
        ).waitForEnd()
        #expect(ending.code == 0 && ending.output.isEmpty, "\(ending.everything)")
    }
}
