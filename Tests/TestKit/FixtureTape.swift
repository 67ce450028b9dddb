import Model

/// The recorded series of polls as tapes.
///
/// A tape's first line and its ticks follow what was recorded: each poll asked for health, active runs and the aggregate,
/// one after the other, and is one evaluation.
public enum FixtureTape {
    /// One poll: what was asked, and the moment of its evaluation.
    public struct Poll: Sendable {
        public let at: Timestamp
        public let exchanges: [Observation]
    }

    public static let runtime = "shared"
    public static let replica = "http://127.0.0.1:8000"

    /// 20 polls about five seconds apart.
    public static func series() throws -> [Poll] { try polls("series") }

    /// 10 polls about 1.5 s apart; the process restarts between the fifth and the sixth.
    public static func restart() throws -> [Poll] { try polls("series-restart-at-poll-05") }

    /// The polls of a folder with a `polls.json`.
    public static func polls(_ folder: String) throws -> [Poll] {
        try times(folder).enumerated().map { index, time in
            let number = (index < 10 ? "0" : "") + String(index)
            var at = time
            let exchanges = try [("health", Endpoint.health), ("active-runs", .activeRuns), ("aggregate", .perf)].map {
                name, endpoint in
                // `polls.json` has the beginning of a poll; an answer took a few milliseconds.
                at = at + TimeSpan(milliseconds: 2)
                return Observation(
                    at: at, runtime: runtime, replica: replica, endpoint: endpoint, elapsedMilliseconds: 2,
                    outcome: .answer(try Fixtures.answer("\(folder)/\(number)-\(name)")))
            }
            return Poll(at: at + TimeSpan(milliseconds: 1), exchanges: exchanges)
        }
    }

    /// When each poll began: the `t` of `polls.json`, seconds since 1970.
    private static func times(_ folder: String) throws -> [Timestamp] {
        let text = try Fixtures.text("\(folder)/polls.json")
        return text.split(whereSeparator: \.isNewline).compactMap { line in
            let line = line.drop { $0 == " " }
            guard line.hasPrefix("\"t\": ") else { return nil }
            let number = line.dropFirst(5).prefix { $0.isNumber || $0 == "." }
            return Double(number).map { Timestamp(milliseconds: Int64(($0 * 1_000).rounded())) }
        }
    }
}
