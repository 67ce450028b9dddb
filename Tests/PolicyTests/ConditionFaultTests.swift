import Model
import Testing

@testable import Policy

/// One condition that must be refused, and what a person reads about it.
struct FaultyCondition: Sendable, CustomTestStringConvertible {
    let condition: String
    let subject: SubjectKind
    let expected: String
    var testDescription: String { condition }

    init(_ condition: String, _ subject: SubjectKind, _ expected: String) {
        self.condition = condition
        self.subject = subject
        self.expected = expected
    }

    init(_ condition: String, _ expected: String) { self.init(condition, .app, expected) }
}

@Suite struct ConditionFaultTests {
    @Test(arguments: FaultyCondition.table) func isRefused(_ row: FaultyCondition) {
        #expect(Compiling.faults(row.condition, row.subject) == row.expected)
    }
}
