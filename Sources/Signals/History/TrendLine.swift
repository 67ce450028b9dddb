/// A straight line through values, by least squares.
enum TrendLine {
    /// Fewer values are no trend.
    static let leastPoints = 10

    struct Point {
        /// Minutes from now; negative.
        var minute: Double
        var value: Double
    }

    /// Where the line is, or will be; nil where there are too few values, or where they lie so close that their line says nothing
    /// of a range: they must span half of it.
    ///
    /// - Parameters:
    ///   - points: ascending by time.
    ///   - range: the minutes that they are of.
    ///   - minute: from now.
    static func value(through points: [Point], range: Double, at minute: Double) -> Double? {
        guard points.count >= leastPoints, let first = points.first, let last = points.last, last.minute - first.minute >= range / 2 else {
            return nil
        }
        let count = Double(points.count)
        // About their middle, so that large values far from zero lose nothing.
        let middle = points.reduce(0) { $0 + $1.minute } / count
        let level = points.reduce(0) { $0 + ($1.value - first.value) } / count
        var (spread, common) = (0.0, 0.0)
        for point in points {
            spread += (point.minute - middle) * (point.minute - middle)
            common += (point.minute - middle) * (point.value - first.value - level)
        }
        guard spread > 0 else { return nil }
        let value = first.value + level + common / spread * (minute - middle)
        return value.isFinite ? value : nil
    }
}
