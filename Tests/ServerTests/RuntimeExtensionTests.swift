import Glibc
import TestKit
import Testing

/// The file that a runtime loads, against a runtime of the same contract and against gates of every kind. The cases are in
/// `Tests/RuntimeExtension`, in the language of what they test.
@Suite struct RuntimeExtensionTests {
    struct Missing: Error, CustomStringConvertible { let description: String }

    private func run(_ script: String, atMost seconds: Int) throws -> RunningProgram.Ending {
        try RuntimeExtensionTests.run(script, atMost: seconds)
    }

    static func run(
        _ script: String, atMost seconds: Int, environment: [String: String] = [:]
    ) throws -> RunningProgram.Ending {
        let tests = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
        let python = tests + "/../.build/venv/bin/python"
        guard access(python, X_OK) == 0 else { throw Missing(description: "no \(python): run 'make setup'") }
        let folder = TemporaryFolder()
        let program = try RunningProgram(
            python, [tests + "/RuntimeExtension/" + script], environment: environment.merging(["PATH": "/usr/bin:/bin"]) { $1 },
            in: folder.path,
            atMost: seconds)
        return program.waitForEnd()
    }

    @Test func `it asks, refuses, fails open and shows what runs`() throws {
        let ending = try run("test_extension.py", atMost: 120)
        #expect(ending.code == 0, "\(ending.errors)")
        // A file in which nothing was found to test ends well, too.
        #expect(!ending.errors.contains("Ran 0") && ending.errors.contains("Ran "))
    }

    @Test func `under load what runs is never cut, nobody else is refused, the noisy one is held at its limit`() throws {
        let ending = try run("load_test.py", atMost: 120)
        #expect(ending.code == 0, "\(ending.errors)")
        #expect(ending.output.contains("most noisy runs at once: 4 of 4"))
    }
}
