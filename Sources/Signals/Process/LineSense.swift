import Model

/// What is lost between monitor and one process: requests of which nothing came back, now and then.
///
/// The line and a process that hangs look the same at one request. They differ in how it goes on: a poor line loses one
/// here and one there, at every endpoint alike, and an outage loses all of them in a row. So what was lost in a row of more
/// than `longestRun` was no loss of the line, and the row that still goes on is not counted yet.
struct LineSense: Hashable, Sendable {
    /// So many in a row may be lost by chance on a poor line.
    static let longestRun = 4.0
    /// Requests fade: of so many the newest count.
    private static let memory = 240.0
    /// Fewer requests of an endpoint tell nothing.
    private static let least = 5.0
    /// What is asked so much later than a poll of health came back belongs to it, ms.
    private static let grace: Int64 = 2_000
    private static let mostPolls = 8_192

    /// One endpoint's requests.
    struct Requests: Hashable, Sendable {
        /// Faded.
        var asked = 0.0
        var lost = 0.0
        /// How many were lost in a row until now.
        var row = 0.0

        mutating func observe(isLost: Bool) {
            guard !isLost else { return row += 1 }
            if row > 0, row <= LineSense.longestRun { count(row, isLost: true) }
            row = 0
            count(1, isLost: false)
        }

        private mutating func count(_ many: Double, isLost: Bool) {
            let kept = 1 - many / LineSense.memory
            asked = asked * kept + many
            lost = lost * kept + (isLost ? many : 0)
        }
    }

    /// In the order of `endpoints`.
    private(set) var requests = [Requests](repeating: Requests(), count: LineSense.endpoints.count)
    /// When polls of health came to their end of which nothing came back at any endpoint, ms, ascending.
    private(set) var lostPolls: [Int64] = []
    /// When something last came back, ms.
    private(set) var reachedAt = Int64.min
    /// When a poll of health last came to its end, ms.
    private var healthAt = Int64.min

    private static let endpoints: [Endpoint] = [.health, .activeRuns, .perf, .events]

    /// - Parameter askedAt: when the request was sent, ms.
    mutating func observe(_ endpoint: Endpoint, isLost: Bool, at: Int64, askedAt: Int64) {
        guard endpoint != .gate else { return }
        if let index = LineSense.endpoints.firstIndex(of: endpoint) { requests[index].observe(isLost: isLost) }
        let last = healthAt
        if endpoint == .health { healthAt = max(healthAt, at) }
        if isLost {
            // Another endpoint of the same poll may have answered before; not of the poll before, however long this one waited.
            let began = last == .min ? askedAt : max(askedAt, last + max(0, at - last) / 8)
            guard endpoint == .health, reachedAt < began else { return }
            lostPolls.append(at)
            if lostPolls.count > LineSense.mostPolls { lostPolls.removeFirst(LineSense.mostPolls / 2) }
        } else {
            if let last = lostPolls.last, last == healthAt, endpoint != .health, askedAt <= last + LineSense.grace {
                lostPolls.removeLast()
            }
            reachedAt = max(reachedAt, at)
        }
    }

    /// The share of requests that the line loses, 0...1: at the endpoint that loses second fewest, since one that hangs by
    /// itself is not the line's doing. Nil while too few were asked.
    var loss: Double? {
        let shares = requests.filter { $0.asked >= LineSense.least }.map { $0.lost / $0.asked }.sorted()
        return shares.isEmpty ? nil : shares[min(1, shares.count - 1)]
    }

    /// Whether nothing came back at any endpoint in the poll whose question for health ended then.
    func isLost(pollAt moment: Int64) -> Bool {
        var low = 0
        var high = lostPolls.count
        while low < high {
            let middle = (low + high) / 2
            if lostPolls[middle] < moment { low = middle + 1 } else { high = middle }
        }
        return low < lostPolls.count && lostPolls[low] == moment
    }

    mutating func trim(before moment: Int64) { lostPolls.removeAll { $0 < moment } }

    func encode(to writer: inout StateWriter) {
        for one in requests {
            for value in [one.asked, one.lost, one.row] { writer.put(value) }
        }
        writer.put(each: lostPolls) { $0.put($1) }
        writer.put(reachedAt)
        writer.put(healthAt)
    }

    init() {}

    init(from reader: inout StateReader) throws(SignalStateError) {
        for index in requests.indices {
            let one = Requests(asked: try reader.double(), lost: try reader.double(), row: try reader.double())
            guard [one.asked, one.lost, one.row].allSatisfy({ $0 >= 0 && $0 < 1e12 }), one.lost <= one.asked else {
                throw reader.failure("a count is out of range")
            }
            requests[index] = one
        }
        lostPolls = try reader.each { (reader) throws(SignalStateError) in try reader.moment() }
        guard zip(lostPolls, lostPolls.dropFirst()).allSatisfy({ $0 <= $1 }) else { throw reader.failure("a moment is out of order") }
        reachedAt = try reader.integer()
        healthAt = try reader.integer()
        guard [reachedAt, healthAt].allSatisfy({ $0 == .min || Clamp.moments.contains($0) }) else {
            throw reader.failure("a moment is out of range")
        }
    }
}
