import Model
import PolicyTesting

/// What came of tests of policies.
public struct PolicyTestResults: Sendable {
    /// In the order of the files and of their tests.
    public let results: [PolicyTestResult]

    public init(_ results: [PolicyTestResult]) { self.results = results }

    /// How many did not come out as expected.
    public var failed: Int { results.count { !$0.passed } }

    /// `policy test -o json`.
    public var document: OutputDocument {
        OutputDocument(
            .policyTestResults,
            [
                "ok": .bool(failed == 0), "passed": .int(Int64(results.count - failed)),
                "failed": .int(Int64(failed)), "tests": .array(results.map(\.document)),
            ])
    }
}
