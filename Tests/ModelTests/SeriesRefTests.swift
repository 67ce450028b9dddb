import Model
import Testing

@Suite struct SeriesRefTests {
    private static let earlier = SeriesRef(signal: .tokens, function: .earlier, range: .hours(1), offset: .hours(168))
    private static let predicted = SeriesRef(signal: .diskFree, function: .predict, range: .hours(6), ahead: .hours(4))

    @Test("a reading is written as a condition writes it, whosever it is")
    func written() {
        let metric = MetricQuery("depth")
        for (series, text) in [
            (Self.earlier, "tokens[1h] offset 7d"), (Self.predicted, "predict(disk_free[6h], 4h)"),
            (SeriesRef(signal: .activeRuns, function: .earlier, range: .minutes(1), offset: .minutes(30)), "active_runs offset 30m"),
            (SeriesRef(signal: .errorRate, function: .avg, range: .hours(1), offset: .hours(24)), "avg(error_rate[1h] offset 24h)"),
            (SeriesRef(total: .cost, of: .today), "cost[today]"), (SeriesRef(total: .tokens, of: .thisMonth), "tokens[this_month]"),
            (SeriesRef(predicted: metric, range: .hours(1), ahead: .minutes(30)), "predict(metric(\"depth\")[1h], 30m)"),
        ] {
            #expect("\(series)" == text)
            #expect(series.ofSubject == series)
        }
        let ofRuntime = SeriesRef(total: .cost, of: .today, scope: .runtime)
        #expect("\(ofRuntime)" == "runtime.cost[today]" && ofRuntime.ofSubject == SeriesRef(total: .cost, of: .today))
        #expect(SeriesRef(predicted: metric, scope: .runtime, range: .hours(1), ahead: .minutes(30)).ofSubject.scope == .own)
    }

    @Test("what is missing of the past is said of the past")
    func lack() {
        #expect(Self.earlier.lackOfData == "nothing was kept of that time")
        #expect(SeriesRef(total: .cost, of: .today).lackOfData == "not watched all the time since midnight")
        #expect(SeriesRef(total: .cost, of: .thisMonth).lackOfData == "not watched all the time since the first of the month")
        #expect(Self.predicted.lackOfData == nil && SeriesRef(signal: .tokens, window: .hours(1)).lackOfData == nil)
    }

    @Test("how far it reaches back")
    func reach() {
        #expect(Self.earlier.reach == .hours(169) && Self.predicted.reach == .hours(6))
        #expect(SeriesRef(total: .cost, of: .today).reach == nil && SeriesRef(signal: .tokens, window: .hours(1)).reach == nil)
    }

    @Test(
        "a day and a month begin by the clocks of a zone",
        arguments: [
            ("UTC", "2026-11-21T09:00:00Z", "2026-11-21T00:00:00Z", "2026-11-01T00:00:00Z"),
            ("+02:00", "2026-11-30T23:10:00Z", "2026-11-30T22:00:00Z", "2026-11-30T22:00:00Z"),
            ("-05:00", "2026-12-01T04:59:00Z", "2026-11-30T05:00:00Z", "2026-11-01T05:00:00Z"),
            ("-05:00", "2026-12-01T05:00:00Z", "2026-12-01T05:00:00Z", "2026-12-01T05:00:00Z"),
        ])
    func begins(_ zone: String, _ moment: String, _ day: String, _ month: String) throws {
        let zone = try #require(Zone(fixed: zone))
        let moment = try #require(Timestamp(rfc3339: moment))
        #expect(zone.begins(.today, at: moment) == Timestamp(rfc3339: day))
        #expect(zone.begins(.thisMonth, at: moment) == Timestamp(rfc3339: month))
    }

    @Test("a stretch of time is told by the clocks of a zone")
    func span() throws {
        let from = try #require(Timestamp(rfc3339: "2026-11-14T22:30:00Z"))
        #expect(Zone.utc.span(from, from + .hours(1)) == "2026-11-14 22:30 to 23:30 UTC")
        #expect(Zone.utc.span(from, from + .hours(2)) == "2026-11-14 22:30 to 2026-11-15 00:30 UTC")
        #expect(try #require(Zone(fixed: "+02:00")).span(from, from + .hours(1)) == "2026-11-15 00:30 to 01:30 UTC+02:00")
    }
}
