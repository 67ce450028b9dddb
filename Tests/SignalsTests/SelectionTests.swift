import Testing

@testable import Signals

@Suite struct SelectionTests {
    private static func noise(_ count: Int, kinds: UInt64) -> [Double] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Double(state % kinds) / 8
        }
    }

    /// Numbers in orders that a bad choice of the pivot makes slow or wrong.
    private static let orders: [(name: String, make: @Sendable (Int) -> [Double])] = [
        ("ascending", { (0..<$0).map(Double.init) }),
        ("descending", { (0..<$0).reversed().map(Double.init) }),
        ("all equal", { Array(repeating: 7.5, count: $0) }),
        ("two values", { (0..<$0).map { $0 % 2 == 0 ? 1 : 2 } }),
        ("organ pipe", { count in (0..<count).map { Double(min($0, count - $0)) } }),
        ("saw teeth", { (0..<$0).map { Double($0 % 17) } }),
        ("noise", { noise($0, kinds: 1 << 40) }),
        ("noise of few values", { noise($0, kinds: 5) }),
        ("infinite at the ends", { [.infinity] + noise($0 - 1, kinds: 100) }),
    ]

    @Test(arguments: [1, 2, 3, 15, 16, 17, 18, 30, 31, 100, 383, 384, 385, 1_439, 1_440, 10_081])
    func medianIsThatOfSortedNumbers(count: Int) {
        for (name, make) in SelectionTests.orders {
            let numbers = make(count)
            let sorted = numbers.sorted()
            let middle = count / 2
            let expected = count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
            let median = Selection.median(of: numbers, among: count, least: 1)
            #expect(median?.bitPattern == expected.bitPattern, "\(name), \(count)")
        }
    }

    /// From nowhere, from what it is not, from next to it, and from what it was of nearly the same numbers.
    @Test(arguments: [1, 2, 3, 4, 5, 16, 17, 30, 31, 384, 385, 1_440])
    func aGuessChangesNothing(count: Int) {
        for (name, make) in SelectionTests.orders {
            let numbers = make(count)
            let sorted = numbers.sorted()
            let expected = Selection.median(of: numbers, among: count, least: 1)
            let around = (-3...3).map { sorted[min(count - 1, max(0, count / 2 + $0))] }
            let between = zip(around, around.dropFirst()).map { ($0 + $1) / 2 }
            let before = Selection.median(of: numbers.dropFirst(), among: count, least: 1).map { [$0] } ?? []
            for guess in around + between + before + [-1, 0, 1e300, .infinity, -.infinity, .nan] {
                let median = Selection.median(of: numbers, among: count, least: 1, near: guess)
                #expect(median?.bitPattern == expected?.bitPattern, "\(name), \(count), \(guess)")
            }
        }
    }

    @Test func tooFewNumbersHaveNoMedian() {
        #expect(Selection.median(of: [1, 2, 3], among: 3, least: 4) == nil)
        #expect(Selection.median(of: [1, 2, 3], among: 3, least: 3) == 2)
        #expect(Selection.median(of: [], among: 0, least: 1) == nil)
        #expect(Selection.median(of: [], among: 0, least: 0) == nil)
    }
}
