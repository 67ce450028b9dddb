/// The middle of many numbers without sorting all of them.
enum Selection {
    /// The middle value; the mean of the two middle ones when their number is even. Nil when there are fewer than
    /// `least`, which is at least 1. The same as if they had been sorted.
    static func median(of values: some Sequence<Double>, among capacity: Int, least: Int) -> Double? {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, capacity)) { scratch in
            var count = 0
            for value in values.prefix(capacity) {
                scratch[count] = value
                count += 1
            }
            guard count >= max(1, least) else { return nil }
            let numbers = UnsafeMutableBufferPointer(rebasing: scratch[..<count])
            let middle = count / 2
            place(middle, in: numbers)
            guard count % 2 == 0 else { return numbers[middle] }
            // All before the middle are at most as large: the greatest of them is the other middle one.
            var below = numbers[0]
            for index in 1..<max(1, middle) { below = Swift.max(below, numbers[index]) }
            return (below + numbers[middle]) / 2
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
