import Collector
import Journal
import Model
import Policy
import Signals
import Telling

/// What a tape has of a cycle, in the order in which it is judged.
public enum TapeStep: Sendable {
    /// Before they are taken in: a body is read by one owner.
    case polled([Observation])
    case event(TapeEvent, at: Timestamp)
    case judged(runtime: String, at: Timestamp)
}

/// Runs a tape through policies, line by line. What people did in that time (commands, the kill switch, other policies) is
/// done again where the tape has it.
public struct TapeReplay: Sendable {
    public private(set) var pipeline: Pipeline
    /// Whether policies and settings that the tape holds are put in force; else those given hold throughout.
    public let followsTape: Bool
    /// Whether zone and labels are those of the tape where its other settings are passed over.
    private let takesPlace: Bool
    public private(set) var story = ReplayStory()
    public private(set) var exchanges = 0
    /// Ticks by runtime, the newest result of each.
    public private(set) var newest: [String: TickResult] = [:]
    /// When the first exchange was complete, and the newest line of any kind; nil before the first.
    public private(set) var first: Timestamp?
    public private(set) var last: Timestamp?
    /// Settings on the tape that were passed over, or could not be used.
    public private(set) var passedOver = 0
    public private(set) var warnings: [String] = []
    /// Whether something had been decided before the tape begins that was left out.
    public private(set) var beginsWithoutDecisions = false
    private var isStopped = false
    /// By runtime, in the order of the tape.
    private var ticks: [String: [Timestamp]] = [:]
    private var stretches = UnreadableStretches()

    /// Where an endpoint was asked and could not be read for two minutes or longer.
    public var unreadable: [UnreadableStretches.Stretch] { stretches.all(ofAtLeast: .minutes(2)) }

    /// Where the tape has nothing of a runtime for much longer than its ticks are usually apart: nobody looked.
    public var holes: [(runtime: String, from: Timestamp, to: Timestamp)] {
        ticks.inByteOrder(of: \.key).flatMap { runtime, ticks in
            let spacings = zip(ticks, ticks.dropFirst()).map { $1 - $0 }.sorted()
            let usual = spacings.isEmpty ? .zero : spacings[spacings.count / 2]
            let least = max(.minutes(2), TimeSpan(milliseconds: 3 * max(usual, pipeline.settings.interval).milliseconds))
            return zip(ticks, ticks.dropFirst()).filter { $1 - $0 > least }.map { (runtime, $0, $1) }
        }
    }

    /// - Parameters:
    ///   - settings: whose runtimes are those of the tape.
    ///   - takesPlace: false where the settings say whose clocks and labels hold.
    ///   - state: what the tape has of what went before it. What had been decided is taken up only where its policies are
    ///     followed too; the evidence in any case.
    public init(settings: MonitorSettings, policies: PolicySet, followsTape: Bool, takesPlace: Bool = true, state: JSON? = nil) {
        pipeline = Pipeline(settings: settings, policies: policies)
        // What other policies would have done did not happen on the tape, so it cannot show what came of it.
        pipeline.verifiesLeases = followsTape
        self.followsTape = followsTape
        self.takesPlace = takesPlace
        if let state {
            warnings = pipeline.takeUp(tape: state, decisions: followsTape)
            beginsWithoutDecisions = !followsTape
            if followsTape { story.add(incidents: pipeline.openIncidents, leases: []) }
        }
    }

    /// Takes in the next line. What a tick decided; nil for other lines.
    @discardableResult
    public mutating func take(_ line: TapeLine) -> TickResult? {
        switch line {
        case .exchange(let observation):
            note(observation.at)
            exchanges += 1
            pipeline.take(observation)
            return nil
        case .tick(let at, let runtime, _):
            note(at)
            pipeline.landLeases(now: at)
            guard let result = pipeline.tick(runtime, now: at, killFile: isStopped) else { return nil }
            let (telling, settings) = (pipeline.telling, pipeline.settings)
            story.add(result) { telling.holder(of: $0, environment: settings.environment, settings.telling, at) != nil }
            ticks[runtime, default: []].append(at)
            for replica in pipeline.signals[runtime]?.summary.replicas ?? [] {
                let asked = Endpoint.essential.filter { replica.elapsedMilliseconds[$0] != nil }
                stretches.note(runtime, at: at, asked.map { ($0, replica.missing[$0]) })
            }
            newest[runtime] = result
            return result
        case .event(let at, let event):
            note(at)
            take(event, at: at)
            return nil
        }
    }

    private mutating func note(_ at: Timestamp) {
        first = first ?? at
        last = max(last ?? at, at)
    }

    private mutating func take(_ event: TapeEvent, at: Timestamp) {
        switch event {
        case .command(let kind, let actor, let arguments):
            let outcome = pipeline.obey(
                CommandRow(id: 0, at: at, actor: actor, kind: kind, arguments: arguments), now: at)
            story.add(incidents: outcome.incidents, leases: outcome.leases)
        case .killSwitch(let isOn): isStopped = isOn
        case .settings(let document):
            guard followsTape else {
                passedOver += 1
                // Where it was recorded is no decision.
                if takesPlace { pipeline.stand(in: TapeSettings.Place(document)) }
                return
            }
            do {
                let (settings, policies) = try TapeSettings.read(document, onto: pipeline.settings)
                pipeline.reload(settings: settings, policies: policies ?? pipeline.policies)
                for (runtime, rows) in try TapeSettings.minutes(document) {
                    pipeline.restoreMinutes(rows, of: runtime)
                }
            } catch {
                warnings.append("the settings on the tape at \(at) cannot be used, and were left out: \(error)")
            }
        }
    }
}
