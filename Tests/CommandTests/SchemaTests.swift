import Glibc
import TestKit
import Testing

/// The JSON Schemas of docs/schema/, checked by Python's jsonschema against what the program reads and writes. They fail
/// too where the program reads a key that a schema lacks: add it there.
@Suite struct SchemaTests {
    @Test func theSchemasFitWhatIsReadAndWritten() throws {
        let folder = TemporaryFolder()
        let python = Fixtures.repository + "/.build/venv/bin/python"
        try #require(access(python, X_OK) == 0, "run .ci/setup: it installs the validator")
        let script = Fixtures.repository + "/Tests/CommandTests/schemas.py"
        let ending = try RunningProgram(
            python, [script, Shell.program, Fixtures.repository, folder.path("")], environment: [:], in: folder.path,
            atMost: 300
        ).waitForEnd()
        #expect(ending.code == 0, "\(ending.output)\(ending.errors)")
    }
}
