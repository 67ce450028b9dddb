import Cycle
import Journal
import Model
import Server
import Views

/// What was.
extension API {
    /// Points of one series.
    private static let mostSteps: Int64 = 1_440
    /// What a person wants to see first of an app.
    private static let signalsOfApps: [Signal] = [.activeRuns, .errorRate, .turnLatencyP95, .tokens, .cost]

    static func history(_ query: inout Query, _ reading: Reading) throws -> JSON {
        guard let runtime = try query.one("runtime") else { throw Problem.badRequest("name a runtime: runtime=shared") }
        let app = try query.one("app").map { AppID($0) }
        let given = (since: try query.moment("since", now: reading.now), until: try query.moment("until", now: reading.now))
        let step = try query.one("step").map { text throws(Problem) in try minutes(text) } ?? 1
        let fold = try query.words("of", SignalPast.Fold.self)
        let names = try query.one("signal").map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        try query.finish()
        guard fold.count <= 1 else { throw Problem.badRequest("'of' is one word here") }
        // Whole steps: the same ones are the same answer, and have the same tag. A step that is not over is no step yet.
        let end = min(given.until ?? reading.now, reading.now).minute
        let until = given.until == nil ? end - end % step : end
        let first = given.since?.minute ?? until - 60
        let since = first - first % step
        guard since < until || given.until == nil && given.since != nil && since <= end else {
            throw Problem.badRequest("'since' lies before 'until'\(step > 1 ? ", by a step at least" : "")")
        }
        let sight = try RuntimeSight.all(in: reading.journal) { _ in }.first { $0.summary.runtime.isSame(as: runtime) }
        let signals =
            try names?.map { name throws(Problem) in try signal(name, ofApp: app != nil) }
            ?? (app == nil ? RuntimeHistory.signals(of: sight?.summary.kind ?? .runtime) : signalsOfApps)
        // One more where the beginning was brought to a whole one.
        guard (until - since) / step <= mostSteps + 1, until - since <= PastRange.longest.milliseconds / 60_000,
            (until - since) / step * Int64(signals.count) <= Int64(SignalPast.mostPoints)
        else {
            throw Problem.badRequest(
                "that is too much at once: at most 31 days, \(mostSteps) steps and \(SignalPast.mostPoints) points; ask for a longer 'step' such as 15m, for fewer signals, or day by day"
            )
        }
        // One that was polled and whose first minute is not over yet is known, and has none.
        let known = try reading.journal.historyRuntimes().contains { $0.runtime.isSame(as: runtime) }
        guard known || sight != nil else { throw Problem.notFound("there is no history of a runtime '\(Shown.id(runtime))'") }
        let past: SignalPast
        do {
            past = try SignalPast(
                reading.journal, runtime: runtime, app: app, signals, minutes: since..<max(since, until), step: step, fold.first ?? .mean,
                now: reading.now, sight: sight, price: reading.surroundings.settings?.price)
        } catch let failure as SignalPast.Failure {
            switch failure {
            case .unseen: throw Problem.notFound("nothing was seen of that app on '\(Shown.id(runtime))' in that time")
            case .tooMuch: throw Problem.badRequest("that is too much to read at once: ask for a shorter time")
            }
        }
        return [
            "schema": "mozaiks.ops/history/v1", "runtime": .string(runtime), "app_id": .optional(app?.text),
            "since": .moment(Timestamp(minute: since)), "step_ms": .int(step * 60_000), "series": .array(past.documents),
        ]
    }

    /// A step in whole minutes.
    private static func minutes(_ text: String) throws(Problem) -> Int64 {
        guard let span = TimeSpan(text), span >= .minutes(1), span <= .hours(24), span.milliseconds % 60_000 == 0 else {
            throw .badRequest("'step' is a span of whole minutes from 1m to 24h, such as 5m, not '\(Shown.id(text))'")
        }
        return span.milliseconds / 60_000
    }

    private static func signal(_ name: String, ofApp: Bool) throws(Problem) -> Signal {
        // Of what is watched by itself any kind: of another one it is missing.
        let known = Signal.table.filter { info in
            guard info.signal != .metric else { return false }
            return ofApp ? info.subjects.contains(.app) : WatchedKind.allCases.contains { info.subjects.contains($0.subject) }
        }
        guard let found = known.first(where: { $0.name.isSame(as: name) }) else {
            throw .badRequest(
                "'signal' \(ofApp ? "of an app " : "")is one of \(known.map(\.name).joined(separator: ", ")), or several parted by commas, not '\(Shown.id(name))'"
            )
        }
        return found.signal
    }
}
