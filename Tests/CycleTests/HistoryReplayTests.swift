import CycleKit
import Model
import Policy
import Signals
import Simulator
import TestKit
import Testing

@testable import Cycle

/// What history, minute by minute, says of a past that was also lived live.
@Suite struct HistoryReplayTests {
    static func replay(_ minutes: [[RecordedHistory.Row]], _ settings: MonitorSettings) -> ReplayStory {
        var replay = HistoryReplay(settings: settings, policies: .embeddedDefault)
        var story = ReplayStory()
        for minute in minutes {
            if let result = replay.take(minute, of: SimulatedPolls.runtimeName) { story.add(result) }
        }
        return story
    }

    /// The rule on the subject of an incident.
    private func place(_ incident: Incident) -> ReplayStory.Place {
        ReplayStory.Place(rule: incident.rule, subject: incident.subject)
    }

    @Test(
        "from history: the incidents that live had, on the same subjects, opened within a minute and a poll of the same time",
        arguments: Story.all.filter { $0.scenario != "demo" })
    func sameIncidents(story: Story) throws {
        let past = try story.past()
        let live = Replay.direct(past).values.sorted { ($0.openedAt, $0.id) < ($1.openedAt, $1.id) }
        let minutes = try Replay.minutes(past)
        let replayed = HistoryReplayTests.replay(minutes, past.settings)
        let end = Timestamp(minute: (minutes.last?.first?.minute ?? 0) + 1)
        // What opened live behind the last closed minute, or just before, history has not got to yet.
        let reach = end - .minutes(1) - story.interval
        let expected = live.filter { $0.openedAt <= reach }
        var rest = replayed.incidents
        for incident in expected {
            let same = rest.firstIndex { place($0) == place(incident) }
            guard let same else {
                Issue.record("\(incident.rule) on \(incident.subject) at \(incident.openedAt) is not in the replay")
                continue
            }
            let other = rest.remove(at: same)
            let late = other.openedAt - incident.openedAt
            #expect(
                late >= .zero - story.interval && late <= .minutes(1) + story.interval,
                "\(incident.rule) on \(incident.subject): live \(incident.openedAt), replay \(other.openedAt)")
        }
        // One that opened at the very end may be within reach here and not live.
        for incident in live where incident.openedAt > reach {
            if let same = rest.firstIndex(where: { place($0) == place(incident) }) { rest.remove(at: same) }
        }
        let unexpected = rest.filter { $0.openedAt <= reach }
        #expect(unexpected.isEmpty, "\(unexpected.map { "\($0.rule) \($0.subject) \($0.openedAt)" })")
    }

    @Test("through blocks or not: the same story, byte for byte", arguments: ["noisy-neighbor", "down", "poisoned"])
    func blocks(scenario: String) throws {
        let past = try Story.of(scenario).past()
        let plain = try Replay.minutes(past, through: false)
        let packed = try Replay.minutes(past)
        #expect(packed == plain)
        let (one, two) = (
            HistoryReplayTests.replay(plain, past.settings), HistoryReplayTests.replay(packed, past.settings)
        )
        #expect(one.incidents.map { $0.replayedDocument.serialized() } == two.incidents.map { $0.replayedDocument.serialized() })
    }

    @Test("a minute in which nobody looked is not judged, and nothing opens or resolves for it")
    func unwatched() throws {
        let past = try Story.of("noisy-neighbor").past()
        let minutes = try Replay.minutes(past)
        let whole = HistoryReplayTests.replay(minutes, past.settings)
        let noisy = try #require(whole.incidents.first { $0.rule == "noisy-neighbor" })
        // Nobody looks from two minutes after its opening on, for as long as it would have lasted.
        let from = noisy.openedAt.minute + 2
        let torn = HistoryReplayTests.replay(minutes.filter { $0[0].minute < from }, past.settings)
        let still = try #require(torn.incidents.first { $0.id == noisy.id })
        #expect(still.resolvedAt == nil)
        let silent = minutes.map { rows -> [RecordedHistory.Row] in
            guard rows[0].minute >= from else { return rows }
            var row = RecordedHistory.Row(
                minute: rows[0].minute, app: nil, readings: Signal.allCases.map { _ in .missing(.stale) }, chatsMissing: .stale)
            row.watch = WatchMinute()
            return [row]
        }
        let silenced = HistoryReplayTests.replay(silent, past.settings)
        #expect(silenced.ticks == torn.ticks)
        #expect(silenced.incidents.map(\.id) == torn.incidents.map(\.id))
    }

    @Test("a process that starts and dies within each minute is a restart loop in its history too")
    func crashLoop() throws {
        let origin = Timestamp(minute: 29_920_860)
        let polls = (0..<(25 * 6)).map { index -> [Observation] in
            let at = origin + .seconds(10) * Int64(index + 1)
            let (minute, second) = (index / 6, (index % 6 + 1) * 10)
            guard minute >= 3, second > 20 else {
                // Up: of the first minutes one process, then another one each minute.
                return Crowd.poll(Crowd.calm, at: at).map { observation in
                    guard observation.endpoint == .events else { return observation }
                    let created = (minute < 3 ? origin - .minutes(9) : origin + .minutes(minute)).description
                    let body: JSON = ["data": ["created": .string(created), "custom_events_by_type": ["chat.usage_delta": 2]]]
                    return Observation(
                        at: at, runtime: observation.runtime, replica: observation.replica, endpoint: .events,
                        elapsedMilliseconds: 2,
                        outcome: .answer(
                            .init(
                                status: 200, date: at, contentType: "application/json", body: Body(body.serializedBytes()))))
                }
            }
            return Crowd.poll(Crowd.calm, at: at).map { observation in
                Observation(
                    at: at, runtime: observation.runtime, replica: observation.replica, endpoint: observation.endpoint,
                    elapsedMilliseconds: 1, outcome: .failure(.refused, detail: "connection refused"))
            }
        }
        let past = Past(settings: Past.settings(replicas: [Crowd.replica], interval: .seconds(10)), polls: polls)
        let live = Replay.direct(past).values.filter { $0.rule == "restart-loop" }
        let opened = try #require(live.first).openedAt
        let minutes = try Replay.minutes(past)
        // At the end of each of those minutes the process is gone.
        #expect(minutes.suffix(5).allSatisfy { $0[0].readings[Int(Signal.up.rawValue)] == .value(0) })
        let replayed = HistoryReplayTests.replay(minutes, past.settings).incidents.filter { $0.rule == "restart-loop" }
        let late = try #require(replayed.first).openedAt - opened
        #expect(late >= .zero && late <= .minutes(1), "\(late)")
    }

    private static let throttle = """
              # Noisy is not yet harmful: on an idle machine the best customer is not throttled.
              - throttle: {concurrent_workflows: 2, ttl: 15m, only_if: runtime.active_runs > 0.5 * $max_active_runs}

        """

    /// The default policy in which a large share is enough: the stories are shorter than what a usual load is known from, and
    /// nothing is done where an answer hangs on what is not known.
    private static let noisyByShareAlone: String = {
        var text = DefaultPolicy.text.replacing("noisy-burst, ", with: "")
        // Told within minutes of the same, and keeps it quiet.
        if let from = text.firstRange(of: "  noisy-burst:\n"), let to = text.firstRange(of: "  noisy-neighbor:\n") {
            text.removeSubrange(from.lowerBound..<to.lowerBound)
        }
        if let from = text.firstRange(of: "\n      and ((outgrew("),
            let to = text[from.upperBound...].firstRange(of: "avg(active_runs.share[2h])))))\n")
        {
            text.replaceSubrange(from.lowerBound..<to.upperBound, with: "\n")
        }
        if let from = text.firstRange(of: "      # Noisy is not yet harmful"),
            let to = text[from.upperBound...].firstRange(of: "    suppresses: ")
        {
            text.replaceSubrange(from.lowerBound..<to.lowerBound, with: throttle)
        }
        return text
    }()

    @Test("what is only imagined is not judged by evidence that never felt it: enforce acts when observe would have")
    func imaginedLeases() throws {
        let past = try Story.of("noisy-neighbor").past()
        let minutes = try Replay.minutes(past)
        func leases(_ mode: Mode) throws -> [String] {
            // Ten active runs are half of what the machine carries: the noisy app is to be throttled.
            let text = HistoryReplayTests.noisyByShareAlone.replacing("mode: observe", with: "mode: enforce")
                .replacing("max_active_runs: 200", with: "max_active_runs: 20")
            let policies = try PolicyLoader.load(
                files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))]
            ).get()
            var settings = past.settings
            settings.mode = mode
            var story = ReplayStory()
            var replay = HistoryReplay(settings: settings, policies: policies)
            for minute in minutes {
                if let result = replay.take(minute, of: SimulatedPolls.runtimeName) { story.add(result) }
            }
            let fromHistory = story.leases.filter { $0.key.kind == .throttle }.map {
                "\($0.key) \($0.createdAt) \(story.duration(of: $0)) \($0.endReason ?? "-")"
            }
            // And so on a tape that is run with other policies than its own.
            var tape = TapeReplay(settings: settings, policies: policies, followsTape: false)
            for index in past.indices {
                for observation in past.observations(index) { tape.take(.exchange(observation)) }
                tape.take(.tick(at: past.now(index), runtime: SimulatedPolls.runtimeName, count: Int64(index + 1)))
            }
            let onTape = tape.story.leases.filter { $0.key.kind == .throttle }
            #expect(!onTape.isEmpty)
            #expect(onTape.allSatisfy { $0.endReason != "no_effect" }, "\(onTape)")
            return fromHistory
        }
        let (acted, wouldHave) = (try leases(.enforce), try leases(.observe))
        #expect(!acted.isEmpty)
        #expect(acted == wouldHave)
    }

    @Test("a draft that changes how severe an incident is, or what is done about it, is no draft without a difference")
    func subtleDifferences() throws {
        let past = try Story.of("noisy-neighbor").past()
        let minutes = try Replay.minutes(past)
        func story(_ changes: [(String, String)]) throws -> ReplayStory {
            let text = ([("mode: observe", "mode: enforce"), ("max_active_runs: 200", "max_active_runs: 20")] + changes)
                .reduce(HistoryReplayTests.noisyByShareAlone) { text, change in
                    #expect(text.contains(change.0), "\(change.0)")
                    return text.replacing(change.0, with: change.1)
                }
            return try HistoryReplayTests.story(text, minutes, past.settings)
        }
        let old = try story([])
        func changed(_ changes: [(String, String)]) throws -> ReplayComparison {
            let comparison = ReplayComparison(old: old, new: try story(changes))
            #expect(comparison.pairs.filter { !$0.isSame }.map { $0.new?.rule } == ["noisy-neighbor"], "\(changes)")
            return comparison
        }
        #expect(ReplayComparison(old: old, new: try story([])).pairs.allSatisfy(\.isSame))
        // It pages now.
        let severe = try changed([
            ("    severity: warning\n    summary: One app takes", "    severity: critical\n    summary: One app takes")
        ])
        let row = try #require(severe.byRule.first { $0.name == "noisy-neighbor" })
        #expect(row.old.pages == 0 && row.new.pages == 1)
        // People are asked now where it acted.
        let throttle = "- throttle: {concurrent_workflows: 2, ttl: 15m, only_if: runtime.active_runs > 0.5 * $max_active_runs}"
        let asking = try changed([
            (
                "      # Noisy is not yet harmful: on an idle machine the best customer is not throttled.\n      " + throttle,
                "    require_approval:\n      " + throttle
            )
        ])
        #expect(ReplayComparison.total(asking.old).offers == 0 && ReplayComparison.total(asking.new).offers == 1)
        #expect(asking.byApp.first { $0.name == "app-shop" }?.new.offers == 1)
        #expect(asking.byRule.first { $0.name == "noisy-neighbor" }?.new.offers == 1)
        #expect(ReplayComparison.total(asking.old).actions > 0 && ReplayComparison.total(asking.new).actions == 0)
        // Another strictness, at the same moments.
        let softer = try changed([("concurrent_workflows: 2, ttl: 15m", "concurrent_workflows: 3, ttl: 15m")])
        #expect(softer.pairs.filter { !$0.isSame }.allSatisfy { !$0.hasSameActions })
    }

    /// What a default policy makes of a past.
    private static func story(_ policy: String, _ minutes: [[RecordedHistory.Row]], _ settings: MonitorSettings) throws -> ReplayStory {
        let policies = try PolicyLoader.load(
            files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(policy.utf8))]
        ).get()
        var replay = HistoryReplay(settings: settings, policies: policies)
        var story = ReplayStory()
        for minute in minutes {
            if let result = replay.take(minute, of: SimulatedPolls.runtimeName) { story.add(result) }
        }
        return story
    }

    @Test("two policies on one past: what differs is told apart, what does not is not")
    func comparison() throws {
        let past = try Story.of("noisy-neighbor").past()
        let minutes = try Replay.minutes(past)
        func story(_ share: String) throws -> ReplayStory {
            let text = DefaultPolicy.text.replacing("noisy_share: 40%", with: "noisy_share: \(share)")
                .replacing("mode: observe", with: "mode: enforce")
            return try HistoryReplayTests.story(text, minutes, past.settings)
        }
        let (strict, lax) = (try story("40%"), try story("99%"))
        let comparison = ReplayComparison(old: strict, new: lax)
        let changed = comparison.pairs.filter { !$0.isSame }
        #expect(changed.map { $0.old?.rule } == ["noisy-neighbor"])
        #expect(changed.map { $0.new?.rule } == [nil])
        #expect(comparison.byRule.first { $0.name == "noisy-neighbor" }?.new.incidents == 0)
        let app = try #require(comparison.byApp.first { $0.name == "app-shop" })
        #expect(app.old.incidents == 1 && app.new.incidents == 0)
        #expect(ReplayComparison(old: strict, new: try story("40%")).pairs.allSatisfy(\.isSame))
        #expect(strict.only(AppID("app-shop")).incidents.map(\.rule) == ["noisy-neighbor"])
    }
}
