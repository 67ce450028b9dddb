import Testing

@testable import Signals

/// Where sums over a window begin and end.
@Suite struct TimeAxisTests {
    /// Moments eight milliseconds apart; those of `unwatched` have nobody watching before them.
    private func axis(_ count: Int = 4, unwatched: Set<Int> = []) -> TimeAxis {
        var axis = TimeAxis()
        for index in 0..<count { axis.append(Int64(index * 8), isWatched: !unwatched.contains(index)) }
        return axis
    }

    struct Part: Equatable, CustomStringConvertible {
        let older: Int
        let newer: Int
        let share: Double

        init(_ older: Int, _ newer: Int, _ share: Double) { (self.older, self.newer, self.share) = (older, newer, share) }

        var description: String { "\(older)-\(newer): \(share)" }
    }

    private func parts(_ stretch: TimeAxis.Stretch) -> [Part] {
        var parts: [Part] = []
        stretch.parts { parts.append(Part($0, $1, $2)) }
        return parts
    }

    @Test(
        "a stretch is its whole intervals, then what is left of the first and of the last; what is empty is left out",
        arguments: [
            ("halves", Int64(4), Int64(20), [Part(1, 2, 1), Part(0, 1, 0.5), Part(2, 3, 0.5)], 16.0),
            ("within one interval", 10, 14, [Part(1, 2, 0.5)], 4),
            ("from moment to moment", 8, 24, [Part(2, 2, 1), Part(1, 2, 1), Part(2, 3, 1)], 16),
            ("up to a moment", 9, 16, [Part(2, 2, 1), Part(1, 2, 0.875)], 7),
            ("beyond both ends", -5, 100, [Part(1, 2, 1), Part(0, 1, 1), Part(2, 3, 1)], 24),
            ("no time at all", 8, 8, [], 0),
        ])
    func stretches(name: String, from: Int64, to: Int64, expected: [Part], covered: Double) throws {
        let stretch = try #require(axis().stretch(from: from, to: to), "\(name)")
        #expect(parts(stretch) == expected, "\(name)")
        #expect(stretch.covered == covered, "\(name)")
        // What grows by one with each moment grows by an eighth in each millisecond.
        #expect(stretch.sum { Double($1 - $0) } == covered / 8, "\(name)")
    }

    @Test func whatNobodyWatchedCoversNothing() throws {
        let stretch = try #require(axis(unwatched: [2]).stretch(from: 4, to: 20))
        #expect(stretch.covered == 8)
    }

    @Test func noStretchOfOneMomentOrBackwards() {
        #expect(axis(1).stretch(from: 0, to: 8) == nil)
        #expect(axis().stretch(from: 20, to: 10) == nil)
    }
}
