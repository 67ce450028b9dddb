import Model
import Policy

extension EvidenceSeries {
    /// Points that a series keeps.
    static let limit = 30

    /// The series of a condition with one more point each. Series that the condition no longer reads end here.
    static func sample(
        _ condition: CompiledCondition, _ source: some ReadingSource, at: Timestamp, onto before: [EvidenceSeries]
    ) -> [EvidenceSeries] {
        condition.compared(source).enumerated().map { index, reading in
            let isSame = index < before.count && before[index].series.isSame(as: reading.series)
            var series = isSame ? before[index] : EvidenceSeries(series: reading.series, unit: reading.unit, points: [])
            series.points.append(Point(at: at, evidence: reading.evidence))
            series.trim()
            return series
        }
    }

    /// The points of `later` behind those of `earlier`, series by series.
    static func join(_ earlier: [EvidenceSeries], _ later: [EvidenceSeries]) -> [EvidenceSeries] {
        later.map { series in
            guard var joined = earlier.first(where: { $0.series.isSame(as: series.series) }) else {
                return series
            }
            let end = joined.points.last?.at
            joined.points += series.points.filter { point in end.map { point.at > $0 } ?? true }
            joined.trim()
            return joined
        }
    }

    private mutating func trim() {
        if points.count > EvidenceSeries.limit { points.removeFirst(points.count - EvidenceSeries.limit) }
    }
}

extension CompiledCondition {
    /// Every reading of the condition with its value now, in the order of the text.
    func compared(_ source: some ReadingSource) -> [ComparedReading] {
        readings.map { slot, series in
            ComparedReading(
                series: series.description, unit: series.resultUnit, evidence: source.reading(slot), least: source.floor(slot))
        } + comparedFigures(source)
    }
}
