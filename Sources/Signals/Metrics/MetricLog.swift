import Model

/// What the pages of metrics of one process said, or of a runtime as a whole: of all that they show only what policies ask for.
struct MetricLog: Sendable {
    private var heard = EndpointTrack<PageFigures>()
    /// In the order of `SignalOptions.metrics`.
    private(set) var tracks: [MetricTrack] = []

    init() {}

    mutating func ingest(_ page: MetricsPage, at: Int64, elapsed: Double, maxGap: Int64, _ options: SignalOptions) {
        let queries = options.metrics
        heard.append(.init(at: at, elapsedMilliseconds: elapsed, missing: nil, figures: PageFigures(page)), detail: "")
        let search = PageSearch(page, at: at, for: queries)
        // What no policy asks for any more is forgotten, what a new one asks for begins.
        tracks = queries.map { query in
            var track = tracks.first { $0.query.isSame(as: query.description) } ?? MetricTrack(query)
            track.take(search.find(query), isWindowed: query.reading.isWindowed, kept: options.trends[query], at: at, maxGap: maxGap)
            return track
        }
    }

    /// Why nothing can be said of a page at a moment; nil when something can.
    func missing(asOf moment: Int64, maxGap: Int64) -> MissingReason? { heard.missing(asOf: moment, maxGap: maxGap) }

    /// How many series the page shows as of a moment; not tracked where nobody asks for a page.
    func series(asOf moment: Int64, maxGap: Int64) -> Evidence {
        guard newestAt != nil else { return .missing(.notTracked) }
        if let reason = missing(asOf: moment, maxGap: maxGap) { return .missing(reason) }
        return heard.entry(asOf: moment)?.figures.map { .value(Double($0.samples)) } ?? .missing(.tooLittleData)
    }

    func track(_ query: MetricQuery) -> MetricTrack? { tracks.first { $0.query.isSame(as: query.description) } }

    mutating func take(_ change: TrackChange) {
        heard.take(change)
        if case .trimmed(let moment) = change { for index in tracks.indices { tracks[index].trim(before: moment) } }
    }
}

extension MetricLog: AnyTrack {
    var usualSpacing: Int64 { heard.usualSpacing }
    var newestAt: Int64? { heard.newestAt }
    var newestMissing: MissingReason? { heard.newestMissing }
    var newestElapsed: Double { heard.newestElapsed }
    func at(asOf moment: Int64) -> Int64? { heard.at(asOf: moment) }

    func encode(to writer: inout StateWriter) {
        heard.encode(to: &writer)
        writer.put(each: tracks) { $1.encode(to: &$0) }
    }

    init(from reader: inout StateReader) throws(SignalStateError) {
        heard = try EndpointTrack(from: &reader)
        tracks = try reader.each { (reader) throws(SignalStateError) in try MetricTrack(from: &reader) }
    }

    func sum(up summary: inout RuntimeSummary.Replica, _ endpoint: Endpoint, of replica: ReplicaState, _ evaluation: Evaluation) {
        heard.sum(up: &summary, endpoint, of: replica, evaluation)
    }
}

/// How much a page had, for people.
struct PageFigures: EndpointFigures {
    var families: Int
    var samples: Int

    init(_ page: MetricsPage) {
        families = page.families.count
        samples = page.samples.count
    }

    func encode(to writer: inout StateWriter) {
        writer.put(families)
        writer.put(samples)
    }

    init(from reader: inout StateReader) throws(SignalStateError) {
        families = Int(try reader.integer(Int32.self))
        samples = Int(try reader.integer(Int32.self))
    }

    func say(in summary: inout RuntimeSummary.Replica, of replica: ReplicaState, _ evaluation: Evaluation) {
        summary.said[.metrics] = "\(families) families, \(samples) series"
    }
}
