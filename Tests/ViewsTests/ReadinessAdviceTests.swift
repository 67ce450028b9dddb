import Testing

@testable import Views

/// What `policy readiness` says of a rule's leases: nothing of those that are not over.
@Suite struct ReadinessAdviceTests {
    static let cases: [(wouldHave: Int, clearedAlone: Int, stillOpen: Int, says: String)] = [
        (2, 0, 0, "2 of 2 outlasted the lease without help; its effect shows only under enforce"),
        (3, 1, 1, "1 of 3 outlasted the lease without help, 1 of 3 not over yet; its effect shows only under enforce"),
        (2, 0, 2, "2 of 2 not over yet"), (2, 1, 1, "1 of 2 not over yet; 1 cleared by themselves before the lease was over"),
        (2, 2, 0, "not needed so far: it always cleared by itself before the lease was over"),
    ]

    @Test("a lease that runs has not been outlasted", arguments: cases.indices) func advice(index: Int) {
        let (wouldHave, clearedAlone, stillOpen, says) = Self.cases[index]
        var row = Readiness.Row(rule: "r")
        (row.incidents, row.wouldHave, row.clearedAlone, row.stillOpen) = (wouldHave, wouldHave, clearedAlone, stillOpen)
        #expect(row.advice == says)
    }
}
