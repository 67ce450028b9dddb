/// The middle of many numbers without sorting all of them.
enum Selection {
    /// The middle value; the mean of the two middle ones when their number is even. Nil when there are fewer than
    /// `least`, which is at least 1. The same as if they had been sorted.
    /// - Parameter guess: what it may well be, as it was of nearly the same numbers. One look at each tells where it lies
    ///   otherwise, where it is the guess or next to it; else it is looked for as ever. NaN: nothing is guessed.
    static func median(of values: some Sequence<Double>, among capacity: Int, least: Int, near guess: Double = .nan) -> Double? {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, capacity)) { scratch in
            var count = 0
            for value in values.prefix(capacity) {
                scratch[count] = value
                count += 1
            }
            guard count >= max(1, least) else { return nil }
            let numbers = UnsafeMutableBufferPointer(rebasing: scratch[..<count])
            let middle = count / 2
            if !guess.isNaN, let median = Neighbours(of: guess, in: numbers).median { return median }
            place(middle, in: numbers)
            guard count % 2 == 0 else { return numbers[middle] }
            // All before the middle are at most as large: the greatest of them is the other middle one.
            var below = numbers[0]
            for index in 1..<max(1, middle) { below = Swift.max(below, numbers[index]) }
            return (below + numbers[middle]) / 2
        }
    }

    /// Where a number stands among many, and what lies next to it.
    private struct Neighbours {
        private let guess: Double
        private let count: Int
        private var below = 0
        private var above = 0
        /// The two greatest of those below it, and the two least of those above.
        private var (lower, low) = (-Double.infinity, -Double.infinity)
        private var (high, higher) = (Double.infinity, Double.infinity)

        /// Without a branch for any of them: half of the numbers lie on each side, in no order.
        init(of guess: Double, in numbers: UnsafeMutableBufferPointer<Double>) {
            self.guess = guess
            count = numbers.count
            for number in numbers {
                let (isBelow, isAbove) = (number < guess, number > guess)
                below &+= isBelow ? 1 : 0
                above &+= isAbove ? 1 : 0
                let left = isBelow ? number : -.infinity
                lower = max(lower, min(low, left))
                low = max(low, left)
                let right = isAbove ? number : .infinity
                higher = min(higher, max(high, right))
                high = min(high, right)
            }
        }

        /// What stands at a place of the sorted numbers; nil where that is not seen from here.
        private func number(at place: Int) -> Double? {
            switch place {
            case below - 2: lower
            case below - 1: low
            case below..<(count - above): guess
            case count - above: high
            case count - above + 1: higher
            default: nil
            }
        }

        /// As `Selection.median` has it; nil where it lies further away.
        var median: Double? {
            guard let middle = number(at: count / 2) else { return nil }
            guard count % 2 == 0 else { return middle }
            return number(at: count / 2 - 1).map { ($0 + middle) / 2 }
        }
    }

    /// Moves numbers until the one at `index` is the one that sorting would put there, with none greater before it and
    /// none less behind it. Quickselect; what resists for too long is sorted, so that no order of the numbers makes it
    /// slow.
    private static func place(_ index: Int, in numbers: UnsafeMutableBufferPointer<Double>) {
        var low = 0
        var high = numbers.count - 1
        var rounds = 2 * (Int.bitWidth - numbers.count.leadingZeroBitCount)
        while high - low > 16 {
            guard rounds > 0 else { break }
            rounds -= 1
            let pivot = middle(of: numbers[low], numbers[low + (high - low) / 2], numbers[high])
            var left = low
            var right = high
            while left <= right {
                while numbers[left] < pivot { left += 1 }
                while numbers[right] > pivot { right -= 1 }
                if left <= right {
                    numbers.swapAt(left, right)
                    left += 1
                    right -= 1
                }
            }
            // Up to `right` none is greater than the pivot, from `left` on none is less; what is between equals it.
            if index <= right {
                high = right
            } else if index >= left {
                low = left
            } else {
                return
            }
        }
        var rest = UnsafeMutableBufferPointer(rebasing: numbers[low...high])
        rest.sort()
    }

    private static func middle(of a: Double, _ b: Double, _ c: Double) -> Double {
        max(min(a, b), min(max(a, b), c))
    }
}
