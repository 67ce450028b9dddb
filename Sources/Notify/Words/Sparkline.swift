import Model
import Policy

/// A series of evidence drawn small: so many steps high for each of its points.
struct Sparkline: Hashable, Sendable {
    static let steps = 8

    /// As policies write it.
    let series: String
    /// 1 to 8; nil where there was no value.
    let heights: [Int?]
    /// `12% to 61.1% within 5m, now 61.1%`
    let range: String

    /// Nil where there is nothing to see: less than three values, or only one that never changed.
    init?(_ series: EvidenceSeries) {
        let points = series.points.suffix(30)
        let values = points.compactMap(\.evidence.value).filter(\.isFinite)
        guard values.count >= 3, let low = values.min(), let high = values.max(), high > low,
            let newest = points.last, let oldest = points.first
        else { return nil }
        self.series = Shown.line(series.series)
        // From zero where that leaves the differences to be seen: a bar that is twice as high is then twice as much.
        let base = low >= 0 && low < high / 2 ? 0 : low
        heights = points.map { point in
            guard let value = point.evidence.value, value.isFinite else { return nil }
            let share = (value - base) / (high - base)
            return 1 + min(Sparkline.steps - 1, max(0, Int((share * Double(Sparkline.steps - 1)).rounded())))
        }
        let newestText = Figure.text(newest.evidence, series.unit)
        let (lowText, highText) = (Figure.text(low, series.unit), Figure.text(high, series.unit))
        range = "\(lowText) to \(highText) within \((newest.at - oldest.at).brief), now \(newestText)"
    }

    /// `▁▂▅·█`
    var text: String {
        let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
        return String(heights.map { $0.map { blocks[$0 - 1] } ?? "·" })
    }
}
