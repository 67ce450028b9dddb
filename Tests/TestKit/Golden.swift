import Glibc
import Testing

/// Recorded texts beside the tests that compare with them: `golden/NAME`. `MOZAIKS_RECORD=1 swift test --filter …` writes them
/// anew, and fails, so that nothing is recorded by accident; read the difference before committing it.
public enum Golden {
    /// - Parameter test: the file that asks, in whose folder `golden` lies.
    public static func expect(
        _ actual: String, is name: String, beside test: String = #filePath, _ location: SourceLocation = #_sourceLocation
    ) {
        let path = test.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/golden/" + name
        if getenv("MOZAIKS_RECORD") != nil {
            guard let file = fopen(path, "wb") else {
                Issue.record("cannot write \(path)", sourceLocation: location)
                return
            }
            let bytes = Array(actual.utf8)
            let isWritten = fwrite(bytes, 1, bytes.count, file) == bytes.count
            let isClosed = fclose(file) == 0
            Issue.record(isWritten && isClosed ? "recorded \(name)" : "cannot write \(path)", sourceLocation: location)
            return
        }
        let expected = Fixtures.read(path).map { String(decoding: $0, as: UTF8.self) }
        #expect(expected == actual, "golden/\(name)", sourceLocation: location)
    }
}
