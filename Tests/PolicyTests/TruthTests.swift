import Policy
import Testing

@Suite struct TruthTests {
    static let all = Truth.allCases

    @Test func negationSwapsWhatIsKnown() {
        #expect(all4 { !$0 } == [.yes, .noTraffic, .unknown, .no])
    }

    private func all4(_ body: (Truth) -> Truth) -> [Truth] { TruthTests.all.map(body) }

    /// Rows and columns: no, no traffic, unknown, yes.
    @Test func andIsTheMinimum() {
        let table: [[Truth]] = [
            [.no, .no, .no, .no],
            [.no, .noTraffic, .noTraffic, .noTraffic],
            [.no, .noTraffic, .unknown, .unknown],
            [.no, .noTraffic, .unknown, .yes],
        ]
        for (row, a) in TruthTests.all.enumerated() { #expect(all4 { a && $0 } == table[row], "\(a)") }
    }

    @Test func orIsTheMaximum() {
        let table: [[Truth]] = [
            [.no, .noTraffic, .unknown, .yes],
            [.noTraffic, .noTraffic, .unknown, .yes],
            [.unknown, .unknown, .unknown, .yes],
            [.yes, .yes, .yes, .yes],
        ]
        for (row, a) in TruthTests.all.enumerated() { #expect(all4 { a || $0 } == table[row], "\(a)") }
    }

    /// Up to the shade of unknown: "no traffic" leans to false, on either side of a `not`.
    @Test func deMorganHolds() {
        func kleene(_ truth: Truth) -> Truth { truth == .noTraffic ? .unknown : truth }
        for a in TruthTests.all {
            for b in TruthTests.all { #expect(kleene(!(a && b)) == kleene(!a || !b)) }
        }
    }
}
